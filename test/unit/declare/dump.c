/* SPDX-License-Identifier: Apache-2.0 */
#include "dump.h"

#include <string.h>

#include "base/json.h"

static const Environment *dumped; /* whose paths are made relative */

static json_t *text(const char *value) {
    if (value == NULL)
        return json_null();
    g_auto(GStrv) parts = g_strsplit(value, dumped->root, -1);
    g_autofree char *relative = g_strjoinv("ROOT", parts);
    return json_string(relative);
}

static json_t *texts(GPtrArray *values) {
    json_t *list = json_array();
    for (guint i = 0; i < values->len; i++)
        json_array_append_new(list, text(values->pdata[i]));
    return list;
}

static json_t *vector(char **values) {
    json_t *list = json_array();
    for (guint i = 0; values != NULL && values[i] != NULL; i++)
        json_array_append_new(list, text(values[i]));
    return list;
}

static json_t *config(GHashTable *values) {
    json_t *object = json_object();
    GHashTableIter iterator;
    gpointer key, value;
    g_hash_table_iter_init(&iterator, values);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        const Value *rendered = value;
        json_object_set_new(object, key, text(rendered->sensitive ? "(sensitive)" : rendered->text));
    }
    return object;
}

static json_t *properties(GHashTable *values) {
    json_t *object = json_object();
    GHashTableIter iterator;
    gpointer key, value;
    g_hash_table_iter_init(&iterator, values);
    while (g_hash_table_iter_next(&iterator, &key, &value))
        json_object_set_new(object, key, text(value));
    return object;
}

static json_t *topic(const DesiredTopic *topic) {
    return json_pack("{s:o, s:o, s:o, s:i, s:i, s:o, s:s, s:b}", "address", text(topic->address), "instance",
                     text(topic->instance), "name", text(topic->name), "partitions", topic->partitions,
                     "replication", topic->replication, "config", config(topic->config), "on_remove",
                     on_remove_name(topic->on_remove), "protected", topic->protected);
}

static json_t *connector(const DesiredConnector *connector) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:s, s:o, s:s, s:b}", "address",
                     text(connector->address), "instance", text(connector->instance), "name",
                     text(connector->name), "class", text(connector->class_name), "plugins",
                     texts(connector->plugins), "connect", text(connector->connect), "tasks",
                     connector->tasks, "state", run_state_name(connector->state), "config",
                     config(connector->config), "on_remove", on_remove_name(connector->on_remove),
                     "protected", connector->protected);
}

static json_t *cluster(const ConnectCluster *cluster) {
    return json_pack("{s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:i, s:o, s:o, s:o}", "name",
                     text(cluster->name), "url", text(cluster->url), "workers", vector(cluster->workers),
                     "username", text(cluster->username), "password", cluster->password != NULL, "bearer",
                     cluster->bearer != NULL, "ca", text(cluster->ca), "certificate",
                     text(cluster->certificate), "key", text(cluster->key), "rollout", cluster->rollout.kind,
                     "sandbox", text(cluster->rollout.sandbox), "folder", text(cluster->rollout.plugins),
                     "command", vector(cluster->rollout.command));
}

static json_t *plugin(const PluginRequest *request) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", text(request->name), "maven",
                     text(request->maven), "url", text(request->url), "file", text(request->file), "version",
                     text(request->version), "repository", text(request->repository), "sha256",
                     text(request->sha256), "connect", texts(request->connect));
}

static json_t *repository(const RepositorySpec *spec) {
    return json_pack("{s:o, s:o, s:b}", "id", text(spec->id), "url", text(spec->url), "password",
                     spec->password != NULL || spec->token != NULL);
}

static json_t *instance(const Instance *instance) {
    return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o}", "name", text(instance->name), "source",
                     text(instance->source), "folder", text(instance->folder), "commit",
                     text(instance->commit), "waiting", instance->waiting, "plugins",
                     texts(instance->plugins));
}

typedef json_t *(*Dump)(gconstpointer item);

static json_t *each(GPtrArray *items, Dump dump) {
    json_t *list = json_array();
    for (guint i = 0; i < items->len; i++)
        json_array_append_new(list, dump(items->pdata[i]));
    return list;
}

char *environment_dump(const Environment *environment) {
    dumped = environment;
    g_autoptr(json_t) object = json_object();
    json_object_set_new(object, "project", text(environment->project));
    json_object_set_new(object, "name", text(environment->name));
    json_object_set_new(object, "first", json_boolean(environment->first));
    json_object_set_new(object, "state", text(environment->state));
    json_object_set_new(object, "kafka", properties(environment->kafka));
    json_object_set_new(object, "connect", each(environment->connect, (Dump)cluster));
    json_object_set_new(object, "repositories", each(environment->repositories, (Dump)repository));
    json_object_set_new(object, "plugins", each(environment->plugins, (Dump)plugin));
    json_object_set_new(object, "instances", each(environment->instances, (Dump)instance));
    json_object_set_new(object, "topics", each(environment->topics, (Dump)topic));
    json_object_set_new(object, "connectors", each(environment->connectors, (Dump)connector));
    const Timing *timing = &environment->timing;
    json_object_set_new(object, "timing",
                        json_pack("[i, i, i, i]", timing->settle_ms, timing->deadline_ms, timing->lease_ms,
                                  timing->heartbeat_ms));
    const Policy *policy = &environment->policy;
    json_object_set_new(object, "policy",
                        json_pack("{s:i, s:b, s:o, s:I, s:s, s:s}", "approvals", policy->approvals, "written",
                                  policy->written, "approvers", vector(policy->approvers), "expires",
                                  (json_int_t)policy->expires_ms, "drift", policy->drift, "promotion",
                                  policy->promotion));
    return json_pretty(object);
}
