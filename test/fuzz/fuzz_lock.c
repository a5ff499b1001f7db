/* SPDX-License-Identifier: Apache-2.0 */
/* A lock from Git: what is read is written back as the same, and nothing in it leads out of a folder. */
#include <string.h>

#include "fuzz.h"
#include "plugin/lock.h"

static void check_version(const LockedVersion *version) {
    g_assert_null(strchr(version->version, '/'));
    g_assert_cmpuint(strlen(version->sha256), ==, 64);
    if (version->repository != NULL)
        g_assert_true(version->path[0] != '/' && !g_str_has_prefix(version->path, "../") &&
                      strstr(version->path, "/../") == NULL);
}

static void check_plugins(const Lock *lock) {
    for (guint i = 0; i < lock->plugins->len; i++) {
        const LockedPlugin *plugin = lock->plugins->pdata[i];
        g_assert_nonnull(locked_plugin_current(plugin));
        g_assert_null(strchr(plugin->name, '/'));
        for (guint j = 0; j < plugin->versions->len; j++)
            check_version(plugin->versions->pdata[j]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Lock) lock = lock_parse((const char *)data, size, "input", &error);
    g_assert_true((lock == NULL) == (error != NULL));
    if (lock == NULL)
        return 0;
    check_plugins(lock);
    g_autoptr(json_t) written = lock_to_json(lock);
    g_autofree char *text = json_pretty(written);
    g_autoptr(Lock) again = lock_parse(text, strlen(text), "again", &error);
    g_assert_no_error(error);
    g_autofree char *digest = lock_digest(lock);
    g_autofree char *digest_again = lock_digest(again);
    g_assert_cmpstr(digest, ==, digest_again);
    return 0;
}
