/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connector.h"

#include <string.h>

#include "connect/secrets.h"

static void task_clear(ConnectTask *task) {
    g_free(task->state);
    g_free(task->worker);
    g_free(task->version);
    g_free(task->trace);
}

static void task_free(ConnectTask *task) {
    task_clear(task);
    g_free(task);
}

void connector_free(Connector *connector) {
    if (connector == NULL)
        return;
    g_free(connector->name);
    g_free(connector->type);
    json_decref(connector->config);
    task_clear(&connector->connector);
    g_ptr_array_unref(connector->tasks);
    g_free(connector);
}

/* An object of strings without "name", which only GET adds. */
static json_t *config_of(const json_t *info) {
    json_t *config = json_object();
    const char *key;
    json_t *value;
    json_object_foreach (json_object_get(info, "config"), key, value) {
        if (json_is_string(value) && strcmp(key, "name") != 0)
            json_object_set(config, key, value);
    }
    return config;
}

/* Most have no trace, and finding the secrets of a config takes longer than all the rest of reading it. */
static char *clean_trace(const char *trace, const json_t *config) {
    if (trace == NULL)
        return NULL;
    g_autoptr(Secrets) secrets = secrets_new(config, NULL);
    return secrets_redact(secrets, trace);
}

static ConnectTask task_of(const json_t *status, int id, const json_t *config) {
    return (ConnectTask){
        .id = id,
        .state = g_strdup(json_get_string(status, "state")),
        .worker = g_strdup(json_get_string(status, "worker_id")),
        .version = g_strdup(json_get_string(status, "version")),
        .trace = clean_trace(json_get_string(status, "trace"), config),
    };
}

static int by_id(gconstpointer left, gconstpointer right) {
    const ConnectTask *one = *(const ConnectTask *const *)left;
    const ConnectTask *other = *(const ConnectTask *const *)right;
    return (one->id > other->id) - (one->id < other->id);
}

static void add_tasks(Connector *connector, const json_t *status) {
    gsize index;
    json_t *entry;
    json_array_foreach (json_object_get(status, "tasks"), index, entry) {
        ConnectTask *task = g_new0(ConnectTask, 1);
        *task = task_of(entry, (int)json_get_integer(entry, "id", -1), connector->config);
        g_ptr_array_add(connector->tasks, task);
    }
    g_ptr_array_sort(connector->tasks, by_id);
}

Connector *connector_parse(const char *name, const json_t *info, const json_t *status) {
    if (!json_is_object(json_object_get(info, "config")))
        return NULL;
    const char *type = json_get_string(info, "type");
    Connector *connector = g_new0(Connector, 1);
    connector->name = g_strdup(name);
    connector->type = g_strdup(type != NULL ? type : json_get_string(status, "type"));
    connector->config = config_of(info);
    connector->tasks = g_ptr_array_new_with_free_func((GDestroyNotify)task_free);
    connector->connector = task_of(json_object_get(status, "connector"), -1, connector->config);
    add_tasks(connector, status);
    return connector;
}

GHashTable *connectors_parse(const json_t *answer) {
    g_autoptr(GHashTable) connectors =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)connector_free);
    const char *name;
    json_t *entry;
    json_object_foreach ((json_t *)answer, name, entry) {
        Connector *connector =
            connector_parse(name, json_object_get(entry, "info"), json_object_get(entry, "status"));
        if (connector == NULL)
            return NULL;
        g_hash_table_insert(connectors, connector->name, connector);
    }
    return g_steal_pointer(&connectors);
}

GArray *task_ids_parse(const json_t *answer) {
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int));
    gsize index;
    json_t *entry;
    json_array_foreach (answer, index, entry) {
        int id = (int)json_get_integer(json_object_get(entry, "id"), "task", -1);
        if (id < 0)
            return NULL;
        g_array_append_val(ids, id);
    }
    return g_steal_pointer(&ids);
}
