/* SPDX-License-Identifier: Apache-2.0 */
#include "store/batch.h"

#include <string.h>

#include "base/ulid.h"

#define OFFSETS_KEPT 20

struct StateBatch {
    GMutex lock;
    GHashTable *changes; /* key → json_t, NULL: delete */
};

static void value_free(gpointer value) {
    json_decref(value);
}

static GHashTable *changes_new(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, value_free);
}

StateBatch *state_batch_new(void) {
    StateBatch *batch = g_new0(StateBatch, 1);
    g_mutex_init(&batch->lock);
    batch->changes = changes_new();
    return batch;
}

void state_batch_free(StateBatch *batch) {
    if (batch == NULL)
        return;
    g_hash_table_unref(batch->changes);
    g_mutex_clear(&batch->lock);
    g_free(batch);
}

/* Takes the key and the value. */
static void put(StateBatch *batch, char *key, json_t *value) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&batch->lock);
    g_hash_table_replace(batch->changes, key, value);
}

void state_put_resource(StateBatch *batch, const ResourceRecord *resource) {
    put(batch, g_strconcat(RECORD_RESOURCE, resource->uid, NULL), resource_record_to_json(resource));
}

void state_delete_resource(StateBatch *batch, const char *uid) {
    put(batch, g_strconcat(RECORD_RESOURCE, uid, NULL), NULL);
}

void state_put_intent(StateBatch *batch, const IntentRecord *intent) {
    put(batch, g_strconcat(RECORD_INTENT, intent->uid, NULL), intent_record_to_json(intent));
}

void state_drop_intent(StateBatch *batch, const char *uid) {
    put(batch, g_strconcat(RECORD_INTENT, uid, NULL), NULL);
}

void state_put_offsets(StateBatch *batch, const char *uid, const char *why, const json_t *offsets) {
    g_autofree char *id = ulid_new();
    put(batch, g_strconcat(RECORD_OFFSETS, uid, "/", id, NULL), offsets_record_to_json(why, offsets));
}

void batch_put_history(StateBatch *batch, const HistoryRecord *history) {
    put(batch, g_strconcat(RECORD_HISTORY, history->id, NULL), history_record_to_json(history));
}

void batch_put_plan(StateBatch *batch, const char *plan, const char *digest, const char *apply) {
    put(batch, g_strconcat(RECORD_PLAN, plan, NULL), plan_record_to_json(digest, apply));
}

void batch_delete(StateBatch *batch, const char *key) {
    put(batch, g_strdup(key), NULL);
}

GHashTable *batch_changes(StateBatch *batch) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&batch->lock);
    GHashTable *copy = changes_new();
    GHashTableIter iterator;
    gpointer key, value;
    g_hash_table_iter_init(&iterator, batch->changes);
    while (g_hash_table_iter_next(&iterator, &key, &value))
        g_hash_table_insert(copy, g_strdup(key), json_deep_copy(value));
    return copy;
}

void batch_clear(StateBatch *batch) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&batch->lock);
    g_hash_table_remove_all(batch->changes);
}

/* The uids whose offsets are among the changes → how many of them are new. */
static GHashTable *count_offsets(GHashTable *changes) {
    GHashTable *counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTableIter iterator;
    gpointer key, value;
    g_hash_table_iter_init(&iterator, changes);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        if (value == NULL || !records_key_is(key, RECORD_OFFSETS))
            continue;
        const char *rest = (const char *)key + strlen(RECORD_OFFSETS);
        char *uid = g_strndup(rest, strcspn(rest, "/"));
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, uid));
        g_hash_table_replace(counts, uid, GUINT_TO_POINTER(count + 1));
    }
    return counts;
}

void batch_prune_offsets(GHashTable *changes, const View *view) {
    g_autoptr(GHashTable) counts = count_offsets(changes);
    GHashTableIter iterator;
    gpointer uid, count;
    g_hash_table_iter_init(&iterator, counts);
    while (g_hash_table_iter_next(&iterator, &uid, &count)) {
        const GPtrArray *old = g_hash_table_lookup(view->offsets, uid);
        guint there = old != NULL ? old->len : 0;
        guint sum = there + GPOINTER_TO_UINT(count);
        for (guint i = 0; i < there && sum - i > OFFSETS_KEPT; i++) {
            const ViewOffsets *oldest = old->pdata[i];
            g_hash_table_replace(changes, g_strconcat(RECORD_OFFSETS, uid, "/", oldest->id, NULL), NULL);
        }
    }
}

/* `address` may stand there already of a resource that the changes move or delete. */
static bool check_address(GHashTable *changes, const View *view, GHashTable *taken, const char *key,
                          const char *address, GError **error) {
    const ResourceRecord *there = g_hash_table_lookup(view->by_address, address);
    g_autofree char *other = there != NULL ? g_strconcat(RECORD_RESOURCE, there->uid, NULL) : NULL;
    if ((other == NULL || g_hash_table_contains(changes, other)) &&
        g_hash_table_add(taken, (gpointer)address))
        return true;
    error_set(error, STORE_ERROR, STORE_ERROR_FAILED, NULL,
              "the state has another resource at the address '%s'", address);
    return false;
}

bool batch_check(GHashTable *changes, const View *view, GError **error) {
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iterator;
    gpointer key, value;
    g_hash_table_iter_init(&iterator, changes);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        if (value == NULL)
            continue;
        if (!records_check(key, value, error))
            return false;
        if (records_key_is(key, RECORD_RESOURCE) &&
            !check_address(changes, view, taken, key, json_get_string(value, "address"), error))
            return false;
    }
    return true;
}
