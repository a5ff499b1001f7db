/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipeline/plan_document.h"
#include "pipeline/run_engine.h"

/* --- Settings ------------------------------------------------------------------------------------------- */

/* The settings of an environment as they are written at a commit. */
typedef struct {
    Checkout checkout;
    Environment *environment;
    json_t *values;
    char *digest;
} Settings;

static void settings_clear(Settings *settings) {
    g_clear_pointer(&settings->values, json_decref);
    g_clear_pointer(&settings->environment, environment_free);
    g_clear_pointer(&settings->digest, g_free);
    checkout_clear(&settings->checkout);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Settings, settings_clear)

static bool read_settings(Work *work, const char *commit, Settings *settings, GError **error) {
    Pipeline *pipeline = work->pipeline;
    g_autoptr(GitRepository) mirror = declarations_mirror(pipeline);
    g_autofree char *folder = pipeline_path(pipeline, "runs", work->run->id, "settings", NULL);
    if (!declarations_check_out(mirror, pipeline->settings, commit, folder, &settings->checkout, error))
        return false;
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GError) problem = NULL;
    settings->environment =
        declare_load(settings->checkout.root, work->run->subject, NULL, diagnostics, &problem);
    if (settings->environment == NULL) {
        declarations_log_mistakes(work->log, diagnostics);
        declarations_name_mistake(diagnostics, problem);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    settings->values = environment_settings_json(settings->environment);
    settings->digest = environment_settings_digest(settings->environment);
    return true;
}

static bool is_same_file(GitRepository *git, const char *one, const char *other, const char *path) {
    g_autoptr(GBytes) left = git_show(git, one, path, NULL), right = git_show(git, other, path, NULL);
    return left != NULL && right != NULL && g_bytes_equal(left, right);
}

/* Settings stand in two files: where these are the same nothing has to be rendered. */
static bool are_same_files(const Work *work, const char *one, const char *other) {
    const PipelineSettings *settings = work->pipeline->settings;
    g_autoptr(GitRepository) mirror = declarations_mirror(work->pipeline);
    g_autofree char *name = g_strconcat(work->run->subject, ".yaml", NULL);
    g_autofree char *project = declarations_path(settings, "sluice.yaml");
    g_autofree char *relative = g_build_filename("environments", name, NULL);
    g_autofree char *environment = declarations_path(settings, relative);
    return is_same_file(mirror, one, other, project) && is_same_file(mirror, one, other, environment);
}

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
    if (trusted == NULL || are_same_files(work, trusted, run->commit)) {
        accept_settings(run);
        return true;
    }
    g_auto(Settings) before = {0}, after = {0};
    if (!read_settings(work, trusted, &before, error) || !read_settings(work, run->commit, &after, error))
        return false;
    g_autoptr(json_t) plan =
        plan_document_of_settings(before.values, after.values, before.digest, after.digest);
    if (plan == NULL || before.environment->policy.approvals == 0) {
        if (plan != NULL)
            run_log_line(work->log, "settings change:");
        plan_document_log(plan, work->log);
        accept_settings(run);
        return true;
    }
    plan_document_log(plan, work->log);
    run->plan = g_steal_pointer(&plan);
    *ask = true;
    const Policy *policy = &before.environment->policy;
    return set_needs(work, &after.checkout, after.environment, policy, policy->approvals, error);
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

/* The policy of the settings that were accepted decides about the rest; but one that asks for less than that
 * of the branch before the change does so from the next change on, or nobody would see what came with it. */
static const Policy *choose_policy(Work *work, const RunEngine *opened, Settings *before, GError **error) {
    const Policy *own = &opened->environment->policy;
    g_autoptr(MarkRecord) mark = ledger_mark(work->pipeline->ledger, work->run->subject);
    if (mark->settings_commit == NULL || are_same_files(work, mark->settings_commit, work->run->commit))
        return own;
    if (!read_settings(work, mark->settings_commit, before, error))
        return NULL;
    return before->environment->policy.approvals > own->approvals ? &before->environment->policy : own;
}

/* How many must agree to a plan that acts. */
static int count_approvals(const Work *work, const Plan *plan, const Policy *policy, const Settings *before) {
    bool held = drift_is_held(policy, plan) ||
                (before->environment != NULL && drift_is_held(&before->environment->policy, plan));
    int approvals = held ? MAX(policy->approvals, 1) : policy->approvals;
    if (approvals > 0)
        run_log_line(work->log, "%d approval%s needed%s", approvals, approvals == 1 ? " is" : "s are",
                     held ? ": it takes back what was changed by hand" : "");
    return approvals;
}

static RunEvent decide(Work *work, const RunEngine *opened, GError **error) {
    g_auto(Settings) before = {0};
    const Policy *policy = choose_policy(work, opened, &before, error);
    if (policy == NULL)
        return RUN_EVENT_FAILED;
    bool acts = opened->plan->actions->len > 0, promotes = strcmp(work->run->cause, "promotion") == 0;
    bool moves = acts || (promotes && work->run->lock != NULL);
    int approvals = moves ? count_approvals(work, opened->plan, policy, &before) : 0;
    if (approvals > 0)
        return set_needs(work, &opened->checkout, opened->environment, policy, approvals, error)
                   ? RUN_EVENT_ASK
                   : RUN_EVENT_FAILED;
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
