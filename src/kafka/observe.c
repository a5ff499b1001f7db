/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cluster has: one metadata request, and DescribeConfigs in batches for the keys that matter.
 */
#include "kafka/client.h"

#define BATCH 500

static bool exists(const rd_kafka_metadata_topic_t *topic) {
    return topic->err == RD_KAFKA_RESP_ERR_NO_ERROR || topic->err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

static KafkaTopic *topic_from_metadata(const rd_kafka_metadata_topic_t *topic) {
    int replication = topic->partition_cnt > 0 ? topic->partitions[0].replica_cnt : 0;
    return kafka_topic_new(topic->topic, topic->partition_cnt, replication);
}

static void add_topics(const struct rd_kafka_metadata *metadata, GHashTable *wanted, GHashTable *found,
                       GHashTable *names) {
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const rd_kafka_metadata_topic_t *topic = &metadata->topics[i];
        if (!exists(topic))
            continue;
        if (names != NULL)
            g_hash_table_add(names, g_strdup(topic->topic));
        if (g_hash_table_contains(wanted, topic->topic))
            g_hash_table_insert(found, g_strdup(topic->topic), topic_from_metadata(topic));
    }
}

static bool read_metadata(Kafka *kafka, gint64 deadline, GHashTable *wanted, GHashTable *found,
                          GHashTable *names, GError **error) {
    if (!client_connect(kafka, deadline, error))
        return false;
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(kafka->handle, 1, NULL, &metadata, client_remaining_ms(deadline));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        client_fail(kafka, error, code, NULL, "list the topics of Kafka at '%s'", kafka->servers);
        return false;
    }
    add_topics(metadata, wanted, found, names);
    rd_kafka_metadata_destroy(metadata);
    return true;
}

/* Asks for the named keys alone: all of them are three times the time and twice the memory. */
static rd_kafka_ConfigResource_t *ask_for(const char *name, GHashTable *keys) {
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    GHashTableIter iterator;
    gpointer key;
    g_hash_table_iter_init(&iterator, keys);
    while (g_hash_table_iter_next(&iterator, &key, NULL))
        rd_kafka_ConfigResource_set_config(resource, key, "");
    return resource;
}

static GPtrArray *questions(GHashTable *wanted, GHashTable *found) {
    GPtrArray *resources = g_ptr_array_new_with_free_func((GDestroyNotify)rd_kafka_ConfigResource_destroy);
    GHashTableIter iterator;
    gpointer name;
    g_hash_table_iter_init(&iterator, found);
    while (g_hash_table_iter_next(&iterator, &name, NULL)) {
        GHashTable *keys = g_hash_table_lookup(wanted, name);
        if (keys != NULL && g_hash_table_size(keys) > 0)
            g_ptr_array_add(resources, ask_for(name, keys));
    }
    return resources;
}

static void keep_configs(const rd_kafka_ConfigResource_t *resource, KafkaTopic *topic) {
    gsize count;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (gsize i = 0; i < count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (rd_kafka_ConfigEntry_source(entries[i]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG &&
            value != NULL)
            g_hash_table_replace(topic->config, g_strdup(rd_kafka_ConfigEntry_name(entries[i])),
                                 g_strdup(value));
    }
}

/* A topic that went between the two requests is not there. */
static bool keep_answer(Kafka *kafka, const rd_kafka_ConfigResource_t *resource, GHashTable *found,
                        GError **error) {
    const char *name = rd_kafka_ConfigResource_name(resource);
    rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resource);
    KafkaTopic *topic = g_hash_table_lookup(found, name);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        g_hash_table_remove(found, name);
        return true;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        client_fail(kafka, error, code, rd_kafka_ConfigResource_error_string(resource),
                    "read the config of topic '%s'", name);
        return false;
    }
    if (topic != NULL)
        keep_configs(resource, topic);
    return true;
}

static bool read_batch(Kafka *kafka, rd_kafka_ConfigResource_t **resources, gsize count, gint64 deadline,
                       GHashTable *found, GError **error) {
    g_autofree char *what =
        g_strdup_printf("read the config of topic '%s'%s", rd_kafka_ConfigResource_name(resources[0]),
                        count > 1 ? " and others" : "");
    g_auto(AdminCall) call =
        admin_call_new(kafka, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, (guint)client_remaining_ms(deadline));
    rd_kafka_DescribeConfigs(kafka->handle, resources, count, call.options, call.queue);
    g_autoptr(rd_kafka_event_t) event = admin_call_wait(kafka, &call, what, error);
    if (event == NULL)
        return false;
    gsize answered;
    const rd_kafka_ConfigResource_t **answers =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &answered);
    for (gsize i = 0; i < answered; i++)
        if (!keep_answer(kafka, answers[i], found, error))
            return false;
    return true;
}

static bool read_configs(Kafka *kafka, gint64 deadline, GHashTable *wanted, GHashTable *found,
                         GError **error) {
    g_autoptr(GPtrArray) resources = questions(wanted, found);
    for (guint i = 0; i < resources->len; i += BATCH) {
        rd_kafka_ConfigResource_t **batch = (rd_kafka_ConfigResource_t **)&resources->pdata[i];
        if (!read_batch(kafka, batch, MIN(BATCH, resources->len - i), deadline, found, error))
            return false;
    }
    return true;
}

GHashTable *kafka_observe(Kafka *kafka, GHashTable *wanted, GHashTable **all_names, guint timeout_ms,
                          GError **error) {
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    g_autoptr(GHashTable) found =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)kafka_topic_free);
    g_autoptr(GHashTable) names =
        all_names != NULL ? g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) : NULL;
    if (!read_metadata(kafka, deadline, wanted, found, names, error) ||
        !read_configs(kafka, deadline, wanted, found, error))
        return NULL;
    if (all_names != NULL)
        *all_names = g_steal_pointer(&names);
    return g_steal_pointer(&found);
}
