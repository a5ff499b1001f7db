/* SPDX-License-Identifier: Apache-2.0 */
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

/* One that waits where it stands, superseded; NULL where there is none. */
static RunRecord *take_place(Pipeline *pipeline, const RunRecord *newer) {
    g_autoptr(RunRecord) older =
        runs_find(pipeline, newer->kind, newer->subject, run_stage_can_be_superseded);
    if (older == NULL)
        return NULL;
    RunRecord *superseded = run_record_copy(older);
    run_advance(superseded, RUN_EVENT_SUPERSEDED);
    g_free(superseded->message);
    superseded->message = g_strdup_printf("run %s took its place", newer->id);
    return superseded;
}

bool runs_add(Pipeline *pipeline, const RunRecord *run, MarkEdit edit, json_t *audit, GError **error) {
    g_autoptr(json_t) entry = audit;
    while (true) {
        g_autoptr(RunRecord) superseded = take_place(pipeline, run);
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
