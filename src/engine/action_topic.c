/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/action.h"

#define TOPIC_TIMEOUT_MS 30000

static int declared_or(int declared, int otherwise) {
    return declared >= 0 ? declared : otherwise;
}

/* The topic as it will be, so far as it is known. */
static KafkaTopic *topic_after(const PlanAction *action) {
    const DesiredTopic *desired = action->topic;
    const KafkaTopic *live = action->live_topic;
    KafkaTopic *topic =
        kafka_topic_new(desired->name, declared_or(desired->partitions, live != NULL ? live->partitions : -1),
                        declared_or(desired->replication, live != NULL ? live->replication : -1));
    GHashTableIter iterator;
    gpointer key, value;
    for (g_hash_table_iter_init(&iterator, desired->config); g_hash_table_iter_next(&iterator, &key, &value);)
        g_hash_table_insert(topic->config, g_strdup(key), g_strdup(((const Value *)value)->text));
    return topic;
}

bool action_prepare_topic(ActionRun *run) {
    const guint8 *key = engine_key(run->engine);
    run->before = g_strdup(run->action->base_live);
    if (run->action->operation == PLAN_DELETE) {
        run->after = g_strdup("absent");
        run->uid = g_strdup(run->action->record->uid);
        return true;
    }
    run->record_after = action_record(run, RESOURCE_TOPIC);
    render_topic_record(run->record_after, run->action->topic);
    run->uid = g_strdup(run->record_after->uid);
    g_autoptr(KafkaTopic) after = topic_after(run->action);
    run->after = live_hash_topic(key, after);
    return true;
}

static bool add_partitions(ActionRun *run, GError **error) {
    const PlanAction *action = run->action;
    if (action->topic->partitions <= action->live_topic->partitions)
        return true;
    return kafka_add_partitions(run->engine->kafka, action->name, action->topic->partitions, TOPIC_TIMEOUT_MS,
                                error);
}

static bool alter_config(ActionRun *run, GError **error) {
    const PlanAction *action = run->action;
    g_autoptr(GHashTable) set = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) unset = g_ptr_array_new();
    for (guint i = 0; i < action->changes->len; i++) {
        const PlanChange *change = action->changes->pdata[i];
        if (!g_str_has_prefix(change->key, "config."))
            continue;
        char *name = change->key + strlen("config.");
        if (change->new_value != NULL)
            g_hash_table_insert(set, name, change->new_value);
        else
            g_ptr_array_add(unset, name);
    }
    if (g_hash_table_size(set) == 0 && unset->len == 0)
        return true;
    g_ptr_array_add(unset, NULL);
    return kafka_alter_config(run->engine->kafka, action->name, set, (const char *const *)unset->pdata,
                              TOPIC_TIMEOUT_MS, error);
}

static bool create(ActionRun *run, GError **error) {
    g_autoptr(KafkaTopic) topic = topic_after(run->action);
    return kafka_create_topic(run->engine->kafka, topic, TOPIC_TIMEOUT_MS, error);
}

static bool change(ActionRun *run, GError **error) {
    switch (run->action->operation) {
    case PLAN_CREATE:
        return create(run, error);
    case PLAN_DELETE:
        return kafka_delete_topic(run->engine->kafka, run->action->name, TOPIC_TIMEOUT_MS, error);
    default:
        return add_partitions(run, error) && alter_config(run, error);
    }
}

/* A time-out, or an update that was begun, may have changed something; and a topic that appeared since the
 * base was read may be what an interrupted call of ours made. The intent stays, and the next run looks. */
static RecordFate fate_of_failure(const ActionRun *run, const GError *error) {
    bool unknown = g_error_matches(error, KAFKA_ERROR, KAFKA_ERROR_TIMEOUT) ||
                   g_error_matches(error, KAFKA_ERROR, KAFKA_ERROR_EXISTS) ||
                   run->action->operation == PLAN_UPDATE;
    return unknown ? RECORD_UNKNOWN : RECORD_AS_BEFORE;
}

void action_run_topic(ActionRun *run) {
    GError *error = NULL;
    if (!state_check_lease(run->engine->state, &error)) {
        action_end(run, OUTCOME_FAILED, RECORD_UNKNOWN, error);
    } else if (change(run, &error)) {
        action_end(run, OUTCOME_DONE, RECORD_AFTER, NULL);
    } else {
        RecordFate fate = fate_of_failure(run, error);
        action_end(run, OUTCOME_FAILED, fate, error);
    }
}
