/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One topic, one change: each function sends one administrative call and reads its one result.
 */
#include "kafka/client.h"

KafkaTopic *kafka_topic_new(const char *name, int partitions, int replication) {
    KafkaTopic *topic = g_new0(KafkaTopic, 1);
    topic->name = g_strdup(name);
    topic->partitions = partitions;
    topic->replication = replication;
    topic->config = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return topic;
}

void kafka_topic_free(KafkaTopic *topic) {
    if (topic == NULL)
        return;
    g_free(topic->name);
    g_hash_table_unref(topic->config);
    g_free(topic);
}

static char *describe(const char *verb, const char *name) {
    return g_strdup_printf("%s topic '%s'", verb, name);
}

/* The result for the one topic of a call. */
static bool check_result(Kafka *kafka, const rd_kafka_topic_result_t **results, gsize count, const char *what,
                         GError **error) {
    rd_kafka_resp_err_t code =
        count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    client_fail(kafka, error, code, count == 1 ? rd_kafka_topic_result_error_string(results[0]) : NULL, "%s",
                what);
    return false;
}

static rd_kafka_NewTopic_t *new_topic(Kafka *kafka, const KafkaTopic *topic, const char *what,
                                      GError **error) {
    char message[256] = "";
    g_autoptr(rd_kafka_NewTopic_t) made =
        rd_kafka_NewTopic_new(topic->name, topic->partitions, topic->replication, message, sizeof message);
    if (made == NULL) {
        client_fail(kafka, error, RD_KAFKA_RESP_ERR__INVALID_ARG, message, "%s", what);
        return NULL;
    }
    GHashTableIter iterator;
    gpointer key, value;
    if (topic->config != NULL)
        g_hash_table_iter_init(&iterator, topic->config);
    while (topic->config != NULL && g_hash_table_iter_next(&iterator, &key, &value))
        rd_kafka_NewTopic_set_config(made, key, value);
    return g_steal_pointer(&made);
}

bool kafka_create_topic(Kafka *kafka, const KafkaTopic *topic, guint timeout_ms, GError **error) {
    g_autofree char *what = describe("create", topic->name);
    g_autoptr(rd_kafka_NewTopic_t) request = new_topic(kafka, topic, what, error);
    if (request == NULL)
        return false;
    g_auto(AdminCall) call = admin_call_new(kafka, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
    rd_kafka_CreateTopics(kafka->handle, &request, 1, call.options, call.queue);
    g_autoptr(rd_kafka_event_t) event = admin_call_wait(kafka, &call, what, error);
    if (event == NULL)
        return false;
    gsize count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    return check_result(kafka, results, count, what, error);
}

bool kafka_add_partitions(Kafka *kafka, const char *name, int total, guint timeout_ms, GError **error) {
    g_autofree char *what = describe("add partitions to", name);
    char message[256] = "";
    g_autoptr(rd_kafka_NewPartitions_t) request =
        rd_kafka_NewPartitions_new(name, (size_t)MAX(total, 0), message, sizeof message);
    if (request == NULL) {
        client_fail(kafka, error, RD_KAFKA_RESP_ERR__INVALID_ARG, message, "%s", what);
        return false;
    }
    g_auto(AdminCall) call = admin_call_new(kafka, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, timeout_ms);
    rd_kafka_CreatePartitions(kafka->handle, &request, 1, call.options, call.queue);
    g_autoptr(rd_kafka_event_t) event = admin_call_wait(kafka, &call, what, error);
    if (event == NULL)
        return false;
    gsize count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count);
    return check_result(kafka, results, count, what, error);
}

bool kafka_delete_topic(Kafka *kafka, const char *name, guint timeout_ms, GError **error) {
    g_autofree char *what = describe("delete", name);
    g_autoptr(rd_kafka_DeleteTopic_t) request = rd_kafka_DeleteTopic_new(name);
    g_auto(AdminCall) call = admin_call_new(kafka, RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout_ms);
    rd_kafka_DeleteTopics(kafka->handle, &request, 1, call.options, call.queue);
    g_autoptr(rd_kafka_event_t) event = admin_call_wait(kafka, &call, what, error);
    if (event == NULL)
        return false;
    gsize count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    if (count == 1 && rd_kafka_topic_result_error(results[0]) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return true;
    return check_result(kafka, results, count, what, error);
}

static bool add_change(Kafka *kafka, rd_kafka_ConfigResource_t *resource, const char *key, const char *value,
                       const char *what, GError **error) {
    rd_kafka_AlterConfigOpType_t operation =
        value != NULL ? RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET : RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE;
    rd_kafka_error_t *problem =
        rd_kafka_ConfigResource_add_incremental_config(resource, key, operation, value);
    if (problem == NULL)
        return true;
    client_fail(kafka, error, rd_kafka_error_code(problem), rd_kafka_error_string(problem), "%s", what);
    rd_kafka_error_destroy(problem);
    return false;
}

static bool add_changes(Kafka *kafka, rd_kafka_ConfigResource_t *resource, GHashTable *set,
                        const char *const *unset, const char *what, GError **error) {
    GHashTableIter iterator;
    gpointer key, value;
    if (set != NULL)
        g_hash_table_iter_init(&iterator, set);
    while (set != NULL && g_hash_table_iter_next(&iterator, &key, &value))
        if (!add_change(kafka, resource, key, value, what, error))
            return false;
    for (gsize i = 0; unset != NULL && unset[i] != NULL; i++)
        if (!add_change(kafka, resource, unset[i], NULL, what, error))
            return false;
    return true;
}

bool kafka_alter_config(Kafka *kafka, const char *name, GHashTable *set, const char *const *unset,
                        guint timeout_ms, GError **error) {
    bool nothing = (set == NULL || g_hash_table_size(set) == 0) && (unset == NULL || unset[0] == NULL);
    if (nothing)
        return true;
    g_autofree char *what = describe("change the config of", name);
    g_autoptr(rd_kafka_ConfigResource_t) request = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    if (!add_changes(kafka, request, set, unset, what, error))
        return false;
    g_auto(AdminCall) call = admin_call_new(kafka, RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS, timeout_ms);
    rd_kafka_IncrementalAlterConfigs(kafka->handle, &request, 1, call.options, call.queue);
    g_autoptr(rd_kafka_event_t) event = admin_call_wait(kafka, &call, what, error);
    if (event == NULL)
        return false;
    gsize count;
    const rd_kafka_ConfigResource_t **results = rd_kafka_IncrementalAlterConfigs_result_resources(
        rd_kafka_event_IncrementalAlterConfigs_result(event), &count);
    rd_kafka_resp_err_t code =
        count == 1 ? rd_kafka_ConfigResource_error(results[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    client_fail(kafka, error, code, count == 1 ? rd_kafka_ConfigResource_error_string(results[0]) : NULL,
                "%s", what);
    return false;
}
