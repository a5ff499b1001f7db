/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "connect/connect.h"
#include "kafka/kafka.h"
#include "pipeline/pause.h"
#include "pipeline/pipeline_private.h"
#include "plugin/plugin.h"

static const StepFunction steps[RUN_STAGES] = {
    [RUN_CHECKING_OUT] = step_check_out, [RUN_BUILDING] = step_build,   [RUN_PUBLISHING] = step_publish,
    [RUN_LOCKING] = step_lock,           [RUN_PLANNING] = step_plan,    [RUN_COMMITTING] = step_commit,
    [RUN_APPLYING] = step_apply,         [RUN_VERIFYING] = step_verify, [RUN_REVERTING] = step_revert,
};

bool work_is_transient(const GError *error) {
    const struct {
        GQuark domain;
        int code;
    } passing[] = {
        {CONNECT_ERROR, CONNECT_ERROR_UNREACHABLE}, {CONNECT_ERROR, CONNECT_ERROR_BUSY},
        {KAFKA_ERROR, KAFKA_ERROR_UNREACHABLE},     {KAFKA_ERROR, KAFKA_ERROR_TIMEOUT},
        {PLUGIN_ERROR, PLUGIN_ERROR_UNREACHABLE},   {STORE_ERROR, STORE_ERROR_HELD},
        {BASE_ERROR, BASE_ERROR_CONNECT},           {BASE_ERROR, BASE_ERROR_BROKEN},
        {BASE_ERROR, BASE_ERROR_TIMEOUT},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(passing); i++)
        if (g_error_matches(error, passing[i].domain, passing[i].code))
            return true;
    return false;
}

/* --- A run's steps, for people -------------------------------------------------------------------------- */

static json_t *find_step(const RunRecord *run, const char *name) {
    json_t *step;
    size_t index;
    json_array_foreach (run->steps, index, step)
        if (strcmp(json_get_string(step, "name"), name) == 0)
            return step;
    return NULL;
}

bool run_has_begun(const RunRecord *run, RunStage stage) {
    return find_step(run, run_stage_step(stage)) != NULL;
}

static void begin_step(RunRecord *run, const char *name) {
    g_autofree char *now = files_now();
    json_t *step = find_step(run, name);
    if (step == NULL) {
        step = json_object();
        json_array_append_new(run->steps, step);
    }
    json_object_set_new(step, "name", json_string(name));
    json_object_set_new(step, "state", json_string("running"));
    json_object_set_new(step, "started", json_string(now));
    json_object_set_new(step, "ended", json_null());
}

static void end_step(RunRecord *run, const char *name, bool failed) {
    json_t *step = find_step(run, name);
    if (step == NULL)
        return;
    g_autofree char *now = files_now();
    json_object_set_new(step, "state", json_string(failed ? "failed" : "done"));
    json_object_set_new(step, "ended", json_string(now));
}

static bool is_failure(RunEvent event) {
    return event == RUN_EVENT_FAILED || event == RUN_EVENT_DROPPED || event == RUN_EVENT_WENT_BACK ||
           event == RUN_EVENT_REJECTED || event == RUN_EVENT_EXPIRED;
}

bool run_advance(RunRecord *run, RunEvent event) {
    RunStage from = run_stage_of(run), to = run_next(run->kind, from, event);
    if (to == RUN_STAGES)
        return false;
    if (run_stage_step(from) != NULL)
        end_step(run, run_stage_step(from), is_failure(event));
    if (run_stage_step(to) != NULL)
        begin_step(run, run_stage_step(to));
    if (run->started == NULL && from == RUN_QUEUED && to != RUN_SUPERSEDED)
        run->started = files_now();
    if (run_stage_has_ended(to))
        run->ended = files_now();
    g_free(run->state);
    run->state = g_strdup(run_stage_text(to));
    return true;
}

/* --- One step ------------------------------------------------------------------------------------------- */

static void tell_log(guint64 size, gpointer user_data) {
    const Work *work = user_data;
    g_autoptr(json_t) value = json_pack("{s:s, s:I}", "run", work->run->id, "size", (json_int_t)size);
    pipeline_tell(work->pipeline, "log", value);
}

void work_hold_declarations(Work *work) {
    g_mutex_lock(&work->pipeline->declarations);
    work->holds_declarations = true;
}

const char *work_by(Work *work) {
    const RunRecord *run = work->run;
    g_autoptr(GString) names = g_string_new(NULL);
    const json_t *given;
    size_t index;
    json_array_foreach (run->given, index, given)
        g_string_append_printf(names, "%s%s", index > 0 ? ", " : "", json_get_string(given, "by"));
    if (names->len == 0)
        g_string_append(names, run->by != NULL ? run->by : work->pipeline->settings->committer_name);
    g_free(work->by);
    work->by = g_strdup_printf("%s (run %s)", names->str, run->id);
    return work->by;
}

static void release_declarations(Work *work) {
    if (work->holds_declarations)
        g_mutex_unlock(&work->pipeline->declarations);
    work->holds_declarations = false;
}

static void work_clear(Work *work) {
    release_declarations(work);
    g_free(work->by);
    g_free(work->reverted);
    g_clear_pointer(&work->log, run_log_free);
    g_clear_pointer(&work->run, run_record_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

static bool open_work(Work *work, const char *id, GError **error) {
    g_autoptr(RunRecord) stored = ledger_run(work->pipeline->ledger, id);
    if (stored == NULL)
        return false;
    work->run = run_record_copy(stored);
    const char *step = run_stage_step(run_stage_of(stored));
    g_autofree char *path = pipeline_path(work->pipeline, "runs", id, "log", NULL);
    work->log = run_log_open(path, step != NULL ? step : "", error);
    if (work->log != NULL)
        run_log_listen(work->log, tell_log, work);
    return work->log != NULL;
}

bool work_save(Work *work, GError **error) {
    if (!pipeline_commit(work->pipeline, work->run, NULL, NULL, NULL, error))
        return false;
    g_autoptr(RunRecord) stored = ledger_run(work->pipeline->ledger, work->run->id);
    work->run->serial = stored->serial;
    return true;
}

static void set_message(RunRecord *run, const GError *error) {
    g_free(run->message);
    g_free(run->hint);
    run->message = error != NULL ? g_strdup(error->message) : NULL;
    run->hint = error != NULL ? g_strdup(error_hint(error)) : NULL;
}

static void log_error(const Work *work, const char *label, const GError *error) {
    run_log_line(work->log, "%s: %s", label, error->message);
    if (error_hint(error) != NULL)
        run_log_line(work->log, "hint: %s", error_hint(error));
}

/* The message is shown to everyone who may look: as the log would show it. */
static void fail(Work *work, GError *error) {
    log_error(work, "error", error);
    set_message(work->run, error);
    char *masked = run_log_masked(work->log, work->run->message);
    g_free(work->run->message);
    work->run->message = masked;
}

/* Whether something newer waits for this run's turn to end. */
static bool has_newer(const Work *work) {
    g_autoptr(RunRecord) newer = runs_newer(work->pipeline, work->run);
    if (newer == NULL)
        return false;
    g_free(work->run->message);
    work->run->message = g_strdup_printf("run %s took its place", newer->id);
    return true;
}

/* The step is tried again later, or, when it was too often, it failed. One that has not begun to change
 * anything makes room for something newer, which may be the remedy. */
static RunEvent pause_or_fail(Work *work, GError **error) {
    RunStage stage = run_stage_of(work->run);
    if (run_next(work->run->kind, stage, RUN_EVENT_SUPERSEDED) != RUN_STAGES && has_newer(work)) {
        log_error(work, "not now", *error);
        return RUN_EVENT_SUPERSEDED;
    }
    guint seconds = pause_again(work->pipeline, work->run->id);
    if (seconds == 0)
        return RUN_EVENT_FAILED;
    log_error(work, "not now", *error);
    run_log_line(work->log, "tried again in %u s", seconds);
    return RUN_EVENTS;
}

/* The marks of what every end means, unless the step has said one itself. */
static MarkEdit edit_for(const Work *work, RunStage stage) {
    if (work->edit != NULL || work->run->kind == RUN_BUILD)
        return work->edit;
    return stage == RUN_BEHIND   ? mark_behind
           : stage == RUN_FAILED ? mark_lost
           : stage == RUN_DONE   ? mark_good
                                 : NULL;
}

static bool store_end(Work *work, RunEvent event, GError **error) {
    bool begins = run_stage_of(work->run) == RUN_QUEUED;
    if (!run_advance(work->run, event)) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED, NULL, "a run can't go on from '%s'",
                  work->run->state);
        return false;
    }
    RunStage stage = run_stage_of(work->run);
    if (run_stage_has_ended(stage))
        run_log_line(work->log, "the run has ended: %s", run_stage_text(stage));
    g_autoptr(RunRecord) other = NULL;
    if (begins)
        other = runs_take_place(work->pipeline, work->run);
    else if (work->reverted != NULL)
        other = runs_drop_queued(work->pipeline, work->run, work->reverted);
    return pipeline_commit(work->pipeline, work->run, other, edit_for(work, stage), NULL, error);
}

/* A lock in hand that was not pushed is gone with its run: the environment is not behind. */
static RunEvent what_failed(const RunRecord *run, RunEvent event) {
    bool dropped = event == RUN_EVENT_FAILED && run_stage_of(run) == RUN_PLANNING &&
                   promotion_has_lock_in_hand(run) && run->pushed == NULL;
    return dropped ? RUN_EVENT_DROPPED : event;
}

static RunEvent do_step(Work *work, GError **error) {
    StepFunction step = steps[run_stage_of(work->run)];
    if (step == NULL)
        return RUN_EVENT_OK;
    RunEvent event = step(work, error);
    /* What failed because we were told to stop is begun again at the next start. */
    if (*error != NULL && g_cancellable_is_cancelled(work->pipeline->stop))
        return RUN_EVENTS;
    if (*error != NULL && event == RUN_EVENT_FAILED && work_is_transient(*error))
        event = pause_or_fail(work, error);
    else
        pause_end(work->pipeline, work->run->id);
    /* What came in while it was planned takes its place before it begins to apply. */
    if (event != RUN_EVENTS && run_stage_of(work->run) == RUN_PLANNING && has_newer(work))
        return RUN_EVENT_SUPERSEDED;
    event = what_failed(work->run, event);
    if (is_failure(event) && *error != NULL)
        fail(work, *error);
    return event;
}

/* What follows from a run that ended: the next environment is asked. */
static void after_end(Pipeline *pipeline, const RunRecord *run) {
    if (run->kind == RUN_BUILD)
        return;
    if (run_stage_of(run) == RUN_DONE) {
        g_autofree char *before = promotion_neighbour(pipeline, run->subject, -1);
        promotion_propose(pipeline, run->subject);
        if (before != NULL)
            promotion_propose(pipeline, before);
    }
    if (run_stage_of(run) == RUN_ROLLED_BACK)
        pipeline_hint(pipeline, pipeline->settings->git);
}

/* Someone took it from us (a newer commit): what is stored is what counts. Or the store is ill (a full disk),
 * and the step is done again later. */
static void not_stored(Work *work, const GError *problem) {
    run_log_line(work->log, "not stored: %s", problem->message);
    if (!g_error_matches(problem, STORE_ERROR, STORE_ERROR_CONFLICT))
        pause_for_store(work->pipeline, work->run->id);
}

/* Whether the run goes on at once. */
static bool work_step(Pipeline *pipeline, const char *id) {
    g_auto(Work) work = {.pipeline = pipeline};
    g_autoptr(GError) error = NULL;
    if (!open_work(&work, id, &error)) {
        pause_for_store(pipeline, id);
        return false;
    }
    RunStage stage = run_stage_of(work.run);
    if (stage != RUN_QUEUED && !run_stage_is_working(stage))
        return false;
    RunEvent event = do_step(&work, &error);
    if (event == RUN_EVENTS)
        return false;
    g_autoptr(GError) problem = NULL;
    if (!store_end(&work, event, &problem)) {
        not_stored(&work, problem);
        return false;
    }
    release_declarations(&work);
    if (run_stage_has_ended(run_stage_of(work.run)))
        after_end(pipeline, work.run);
    return true;
}

/* Every step checks out what it needs: nothing lies about while a run waits, or when it has ended. */
static void remove_checkouts(Pipeline *pipeline, const char *run) {
    static const char *const folders[] = {"declarations", "settings", "plugin", NULL};
    for (const char *const *folder = folders; *folder != NULL; folder++) {
        g_autofree char *path = pipeline_path(pipeline, "runs", run, *folder, NULL);
        files_remove_tree(path, NULL);
    }
}

void work_on(Pipeline *pipeline, const char *run) {
    while (!g_cancellable_is_cancelled(pipeline->stop) && work_step(pipeline, run)) {
    }
    remove_checkouts(pipeline, run);
}
