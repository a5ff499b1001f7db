/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "fixture.h"

#define SOURCE "orders/connector/source"

/* The module as it is after a change. */
static const char *const CHANGED =
    "variables:\n  url: { type: string }\n  tasks: { type: integer, default: 1 }\n"
    "plugins: { orders-source: { maven: \"com.acme:orders-source\" } }\n"
    "connectors:\n  source: { class: com.acme.OrdersSource, plugins: [orders-source], "
    "config: { url: \"${var.url}\", step: two } }\n";

static const char BYTES[] = "0123456789012345678901234567890123456789012345678901234567890123";

static void write_build(const Fixture *fixture, const char *version, const char *sha256,
                        const char *reports) {
    g_autofree char *text = g_strdup_printf(
        "{\"format\":\"sluice.lock/1\",\"environment\":\"dev\",\"repositories\":{\"acme\":{\"url\":\"https://"
        "maven.acme.example\"}},"
        "\"plugins\":{\"orders-source\":{\"connect\":[\"main\"],\"maven\":\"com.acme:orders-source\","
        "\"requested\":\"latest\","
        "\"versions\":[{\"version\":\"%s\",\"resolved\":\"%s\",\"repository\":\"acme\",\"path\":\"com/acme/"
        "x.jar\",\"size\":1,"
        "\"sha256\":\"%s\",\"commit\":null,\"reports\":{%s}}]}},"
        "\"modules\":{},\"holds\":{}}\n",
        version, version, sha256, reports);
    fixture_write(fixture, "environments/dev.lock", text);
}

static void write_lock(const Fixture *fixture, const char *version) {
    write_build(fixture, version, BYTES, "");
}

static GPtrArray *promote(Fixture *fixture, const char *instance, GError **error) {
    const char *const instances[] = {instance, NULL};
    diagnostics_free(fixture->diagnostics);
    fixture->diagnostics = diagnostics_new();
    return declare_promote(fixture->root, "dev", "prod", instance != NULL ? instances : NULL, false, NULL,
                           fixture->diagnostics, error);
}

static GPtrArray *promote_all(Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    GPtrArray *changes = promote(fixture, NULL, &error);
    g_assert_no_error(error);
    return changes;
}

static void start(Fixture *fixture) {
    fixture_init(fixture);
    write_lock(fixture, "1.0.0");
}

static void an_instance_waits_for_its_first_promotion(void) {
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    g_autofree char *commit = fixture_commit(&fixture);
    g_autoptr(Environment) prod = fixture_load(&fixture, "prod");
    g_assert_cmpuint(prod->connectors->len, ==, 0);
    g_assert_cmpuint(prod->instances->len, ==, 2);
    g_assert_true(((Instance *)prod->instances->pdata[0])->waiting);
    g_assert_cmpstr(prod->commit, ==, commit);
}

static void a_promotion_pins_modules_and_versions(void) {
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    g_autofree char *commit = fixture_commit(&fixture);
    g_autoptr(GPtrArray) changes = promote_all(&fixture);
    g_assert_cmpuint(changes->len, ==, 2);
    const PromotionChange *module = changes->pdata[0], *plugin = changes->pdata[1];
    g_assert_cmpstr(module->instance, ==, "orders");
    g_assert_null(module->before);
    g_assert_cmpstr(module->after, ==, commit);
    g_assert_cmpstr(plugin->plugin, ==, "orders-source");
    g_assert_cmpstr(plugin->after, ==, "1.0.0");

    g_autoptr(Environment) prod = fixture_load(&fixture, "prod");
    g_assert_cmpuint(prod->connectors->len, ==, 1);
    g_assert_cmpstr(fixture_config(prod, SOURCE, "url"), ==, "http://prod");
    const LockedPlugin *locked = lock_find_plugin(prod->lock, "orders-source");
    g_assert_cmpstr(locked->requested, ==, "promoted");
    g_assert_cmpstr(locked->connect->pdata[0], ==, "main");
    g_assert_cmpstr(g_hash_table_lookup(prod->lock->repositories, "acme"), ==, "https://maven.acme.example");
    g_assert_cmpstr(((Instance *)prod->instances->pdata[0])->commit, ==, commit);
}

static void a_changed_module_arrives_by_promotion_only(void) {
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    g_autofree char *first = fixture_commit(&fixture);
    g_autoptr(GPtrArray) before = promote_all(&fixture);
    fixture_write(&fixture, "modules/orders/module.yaml", CHANGED);
    write_lock(&fixture, "1.1.0");
    g_autofree char *second = fixture_commit(&fixture);

    g_autoptr(Environment) dev = fixture_load(&fixture, "dev");
    g_autoptr(Environment) prod = fixture_load(&fixture, "prod");
    g_assert_cmpstr(fixture_config(dev, SOURCE, "step"), ==, "two");
    g_assert_cmpstr(fixture_config(prod, SOURCE, "step"), ==, "one");

    g_autoptr(GPtrArray) changes = promote_all(&fixture);
    g_assert_cmpstr(((PromotionChange *)changes->pdata[0])->before, ==, first);
    g_assert_cmpstr(((PromotionChange *)changes->pdata[0])->after, ==, second);
    g_assert_cmpstr(((PromotionChange *)changes->pdata[1])->before, ==, "1.0.0");
    g_autoptr(Environment) promoted = fixture_load(&fixture, "prod");
    g_assert_cmpstr(fixture_config(promoted, SOURCE, "step"), ==, "two");
    const LockedPlugin *locked = lock_find_plugin(promoted->lock, "orders-source");
    g_assert_cmpuint(locked->versions->len, ==, 2);
    g_assert_cmpstr(locked_plugin_current(locked)->version, ==, "1.1.0");
}

static void an_unchanged_module_keeps_its_commit(void) {
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    g_autofree char *first = fixture_commit(&fixture);
    g_autoptr(GPtrArray) before = promote_all(&fixture);
    fixture_write(&fixture, "README.md", "# other\n");
    g_autofree char *second = fixture_commit(&fixture);
    g_autoptr(GPtrArray) changes = promote_all(&fixture);
    g_assert_cmpuint(changes->len, ==, 0);
}

static void mistakes_of_a_pinned_module_name_its_commit(void) {
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    g_autofree char *commit = fixture_commit(&fixture);
    g_autoptr(GPtrArray) changes = promote_all(&fixture);
    fixture_write(&fixture, "environments/prod.yaml",
                  "connect: { a: { url: \"http://a\" }, b: { url: \"http://b\" } }\n"
                  "modules:\n  orders: { source: ../modules/orders, variables: { url: \"http://prod\" } }\n");
    g_assert_null(fixture_load(&fixture, "prod"));
    g_autofree char *said = fixture_said(&fixture);
    g_autofree char *place =
        g_strdup_printf("%.7s:modules/orders/module.yaml:7:3: connector 'source' does not say", commit);
    g_assert_nonnull(strstr(said, place));
}

static void a_dirty_module_is_refused(void) {
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    g_autofree char *commit = fixture_commit(&fixture);
    fixture_write(&fixture, "modules/orders/module.yaml", CHANGED);
    g_autoptr(GError) error = NULL;
    g_assert_null(promote(&fixture, NULL, &error));
    g_assert_error(error, DECLARE_ERROR, DECLARE_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "not committed"));
}

static void a_variable_that_the_target_misses_is_a_mistake(void) {
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    fixture_write(&fixture, "environments/prod.yaml",
                  "connect: { main: { url: \"http://connect:8083\" } }\nmodules:\n  orders: { source: "
                  "../modules/orders }\n");
    g_autofree char *commit = fixture_commit(&fixture);
    g_autoptr(GError) error = NULL;
    g_assert_null(promote(&fixture, NULL, &error));
    g_assert_error(error, DECLARE_ERROR, DECLARE_ERROR_INVALID);
    g_autofree char *said = fixture_said(&fixture);
    g_assert_nonnull(
        strstr(said, "environments/prod.yaml:3:3: variable 'url' of module 'orders' has no value"));
    g_autofree char *lock = g_build_filename(fixture.root, "environments/prod.lock", NULL);
    g_assert_false(g_file_test(lock, G_FILE_TEST_EXISTS));
}

static void what_can_t_be_promoted_is_said(void) {
    static const struct {
        const char *instance, *message;
    } CASES[] = {
        {"nobody", "there is no instance 'nobody' in 'dev'"},
        {"only-dev", "there is no instance 'only-dev' in 'prod'"},
    };
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    fixture_write(&fixture, "environments/dev.yaml",
                  "connect: { main: { url: \"http://connect:8083\" } }\nmodules:\n"
                  "  only-dev: { source: ../modules/orders, variables: { url: \"http://dev\" } }\n");
    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(promote(&fixture, CASES[i].instance, &error));
        g_assert_cmpstr(error->message, ==, CASES[i].message);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(
        declare_promote(fixture.root, "prod", "dev", NULL, false, NULL, fixture.diagnostics, &error));
    g_assert_cmpstr(error->message, ==, "nothing is promoted to 'dev'");
}

static void a_held_version_is_refused(void) {
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    fixture_write(
        &fixture, "environments/prod.lock",
        "{\"format\":\"sluice.lock/"
        "1\",\"environment\":\"prod\",\"repositories\":{},\"plugins\":{},\"modules\":{},"
        "\"holds\":{\"orders-source\":[{\"not\":\"1.0.0\",\"why\":\"it failed\",\"run\":null}]}}\n");
    g_autoptr(GError) error = NULL;
    g_assert_null(promote(&fixture, NULL, &error));
    g_assert_nonnull(error);
    g_assert_cmpstr(error->message, ==, "version 1.0.0 of plugin 'orders-source' is held out of 'prod'");
}

/* Promotes 1.0.0, and then what dev's lock has of it instead: the changes of that. */
static GPtrArray *promote_once_more(Fixture *fixture, const char *sha256, const char *reports) {
    start(fixture);
    g_autofree char *commit = fixture_commit(fixture);
    g_autoptr(GPtrArray) all = promote_all(fixture);
    write_build(fixture, "1.0.0", sha256, reports);
    return promote_all(fixture);
}

static void other_bytes_of_a_version_are_promoted(void) {
    static const char OTHER[] = "f123456789012345678901234567890123456789012345678901234567890123";
    g_auto(Fixture) fixture = {0};
    g_autoptr(GPtrArray) changes = promote_once_more(&fixture, OTHER, "");
    g_assert_cmpuint(changes->len, ==, 1);
    g_assert_cmpstr(((PromotionChange *)changes->pdata[0])->before, ==, "1.0.0 sha256:012345678901");
    g_assert_cmpstr(((PromotionChange *)changes->pdata[0])->after, ==, "1.0.0 sha256:f12345678901");
    g_autoptr(Environment) prod = fixture_load(&fixture, "prod");
    const LockedPlugin *locked = lock_find_plugin(prod->lock, "orders-source");
    g_assert_cmpuint(locked->versions->len, ==, 1);
    g_assert_cmpstr(locked_plugin_current(locked)->sha256, ==, OTHER);
}

static void what_was_learnt_is_promoted_alone(void) {
    g_auto(Fixture) fixture = {0};
    g_autoptr(GPtrArray) changes = promote_once_more(&fixture, BYTES, "\"com.acme.OrdersSource\":\"1\"");
    g_assert_cmpuint(changes->len, ==, 0);
    g_autoptr(Environment) prod = fixture_load(&fixture, "prod");
    const LockedVersion *version = locked_plugin_current(lock_find_plugin(prod->lock, "orders-source"));
    g_assert_cmpstr(g_hash_table_lookup(version->reports, "com.acme.OrdersSource"), ==, "1");
}

static void others_that_share_a_plugin_are_named(void) {
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    fixture_write(&fixture, "environments/dev.yaml",
                  "connect: { main: { url: \"http://connect:8083\" } }\nmodules:\n"
                  "  orders: { source: ../modules/orders, variables: { url: \"http://dev\" } }\n"
                  "  returns: { source: ../modules/orders, variables: { url: \"http://dev\" } }\n");
    g_autofree char *commit = fixture_commit(&fixture);
    g_autoptr(GPtrArray) all = promote_all(&fixture);
    write_lock(&fixture, "1.1.0");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) changes = promote(&fixture, "orders", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(changes->len, ==, 1);
    const PromotionChange *plugin = changes->pdata[0];
    g_assert_cmpuint(plugin->also_moves->len, ==, 1);
    g_assert_cmpstr(plugin->also_moves->pdata[0], ==, "returns");
}

static void outside_git_the_tree_decides(void) {
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    g_autoptr(GPtrArray) changes = promote_all(&fixture);
    g_assert_true(g_str_has_prefix(((PromotionChange *)changes->pdata[0])->after, "sha256:"));
    g_autoptr(Environment) prod = fixture_load(&fixture, "prod");
    g_assert_cmpuint(prod->connectors->len, ==, 1);
    fixture_write(&fixture, "modules/orders/module.yaml", CHANGED);
    g_assert_null(fixture_load(&fixture, "prod"));
    g_autofree char *said = fixture_said(&fixture);
    g_assert_nonnull(strstr(said, "the folder 'modules/orders' has changed since it was promoted to 'prod'"));
    g_assert_nonnull(strstr(said, "hint: run: sluice promote dev prod orders"));
}

static void the_tree_is_the_same_in_git_and_in_the_folder(void) {
    g_auto(Fixture) fixture = {0};
    start(&fixture);
    g_autoptr(GPtrArray) outside = promote_all(&fixture);
    g_autofree char *tree = g_strdup(((PromotionChange *)outside->pdata[0])->after);
    g_autofree char *commit = fixture_commit(&fixture);
    g_autoptr(GPtrArray) inside = promote_all(&fixture);
    g_autoptr(Environment) prod = fixture_load(&fixture, "prod");
    const LockedModule *module = lock_find_module(prod->lock, "orders");
    g_assert_cmpstr(module->tree, ==, tree);
    g_assert_cmpstr(module->commit, ==, commit);
}

static void a_remote_module_is_pinned_by_lock(void) {
    g_auto(Fixture) fixture = {0}, remote = {0};
    fixture_init(&fixture);
    fixture_init(&remote);
    g_autofree char *cache = g_build_filename(fixture.root, "cache", NULL);
    g_setenv("XDG_CACHE_HOME", cache, true);
    g_autofree char *commit = fixture_commit(&remote);
    g_autofree char *tag = fixture_git(&remote, "tag", "v1", NULL);
    g_autofree char *text =
        g_strdup_printf("connect: { main: { url: \"http://connect:8083\" } }\nmodules:\n"
                        "  orders:\n    source: \"git::file://%s//modules/orders?ref=v1\"\n    variables: { "
                        "url: \"http://dev\" }\n",
                        remote.root);
    fixture_write(&fixture, "environments/dev.yaml", text);
    g_autoptr(Environment) waiting = fixture_load(&fixture, "dev");
    g_assert_true(((Instance *)waiting->instances->pdata[0])->waiting);

    g_autoptr(Lock) lock = lock_new("dev");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) changes =
        declare_pin_remote(fixture.root, "dev", false, lock, fixture.diagnostics, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(changes->len, ==, 1);
    g_assert_cmpstr(((PromotionChange *)changes->pdata[0])->after, ==, commit);
    g_autoptr(GPtrArray) again =
        declare_pin_remote(fixture.root, "dev", false, lock, fixture.diagnostics, &error);
    g_assert_cmpuint(again->len, ==, 0);

    g_autofree char *path = g_build_filename(fixture.root, "environments/dev.lock", NULL);
    g_assert_true(lock_write(lock, path, NULL));
    g_autoptr(Environment) dev = fixture_load(&fixture, "dev");
    g_assert_cmpstr(fixture_config(dev, SOURCE, "url"), ==, "http://dev");
    g_assert_cmpstr(((Instance *)dev->instances->pdata[0])->commit, ==, commit);
    const Instance *instance = dev->instances->pdata[0];
    g_assert_nonnull(instance->git);
    g_autoptr(GitRepository) git = instance_fetch_module(instance, &error);
    g_assert_no_error(error);
    g_autofree char *module = g_build_filename(instance->folder, "module.yaml", NULL);
    g_autoptr(GBytes) bytes = git_show(git, commit, module, &error);
    g_assert_no_error(error);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/promote/an instance waits for its first promotion",
                    an_instance_waits_for_its_first_promotion);
    g_test_add_func("/promote/pins modules and versions", a_promotion_pins_modules_and_versions);
    g_test_add_func("/promote/a changed module arrives by promotion only",
                    a_changed_module_arrives_by_promotion_only);
    g_test_add_func("/promote/an unchanged module keeps its commit", an_unchanged_module_keeps_its_commit);
    g_test_add_func("/promote/mistakes of a pinned module name its commit",
                    mistakes_of_a_pinned_module_name_its_commit);
    g_test_add_func("/promote/a dirty module is refused", a_dirty_module_is_refused);
    g_test_add_func("/promote/a variable that the target misses is a mistake",
                    a_variable_that_the_target_misses_is_a_mistake);
    g_test_add_func("/promote/what can't be promoted is said", what_can_t_be_promoted_is_said);
    g_test_add_func("/promote/a held version is refused", a_held_version_is_refused);
    g_test_add_func("/promote/others that share a plugin are named", others_that_share_a_plugin_are_named);
    g_test_add_func("/promote/other bytes of a version are promoted", other_bytes_of_a_version_are_promoted);
    g_test_add_func("/promote/what was learnt is promoted alone", what_was_learnt_is_promoted_alone);
    g_test_add_func("/promote/outside Git the tree decides", outside_git_the_tree_decides);
    g_test_add_func("/promote/the tree is the same in Git and in the folder",
                    the_tree_is_the_same_in_git_and_in_the_folder);
    g_test_add_func("/promote/a remote module is pinned by lock", a_remote_module_is_pinned_by_lock);
    return g_test_run();
}
