/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_plan.h"

#include "cli/plan_rows.h"
#include "cli/run_view.h"

#define COMMIT_SHOWN 10

struct RunPlan {
    const json_t *run;
    const json_t *plan;
    GPtrArray *changes; /* GPtrArray of PlanChange, one for each row, which borrow them */
    GPtrArray *rows;    /* PlanRow */
};

/* Borrows its texts from the change's JSON. */
static PlanChange *change_new(const json_t *json, const char *key) {
    PlanChange *change = g_new0(PlanChange, 1);
    change->key = (char *)key;
    change->old_value = (char *)json_get_string(json, "old");
    change->new_value = (char *)json_get_string(json, "new");
    change->deferred = (char *)json_get_string(json, "deferred");
    change->sensitive = json_get_boolean(json, "sensitive", false);
    change->cause = json_get_boolean(json, "drift", false) ? PLAN_DRIFT : PLAN_DECLARED;
    return change;
}

static void free_array(gpointer array) {
    g_ptr_array_unref(array);
}

static bool not_understood(const json_t *action, GError **error) {
    const char *operation = json_get_string(action, "operation");
    error_set(error, CLI_ERROR, CLI_ERROR_FAILED,
              "the server is newer than this program: approve on its page",
              "its plan holds what this program doesn't know ('%s')", operation != NULL ? operation : "?");
    return false;
}

static bool add_changes(GPtrArray *changes, const json_t *action, GError **error) {
    const json_t *all = json_object_get(action, "changes");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *json = json_array_get(all, i);
        const char *key = json_get_string(json, "key");
        if (key == NULL)
            return not_understood(action, error);
        g_ptr_array_add(changes, change_new(json, key));
    }
    return true;
}

static PlanRow *row_new(PlanRowOperation operation, const char *address, const json_t *action,
                        const GPtrArray *changes) {
    const char *id = json_get_string(action, "id"), *name = json_get_string(action, "name");
    PlanRow *row = plan_row_new(operation, id != NULL ? id : address, address, changes);
    row->subject = plan_row_shows_name(address, name) ? g_strconcat("  ", name, NULL) : NULL;
    row->cause = json_get_boolean(action, "drift", false) ? PLAN_DRIFT : PLAN_DECLARED;
    row->recreate = json_get_boolean(action, "recreate", false);
    row->stop_only = json_get_boolean(action, "stops", false);
    return row;
}

static bool add_row(RunPlan *plan, const json_t *action, GError **error) {
    const char *address = json_get_string(action, "address");
    PlanRowOperation operation = plan_row_operation(json_get_string(action, "operation"));
    GPtrArray *changes = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(plan->changes, changes);
    if (operation == PLAN_ROW_OPERATIONS || address == NULL)
        return not_understood(action, error);
    g_ptr_array_add(plan->rows, row_new(operation, address, action, changes));
    return add_changes(changes, action, error);
}

RunPlan *run_plan_new(const json_t *run, GError **error) {
    g_autoptr(RunPlan) plan = g_new0(RunPlan, 1);
    plan->run = run;
    plan->plan = json_object_get(run, "plan");
    plan->changes = g_ptr_array_new_with_free_func(free_array);
    plan->rows = g_ptr_array_new_with_free_func((GDestroyNotify)plan_row_free);
    const json_t *actions = json_object_get(plan->plan, "actions");
    if (run_plan_digest(plan) == NULL) {
        const char *state = json_get_string(run, "state");
        error_set(error, CLI_ERROR, CLI_ERROR_FAILED, "see what waits: sluice runs --open",
                  "it has no plan; it is %s", state != NULL ? state : "in no known state");
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(actions); i++)
        if (!add_row(plan, json_array_get(actions, i), error))
            return NULL;
    return g_steal_pointer(&plan);
}

void run_plan_free(RunPlan *plan) {
    if (plan == NULL)
        return;
    g_ptr_array_unref(plan->rows);
    g_ptr_array_unref(plan->changes);
    g_free(plan);
}

const char *run_plan_digest(const RunPlan *plan) {
    return json_get_string(plan->plan, "digest");
}

guint run_plan_problems(const RunPlan *plan) {
    return (guint)json_array_size(json_object_get(plan->plan, "problems"));
}

static void print_text(FILE *stream, bool colour, Style style, const char *before, const char *text) {
    g_autofree char *styled = terminal_style(colour, style, text);
    fprintf(stream, "%s%s", before, styled);
}

static void print_by(FILE *stream, bool colour, const json_t *run) {
    const char *cause = json_get_string(run, "cause");
    const char *by = json_get_string(run, "by");
    g_autofree char *age = run_view_age(json_get_string(run, "created"));
    print_text(stream, colour, STYLE_DIM, "  ", cause != NULL ? cause : "run");
    if (by != NULL)
        print_text(stream, colour, STYLE_DIM, " by ", by);
    if (age != NULL)
        print_text(stream, colour, STYLE_DIM, ", ", age);
    fputc('\n', stream);
}

/* "prod: waiting (run 01J…)", and below it why there is this run. */
static void print_heading(FILE *stream, bool colour, const json_t *run) {
    const char *title = json_get_string(run, "title");
    const char *commit = json_get_string(run, "commit");
    run_view_print_state(stream, colour, run);
    print_by(stream, colour, run);
    if (title != NULL) {
        print_text(stream, colour, STYLE_NONE, "  ", title);
        fputc('\n', stream);
    }
    if (commit != NULL) {
        g_autofree char *text = g_strdup_printf("at commit %.*s", COMMIT_SHOWN, commit);
        print_text(stream, colour, STYLE_DIM, "  ", text);
        fputc('\n', stream);
    }
    fputc('\n', stream);
}

/* What a promotion or build moves: "~ module orders  0123456789 → 89abcdef01". */
static void print_move(FILE *stream, bool colour, const json_t *move) {
    const char *kind = json_get_string(move, "kind");
    const char *name = json_get_string(move, "name");
    const char *sides[] = {json_get_string(move, "before"), json_get_string(move, "after")};
    int width = g_strcmp0(kind, "module") == 0 ? COMMIT_SHOWN : -1;
    g_autofree char *subject = g_strdup_printf("%s %s", kind != NULL ? kind : "", name != NULL ? name : "");
    const char *mark = sides[0] == NULL ? "+" : sides[1] == NULL ? "-" : "~";
    print_text(stream, colour, STYLE_YELLOW, "  ", mark);
    print_text(stream, colour, STYLE_BOLD, " ", subject);
    for (int i = 0; i < 2; i++) {
        g_autofree char *text = sides[i] != NULL ? g_strdup_printf("%.*s", width, sides[i]) : NULL;
        if (text != NULL)
            print_text(stream, colour, STYLE_NONE, i == 1 && sides[0] != NULL ? " → " : "  ", text);
    }
    fputc('\n', stream);
}

static void print_moves(FILE *stream, bool colour, const json_t *run) {
    const json_t *moves = json_object_get(run, "changes");
    if (json_array_size(moves) == 0)
        return;
    print_text(stream, colour, STYLE_BOLD, "", "lock");
    fputc('\n', stream);
    for (size_t i = 0; i < json_array_size(moves); i++)
        print_move(stream, colour, json_array_get(moves, i));
    fputc('\n', stream);
}

static void print_notes(FILE *stream, bool colour, const json_t *plan) {
    const json_t *warnings = json_object_get(plan, "warnings");
    const json_t *problems = json_object_get(plan, "problems");
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        const char *warning = json_string_value(json_array_get(warnings, i));
        if (warning != NULL)
            plan_rows_print_note(stream, colour, DIAGNOSTIC_WARNING, NULL, warning, NULL);
    }
    for (size_t i = 0; i < json_array_size(problems); i++) {
        const json_t *problem = json_array_get(problems, i);
        const char *message = json_get_string(problem, "message");
        plan_rows_print_note(stream, colour, DIAGNOSTIC_ERROR, json_get_string(problem, "address"),
                             message != NULL ? message : "?", json_get_string(problem, "hint"));
    }
    if (json_get_boolean(plan, "settings", false))
        plan_rows_print_note(
            stream, colour, DIAGNOSTIC_WARNING, NULL,
            "this changes settings; those before the change decide about it, and a second plan follows",
            NULL);
    if (json_array_size(warnings) + json_array_size(problems) > 0 ||
        json_get_boolean(plan, "settings", false))
        fputc('\n', stream);
}

/* "; may approve: a, b" for a list that isn't empty. */
static void print_names(FILE *stream, bool colour, const char *label, const json_t *names) {
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        print_text(stream, colour, STYLE_NONE, i == 0 ? label : ", ", name != NULL ? name : "?");
    }
}

static void print_approval(FILE *stream, bool colour, const json_t *approval) {
    if (!json_is_object(approval))
        return;
    const json_t *given = json_object_get(approval, "given");
    g_autofree char *expires = run_view_age(json_get_string(approval, "expires"));
    print_text(stream, colour, STYLE_BOLD, "", "Approvals:");
    fprintf(stream, " %zu of %d", json_array_size(given), (int)json_get_integer(approval, "needed", 0));
    for (size_t i = 0; i < json_array_size(given); i++) {
        const char *by = json_get_string(json_array_get(given, i), "by");
        print_text(stream, colour, STYLE_NONE, i == 0 ? ", by " : ", ", by != NULL ? by : "?");
    }
    print_names(stream, colour, "; may give one: ", json_object_get(approval, "approvers"));
    print_names(stream, colour, "; may not: ", json_object_get(approval, "authors"));
    if (expires != NULL)
        fprintf(stream, "; expires %s", expires);
    fputc('\n', stream);
}

void run_plan_print(FILE *stream, bool colour, const RunPlan *plan) {
    print_heading(stream, colour, plan->run);
    print_moves(stream, colour, plan->run);
    plan_rows_print(stream, colour, plan->rows);
    print_notes(stream, colour, plan->plan);
    plan_rows_print_last_line(stream, colour, plan->rows, run_plan_problems(plan));
    print_approval(stream, colour, json_object_get(plan->run, "approval"));
}
