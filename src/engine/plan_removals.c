/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/planner.h"

/* An instance that lost its pin waits: nothing that it had is taken away for that. */
static bool is_waiting(const Planner *planner, const ResourceRecord *record) {
    const GPtrArray *instances = planner->environment->instances;
    for (guint i = 0; i < instances->len; i++) {
        const Instance *instance = instances->pdata[i];
        gsize length = strlen(instance->name);
        if (instance->waiting && strncmp(record->address, instance->name, length) == 0 &&
            (record->address[length] == '/' || record->address[length] == '['))
            return true;
    }
    return false;
}

static bool is_live(const Planner *planner, const ResourceRecord *record) {
    if (record->kind == RESOURCE_TOPIC)
        return g_hash_table_contains(planner->live->topics, record->name);
    const LiveCluster *cluster = live_cluster(planner->live, record->cluster);
    return cluster != NULL && g_hash_table_contains(cluster->connectors, record->name);
}

static PlanAction *add_removal(Planner *planner, ResourceRecord *record, PlanOperation operation,
                               PlanPhase phase) {
    PlanAction *action = planner_add(planner, record->address, operation, phase);
    action->cluster = record->cluster;
    action->name = record->name;
    action->record = resource_record_ref(record);
    action->base_serial = record->serial;
    action->cause = PLAN_DECLARED;
    return action;
}

static void remove_connector(Planner *planner, ResourceRecord *record, OnRemove on_remove) {
    const LiveCluster *cluster = live_cluster(planner->live, record->cluster);
    const Connector *live = g_hash_table_lookup(cluster->connectors, record->name);
    bool stop = on_remove == ON_REMOVE_STOP;
    PlanAction *action =
        add_removal(planner, record, stop ? PLAN_STATE : PLAN_DELETE, PHASE_DELETE_CONNECTORS);
    action->live_connector = live;
    action->base_live = live_hash_connector(planner->key, live);
    action->stop_only = stop;
    if (stop)
        plan_add_change(action, "state", live_target_state(live), run_state_name(RUN_STATE_STOPPED));
}

static void remove_topic(Planner *planner, ResourceRecord *record) {
    const KafkaTopic *live = g_hash_table_lookup(planner->live->topics, record->name);
    PlanAction *action = add_removal(planner, record, PLAN_DELETE, PHASE_DELETE_TOPICS);
    action->live_topic = live;
    action->base_live = live_hash_topic(planner->key, live);
    planner_warn(planner, record->address, NULL, "topic '%s' is deleted with all its records", record->name);
}

static void keep(Planner *planner, const ResourceRecord *record) {
    if (record->kept)
        return;
    ResourceRecord *kept = resource_record_copy(record);
    kept->kept = true;
    planner_refresh(planner, kept, record->uid,
                    planner->kind == PLAN_APPLY ? "left the declarations and is kept" : "is kept");
}

/* What can't be looked at, or is declared under another address, is not removed. */
static bool check_removal(Planner *planner, const ResourceRecord *record) {
    const DesiredConnector *connector = planner_declared_connector(planner, record->cluster, record->name);
    const DesiredTopic *topic = planner_declared_topic(planner, record->name);
    const char *elsewhere = record->kind == RESOURCE_TOPIC ? (topic != NULL ? topic->address : NULL)
                            : connector != NULL            ? connector->address
                                                           : NULL;
    if (planner->kind == PLAN_APPLY && elsewhere != NULL) {
        planner_problem(planner, record->address,
                        "keep it at the address that the state knows, until addresses can be moved",
                        "'%s' is declared at %s now", record->name, elsewhere);
        return false;
    }
    if (record->kind == RESOURCE_TOPIC && g_hash_table_size(planner->environment->kafka) == 0) {
        if (!record->kept)
            planner_problem(planner, record->address,
                            "declare kafka: again until its topics are removed or kept",
                            "its Kafka cluster is no longer declared");
        return false;
    }
    if (record->kind == RESOURCE_CONNECTOR && live_cluster(planner->live, record->cluster) == NULL) {
        g_autofree char *hint =
            g_strdup_printf("declare Connect cluster '%s' again until it is removed there", record->cluster);
        planner_problem(planner, record->address, hint, "its Connect cluster '%s' is no longer declared",
                        record->cluster);
        return false;
    }
    return true;
}

static void plan_removal(Planner *planner, ResourceRecord *record) {
    bool with_topics = planner->kind == PLAN_DESTROY_WITH_TOPICS && record->kind == RESOURCE_TOPIC;
    OnRemove on_remove = with_topics ? ON_REMOVE_DELETE : record->on_remove;
    if (!check_removal(planner, record))
        return;
    if (!is_live(planner, record)) {
        planner_refresh(planner, NULL, record->uid, "is gone and forgotten");
    } else if (record->protected && on_remove != ON_REMOVE_KEEP) {
        planner_problem(planner, record->address,
                        "declare it with protected: false first, apply, and then remove it",
                        "'%s' is protected", record->name);
    } else if (on_remove == ON_REMOVE_KEEP || (record->kept && !with_topics && planner->kind == PLAN_APPLY)) {
        keep(planner, record);
    } else if (record->kind == RESOURCE_TOPIC) {
        remove_topic(planner, record);
    } else {
        remove_connector(planner, record, on_remove);
    }
}

void plan_removals(Planner *planner) {
    GHashTableIter iterator;
    gpointer value;
    for (g_hash_table_iter_init(&iterator, planner->recovery->resources);
         g_hash_table_iter_next(&iterator, NULL, &value);) {
        ResourceRecord *record = value;
        bool stays =
            planner->kind == PLAN_APPLY &&
            (g_hash_table_contains(planner->declared, record->address) || is_waiting(planner, record));
        if (!stays && engine_is_target(planner->engine, record->address))
            plan_removal(planner, record);
    }
}
