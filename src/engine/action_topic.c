/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/action.h"

#define TOPIC_TIMEOUT_MS 30000
#define CONFIG_PREFIX "config."
#define TOLD_WITHIN_MS 5000
#define TOLD_POLL_US 20000

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

/* The config key that a change is of, borrowed; NULL: it is of something else. */
static char *config_key(const PlanChange *change) {
    return g_str_has_prefix(change->key, CONFIG_PREFIX) ? change->key + strlen(CONFIG_PREFIX) : NULL;
}

static bool alter_config(ActionRun *run, GError **error) {
    const PlanAction *action = run->action;
    g_autoptr(GHashTable) set = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) unset = g_ptr_array_new();
    for (guint i = 0; i < action->changes->len; i++) {
        const PlanChange *change = action->changes->pdata[i];
        char *name = config_key(change);
        if (name == NULL)
            continue;
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

/* Whether what was observed (NULL: no such topic) is what this run made. */
static bool is_told(const ActionRun *run, const KafkaTopic *observed) {
    const PlanAction *action = run->action;
    if (observed == NULL || action->operation == PLAN_DELETE)
        return (observed == NULL) == (action->operation == PLAN_DELETE);
    if (action->topic->partitions >= 0 && observed->partitions < action->topic->partitions)
        return false;
    for (guint i = 0; i < action->changes->len; i++) {
        const PlanChange *change = action->changes->pdata[i];
        const char *name = config_key(change);
        if (name != NULL && g_strcmp0(g_hash_table_lookup(observed->config, name), change->new_value) != 0)
            return false;
    }
    return true;
}

/* The config keys that this run changed: a set that borrows them. */
static GHashTable *changed_keys(const ActionRun *run) {
    GHashTable *keys = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < run->action->changes->len; i++) {
        char *name = config_key(run->action->changes->pdata[i]);
        if (name != NULL)
            g_hash_table_add(keys, name);
    }
    return keys;
}

static bool all_told(Engine *engine, const GPtrArray *done, GHashTable *wanted) {
    g_autoptr(GHashTable) observed = kafka_observe(engine->kafka, wanted, NULL, TOLD_WITHIN_MS, NULL);
    for (guint i = 0; observed != NULL && i < done->len; i++) {
        const ActionRun *run = done->pdata[i];
        if (!is_told(run, g_hash_table_lookup(observed, run->action->name)))
            return false;
    }
    return observed != NULL;
}

void action_await_topics(Engine *engine, const GPtrArray *runs) {
    g_autoptr(GPtrArray) done = g_ptr_array_new();
    g_autoptr(GHashTable) wanted =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_hash_table_unref);
    for (guint i = 0; i < runs->len; i++) {
        ActionRun *run = runs->pdata[i];
        if (run->result->outcome != OUTCOME_DONE)
            continue;
        g_ptr_array_add(done, run);
        g_hash_table_insert(wanted, (char *)run->action->name, changed_keys(run));
    }
    gint64 deadline = g_get_monotonic_time() + TOLD_WITHIN_MS * G_TIME_SPAN_MILLISECOND;
    while (done->len > 0 && !all_told(engine, done, wanted) && g_get_monotonic_time() < deadline &&
           !g_cancellable_is_cancelled(engine->options.stop))
        g_usleep(TOLD_POLL_US);
}
