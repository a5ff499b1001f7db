/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/apply_view.h"

#include <string.h>

#include "engine/words.h"

#define TRACE_LINES 8

static const struct {
    Style style;
    const char *name; /* for programs */
} outcomes[] = {
    [OUTCOME_DONE] = {STYLE_GREEN, "done"},
    [OUTCOME_FAILED] = {STYLE_RED, "failed"},
    [OUTCOME_ROLLED_BACK] = {STYLE_YELLOW, "rolled_back"},
    [OUTCOME_STUCK] = {STYLE_RED, "stuck"},
    [OUTCOME_SKIPPED] = {STYLE_DIM, "skipped"},
};

static void add_styled(GString *line, bool colour, Style style, const char *text) {
    g_autofree char *styled = terminal_style(colour, style, text);
    g_string_append(line, styled);
}

static char *headline(const ActionResult *result, bool colour) {
    GString *line = g_string_new(NULL);
    g_autofree char *subject = words_subject(result->action);
    g_autofree char *words = words_outcome(result);
    add_styled(line, colour, outcomes[result->outcome].style, words_mark(result->outcome));
    g_string_append_c(line, ' ');
    add_styled(line, colour, STYLE_BOLD, subject);
    g_string_append_c(line, ' ');
    add_styled(line, colour, STYLE_NONE, words);
    if (result->outcome != OUTCOME_SKIPPED) {
        g_autofree char *spent = words_duration(result->duration_ms);
        g_string_append_c(line, ' ');
        add_styled(line, colour, STYLE_DIM, spent);
    }
    return g_string_free(line, FALSE);
}

/* Adds the first lines of `text`, each indented under its action. */
static void add_indented(GString *lines, bool colour, Style style, const char *label, const char *text,
                         guint most) {
    g_autofree char *clean = terminal_clean(text);
    g_auto(GStrv) parts = g_strsplit(g_strchomp(clean), "\n", -1);
    guint count = g_strv_length(parts);
    for (guint i = 0; i < MIN(count, most); i++) {
        g_string_append(lines, "\n    ");
        if (i == 0 && *label != '\0')
            add_styled(lines, colour, style, label);
        g_string_append(lines, parts[i]);
    }
    if (count > most)
        g_string_append_printf(lines, "\n    … %u lines more", count - most);
}

static void action_ended(const ActionResult *result, gpointer user_data) {
    ApplyView *view = user_data;
    const char *hint = result->error != NULL ? error_hint(result->error) : NULL;
    g_autofree char *first = headline(result, view->colour);
    g_autoptr(GString) lines = g_string_new(first);
    view->ended++;
    if (result->error != NULL && result->outcome != OUTCOME_SKIPPED)
        add_indented(lines, view->colour, STYLE_RED, "error: ", result->error->message, G_MAXUINT);
    if (hint != NULL && result->outcome != OUTCOME_SKIPPED)
        add_indented(lines, view->colour, STYLE_CYAN, "hint: ", hint, G_MAXUINT);
    if (result->trace != NULL)
        add_indented(lines, view->colour, STYLE_NONE, "", result->trace, TRACE_LINES);
    progress_line(view->session->progress, lines->str);
}

static void action_begun(const PlanAction *action, gpointer user_data) {
    const ApplyView *view = user_data;
    g_autofree char *subject = words_subject(action);
    if (view->total > 0)
        progress_update(view->session->progress, "%u of %u: %s %s", view->ended + 1, view->total,
                        words_doing(action->operation), subject);
    else
        progress_update(view->session->progress, "%s %s", words_doing(action->operation), subject);
}

ApplyEvents apply_view_events(ApplyView *view) {
    return (ApplyEvents){action_begun, action_ended, view};
}

static guint count_outcome(const ApplyReport *report, Outcome outcome) {
    guint count = 0;
    for (guint i = 0; i < report->results->len; i++)
        count += ((ActionResult *)report->results->pdata[i])->outcome == outcome;
    return count;
}

/* "3 created, 1 updated": what was done, by verb. "" for nothing. */
static char *count_done(const ApplyReport *report) {
    GString *text = g_string_new(NULL);
    for (PlanOperation operation = PLAN_CREATE; operation <= PLAN_ROLLOUT; operation++) {
        guint count = 0;
        for (guint i = 0; i < report->results->len; i++) {
            const ActionResult *result = report->results->pdata[i];
            count += result->outcome == OUTCOME_DONE && result->action->operation == operation;
        }
        if (count > 0)
            g_string_append_printf(text, "%s%u %s", text->len > 0 ? ", " : "", count, words_done(operation));
    }
    return g_string_free(text, FALSE);
}

static char *count_undone(const ApplyReport *report) {
    static const struct {
        Outcome outcome;
        const char *words;
    } undone[] = {
        {OUTCOME_FAILED, "failed"},
        {OUTCOME_ROLLED_BACK, "rolled back"},
        {OUTCOME_STUCK, "stuck"},
        {OUTCOME_SKIPPED, "skipped"},
    };
    GString *text = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(undone); i++) {
        guint count = count_outcome(report, undone[i].outcome);
        if (count > 0)
            g_string_append_printf(text, ", %u %s", count, undone[i].words);
    }
    return g_string_free(text, FALSE);
}

void apply_view_print_summary(FILE *stream, const ApplyView *view, const ApplyReport *report) {
    bool ok = report->result == HISTORY_OK;
    g_autofree char *done = count_done(report);
    g_autofree char *undone = count_undone(report);
    g_autofree char *spent = words_duration((g_get_monotonic_time() - view->started) / 1000);
    g_autofree char *label = terminal_style(view->colour, ok ? STYLE_GREEN : STYLE_RED,
                                            ok                                      ? "Done:"
                                            : report->result == HISTORY_INTERRUPTED ? "Interrupted:"
                                                                                    : "Not all is done:");
    for (guint i = 0; report->learnt != NULL && i < report->learnt->len; i++)
        fprintf(stream, "The lock learnt which versions %s reports: commit it\n",
                (const char *)report->learnt->pdata[i]);
    fprintf(stream, "%s %s%s in %s\n", label, *done != '\0' ? done : "nothing changed", undone, spent);
}

static json_t *result_to_json(const ActionResult *result) {
    const char *message = result->error != NULL ? result->error->message : NULL;
    const char *hint = result->error != NULL ? error_hint(result->error) : NULL;
    return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "id", result->action->id, "operation",
                     plan_operation_name(result->action->operation), "outcome",
                     outcomes[result->outcome].name, "duration_ms", (json_int_t)result->duration_ms, "error",
                     json_string_or_null(message), "hint", json_string_or_null(hint), "trace",
                     json_string_or_null(result->trace), "skipped_for",
                     json_string_or_null(result->skipped_for));
}

json_t *apply_view_to_json(const ApplyReport *report) {
    json_t *actions = json_array();
    json_t *learnt = json_array();
    for (guint i = 0; i < report->results->len; i++)
        json_array_append_new(actions, result_to_json(report->results->pdata[i]));
    for (guint i = 0; report->learnt != NULL && i < report->learnt->len; i++)
        json_array_append_new(learnt, json_string(report->learnt->pdata[i]));
    return json_pack("{s:s, s:o, s:o}", "result", history_result_name(report->result), "actions", actions,
                     "learnt", learnt);
}
