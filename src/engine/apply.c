/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apply.h"

#include <string.h>

#include "base/files.h"
#include "base/ulid.h"
#include "engine/learn.h"
#include "engine/parallel.h"
#include "engine/recover.h"
#include "engine/wave.h"

/* One apply on its way. */
typedef struct {
    Engine *engine;
    const ApplyRequest *request;
    ApplyReport *report;
    Live *live;
    Live *after_rollout; /* NULL: none was */
    Recovery *recovery;
    Plan *plan;
    ResourceRecord *stamp;
    GHashTable *outcomes; /* id of an action → ActionResult, borrowed */
    GPtrArray *runs;      /* every ActionRun */
} Application;

static void action_result_free(ActionResult *result) {
    g_clear_error(&result->error);
    g_free(result->trace);
    g_free(result->skipped_for);
    g_free(result);
}

void apply_report_free(ApplyReport *report) {
    if (report == NULL)
        return;
    g_ptr_array_unref(report->results);
    g_clear_pointer(&report->learnt, g_ptr_array_unref);
    g_clear_error(&report->error);
    plan_free(report->plan);
    live_free(report->live);
    live_free(report->after_rollout);
    g_free(report);
}

static const char *plan_id(const ApplyRequest *request) {
    return request->file != NULL        ? request->file->id
           : request->confirmed != NULL ? request->confirmed->id
                                        : NULL;
}

static const char *plan_digest(const ApplyRequest *request) {
    return request->file != NULL        ? json_get_string(request->file->json, "digest")
           : request->confirmed != NULL ? request->confirmed->digest
                                        : NULL;
}

static bool begin(Engine *engine, const ApplyRequest *request, GError **error) {
    const Environment *environment = engine->environment;
    g_autofree char *lock = lock_digest(environment->lock);
    const StateCommand about = {
        .command = request->command,
        .plan = plan_id(request),
        .digest = plan_digest(request),
        .commit = environment->commit,
        .dirty = environment->dirty,
        .lock = lock,
        .by = engine->options.by,
        .override = request->override,
    };
    return engine_begin(engine, &about, error);
}

static bool has_action(const Plan *plan, const char *address) {
    for (guint i = 0; i < plan->actions->len; i++)
        if (strcmp(((PlanAction *)plan->actions->pdata[i])->address, address) == 0)
            return true;
    return false;
}

/* The first problem; where a plan file is applied, of what is in it: what others do elsewhere doesn't spoil
 * it. */
static const PlanNote *first_problem(const Plan *plan, const PlanFile *file) {
    for (guint i = 0; i < plan->problems->len; i++) {
        const PlanNote *problem = plan->problems->pdata[i];
        bool concerns = problem->address != NULL ? has_action(plan, problem->address)
                                                 : plan_count(plan, PLAN_ROLLOUT) > 0;
        if (file == NULL || concerns)
            return problem;
    }
    return NULL;
}

static bool check_problems(const Plan *plan, const PlanFile *file, GError **error) {
    const PlanNote *problem = first_problem(plan, file);
    if (problem == NULL)
        return true;
    error_set(error, ENGINE_ERROR, ENGINE_ERROR_REFUSED, problem->hint, "%s%s%s%s",
              problem->address != NULL ? problem->address : "", problem->address != NULL ? ": " : "",
              problem->message, plan->problems->len > 1 ? " (and more: see the plan)" : "");
    return false;
}

static bool check_confirmed(Application *application, GError **error) {
    const ApplyRequest *request = application->request;
    const Plan *plan = application->plan;
    if (request->confirmed == NULL || strcmp(plan->digest, request->confirmed->digest) == 0)
        return true;
    error_set(error, ENGINE_ERROR, ENGINE_ERROR_MOVED, "run it again to see the new plan",
              "'%s' changed since its plan was shown", plan->environment);
    return false;
}

/* Under the lease: settle what was interrupted, look, and plan again. */
static bool plan_again(Application *application, GError **error) {
    Engine *engine = application->engine;
    application->live = live_observe(engine, error);
    if (application->live == NULL)
        return false;
    application->recovery = recovery_of(engine, application->live);
    if (!recovery_commit(engine, application->recovery, error))
        return false;
    application->plan =
        plan_build(engine, application->live, application->recovery, application->request->kind, error);
    const PlanFile *file = application->request->file;
    if (application->plan == NULL)
        return false;
    if (file != NULL && !plan_narrow(application->plan, file, engine_key(engine), error))
        return false;
    return check_problems(application->plan, file, error) && check_confirmed(application, error);
}

static ResourceRecord *make_stamp(const Application *application) {
    const Environment *environment = application->engine->environment;
    ResourceRecord *stamp = resource_record_new(RESOURCE_TOPIC, "", "", "");
    g_free(stamp->at);
    stamp->at = files_now();
    g_free(stamp->by);
    stamp->by = g_strdup(application->engine->options.by);
    g_free(stamp->commit);
    stamp->commit = g_strdup(environment->commit);
    g_free(stamp->plan);
    stamp->plan = g_strdup(plan_id(application->request) != NULL ? plan_id(application->request)
                                                                 : application->plan->id);
    g_free(stamp->apply);
    stamp->apply = g_strdup(state_apply(application->engine->state));
    return stamp;
}

/* Intents that were neither done nor undone. Of resources that this plan leaves alone, what is live has been
 * judged without them. Of the others, what a create began is ours from now on, whatever becomes of the intent
 * that follows. */
static void settle_open_intents(const Application *application, StateBatch *batch) {
    const GPtrArray *intents = application->recovery->open;
    for (guint i = 0; i < intents->len; i++) {
        IntentRecord *intent = intents->pdata[i];
        g_autoptr(ResourceRecord) stored = state_resource_by_uid(application->engine->state, intent->uid);
        const ResourceRecord *subject = intent->record_after != NULL ? intent->record_after : stored;
        bool acts = subject != NULL && has_action(application->plan, subject->address);
        if (intent->record_after != NULL && (!acts || stored == NULL))
            state_put_resource(batch, intent->record_after);
        if (!acts)
            state_drop_intent(batch, intent->uid);
    }
}

static bool commit_refreshes(const Application *application, GError **error) {
    g_autoptr(StateBatch) batch = state_batch_new();
    settle_open_intents(application, batch);
    for (guint i = 0; i < application->plan->refreshes->len; i++) {
        const PlanRefresh *refresh = application->plan->refreshes->pdata[i];
        if (refresh->record != NULL)
            state_put_resource(batch, refresh->record);
        else
            state_delete_resource(batch, refresh->uid);
    }
    return state_commit(application->engine->state, batch, error);
}

static const char *failed_before(const Application *application, const PlanAction *action) {
    for (guint i = 0; i < action->after->len; i++) {
        const ActionResult *result = g_hash_table_lookup(application->outcomes, action->after->pdata[i]);
        if (result != NULL && result->outcome != OUTCOME_DONE)
            return result->action->id;
    }
    return NULL;
}

static bool is_stuck(const Application *application) {
    for (guint i = 0; i < application->report->results->len; i++)
        if (((ActionResult *)application->report->results->pdata[i])->outcome == OUTCOME_STUCK)
            return true;
    return false;
}

static void skip(ActionRun *run, const char *because) {
    GError *error = NULL;
    run->result->skipped_for = g_strdup(because);
    error_set(&error, ENGINE_ERROR, ENGINE_ERROR_CANCELLED, NULL, "'%s' depends on '%s'", run->action->id,
              because);
    action_end(run, OUTCOME_SKIPPED, RECORD_AS_BEFORE, error);
}

static void prepare(gpointer data, gpointer user_data) {
    ActionRun *run = data;
    Application *application = user_data;
    const char *because = failed_before(application, run->action);
    if (because != NULL)
        skip(run, because);
    else if (phase_is_of_topics(run->action->phase))
        action_prepare_topic(run);
    else if (run->action->phase != PHASE_ROLLOUTS)
        action_prepare_connector(run);
}

static GPtrArray *prepare_phase(Application *application, PlanPhase phase) {
    GPtrArray *runs = g_ptr_array_new();
    const Live *live = application->after_rollout != NULL ? application->after_rollout : application->live;
    for (guint i = 0; i < application->plan->actions->len; i++) {
        const PlanAction *action = application->plan->actions->pdata[i];
        if (action->phase != phase)
            continue;
        ActionRun *run = action_run_new(application->engine, action, live, application->stamp);
        g_ptr_array_add(application->runs, run);
        g_ptr_array_add(runs, run);
    }
    parallel_each(runs->pdata, runs->len, application->engine->options.parallelism, NULL, prepare,
                  application);
    return runs;
}

/* What the workers have now. */
static bool look_after_rollout(Application *application, const GPtrArray *runs, GError **error) {
    application->after_rollout = live_observe(application->engine, error);
    for (guint i = 0; application->after_rollout != NULL && i < runs->len; i++) {
        const ActionRun *run = runs->pdata[i];
        if (run->result->outcome == OUTCOME_DONE)
            live_note_rollout(application->after_rollout, application->live, run->action->cluster);
    }
    return application->after_rollout != NULL;
}

static bool run_phase(Application *application, PlanPhase phase, GError **error) {
    g_autoptr(GPtrArray) runs = prepare_phase(application, phase);
    if (runs->len == 0)
        return true;
    bool written = wave_run(application->engine, runs, &application->request->events,
                            application->report->results, error);
    for (guint i = 0; i < runs->len; i++) {
        ActionResult *result = ((ActionRun *)runs->pdata[i])->result;
        g_hash_table_insert(application->outcomes, result->action->id, result);
    }
    if (written && phase_is_of_topics(phase))
        action_await_topics(application->engine, runs);
    return written && (phase != PHASE_ROLLOUTS || look_after_rollout(application, runs, error));
}

static bool run_phases(Application *application, GError **error) {
    for (PlanPhase phase = 0; phase < PHASES; phase++)
        if (is_stuck(application) || !run_phase(application, phase, error))
            return is_stuck(application);
    return true;
}

/* The worst that happened. */
static HistoryResult judge(const Application *application) {
    HistoryResult result = HISTORY_OK;
    for (guint i = 0; i < application->report->results->len; i++) {
        Outcome outcome = ((ActionResult *)application->report->results->pdata[i])->outcome;
        if (outcome == OUTCOME_ROLLED_BACK && result == HISTORY_OK)
            result = HISTORY_ROLLED_BACK;
        else if (outcome == OUTCOME_FAILED || outcome == OUTCOME_STUCK)
            result = HISTORY_FAILED;
        else if (outcome == OUTCOME_SKIPPED && g_cancellable_is_cancelled(application->engine->options.stop))
            result = HISTORY_INTERRUPTED;
    }
    return result;
}

static json_t *count_done(const Application *application) {
    json_t *counts = json_object();
    for (guint i = 0; i < application->report->results->len; i++) {
        const ActionResult *result = application->report->results->pdata[i];
        const char *name = plan_operation_name(result->action->operation);
        if (result->outcome == OUTCOME_DONE)
            json_object_set_new(counts, name, json_integer(json_get_integer(counts, name, 0) + 1));
    }
    return counts;
}

/* The lease goes back and the history is written in any case; the first error counts. */
static void end(Application *application, GError **error) {
    bool worked = *error == NULL;
    application->report->result = worked ? judge(application) : HISTORY_FAILED;
    g_autoptr(json_t) counts = count_done(application);
    state_end(application->engine->state, application->report->result, counts, worked ? error : NULL);
}

static void carry_out(Application *application, GError **error) {
    if (!plan_again(application, error) || !commit_refreshes(application, error))
        return;
    application->stamp = make_stamp(application);
    if (!run_phases(application, error))
        return;
    const Live *live = application->after_rollout != NULL ? application->after_rollout : application->live;
    application->report->learnt = learn_reports(application->engine, live, error);
}

static ApplyReport *report_of(Application *application, GError **failure, GError **error) {
    ApplyReport *report = application->report;
    report->plan = application->plan;
    report->live = application->live;
    report->after_rollout = application->after_rollout;
    if (*failure == NULL || report->results->len > 0) {
        report->error = g_steal_pointer(failure);
        return report;
    }
    g_propagate_error(error, g_steal_pointer(failure));
    apply_report_free(report);
    return NULL;
}

ApplyReport *apply(Engine *engine, const ApplyRequest *request, GError **error) {
    if (!begin(engine, request, error))
        return NULL;
    Application application = {.engine = engine, .request = request, .report = g_new0(ApplyReport, 1)};
    application.report->results = g_ptr_array_new_with_free_func((GDestroyNotify)action_result_free);
    application.outcomes = g_hash_table_new(g_str_hash, g_str_equal);
    application.runs = g_ptr_array_new_with_free_func((GDestroyNotify)action_run_free);
    g_autoptr(GError) failure = NULL;
    carry_out(&application, &failure);
    end(&application, &failure);
    g_clear_pointer(&application.stamp, resource_record_unref);
    recovery_free(application.recovery);
    g_hash_table_unref(application.outcomes);
    g_ptr_array_unref(application.runs);
    return report_of(&application, &failure, error);
}
