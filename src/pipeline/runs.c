/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipeline/pipeline_private.h"

RunRecord *runs_find(Pipeline *pipeline, RunKind kind, const char *subject, bool (*wanted)(RunStage stage)) {
    g_autoptr(GPtrArray) runs = ledger_runs(pipeline->ledger);
    for (guint i = 0; i < runs->len; i++) {
        RunRecord *run = runs->pdata[i];
        if (run->kind == kind && g_str_equal(run->subject, subject) && wanted(run_stage_of(run)))
            return run_record_ref(run);
    }
    return NULL;
}

RunRecord *runs_newer(Pipeline *pipeline, const RunRecord *run) {
    g_autoptr(RunRecord) newest = runs_find(pipeline, run->kind, run->subject, run_stage_can_be_superseded);
    return newest != NULL && strcmp(newest->id, run->id) > 0 ? g_steal_pointer(&newest) : NULL;
}

static RunRecord *find_older(Pipeline *pipeline, const RunRecord *newer) {
    g_autoptr(GPtrArray) runs = ledger_runs(pipeline->ledger);
    for (guint i = 0; i < runs->len; i++) {
        RunRecord *run = runs->pdata[i];
        if (run->kind == newer->kind && g_str_equal(run->subject, newer->subject) &&
            strcmp(run->id, newer->id) < 0 && run_stage_can_be_superseded(run_stage_of(run)))
            return run_record_ref(run);
    }
    return NULL;
}

/* `message` is taken over. */
static RunRecord *supersede(const RunRecord *run, char *message) {
    RunRecord *superseded = run_record_copy(run);
    run_advance(superseded, RUN_EVENT_SUPERSEDED);
    g_free(superseded->message);
    superseded->message = message;
    return superseded;
}

RunRecord *runs_take_place(Pipeline *pipeline, const RunRecord *newer) {
    g_autoptr(RunRecord) older = find_older(pipeline, newer);
    return older != NULL ? supersede(older, g_strdup_printf("run %s took its place", newer->id)) : NULL;
}

RunRecord *runs_drop_queued(Pipeline *pipeline, const RunRecord *reverted, const char *locked) {
    g_autoptr(RunRecord) queued =
        runs_find(pipeline, reverted->kind, reverted->subject, run_stage_can_be_superseded);
    if (queued == NULL || promotion_has_lock_in_hand(queued) || g_strcmp0(queued->locked, locked) == 0)
        return NULL;
    return supersede(queued, g_strdup_printf("run %s reverted the lock that it had", reverted->id));
}

bool runs_add(Pipeline *pipeline, const RunRecord *run, MarkEdit edit, json_t *audit, GError **error) {
    g_autoptr(json_t) entry = audit;
    while (true) {
        g_autoptr(RunRecord) superseded = runs_take_place(pipeline, run);
        g_autoptr(GError) problem = NULL;
        if (pipeline_commit(pipeline, run, superseded, edit, json_incref(entry), &problem))
            return true;
        /* The older one has begun, or ended, meanwhile. */
        if (!g_error_matches(problem, STORE_ERROR, STORE_ERROR_CONFLICT)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
    }
}
