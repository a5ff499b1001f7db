/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_view.h"

#include <string.h>

#define TITLE_SHOWN 60    /* characters of a title or message in the table */
#define SECONDS_LENGTH 19 /* of 2026-01-31T12:34:56 */

char *run_view_age(const char *time) {
    static const struct {
        gint64 seconds;
        const char *name;
    } units[] = {{24 * 60 * 60, "d"}, {60 * 60, "h"}, {60, "m"}, {1, "s"}};
    g_autoptr(GDateTime) then = time != NULL ? g_date_time_new_from_iso8601(time, NULL) : NULL;
    if (then == NULL)
        return NULL;
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    gint64 seconds = g_date_time_difference(now, then) / G_TIME_SPAN_SECOND;
    gint64 distance = ABS(seconds);
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (distance >= units[i].seconds)
            return g_strdup_printf("%s%" G_GINT64_FORMAT "%s%s", seconds < 0 ? "in " : "",
                                   distance / units[i].seconds, units[i].name, seconds < 0 ? "" : " ago");
    return g_strdup("now");
}

static Style state_style(const json_t *run) {
    const json_t *good = json_object_get(run, "good");
    bool waits = g_strcmp0(json_get_string(run, "state"), "waiting") == 0;
    if (json_get_boolean(run, "open", false))
        return waits ? STYLE_YELLOW : STYLE_CYAN;
    return json_is_true(good) ? STYLE_GREEN : json_is_false(good) ? STYLE_RED : STYLE_DIM;
}

/* One line, cut. */
static char *shortened(const char *text) {
    if (text == NULL)
        return NULL;
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_strdelimit(valid, "\r\n\t", ' ');
    if (g_utf8_strlen(valid, -1) <= TITLE_SHOWN)
        return g_steal_pointer(&valid);
    g_autofree char *part = g_utf8_substring(valid, 0, TITLE_SHOWN - 1);
    return g_strconcat(part, "…", NULL);
}

/* What a run is about: why it went wrong, else its title, else what it made. */
static void add_about(Table *table, const json_t *run) {
    bool bad = json_is_false(json_object_get(run, "good"));
    const char *text = bad ? json_get_string(run, "message") : NULL;
    if (text == NULL)
        text = json_get_string(run, "title");
    g_autofree char *shown = shortened(text != NULL ? text : json_get_string(run, "version"));
    table_cell(table, STYLE_NONE, shown);
}

static void add_row(Table *table, const json_t *run) {
    const char *created = json_get_string(run, "created");
    bool whole = created != NULL && strlen(created) > SECONDS_LENGTH && g_str_has_suffix(created, "Z");
    g_autofree char *seconds = whole ? g_strdup_printf("%.*sZ", SECONDS_LENGTH, created) : g_strdup(created);
    g_autofree char *age = run_view_age(created);
    table_row(table);
    table_cell(table, STYLE_BOLD, json_get_string(run, "id"));
    table_cell(table, STYLE_NONE, json_get_string(run, "subject"));
    table_cell(table, STYLE_NONE, json_get_string(run, "kind"));
    table_cell(table, state_style(run), json_get_string(run, "state"));
    table_cell(table, STYLE_NONE, json_get_string(run, "cause"));
    table_cell(table, STYLE_DIM, seconds);
    table_cell(table, STYLE_NONE, age);
    add_about(table, run);
}

void run_view_print_table(FILE *stream, const json_t *runs) {
    static const char *const columns[] = {"RUN",     "SUBJECT", "KIND",  "STATE", "CAUSE",
                                          "CREATED", "AGE",     "ABOUT", NULL};
    g_autoptr(Table) table = table_new(columns);
    for (size_t i = 0; i < json_array_size(runs); i++)
        add_row(table, json_array_get(runs, i));
    table_print(table, stream, OUTPUT_TABLE);
}

/* What a member says, or "?": for what the API always gives. */
static const char *said(const json_t *run, const char *key) {
    const char *text = json_get_string(run, key);
    return text != NULL ? text : "?";
}

void run_view_print_state(FILE *stream, bool colour, const json_t *run) {
    g_autofree char *subject = terminal_style(colour, STYLE_BOLD, said(run, "subject"));
    g_autofree char *state = terminal_style(colour, state_style(run), said(run, "state"));
    g_autofree char *id = terminal_clean(said(run, "id"));
    fprintf(stream, "%s: %s (run %s)\n", subject, state, id);
}

void run_view_set_error(const json_t *run, GError **error) {
    const char *message = json_get_string(run, "message");
    error_set(error, CLI_ERROR, CLI_ERROR_FAILED, json_get_string(run, "hint"),
              "run %s of %s ended as %s%s%s", said(run, "id"), said(run, "subject"), said(run, "state"),
              message != NULL ? ": " : "", message != NULL ? message : "");
}
