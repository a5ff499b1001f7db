/* SPDX-License-Identifier: Apache-2.0 */
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

void mark_good(MarkRecord *mark, const RunRecord *run) {
    mark_seen(mark, run);
    set(&mark->good_commit, run->commit);
    g_free(mark->good_at);
    mark->good_at = files_now();
    set(&mark->settings_commit, run->settings);
    set(&mark->behind_commit, NULL);
    set(&mark->behind_run, NULL);
    set(&mark->behind_why, NULL);
}

void mark_behind(MarkRecord *mark, const RunRecord *run) {
    set(&mark->behind_commit, run->commit);
    set(&mark->behind_run, run->id);
    set(&mark->behind_why, run->message);
}

void mark_declined(MarkRecord *mark, const RunRecord *run) {
    g_free(mark->declined);
    mark->declined = promotion_fingerprint(run);
}

void mark_reverted(MarkRecord *mark, const RunRecord *run) {
    mark_seen(mark, run);
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
