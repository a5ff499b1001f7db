/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/run_engine.h"

#include "pipeline/rollout.h"

#define LEASE_WAIT_MS 30000

void run_engine_clear(RunEngine *opened) {
    g_clear_pointer(&opened->plan, plan_free);
    g_clear_pointer(&opened->live, live_free);
    g_clear_pointer(&opened->engine, engine_close);
    g_clear_pointer(&opened->environment, environment_free);
    checkout_clear(&opened->checkout);
}

static void log_progress(const char *what, gpointer user_data) {
    const Work *work = user_data;
    run_log_line(work->log, "%s", what);
}

bool run_engine_open(Work *work, RunEngine *opened, GError **error) {
    /* What an apply has begun is ended in any case. */
    bool applies = run_stage_of(work->run) == RUN_APPLYING;
    if (!work_check_out(work, &opened->checkout, error))
        return false;
    opened->environment = declarations_load(work->pipeline, opened->checkout.root, work->run->subject, true,
                                            NULL, work->log, error);
    if (opened->environment == NULL)
        return false;
    const EngineOptions options = {
        .environment = opened->environment,
        .rollout_drivers = rollout_driver,
        .by = work_by(work),
        .lease_wait_ms = LEASE_WAIT_MS,
        .stop = work->pipeline->stop,
        .abort = applies ? NULL : work->pipeline->stop,
        .progress = log_progress,
        .user_data = work,
    };
    opened->engine = engine_open(&options, error);
    return opened->engine != NULL;
}

/* A worker that a killed rollout left stopped would never answer: nobody else starts it. */
static Live *observe(const RunEngine *opened, GError **error) {
    g_autoptr(GError) problem = NULL;
    Live *live = live_observe(opened->engine, &problem);
    bool unreachable = g_error_matches(problem, CONNECT_ERROR, CONNECT_ERROR_UNREACHABLE);
    if (unreachable && rollout_mend(opened->environment, opened->engine->options.stop))
        return live_observe(opened->engine, error);
    if (live == NULL)
        g_propagate_error(error, g_steal_pointer(&problem));
    return live;
}

bool run_engine_plan(RunEngine *opened, GError **error) {
    opened->live = observe(opened, error);
    if (opened->live != NULL)
        opened->plan = plan_build(opened->engine, opened->live, NULL, PLAN_APPLY, error);
    return opened->plan != NULL;
}

bool run_engine_has_work(const RunEngine *opened) {
    g_autoptr(GPtrArray) intents = state_intents(opened->engine->state);
    return opened->plan->actions->len + opened->plan->refreshes->len + intents->len > 0;
}

void run_engine_set_problem(const Plan *plan, GError **error) {
    const PlanNote *problem = plan->problems->pdata[0];
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED, problem->hint, "%s%s%s",
              problem->address != NULL ? problem->address : "", problem->address != NULL ? ": " : "",
              problem->message);
}
