/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person changed by hand, under `policy: { drift: … }`: it is told ("report"), put back by a run of
 * its own ("repair"), or put back only when a person agrees ("hold").
 */
#include <string.h>

#include "pipeline/pipeline_private.h"

#define CAUSE "drift"
#define TITLE "put back what was changed by hand"

/* --- What differs --------------------------------------------------------------------------------------- */

static bool is_ours(const ResourceStatus *resource) {
    return resource->managed && resource->declared && !resource->kept;
}

/* Of what is ours, what differs from what was applied or is missing: address → array of keys. */
static json_t *drift_of(const EnvironmentStatus *status) {
    json_t *drift = json_object();
    for (guint i = 0; i < status->resources->len; i++) {
        const ResourceStatus *resource = status->resources->pdata[i];
        bool missing = resource->health == HEALTH_MISSING;
        if (!is_ours(resource) || (!missing && resource->drift->len == 0))
            continue;
        json_object_set_new(drift, resource->address, json_from_texts(resource->drift));
    }
    return drift;
}

static bool takes_back(const PlanAction *action) {
    if (action->recreate || (action->cause & PLAN_DRIFT) != 0)
        return true;
    for (guint i = 0; i < action->changes->len; i++)
        if ((((const PlanChange *)action->changes->pdata[i])->cause & PLAN_DRIFT) != 0)
            return true;
    return false;
}

bool drift_is_held(const Policy *policy, const Plan *plan) {
    if (g_strcmp0(policy->drift, "hold") != 0)
        return false;
    for (guint i = 0; i < plan->actions->len; i++)
        if (takes_back(plan->actions->pdata[i]))
            return true;
    return false;
}

/* --- Repairing ------------------------------------------------------------------------------------------ */

bool drift_is_cause(const RunRecord *run) {
    return strcmp(run->cause, CAUSE) == 0;
}

/* Whether the environment runs what Git has for it, and nothing is on its way: any run puts it back anyhow.
 */
static bool is_at_rest(Pipeline *pipeline, const char *environment) {
    g_autoptr(MarkRecord) mark = ledger_mark(pipeline->ledger, environment);
    g_autoptr(RunRecord) open = runs_find(pipeline, RUN_DEPLOY, environment, run_stage_is_open);
    return open == NULL && mark->behind_commit == NULL && mark->good_digest != NULL &&
           mark_runs_what_is_seen(mark);
}

/* Whether the last run that was to put something back had its turn. */
static bool had_its_turn(Pipeline *pipeline, const char *environment) {
    g_autoptr(GPtrArray) runs = ledger_runs(pipeline->ledger);
    for (guint i = 0; i < runs->len; i++) {
        const RunRecord *run = runs->pdata[i];
        if (run->kind == RUN_DEPLOY && g_str_equal(run->subject, environment) && drift_is_cause(run))
            return run_stage_of(run) != RUN_SUPERSEDED;
    }
    return false;
}

/* Remembers what a run is begun for. False where that was so the last time: what a run could not put back is
 * not tried again and again. */
static bool remember(Pipeline *pipeline, const char *environment, json_t *drift) {
    bool tried = had_its_turn(pipeline, environment);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    const json_t *before = g_hash_table_lookup(pipeline->repairs, environment);
    if (tried && before != NULL && json_equal(before, drift))
        return false;
    g_hash_table_replace(pipeline->repairs, g_strdup(environment), json_incref(drift));
    return true;
}

static void forget(Pipeline *pipeline, const char *environment) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    g_hash_table_remove(pipeline->repairs, environment);
}

static void begin(Pipeline *pipeline, const char *environment, json_t *drift) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->declarations);
    if (!is_at_rest(pipeline, environment) || !remember(pipeline, environment, drift))
        return;
    g_autoptr(RunRecord) run = run_record_new(RUN_DEPLOY, environment, CAUSE, run_stage_text(RUN_QUEUED));
    run->commit = pipeline_head(pipeline);
    run->title = g_strdup(TITLE);
    if (!runs_add(pipeline, run, NULL, NULL, NULL))
        forget(pipeline, environment);
}

void drift_repair(Pipeline *pipeline, const Environment *environment, const EnvironmentStatus *status) {
    if (strcmp(environment->policy.drift, "repair") != 0)
        return;
    g_autoptr(json_t) drift = drift_of(status);
    if (json_object_size(drift) > 0)
        begin(pipeline, environment->name, drift);
    else
        forget(pipeline, environment->name);
}
