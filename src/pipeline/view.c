/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipeline/pipeline_private.h"

/* --- Runs ----------------------------------------------------------------------------------------------- */

static void set(json_t *object, const char *key, const char *text) {
    json_object_set_new(object, key, json_string_or_null(text));
}

static json_t *verdict_to_json(RunStage stage) {
    int verdict = run_stage_verdict(stage);
    return verdict == 0 ? json_null() : json_boolean(verdict > 0);
}

json_t *view_run(const RunRecord *run) {
    RunStage stage = run_stage_of(run);
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:s}", "id", run->id, "kind", run_kind_name(run->kind),
                  "subject", run->subject, "state", run->state, "open", !run_stage_has_ended(stage), "good",
                  verdict_to_json(stage), "cause", run->cause);
    const char *resolved = json_get_string(run->artifact, "resolved");
    set(value, "title", run->title);
    set(value, "commit", run->commit);
    set(value, "version", resolved);
    set(value, "parent", run->parent);
    set(value, "by", run->by);
    set(value, "created", run->created);
    set(value, "started", run->started);
    set(value, "ended", run->ended);
    set(value, "message", run->message);
    set(value, "hint", run->hint);
    return value;
}

static json_t *or_null(json_t *document) {
    return document != NULL ? json_incref(document) : json_null();
}

/* Those that came, and, while the run is open, those that may come. */
static json_t *steps_of(const RunRecord *run) {
    json_t *steps = json_deep_copy(run->steps);
    bool open = !run_stage_has_ended(run_stage_of(run));
    for (const char *const *name = run_steps(run->kind); open && *name != NULL; name++) {
        json_t *step;
        size_t index;
        bool there = false;
        json_array_foreach (steps, index, step)
            there = there || g_strcmp0(json_get_string(step, "name"), *name) == 0;
        if (!there && strcmp(*name, "revert") != 0)
            json_array_append_new(steps, json_pack("{s:s, s:s, s:n, s:n}", "name", *name, "state", "pending",
                                                   "started", "ended"));
    }
    return steps;
}

static json_t *approval_of(const RunRecord *run, const Person *reader) {
    if (run->needs == NULL)
        return json_null();
    bool waits = run_stage_of(run) == RUN_WAITING;
    g_autofree char *refusal = !waits           ? g_strdup("the run does not wait")
                               : reader == NULL ? g_strdup("nobody is signed in")
                                                : approval_refusal(run, reader);
    json_t *given = run->given != NULL ? json_incref(run->given) : json_array();
    return json_pack("{s:O, s:o, s:O, s:O, s:o, s:b, s:o}", "needed",
                     json_object_get(run->needs, "approvals"), "given", given, "approvers",
                     json_object_get(run->needs, "approvers"), "authors",
                     json_object_get(run->needs, "authors"), "expires", json_string_or_null(run->expires),
                     "may", refusal == NULL, "why_not", json_string_or_null(refusal));
}

json_t *pipeline_run(Pipeline *pipeline, const char *id, const Person *reader, GError **error) {
    g_autoptr(RunRecord) run = ledger_run(pipeline->ledger, id);
    if (run == NULL) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND, NULL, "there is no run '%s'", id);
        return NULL;
    }
    json_t *value = view_run(run);
    json_object_set_new(value, "steps", steps_of(run));
    json_object_set_new(value, "artifact", or_null(run->artifact));
    json_object_set_new(value, "changes", run->changes != NULL ? json_incref(run->changes) : json_array());
    json_object_set_new(value, "plan", or_null(run->plan));
    json_object_set_new(value, "approval", approval_of(run, reader));
    set(value, "trace", run->trace);
    set(value, "pushed", run->pushed);
    return value;
}

static bool is_wanted(const RunRecord *run, const RunFilter *filter) {
    if (filter->subject != NULL && strcmp(run->subject, filter->subject) != 0)
        return false;
    if (filter->open_only && run_stage_has_ended(run_stage_of(run)))
        return false;
    return filter->before == NULL || strcmp(run->id, filter->before) < 0;
}

json_t *pipeline_runs(Pipeline *pipeline, const RunFilter *filter) {
    g_autoptr(GPtrArray) runs = ledger_runs(pipeline->ledger);
    json_t *list = json_array();
    for (guint i = 0; i < runs->len && json_array_size(list) < filter->limit; i++)
        if (is_wanted(runs->pdata[i], filter))
            json_array_append_new(list, view_run(runs->pdata[i]));
    return json_pack("{s:o}", "runs", list);
}

char *pipeline_log_path(Pipeline *pipeline, const char *id, bool *open, GError **error) {
    g_autoptr(RunRecord) run = ledger_run(pipeline->ledger, id);
    if (run == NULL) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND, NULL, "there is no run '%s'", id);
        return NULL;
    }
    *open = !run_stage_has_ended(run_stage_of(run));
    return pipeline_path(pipeline, "runs", id, "log", NULL);
}

json_t *pipeline_audit(Pipeline *pipeline, guint limit, const char *before, GError **error) {
    g_autoptr(GPtrArray) entries = ledger_audit(pipeline->ledger, before, limit, error);
    if (entries == NULL)
        return NULL;
    json_t *list = json_array();
    for (guint i = 0; i < entries->len; i++) {
        json_t *entry = json_incref(entries->pdata[i]);
        json_object_del(entry, "v");
        json_array_append_new(list, entry);
    }
    return json_pack("{s:o}", "entries", list);
}

/* --- Environments --------------------------------------------------------------------------------------- */

static json_t *behind_of(const MarkRecord *mark) {
    if (mark->behind_commit == NULL)
        return json_null();
    return json_pack("{s:s, s:o, s:o}", "commit", mark->behind_commit, "run",
                     json_string_or_null(mark->behind_run), "why", json_string_or_null(mark->behind_why));
}

static json_t *environment_of(Pipeline *pipeline, const char *name) {
    g_mutex_lock(&pipeline->mutex);
    const json_t *observed = g_hash_table_lookup(pipeline->observed, name);
    json_t *value = observed != NULL
                        ? json_copy((json_t *)observed)
                        : json_pack("{s:s, s:s, s:n, s:n, s:[], s:[], s:[]}", "name", name, "health",
                                    "unknown", "observed", "problem", "instances", "plugins", "holds");
    json_object_update(value, g_hash_table_lookup(pipeline->declared, name));
    g_mutex_unlock(&pipeline->mutex);
    g_autoptr(MarkRecord) mark = ledger_mark(pipeline->ledger, name);
    g_autoptr(RunRecord) open = runs_find(pipeline, RUN_DEPLOY, name, run_stage_is_open);
    set(value, "commit", mark->good_commit);
    set(value, "applied", mark->good_at);
    json_object_set_new(value, "behind", behind_of(mark));
    set(value, "run", open != NULL ? open->id : NULL);
    return value;
}

json_t *pipeline_environment(Pipeline *pipeline, const char *environment, GError **error) {
    g_auto(GStrv) names = pipeline_environments(pipeline);
    if (g_strv_contains((const char *const *)names, environment))
        return environment_of(pipeline, environment);
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND, NULL, "there is no environment '%s'",
              environment);
    return NULL;
}

json_t *pipeline_overview(Pipeline *pipeline) {
    g_auto(GStrv) names = pipeline_environments(pipeline);
    json_t *environments = json_array();
    for (char **name = names; *name != NULL; name++)
        json_array_append_new(environments, environment_of(pipeline, *name));
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    json_t *declarations = json_pack("{s:s}", "branch", pipeline->settings->branch);
    set(declarations, "commit", pipeline->head);
    set(declarations, "title", pipeline->head_title);
    set(declarations, "problem", pipeline->problem);
    return json_pack("{s:o, s:o, s:o}", "project",
                     json_string_or_null(pipeline->project != NULL ? pipeline->project->name : NULL),
                     "declarations", declarations, "environments", environments);
}

/* --- For monitors --------------------------------------------------------------------------------------- */

static void count(json_t *object, const char *key, double more) {
    double before = json_number_value(json_object_get(object, key));
    json_object_set_new(object, key, json_real(before + more));
}

static double seconds_between(const char *from, const char *to) {
    g_autoptr(GDateTime) started = from != NULL ? g_date_time_new_from_iso8601(from, NULL) : NULL;
    g_autoptr(GDateTime) ended = to != NULL ? g_date_time_new_from_iso8601(to, NULL) : NULL;
    return started != NULL && ended != NULL
               ? (double)g_date_time_difference(ended, started) / G_TIME_SPAN_SECOND
               : 0;
}

/* Of its steps, without the waiting for people. */
static double seconds_of(const RunRecord *run) {
    double seconds = 0;
    const json_t *step;
    size_t index;
    json_array_foreach (run->steps, index, step)
        if (g_strcmp0(json_get_string(step, "name"), "approval") != 0)
            seconds += seconds_between(json_get_string(step, "started"), json_get_string(step, "ended"));
    return seconds;
}

static void count_run(json_t *counts, const RunRecord *run) {
    const char *kind = run_kind_name(run->kind);
    json_t *states = json_object_get(json_object_get(counts, "runs"), kind);
    json_object_set_new(states, run->state, json_integer(json_get_integer(states, run->state, 0) + 1));
    if (run_stage_of(run) == RUN_WAITING)
        json_object_set_new(counts, "waiting", json_integer(json_get_integer(counts, "waiting", 0) + 1));
    if (run_stage_verdict(run_stage_of(run)) == 0)
        return;
    g_autofree char *sum = g_strdup_printf("%s_seconds_sum", kind),
                    *number = g_strdup_printf("%s_seconds_count", kind);
    count(counts, sum, seconds_of(run));
    count(counts, number, 1);
}

json_t *pipeline_counts(Pipeline *pipeline) {
    g_autoptr(GPtrArray) runs = ledger_runs(pipeline->ledger);
    g_autoptr(json_t) overview = pipeline_overview(pipeline);
    json_t *counts = json_pack("{s:{s:{}, s:{}}, s:i, s:{}, s:{}}", "runs", "build", "deploy", "waiting", 0,
                               "behind", "healthy");
    for (guint i = 0; i < runs->len; i++)
        count_run(counts, runs->pdata[i]);
    const json_t *environment;
    size_t index;
    json_array_foreach (json_object_get(overview, "environments"), index, environment) {
        const char *name = json_get_string(environment, "name"),
                   *health = json_get_string(environment, "health");
        bool behind = !json_is_null(json_object_get(environment, "behind"));
        json_object_set_new(json_object_get(counts, "behind"), name, json_boolean(behind));
        json_object_set_new(json_object_get(counts, "healthy"), name,
                            json_boolean(strcmp(health, "ok") == 0));
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    json_object_set_new(counts, "polls", json_integer((json_int_t)pipeline->polls));
    json_object_set_new(counts, "poll_failures", json_integer((json_int_t)pipeline->poll_failures));
    return counts;
}

bool pipeline_take_delivery(Pipeline *pipeline, const char *provider, const char *id) {
    return ledger_take_delivery(pipeline->ledger, provider, id);
}

void pipeline_note(Pipeline *pipeline, const char *act, const Person *person) {
    const LedgerChange change = {.audit = audit_record(person->name, act, NULL, NULL, NULL, NULL)};
    ledger_commit(pipeline->ledger, &change, NULL);
}
