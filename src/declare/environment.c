/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/hash.h"
#include "declare/declare.h"

static void free_topic(gpointer data) {
    DesiredTopic *topic = data;
    g_free(topic->address);
    g_free(topic->instance);
    g_free(topic->name);
    g_clear_pointer(&topic->config, g_hash_table_unref);
    g_free(topic);
}

static void free_connector(gpointer data) {
    DesiredConnector *connector = data;
    g_free(connector->address);
    g_free(connector->instance);
    g_free(connector->name);
    g_free(connector->class_name);
    g_clear_pointer(&connector->plugins, g_ptr_array_unref);
    g_free(connector->connect);
    g_clear_pointer(&connector->config, g_hash_table_unref);
    g_free(connector);
}

static void free_instance(gpointer data) {
    Instance *instance = data;
    g_free(instance->name);
    g_free(instance->source);
    g_free(instance->git);
    g_free(instance->folder);
    g_free(instance->commit);
    g_clear_pointer(&instance->plugins, g_ptr_array_unref);
    g_free(instance);
}

/* Overwritten before its memory is given back. */
static void free_secret(char *text) {
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    g_free(text);
}

static void free_text(gpointer text) {
    free_secret(text);
}

static void free_cluster(gpointer data) {
    ConnectCluster *cluster = data;
    g_free(cluster->name);
    g_free(cluster->url);
    g_strfreev(cluster->workers);
    g_free(cluster->username);
    free_secret(cluster->password);
    free_secret(cluster->bearer);
    g_free(cluster->ca);
    g_free(cluster->certificate);
    g_free(cluster->key);
    g_free(cluster->rollout.sandbox);
    g_free(cluster->rollout.plugins);
    g_strfreev(cluster->rollout.command);
    g_free(cluster->rollout.refused);
    g_free(cluster);
}

Environment *environment_new(const char *root, const char *name) {
    Environment *environment = g_new0(Environment, 1);
    environment->root = g_strdup(root);
    environment->state_base = g_strdup(root);
    environment->name = g_strdup(name);
    environment->kafka = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_text);
    environment->connect = g_ptr_array_new_with_free_func(free_cluster);
    environment->instances = g_ptr_array_new_with_free_func(free_instance);
    environment->topics = g_ptr_array_new_with_free_func(free_topic);
    environment->connectors = g_ptr_array_new_with_free_func(free_connector);
    environment->secret_texts = g_ptr_array_new_with_free_func(free_text);
    return environment;
}

void environment_free(Environment *environment) {
    if (environment == NULL)
        return;
    g_free(environment->project);
    g_free(environment->root);
    g_free(environment->state_base);
    g_free(environment->name);
    g_hash_table_unref(environment->kafka);
    g_ptr_array_unref(environment->connect);
    g_clear_pointer(&environment->repositories, g_ptr_array_unref);
    g_clear_pointer(&environment->plugins, g_ptr_array_unref);
    g_ptr_array_unref(environment->instances);
    g_ptr_array_unref(environment->topics);
    g_ptr_array_unref(environment->connectors);
    g_free(environment->state);
    if (environment->state_key != NULL)
        explicit_bzero(environment->state_key, HASH_KEY_SIZE);
    g_free(environment->state_key);
    g_free(environment->state_key_source);
    g_strfreev(environment->policy.approvers);
    g_free(environment->policy.drift);
    g_free(environment->policy.promotion);
    g_free(environment->lock_path);
    g_clear_pointer(&environment->lock, lock_free);
    g_free(environment->digest);
    g_strfreev(environment->files);
    g_free(environment->commit);
    g_ptr_array_unref(environment->secret_texts);
    g_free(environment);
}

DesiredTopic *environment_find_topic(const Environment *environment, const char *address) {
    for (guint i = 0; i < environment->topics->len; i++)
        if (g_str_equal(((DesiredTopic *)environment->topics->pdata[i])->address, address))
            return environment->topics->pdata[i];
    return NULL;
}

DesiredConnector *environment_find_connector(const Environment *environment, const char *address) {
    for (guint i = 0; i < environment->connectors->len; i++)
        if (g_str_equal(((DesiredConnector *)environment->connectors->pdata[i])->address, address))
            return environment->connectors->pdata[i];
    return NULL;
}

ConnectCluster *environment_find_connect(const Environment *environment, const char *name) {
    for (guint i = 0; i < environment->connect->len; i++) {
        ConnectCluster *cluster = environment->connect->pdata[i];
        if (g_str_equal(cluster->name, name))
            return cluster;
    }
    return NULL;
}
