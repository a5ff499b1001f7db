/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipeline/pipeline_private.h"

/* The run goes on at another commit of the declarations. */
static void set_commit(RunRecord *run, const char *commit) {
    g_free(run->commit);
    run->commit = g_strdup(commit);
}

/* Whether, at `head`, the environment would be what was planned: others' commits may lie between. */
static bool is_as_planned(Work *work, const Checkout *checkout, const char *head, bool *same,
                          GError **error) {
    const RunRecord *run = work->run;
    Pipeline *pipeline = work->pipeline;
    g_autoptr(Lock) base =
        declarations_lock_at(checkout->git, pipeline->settings, run->base, run->subject, error);
    g_autoptr(Lock) now =
        base != NULL ? declarations_lock_at(checkout->git, pipeline->settings, head, run->subject, error)
                     : NULL;
    g_autoptr(Environment) environment =
        now != NULL
            ? declarations_load(pipeline, checkout->root, run->subject, false, run->lock, work->log, error)
            : NULL;
    if (environment == NULL)
        return false;
    g_autofree char *before = lock_digest(base), *after = lock_digest(now);
    *same = strcmp(before, after) == 0 && g_strcmp0(environment->digest, run->digest) == 0;
    return true;
}

static char *message_of(const RunRecord *run) {
    GString *message = g_string_new(NULL);
    g_string_printf(message, "%s: %s", run->subject, run->title);
    const json_t *given;
    size_t index;
    if (json_array_size(run->given) > 0)
        g_string_append(message, "\n");
    json_array_foreach (run->given, index, given)
        g_string_append_printf(message, "\nApproved by %s.", json_get_string(given, "by"));
    return g_string_free(message, FALSE);
}

/* Writes the lock in hand over that of `head`; what workers reported of kept versions meanwhile comes along
 * with it or is learnt again. */
static bool write_lock(const Work *work, const Checkout *checkout, GError **error) {
    g_autofree char *path = g_strdup_printf("%s/environments/%s.lock", checkout->root, work->run->subject);
    g_autoptr(Lock) lock = lock_parse(work->run->lock, strlen(work->run->lock), "the lock in hand", error);
    return lock != NULL && lock_write(lock, path, error);
}

/* What this run pushed before it was cut off; what it pushed before it was planned anew is another lock. */
static char *find_own(Work *work, GitRepository *mirror, const char *head, GError **error) {
    const RunRecord *run = work->run;
    g_autofree char *commit = declarations_find_push(work, mirror, head, run->subject, "commit", error);
    if (commit == NULL)
        return NULL;
    g_autoptr(Lock) lock = declarations_lock_at(mirror, work->pipeline->settings, commit, run->subject, NULL);
    g_autofree char *digest = lock != NULL ? lock_digest(lock) : NULL;
    return g_strcmp0(digest, run->locked) == 0 ? g_steal_pointer(&commit) : NULL;
}

/* `data` is a bool: whether the declarations moved, and nothing was pushed. */
static bool commit_once(Work *work, gpointer data, bool *rejected, GError **error) {
    Pipeline *pipeline = work->pipeline;
    RunRecord *run = work->run;
    bool *moved = data, same = false;
    g_auto(Checkout) checkout = {0};
    g_autofree char *head = NULL, *commit = NULL;
    g_autofree char *folder = pipeline_path(pipeline, "runs", run->id, "declarations", NULL);
    g_autoptr(GitRepository) mirror = declarations_fetch(pipeline, &head, error);
    if (mirror == NULL)
        return false;
    commit = find_own(work, mirror, head, error);
    if (commit == NULL) {
        if (!declarations_check_out(mirror, pipeline->settings, head, folder, &checkout, error) ||
            !is_as_planned(work, &checkout, head, &same, error))
            return false;
        *moved = !same;
        if (*moved) {
            run_log_line(work->log, "the declarations moved: planned again");
            set_commit(run, head);
            return true;
        }
        g_autofree char *message = message_of(run);
        if (!write_lock(work, &checkout, error) ||
            !declarations_push_lock(work, &checkout, run->subject, "commit", message, &commit, rejected,
                                    error))
            return false;
    }
    set_commit(run, commit != NULL ? commit : head);
    g_free(run->pushed);
    run->pushed = g_strdup(commit);
    return true;
}

RunEvent step_commit(Work *work, GError **error) {
    bool moved = false;
    work_hold_declarations(work);
    if (!declarations_push(work, commit_once, &moved, error))
        return RUN_EVENT_FAILED;
    if (moved)
        return RUN_EVENT_MOVED;
    work->edit = mark_seen;
    return RUN_EVENT_OK;
}
