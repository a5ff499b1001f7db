/* SPDX-License-Identifier: Apache-2.0 */
#include "server/auth.h"

#include <string.h>

#include "base/files.h"
#include "base/hash.h"
#include "server/error.h"

#define KEY_FILE "session.key"
enum { FAILURES_MOST = 10, FAILURES_WINDOW_S = 60, ADDRESSES_MOST = 4096 };

typedef struct {
    gint64 since;
    guint count;
} Failures;

struct Auth {
    const GPtrArray *people;
    guint8 key[HASH_KEY_SIZE];
    GMutex lock;          /* of failures */
    GHashTable *failures; /* address → Failures */
};

/* --- The key -------------------------------------------------------------------------------------------- */

static bool make_key(Auth *auth, const char *path, GError **error) {
    return hash_random(auth->key, sizeof auth->key, error) &&
           files_write(path, (const char *)auth->key, sizeof auth->key, 0600, error);
}

static bool read_key(Auth *auth, const char *path, GError **error) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes = files_read(path, sizeof auth->key, &problem);
    if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return make_key(auth, path, error);
    if (bytes != NULL && g_bytes_get_size(bytes) == sizeof auth->key) {
        memcpy(auth->key, g_bytes_get_data(bytes, NULL), sizeof auth->key);
        return true;
    }
    error_set(error, SERVER_ERROR, SERVER_ERROR_FAILED,
              "remove it: a new one is made, and everyone signs in again",
              "'%s' is no key of %d bytes that can be read", path, HASH_KEY_SIZE);
    return false;
}

Auth *auth_new(const GPtrArray *people, const char *data, GError **error) {
    g_autoptr(Auth) auth = g_new0(Auth, 1);
    g_mutex_init(&auth->lock);
    auth->people = people;
    auth->failures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *path = g_build_filename(data, KEY_FILE, NULL);
    return read_key(auth, path, error) ? g_steal_pointer(&auth) : NULL;
}

void auth_free(Auth *auth) {
    if (auth == NULL)
        return;
    explicit_bzero(auth->key, sizeof auth->key);
    g_mutex_clear(&auth->lock);
    g_hash_table_unref(auth->failures);
    g_free(auth);
}

/* --- Tokens and cookies --------------------------------------------------------------------------------- */

const Person *auth_by_token(const Auth *auth, const char *token) {
    g_autofree char *hash = hash_bytes(HASH_SHA256, token, strlen(token));
    const Person *found = NULL;
    for (guint i = 0; i < auth->people->len; i++) {
        const Person *person = auth->people->pdata[i];
        if (hash_equal(person->token_sha256, hash))
            found = person;
    }
    return found;
}

static char *seal(const Auth *auth, const Person *person, const char *expiry) {
    g_autofree char *sealed = g_strjoin("\n", "session", person->name, expiry, person->token_sha256, NULL);
    return hash_mac(auth->key, sealed, strlen(sealed));
}

char *auth_cookie(const Auth *auth, const Person *person, gint64 now) {
    g_autofree char *expiry = g_strdup_printf("%" G_GINT64_FORMAT, now + AUTH_SESSION_S);
    g_autofree char *mac = seal(auth, person, expiry);
    g_autofree char *name = g_uri_escape_string(person->name, NULL, false);
    return g_strdup_printf("%s|%s|%s", name, expiry, mac);
}

static const Person *find(const Auth *auth, const char *name) {
    for (guint i = 0; name != NULL && i < auth->people->len; i++)
        if (g_str_equal(((const Person *)auth->people->pdata[i])->name, name))
            return auth->people->pdata[i];
    return NULL;
}

const Person *auth_by_cookie(const Auth *auth, const char *cookie, gint64 now) {
    g_auto(GStrv) parts = g_strsplit(cookie, "|", 4);
    if (g_strv_length(parts) != 3)
        return NULL;
    g_autofree char *name = g_uri_unescape_string(parts[0], NULL);
    const Person *person = find(auth, name);
    if (person == NULL)
        return NULL;
    g_autofree char *mac = seal(auth, person, parts[1]);
    gint64 expiry = 0;
    bool good = hash_equal(mac, parts[2]) &&
                g_ascii_string_to_signed(parts[1], 10, 0, G_MAXINT64, &expiry, NULL) && now < expiry;
    return good ? person : NULL;
}

/* --- Attempts ------------------------------------------------------------------------------------------- */

static gboolean is_over(gpointer address, gpointer failures, gpointer now) {
    return *(gint64 *)now - ((Failures *)failures)->since >= FAILURES_WINDOW_S;
}

bool auth_may_try(Auth *auth, const char *address, gint64 now) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&auth->lock);
    g_hash_table_foreach_remove(auth->failures, is_over, &now);
    const Failures *failures = g_hash_table_lookup(auth->failures, address);
    /* A full table is an attack from everywhere: nobody signs in until the minute is over. */
    return failures != NULL ? failures->count < FAILURES_MOST
                            : g_hash_table_size(auth->failures) < ADDRESSES_MOST;
}

void auth_failed(Auth *auth, const char *address, gint64 now) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&auth->lock);
    Failures *failures = g_hash_table_lookup(auth->failures, address);
    if (failures == NULL) {
        failures = g_new0(Failures, 1);
        failures->since = now;
        g_hash_table_insert(auth->failures, g_strdup(address), failures);
    }
    failures->count++;
}
