/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipeline/plan_document.h"
#include "pipeline/run_engine.h"
#include "pipeline/run_settings.h"

/* --- RunSettings -------------------------------------------------------------------------------------------
 */

static void accept_settings(RunRecord *run) {
    g_free(run->settings);
    run->settings = g_strdup(run->commit);
}

static void set_expiry(RunRecord *run, const Policy *policy) {
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) expires =
        g_date_time_add(now, (GTimeSpan)policy->expires_ms * G_TIME_SPAN_MILLISECOND);
    g_free(run->expires);
    run->expires = expires != NULL ? g_date_time_format(expires, "%Y-%m-%dT%H:%M:%S.000Z") : NULL;
}

static bool set_needs(Work *work, const Checkout *checkout, const Environment *environment,
                      const Policy *policy, int approvals, GError **error) {
    g_autoptr(GPtrArray) authors = authors_of(work, checkout, environment, error);
    if (authors == NULL)
        return false;
    json_decref(work->run->needs);
    work->run->needs = approval_needs(policy, approvals, authors);
    set_expiry(work->run, policy);
    return true;
}

/* The settings of the branch before the change decide: where they ask for approval, the change of settings is
 * asked for alone (*ask), and what it makes is planned after it. */
static bool settle_settings(Work *work, bool *ask, GError **error) {
    RunRecord *run = work->run;
    g_autoptr(MarkRecord) mark = ledger_mark(work->pipeline->ledger, run->subject);
    const char *trusted = run->settings != NULL ? run->settings : mark->settings_commit;
    if (trusted == NULL || run_settings_are_same(work, run->subject, trusted, run->commit)) {
        accept_settings(run);
        return true;
    }
    g_auto(RunSettings) before = {0}, after = {0};
    if (!run_settings_read(work, run->subject, trusted, &before, error) ||
        !run_settings_read(work, run->subject, run->commit, &after, error))
        return false;
    if (after.environment == NULL) {
        pipeline_set_unread(error);
        return false;
    }
    /* Of settings that are gone nobody knows whom they would ask. */
    const Policy *policy =
        before.environment != NULL ? &before.environment->policy : &after.environment->policy;
    int approvals = before.environment != NULL ? policy->approvals : MAX(policy->approvals, 1);
    g_autoptr(json_t) plan =
        plan_document_of_settings(before.values, after.values, before.digest, after.digest);
    if (plan == NULL || approvals == 0) {
        if (plan != NULL)
            run_log_line(work->log, "settings change:");
        plan_document_log(plan, work->log);
        accept_settings(run);
        return true;
    }
    plan_document_log(plan, work->log);
    run->plan = g_steal_pointer(&plan);
    *ask = true;
    return set_needs(work, &after.checkout, after.environment, policy, approvals, error);
}

/* --- The plan ------------------------------------------------------------------------------------------- */

/* What is left of an earlier plan of this run. */
static void forget_plan(RunRecord *run) {
    g_clear_pointer(&run->plan, json_decref);
    g_clear_pointer(&run->needs, json_decref);
    g_clear_pointer(&run->given, json_decref);
    g_clear_pointer(&run->expires, g_free);
    g_clear_pointer(&run->applying, g_free);
}

static bool prepare_lock(Work *work, GError **error) {
    const RunRecord *run = work->run;
    if (!promotion_has_lock_in_hand(run) || (run->lock != NULL && g_strcmp0(run->base, run->commit) == 0))
        return true;
    if (!promotion_prepare(work, error))
        return false;
    if (work->run->lock == NULL)
        run_log_line(work->log, "nothing moves any more, or what would has not run well before it yet");
    return true;
}

static bool is_listed(const Work *work, GError **error) {
    const GPtrArray *environments = work->pipeline->settings->environments;
    for (guint i = 0; i < environments->len; i++)
        if (strcmp(((const EnvironmentSettings *)environments->pdata[i])->name, work->run->subject) == 0)
            return true;
    g_autofree char *hint =
        g_strdup_printf("add it to the server's file: environments: { %s: {} }", work->run->subject);
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_DENIED, hint, "this server doesn't deploy '%s'",
              work->run->subject);
    return false;
}

static void keep_plan(RunRecord *run, const RunEngine *opened) {
    run->plan = plan_document(opened->plan);
    g_free(run->digest);
    run->digest = g_strdup(opened->environment->digest);
    g_free(run->locked);
    run->locked = lock_digest(opened->environment->lock);
}

static void log_instances_that_wait(const Work *work, const Environment *environment) {
    for (guint i = 0; i < environment->instances->len; i++) {
        const Instance *instance = environment->instances->pdata[i];
        if (instance->waiting)
            run_log_line(work->log, "%s waits for its first promotion", instance->name);
    }
}

/* Who is asked, and how many must agree. */
typedef struct {
    RunSettings before; /* of the branch before the change, where the policy is theirs */
    const Policy *policy;
    int approvals;
} Question;

static void question_clear(Question *question) {
    run_settings_clear(&question->before);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Question, question_clear)

static int count_approvals(const Policy *policy, const Plan *plan) {
    return drift_is_held(policy, plan) ? MAX(policy->approvals, 1) : policy->approvals;
}

/* The policy of the settings that were accepted decides about the rest; but where that of the branch before
 * the change asks for more, or holds what was changed by hand, the new one decides from the next change on,
 * or nobody would see what came with it. */
static bool find_question(Work *work, const RunEngine *opened, Question *question, GError **error) {
    const char *environment = work->run->subject;
    question->policy = &opened->environment->policy;
    question->approvals = count_approvals(question->policy, opened->plan);
    g_autoptr(MarkRecord) mark = ledger_mark(work->pipeline->ledger, environment);
    if (mark->settings_commit == NULL ||
        run_settings_are_same(work, environment, mark->settings_commit, work->run->commit))
        return true;
    if (!run_settings_read(work, environment, mark->settings_commit, &question->before, error))
        return false;
    if (question->before.environment == NULL)
        return true;
    const Policy *former = &question->before.environment->policy;
    int approvals = count_approvals(former, opened->plan);
    bool holds = question->policy->approvals == 0 && drift_is_held(former, opened->plan);
    if (approvals > question->approvals || holds)
        question->policy = former;
    question->approvals = MAX(approvals, question->approvals);
    return true;
}

static RunEvent ask(Work *work, const RunEngine *opened, const Question *question, GError **error) {
    bool held = drift_is_held(question->policy, opened->plan);
    run_log_line(work->log, "%d approval%s needed%s", question->approvals,
                 question->approvals == 1 ? " is" : "s are",
                 held ? ": it takes back what was changed by hand" : "");
    return set_needs(work, &opened->checkout, opened->environment, question->policy, question->approvals,
                     error)
               ? RUN_EVENT_ASK
               : RUN_EVENT_FAILED;
}

static RunEvent decide(Work *work, const RunEngine *opened, GError **error) {
    g_auto(Question) question = {0};
    if (!find_question(work, opened, &question, error))
        return RUN_EVENT_FAILED;
    bool acts = opened->plan->actions->len > 0, promotes = strcmp(work->run->cause, "promotion") == 0;
    if (question.approvals > 0 && (acts || (promotes && work->run->lock != NULL)))
        return ask(work, opened, &question, error);
    if (work->run->lock != NULL)
        return RUN_EVENT_LOCK;
    return run_engine_has_work(opened) ? RUN_EVENT_OK : RUN_EVENT_NOTHING;
}

RunEvent step_plan(Work *work, GError **error) {
    g_auto(RunEngine) opened = {0};
    bool ask = false;
    forget_plan(work->run);
    run_log_line(work->log, "environment %s at %.10s", work->run->subject, work->run->commit);
    if (!is_listed(work, error) || !settle_settings(work, &ask, error))
        return RUN_EVENT_FAILED;
    if (ask)
        return RUN_EVENT_ASK;
    if (!prepare_lock(work, error) || !run_engine_open(work, &opened, error) ||
        !run_engine_plan(&opened, error))
        return RUN_EVENT_FAILED;
    keep_plan(work->run, &opened);
    plan_document_log(work->run->plan, work->log);
    log_instances_that_wait(work, opened.environment);
    if (opened.plan->problems->len > 0) {
        run_engine_set_problem(opened.plan, error);
        return RUN_EVENT_FAILED;
    }
    return decide(work, &opened, error);
}
