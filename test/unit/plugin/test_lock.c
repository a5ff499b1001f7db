/* SPDX-License-Identifier: Apache-2.0 */
#include <glib/gstdio.h>
#include <string.h>

#include "base/files.h"
#include "plugin/lock.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define VERSION(v)                                                                                      \
    "{'version':'" v "','resolved':'" v "','repository':'acme','path':'com/acme/o/" v ".jar','size':1," \
    "'sha256':'" SHA "'}"
#define LOCK(repositories, plugins, modules, holds)                                                       \
    "{'format':'sluice.lock/1','environment':'dev','repositories':{" repositories "},'plugins':{" plugins \
    "},'modules':{" modules "},'holds':{" holds "}}"
#define ACME "'acme':{'url':'https://repo.acme.example/maven'}"
#define PLUGIN(versions) \
    "'o':{'connect':['main'],'maven':'com.acme:o','requested':'latest','versions':[" versions "]}"

/* JSON with ' for ". */
static Lock *parse(const char *text, GError **error) {
    g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');
    return lock_parse(json, strlen(json), "test.lock", error);
}

static const char full[] = LOCK(
    ACME,
    PLUGIN(VERSION("1.5.0") "," VERSION("1.4.2")) ",'u':{'connect':[],'url':'https://x.example/u.zip',"
                                                  "'versions':[{'version':'1','resolved':'1','path':'https://"
                                                  "x.example/u.zip','size':2,'sha256':'" SHA
                                                  "','commit':'" COMMIT "','reports':{'com.acme.X':'1.0'}}]}",
    "'orders':{'source':'../modules/orders','commit':'" COMMIT "','tree':'sha256:" SHA "'}",
    "'o':[{'not':'1.6.0','why':'its task failed','run':'r1'}]");

static void test_round_trip(void) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Lock) lock = parse(full, &error);
    g_assert_no_error(error);
    g_autofree char *folder = files_make_temporary(g_get_tmp_dir(), "sluice-test-", &error);
    g_autofree char *path = g_build_filename(folder, "environments", "dev.lock", NULL);
    g_assert_true(lock_write(lock, path, &error));
    g_autoptr(Lock) again = lock_read(path, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) before = lock_to_json(lock);
    g_autoptr(json_t) after = lock_to_json(again);
    g_assert_true(json_equal(before, after));
    g_assert_true(files_remove_tree(folder, &error));
}

static void test_lookup(void) {
    g_autoptr(Lock) lock = parse(full, NULL);
    LockedPlugin *plugin = lock_find_plugin(lock, "o");
    g_assert_cmpstr(locked_plugin_current(plugin)->version, ==, "1.5.0");
    g_assert_null(lock_find_plugin(lock, "nobody"));
    g_assert_cmpstr(lock_find_module(lock, "orders")->commit, ==, COMMIT);
    g_assert_true(lock_holds(lock, "o", "1.6.0"));
    g_assert_false(lock_holds(lock, "o", "1.5.0"));
}

static void test_missing_file(void) {
    g_autoptr(GError) error = NULL;
    g_assert_null(lock_read("/nonexistent/dev.lock", &error));
    g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND);
    g_assert_nonnull(error_hint(error));
}

static void test_copy(void) {
    g_autoptr(Lock) lock = parse(full, NULL);
    g_autoptr(Lock) copy = lock_copy(lock);
    lock_set_module(copy, "orders", "../modules/orders", NULL, "sha256:" SHA);
    lock_add_hold(copy, "o", "1.7.0", "why", NULL);
    g_assert_cmpstr(lock_find_module(lock, "orders")->commit, ==, COMMIT);
    g_assert_cmpuint(lock->holds->len, ==, 1);
    g_assert_cmpuint(copy->holds->len, ==, 2);
}

static void test_digest(void) {
    g_autoptr(Lock) lock = parse(full, NULL);
    g_autofree char *digest = lock_digest(lock);
    g_assert_true(g_str_has_prefix(digest, "sha256:"));
    LockedVersion *version = locked_plugin_current(lock_find_plugin(lock, "u"));
    g_hash_table_remove_all(version->reports);
    g_autofree char *without_reports = lock_digest(lock);
    g_assert_cmpstr(digest, ==, without_reports);
    version->sha256[0] = 'f';
    g_autofree char *other = lock_digest(lock);
    g_assert_cmpstr(digest, !=, other);
}

static LockedVersion *version_named(const Lock *lock, const char *name) {
    LockedVersion *version = locked_version_copy(locked_plugin_current(lock_find_plugin(lock, "o")));
    g_free(version->version);
    version->version = g_strdup(name);
    return version;
}

static void assert_versions(const LockedPlugin *plugin, const char *expected) {
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < plugin->versions->len; i++) {
        const LockedVersion *version = plugin->versions->pdata[i];
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", version->version);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_advance(void) {
    g_autoptr(Lock) lock = parse(full, NULL);
    LockedPlugin *plugin = lock_find_plugin(lock, "o");
    locked_plugin_advance(plugin, version_named(lock, "1.6.0"), 3);
    assert_versions(plugin, "1.6.0 1.5.0 1.4.2");
    locked_plugin_advance(plugin, version_named(lock, "1.5.0"), 3);
    assert_versions(plugin, "1.5.0 1.6.0 1.4.2");
    locked_plugin_advance(plugin, version_named(lock, "1.7.0"), 0);
    assert_versions(plugin, "1.7.0 1.5.0");
}

#define ONE_VERSION(fields) LOCK(ACME, PLUGIN("{" fields "}"), "", "")
#define FIELDS(version, repository, path, size, sha)                                                 \
    ONE_VERSION("'version':'" version "','resolved':'1','repository':'" repository "','path':'" path \
                "','size':" size ",'sha256':'" sha "'")

static void test_malformed(void) {
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "not valid JSON"},
        {"[]", "format"},
        {"{'format':'sluice.lock/1','environment':'dev','x':1}", "unknown key 'x'"},
        {"{'format':'sluice.lock/2','environment':'dev'}", "not known to this sluice"},
        {"{'format':'sluice.lock/1'}", "'environment' is missing"},
        {"{'format':'sluice.lock/1','environment':'../dev'}", "is no name"},
        {"{'format':'sluice.lock/1','environment':'dev','plugins':[]}", "'plugins' must be an object"},
        {LOCK("'acme':{'url':'https://me:secret@repo.example/'}", "", "", ""), "without a password"},
        {LOCK("'acme':{'url':'ftp://repo.example/'}", "", "", ""), "must be https"},
        {LOCK("'a/b':{'url':'https://repo.example/'}", "", "", ""), "is no name"},
        {LOCK(ACME, PLUGIN(""), "", ""), "'versions' is empty"},
        {LOCK(ACME, PLUGIN(VERSION("1") "," VERSION("1")), "", ""), "one version twice"},
        {LOCK(ACME, "'../o':{'maven':'a:b','versions':[]}", "", ""), "is no name"},
        {LOCK(ACME, "'o':{'versions':[" VERSION("1") "]}", "", ""), "needs one of"},
        {LOCK(ACME, "'o':{'maven':'a:b','url':'https://x','versions':[" VERSION("1") "]}", "", ""),
         "needs one of"},
        {LOCK(ACME, "'o':{'maven':'a','versions':[" VERSION("1") "]}", "", ""), "'maven' must be"},
        {LOCK(ACME, "'o':{'maven':'a:b','requested':'[1','versions':[" VERSION("1") "]}", "", ""),
         "'requested'"},
        {LOCK(ACME, "'o':{'connect':['a/b'],'maven':'a:b','versions':[" VERSION("1") "]}", "", ""),
         "'connect'"},
        {FIELDS("../../etc", "acme", "a.jar", "1", SHA), "must be versions"},
        {FIELDS("1", "nobody", "a.jar", "1", SHA), "'repository' is not one"},
        {FIELDS("1", "acme", "../a.jar", "1", SHA), "without '..'"},
        {FIELDS("1", "acme", "/etc/passwd", "1", SHA), "without '..'"},
        {FIELDS("1", "acme", "a//b.jar", "1", SHA), "without '..'"},
        {FIELDS("1", "acme", "a.jar", "-1", SHA), "negative"},
        {FIELDS("1", "acme", "a.jar", "'1'", SHA), "'size' must be a number"},
        {FIELDS("1", "acme", "a.jar", "1", "ABC"), "'sha256' must be"},
        {ONE_VERSION("'version':'1'"), "is missing"},
        {ONE_VERSION("'version':'1','resolved':'1','path':'../x.jar','size':1,'sha256':'" SHA "'"),
         "without '..'"},
        {ONE_VERSION("'version':'1','resolved':'1','path':'https://a:b@x/','size':1,'sha256':'" SHA "'"),
         "without a password"},
        {LOCK("", "", "'orders':{'source':'x','tree':'sha256:1'}", ""), "'tree' must be"},
        {LOCK("", "", "'orders':{'source':'x','commit':'HEAD','tree':'sha256:" SHA "'}", ""),
         "'commit' must be"},
        {LOCK("", "", "", "'o':{}"), "list for each plugin"},
        {LOCK("", "", "", "'o':[{'why':'x'}]"), "'not' is missing"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", cases[i].text);
        g_assert_null(parse(cases[i].text, &error));
        g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, cases[i].message));
    }
}

static void test_learn(void) {
    g_autoptr(Lock) knows = parse(full, NULL);
    g_autoptr(Lock) lock = parse(full, NULL);
    LockedVersion *version = locked_plugin_current(lock_find_plugin(lock, "u"));
    g_autoptr(GPtrArray) nothing = lock_learn(lock, knows);
    g_assert_cmpuint(nothing->len, ==, 0);
    g_clear_pointer(&version->reports, g_hash_table_unref);
    g_autoptr(GPtrArray) learnt = lock_learn(lock, knows);
    g_assert_cmpuint(learnt->len, ==, 1);
    g_assert_cmpstr(learnt->pdata[0], ==, "u");
    g_assert_cmpstr(g_hash_table_lookup(version->reports, "com.acme.X"), ==, "1.0");
    g_hash_table_replace(version->reports, g_strdup("com.acme.X"), g_strdup("by hand"));
    g_autoptr(GPtrArray) stays = lock_learn(lock, knows);
    g_assert_cmpuint(stays->len, ==, 0);
    g_clear_pointer(&version->reports, g_hash_table_unref);
    version->sha256[0] = 'f';
    g_autoptr(GPtrArray) others = lock_learn(lock, knows);
    g_assert_cmpuint(others->len, ==, 0);
}

static void test_conflict(void) {
    g_autoptr(GError) error = NULL;
    g_assert_null(parse("{\n<<<<<<< HEAD\n", &error));
    g_assert_nonnull(strstr(error_hint(error), "conflict"));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plugin/lock/reads what it wrote", test_round_trip);
    g_test_add_func("/plugin/lock/finds by name", test_lookup);
    g_test_add_func("/plugin/lock/a missing file is told apart", test_missing_file);
    g_test_add_func("/plugin/lock/a copy shares nothing", test_copy);
    g_test_add_func("/plugin/lock/its digest leaves reports out", test_digest);
    g_test_add_func("/plugin/lock/a new version comes first, old ones are cut", test_advance);
    g_test_add_func("/plugin/lock/what sluice would not write is refused", test_malformed);
    g_test_add_func("/plugin/lock/learns what the same bytes report", test_learn);
    g_test_add_func("/plugin/lock/a Git conflict is named", test_conflict);
    return g_test_run();
}
