/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/installed.h"

#include "engine/pins.h"

#include "world.h"

#define CLASS "com.acme.Source"
#define SHA "0000000000000000000000000000000000000000000000000000000000000000"

/* Versions are written as "1.5.0 1.4.2", what a locked one is known to report as "1.5.0=5". */
static void add_versions(LockedPlugin *plugin, const char *text) {
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word != NULL; word++) {
        g_auto(GStrv) parts = g_strsplit(*word, "=", 2);
        LockedVersion *version = g_new0(LockedVersion, 1);
        version->version = g_strdup(parts[0]);
        version->resolved = g_strdup(parts[0]);
        version->sha256 = g_strdup(SHA);
        version->reports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        if (parts[1] != NULL)
            g_hash_table_insert(version->reports, g_strdup(CLASS), g_strdup(parts[1]));
        g_ptr_array_add(plugin->versions, version);
    }
}

static void plugin_free(gpointer plugin) {
    connect_plugin_free(plugin);
}

static void add_class(GPtrArray *plugins, const char *class_name, const char *version) {
    ConnectPlugin *plugin = g_new0(ConnectPlugin, 1);
    plugin->class_name = g_strdup(class_name);
    plugin->version = g_strdup(version);
    g_ptr_array_add(plugins, plugin);
}

static GPtrArray *reported(const char *text) {
    GPtrArray *plugins = g_ptr_array_new_with_free_func(plugin_free);
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word != NULL && **word != '\0'; word++)
        add_class(plugins, CLASS, **word == '?' ? NULL : *word);
    return plugins;
}

/* `before` is what the worker reported before its roll; NULL: it was not rolled, or did not answer then. */
static const struct {
    const char *title, *locked, *worker, *asked, *report, *before;
} cases[] = {
    {"equal", "1.5.0", "1.5.0", "1.5.0", "1.5.0"},
    {"equal, beside another", "1.5.0 1.4.2", "1.4.2 1.5.0", "1.4.2", "1.4.2"},
    {"equal, before the roll too", "1.5.0", "1.5.0", "1.5.0", "1.5.0", "1.5.0"},
    {"learnt", "1.5.0=5", "5", "1.5.0", "5"},
    {"learnt and not there", "1.5.0=5", "1.5.0", "1.5.0", NULL},
    {"not there", "1.5.0", "", "1.5.0", NULL},
    {"another's, without a roll", "1.5.0", "five", "1.5.0", NULL},
    {"another's, beside an equal one, without a roll", "1.5.0 1.4.2", "1.4.2 five", "1.5.0", NULL},
    {"came by the roll", "1.5.0", "five", "1.5.0", "five", ""},
    {"came by the roll, beside an equal one", "1.5.0 1.4.2", "1.4.2 five", "1.5.0", "five", "1.4.2"},
    {"came by the roll, beside a learnt one", "1.5.0 1.4.2=4", "4 5", "1.5.0", "5", "4"},
    {"came by the roll, beside another's", "1.5.0", "five four", "1.5.0", "five", "four"},
    {"came by the roll, in two folders", "1.5.0", "five five", "1.5.0", "five", ""},
    {"another's, not rolled yet", "1.5.0", "four", "1.5.0", NULL, "four"},
    {"another's, and one that is equal came", "1.5.0 1.4.2", "four 1.4.2", "1.5.0", NULL, "four"},
    {"two came, one is locked", "2.0", "10 20", "2.0", NULL, ""},
    {"one came, two are locked", "2.0 1.0", "10", "2.0", NULL, ""},
    {"two came, two are locked", "2.0 1.0", "20 10", "2.0", NULL, ""},
    {"a class without a version", "1.5.0", "?", "1.5.0", NULL, ""},
    {"both report the same", "1.5.0 1.4.2", "1.4.2", "1.5.0", NULL, "1.4.2"},
};

static LockedVersion *find_version(const LockedPlugin *plugin, const char *name) {
    for (guint i = 0; i < plugin->versions->len; i++) {
        LockedVersion *version = plugin->versions->pdata[i];
        if (g_str_equal(version->version, name))
            return version;
    }
    g_assert_not_reached();
}

static void matches_reports(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].title);
        g_autoptr(Lock) lock = lock_new("dev");
        LockedPlugin *plugin = lock_add_plugin(lock, "orders-source");
        add_versions(plugin, cases[i].locked);
        g_autoptr(GPtrArray) plugins = reported(cases[i].worker);
        g_autoptr(GPtrArray) before = cases[i].before != NULL ? reported(cases[i].before) : NULL;
        const LiveWorker worker = {.url = "http://w", .plugins = plugins, .before = before};
        g_assert_cmpstr(installed_report(&worker, plugin, find_version(plugin, cases[i].asked), CLASS), ==,
                        cases[i].report);
    }
}

/* Two workers: what one of them can't tell is not told of the cluster. */
static const struct {
    const char *title, *first, *first_before, *second, *second_before, *report;
    int lacking;
} clusters[] = {
    {"came to both", "five", "", "five", "", "five", -1},
    {"came to both, beside another's on one", "five", "", "four five", "four", "five", -1},
    {"the second is not rolled yet", "five", "", "", "", NULL, 1},
    {"the first is not rolled yet, and has another's", "four", "four", "five", "", NULL, 0},
    {"different ones came", "five", "", "six", "", NULL, 1},
    {"the second did not answer before", "five", "", "five", NULL, NULL, 1},
};

static LiveWorker *worker_with(GPtrArray *workers, const char *plugins, const char *before) {
    LiveWorker *worker = g_new0(LiveWorker, 1);
    worker->url = "http://w";
    worker->plugins = reported(plugins);
    worker->before = before != NULL ? reported(before) : NULL;
    g_ptr_array_add(workers, worker);
    return worker;
}

static void worker_free(gpointer data) {
    LiveWorker *worker = data;
    g_ptr_array_unref(worker->plugins);
    if (worker->before != NULL)
        g_ptr_array_unref((GPtrArray *)worker->before);
    g_free(worker);
}

static void every_worker_must_tell_the_same(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(clusters); i++) {
        g_test_message("%s", clusters[i].title);
        g_autoptr(Lock) lock = lock_new("dev");
        LockedPlugin *plugin = lock_add_plugin(lock, "orders-source");
        add_versions(plugin, "1.5.0");
        g_autoptr(GPtrArray) workers = g_ptr_array_new_with_free_func(worker_free);
        worker_with(workers, clusters[i].first, clusters[i].first_before);
        worker_with(workers, clusters[i].second, clusters[i].second_before);
        const LiveCluster cluster = {.workers = workers};
        const LiveWorker *lacking = NULL;
        g_assert_cmpstr(
            installed_report_everywhere(&cluster, plugin, plugin->versions->pdata[0], CLASS, &lacking), ==,
            clusters[i].report);
        g_assert_true(lacking == (clusters[i].lacking < 0 ? NULL : workers->pdata[clusters[i].lacking]));
    }
}

static const struct {
    const char *locked, *worker, *before, *versions;
} guesses[] = {
    {"1.5.0", "", NULL, NULL},
    {"1.5.0 1.4.2", "1.4.2", NULL, NULL},
    {"1.5.0 1.4.2=4", "1.4.2 4", NULL, "1.4.2"},
    {"1.5.0", "6 5", NULL, "one of 5, 6"},
    {"1.5.0", "6 5 4", "4", "one of 5, 6"},
    {"1.5.0", "6 5", "5 6", "one of 5, 6"},
};

static void what_is_not_explained_is_said(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(guesses); i++) {
        g_autoptr(Lock) lock = lock_new("dev");
        LockedPlugin *plugin = lock_add_plugin(lock, "orders-source");
        add_versions(plugin, guesses[i].locked);
        g_autoptr(GPtrArray) plugins = reported(guesses[i].worker);
        g_autoptr(GPtrArray) before = guesses[i].before != NULL ? reported(guesses[i].before) : NULL;
        const LiveWorker worker = {.url = "http://w", .plugins = plugins, .before = before};
        g_autofree char *guess = installed_guess(&worker, plugin, plugin->versions->pdata[0], CLASS);
        g_autofree char *expected =
            guesses[i].versions == NULL
                ? NULL
                : g_strdup_printf("where %s, which it reports, is orders-source 1.5.0, write that into the "
                                  "lock as its \"reports\"",
                                  guesses[i].versions);
        g_assert_cmpstr(guess, ==, expected);
    }
    g_autofree char *with = installed_hint("install it", "where 5 is it, say so");
    g_assert_cmpstr(with, ==, "install it; or, where 5 is it, say so");
    g_autofree char *without = installed_hint("install it", NULL);
    g_assert_cmpstr(without, ==, "install it");
}

static void silent_worker_tells_nothing(void) {
    g_autoptr(Lock) lock = lock_new("dev");
    LockedPlugin *plugin = lock_add_plugin(lock, "orders-source");
    add_versions(plugin, "1.5.0");
    const LiveWorker worker = {.url = "http://w", .problem = (char *)"refused"};
    g_assert_null(installed_report(&worker, plugin, plugin->versions->pdata[0], CLASS));
}

static void versions_are_listed_once_in_order(void) {
    g_autoptr(GPtrArray) plugins = reported("1.10 1.9 1.10");
    add_class(plugins, "com.acme.Other", "7");
    const LiveWorker worker = {.url = "http://w", .plugins = plugins};
    char *classes[] = {(char *)CLASS, (char *)"com.acme.Missing", NULL};
    g_autofree char *versions = installed_versions(&worker, classes);
    g_assert_cmpstr(versions, ==, "1.9, 1.10");
    g_assert_null(installed_versions(&worker, &classes[1]));
}

/* ---- pins ---- */

static LockedPlugin *lock_plugin(World *world, const char *name, const char *class_name) {
    LockedPlugin *plugin = lock_add_plugin(world->environment->lock, name);
    LockedVersion *version = g_new0(LockedVersion, 1);
    version->version = g_strdup("1.0.0");
    version->resolved = g_strdup("1.0.0");
    version->sha256 = g_strdup(SHA);
    version->reports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert(version->reports, g_strdup(class_name), g_strdup("1.0.0"));
    g_ptr_array_add(plugin->versions, version);
    return plugin;
}

static DesiredConnector *declare_with_converter(World *world) {
    static const char *const keys[] = {"key.converter", "value.converter", "header.converter",
                                       "transforms.x.type", "predicates.p.type"};
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    g_ptr_array_add(connector->plugins, g_strdup("orders-source"));
    g_ptr_array_add(connector->plugins, g_strdup("extras"));
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        world_config(connector->config, keys[i], "com.acme.Extra", false);
    world_config(connector->config, "transforms.y.type", WORLD_CLASS, false);
    world_config(connector->config, "transforms.z.type", "org.apache.kafka.Other", false);
    world_config(connector->config, "transforms.x.typed", "com.acme.Extra", false);
    return connector;
}

static LiveWorker *worker_of(World *world) {
    return live_cluster(world->live, "main")->workers->pdata[0];
}

static int by_key(gconstpointer left, gconstpointer right) {
    return g_strcmp0((*(Pin *const *)left)->key, (*(Pin *const *)right)->key);
}

static void further_plugins_are_pinned(World *world, gconstpointer data) {
    static const char *const expected[] = {
        "connector.plugin.version",    "header.converter.plugin.version", "key.converter.plugin.version",
        "predicates.p.plugin.version", "transforms.x.plugin.version",     "value.converter.plugin.version",
    };
    lock_plugin(world, "orders-source", WORLD_CLASS);
    lock_plugin(world, "extras", "com.acme.Extra");
    add_class(worker_of(world)->plugins, "com.acme.Extra", "1.0.0");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) pins =
        pins_of(world->engine, world->environment->lock, live_cluster(world->live, "main"),
                declare_with_converter(world), &error);
    g_assert_no_error(error);
    g_assert_null(pins_deferred(pins));
    g_ptr_array_sort(pins, by_key);
    g_assert_cmpuint(pins->len, ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < pins->len; i++)
        g_assert_cmpstr(((Pin *)pins->pdata[i])->key, ==, expected[i]);
}

static void what_no_worker_has_is_deferred(World *world, gconstpointer data) {
    lock_plugin(world, "orders-source", WORLD_CLASS);
    lock_plugin(world, "extras", "com.acme.Extra");
    g_autoptr(GPtrArray) pins =
        pins_of(world->engine, world->environment->lock, live_cluster(world->live, "main"),
                declare_with_converter(world), NULL);
    const Pin *deferred = pins_deferred(pins);
    g_assert_cmpstr(deferred->class_name, ==, "com.acme.Extra");
    g_assert_cmpstr(deferred->lacking, ==, worker_of(world)->url);
}

static void older_workers_know_no_pins(World *world, gconstpointer data) {
    ConnectInfo *info = live_cluster(world->live, "main")->info;
    g_free(info->version);
    info->version = g_strdup("4.0.1");
    g_autoptr(GPtrArray) pins =
        pins_of(world->engine, world->environment->lock, live_cluster(world->live, "main"),
                declare_with_converter(world), NULL);
    g_assert_cmpuint(pins->len, ==, 0);
}

static void plugin_must_be_locked(World *world, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_assert_null(pins_of(world->engine, world->environment->lock, live_cluster(world->live, "main"),
                          declare_with_converter(world), &error));
    g_assert_error(error, ENGINE_ERROR, ENGINE_ERROR_REFUSED);
    g_assert_cmpstr(error_hint(error), ==, "run: sluice lock dev");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/installed/matches locked versions with reported ones", matches_reports);
    g_test_add_func("/engine/installed/every worker must tell the same", every_worker_must_tell_the_same);
    g_test_add_func("/engine/installed/what is not explained is said", what_is_not_explained_is_said);
    g_test_add_func("/engine/installed/a silent worker tells nothing", silent_worker_tells_nothing);
    g_test_add_func("/engine/installed/versions are listed once, in order",
                    versions_are_listed_once_in_order);
    WORLD_TEST("/engine/pins/what comes from further plugins is pinned too", further_plugins_are_pinned);
    WORLD_TEST("/engine/pins/what no worker has is deferred", what_no_worker_has_is_deferred);
    WORLD_TEST("/engine/pins/workers before 4.1 know no pins", older_workers_know_no_pins);
    WORLD_TEST("/engine/pins/a plugin must be locked", plugin_must_be_locked);
    return g_test_run();
}
