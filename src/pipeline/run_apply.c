/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "connect/connect.h"
#include "engine/status.h"
#include "engine/words.h"
#include "kafka/kafka.h"
#include "pipeline/lock_moves.h"
#include "pipeline/run_engine.h"

#define LOOKS_MOST 15
#define LOOK_EVERY (G_USEC_PER_SEC)

/* --- Whether what was agreed to is what would be done ----------------------------------------------------
 */

static bool has_agreed_to(const RunRecord *run, const char *id) {
    const json_t *action;
    size_t index;
    json_array_foreach (json_object_get(run->plan, "actions"), index, action)
        if (g_strcmp0(json_get_string(action, "id"), id) == 0)
            return true;
    return false;
}

/* An apply that was cut off goes on with what is left of it: the same declarations, and no action that was
 * not agreed to. */
static bool is_rest_of_plan(const RunRecord *run, const Plan *plan) {
    const char *digest = json_get_string(run->plan, "digest");
    if (run->applying == NULL || g_strcmp0(run->applying, digest) != 0)
        return false;
    for (guint i = 0; i < plan->actions->len; i++)
        if (!has_agreed_to(run, ((const PlanAction *)plan->actions->pdata[i])->id))
            return false;
    return true;
}

static bool is_agreed(const Work *work, const RunEngine *opened) {
    const RunRecord *run = work->run;
    if (g_strcmp0(opened->environment->digest, run->digest) != 0)
        return false;
    return g_strcmp0(opened->plan->digest, json_get_string(run->plan, "digest")) == 0 ||
           is_rest_of_plan(run, opened->plan);
}

/* --- The lock learns ------------------------------------------------------------------------------------ */

static bool push_reports_once(Work *work, gpointer data, bool *rejected, GError **error) {
    const Lock *learnt = data;
    Pipeline *pipeline = work->pipeline;
    const char *environment = work->run->subject;
    g_auto(Checkout) checkout = {0};
    g_autofree char *head = NULL, *commit = NULL;
    g_autofree char *folder = pipeline_path(pipeline, "runs", work->run->id, "declarations", NULL);
    g_autoptr(GitRepository) mirror = declarations_fetch(pipeline, &head, error);
    g_autoptr(Lock) lock =
        mirror != NULL && declarations_check_out(mirror, pipeline->settings, head, folder, &checkout, error)
            ? declarations_lock_at(checkout.git, pipeline->settings, head, environment, error)
            : NULL;
    if (lock == NULL)
        return false;
    g_autoptr(GPtrArray) plugins = lock_learn(lock, learnt);
    if (plugins->len == 0)
        return true;
    g_autofree char *path = g_strdup_printf("%s/environments/%s.lock", checkout.root, environment);
    g_autofree char *message = g_strdup_printf("%s: what the workers report of its plugins", environment);
    return lock_write(lock, path, error) &&
           declarations_push_lock(work, &checkout, environment, "reports", message, &commit, rejected, error);
}

/* A commit that starts no run: the lock's digest leaves reports out. What can't be pushed is learnt again by
 * the next apply. */
static void push_reports(Work *work, const char *lock_path) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Lock) learnt = lock_read(lock_path, &error);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&work->pipeline->declarations);
    if (learnt == NULL || !declarations_push(work, push_reports_once, learnt, &error))
        run_log_line(work->log, "warning: what the workers report could not be pushed: %s",
                     error != NULL ? error->message : "");
}

/* --- Applying ------------------------------------------------------------------------------------------- */

static void log_ended(const ActionResult *result, gpointer user_data) {
    const Work *work = user_data;
    g_autofree char *words = words_of_result(result);
    run_log_line(work->log, "%s", words);
    if (result->error != NULL && result->outcome != OUTCOME_SKIPPED)
        run_log_line(work->log, "    %s", result->error->message);
    if (result->trace != NULL)
        run_log_line(work->log, "%s", result->trace);
}

static const ActionResult *first_failure(const ApplyReport *report) {
    for (guint i = 0; i < report->results->len; i++) {
        const ActionResult *result = report->results->pdata[i];
        if (result->outcome != OUTCOME_DONE && result->outcome != OUTCOME_SKIPPED)
            return result;
    }
    return NULL;
}

static bool names(const json_t *move, const char *kind, const char *name) {
    return name != NULL && strcmp(json_get_string(move, "kind"), kind) == 0 &&
           strcmp(json_get_string(move, "name"), name) == 0;
}

/* Whether a connector runs what moved: a version of one of its plugins, or its module's pin. */
static bool depends_on(const DesiredConnector *connector, const json_t *move) {
    if (names(move, "module", connector->instance))
        return true;
    for (guint i = 0; i < connector->plugins->len; i++)
        if (names(move, "plugin", connector->plugins->pdata[i]))
            return true;
    return false;
}

/* The connectors whose actions failed, owned by the environment. */
static GPtrArray *failed_connectors(const ApplyReport *report) {
    GPtrArray *failed = g_ptr_array_new();
    for (guint i = 0; i < report->results->len; i++) {
        const ActionResult *result = report->results->pdata[i];
        bool has_failed = result->outcome != OUTCOME_DONE && result->outcome != OUTCOME_SKIPPED;
        if (has_failed && result->action->connector != NULL)
            g_ptr_array_add(failed, (gpointer)result->action->connector);
    }
    return failed;
}

static bool any_depends_on(const GPtrArray *connectors, const json_t *move) {
    for (guint i = 0; i < connectors->len; i++)
        if (depends_on(connectors->pdata[i], move))
            return true;
    return false;
}

/* What moved in the lock since the environment was good, and made connectors fail: that goes back in Git too.
 * The rest is a person's change. */
static bool find_reverts(Work *work, const RunEngine *opened, const GPtrArray *failed, GError **error) {
    g_autoptr(MarkRecord) mark = ledger_mark(work->pipeline->ledger, work->run->subject);
    json_decref(work->run->reverts);
    work->run->reverts = json_array();
    if (mark->good_commit == NULL)
        return true;
    g_autoptr(Lock) before = declarations_lock_at(opened->checkout.git, work->pipeline->settings,
                                                  mark->good_commit, work->run->subject, error);
    g_autoptr(json_t) moves = before != NULL ? lock_moves(before, opened->environment->lock) : NULL;
    json_t *move;
    size_t index;
    json_array_foreach (moves, index, move)
        if (any_depends_on(failed, move))
            json_array_append(work->run->reverts, move);
    return moves != NULL;
}

/* The first failure where nobody answered, and nothing failed for another reason: the change is not to blame,
 * and is tried again. */
static const ActionResult *find_outage(const ApplyReport *report) {
    const ActionResult *first = NULL;
    for (guint i = 0; i < report->results->len; i++) {
        const ActionResult *result = report->results->pdata[i];
        if (result->outcome == OUTCOME_DONE || result->outcome == OUTCOME_SKIPPED)
            continue;
        if (result->outcome != OUTCOME_FAILED ||
            (!g_error_matches(result->error, CONNECT_ERROR, CONNECT_ERROR_UNREACHABLE) &&
             !g_error_matches(result->error, KAFKA_ERROR, KAFKA_ERROR_UNREACHABLE)))
            return NULL;
        first = first != NULL ? first : result;
    }
    return first;
}

static RunEvent event_of_failure(const RunRecord *run) {
    return json_array_size(run->reverts) > 0 ? RUN_EVENT_WENT_BACK : RUN_EVENT_FAILED;
}

static RunEvent judge(Work *work, const RunEngine *opened, const ApplyReport *report, GError **error) {
    const ActionResult *failure = first_failure(report), *outage = find_outage(report);
    if (outage != NULL) {
        g_propagate_error(error, g_error_copy(outage->error));
        return RUN_EVENT_FAILED;
    }
    g_autoptr(GPtrArray) failed = failed_connectors(report);
    if (!find_reverts(work, opened, failed, error))
        return RUN_EVENT_FAILED;
    if (failure != NULL) {
        g_free(work->run->trace);
        work->run->trace = failure->trace != NULL ? run_log_masked(work->log, failure->trace) : NULL;
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED, error_hint(failure->error), "%s: %s",
                  failure->action->address, failure->error->message);
    } else {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED, NULL, "not all was applied");
    }
    return event_of_failure(work->run);
}

static RunEvent event_of_report(Work *work, const RunEngine *opened, ApplyReport *report, GError **error) {
    if (report->learnt != NULL && report->learnt->len > 0)
        push_reports(work, opened->environment->lock_path);
    if (g_cancellable_is_cancelled(work->pipeline->stop) && report->result != HISTORY_OK)
        return RUN_EVENTS;
    if (report->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&report->error));
        return RUN_EVENT_FAILED;
    }
    return report->result == HISTORY_OK ? RUN_EVENT_OK : judge(work, opened, report, error);
}

static RunEvent carry_out(Work *work, const RunEngine *opened, GError **error) {
    const ApplyRequest request = {
        .command = "apply",
        .kind = PLAN_APPLY,
        .confirmed = opened->plan,
        .events = {.ended = log_ended, .user_data = work},
    };
    g_free(work->run->applying);
    work->run->applying = g_strdup(json_get_string(work->run->plan, "digest"));
    if (!work_save(work, error))
        return RUN_EVENT_FAILED;
    g_autoptr(GError) problem = NULL;
    g_autoptr(ApplyReport) report = apply(opened->engine, &request, &problem);
    if (report != NULL)
        return event_of_report(work, opened, report, error);
    if (g_error_matches(problem, ENGINE_ERROR, ENGINE_ERROR_MOVED))
        return RUN_EVENT_MOVED;
    /* Nothing was done: what is tried again must be what was agreed to, all of it. */
    if (g_error_matches(problem, STORE_ERROR, STORE_ERROR_HELD)) {
        g_clear_pointer(&work->run->applying, g_free);
        work_save(work, NULL);
    }
    g_propagate_error(error, g_steal_pointer(&problem));
    return RUN_EVENT_FAILED;
}

RunEvent step_apply(Work *work, GError **error) {
    g_auto(RunEngine) opened = {0};
    if (!run_engine_open(work, &opened, error) || !run_engine_plan(&opened, error))
        return RUN_EVENT_FAILED;
    if (opened.plan->problems->len > 0) {
        run_engine_set_problem(opened.plan, error);
        return RUN_EVENT_FAILED;
    }
    if (!is_agreed(work, &opened)) {
        run_log_line(work->log, "what is live, or declared, moved since it was planned: planned again");
        return RUN_EVENT_MOVED;
    }
    return run_engine_has_work(&opened) ? carry_out(work, &opened, error) : RUN_EVENT_OK;
}

/* --- Verifying ------------------------------------------------------------------------------------------ */

static bool was_touched(const RunRecord *run, const char *address) {
    const json_t *action;
    size_t index;
    json_array_foreach (json_object_get(run->plan, "actions"), index, action)
        if (g_strcmp0(json_get_string(action, "address"), address) == 0)
            return true;
    return false;
}

/* Where an earlier run of these declarations failed and left nothing to do, all of them must be healthy. */
static bool must_all_be_healthy(const Work *work) {
    g_autoptr(MarkRecord) mark = ledger_mark(work->pipeline->ledger, work->run->subject);
    return mark->behind_commit != NULL && json_array_size(json_object_get(work->run->plan, "actions")) == 0;
}

/* The first resource of the plan in a health that is no good; *pending: others are on their way. */
static const ResourceStatus *find_unhealthy(const Work *work, const EnvironmentStatus *status,
                                            bool *pending) {
    bool all = must_all_be_healthy(work);
    *pending = false;
    for (guint i = 0; i < status->resources->len; i++) {
        const ResourceStatus *resource = status->resources->pdata[i];
        if (!resource->declared || (!all && !was_touched(work->run, resource->address)))
            continue;
        if (resource->health == HEALTH_FAILED || resource->health == HEALTH_MISSING)
            return resource;
        *pending = *pending || resource->health == HEALTH_PENDING;
    }
    return NULL;
}

static void log_status(const Work *work, const EnvironmentStatus *status) {
    guint connectors = 0, healthy = 0;
    for (guint i = 0; i < status->resources->len; i++) {
        const ResourceStatus *resource = status->resources->pdata[i];
        bool bad = resource->health == HEALTH_FAILED || resource->health == HEALTH_MISSING;
        connectors += resource->kind == RESOURCE_CONNECTOR;
        healthy += resource->kind == RESOURCE_CONNECTOR && resource->health == HEALTH_OK;
        if (bad && !was_touched(work->run, resource->address))
            run_log_line(work->log, "warning: %s is %s, and was not touched by this run", resource->address,
                         health_name(resource->health));
    }
    run_log_line(work->log, "%u of %u connectors are healthy", healthy, connectors);
}

/* An apply sees that itself and puts back what ran before, but for what fails right after it, or when it was
 * stopped in its middle: then the lock's revert is what puts it back, by a run of its own. */
static RunEvent judge_unhealthy(Work *work, const RunEngine *opened, const ResourceStatus *unhealthy,
                                GError **error) {
    g_autoptr(GPtrArray) failed = g_ptr_array_new();
    DesiredConnector *connector = environment_find_connector(opened->environment, unhealthy->address);
    if (connector != NULL)
        g_ptr_array_add(failed, connector);
    if (!find_reverts(work, opened, failed, error))
        return RUN_EVENT_FAILED;
    g_free(work->run->trace);
    work->run->trace = unhealthy->trace != NULL ? run_log_masked(work->log, unhealthy->trace) : NULL;
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED, NULL, "%s is %s", unhealthy->address,
              health_name(unhealthy->health));
    return event_of_failure(work->run);
}

/* Once more and by itself: what the run touched is healthy. RUN_EVENTS: some of it is not up yet. */
static RunEvent verify(Work *work, const RunEngine *opened, GError **error) {
    bool pending = false;
    g_autoptr(Live) live = live_observe(opened->engine, error);
    g_autoptr(EnvironmentStatus) status = live != NULL ? status_of(opened->engine, live, error) : NULL;
    if (status == NULL)
        return RUN_EVENT_FAILED;
    const ResourceStatus *unhealthy = find_unhealthy(work, status, &pending);
    if (unhealthy != NULL)
        return judge_unhealthy(work, opened, unhealthy, error);
    if (pending)
        return RUN_EVENTS;
    log_status(work, status);
    return RUN_EVENT_OK;
}

RunEvent step_verify(Work *work, GError **error) {
    g_auto(RunEngine) opened = {0};
    RunEvent event = RUN_EVENTS;
    if (!run_engine_open(work, &opened, error))
        return RUN_EVENT_FAILED;
    for (guint i = 0;
         i < LOOKS_MOST && event == RUN_EVENTS && !g_cancellable_is_cancelled(work->pipeline->stop); i++) {
        if (i > 0)
            g_usleep(LOOK_EVERY);
        event = verify(work, &opened, error);
    }
    if (event != RUN_EVENTS)
        return event;
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED, NULL, "not everything has come up");
    return RUN_EVENT_FAILED;
}
