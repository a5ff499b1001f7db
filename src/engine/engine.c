/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <string.h>

ERROR_DEFINE_DOMAIN(engine)

#define DEFAULT_PARALLELISM 10

static void engine_cluster_free(EngineCluster *cluster) {
    connect_free(cluster->connect);
    g_ptr_array_unref(cluster->workers);
    g_free(cluster);
}

static EngineCluster *open_cluster(const ConnectCluster *declared) {
    const HttpCredentials credentials = {
        .username = declared->username,
        .password = declared->password,
        .bearer = declared->bearer,
        .ca = declared->ca,
        .certificate = declared->certificate,
        .key = declared->key,
    };
    EngineCluster *cluster = g_new0(EngineCluster, 1);
    cluster->declared = declared;
    cluster->connect = connect_new(declared->url, &credentials);
    cluster->workers = g_ptr_array_new_with_free_func((GDestroyNotify)connect_free);
    for (char **url = declared->workers; *url != NULL; url++)
        g_ptr_array_add(cluster->workers, connect_new(*url, &credentials));
    return cluster;
}

Engine *engine_open(const EngineOptions *options, GError **error) {
    const Environment *environment = options->environment;
    g_autoptr(Engine) engine = g_new0(Engine, 1);
    engine->options = *options;
    if (engine->options.parallelism == 0)
        engine->options.parallelism = DEFAULT_PARALLELISM;
    engine->environment = environment;
    engine->clusters = g_ptr_array_new_with_free_func((GDestroyNotify)engine_cluster_free);
    g_mutex_init(&engine->artifacts_lock);
    engine->artifacts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
    engine->store = store_open(environment->state, environment->state_base, error);
    if (engine->store == NULL)
        return NULL;
    engine->state = state_open(engine->store, environment->project, environment->name, error);
    if (engine->state == NULL)
        return NULL;
    if (g_hash_table_size(environment->kafka) > 0) {
        engine->kafka = kafka_open(environment->kafka, error);
        if (engine->kafka == NULL)
            return NULL;
    }
    for (guint i = 0; i < environment->connect->len; i++)
        g_ptr_array_add(engine->clusters, open_cluster(environment->connect->pdata[i]));
    return g_steal_pointer(&engine);
}

void engine_close(Engine *engine) {
    if (engine == NULL)
        return;
    g_clear_pointer(&engine->clusters, g_ptr_array_unref);
    g_hash_table_unref(engine->artifacts);
    g_mutex_clear(&engine->artifacts_lock);
    kafka_close(engine->kafka);
    state_close(engine->state);
    store_close(engine->store);
    g_free(engine);
}

EngineCluster *engine_cluster(const Engine *engine, const char *name) {
    for (guint i = 0; i < engine->clusters->len; i++) {
        EngineCluster *cluster = engine->clusters->pdata[i];
        if (strcmp(cluster->declared->name, name) == 0)
            return cluster;
    }
    return NULL;
}

void engine_progress(const Engine *engine, const char *format, ...) {
    if (engine->options.progress == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    engine->options.progress(text, engine->options.user_data);
}

static void say_waiting(const char *who, gpointer user_data) {
    engine_progress(user_data, "waiting: %s", who);
}

bool engine_begin(Engine *engine, const StateCommand *command, GError **error) {
    const Environment *environment = engine->environment;
    g_autofree char *what = g_strdup_printf("%s %s", command->command, environment->name);
    const LeaseRequest lease = {
        .by = engine->options.by,
        .command = what,
        .ttl_ms = environment->timing.lease_ms,
        .heartbeat_ms = environment->timing.heartbeat_ms,
        .wait_ms = engine->options.lease_wait_ms,
        .waiting = say_waiting,
        .user_data = engine,
        .cancellable = engine->options.stop,
    };
    return state_begin(engine->state, command, &lease, error);
}

const guint8 *engine_key(const Engine *engine) {
    return engine->environment->state_key != NULL ? engine->environment->state_key
                                                  : state_meta(engine->state)->key;
}

bool engine_target_covers(const char *target, const char *address) {
    gsize length = strlen(target);
    while (length > 0 && target[length - 1] == '/')
        length--;
    return strncmp(target, address, length) == 0 && strchr("/[", address[length]) != NULL;
}

bool engine_is_target(const Engine *engine, const char *address) {
    const char *const *targets = engine->options.targets;
    if (targets == NULL || *targets == NULL)
        return true;
    for (; *targets != NULL; targets++)
        if (engine_target_covers(*targets, address))
            return true;
    return false;
}
