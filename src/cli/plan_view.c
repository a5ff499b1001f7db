/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_view.h"

#include <string.h>

#include "cli/plan_rows.h"

#define COMMIT_SHOWN 10

typedef struct {
    FILE *stream;
    bool colour;
    const Environment *environment;
} View;

/* Prints `text` in a style, cleaned. */
static void print(const View *view, Style style, const char *text) {
    g_autofree char *styled = terminal_style(view->colour, style, text);
    fputs(styled, view->stream);
}

/* As print(), printf-like. */
static G_GNUC_PRINTF(3, 4) void printf_styled(const View *view, Style style, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    print(view, style, text);
}

/* How many workers a rollout takes along; NULL where that isn't known. The caller frees it. */
static char *rollout_subject(const Environment *environment, const PlanAction *action) {
    const char *name = strchr(action->address, '/');
    const ConnectCluster *cluster =
        environment_find_connect(environment, name != NULL ? name + 1 : action->address);
    guint workers = cluster != NULL ? g_strv_length(cluster->workers) : 0;
    return workers > 0 ? g_strdup_printf("  %u worker%s", workers, workers == 1 ? "" : "s") : NULL;
}

/* Its name where it is, when the address doesn't say so; NULL: nothing. The caller frees it. */
static char *subject_of(const Environment *environment, const PlanAction *action) {
    if (action->operation == PLAN_ROLLOUT)
        return rollout_subject(environment, action);
    bool connector = action->cluster != NULL && !g_str_equal(action->cluster, "kafka");
    bool named = plan_row_shows_name(action->address, action->name);
    bool placed = connector && environment->connect->len > 1;
    if (!named && !placed)
        return NULL;
    return g_strconcat(named ? "  " : "", named ? action->name : "", placed ? " on " : "",
                       placed ? action->cluster : "", NULL);
}

/* The plan's actions as rows, which borrow from it. */
static GPtrArray *rows_of(const Plan *plan, const Environment *environment) {
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)plan_row_free);
    for (guint i = 0; i < plan->actions->len; i++) {
        const PlanAction *action = plan->actions->pdata[i];
        PlanRow *row = plan_row_new(plan_row_operation(plan_operation_name(action->operation)), action->id,
                                    action->address, action->changes);
        row->subject = subject_of(environment, action);
        row->cause = action->cause;
        row->recreate = action->recreate;
        row->stop_only = action->stop_only;
        g_ptr_array_add(rows, row);
    }
    return rows;
}

static void print_heading(const View *view, const Plan *plan) {
    if (plan->commit == NULL)
        return;
    printf_styled(view, STYLE_DIM, "%s at commit %.*s%s", plan->environment, COMMIT_SHOWN, plan->commit,
                  plan->dirty ? ", with changes that are not committed" : "");
    fputs("\n\n", view->stream);
}

static void print_aside(const View *view, const char *subject, const char *words, guint *printed) {
    printf_styled(view, STYLE_DIM, "· %s %s", subject, words);
    fputc('\n', view->stream);
    (*printed)++;
}

/* What the state will remember though nothing live changes, and who is not in the plan yet. */
static void print_asides(const View *view, const Plan *plan) {
    guint printed = 0;
    for (guint i = 0; i < plan->refreshes->len; i++) {
        const PlanRefresh *refresh = plan->refreshes->pdata[i];
        if (refresh->note != NULL)
            print_aside(view, refresh->address, refresh->note, &printed);
    }
    for (guint i = 0; i < view->environment->instances->len; i++) {
        const Instance *instance = view->environment->instances->pdata[i];
        if (instance->waiting)
            print_aside(view, instance->name, "waits for its first promotion", &printed);
    }
    if (printed > 0)
        fputc('\n', view->stream);
}

static void print_note(FILE *stream, bool colour, DiagnosticKind kind, const PlanNote *note) {
    plan_rows_print_note(stream, colour, kind, note->address, note->message, note->hint);
}

void plan_view_print_notes(FILE *stream, bool colour, const Plan *plan) {
    for (guint i = 0; i < plan->warnings->len; i++)
        print_note(stream, colour, DIAGNOSTIC_WARNING, plan->warnings->pdata[i]);
    for (guint i = 0; i < plan->problems->len; i++)
        print_note(stream, colour, DIAGNOSTIC_ERROR, plan->problems->pdata[i]);
}

static void print_nothing(const View *view, const Plan *plan, PlanKind kind) {
    print(view, STYLE_GREEN, "No changes.");
    fprintf(view->stream,
            kind == PLAN_APPLY ? " %s is as declared.\n" : " There is nothing to destroy in %s.\n",
            plan->environment);
}

void plan_view_print(FILE *stream, bool colour, const Plan *plan, PlanKind kind,
                     const Environment *environment) {
    const View view = {stream, colour, environment};
    g_autoptr(GPtrArray) rows = rows_of(plan, environment);
    print_heading(&view, plan);
    plan_rows_print(stream, colour, rows);
    print_asides(&view, plan);
    plan_view_print_notes(stream, colour, plan);
    if (plan->warnings->len + plan->problems->len > 0)
        fputc('\n', stream);
    if (plan->problems->len == 0 && plan->actions->len == 0)
        print_nothing(&view, plan, kind);
    else
        plan_rows_print_last_line(stream, colour, rows, plan->problems->len);
}
