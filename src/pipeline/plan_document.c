/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/plan_document.h"

#include <string.h>

#include "base/files.h"
#include "base/hash.h"

#define HIDDEN "•••"

/* Of a sensitive value no more is told than whether it is there. */
static json_t *value_to_json(const PlanChange *change, const char *value) {
    return json_string_or_null(value != NULL && change->sensitive ? HIDDEN : value);
}

static json_t *change_to_json(const PlanChange *change) {
    return json_pack("{s:s, s:o, s:o, s:b, s:o, s:b}", "key", change->key, "old",
                     value_to_json(change, change->old_value), "new",
                     value_to_json(change, change->new_value), "sensitive", change->sensitive, "deferred",
                     json_string_or_null(change->deferred), "drift", (change->cause & PLAN_DRIFT) != 0);
}

static json_t *action_to_json(const PlanAction *action) {
    json_t *changes = json_array();
    for (guint i = 0; i < action->changes->len; i++)
        json_array_append_new(changes, change_to_json(action->changes->pdata[i]));
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:b}", "id", action->id, "address", action->address,
                     "operation", plan_operation_name(action->operation), "changes", changes, "name",
                     json_string_or_null(action->name), "drift", action->cause == PLAN_DRIFT, "recreate",
                     action->recreate, "stops", action->stop_only);
}

static json_t *problem_to_json(const PlanNote *note) {
    return json_pack("{s:o, s:s, s:o}", "address", json_string_or_null(note->address), "message",
                     note->message, "hint", json_string_or_null(note->hint));
}

static json_t *warning_to_json(const PlanNote *note) {
    g_autofree char *text = note->address != NULL ? g_strdup_printf("%s: %s", note->address, note->message)
                                                  : g_strdup(note->message);
    return json_string(text);
}

json_t *plan_document(const Plan *plan) {
    json_t *actions = json_array(), *problems = json_array(), *warnings = json_array();
    for (guint i = 0; i < plan->actions->len; i++)
        json_array_append_new(actions, action_to_json(plan->actions->pdata[i]));
    for (guint i = 0; i < plan->problems->len; i++)
        json_array_append_new(problems, problem_to_json(plan->problems->pdata[i]));
    for (guint i = 0; i < plan->warnings->len; i++)
        json_array_append_new(warnings, warning_to_json(plan->warnings->pdata[i]));
    return json_pack("{s:s, s:b, s:s, s:o, s:o, s:o}", "digest", plan->digest, "settings", false, "created",
                     plan->created, "actions", actions, "problems", problems, "warnings", warnings);
}

/* --- Settings ------------------------------------------------------------------------------------------- */

static void add_difference(json_t *changes, const char *key, const char *before, const char *after) {
    if (g_strcmp0(before, after) != 0)
        json_array_append_new(changes, json_pack("{s:s, s:o, s:o, s:b, s:n}", "key", key, "old",
                                                 json_string_or_null(before), "new",
                                                 json_string_or_null(after), "sensitive", false, "deferred"));
}

/* What is written the same but is another password is still a change. */
static json_t *differences(const json_t *before, const json_t *after) {
    json_t *changes = json_array();
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)before, key, value)
        add_difference(changes, key, json_string_value(value), json_get_string(after, key));
    json_object_foreach ((json_t *)after, key, value)
        if (json_object_get(before, key) == NULL)
            add_difference(changes, key, NULL, json_string_value(value));
    if (json_array_size(changes) == 0)
        json_array_append_new(changes, json_pack("{s:s, s:s, s:s, s:b, s:n}", "key", "a password", "old",
                                                 HIDDEN, "new", HIDDEN, "sensitive", true, "deferred"));
    return changes;
}

json_t *plan_document_of_settings(const json_t *before, const json_t *after, const char *digest_before,
                                  const char *digest_after) {
    if (strcmp(digest_before, digest_after) == 0)
        return NULL;
    g_autofree char *both = g_strdup_printf("settings %s %s", digest_before, digest_after);
    g_autofree char *hash = hash_bytes(HASH_SHA256, both, strlen(both));
    g_autofree char *digest = g_strconcat("sha256:", hash, NULL);
    g_autofree char *now = files_now();
    json_t *action = json_pack("{s:s, s:s, s:s, s:o}", "id", "settings", "address", "settings", "operation",
                               "settings", "changes", differences(before, after));
    return json_pack("{s:s, s:b, s:s, s:[o], s:[], s:[]}", "digest", digest, "settings", true, "created", now,
                     "actions", action, "problems", "warnings");
}

/* --- The log -------------------------------------------------------------------------------------------- */

static const char *mark_of(const char *operation) {
    static const struct {
        const char *operation, *mark;
    } marks[] = {{"create", "+"}, {"delete", "-"}, {"rollout", "!"}};
    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
        if (g_strcmp0(marks[i].operation, operation) == 0)
            return marks[i].mark;
    return "~";
}

static void log_change(const json_t *change, RunLog *log) {
    const char *old_value = json_get_string(change, "old"), *new_value = json_get_string(change, "new");
    const char *deferred = json_get_string(change, "deferred");
    g_autofree char *later =
        deferred != NULL ? g_strdup_printf("(known after the rollout: %s)", deferred) : NULL;
    run_log_line(log, "    %s: %s → %s%s", json_get_string(change, "key"),
                 old_value != NULL ? old_value : "-",
                 later != NULL       ? later
                 : new_value != NULL ? new_value
                                     : "-",
                 json_get_boolean(change, "drift", false) ? "  (changed by hand)" : "");
}

static void log_notes(const json_t *document, RunLog *log) {
    const json_t *note;
    size_t index;
    json_array_foreach (json_object_get(document, "warnings"), index, note)
        run_log_line(log, "warning: %s", json_string_value(note));
    json_array_foreach (json_object_get(document, "problems"), index, note) {
        const char *address = json_get_string(note, "address"), *hint = json_get_string(note, "hint");
        run_log_line(log, "problem: %s%s%s", address != NULL ? address : "", address != NULL ? ": " : "",
                     json_get_string(note, "message"));
        if (hint != NULL)
            run_log_line(log, "hint: %s", hint);
    }
}

void plan_document_log(const json_t *document, RunLog *log) {
    const json_t *action, *change;
    size_t index, inner;
    json_array_foreach (json_object_get(document, "actions"), index, action) {
        const char *operation = json_get_string(action, "operation");
        run_log_line(log, "%s %s  %s", mark_of(operation), json_get_string(action, "address"), operation);
        json_array_foreach (json_object_get(action, "changes"), inner, change)
            log_change(change, log);
    }
    log_notes(document, log);
}
