/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipeline/lock_moves.h"
#include "pipeline/pipeline_private.h"

#define WHY_MOST 200

/* The first line of why the apply went back, for the lock. */
static char *why_of(const RunRecord *run) {
    const char *message = run->message != NULL ? run->message : "it went back";
    g_autofree char *line = g_strndup(message, strcspn(message, "\n"));
    return g_utf8_strlen(line, -1) > WHY_MOST ? g_utf8_substring(line, 0, WHY_MOST) : g_steal_pointer(&line);
}

/* What was applied, and failed after that, still runs; an apply that fails leaves what ran before. */
static bool still_runs(const RunRecord *run) {
    return run_has_begun(run, RUN_VERIFYING);
}

/* Where the branch has nothing else for this environment, the reverted lock needs no run: it is what runs. */
static bool remember(Work *work, const Checkout *checkout, const Lock *lock, const char *commit,
                     GError **error) {
    RunRecord *run = work->run;
    g_free(work->reverted);
    work->reverted = lock_digest(lock);
    g_autoptr(Environment) environment =
        declarations_load(work->pipeline, checkout->root, run->subject, false, NULL, work->log, error);
    if (environment == NULL)
        return false;
    g_autoptr(MarkRecord) mark = ledger_mark(work->pipeline->ledger, run->subject);
    bool is_what_ran = g_strcmp0(environment->digest, mark->good_digest) == 0;
    if (is_what_ran && !still_runs(run)) {
        g_free(run->commit);
        run->commit = g_strdup(commit);
        g_free(run->digest);
        run->digest = g_strdup(environment->digest);
        g_free(run->locked);
        run->locked = lock_digest(lock);
        work->edit = mark_reverted;
    } else {
        work->edit = mark_declined;
    }
    return true;
}

static bool take_back(Work *work, Checkout *checkout, const Lock *lock, const char *said, bool *rejected,
                      GError **error) {
    RunRecord *run = work->run;
    g_autofree char *path = g_strdup_printf("%s/environments/%s.lock", checkout->root, run->subject);
    g_autofree char *message = g_strdup_printf("revert %s in %s\n\n%s", said, run->subject, run->message);
    g_autofree char *commit = NULL;
    if (!lock_write(lock, path, error) ||
        !declarations_push_lock(work, checkout, run->subject, "revert", message, &commit, rejected, error))
        return false;
    g_free(run->pushed);
    run->pushed = g_strdup(commit);
    return remember(work, checkout, lock, commit, error);
}

static bool revert_once(Work *work, gpointer data, bool *rejected, GError **error) {
    Pipeline *pipeline = work->pipeline;
    RunRecord *run = work->run;
    g_auto(Checkout) checkout = {0};
    g_autofree char *head = NULL, *why = why_of(run);
    g_autofree char *folder = pipeline_path(pipeline, "runs", run->id, "declarations", NULL);
    g_autoptr(GitRepository) mirror = declarations_fetch(pipeline, &head, error);
    g_autoptr(MarkRecord) mark = ledger_mark(pipeline->ledger, run->subject);
    if (mirror == NULL || !declarations_check_out(mirror, pipeline->settings, head, folder, &checkout, error))
        return false;
    g_autoptr(Lock) lock = declarations_lock_at(checkout.git, pipeline->settings, head, run->subject, error);
    g_autoptr(Lock) before = lock != NULL ? declarations_lock_at(checkout.git, pipeline->settings,
                                                                 mark->good_commit, run->subject, error)
                                          : NULL;
    if (before == NULL)
        return false;
    g_autofree char *stands = declarations_find_push(work, mirror, head, run->subject, "revert", error);
    if (stands != NULL)
        return remember(work, &checkout, lock, stands, error);
    g_autofree char *said = lock_take_back(lock, before, run->reverts, why, run->id);
    if (said != NULL)
        return take_back(work, &checkout, lock, said, rejected, error);
    run_log_line(work->log, "the lock has moved on already: nothing to revert");
    work->edit = mark_declined;
    return true;
}

RunEvent step_revert(Work *work, GError **error) {
    work_hold_declarations(work);
    return declarations_push(work, revert_once, NULL, error) ? RUN_EVENT_OK : RUN_EVENT_FAILED;
}
