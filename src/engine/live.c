/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/live.h"

#include <string.h>

#include "base/hash.h"
#include "engine/parallel.h"
#include "engine/render.h"

#define OBSERVE_TIMEOUT_MS 30000
#define OBSERVE_AT_ONCE 8

static void live_worker_free(LiveWorker *worker) {
    g_clear_pointer(&worker->plugins, g_ptr_array_unref);
    g_free(worker->problem);
    g_free(worker);
}

static void live_cluster_free(LiveCluster *cluster) {
    connect_info_free(cluster->info);
    g_clear_pointer(&cluster->connectors, g_hash_table_unref);
    g_ptr_array_unref(cluster->workers);
    g_free(cluster);
}

void live_free(Live *live) {
    if (live == NULL)
        return;
    g_clear_pointer(&live->topics, g_hash_table_unref);
    g_ptr_array_unref(live->clusters);
    g_free(live->kafka_cluster);
    g_free(live);
}

/* One question to one server; all of them are asked side by side. */
typedef struct {
    Engine *engine;
    Live *live;
    LiveCluster *cluster; /* NULL: Kafka is asked */
    LiveWorker *worker;   /* NULL: the cluster's connectors are asked */
    Connect *client;      /* of the worker */
    GError *error;
} Question;

static void question_free(Question *question) {
    g_clear_error(&question->error);
    g_free(question);
}

static void want_topic(GHashTable *wanted, const char *name, GHashTable *keys_of, char **more_keys) {
    GHashTable *keys = g_hash_table_lookup(wanted, name);
    if (keys == NULL) {
        keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(wanted, g_strdup(name), keys);
    }
    GHashTableIter iterator;
    gpointer key;
    if (keys_of != NULL)
        for (g_hash_table_iter_init(&iterator, keys_of); g_hash_table_iter_next(&iterator, &key, NULL);)
            g_hash_table_add(keys, g_strdup(key));
    for (; more_keys != NULL && *more_keys != NULL; more_keys++)
        g_hash_table_add(keys, g_strdup(*more_keys));
}

static void want_owned_topic(GHashTable *wanted, const ResourceRecord *record) {
    if (record != NULL && record->kind == RESOURCE_TOPIC)
        want_topic(wanted, record->name, NULL, record->keys_once_set);
}

/* Topics that are declared or owned, each with the config keys that are, or once were, ours. */
static GHashTable *wanted_topics(Engine *engine) {
    GHashTable *wanted =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    const GPtrArray *topics = engine->environment->topics;
    for (guint i = 0; i < topics->len; i++) {
        const DesiredTopic *topic = topics->pdata[i];
        want_topic(wanted, topic->name, topic->config, NULL);
    }
    g_autoptr(GPtrArray) resources = state_resources(engine->state);
    for (guint i = 0; i < resources->len; i++)
        want_owned_topic(wanted, resources->pdata[i]);
    g_autoptr(GPtrArray) intents = state_intents(engine->state);
    for (guint i = 0; i < intents->len; i++)
        want_owned_topic(wanted, ((const IntentRecord *)intents->pdata[i])->record_after);
    return wanted;
}

static bool ask_kafka(Question *question, GError **error) {
    Kafka *kafka = question->engine->kafka;
    g_autoptr(GHashTable) wanted = wanted_topics(question->engine);
    question->live->kafka_cluster = kafka_cluster_id(kafka, OBSERVE_TIMEOUT_MS, error);
    if (question->live->kafka_cluster == NULL)
        return false;
    question->live->topics = kafka_observe(kafka, wanted, NULL, OBSERVE_TIMEOUT_MS, error);
    return question->live->topics != NULL;
}

static bool ask_cluster(Question *question, const ConnectCall *call, GError **error) {
    Connect *connect = question->cluster->cluster->connect;
    question->cluster->info = connect_info(connect, call, error);
    if (question->cluster->info == NULL)
        return false;
    question->cluster->connectors = connect_list(connect, call, error);
    return question->cluster->connectors != NULL;
}

static void ask_worker(Question *question, const ConnectCall *call) {
    g_autoptr(GError) error = NULL;
    question->worker->plugins = connect_plugins(question->client, call, &error);
    if (question->worker->plugins == NULL)
        question->worker->problem = g_strdup(error->message);
}

static void ask(gpointer data, gpointer user_data) {
    Question *question = data;
    const ConnectCall call = {.deadline_ms = OBSERVE_TIMEOUT_MS,
                              .cancellable = question->engine->options.abort};
    if (question->cluster == NULL) {
        if (!ask_kafka(question, &question->error))
            g_prefix_error(&question->error, "cannot look at the topics: ");
    } else if (question->worker == NULL) {
        if (!ask_cluster(question, &call, &question->error))
            g_prefix_error(&question->error, "cannot list the connectors of '%s': ",
                           question->cluster->cluster->declared->name);
    } else {
        ask_worker(question, &call);
    }
}

static void add_question(GPtrArray *questions, Engine *engine, Live *live, LiveCluster *cluster,
                         LiveWorker *worker, Connect *client) {
    Question *question = g_new0(Question, 1);
    *question =
        (Question){.engine = engine, .live = live, .cluster = cluster, .worker = worker, .client = client};
    g_ptr_array_add(questions, question);
}

static void add_cluster(GPtrArray *questions, Engine *engine, Live *live, EngineCluster *engine_cluster) {
    LiveCluster *cluster = g_new0(LiveCluster, 1);
    cluster->cluster = engine_cluster;
    cluster->workers = g_ptr_array_new_with_free_func((GDestroyNotify)live_worker_free);
    g_ptr_array_add(live->clusters, cluster);
    add_question(questions, engine, live, cluster, NULL, NULL);
    for (guint i = 0; i < engine_cluster->workers->len; i++) {
        LiveWorker *worker = g_new0(LiveWorker, 1);
        Connect *client = engine_cluster->workers->pdata[i];
        worker->url = connect_url(client);
        g_ptr_array_add(cluster->workers, worker);
        add_question(questions, engine, live, cluster, worker, client);
    }
}

static bool guard_clusters(Engine *engine, const Live *live, GError **error) {
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < live->clusters->len; i++) {
        const LiveCluster *cluster = live->clusters->pdata[i];
        if (cluster->info->cluster != NULL)
            g_hash_table_insert(ids, cluster->cluster->declared->name, cluster->info->cluster);
    }
    return state_check_clusters(engine->state, live->kafka_cluster, ids, error);
}

Live *live_observe(Engine *engine, GError **error) {
    engine_progress(engine, "looking at %s", engine->environment->name);
    g_autoptr(Live) live = g_new0(Live, 1);
    live->clusters = g_ptr_array_new_with_free_func((GDestroyNotify)live_cluster_free);
    g_autoptr(GPtrArray) questions = g_ptr_array_new_with_free_func((GDestroyNotify)question_free);
    if (engine->kafka != NULL)
        add_question(questions, engine, live, NULL, NULL, NULL);
    else
        live->topics = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < engine->clusters->len; i++)
        add_cluster(questions, engine, live, engine->clusters->pdata[i]);
    parallel_each(questions->pdata, questions->len, OBSERVE_AT_ONCE, NULL, ask, NULL);
    for (guint i = 0; i < questions->len; i++) {
        Question *question = questions->pdata[i];
        if (question->error != NULL) {
            g_propagate_error(error, g_steal_pointer(&question->error));
            return NULL;
        }
    }
    return guard_clusters(engine, live, error) ? g_steal_pointer(&live) : NULL;
}

LiveCluster *live_cluster(const Live *live, const char *name) {
    for (guint i = 0; i < live->clusters->len; i++) {
        LiveCluster *cluster = live->clusters->pdata[i];
        if (strcmp(cluster->cluster->declared->name, name) == 0)
            return cluster;
    }
    return NULL;
}

const GPtrArray *live_worker_plugins(const Live *live, const char *cluster, const char *url) {
    const LiveCluster *found = live_cluster(live, cluster);
    for (guint i = 0; found != NULL && i < found->workers->len; i++) {
        const LiveWorker *worker = found->workers->pdata[i];
        if (strcmp(worker->url, url) == 0)
            return worker->plugins;
    }
    return NULL;
}

void live_note_rollout(Live *after, const Live *before, const char *cluster) {
    const LiveCluster *rolled = live_cluster(after, cluster);
    for (guint i = 0; rolled != NULL && i < rolled->workers->len; i++) {
        LiveWorker *worker = rolled->workers->pdata[i];
        worker->before = live_worker_plugins(before, cluster, worker->url);
    }
}

const char *live_state_name(RunState state) {
    static const char *const names[] = {
        [RUN_STATE_RUNNING] = "RUNNING", [RUN_STATE_PAUSED] = "PAUSED", [RUN_STATE_STOPPED] = "STOPPED"};
    return names[state];
}

const char *live_target_state(const Connector *connector) {
    const char *state = connector->connector.state;
    if (g_strcmp0(state, "PAUSED") == 0)
        return run_state_name(RUN_STATE_PAUSED);
    if (g_strcmp0(state, "STOPPED") == 0)
        return run_state_name(RUN_STATE_STOPPED);
    return run_state_name(RUN_STATE_RUNNING);
}

char *live_hash_connector(const guint8 *key, const Connector *connector) {
    return connector == NULL ? g_strdup("absent")
                             : render_hash(key, connector->config, live_target_state(connector));
}

char *live_hash_topic(const guint8 *key, const KafkaTopic *topic) {
    if (topic == NULL)
        return g_strdup("absent");
    g_autoptr(json_t) config = json_object();
    GHashTableIter iterator;
    gpointer name, text;
    for (g_hash_table_iter_init(&iterator, topic->config); g_hash_table_iter_next(&iterator, &name, &text);)
        json_object_set_new(config, name, json_string(text));
    g_autoptr(json_t) value = json_pack("{s:O,s:i,s:i}", "config", config, "partitions", topic->partitions,
                                        "replication", topic->replication);
    g_autofree char *canonical = json_canonical(value);
    return hash_keyed(key, "topic", canonical);
}
