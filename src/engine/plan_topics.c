/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/planner.h"

static void change_number(PlanAction *action, const char *key, int before, int after, const json_t *applied) {
    g_autofree char *old_value = g_strdup_printf("%d", before);
    g_autofree char *new_value = g_strdup_printf("%d", after);
    PlanChange *change =
        plan_add_change(action, key, before < 0 ? NULL : old_value, after < 0 ? NULL : new_value);
    gint64 last = json_get_integer(applied, key, before);
    change->cause = planner_cause(last < 0 || last == before, last == after);
}

static void change_config(PlanAction *action, const char *key, const char *before, const char *after,
                          const json_t *applied) {
    g_autofree char *shown = g_strconcat("config.", key, NULL);
    PlanChange *change = plan_add_change(action, shown, before, after);
    const char *last = json_get_string(json_object_get(applied, "config"), key);
    change->cause = planner_cause(g_strcmp0(last, before) == 0, g_strcmp0(last, after) == 0);
}

static PlanAction *add_action(Planner *planner, const DesiredTopic *topic, ResourceRecord *record,
                              PlanOperation operation) {
    const KafkaTopic *live = g_hash_table_lookup(planner->live->topics, topic->name);
    PlanAction *action = planner_add(planner, topic->address, operation, PHASE_TOPICS);
    action->cluster = "kafka";
    action->name = topic->name;
    action->topic = topic;
    action->live_topic = live;
    action->base_serial = record != NULL ? record->serial : 0;
    action->record = record != NULL ? resource_record_ref(record) : NULL;
    return action;
}

static void plan_create(Planner *planner, const DesiredTopic *topic, ResourceRecord *record) {
    PlanAction *action = add_action(planner, topic, record, PLAN_CREATE);
    action->base_live = live_hash_topic(planner->key, NULL);
    action->recreate = record != NULL;
    action->cause = record != NULL ? PLAN_DRIFT : PLAN_DECLARED;
    if (topic->partitions >= 0)
        change_number(action, "partitions", -1, topic->partitions, NULL);
    if (topic->replication >= 0)
        change_number(action, "replication", -1, topic->replication, NULL);
    GHashTableIter iterator;
    gpointer key, value;
    for (g_hash_table_iter_init(&iterator, topic->config); g_hash_table_iter_next(&iterator, &key, &value);)
        change_config(action, key, NULL, ((const Value *)value)->text, NULL);
    if (record != NULL)
        planner_warn(planner, topic->address, NULL, "topic '%s' was deleted by hand; it is made again, empty",
                     topic->name);
}

static void diff_config(PlanAction *action, const DesiredTopic *topic, const KafkaTopic *live,
                        const ResourceRecord *record) {
    GHashTableIter iterator;
    gpointer key, value;
    for (g_hash_table_iter_init(&iterator, topic->config); g_hash_table_iter_next(&iterator, &key, &value);) {
        const char *before = g_hash_table_lookup(live->config, key);
        const char *after = ((const Value *)value)->text;
        if (g_strcmp0(before, after) != 0)
            change_config(action, key, before, after, record->applied);
    }
    for (char **once = record->keys_once_set; *once != NULL; once++) {
        const char *before = g_hash_table_lookup(live->config, *once);
        if (before != NULL && !g_hash_table_contains(topic->config, *once))
            change_config(action, *once, before, NULL, record->applied);
    }
}

static void diff_partitions(Planner *planner, PlanAction *action, const DesiredTopic *topic,
                            const KafkaTopic *live, const ResourceRecord *record) {
    if (topic->partitions < 0 || topic->partitions == live->partitions)
        return;
    if (topic->partitions < live->partitions) {
        planner_problem(planner, topic->address,
                        "partitions can't be taken away: declare as many as there are, or make a new topic "
                        "under another key",
                        "topic '%s' has %d partitions, %d are declared", topic->name, live->partitions,
                        topic->partitions);
        return;
    }
    change_number(action, "partitions", live->partitions, topic->partitions, record->applied);
    planner_warn(planner, topic->address, NULL,
                 "topic '%s' gets %d partitions instead of %d: records of a key may then be in two "
                 "partitions, out of order",
                 topic->name, topic->partitions, live->partitions);
}

static void diff_replication(Planner *planner, const DesiredTopic *topic, const KafkaTopic *live) {
    if (topic->replication < 0 || topic->replication == live->replication)
        return;
    g_autofree char *hint = g_strdup_printf(
        "move its replicas with kafka-reassign-partitions, or declare replication: %d", live->replication);
    planner_problem(planner, topic->address, hint, "topic '%s' has replication factor %d, %d is declared",
                    topic->name, live->replication, topic->replication);
}

/* What a record says besides `applied` may have changed in the declarations alone, and what live became by
 * hand may be what is declared. */
static void refresh(Planner *planner, const DesiredTopic *topic, const ResourceRecord *record) {
    g_autoptr(ResourceRecord) fresh = resource_record_copy(record);
    render_topic_record(fresh, topic);
    bool same =
        !record->kept && record->protected == topic->protected && record->on_remove == topic->on_remove &&
        json_equal(record->applied, fresh->applied) &&
        g_strv_equal((const char *const *)record->keys_once_set, (const char *const *)fresh->keys_once_set);
    if (!same)
        planner_refresh(planner, g_steal_pointer(&fresh), record->uid, record->kept ? "managed again" : NULL);
}

static void plan_update(Planner *planner, const DesiredTopic *topic, const KafkaTopic *live,
                        ResourceRecord *record) {
    PlanAction *action = add_action(planner, topic, record, PLAN_UPDATE);
    diff_partitions(planner, action, topic, live, record);
    diff_replication(planner, topic, live);
    diff_config(action, topic, live, record);
    if (action->changes->len > 0) {
        action->base_live = live_hash_topic(planner->key, live);
        return;
    }
    g_ptr_array_remove(planner->plan->actions, action);
    refresh(planner, topic, record);
}

static void plan_topic(Planner *planner, const DesiredTopic *topic) {
    ResourceRecord *record = planner_owned(planner, topic->address);
    const KafkaTopic *live = g_hash_table_lookup(planner->live->topics, topic->name);
    if (record != NULL && strcmp(record->name, topic->name) != 0) {
        g_autofree char *hint =
            g_strdup_printf("declare the new topic under another key; '%s' is then kept", record->name);
        planner_problem(planner, topic->address, hint, "the topic's name changed from '%s' to '%s'",
                        record->name, topic->name);
    } else if (live == NULL) {
        plan_create(planner, topic, record);
    } else if (record == NULL) {
        g_autofree char *hint = g_strdup_printf("to adopt it as it is: sluice import %s %s",
                                                planner->environment->name, topic->address);
        planner_problem(planner, topic->address, hint, "topic '%s' exists and is not ours", topic->name);
    } else {
        plan_update(planner, topic, live, record);
    }
}

void plan_topics(Planner *planner) {
    const GPtrArray *topics = planner->environment->topics;
    for (guint i = 0; i < topics->len; i++) {
        const DesiredTopic *topic = topics->pdata[i];
        if (engine_is_target(planner->engine, topic->address))
            plan_topic(planner, topic);
    }
}
