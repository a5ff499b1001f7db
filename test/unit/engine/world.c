/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <string.h>

#include "base/files.h"
#include "engine/render.h"

static const FakeAnswer valid[] = {{.status = 200, .body = "{\"error_count\":0,\"configs\":[]}"}, {0}};

static void add_cluster(World *world) {
    const char *workers[] = {fake_worker_url(world->worker), NULL};
    ConnectCluster *cluster = g_new0(ConnectCluster, 1);
    cluster->name = g_strdup("main");
    cluster->url = g_strdup(workers[0]);
    cluster->workers = g_strdupv((char **)workers);
    g_ptr_array_add(world->environment->connect, cluster);
}

static Environment *environment_of(const World *world) {
    Environment *environment = environment_new(world->folder, "dev");
    environment->project = g_strdup("acme");
    environment->first = true;
    environment->state = g_strdup("sqlite:state.db");
    g_hash_table_insert(environment->kafka, g_strdup("bootstrap.servers"), g_strdup("127.0.0.1:1"));
    environment->lock = lock_new("dev");
    environment->digest = g_strdup("sha256:00");
    environment->timing =
        (Timing){.settle_ms = 0, .deadline_ms = 1000, .lease_ms = 30000, .heartbeat_ms = 5000};
    return environment;
}

static void plugin_free(gpointer plugin) {
    connect_plugin_free(plugin);
}

static void worker_free(gpointer data) {
    LiveWorker *worker = data;
    g_ptr_array_unref(worker->plugins);
    g_free(worker);
}

static void cluster_free(gpointer data) {
    LiveCluster *cluster = data;
    g_ptr_array_unref(cluster->workers);
    g_hash_table_unref(cluster->connectors);
    connect_info_free(cluster->info);
    g_free(cluster);
}

static LiveWorker *live_worker(const World *world) {
    LiveWorker *worker = g_new0(LiveWorker, 1);
    worker->url = fake_worker_url(world->worker);
    worker->plugins = g_ptr_array_new_with_free_func(plugin_free);
    ConnectPlugin *plugin = g_new0(ConnectPlugin, 1);
    plugin->class_name = g_strdup(WORLD_CLASS);
    plugin->version = g_strdup("1.0.0");
    g_ptr_array_add(worker->plugins, plugin);
    return worker;
}

static Live *live_of(const World *world) {
    Live *live = g_new0(Live, 1);
    live->topics = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)kafka_topic_free);
    live->clusters = g_ptr_array_new_with_free_func(cluster_free);
    LiveCluster *cluster = g_new0(LiveCluster, 1);
    cluster->cluster = engine_cluster(world->engine, "main");
    cluster->info = g_new0(ConnectInfo, 1);
    cluster->info->version = g_strdup("4.3.1");
    cluster->connectors =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)connector_free);
    cluster->workers = g_ptr_array_new_with_free_func(worker_free);
    g_ptr_array_add(cluster->workers, live_worker(world));
    g_ptr_array_add(live->clusters, cluster);
    return live;
}

void world_set_up(World *world, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    world->folder = files_make_temporary(g_get_tmp_dir(), "sluice-engine-", &error);
    g_assert_no_error(error);
    world->worker = fake_worker_new(valid);
    world->environment = environment_of(world);
    add_cluster(world);
    const EngineOptions options = {
        .environment = world->environment, .by = "anna", .targets = world->targets};
    world->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    world->live = live_of(world);
}

void world_tear_down(World *world, gconstpointer data) {
    live_free(world->live);
    engine_close(world->engine);
    environment_free(world->environment);
    fake_worker_free(world->worker);
    files_remove_tree(world->folder, NULL);
    g_free(world->folder);
}

static void free_value(gpointer data) {
    Value *value = data;
    g_free(value->text);
    g_free(value);
}

static GHashTable *config_new(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_value);
}

void world_config(GHashTable *config, const char *key, const char *value, bool sensitive) {
    Value *made = g_new0(Value, 1);
    made->text = g_strdup(value);
    made->sensitive = sensitive;
    g_hash_table_replace(config, g_strdup(key), made);
}

static char *instance_of(const char *address) {
    return g_str_has_prefix(address, "topic/") ? NULL
                                               : g_strndup(address, (gsize)(strchr(address, '/') - address));
}

DesiredTopic *world_declare_topic(World *world, const char *address, const char *name) {
    DesiredTopic *topic = g_new0(DesiredTopic, 1);
    topic->address = g_strdup(address);
    topic->instance = instance_of(address);
    topic->name = g_strdup(name);
    topic->partitions = 6;
    topic->replication = 3;
    topic->config = config_new();
    topic->on_remove = ON_REMOVE_KEEP;
    g_ptr_array_add(world->environment->topics, topic);
    return topic;
}

DesiredConnector *world_declare_connector(World *world, const char *address, const char *name) {
    DesiredConnector *connector = g_new0(DesiredConnector, 1);
    connector->address = g_strdup(address);
    connector->instance = instance_of(address);
    connector->name = g_strdup(name);
    connector->class_name = g_strdup(WORLD_CLASS);
    connector->plugins = g_ptr_array_new_with_free_func(g_free);
    connector->connect = g_strdup("main");
    connector->tasks = 1;
    connector->config = config_new();
    connector->on_remove = ON_REMOVE_DELETE;
    world_config(connector->config, "url", "http://orders", false);
    g_ptr_array_add(world->environment->connectors, connector);
    return connector;
}

void world_undeclare_topic(World *world) {
    g_ptr_array_set_size(world->environment->topics, (int)world->environment->topics->len - 1);
}

void world_undeclare_connector(World *world) {
    g_ptr_array_set_size(world->environment->connectors, (int)world->environment->connectors->len - 1);
}

KafkaTopic *world_run_topic(World *world, const DesiredTopic *topic) {
    KafkaTopic *live = kafka_topic_new(topic->name, topic->partitions, topic->replication);
    GHashTableIter iterator;
    gpointer key, value;
    for (g_hash_table_iter_init(&iterator, topic->config); g_hash_table_iter_next(&iterator, &key, &value);)
        g_hash_table_insert(live->config, g_strdup(key), g_strdup(((const Value *)value)->text));
    g_hash_table_replace(world->live->topics, live->name, live);
    return live;
}

static json_t *sent_config(const DesiredConnector *connector) {
    g_autoptr(GPtrArray) pins = g_ptr_array_new();
    return render_config(connector, pins);
}

Connector *world_run_connector(World *world, const DesiredConnector *connector) {
    Connector *live = g_new0(Connector, 1);
    live->name = g_strdup(connector->name);
    live->config = sent_config(connector);
    live->connector.id = -1;
    live->connector.state = g_ascii_strup(run_state_name(connector->state), -1);
    live->tasks = g_ptr_array_new();
    g_hash_table_replace(live_cluster(world->live, "main")->connectors, live->name, live);
    return live;
}

ResourceRecord *world_topic_record(World *world, const DesiredTopic *topic) {
    ResourceRecord *record = resource_record_new(RESOURCE_TOPIC, topic->address, "kafka", topic->name);
    g_autoptr(GStrvBuilder) keys = g_strv_builder_new();
    g_autoptr(json_t) config = json_object();
    GHashTableIter iterator;
    gpointer key, value;
    for (g_hash_table_iter_init(&iterator, topic->config); g_hash_table_iter_next(&iterator, &key, &value);) {
        json_object_set_new(config, key, json_string(((const Value *)value)->text));
        g_strv_builder_add(keys, key);
    }
    json_decref(record->applied);
    record->applied = json_pack("{s:i,s:i,s:O}", "partitions", topic->partitions, "replication",
                                topic->replication, "config", config);
    g_strfreev(record->keys_once_set);
    record->keys_once_set = g_strv_builder_end(keys);
    record->on_remove = topic->on_remove;
    record->protected = topic->protected;
    return record;
}

ResourceRecord *world_connector_record(World *world, const DesiredConnector *connector) {
    ResourceRecord *record =
        resource_record_new(RESOURCE_CONNECTOR, connector->address, "main", connector->name);
    g_autoptr(json_t) config = sent_config(connector);
    g_autoptr(GHashTable) sensitive = render_sensitive_keys(connector, NULL, NULL);
    json_decref(record->applied);
    record->applied = json_pack("{s:o,s:s,s:n}", "config",
                                render_stored_config(config, sensitive, engine_key(world->engine)), "state",
                                run_state_name(connector->state), "plugin");
    record->on_remove = connector->on_remove;
    record->protected = connector->protected;
    return record;
}

void world_store(World *world, const ResourceRecord *record, const IntentRecord *intent) {
    State *state = world->engine->state;
    const StateCommand command = {.command = "apply", .by = "anna"};
    const LeaseRequest lease = {.by = "anna", .command = "apply dev", .ttl_ms = 30000, .heartbeat_ms = 5000};
    g_autoptr(StateBatch) batch = state_batch_new();
    g_autoptr(GError) error = NULL;
    if (record != NULL)
        state_put_resource(batch, record);
    if (intent != NULL)
        state_put_intent(batch, intent);
    state_begin(state, &command, &lease, &error);
    g_assert_no_error(error);
    state_commit(state, batch, &error);
    g_assert_no_error(error);
    state_end(state, HISTORY_OK, NULL, &error);
    g_assert_no_error(error);
}

void world_own_topic(World *world, const DesiredTopic *topic) {
    g_autoptr(ResourceRecord) record = world_topic_record(world, topic);
    world_store(world, record, NULL);
}

void world_own_connector(World *world, const DesiredConnector *connector) {
    g_autoptr(ResourceRecord) record = world_connector_record(world, connector);
    world_store(world, record, NULL);
}

Plan *world_plan(World *world) {
    g_autoptr(GError) error = NULL;
    Plan *plan = plan_build(world->engine, world->live, NULL, PLAN_APPLY, &error);
    g_assert_no_error(error);
    return plan;
}

PlanAction *world_action(const Plan *plan, const char *id) {
    for (guint i = 0; i < plan->actions->len; i++) {
        PlanAction *action = plan->actions->pdata[i];
        if (g_str_equal(action->id, id))
            return action;
    }
    return NULL;
}

char *world_after(const Plan *plan, const char *id) {
    const PlanAction *action = world_action(plan, id);
    g_assert_nonnull(action);
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    for (guint i = 0; i < action->after->len; i++)
        g_ptr_array_add(ids, action->after->pdata[i]);
    g_ptr_array_add(ids, NULL);
    return g_strjoinv(" ", (char **)ids->pdata);
}
