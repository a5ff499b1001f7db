/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_rows.h"

#include <string.h>

#include "cli/value_view.h"

#define KEY_WIDTH_MOST 48

typedef struct {
    FILE *stream;
    bool colour;
} View;

static const struct {
    const char *name;
    const char *mark;
    Style style;
} operations[] = {
    [PLAN_ROW_CREATE] = {"create", "+", STYLE_GREEN},  [PLAN_ROW_UPDATE] = {"update", "~", STYLE_YELLOW},
    [PLAN_ROW_STATE] = {"state", "~", STYLE_YELLOW},   [PLAN_ROW_DELETE] = {"delete", "-", STYLE_RED},
    [PLAN_ROW_ROLLOUT] = {"rollout", "!", STYLE_CYAN}, [PLAN_ROW_SETTINGS] = {"settings", "!", STYLE_CYAN},
};

PlanRowOperation plan_row_operation(const char *name) {
    PlanRowOperation operation = PLAN_ROW_CREATE;
    while (operation < PLAN_ROW_OPERATIONS && g_strcmp0(operations[operation].name, name) != 0)
        operation++;
    return operation;
}

PlanRow *plan_row_new(PlanRowOperation operation, const char *id, const char *address,
                      const GPtrArray *changes) {
    PlanRow *row = g_new0(PlanRow, 1);
    row->operation = operation;
    row->id = id;
    row->address = address;
    row->changes = changes;
    row->cause = PLAN_DECLARED;
    return row;
}

void plan_row_free(PlanRow *row) {
    if (row == NULL)
        return;
    g_free(row->subject);
    g_free(row);
}

bool plan_row_shows_name(const char *address, const char *name) {
    const char *key = strrchr(address, '/');
    return name != NULL && (key == NULL || !g_str_equal(key + 1, name));
}

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

/* The instance of an address; "" for what is of no module. The caller frees it. */
static char *instance_of(const char *address) {
    const char *slash = strchr(address, '/');
    bool module = slash != NULL && strchr(slash + 1, '/') != NULL;
    return module ? g_strndup(address, slash - address) : g_strdup("");
}

static char *group_of(const PlanRow *row) {
    bool own = row->operation == PLAN_ROW_ROLLOUT || row->operation == PLAN_ROW_SETTINGS;
    return own ? g_strdup(operations[row->operation].name) : instance_of(row->address);
}

/* What of an address is not in its group's heading. */
static const char *rest_of(const PlanRow *row) {
    g_autofree char *group = group_of(row);
    gsize length = strlen(group);
    bool under = length > 0 && g_str_has_prefix(row->address, group) && row->address[length] == '/';
    return under ? row->address + length + 1 : row->address;
}

/* Rows that are printed under one heading. */
typedef struct {
    char *name;
    GPtrArray *rows; /* PlanRow, borrowed */
} Group;

static void group_free(gpointer data) {
    Group *group = data;
    g_free(group->name);
    g_ptr_array_unref(group->rows);
    g_free(group);
}

static Group *add_group(GPtrArray *groups, GHashTable *by_name, char *name) {
    Group *group = g_new0(Group, 1);
    group->name = name;
    group->rows = g_ptr_array_new();
    g_ptr_array_add(groups, group);
    g_hash_table_insert(by_name, name, group);
    return group;
}

/* The groups in the order in which they first appear. */
static GPtrArray *groups_of(const GPtrArray *rows) {
    GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < rows->len; i++) {
        g_autofree char *name = group_of(rows->pdata[i]);
        Group *group = g_hash_table_lookup(by_name, name);
        if (group == NULL)
            group = add_group(groups, by_name, g_steal_pointer(&name));
        g_ptr_array_add(group->rows, rows->pdata[i]);
    }
    return groups;
}

/* What is special about an action; NULL: nothing. Static. */
static const char *remark_of(const PlanRow *row) {
    if (row->recreate)
        return "is gone, created again";
    if (row->stop_only)
        return "stopped, not deleted";
    if (g_str_has_suffix(row->id, "#pin"))
        return "held at the version it runs, before the rollout";
    if (row->operation != PLAN_ROW_CREATE && row->cause == PLAN_DRIFT)
        return "changed by hand, put back";
    return NULL;
}

static const char *shown_key(const char *key) {
    static const char *const own[] = {"state", "partitions", "replication", NULL};
    const char *bare = g_str_has_prefix(key, "config.") ? key + strlen("config.") : key;
    return bare != key && g_strv_contains(own, bare) ? key : bare;
}

static int key_width(const PlanRow *row) {
    glong width = 0;
    for (guint i = 0; i < row->changes->len; i++) {
        const PlanChange *change = row->changes->pdata[i];
        width = MAX(width, g_utf8_strlen(shown_key(change->key), -1));
    }
    return (int)MIN(width, KEY_WIDTH_MOST);
}

/* That nothing is known on either side is an older daemon's way to tell a sensitive value. */
static PlanRowOperation operation_of(const PlanChange *change) {
    bool before = change->old_value != NULL;
    bool after = change->new_value != NULL || change->deferred != NULL;
    if (before == after)
        return PLAN_ROW_UPDATE;
    return before ? PLAN_ROW_DELETE : PLAN_ROW_CREATE;
}

static void print_key(const View *view, const PlanRow *row, const PlanChange *change, int width) {
    bool created = row->operation == PLAN_ROW_CREATE;
    PlanRowOperation operation = operation_of(change);
    fputs("      ", view->stream);
    print(view, created ? STYLE_NONE : operations[operation].style,
          created ? " " : operations[operation].mark);
    const char *key = shown_key(change->key);
    glong blanks = width - g_utf8_strlen(key, -1);
    fputc(' ', view->stream);
    print(view, STYLE_NONE, key);
    fprintf(view->stream, "%*s  ", (int)MAX(blanks, 0), "");
}

static void print_change(const View *view, const PlanRow *row, const PlanChange *change, int width) {
    ValuePair values = value_pair(change);
    print_key(view, row, change, width);
    if (values.old_text != NULL)
        print(view, values.new_text == NULL ? STYLE_DIM : STYLE_NONE, values.old_text);
    if (values.old_text != NULL && values.new_text != NULL)
        print(view, STYLE_DIM, " → ");
    if (values.new_text != NULL)
        print(view, STYLE_NONE, values.new_text);
    if ((change->cause & PLAN_DRIFT) != 0 && row->cause != PLAN_DRIFT)
        print(view, STYLE_YELLOW, "  changed by hand");
    fputc('\n', view->stream);
    value_pair_clear(&values);
}

/* Partitions, replication, state: what is no config comes first. */
static void print_changes(const View *view, const PlanRow *row) {
    int width = key_width(row);
    for (int config = 0; config <= 1; config++)
        for (guint i = 0; i < row->changes->len; i++) {
            const PlanChange *change = row->changes->pdata[i];
            if (g_str_has_prefix(change->key, "config.") == config)
                print_change(view, row, change, width);
        }
}

static void print_row(const View *view, const PlanRow *row) {
    const char *remark = remark_of(row);
    fputs("  ", view->stream);
    print(view, operations[row->operation].style, operations[row->operation].mark);
    fputc(' ', view->stream);
    print(view, STYLE_BOLD, rest_of(row));
    if (row->subject != NULL)
        print(view, STYLE_DIM, row->subject);
    if (remark != NULL)
        printf_styled(view, STYLE_YELLOW, "  %s", remark);
    fputc('\n', view->stream);
    if (row->operation != PLAN_ROW_DELETE)
        print_changes(view, row);
}

static void print_group(const View *view, const Group *group) {
    print(view, STYLE_BOLD, *group->name != '\0' ? group->name : "of no module");
    fputc('\n', view->stream);
    for (guint i = 0; i < group->rows->len; i++)
        print_row(view, group->rows->pdata[i]);
    fputc('\n', view->stream);
}

void plan_rows_print(FILE *stream, bool colour, const GPtrArray *rows) {
    g_autoptr(GPtrArray) groups = groups_of(rows);
    for (guint i = 0; i < groups->len; i++)
        print_group(&(View){stream, colour}, groups->pdata[i]);
}

void plan_rows_print_note(FILE *stream, bool colour, DiagnosticKind kind, const char *address,
                          const char *message, const char *hint) {
    const View view = {stream, colour};
    g_autofree char *clean = terminal_clean(message);
    bool warning = kind == DIAGNOSTIC_WARNING;
    print(&view, warning ? STYLE_YELLOW : STYLE_RED, warning ? "warning:" : "error:");
    if (address != NULL)
        printf_styled(&view, STYLE_BOLD, " %s:", address);
    fprintf(stream, " %s\n", clean);
    if (hint == NULL)
        return;
    g_autofree char *clean_hint = terminal_clean(hint);
    print(&view, STYLE_CYAN, "  hint:");
    fprintf(stream, " %s\n", clean_hint);
}

static guint count(const GPtrArray *rows, PlanRowOperation operation) {
    guint found = 0;
    for (guint i = 0; i < rows->len; i++)
        found += ((PlanRow *)rows->pdata[i])->operation == operation;
    return found;
}

/* Resources, not actions: a pin and a switch of one connector are one change. */
static guint count_changed(const GPtrArray *rows) {
    g_autoptr(GHashTable) addresses = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < rows->len; i++) {
        const PlanRow *row = rows->pdata[i];
        if (row->operation == PLAN_ROW_UPDATE || row->operation == PLAN_ROW_STATE || row->stop_only)
            g_hash_table_add(addresses, (gpointer)row->address);
    }
    return g_hash_table_size(addresses);
}

static guint count_deleted(const GPtrArray *rows) {
    guint found = 0;
    for (guint i = 0; i < rows->len; i++) {
        const PlanRow *row = rows->pdata[i];
        found += row->operation == PLAN_ROW_DELETE && !row->stop_only;
    }
    return found;
}

char *plan_rows_count(const GPtrArray *rows) {
    guint rollouts = count(rows, PLAN_ROW_ROLLOUT);
    guint settings = count(rows, PLAN_ROW_SETTINGS);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "%u to create, %u to change, %u to delete", count(rows, PLAN_ROW_CREATE),
                    count_changed(rows), count_deleted(rows));
    if (rollouts > 0)
        g_string_append_printf(text, ", %u rollout%s", rollouts, rollouts == 1 ? "" : "s");
    if (settings > 0)
        g_string_append(text, ", and settings");
    return g_strdup(text->str);
}

void plan_rows_print_last_line(FILE *stream, bool colour, const GPtrArray *rows, guint problems) {
    const View view = {stream, colour};
    if (problems > 0) {
        printf_styled(&view, STYLE_RED, "This plan can't be applied: %u problem%s", problems,
                      problems == 1 ? "" : "s");
        fputc('\n', stream);
        return;
    }
    g_autofree char *counted = plan_rows_count(rows);
    print(&view, STYLE_BOLD, "Plan:");
    fprintf(stream, " %s\n", counted);
}
