/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/ulid.h"
#include "engine/planner.h"

PlanAction *planner_add(Planner *planner, const char *address, PlanOperation operation, PlanPhase phase) {
    PlanAction *action = plan_action_new(address, operation, phase);
    g_ptr_array_add(planner->plan->actions, action);
    return action;
}

G_GNUC_PRINTF(4, 0)
static void add_note(GPtrArray *notes, const char *address, const char *hint, const char *format,
                     va_list arguments) {
    PlanNote *note = g_new0(PlanNote, 1);
    note->address = g_strdup(address);
    note->hint = g_strdup(hint);
    note->message = g_strdup_vprintf(format, arguments);
    g_ptr_array_add(notes, note);
}

void planner_problem(Planner *planner, const char *address, const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_note(planner->plan->problems, address, hint, format, arguments);
    va_end(arguments);
}

void planner_warn(Planner *planner, const char *address, const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_note(planner->plan->warnings, address, hint, format, arguments);
    va_end(arguments);
}

void planner_refresh(Planner *planner, ResourceRecord *record, const char *uid, const char *note) {
    PlanRefresh *refresh = g_new0(PlanRefresh, 1);
    refresh->record = record;
    refresh->uid = g_strdup(uid);
    refresh->note = g_strdup(note);
    const ResourceRecord *before = state_resource_by_uid(planner->engine->state, uid);
    refresh->address = g_strdup(record != NULL ? record->address : before != NULL ? before->address : uid);
    resource_record_unref((ResourceRecord *)before);
    g_ptr_array_add(planner->plan->refreshes, refresh);
}

ResourceRecord *planner_owned(const Planner *planner, const char *address) {
    return g_hash_table_lookup(planner->recovery->resources, address);
}

static char *name_key(ResourceKind kind, const char *cluster, const char *name) {
    return g_strdup_printf("%s/%s/%s", resource_kind_name(kind), cluster, name);
}

ResourceRecord *planner_owned_name(const Planner *planner, ResourceKind kind, const char *cluster,
                                   const char *name) {
    g_autofree char *key = name_key(kind, cluster, name);
    return g_hash_table_lookup(planner->by_name, key);
}

PlanCause planner_cause(bool live_is_applied, bool declared_is_applied) {
    PlanCause cause = 0;
    if (!live_is_applied)
        cause |= PLAN_DRIFT;
    if (!declared_is_applied || live_is_applied)
        cause |= PLAN_DECLARED;
    return cause;
}

const DesiredTopic *planner_declared_topic(const Planner *planner, const char *name) {
    const GPtrArray *topics = planner->environment->topics;
    for (guint i = 0; i < topics->len; i++)
        if (strcmp(((const DesiredTopic *)topics->pdata[i])->name, name) == 0)
            return topics->pdata[i];
    return NULL;
}

const DesiredConnector *planner_declared_connector(const Planner *planner, const char *cluster,
                                                   const char *name) {
    const GPtrArray *connectors = planner->environment->connectors;
    for (guint i = 0; i < connectors->len; i++) {
        const DesiredConnector *connector = connectors->pdata[i];
        if (strcmp(connector->name, name) == 0 && strcmp(connector->connect, cluster) == 0)
            return connector;
    }
    return NULL;
}

static void index_names(Planner *planner) {
    GHashTableIter iterator;
    gpointer value;
    for (g_hash_table_iter_init(&iterator, planner->recovery->resources);
         g_hash_table_iter_next(&iterator, NULL, &value);) {
        ResourceRecord *record = value;
        g_hash_table_insert(planner->by_name, name_key(record->kind, record->cluster, record->name), record);
    }
}

static void index_declared(Planner *planner) {
    const Environment *environment = planner->environment;
    for (guint i = 0; i < environment->topics->len; i++)
        g_hash_table_add(planner->declared, ((DesiredTopic *)environment->topics->pdata[i])->address);
    for (guint i = 0; i < environment->connectors->len; i++)
        g_hash_table_add(planner->declared, ((DesiredConnector *)environment->connectors->pdata[i])->address);
}

static Plan *plan_new(const Planner *planner) {
    const Environment *environment = planner->environment;
    Plan *plan = plan_empty();
    plan->id = ulid_new();
    plan->environment = g_strdup(environment->name);
    plan->kafka_cluster = g_strdup(planner->live->kafka_cluster);
    plan->state = g_strdup(state_meta(planner->engine->state)->uid);
    plan->commit = g_strdup(environment->commit);
    plan->dirty = environment->dirty;
    plan->declarations = g_strdup(environment->digest);
    plan->lock = lock_digest(environment->lock);
    plan->created = files_now();
    return plan;
}

static int by_order(gconstpointer left, gconstpointer right) {
    const PlanAction *first = *(PlanAction *const *)left, *second = *(PlanAction *const *)right;
    return first->phase != second->phase ? (int)first->phase - (int)second->phase
                                         : strcmp(first->id, second->id);
}

static bool fill(Planner *planner, GError **error) {
    if (planner->kind == PLAN_APPLY) {
        plan_requests(planner);
        plan_topics(planner);
        if (!plan_rollouts(planner, error) || !plan_connectors(planner, error))
            return false;
    }
    plan_removals(planner);
    return true;
}

Plan *plan_build(Engine *engine, const Live *live, const Recovery *recovery, PlanKind kind, GError **error) {
    g_autoptr(Recovery) own = recovery == NULL ? recovery_of(engine, live) : NULL;
    Planner planner = {.engine = engine,
                       .environment = engine->environment,
                       .live = live,
                       .recovery = recovery != NULL ? recovery : own,
                       .kind = kind,
                       .key = engine_key(engine)};
    planner.by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    planner.declared = g_hash_table_new(g_str_hash, g_str_equal);
    planner.rollouts = g_hash_table_new(g_str_hash, g_str_equal);
    planner.plan = plan_new(&planner);
    index_names(&planner);
    index_declared(&planner);
    g_autoptr(Plan) plan = planner.plan;
    bool filled = plan_check_targets(&planner, error) && fill(&planner, error);
    if (filled) {
        g_ptr_array_sort(plan->actions, by_order);
        plan_dependencies(&planner);
        plan_seal(plan);
    }
    g_hash_table_unref(planner.by_name);
    g_hash_table_unref(planner.declared);
    g_hash_table_unref(planner.rollouts);
    return filled ? g_steal_pointer(&plan) : NULL;
}
