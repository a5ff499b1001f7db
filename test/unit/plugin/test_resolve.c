/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "base/hash.h"
#include "fixture.h"

typedef struct {
    char *repository;
    GPtrArray *specs;
    Lock *lock;
} Setup;

static void set_up(Setup *setup, gconstpointer unused) {
    setup->repository = fixture_folder("repository");
    setup->specs = fixture_specs(setup->repository);
    setup->lock = lock_new("dev");
    fixture_deploy(setup->repository, "1.4.2", "a");
    fixture_deploy(setup->repository, "1.5.0", "b");
}

static void tear_down(Setup *setup, gconstpointer unused) {
    g_free(setup->repository);
    g_ptr_array_unref(setup->specs);
    lock_free(setup->lock);
}

static guint resolve(Setup *setup, const char *version, bool upgrade) {
    g_autoptr(GPtrArray) requests = fixture_requests(version);
    return fixture_resolve(setup->lock, requests, setup->specs, upgrade);
}

static const LockedVersion *current(const Setup *setup) {
    return locked_plugin_current(lock_find_plugin(setup->lock, "orders"));
}

static void assert_error(Setup *setup, GPtrArray *requests, PluginError code, const char *message) {
    const LockRequest request = {.requests = requests, .repositories = setup->specs};
    g_autofree char *before = lock_digest(setup->lock);
    g_autoptr(GError) error = NULL;
    g_assert_null(lock_resolve(setup->lock, &request, &error));
    g_assert_error(error, PLUGIN_ERROR, (int)code);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, message));
    g_autofree char *after = lock_digest(setup->lock);
    g_assert_cmpstr(before, ==, after);
}

static void test_hint(Setup *setup, gconstpointer unused) {
    g_autoptr(GPtrArray) unknown = fixture_requests("1.7.0");
    const LockRequest request = {.requests = unknown, .repositories = setup->specs};
    g_autoptr(GError) error = NULL;
    g_assert_null(lock_resolve(setup->lock, &request, &error));
    g_assert_cmpstr(error_hint(error), ==, "it has 1.5.0, 1.4.2");
}

static void test_new(Setup *setup, gconstpointer unused) {
    g_assert_cmpuint(resolve(setup, "latest", false), ==, 1);
    const LockedVersion *version = current(setup);
    g_assert_cmpstr(version->version, ==, "1.5.0");
    g_assert_cmpstr(version->repository, ==, "acme");
    g_assert_cmpstr(version->path, ==, "com/acme/orders/1.5.0/orders-1.5.0.jar");
    g_autofree char *file = g_build_filename(setup->repository, version->path, NULL);
    g_autofree char *sha256 = hash_file(HASH_SHA256, file, NULL);
    g_assert_cmpstr(version->sha256, ==, sha256);
    g_assert_cmpstr(g_hash_table_lookup(setup->lock->repositories, "acme"), ==, setup->repository);
    g_assert_cmpstr(lock_find_plugin(setup->lock, "orders")->connect->pdata[0], ==, "main");
}

static void test_stays(Setup *setup, gconstpointer unused) {
    resolve(setup, "latest", false);
    fixture_deploy(setup->repository, "1.6.0", "c");
    g_assert_cmpuint(resolve(setup, "latest", false), ==, 0);
    g_assert_cmpstr(current(setup)->version, ==, "1.5.0");
    g_assert_cmpuint(resolve(setup, "latest", true), ==, 1);
    g_assert_cmpstr(current(setup)->version, ==, "1.6.0");
    g_assert_cmpuint(lock_find_plugin(setup->lock, "orders")->versions->len, ==, 2);
}

static void test_changed_request(Setup *setup, gconstpointer unused) {
    resolve(setup, "latest", false);
    g_assert_cmpuint(resolve(setup, "[1.4,1.5)", false), ==, 1);
    g_assert_cmpstr(current(setup)->version, ==, "1.4.2");
    g_assert_cmpuint(resolve(setup, "1.4.2", false), ==, 0);
    g_assert_cmpstr(lock_find_plugin(setup->lock, "orders")->requested, ==, "1.4.2");
}

static void test_kept_needs_no_repository(Setup *setup, gconstpointer unused) {
    resolve(setup, "1.4.2", false);
    resolve(setup, "1.5.0", false);
    g_assert_true(files_remove_tree(setup->repository, NULL));
    g_assert_cmpuint(resolve(setup, "1.4.2", false), ==, 1);
    g_assert_cmpstr(current(setup)->version, ==, "1.4.2");
}

static void test_removed(Setup *setup, gconstpointer unused) {
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    resolve(setup, "latest", false);
    g_assert_cmpuint(fixture_resolve(setup->lock, none, setup->specs, false), ==, 1);
    g_assert_cmpuint(setup->lock->plugins->len, ==, 0);
    g_assert_cmpuint(g_hash_table_size(setup->lock->repositories), ==, 0);
}

static void test_promoted(Setup *setup, gconstpointer unused) {
    g_assert_cmpuint(resolve(setup, "promoted", true), ==, 0);
    g_assert_null(lock_find_plugin(setup->lock, "orders"));
    resolve(setup, "1.4.2", false);
    g_assert_cmpuint(resolve(setup, "promoted", true), ==, 0);
    g_assert_cmpstr(current(setup)->version, ==, "1.4.2");
}

static void test_held(Setup *setup, gconstpointer unused) {
    g_autoptr(GPtrArray) exact = fixture_requests("1.5.0");
    lock_add_hold(setup->lock, "orders", "1.5.0", "its task failed", NULL);
    resolve(setup, "latest", false);
    g_assert_cmpstr(current(setup)->version, ==, "1.4.2");
    assert_error(setup, exact, PLUGIN_ERROR_HELD, "its task failed");
    static const char *const unhold[] = {"orders", NULL};
    const LockRequest request = {.requests = exact, .repositories = setup->specs, .unhold = unhold};
    g_autoptr(GPtrArray) changes = lock_resolve(setup->lock, &request, NULL);
    g_assert_cmpuint(changes->len, ==, 1);
    g_assert_cmpuint(setup->lock->holds->len, ==, 0);
}

static void test_snapshot(Setup *setup, gconstpointer unused) {
    g_autofree char *build = g_build_filename(
        setup->repository, "com/acme/orders/2.0-SNAPSHOT/orders-2.0-20260131.120000-3.jar", NULL);
    fixture_jar(build, "com.acme.Orders", "snapshot");
    fixture_write(setup->repository, "com/acme/orders/2.0-SNAPSHOT/maven-metadata.xml",
                  "<metadata><versioning><snapshot><timestamp>20260131.120000</timestamp>"
                  "<buildNumber>3</buildNumber></snapshot></versioning></metadata>");
    resolve(setup, "2.0-SNAPSHOT", false);
    g_assert_cmpstr(current(setup)->version, ==, "2.0-SNAPSHOT");
    g_assert_cmpstr(current(setup)->resolved, ==, "2.0-20260131.120000-3");
    resolve(setup, "2.0-20260131.120000-3", false);
    g_assert_cmpstr(current(setup)->version, ==, "2.0-SNAPSHOT");
}

static void test_checksum(Setup *setup, gconstpointer unused) {
    g_autoptr(GPtrArray) requests = fixture_requests("latest");
    g_autofree char *wrong = hash_bytes(HASH_SHA1, "x", 1);
    fixture_write(setup->repository, "com/acme/orders/1.5.0/orders-1.5.0.jar.sha1", wrong);
    assert_error(setup, requests, PLUGIN_ERROR_INTEGRITY, "sha1");
}

static void test_no_plugin(Setup *setup, gconstpointer unused) {
    g_autoptr(GPtrArray) requests = fixture_requests("1.5.0");
    fixture_write(setup->repository, "com/acme/orders/1.5.0/orders-1.5.0.jar", "<html>log in</html>");
    assert_error(setup, requests, PLUGIN_ERROR_FORMAT, "no plugin");
    g_autoptr(GPtrArray) unknown = fixture_requests("1.7.0");
    assert_error(setup, unknown, PLUGIN_ERROR_NOT_FOUND, "plugin 'orders'");
    g_autoptr(GPtrArray) range = fixture_requests("[3,)");
    assert_error(setup, range, PLUGIN_ERROR_NOT_FOUND, "no version matches");
}

static GPtrArray *file_request(const char *path) {
    GPtrArray *requests = fixture_requests(NULL);
    PluginRequest *request = requests->pdata[0];
    g_clear_pointer(&request->maven, g_free);
    request->file = g_strdup(path);
    return requests;
}

static void test_file(Setup *setup, gconstpointer unused) {
    g_autofree char *root = fixture_folder("root");
    g_autofree char *path = g_build_filename(root, "plugins", "mask-2.1.jar", NULL);
    fixture_jar(path, "com.acme.Mask", "x");
    g_autoptr(GPtrArray) requests = file_request(path);
    const LockRequest request = {.requests = requests, .root = root};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) changes = lock_resolve(setup->lock, &request, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(current(setup)->version, ==, "2.1");
    g_assert_cmpstr(current(setup)->path, ==, "plugins/mask-2.1.jar");
    g_assert_cmpstr(lock_find_plugin(setup->lock, "orders")->file, ==, "plugins/mask-2.1.jar");
    g_autoptr(GPtrArray) again = lock_resolve(setup->lock, &request, &error);
    g_assert_cmpuint(again->len, ==, 0);
}

static void test_file_without_version(Setup *setup, gconstpointer unused) {
    g_autofree char *root = fixture_folder("root");
    g_autofree char *path = g_build_filename(root, "mask.jar", NULL);
    fixture_jar(path, "com.acme.Mask", "x");
    g_autofree char *sha256 = hash_file(HASH_SHA256, path, NULL);
    g_autoptr(GPtrArray) requests = file_request(path);
    g_assert_cmpuint(fixture_resolve(setup->lock, requests, NULL, false), ==, 1);
    g_assert_cmpuint(strlen(current(setup)->version), ==, 12);
    g_assert_true(g_str_has_prefix(sha256, current(setup)->version));
    g_assert_cmpstr(current(setup)->path, ==, path);
}

static void test_demanded(Setup *setup, gconstpointer unused) {
    g_autofree char *sha256 = hash_bytes(HASH_SHA256, "x", 1);
    g_autofree char *sha512 = hash_bytes(HASH_SHA512, "x", 1);
    g_autoptr(GPtrArray) requests = fixture_requests("1.5.0");
    PluginRequest *request = requests->pdata[0];
    request->sha256 = g_steal_pointer(&sha256);
    assert_error(setup, requests, PLUGIN_ERROR_INTEGRITY, "SHA-256");
    g_clear_pointer(&request->sha256, g_free);
    request->sha512 = g_steal_pointer(&sha512);
    assert_error(setup, requests, PLUGIN_ERROR_INTEGRITY, "SHA-512");
}

static void test_demanded_later(Setup *setup, gconstpointer unused) {
    resolve(setup, "latest", false);
    fixture_deploy(setup->repository, "1.6.0", "c");
    g_autofree char *file = g_build_filename(setup->repository, current(setup)->path, NULL);
    g_autoptr(GPtrArray) requests = fixture_requests("latest");
    PluginRequest *request = requests->pdata[0];
    request->sha512 = hash_file(HASH_SHA512, file, NULL);
    g_assert_cmpuint(fixture_resolve(setup->lock, requests, setup->specs, false), ==, 0);
    g_assert_cmpstr(current(setup)->version, ==, "1.5.0");
    g_free(request->sha512);
    request->sha512 = hash_bytes(HASH_SHA512, "x", 1);
    assert_error(setup, requests, PLUGIN_ERROR_INTEGRITY, "SHA-512");
}

static void test_unknown_names(Setup *setup, gconstpointer unused) {
    static const char *const upgrade[] = {"order", NULL};
    g_autoptr(GPtrArray) requests = fixture_requests("latest");
    const LockRequest request = {.requests = requests, .repositories = setup->specs, .upgrade = upgrade};
    g_autoptr(GError) error = NULL;
    g_assert_null(lock_resolve(setup->lock, &request, &error));
    g_assert_cmpstr(error_hint(error), ==, "did you mean 'orders'?");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    fixture_start();
    static const struct {
        const char *title;
        void (*test)(Setup *setup, gconstpointer unused);
    } tests[] = {
        {"/plugin/resolve/the latest is locked with its bytes", test_new},
        {"/plugin/resolve/what is asked for unchanged stays until an upgrade", test_stays},
        {"/plugin/resolve/what is asked for anew is resolved", test_changed_request},
        {"/plugin/resolve/going back to a kept version needs no repository", test_kept_needs_no_repository},
        {"/plugin/resolve/what nobody asks for goes", test_removed},
        {"/plugin/resolve/promoted is never resolved", test_promoted},
        {"/plugin/resolve/a held version is passed over, or refused", test_held},
        {"/plugin/resolve/a SNAPSHOT is pinned by its build", test_snapshot},
        {"/plugin/resolve/bytes that miss the repository's checksum are refused", test_checksum},
        {"/plugin/resolve/a failure names the plugin and leaves the lock", test_no_plugin},
        {"/plugin/resolve/a version that is not there: the hint says which are", test_hint},
        {"/plugin/resolve/a file is locked relative to the root", test_file},
        {"/plugin/resolve/a file without a version has its hash", test_file_without_version},
        {"/plugin/resolve/declared hashes are demanded", test_demanded},
        {"/plugin/resolve/a SHA-512 that is declared later is checked", test_demanded_later},
        {"/plugin/resolve/a misspelt name is told", test_unknown_names},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].title, Setup, NULL, set_up, tests[i].test, tear_down);
    int status = g_test_run();
    fixture_end();
    return status;
}
