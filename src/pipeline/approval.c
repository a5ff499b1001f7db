/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "pipeline/pipeline_private.h"

json_t *approval_needs(const Policy *policy, int approvals, GPtrArray *authors) {
    json_t *approvers = json_array(), *emails = json_array();
    for (char **name = policy->approvers; name != NULL && *name != NULL; name++)
        json_array_append_new(approvers, json_string(*name));
    for (guint i = 0; i < authors->len; i++)
        json_array_append_new(emails, json_string(authors->pdata[i]));
    return json_pack("{s:i, s:o, s:o}", "approvals", approvals, "approvers", approvers, "authors", emails);
}

/* --- Who may -------------------------------------------------------------------------------------------- */

static bool contains(const json_t *texts, const char *text) {
    const json_t *item;
    size_t index;
    json_array_foreach (texts, index, item)
        if (strcmp(json_string_value(item), text) == 0)
            return true;
    return false;
}

static bool is_approver(const json_t *approvers, const Person *person) {
    if (json_array_size(approvers) == 0 || contains(approvers, person->name))
        return true;
    for (char **group = person->groups; *group != NULL; group++)
        if (contains(approvers, *group))
            return true;
    return false;
}

static bool has_written(const json_t *authors, const Person *person) {
    const json_t *email;
    size_t index;
    json_array_foreach (authors, index, email)
        if (person_has_email(person, json_string_value(email)))
            return true;
    return false;
}

static bool has_given(const RunRecord *run, const Person *person) {
    const json_t *given;
    size_t index;
    json_array_foreach (run->given, index, given)
        if (g_strcmp0(json_get_string(given, "by"), person->name) == 0)
            return true;
    return false;
}

char *approval_refusal(const RunRecord *run, const Person *person) {
    if ((person->roles & ROLE_APPROVER) == 0)
        return g_strdup_printf("%s has not the role approver", person->name);
    if (!is_approver(json_object_get(run->needs, "approvers"), person))
        return g_strdup_printf("the policy of %s names others", run->subject);
    if (has_written(json_object_get(run->needs, "authors"), person))
        return g_strdup_printf("%s wrote some of this change", person->name);
    if (g_strcmp0(run->by, person->name) == 0)
        return g_strdup_printf("%s asked for this change", person->name);
    if (has_given(run, person))
        return g_strdup_printf("%s has approved it already", person->name);
    return NULL;
}

/* --- Approving and rejecting ---------------------------------------------------------------------------- */

static RunRecord *find_waiting(Pipeline *pipeline, const char *id, GError **error) {
    g_autoptr(RunRecord) run = ledger_run(pipeline->ledger, id);
    if (run == NULL) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND, NULL, "there is no run '%s'", id);
        return NULL;
    }
    if (run_stage_of(run) != RUN_WAITING) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, NULL, "the run waits for nobody: it is %s",
                  run->state);
        return NULL;
    }
    return run_record_copy(run);
}

static RunEvent event_of_approval(const RunRecord *run) {
    if (json_get_boolean(run->plan, "settings", false))
        return RUN_EVENT_MOVED;
    return run->lock != NULL ? RUN_EVENT_LOCK : RUN_EVENT_APPROVED;
}

static void add_approval(RunRecord *run, const char *digest, const Person *person) {
    g_autofree char *now = files_now();
    if (run->given == NULL)
        run->given = json_array();
    json_array_append_new(run->given,
                          json_pack("{s:s, s:s, s:s}", "by", person->name, "at", now, "digest", digest));
    if ((gint64)json_array_size(run->given) < json_get_integer(run->needs, "approvals", 1))
        return;
    if (event_of_approval(run) == RUN_EVENT_MOVED) {
        g_free(run->settings);
        run->settings = g_strdup(run->commit);
    }
    run_advance(run, event_of_approval(run));
}

/* What someone else did to the run meanwhile is this person's conflict. */
static json_t *store_act(Pipeline *pipeline, RunRecord *run, MarkEdit edit, json_t *audit,
                         const Person *person, GError **error) {
    g_autoptr(GError) problem = NULL;
    if (pipeline_commit(pipeline, run, NULL, edit, audit, &problem))
        return pipeline_run(pipeline, run->id, person, error);
    if (g_error_matches(problem, STORE_ERROR, STORE_ERROR_CONFLICT))
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, "look at it again",
                  "the run has just changed");
    else
        g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static bool is_over(const RunRecord *run) {
    g_autofree char *now = files_now();
    return run->expires != NULL && strcmp(run->expires, now) <= 0;
}

static bool check_approval(const RunRecord *run, const char *digest, const Person *person, GError **error) {
    const char *planned = json_get_string(run->plan, "digest");
    g_autofree char *refusal = approval_refusal(run, person);
    if (refusal != NULL) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_DENIED, NULL, "%s", refusal);
        return false;
    }
    if (g_strcmp0(planned, digest) == 0 && !is_over(run))
        return true;
    if (is_over(run))
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, "start it again with: retry",
                  "its time is over");
    else
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT, "look at the plan as it is now",
                  "the plan has changed since it was shown");
    return false;
}

json_t *pipeline_approve(Pipeline *pipeline, const char *id, const char *digest, const Person *person,
                         GError **error) {
    g_autoptr(RunRecord) run = find_waiting(pipeline, id, error);
    if (run == NULL || !check_approval(run, digest, person, error))
        return NULL;
    add_approval(run, digest, person);
    json_t *audit = audit_record(person->name, "approve", run->id, run->subject, digest, NULL);
    return store_act(pipeline, run, NULL, audit, person, error);
}

json_t *pipeline_reject(Pipeline *pipeline, const char *id, const char *reason, const Person *person,
                        GError **error) {
    g_autoptr(RunRecord) run = find_waiting(pipeline, id, error);
    if (run == NULL)
        return NULL;
    if ((person->roles & ROLE_APPROVER) == 0) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_DENIED, NULL, "%s has not the role approver",
                  person->name);
        return NULL;
    }
    run_advance(run, RUN_EVENT_REJECTED);
    g_free(run->message);
    run->message = reason != NULL && reason[0] != '\0' ? g_strdup_printf("%s: %s", person->name, reason)
                                                       : g_strdup_printf("rejected by %s", person->name);
    json_t *audit = audit_record(person->name, "reject", run->id, run->subject,
                                 json_get_string(run->plan, "digest"), reason);
    return store_act(pipeline, run, mark_dropped, audit, person, error);
}

/* --- Time ----------------------------------------------------------------------------------------------- */

static void expire(Pipeline *pipeline, const RunRecord *waiting) {
    g_autoptr(RunRecord) run = run_record_copy(waiting);
    run_advance(run, RUN_EVENT_EXPIRED);
    g_free(run->message);
    run->message = g_strdup("nobody approved it in time");
    /* A conflict: somebody has just approved or rejected it. */
    pipeline_commit(pipeline, run, NULL, mark_dropped, NULL, NULL);
}

static gint64 time_left(const RunRecord *run) {
    g_autoptr(GDateTime) expires = g_date_time_new_from_iso8601(run->expires, NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    return expires != NULL ? g_date_time_difference(expires, now) : G_MAXINT64 / 2;
}

gint64 approval_expire(Pipeline *pipeline) {
    g_autoptr(GPtrArray) runs = ledger_runs(pipeline->ledger);
    gint64 next = G_MAXINT64;
    for (guint i = 0; i < runs->len; i++) {
        const RunRecord *run = runs->pdata[i];
        if (run_stage_of(run) != RUN_WAITING || run->expires == NULL)
            continue;
        if (is_over(run))
            expire(pipeline, run);
        else
            next = MIN(next, g_get_monotonic_time() + MAX(time_left(run), 0) + G_USEC_PER_SEC / 10);
    }
    return next;
}
