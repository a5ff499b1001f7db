/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <string.h>

static void assert_problem(const Plan *plan, const char *address, const char *part) {
    g_assert_cmpuint(plan->problems->len, ==, 1);
    const PlanNote *problem = plan->problems->pdata[0];
    g_assert_cmpstr(problem->address, ==, address);
    g_assert_nonnull(strstr(problem->message, part));
}

static const PlanChange *only_change(const Plan *plan, const char *id) {
    const PlanAction *action = world_action(plan, id);
    g_assert_nonnull(action);
    g_assert_cmpuint(action->changes->len, ==, 1);
    return action->changes->pdata[0];
}

/* ---- the digest ---- */

static void declare_in_order(World *world, bool backwards) {
    static const char *const names[][2] = {{"orders/topic/raw", "raw"}, {"topic/audit", "audit"}};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        gsize at = backwards ? G_N_ELEMENTS(names) - 1 - i : i;
        DesiredTopic *topic = world_declare_topic(world, names[at][0], names[at][1]);
        world_config(topic->config, backwards ? "b" : "a", "1", false);
        world_config(topic->config, backwards ? "a" : "b", "1", false);
    }
    world_declare_connector(world, "orders/connector/source", "orders-source");
}

static void digest_is_of_no_order(World *world, gconstpointer data) {
    declare_in_order(world, false);
    g_autoptr(Plan) plan = world_plan(world);
    g_ptr_array_set_size(world->environment->topics, 0);
    g_ptr_array_set_size(world->environment->connectors, 0);
    declare_in_order(world, true);
    g_autoptr(Plan) other = world_plan(world);
    g_assert_cmpuint(plan->actions->len, ==, 3);
    g_assert_cmpstr(plan->digest, ==, other->digest);
}

static void digest_is_of_the_world(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    world_config(topic->config, "retention.ms", "1", false);
    world_own_topic(world, topic);
    KafkaTopic *live = world_run_topic(world, topic);
    g_hash_table_replace(live->config, g_strdup("retention.ms"), g_strdup("2"));
    g_autoptr(Plan) plan = world_plan(world);
    g_autoptr(Plan) again = world_plan(world);
    g_assert_cmpstr(plan->digest, ==, again->digest);
    g_assert_cmpstr(plan->id, !=, again->id);
    g_hash_table_replace(live->config, g_strdup("retention.ms"), g_strdup("3"));
    g_autoptr(Plan) moved = world_plan(world);
    g_assert_cmpstr(plan->digest, !=, moved->digest);
}

static void digest_is_of_nothing_else(World *world, gconstpointer data) {
    world_declare_topic(world, "orders/topic/raw", "raw");
    g_autoptr(Plan) plan = world_plan(world);
    DesiredConnector *other = world_declare_connector(world, "other/connector/x", "x");
    world_run_connector(world, other);
    world_undeclare_connector(world);
    g_autoptr(Plan) later = world_plan(world);
    g_assert_cmpstr(plan->digest, ==, later->digest);
}

/* ---- order ---- */

static void connectors_wait_for_their_topics(World *world, gconstpointer data) {
    world_declare_topic(world, "orders/topic/raw", "orders.raw");
    world_declare_topic(world, "orders2/topic/raw", "orders2.raw");
    world_declare_topic(world, "topic/audit", "audit");
    world_declare_topic(world, "topic/audit.log", "audit.log");
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/sink", "sink");
    world_config(connector->config, "topics", "audit , other", false);
    world_config(connector->config, "log", "not audit.log", false);
    g_autoptr(Plan) plan = world_plan(world);
    g_autofree char *after = world_after(plan, "orders/connector/sink");
    g_assert_cmpstr(after, ==, "orders/topic/raw topic/audit");
    g_autofree char *before = world_after(plan, "orders/topic/raw");
    g_assert_cmpstr(before, ==, "");
}

static void topics_go_after_their_connectors(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    topic->on_remove = ON_REMOVE_DELETE;
    DesiredConnector *source = world_declare_connector(world, "orders/connector/source", "source");
    DesiredConnector *other = world_declare_connector(world, "other/connector/source", "other");
    world_own_topic(world, topic);
    world_run_topic(world, topic);
    world_own_connector(world, source);
    world_run_connector(world, source);
    world_own_connector(world, other);
    world_run_connector(world, other);
    world_undeclare_topic(world);
    world_undeclare_connector(world);
    world_undeclare_connector(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_cmpuint(plan_count(plan, PLAN_DELETE), ==, 3);
    g_autofree char *after = world_after(plan, "orders/topic/raw");
    g_assert_cmpstr(after, ==, "orders/connector/source");
    g_assert_cmpstr(((PlanAction *)plan->actions->pdata[2])->id, ==, "orders/topic/raw");
}

/* ---- topics ---- */

static void topic_settles(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    topic->partitions = topic->replication = -1;
    world_own_topic(world, topic);
    KafkaTopic *live = world_run_topic(world, topic);
    live->partitions = 12;
    live->replication = 1;
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_true(plan_is_empty(plan));
    g_assert_cmpuint(plan->problems->len + plan->warnings->len + plan->refreshes->len, ==, 0);
}

static void topic_is_never_made_smaller(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    world_own_topic(world, topic);
    world_run_topic(world, topic)->partitions = 7;
    g_autoptr(Plan) plan = world_plan(world);
    assert_problem(plan, "orders/topic/raw", "has 7 partitions, 6 are declared");
}

static void topic_grows_with_a_warning(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    world_own_topic(world, topic);
    world_run_topic(world, topic)->partitions = 5;
    g_autoptr(Plan) plan = world_plan(world);
    const PlanChange *change = only_change(plan, "orders/topic/raw");
    g_assert_cmpstr(change->old_value, ==, "5");
    g_assert_cmpstr(change->new_value, ==, "6");
    g_assert_cmpuint(plan->warnings->len, ==, 1);
}

static void replication_is_never_silent(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    world_own_topic(world, topic);
    world_run_topic(world, topic)->replication = 2;
    g_autoptr(Plan) plan = world_plan(world);
    assert_problem(plan, "orders/topic/raw", "replication factor 2, 3 is declared");
}

static void key_that_was_ours_is_unset(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    world_config(topic->config, "retention.ms", "1", false);
    world_own_topic(world, topic);
    KafkaTopic *live = world_run_topic(world, topic);
    g_hash_table_insert(live->config, g_strdup("by.hand"), g_strdup("stays"));
    g_hash_table_remove_all(topic->config);
    g_autoptr(Plan) plan = world_plan(world);
    const PlanChange *change = only_change(plan, "orders/topic/raw");
    g_assert_cmpstr(change->key, ==, "config.retention.ms");
    g_assert_null(change->new_value);
}

static void what_is_not_ours_asks_for_import(World *world, gconstpointer data) {
    world_run_topic(world, world_declare_topic(world, "orders/topic/raw", "raw"));
    g_autoptr(Plan) plan = world_plan(world);
    assert_problem(plan, "orders/topic/raw", "is not ours");
    g_assert_nonnull(
        strstr(((PlanNote *)plan->problems->pdata[0])->hint, "sluice import dev orders/topic/raw"));
}

/* ---- who changed it: what was applied is "1" ---- */

static const struct {
    const char *title, *declared, *live;
    PlanCause cause;
} causes[] = {
    {"declared anew", "2", "1", PLAN_DECLARED},
    {"changed by hand", "1", "2", PLAN_DRIFT},
    {"both", "2", "3", PLAN_DECLARED | PLAN_DRIFT},
    {"removed by hand", "1", NULL, PLAN_DRIFT},
};

static void run_key(GHashTable *live, const char *value) {
    if (value != NULL)
        g_hash_table_replace(live, g_strdup("k"), g_strdup(value));
    else
        g_hash_table_remove(live, "k");
}

static void tells_who_changed_a_topic(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    world_config(topic->config, "k", "1", false);
    world_own_topic(world, topic);
    KafkaTopic *live = world_run_topic(world, topic);
    for (gsize i = 0; i < G_N_ELEMENTS(causes); i++) {
        g_test_message("%s", causes[i].title);
        world_config(topic->config, "k", causes[i].declared, false);
        run_key(live->config, causes[i].live);
        g_autoptr(Plan) plan = world_plan(world);
        g_assert_cmpint(only_change(plan, "orders/topic/raw")->cause, ==, causes[i].cause);
    }
}

static void tells_who_changed_a_connector(World *world, gconstpointer data) {
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    world_config(connector->config, "k", "1", true);
    world_own_connector(world, connector);
    Connector *live = world_run_connector(world, connector);
    for (gsize i = 0; i < G_N_ELEMENTS(causes); i++) {
        g_test_message("%s", causes[i].title);
        world_config(connector->config, "k", causes[i].declared, true);
        json_object_del(live->config, "k");
        if (causes[i].live != NULL)
            json_object_set_new(live->config, "k", json_string(causes[i].live));
        g_autoptr(Plan) plan = world_plan(world);
        const PlanChange *change = only_change(plan, "orders/connector/source");
        g_assert_cmpint(change->cause, ==, causes[i].cause);
        g_assert_true(change->sensitive && g_str_has_prefix(change->new_value, "hmac:"));
    }
}

/* ---- connectors ---- */

static void connector_settles(World *world, gconstpointer data) {
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    world_config(connector->config, "password", "secret", true);
    world_own_connector(world, connector);
    world_run_connector(world, connector);
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_true(plan_is_empty(plan));
    g_assert_cmpuint(plan->refreshes->len, ==, 0);
}

static void connector_that_is_gone_is_made_again(World *world, gconstpointer data) {
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    world_own_connector(world, connector);
    g_autoptr(Plan) plan = world_plan(world);
    const PlanAction *action = world_action(plan, "orders/connector/source");
    g_assert_cmpint(action->operation, ==, PLAN_CREATE);
    g_assert_true(action->recreate && (action->cause & PLAN_DRIFT));
    g_assert_cmpstr(action->base_live, ==, "absent");
}

static void state_alone_is_its_own_operation(World *world, gconstpointer data) {
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    world_own_connector(world, connector);
    world_run_connector(world, connector);
    connector->state = RUN_STATE_PAUSED;
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_cmpint(world_action(plan, "orders/connector/source")->operation, ==, PLAN_STATE);
    g_assert_cmpstr(only_change(plan, "orders/connector/source")->new_value, ==, "paused");
}

static void name_is_an_identity(World *world, gconstpointer data) {
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    world_own_connector(world, connector);
    world_run_connector(world, connector);
    g_free(connector->name);
    connector->name = g_strdup("renamed");
    g_autoptr(Plan) plan = world_plan(world);
    assert_problem(plan, "orders/connector/source", "lose the offsets of 'source'");
    g_assert_true(plan_is_empty(plan));
}

static void class_must_be_there(World *world, gconstpointer data) {
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    g_free(connector->class_name);
    connector->class_name = g_strdup("com.acme.Sourse");
    g_autoptr(Plan) plan = world_plan(world);
    assert_problem(plan, "orders/connector/source", "no worker of 'main' has class com.acme.Sourse");
    g_assert_nonnull(strstr(((PlanNote *)plan->problems->pdata[0])->hint, WORLD_CLASS));
}

/* ---- what left the declarations ---- */

static void topics_are_kept(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    world_own_topic(world, topic);
    world_run_topic(world, topic);
    world_undeclare_topic(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_true(plan_is_empty(plan));
    g_assert_cmpuint(plan->refreshes->len, ==, 1);
    g_assert_true(((PlanRefresh *)plan->refreshes->pdata[0])->record->kept);
}

static void protected_ones_stay(World *world, gconstpointer data) {
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    connector->protected = true;
    world_own_connector(world, connector);
    world_run_connector(world, connector);
    world_undeclare_connector(world);
    g_autoptr(Plan) plan = world_plan(world);
    assert_problem(plan, "orders/connector/source", "is protected");
}

static void what_is_gone_is_forgotten(World *world, gconstpointer data) {
    world_own_connector(world, world_declare_connector(world, "orders/connector/source", "source"));
    world_undeclare_connector(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_true(plan_is_empty(plan));
    g_assert_cmpuint(plan->refreshes->len, ==, 1);
    g_assert_null(((PlanRefresh *)plan->refreshes->pdata[0])->record);
}

/* ---- the state ---- */

static void states_path_counts_from_its_base(World *world, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    engine_close(world->engine);
    g_free(world->environment->state_base);
    world->environment->state_base = g_build_filename(world->folder, "data", NULL);
    g_free(world->environment->state);
    world->environment->state = g_strdup("sqlite:based.db");
    const EngineOptions options = {.environment = world->environment, .by = "anna"};
    world->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    world_own_topic(world, world_declare_topic(world, "orders/topic/raw", "raw"));
    g_autofree char *here = g_build_filename(world->folder, "data", "based.db", NULL);
    g_autofree char *there = g_build_filename(world->folder, "based.db", NULL);
    g_assert_true(g_file_test(here, G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(there, G_FILE_TEST_EXISTS));
}

/* ---- what is asked of plugins ---- */

/* Locks the plugin orders-source of WORLD_CLASS in a version, with `bytes` as its hash; the worker has 1.0.0.
 */
static void lock_version(World *world, const char *version, int bytes) {
    static const char text[] =
        "{\"format\": \"sluice.lock/1\", \"environment\": \"dev\", \"plugins\": {\"orders-source\": "
        "{\"connect\": [\"main\"], \"url\": \"https://acme.example/orders.jar\", \"versions\": "
        "[{\"version\": \"%s\", \"resolved\": \"%s\", \"path\": \"https://acme.example/orders.jar\", "
        "\"size\": 1, \"sha256\": \"%064d\", \"reports\": {\"" WORLD_CLASS "\": \"%s\"}}]}}}";
    g_autofree char *lock = g_strdup_printf(text, version, version, bytes, version);
    g_autoptr(GError) error = NULL;
    lock_free(world->environment->lock);
    world->environment->lock = lock_parse(lock, strlen(lock), "the lock", &error);
    g_assert_no_error(error);
}

/* Asks for the plugin that lock_version() locks. */
static PluginRequest *ask_for(World *world, const char *version, int bytes) {
    PluginRequest *request = plugin_request_new("orders-source");
    request->url = g_strdup("https://acme.example/orders.jar");
    request->version = g_strdup(version);
    request->sha256 = g_strdup_printf("%064d", bytes);
    g_ptr_array_add(request->connect, g_strdup("main"));
    g_clear_pointer(&world->environment->plugins, g_ptr_array_unref);
    world->environment->plugins = g_ptr_array_new_with_free_func((GDestroyNotify)plugin_request_free);
    g_ptr_array_add(world->environment->plugins, request);
    return request;
}

static void assert_notes(World *world, const char *warning, const char *problem) {
    g_autoptr(Plan) plan = world_plan(world);
    const char *const expected[] = {warning, problem};
    const GPtrArray *const found[] = {plan->warnings, plan->problems};
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmpuint(found[i]->len, ==, expected[i] != NULL);
        if (expected[i] == NULL)
            continue;
        const PlanNote *note = found[i]->pdata[0];
        g_test_message("%s", note->message);
        g_assert_nonnull(strstr(note->message, expected[i]));
        g_assert_cmpstr(note->hint, ==,
                        world->environment->first ? "run: sluice lock dev" : "promote it to dev");
    }
}

static void what_is_asked_is_held_against_the_lock(World *world, gconstpointer data) {
    lock_version(world, "1.0.0", 1);
    ask_for(world, "1.0.0", 1);
    assert_notes(world, NULL, NULL);
    ask_for(world, NULL, 1);
    assert_notes(world, NULL, NULL);
    ask_for(world, "[1.0,2.0)", 1);
    assert_notes(world, NULL, NULL);
    ask_for(world, "1.5.0", 1);
    assert_notes(world, "asked for in version 1.5.0, and locked in 1.0.0", NULL);
    ask_for(world, "1.0.0", 2);
    assert_notes(world, NULL, "SHA-256 000000000000…");
    PluginRequest *elsewhere = ask_for(world, "1.0.0", 1);
    g_free(elsewhere->url);
    elsewhere->url = g_strdup("https://other.example/orders.jar");
    assert_notes(world, "another place than is declared", NULL);
}

static void what_comes_by_promotion_may_be_behind(World *world, gconstpointer data) {
    world->environment->first = false;
    lock_version(world, "1.0.0", 1);
    ask_for(world, NULL, 2);
    assert_notes(world, "SHA-256", NULL);
}

/* The version whose bytes are demanded failed, and went back. */
static void what_is_held_out_may_be_demanded(World *world, gconstpointer data) {
    lock_version(world, "1.0.0", 1);
    lock_add_hold(world->environment->lock, "orders-source", "1.5.0", "it failed", "R");
    ask_for(world, "1.5.0", 2);
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_cmpuint(plan->problems->len, ==, 0);
    g_assert_cmpuint(plan->warnings->len, ==, 2);
}

/* ---- rollouts ---- */

static void refused_rollout_is_a_problem(World *world, gconstpointer data) {
    world_declare_topic(world, "orders/topic/raw", "raw");
    RolloutSpec *rollout = &environment_find_connect(world->environment, "main")->rollout;
    rollout->kind = ROLLOUT_COMMAND;
    rollout->refused = g_strdup("a server runs no command of the declarations");
    g_autoptr(Plan) without = world_plan(world);
    g_assert_cmpuint(without->problems->len, ==, 0);
    lock_version(world, "1.1.0", 0);
    g_autoptr(Plan) plan = world_plan(world);
    assert_problem(plan, "rollout/main",
                   "'main' can't be rolled out to: a server runs no command of the declarations");
    g_assert_cmpstr(
        ((PlanNote *)plan->problems->pdata[0])->hint, ==,
        "give it in the server's file: environments: { dev: { rollout: { main: { command: […] } } } }");
    g_assert_nonnull(world_action(plan, "orders/topic/raw"));
    g_assert_nonnull(world_action(plan, "rollout/main"));
}

/* Locks the second build of what the worker has, on a cluster that is rolled out to. */
static void lock_build(World *world) {
    lock_version(world, "1.0.0", 2);
    environment_find_connect(world->environment, "main")->rollout.kind = ROLLOUT_COMMAND;
}

/* A connector of the plugin, applied with its build `bytes`, and live. */
static ResourceRecord *run_build(World *world, const char *address, const char *name, int bytes) {
    DesiredConnector *connector = world_declare_connector(world, address, name);
    g_ptr_array_add(connector->plugins, g_strdup("orders-source"));
    Connector *live = world_run_connector(world, connector);
    json_object_set_new(live->config, "connector.plugin.version", json_string("1.0.0"));
    ResourceRecord *record = world_connector_record(world, connector);
    json_object_set_new(json_object_get(record->applied, "config"), "connector.plugin.version",
                        json_string("1.0.0"));
    g_autofree char *sha256 = g_strdup_printf("%064d", bytes);
    json_object_set_new(
        record->applied, "plugin",
        json_pack("{s:s,s:s,s:s}", "id", "orders-source", "version", "1.0.0", "sha256", sha256));
    return record;
}

static void new_bytes_are_rolled_out(World *world, gconstpointer data) {
    lock_build(world);
    g_autoptr(ResourceRecord) record = run_build(world, "orders/connector/source", "source", 1);
    world_store(world, record, NULL);
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_nonnull(world_action(plan, "rollout/main"));
    g_assert_nonnull(world_action(plan, "orders/connector/source"));
}

static void what_left_asks_for_no_new_bytes(World *world, gconstpointer data) {
    lock_build(world);
    g_autoptr(ResourceRecord) current = run_build(world, "orders/connector/source", "source", 2);
    g_autoptr(ResourceRecord) former = run_build(world, "orders/connector/former", "former", 1);
    former->kept = true;
    former->on_remove = ON_REMOVE_KEEP;
    world_undeclare_connector(world);
    world_store(world, current, NULL);
    world_store(world, former, NULL);
    g_autoptr(Plan) kept = world_plan(world);
    g_assert_true(plan_is_empty(kept));
    former->kept = false;
    world_store(world, former, NULL);
    g_autoptr(Plan) leaving = world_plan(world);
    g_assert_true(plan_is_empty(leaving));
}

static void what_is_not_known_is_hashed_before_a_rollout(World *world, gconstpointer data) {
    lock_version(world, "1.1.0", 0);
    environment_find_connect(world->environment, "main")->rollout.kind = ROLLOUT_COMMAND;
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    world_config(connector->config, "mode", "fast", false);
    world_own_connector(world, connector);
    Connector *live = world_run_connector(world, connector);
    json_object_set_new(live->config, "entry", json_string("by hand"));
    json_object_set_new(live->config, "mode", json_string("slow"));
    json_object_set_new(live->config, "connector.plugin.version", json_string("1.0.0"));
    g_ptr_array_add(connector->plugins, g_strdup("orders-source"));
    g_autoptr(Plan) plan = world_plan(world);
    const PlanAction *action = world_action(plan, "orders/connector/source");
    g_assert_cmpuint(action->changes->len, ==, 3);
    const PlanChange *pin = action->changes->pdata[0], *entry = action->changes->pdata[1],
                     *mode = action->changes->pdata[2];
    g_assert_cmpstr(pin->old_value, ==, "1.0.0");
    g_assert_cmpstr(entry->key, ==, "config.entry");
    g_assert_true(entry->sensitive && g_str_has_prefix(entry->old_value, "hmac:"));
    g_assert_cmpstr(mode->old_value, ==, "slow");
}

/* ---- --target ---- */

static void targets_cover_what_is_below_them(World *world, gconstpointer data) {
    static const struct {
        const char *target, *address;
        bool covered;
    } cases[] = {
        {"orders/connector/source", "orders/connector/source", true},
        {"orders", "orders/connector/source", true},
        {"orders/", "orders/connector/source", true},
        {"orders/topic", "orders/topic/raw", true},
        {"orders/topic/", "orders/connector/source", false},
        {"order", "orders/connector/source", false},
        {"orders/connector/sourc", "orders/connector/source", false},
        {"stock[de]", "stock[de]/topic/raw", true},
        {"stock[de]", "stock[dev]/topic/raw", false},
        {"stock", "stock[de]/topic/raw", true},
        {"stoc", "stock[de]/topic/raw", false},
        {"topic", "topic/audit.log", true},
        {"topic/audit", "topic/audit.log", false},
        {"", "orders/connector/source", false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s covers %s", cases[i].target, cases[i].address);
        world->targets[0] = cases[i].target;
        g_assert_cmpint(engine_is_target(world->engine, cases[i].address), ==, cases[i].covered);
    }
    world->targets[0] = NULL;
    g_assert_true(engine_is_target(world->engine, "anything"));
}

static void only_targets_are_planned(World *world, gconstpointer data) {
    world_declare_topic(world, "orders/topic/raw", "raw");
    world_declare_topic(world, "other/topic/raw", "other");
    world_declare_connector(world, "other/connector/source", "source");
    world->targets[0] = "orders";
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_cmpuint(plan->actions->len, ==, 1);
    g_assert_nonnull(world_action(plan, "orders/topic/raw"));
}

static void a_rollout_is_for_its_targets(World *world, gconstpointer data) {
    world_declare_topic(world, "orders/topic/raw", "raw");
    g_ptr_array_add(world_declare_connector(world, "orders/connector/source", "source")->plugins,
                    g_strdup("orders-source"));
    world_declare_connector(world, "other/connector/source", "other");
    lock_version(world, "1.1.0", 0);
    environment_find_connect(world->environment, "main")->rollout.kind = ROLLOUT_COMMAND;
    static const struct {
        const char *target;
        bool rolls;
    } cases[] = {{"orders/topic/raw", false},
                 {"other", false},
                 {"orders/connector/source", true},
                 {"rollout/main", true}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].target);
        world->targets[0] = cases[i].target;
        g_autoptr(Plan) plan = world_plan(world);
        g_assert_cmpuint(plan_count(plan, PLAN_ROLLOUT), ==, cases[i].rolls);
    }
}

/* Its own connectors are pinned before a roll, and none before what is no roll. */
static void untargeted_connectors_are_not_pinned(World *world, gconstpointer data) {
    world_declare_topic(world, "orders/topic/raw", "raw");
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    world_own_connector(world, connector);
    world_run_connector(world, connector)->connector.version = g_strdup("1.0.0");
    lock_version(world, "1.1.0", 0);
    environment_find_connect(world->environment, "main")->rollout.kind = ROLLOUT_COMMAND;
    world->targets[0] = "rollout/main";
    g_autoptr(Plan) rolled = world_plan(world);
    g_assert_nonnull(world_action(rolled, "orders/connector/source#pin"));
    world->targets[0] = "orders/topic";
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_null(world_action(plan, "orders/connector/source#pin"));
}

static void a_target_of_nothing_is_an_error(World *world, gconstpointer data) {
    static const PlanKind kinds[] = {PLAN_APPLY, PLAN_DESTROY};
    world_own_topic(world, world_declare_topic(world, "former/topic/raw", "former"));
    world_undeclare_topic(world);
    world_declare_topic(world, "orders/topic/raw", "raw");
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(GError) error = NULL;
        world->targets[0] = "oders";
        g_assert_null(plan_build(world->engine, world->live, NULL, kinds[i], &error));
        g_assert_error(error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND);
        g_assert_nonnull(strstr(error->message, "'oders'"));
        g_assert_cmpstr(error_hint(error), ==, "sluice status dev lists the addresses");
        world->targets[0] = "former";
        g_autoptr(Plan) plan = plan_build(world->engine, world->live, NULL, kinds[i], NULL);
        g_assert_nonnull(plan);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    WORLD_TEST("/engine/plan/digest is of no order", digest_is_of_no_order);
    WORLD_TEST("/engine/plan/digest is the same for the same world", digest_is_of_the_world);
    WORLD_TEST("/engine/plan/digest leaves others' changes out", digest_is_of_nothing_else);
    WORLD_TEST("/engine/plan/connectors wait for their topics", connectors_wait_for_their_topics);
    WORLD_TEST("/engine/plan/topics go after their connectors", topics_go_after_their_connectors);
    WORLD_TEST("/engine/plan/a broker's default is no drift", topic_settles);
    WORLD_TEST("/engine/plan/a topic is never made smaller", topic_is_never_made_smaller);
    WORLD_TEST("/engine/plan/a topic grows with a warning", topic_grows_with_a_warning);
    WORLD_TEST("/engine/plan/another replication is never silent", replication_is_never_silent);
    WORLD_TEST("/engine/plan/a key that was ours is unset, another's is not", key_that_was_ours_is_unset);
    WORLD_TEST("/engine/plan/what is not ours asks for import", what_is_not_ours_asks_for_import);
    WORLD_TEST("/engine/plan/tells who changed a topic", tells_who_changed_a_topic);
    WORLD_TEST("/engine/plan/tells who changed a connector", tells_who_changed_a_connector);
    WORLD_TEST("/engine/plan/a connector as declared is left alone", connector_settles);
    WORLD_TEST("/engine/plan/a connector that is gone is made again", connector_that_is_gone_is_made_again);
    WORLD_TEST("/engine/plan/a change of state alone is its own operation", state_alone_is_its_own_operation);
    WORLD_TEST("/engine/plan/a name is an identity", name_is_an_identity);
    WORLD_TEST("/engine/plan/a class must be there", class_must_be_there);
    WORLD_TEST("/engine/plan/topics that left are kept", topics_are_kept);
    WORLD_TEST("/engine/plan/protected ones don't leave", protected_ones_stay);
    WORLD_TEST("/engine/plan/what left and is gone is forgotten", what_is_gone_is_forgotten);
    WORLD_TEST("/engine/plan/targets cover what is below them", targets_cover_what_is_below_them);
    WORLD_TEST("/engine/plan/only targets are planned", only_targets_are_planned);
    WORLD_TEST("/engine/plan/a rollout is for its targets", a_rollout_is_for_its_targets);
    WORLD_TEST("/engine/plan/untargeted connectors are not pinned", untargeted_connectors_are_not_pinned);
    WORLD_TEST("/engine/plan/a target of nothing is an error", a_target_of_nothing_is_an_error);
    WORLD_TEST("/engine/plan/what is asked is held against the lock", what_is_asked_is_held_against_the_lock);
    WORLD_TEST("/engine/plan/what comes by promotion may be behind", what_comes_by_promotion_may_be_behind);
    WORLD_TEST("/engine/plan/what is held out may be demanded", what_is_held_out_may_be_demanded);
    WORLD_TEST("/engine/plan/what is not known is hashed before a rollout",
               what_is_not_known_is_hashed_before_a_rollout);
    WORLD_TEST("/engine/plan/a state's path counts from its base", states_path_counts_from_its_base);
    WORLD_TEST("/engine/plan/a refused rollout is a problem, and nothing else", refused_rollout_is_a_problem);
    WORLD_TEST("/engine/plan/new bytes of a version are rolled out", new_bytes_are_rolled_out);
    WORLD_TEST("/engine/plan/what left asks for no new bytes", what_left_asks_for_no_new_bytes);
    return g_test_run();
}
