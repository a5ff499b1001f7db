/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "pipeline/pipeline_private.h"

static void set(char **member, const char *text) {
    g_free(*member);
    *member = g_strdup(text);
}

void mark_seen(MarkRecord *mark, const RunRecord *run) {
    set(&mark->seen_commit, run->commit);
    set(&mark->seen_digest, run->digest);
    set(&mark->seen_lock, run->locked);
}

/* What was seen stays: a newer commit may have been, while this one was applied. */
void mark_good(MarkRecord *mark, const RunRecord *run) {
    set(&mark->good_commit, run->commit);
    set(&mark->good_digest, run->digest);
    set(&mark->good_lock, run->locked);
    g_free(mark->good_at);
    mark->good_at = files_now();
    set(&mark->settings_commit, run->settings);
    set(&mark->behind_commit, NULL);
    set(&mark->behind_run, NULL);
    set(&mark->behind_why, NULL);
    if (strcmp(run->cause, "unhold") == 0)
        set(&mark->declined, NULL);
}

/* What only puts back what was changed by hand brings nothing that Git has and the environment hasn't. */
void mark_behind(MarkRecord *mark, const RunRecord *run) {
    if (drift_is_cause(run))
        return;
    set(&mark->behind_commit, run->commit);
    set(&mark->behind_run, run->id);
    set(&mark->behind_why, run->message);
}

void mark_declined(MarkRecord *mark, const RunRecord *run) {
    g_autofree char *fingerprint = promotion_fingerprint(run);
    if (fingerprint != NULL)
        set(&mark->declined, fingerprint);
}

bool mark_runs_what_is_seen(const MarkRecord *mark) {
    return g_strcmp0(mark->seen_digest, mark->good_digest) == 0 &&
           g_strcmp0(mark->seen_lock, mark->good_lock) == 0;
}

void mark_lost(MarkRecord *mark, const RunRecord *run) {
    if (!mark_runs_what_is_seen(mark))
        mark_behind(mark, run);
}

/* A lock in hand is gone; a commit stays in Git. */
void mark_dropped(MarkRecord *mark, const RunRecord *run) {
    if (run->lock == NULL) {
        mark_behind(mark, run);
        return;
    }
    mark_declined(mark, run);
    mark_lost(mark, run);
}

void mark_reverted(MarkRecord *mark, const RunRecord *run) {
    mark_seen(mark, run);
    set(&mark->good_digest, run->digest);
    set(&mark->good_lock, run->locked);
    mark_declined(mark, run);
}

bool pipeline_commit(Pipeline *pipeline, const RunRecord *run, const RunRecord *other, MarkEdit edit,
                     json_t *audit, GError **error) {
    g_autoptr(json_t) entry = audit;
    while (true) {
        g_autoptr(MarkRecord) stored = edit != NULL ? ledger_mark(pipeline->ledger, run->subject) : NULL;
        g_autoptr(MarkRecord) mark = stored != NULL ? mark_record_copy(stored) : NULL;
        if (mark != NULL)
            edit(mark, run);
        const LedgerChange change = {.run = run, .other = other, .mark = mark, .audit = json_incref(entry)};
        g_autoptr(GError) problem = NULL;
        if (ledger_commit(pipeline->ledger, &change, &problem))
            return true;
        g_autoptr(MarkRecord) now = ledger_mark(pipeline->ledger, run->subject);
        bool mark_moved = stored != NULL && now->serial != stored->serial;
        if (!g_error_matches(problem, STORE_ERROR, STORE_ERROR_CONFLICT) || !mark_moved) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
    }
}
