/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/status.h"

#include <string.h>

#include "connect/secrets.h"
#include "engine/health.h"
#include "engine/installed.h"
#include "engine/recover.h"
#include "engine/render.h"

static const char *const health_names[] = {
    [HEALTH_OK] = "ok",           [HEALTH_PENDING] = "pending", [HEALTH_FAILED] = "failed",
    [HEALTH_MISSING] = "missing", [HEALTH_OFF] = "off",
};

const char *health_name(Health health) {
    return health_names[health];
}

static void resource_status_free(ResourceStatus *status) {
    g_free(status->address);
    g_free(status->cluster);
    g_free(status->name);
    g_free(status->state);
    g_free(status->plugin);
    g_free(status->version);
    g_free(status->locked);
    g_ptr_array_unref(status->drift);
    g_free(status->trace);
    g_free(status->applied_at);
    g_free(status->applied_by);
    g_free(status->commit);
    g_free(status);
}

void environment_status_free(EnvironmentStatus *status) {
    if (status == NULL)
        return;
    g_ptr_array_unref(status->resources);
    g_ptr_array_unref(status->waiting);
    g_ptr_array_unref(status->missing);
    g_clear_pointer(&status->last, history_record_unref);
    g_free(status->holder);
    g_free(status);
}

/* What is looked up for every row. */
typedef struct {
    Engine *engine;
    const Live *live;
    const guint8 *key;
    EnvironmentStatus *status;
    GHashTable *rows; /* address → ResourceStatus, borrowed */
} Survey;

static ResourceStatus *row_of(Survey *survey, const char *address, ResourceKind kind, const char *cluster,
                              const char *name) {
    ResourceStatus *row = g_hash_table_lookup(survey->rows, address);
    if (row != NULL)
        return row;
    row = g_new0(ResourceStatus, 1);
    row->address = g_strdup(address);
    row->kind = kind;
    row->cluster = g_strdup(cluster);
    row->name = g_strdup(name);
    row->drift = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_insert(survey->rows, row->address, row);
    g_ptr_array_add(survey->status->resources, row);
    return row;
}

static void add_drift(ResourceStatus *row, const char *key) {
    g_ptr_array_add(row->drift, g_strdup(key));
}

static void find_topic_drift(ResourceStatus *row, const KafkaTopic *live, const ResourceRecord *record) {
    gint64 partitions = json_get_integer(record->applied, "partitions", -1);
    if (partitions >= 0 && partitions != live->partitions)
        add_drift(row, "partitions");
    for (char **key = record->keys_once_set; *key != NULL; key++) {
        const char *applied = json_get_string(json_object_get(record->applied, "config"), *key);
        if (g_strcmp0(applied, g_hash_table_lookup(live->config, *key)) != 0)
            add_drift(row, *key);
    }
}

static void find_connector_drift(const Survey *survey, ResourceStatus *row, const Connector *live,
                                 const ResourceRecord *record) {
    const json_t *applied = json_object_get(record->applied, "config");
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)applied, key, value)
        if (!render_stored_matches(value, key, json_get_string(live->config, key), survey->key))
            add_drift(row, key);
    json_object_foreach (live->config, key, value)
        if (json_object_get(applied, key) == NULL)
            add_drift(row, key);
    if (g_strcmp0(json_get_string(record->applied, "state"), live_target_state(live)) != 0)
        add_drift(row, "state");
}

static void look_at_topic(const Survey *survey, ResourceStatus *row, const ResourceRecord *record) {
    const KafkaTopic *live = g_hash_table_lookup(survey->live->topics, row->name);
    row->health = live != NULL ? HEALTH_OK : HEALTH_MISSING;
    if (live == NULL)
        return;
    row->partitions = live->partitions;
    row->replication = live->replication;
    if (record != NULL)
        find_topic_drift(row, live, record);
}

static void count_tasks(ResourceStatus *row, const Connector *live) {
    row->tasks = live->tasks->len;
    for (guint i = 0; i < live->tasks->len; i++)
        row->running += g_strcmp0(((const ConnectTask *)live->tasks->pdata[i])->state, "RUNNING") == 0;
}

static Health judge(const ResourceStatus *row, const Connector *live) {
    if (strcmp(live_target_state(live), run_state_name(RUN_STATE_RUNNING)) != 0)
        return HEALTH_OFF;
    bool running = g_strcmp0(live->connector.state, "RUNNING") == 0;
    return running && row->tasks > 0 && row->running == row->tasks ? HEALTH_OK : HEALTH_PENDING;
}

/* The trace of what failed, without the values that are sensitive. */
static void take_trace(const Survey *survey, ResourceStatus *row, const Connector *live,
                       const ResourceRecord *record) {
    g_autofree char *trace = NULL;
    if (!health_has_failed(live, &trace))
        return;
    row->health = HEALTH_FAILED;
    if (trace == NULL)
        return;
    g_autoptr(GHashTable) sensitive = render_sensitive_keys(
        environment_find_connector(survey->engine->environment, row->address), record, NULL);
    g_autoptr(Secrets) secrets = secrets_new(live->config, sensitive);
    row->trace = secrets_redact(secrets, trace);
}

static void look_at_connector(const Survey *survey, ResourceStatus *row, const ResourceRecord *record) {
    const LiveCluster *cluster = live_cluster(survey->live, row->cluster);
    const Connector *live = cluster != NULL ? g_hash_table_lookup(cluster->connectors, row->name) : NULL;
    row->health = HEALTH_MISSING;
    if (live == NULL)
        return;
    row->state = g_strdup(live->connector.state != NULL ? live->connector.state : "UNASSIGNED");
    row->version = g_strdup(live->connector.version);
    count_tasks(row, live);
    row->health = judge(row, live);
    take_trace(survey, row, live, record);
    if (record != NULL)
        find_connector_drift(survey, row, live, record);
}

static void add_plugin(const Survey *survey, ResourceStatus *row, const DesiredConnector *connector) {
    if (connector->plugins->len == 0)
        return;
    const char *name = connector->plugins->pdata[0];
    const LockedPlugin *locked = lock_find_plugin(survey->engine->environment->lock, name);
    row->plugin = g_strdup(name);
    row->locked = locked != NULL ? g_strdup(locked_plugin_current(locked)->version) : NULL;
}

static void add_declared(Survey *survey) {
    const Environment *environment = survey->engine->environment;
    for (guint i = 0; i < environment->topics->len; i++) {
        const DesiredTopic *topic = environment->topics->pdata[i];
        row_of(survey, topic->address, RESOURCE_TOPIC, "kafka", topic->name)->declared = true;
    }
    for (guint i = 0; i < environment->connectors->len; i++) {
        const DesiredConnector *connector = environment->connectors->pdata[i];
        ResourceStatus *row =
            row_of(survey, connector->address, RESOURCE_CONNECTOR, connector->connect, connector->name);
        row->declared = true;
        add_plugin(survey, row, connector);
    }
}

static void add_owned(Survey *survey, GHashTable *resources) {
    GHashTableIter iterator;
    gpointer value;
    for (g_hash_table_iter_init(&iterator, resources); g_hash_table_iter_next(&iterator, NULL, &value);) {
        const ResourceRecord *record = value;
        ResourceStatus *row = row_of(survey, record->address, record->kind, record->cluster, record->name);
        row->managed = true;
        row->kept = record->kept;
        row->applied_at = g_strdup(record->at);
        row->applied_by = g_strdup(record->by);
        row->commit = g_strdup(record->commit);
    }
}

static void look(Survey *survey, GHashTable *resources) {
    for (guint i = 0; i < survey->status->resources->len; i++) {
        ResourceStatus *row = survey->status->resources->pdata[i];
        const ResourceRecord *record = g_hash_table_lookup(resources, row->address);
        if (row->kind == RESOURCE_TOPIC)
            look_at_topic(survey, row, record);
        else
            look_at_connector(survey, row, record);
        if (row->health == HEALTH_FAILED || (row->health == HEALTH_MISSING && row->declared))
            survey->status->failed = true;
    }
}

static bool add_lacking(Survey *survey, const LiveCluster *cluster, const LiveWorker *worker,
                        GError **error) {
    const Lock *lock = survey->engine->environment->lock;
    const char *name = cluster->cluster->declared->name;
    for (guint i = 0; i < lock->plugins->len; i++) {
        const LockedPlugin *plugin = lock->plugins->pdata[i];
        bool complete = true;
        if (installed_is_for(plugin, name) &&
            !installed_is_complete(survey->engine, lock, worker, plugin, &complete, NULL, error))
            return false;
        if (!complete)
            g_ptr_array_add(survey->status->missing,
                            g_strdup_printf("worker %s lacks a locked version of plugin '%s'", worker->url,
                                            plugin->name));
    }
    return true;
}

static bool add_missing(Survey *survey, const LiveCluster *cluster, GError **error) {
    for (guint i = 0; i < cluster->workers->len; i++) {
        const LiveWorker *worker = cluster->workers->pdata[i];
        if (worker->plugins == NULL) {
            g_ptr_array_add(survey->status->missing,
                            g_strdup_printf("worker %s does not answer: %s", worker->url, worker->problem));
            survey->status->failed = true;
        } else if (!add_lacking(survey, cluster, worker, error)) {
            return false;
        }
    }
    return true;
}

static void add_waiting(Survey *survey) {
    const GPtrArray *instances = survey->engine->environment->instances;
    for (guint i = 0; i < instances->len; i++) {
        const Instance *instance = instances->pdata[i];
        if (instance->waiting)
            g_ptr_array_add(survey->status->waiting, g_strdup(instance->name));
    }
}

static int by_address(gconstpointer left, gconstpointer right) {
    return strcmp((*(ResourceStatus *const *)left)->address, (*(ResourceStatus *const *)right)->address);
}

EnvironmentStatus *status_of(Engine *engine, const Live *live, GError **error) {
    g_autoptr(EnvironmentStatus) status = g_new0(EnvironmentStatus, 1);
    status->resources = g_ptr_array_new_with_free_func((GDestroyNotify)resource_status_free);
    status->waiting = g_ptr_array_new_with_free_func(g_free);
    status->missing = g_ptr_array_new_with_free_func(g_free);
    status->holder = state_holder(engine->state);
    g_autoptr(GPtrArray) history = state_history(engine->state);
    if (history->len > 0)
        status->last = history_record_ref(history->pdata[0]);
    g_autoptr(Recovery) recovery = recovery_of(engine, live);
    g_autoptr(GHashTable) rows = g_hash_table_new(g_str_hash, g_str_equal);
    Survey survey = {
        .engine = engine, .live = live, .key = engine_key(engine), .status = status, .rows = rows};
    add_declared(&survey);
    add_owned(&survey, recovery->resources);
    look(&survey, recovery->resources);
    add_waiting(&survey);
    for (guint i = 0; i < live->clusters->len; i++)
        if (!add_missing(&survey, live->clusters->pdata[i], error))
            return NULL;
    g_ptr_array_sort(status->resources, by_address);
    return g_steal_pointer(&status);
}
