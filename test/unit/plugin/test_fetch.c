/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "fixture.h"
#include "plugin/fetch.h"

typedef struct {
    char *repository;
    char *to;
    char *cache;
    GPtrArray *specs;
    Lock *lock;
} Setup;

static void resolve(Setup *setup, Lock *lock, const char *version) {
    g_autoptr(GPtrArray) requests = fixture_requests(version);
    fixture_resolve(lock, requests, setup->specs, true);
}

static void set_up(Setup *setup, gconstpointer unused) {
    g_autofree char *parent = fixture_folder("worker");
    setup->repository = fixture_folder("repository");
    setup->cache = fixture_folder("cache");
    setup->to = g_build_filename(parent, "plugins", NULL);
    setup->specs = fixture_specs(setup->repository);
    setup->lock = lock_new("dev");
    fixture_deploy(setup->repository, "1.4.2", "a");
    fixture_deploy(setup->repository, "1.5.0", "b");
    resolve(setup, setup->lock, "1.4.2");
    resolve(setup, setup->lock, "1.5.0");
}

static void tear_down(Setup *setup, gconstpointer unused) {
    g_free(setup->repository);
    g_free(setup->to);
    g_free(setup->cache);
    g_ptr_array_unref(setup->specs);
    lock_free(setup->lock);
}

static GPtrArray *fetch_with(Setup *setup, FetchRequest request, Lock *lock, GError **error) {
    g_autoptr(GPtrArray) locks = g_ptr_array_new();
    g_ptr_array_add(locks, lock);
    request.locks = request.locks != NULL ? request.locks : locks;
    request.to = setup->to;
    request.cache = setup->cache;
    return plugin_fetch(&request, error);
}

/* "orders 1.5.0 installed, …" */
static char *fetch(Setup *setup, Lock *lock, bool prune) {
    static const char *const outcomes[] = {"kept", "installed", "removed"};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) fetched = fetch_with(setup, (FetchRequest){.prune = prune}, lock, &error);
    g_assert_no_error(error);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < fetched->len; i++) {
        const FetchedPlugin *plugin = fetched->pdata[i];
        g_string_append_printf(text, "%s%s %s", i > 0 ? ", " : "", plugin->version,
                               outcomes[plugin->outcome]);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void assert_fetch(Setup *setup, Lock *lock, bool prune, const char *expected) {
    g_autofree char *fetched = fetch(setup, lock, prune);
    g_assert_cmpstr(fetched, ==, expected);
}

static void assert_error(Setup *setup, FetchRequest request, Lock *lock, PluginError code,
                         const char *message) {
    g_autoptr(GError) error = NULL;
    g_assert_null(fetch_with(setup, request, lock, &error));
    g_assert_error(error, PLUGIN_ERROR, (int)code);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, message));
}

/* What a worker sees: names of the plugin folder, without ours that begin with a dot. */
static char *visible(const Setup *setup) {
    g_auto(GStrv) names = files_list(setup->to, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    for (char **name = names; *name != NULL; name++) {
        g_assert_false(g_str_has_prefix(*name, ".sluice-staging"));
        if (**name != '.')
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", *name);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void assert_visible(const Setup *setup, const char *expected) {
    g_autofree char *names = visible(setup);
    g_assert_cmpstr(names, ==, expected);
    g_autofree char *parent = g_path_get_dirname(setup->to);
    g_auto(GStrv) beside = files_list(parent, NULL);
    g_assert_cmpuint(g_strv_length(beside), ==, 1);
}

static void test_installs(Setup *setup, gconstpointer unused) {
    assert_fetch(setup, setup->lock, false, "1.5.0 installed, 1.4.2 installed");
    assert_visible(setup, "orders-1.4.2 orders-1.5.0");
    g_autofree char *jar = g_build_filename(setup->to, "orders-1.5.0", "orders-1.5.0.jar", NULL);
    g_autofree char *sha256 = hash_file(HASH_SHA256, jar, NULL);
    g_assert_cmpstr(sha256, ==, locked_plugin_current(lock_find_plugin(setup->lock, "orders"))->sha256);
    g_assert_true(fixture_exists(setup->to, ".sluice-receipt-dev.json"));
}

static void test_second_needs_nothing(Setup *setup, gconstpointer unused) {
    g_free(fetch(setup, setup->lock, false));
    g_assert_true(files_remove_tree(setup->repository, NULL));
    g_assert_true(files_remove_tree(setup->cache, NULL));
    assert_fetch(setup, setup->lock, true, "1.5.0 kept, 1.4.2 kept");
}

static void test_cache_is_enough(Setup *setup, gconstpointer unused) {
    g_free(fetch(setup, setup->lock, false));
    g_assert_true(files_remove_tree(setup->repository, NULL));
    g_assert_true(files_remove_tree(setup->to, NULL));
    assert_fetch(setup, setup->lock, false, "1.5.0 installed, 1.4.2 installed");
}

static void test_prunes(Setup *setup, gconstpointer unused) {
    g_free(fetch(setup, setup->lock, false));
    g_ptr_array_set_size(lock_find_plugin(setup->lock, "orders")->versions, 1);
    fixture_write(setup->to, "of-others/other.jar", "x");
    assert_fetch(setup, setup->lock, false, "1.5.0 kept");
    assert_visible(setup, "of-others orders-1.4.2 orders-1.5.0");
    assert_fetch(setup, setup->lock, true, "1.5.0 kept, 1.4.2 removed");
    assert_visible(setup, "of-others orders-1.5.0");
    assert_fetch(setup, setup->lock, true, "1.5.0 kept");
}

static void test_two_locks(Setup *setup, gconstpointer unused) {
    g_autoptr(Lock) prod = lock_new("prod");
    resolve(setup, prod, "1.4.2");
    g_free(fetch(setup, setup->lock, false));
    assert_fetch(setup, prod, true, "1.4.2 kept");
    g_ptr_array_set_size(lock_find_plugin(setup->lock, "orders")->versions, 1);
    assert_fetch(setup, setup->lock, true, "1.5.0 kept");
    assert_visible(setup, "orders-1.4.2 orders-1.5.0");
    g_ptr_array_set_size(prod->plugins, 0);
    assert_fetch(setup, prod, true, "1.4.2 removed");
    assert_visible(setup, "orders-1.5.0");
}

static void test_of_others(Setup *setup, gconstpointer unused) {
    fixture_write(setup->to, "orders-1.5.0/other.jar", "x");
    assert_error(setup, (FetchRequest){0}, setup->lock, PLUGIN_ERROR_EXISTS, "did not put it there");
    assert_visible(setup, "orders-1.5.0");
    g_assert_true(fixture_exists(setup->to, "orders-1.5.0/other.jar"));
}

/* Puts other bytes under the name of a locked version, as a SNAPSHOT does. */
static void change_bytes(Setup *setup, const char *version, const char *salt) {
    fixture_deploy(setup->repository, version, salt);
    LockedPlugin *plugin = lock_find_plugin(setup->lock, "orders");
    for (guint i = 0; i < plugin->versions->len; i++) {
        LockedVersion *locked = plugin->versions->pdata[i];
        if (!g_str_equal(locked->version, version))
            continue;
        g_autofree char *path = g_build_filename(setup->repository, locked->path, NULL);
        g_free(locked->sha256);
        locked->sha256 = hash_file(HASH_SHA256, path, NULL);
    }
}

static void test_replaces(Setup *setup, gconstpointer unused) {
    g_free(fetch(setup, setup->lock, false));
    g_autofree char *before = fixture_read(setup->to, ".sluice-receipt-dev.json");
    change_bytes(setup, "1.5.0", "c");
    assert_fetch(setup, setup->lock, false, "1.5.0 installed, 1.4.2 kept");
    assert_visible(setup, "orders-1.4.2 orders-1.5.0");
    g_autofree char *jar = g_build_filename(setup->to, "orders-1.5.0", "orders-1.5.0.jar", NULL);
    g_autofree char *sha256 = hash_file(HASH_SHA256, jar, NULL);
    g_autofree char *after = fixture_read(setup->to, ".sluice-receipt-dev.json");
    g_assert_nonnull(strstr(after, sha256));
    g_assert_null(strstr(before, sha256));
}

static void test_used_by_another(Setup *setup, gconstpointer unused) {
    g_autoptr(Lock) prod = lock_copy(setup->lock);
    g_free(prod->environment);
    prod->environment = g_strdup("prod");
    g_free(fetch(setup, prod, false));
    change_bytes(setup, "1.5.0", "c");
    assert_error(setup, (FetchRequest){0}, setup->lock, PLUGIN_ERROR_EXISTS, "for environment 'prod'");
}

static void test_all_or_nothing(Setup *setup, gconstpointer unused) {
    g_free(fetch(setup, setup->lock, false));
    g_autofree char *receipt = fixture_read(setup->to, ".sluice-receipt-dev.json");
    change_bytes(setup, "1.4.2", "c");
    change_bytes(setup, "1.5.0", "d");
    fixture_write(setup->repository, "com/acme/orders/1.5.0/orders-1.5.0.jar", "not what was promised");
    assert_error(setup, (FetchRequest){0}, setup->lock, PLUGIN_ERROR_INTEGRITY, "plugin 'orders' 1.5.0");
    assert_visible(setup, "orders-1.4.2 orders-1.5.0");
    g_autofree char *after = fixture_read(setup->to, ".sluice-receipt-dev.json");
    g_assert_cmpstr(receipt, ==, after);
}

static void test_hostile(Setup *setup, gconstpointer unused) {
    static const Entry entries[] = {{ENTRY_FILE, "a.jar", "x", 0}, {ENTRY_FILE, "../../evil", "x", 0}, {0}};
    g_autofree char *archive = g_build_filename(setup->repository, "evil.zip", NULL);
    LockedVersion *version = locked_plugin_current(lock_find_plugin(setup->lock, "orders"));
    fixture_archive(archive, entries);
    g_free(version->path);
    g_free(version->sha256);
    version->path = g_strdup("evil.zip");
    version->sha256 = hash_file(HASH_SHA256, archive, NULL);
    version->size = 1000;
    assert_error(setup, (FetchRequest){0}, setup->lock, PLUGIN_ERROR_HOSTILE, "../../evil");
    assert_visible(setup, "");
}

static void test_connect(Setup *setup, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    assert_error(setup, (FetchRequest){.connect = "mian"}, setup->lock, PLUGIN_ERROR_NOT_FOUND, "'mian'");
    g_autoptr(GPtrArray) fetched = fetch_with(setup, (FetchRequest){.connect = "main"}, setup->lock, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(fetched->len, ==, 2);
    g_assert_true(fixture_exists(setup->to, ".sluice-receipt-dev.main.json"));
}

static void report(LockedVersion *version, const char *reported) {
    version->reports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert(version->reports, g_strdup("com.acme.Orders"), g_strdup(reported));
}

static void test_replace(Setup *setup, gconstpointer unused) {
    LockedPlugin *plugin = lock_find_plugin(setup->lock, "orders");
    report(plugin->versions->pdata[0], "1");
    report(plugin->versions->pdata[1], "1");
    g_autoptr(GPtrArray) one = fetch_with(setup, (FetchRequest){.replace = true}, setup->lock, NULL);
    g_assert_cmpuint(one->len, ==, 1);
    LockedVersion *kept = plugin->versions->pdata[1];
    g_hash_table_insert(kept->reports, g_strdup("com.acme.Orders"), g_strdup("0"));
    g_autoptr(GPtrArray) two = fetch_with(setup, (FetchRequest){.replace = true}, setup->lock, NULL);
    g_assert_cmpuint(two->len, ==, 2);
}

/* As if a fetch had been killed between two of its renames. */
static void test_killed(Setup *setup, gconstpointer unused) {
    g_free(fetch(setup, setup->lock, false));
    g_autofree char *text = fixture_read(setup->to, ".sluice-receipt-dev.json");
    g_autoptr(json_t) receipt = json_read(text, strlen(text), "receipt", NULL);
    json_t *current = json_object_get(receipt, "current");
    json_t *entry = json_incref(json_object_get(current, "orders-1.5.0"));
    json_object_del(current, "orders-1.5.0");
    json_object_set_new(entry, "sha256", json_null());
    json_object_set_new(json_object_get(receipt, "former"), "orders-1.5.0", entry);
    g_autofree char *changed = json_pretty(receipt);
    fixture_write(setup->to, ".sluice-receipt-dev.json", changed);
    fixture_write(setup->to, ".sluice-staging-plugins-AbCdEf/half.jar", "x");
    fixture_write(setup->to, "../.sluice-staging-plugins-AbCdEf/half.jar", "x");
    assert_fetch(setup, setup->lock, true, "1.5.0 installed, 1.4.2 kept");
    assert_visible(setup, "orders-1.4.2 orders-1.5.0");
}

static void test_bad_receipt(Setup *setup, gconstpointer unused) {
    static const char *const texts[] = {
        "",
        "{}",
        "{\"format\":\"sluice.receipt/1\",\"environment\":\"dev\",\"current\":{\"../x\":{\"plugin\":\"x\","
        "\"version\":\"1\"}},\"former\":{}}",
        "{\"format\":\"sluice.receipt/1\",\"environment\":\"prod\",\"current\":{},\"former\":{}}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        fixture_write(setup->to, ".sluice-receipt-dev.json", texts[i]);
        assert_error(setup, (FetchRequest){.prune = true}, setup->lock, PLUGIN_ERROR_FORMAT, "no receipt");
    }
}

static void test_cached(Setup *setup, gconstpointer unused) {
    const LockedVersion *version = locked_plugin_current(lock_find_plugin(setup->lock, "orders"));
    g_autoptr(GError) error = NULL;
    g_autofree char *path = plugin_cached(version, setup->lock, NULL, NULL, setup->cache, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *sha256 = hash_file(HASH_SHA256, path, NULL);
    g_assert_cmpstr(sha256, ==, version->sha256);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    fixture_start();
    static const struct {
        const char *title;
        void (*test)(Setup *setup, gconstpointer unused);
    } tests[] = {
        {"/plugin/fetch/every locked version gets a folder", test_installs},
        {"/plugin/fetch/a second one needs neither network nor cache", test_second_needs_nothing},
        {"/plugin/fetch/a full cache needs no network", test_cache_is_enough},
        {"/plugin/fetch/only what was ours is removed, and only when asked", test_prunes},
        {"/plugin/fetch/what another lock lists stays", test_two_locks},
        {"/plugin/fetch/what others put there is not touched", test_of_others},
        {"/plugin/fetch/other bytes of a version replace it", test_replaces},
        {"/plugin/fetch/but not under another lock that uses it", test_used_by_another},
        {"/plugin/fetch/a bad hash leaves all as it was", test_all_or_nothing},
        {"/plugin/fetch/so does a hostile archive", test_hostile},
        {"/plugin/fetch/one Connect cluster has a receipt of its own", test_connect},
        {"/plugin/fetch/versions that report the same are not kept beside each other", test_replace},
        {"/plugin/fetch/after a kill it converges", test_killed},
        {"/plugin/fetch/a receipt that is none is not guessed at", test_bad_receipt},
        {"/plugin/fetch/one artifact alone comes into the cache", test_cached},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].title, Setup, NULL, set_up, tests[i].test, tear_down);
    int status = g_test_run();
    fixture_end();
    return status;
}
