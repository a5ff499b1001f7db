/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <string.h>

#include "store/driver.h"

ERROR_DEFINE_DOMAIN(store)

struct Store {
    const StoreDriver *driver;
    gpointer self;
};

static const StoreDriver *const drivers[] = {&sqlite_driver};

/* The driver of a URL, and what follows its scheme; NULL with *reason. */
static const StoreDriver *find_driver(const char *url, const char **rest, const char **reason) {
    for (gsize i = 0; i < G_N_ELEMENTS(drivers); i++) {
        gsize length = strlen(drivers[i]->scheme);
        if (strncmp(url, drivers[i]->scheme, length) != 0 || url[length] != ':')
            continue;
        *rest = url + length + 1;
        *reason = drivers[i]->refusal(*rest);
        return *reason == NULL ? drivers[i] : NULL;
    }
    *reason = "no such kind of state store; there is sqlite:PATH";
    return NULL;
}

Store *store_open(const char *url, const char *base, GError **error) {
    const char *rest, *reason;
    const StoreDriver *driver = find_driver(url, &rest, &reason);
    if (driver == NULL) {
        /* A URL may hold a password: only its scheme is shown. */
        int scheme = (int)MIN(strcspn(url, ":"), 20);
        error_set(error, STORE_ERROR, STORE_ERROR_FAILED, NULL, "cannot open the state store '%.*s:…': %s",
                  scheme, url, reason);
        return NULL;
    }
    gpointer self = driver->open(rest, base, error);
    if (self == NULL)
        return NULL;
    Store *store = g_new0(Store, 1);
    store->driver = driver;
    store->self = self;
    return store;
}

bool store_url_is_valid(const char *url, const char **reason) {
    const char *rest;
    return find_driver(url, &rest, reason) != NULL;
}

void store_close(Store *store) {
    if (store == NULL)
        return;
    store->driver->close(store->self);
    g_free(store);
}

GHashTable *store_snapshot(Store *store, GError **error) {
    return store->driver->snapshot(store->self, error);
}

GPtrArray *store_scan(Store *store, const char *prefix, const char *before, guint limit, GError **error) {
    return store->driver->scan(store->self, prefix, before, limit, error);
}

bool store_commit(Store *store, const StoreChange *changes, gsize count, gint64 *serials, GError **error) {
    return store->driver->commit(store->self, changes, count, serials, error);
}

static void record_free(gpointer data) {
    StoreRecord *record = data;
    json_decref(record->value);
    g_free(record);
}

GHashTable *store_snapshot_new(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, record_free);
}

bool store_snapshot_add(GHashTable *snapshot, const char *key, gint64 serial, const char *text, gsize length,
                        GError **error) {
    g_autofree char *name = g_strdup_printf("the state's record '%s'", key);
    g_autoptr(GError) problem = NULL;
    g_autoptr(json_t) value = json_read(text, length, name, &problem);
    if (value == NULL) {
        error_set(error, STORE_ERROR, STORE_ERROR_FORMAT, NULL, "%s", problem->message);
        return false;
    }
    StoreRecord *record = g_new0(StoreRecord, 1);
    record->serial = serial;
    record->value = g_steal_pointer(&value);
    g_hash_table_insert(snapshot, g_strdup(key), record);
    return true;
}

void store_set_conflict(GError **error, const StoreChange *change, gint64 found) {
    error_set(error, STORE_ERROR, STORE_ERROR_CONFLICT, "run the command again",
              "the state's record '%s' was changed by someone else (serial %" G_GINT64_FORMAT
              ", expected %" G_GINT64_FORMAT ")",
              change->key, found, change->expected);
}
