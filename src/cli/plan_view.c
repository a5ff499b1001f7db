/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_view.h"

#include <string.h>

#include "base/terminal.h"
#include "cli/value_view.h"

#define KEY_WIDTH_MOST 48
#define COMMIT_SHOWN 10

typedef struct {
    FILE *stream;
    bool colour;
    const Environment *environment;
} View;

static const struct {
    const char *mark;
    Style style;
} operations[] = {
    [PLAN_CREATE] = {"+", STYLE_GREEN}, [PLAN_UPDATE] = {"~", STYLE_YELLOW},
    [PLAN_STATE] = {"~", STYLE_YELLOW}, [PLAN_DELETE] = {"-", STYLE_RED},
    [PLAN_ROLLOUT] = {"!", STYLE_CYAN},
};

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

static char *group_of(const PlanAction *action) {
    return action->operation == PLAN_ROLLOUT ? g_strdup("rollout") : instance_of(action->address);
}

/* What of an address is not in its group's heading. */
static const char *rest_of(const PlanAction *action) {
    g_autofree char *group = group_of(action);
    gsize length = strlen(group);
    return length > 0 && action->address[length] == '/' ? action->address + length + 1 : action->address;
}

/* Actions that are printed under one heading. */
typedef struct {
    char *name;
    GPtrArray *actions; /* PlanAction, borrowed */
} Group;

static void group_free(gpointer data) {
    Group *group = data;
    g_free(group->name);
    g_ptr_array_unref(group->actions);
    g_free(group);
}

static Group *add_group(GPtrArray *groups, GHashTable *by_name, char *name) {
    Group *group = g_new0(Group, 1);
    group->name = name;
    group->actions = g_ptr_array_new();
    g_ptr_array_add(groups, group);
    g_hash_table_insert(by_name, name, group);
    return group;
}

/* The groups in the order in which they first appear. */
static GPtrArray *groups_of(const Plan *plan) {
    GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < plan->actions->len; i++) {
        g_autofree char *name = group_of(plan->actions->pdata[i]);
        Group *group = g_hash_table_lookup(by_name, name);
        if (group == NULL)
            group = add_group(groups, by_name, g_steal_pointer(&name));
        g_ptr_array_add(group->actions, plan->actions->pdata[i]);
    }
    return groups;
}

static void print_rollout_subject(const View *view, const PlanAction *action) {
    const char *name = strchr(action->address, '/');
    const ConnectCluster *cluster =
        environment_find_connect(view->environment, name != NULL ? name + 1 : action->address);
    guint workers = cluster != NULL ? g_strv_length(cluster->workers) : 0;
    if (workers > 0)
        printf_styled(view, STYLE_DIM, workers == 1 ? "  %u worker" : "  %u workers", workers);
}

/* Its name where it is, when the address doesn't say so. */
static void print_subject(const View *view, const PlanAction *action) {
    if (action->operation == PLAN_ROLLOUT) {
        print_rollout_subject(view, action);
        return;
    }
    const char *key = strrchr(action->address, '/');
    bool connector = action->cluster != NULL && !g_str_equal(action->cluster, "kafka");
    if (action->name != NULL && (key == NULL || !g_str_equal(key + 1, action->name)))
        printf_styled(view, STYLE_DIM, "  %s", action->name);
    if (connector && view->environment->connect->len > 1)
        printf_styled(view, STYLE_DIM, " on %s", action->cluster);
}

/* What is special about an action; NULL: nothing. Static. */
static const char *remark_of(const PlanAction *action) {
    if (action->recreate)
        return "is gone, created again";
    if (action->stop_only)
        return "stopped, not deleted";
    if (g_str_has_suffix(action->id, "#pin"))
        return "held at the version it runs, before the rollout";
    if (action->operation != PLAN_CREATE && action->cause == PLAN_DRIFT)
        return "changed by hand, put back";
    return NULL;
}

static const char *shown_key(const char *key) {
    static const char *const own[] = {"state", "partitions", "replication", NULL};
    const char *bare = g_str_has_prefix(key, "config.") ? key + strlen("config.") : key;
    return bare != key && g_strv_contains(own, bare) ? key : bare;
}

static int key_width(const PlanAction *action) {
    glong width = 0;
    for (guint i = 0; i < action->changes->len; i++) {
        const PlanChange *change = action->changes->pdata[i];
        width = MAX(width, g_utf8_strlen(shown_key(change->key), -1));
    }
    return (int)MIN(width, KEY_WIDTH_MOST);
}

static void print_key(const View *view, const PlanAction *action, const PlanChange *change, int width) {
    bool created = action->operation == PLAN_CREATE;
    PlanOperation operation = change->old_value == NULL ? PLAN_CREATE : PLAN_UPDATE;
    if (change->new_value == NULL && change->deferred == NULL)
        operation = PLAN_DELETE;
    fputs("      ", view->stream);
    print(view, created ? STYLE_NONE : operations[operation].style,
          created ? " " : operations[operation].mark);
    const char *key = shown_key(change->key);
    glong blanks = width - g_utf8_strlen(key, -1);
    fputc(' ', view->stream);
    print(view, STYLE_NONE, key);
    fprintf(view->stream, "%*s  ", (int)MAX(blanks, 0), "");
}

static void print_change(const View *view, const PlanAction *action, const PlanChange *change, int width) {
    ValuePair values = value_pair(change);
    print_key(view, action, change, width);
    if (values.old_text != NULL)
        print(view, values.new_text == NULL ? STYLE_DIM : STYLE_NONE, values.old_text);
    if (values.old_text != NULL && values.new_text != NULL)
        print(view, STYLE_DIM, " → ");
    if (values.new_text != NULL)
        print(view, STYLE_NONE, values.new_text);
    if ((change->cause & PLAN_DRIFT) != 0 && action->cause != PLAN_DRIFT)
        print(view, STYLE_YELLOW, "  changed by hand");
    fputc('\n', view->stream);
    value_pair_clear(&values);
}

/* Partitions, replication, state: what is no config comes first. */
static void print_changes(const View *view, const PlanAction *action) {
    int width = key_width(action);
    for (int config = 0; config <= 1; config++)
        for (guint i = 0; i < action->changes->len; i++) {
            const PlanChange *change = action->changes->pdata[i];
            if (g_str_has_prefix(change->key, "config.") == config)
                print_change(view, action, change, width);
        }
}

static void print_action(const View *view, const PlanAction *action) {
    const char *remark = remark_of(action);
    fputs("  ", view->stream);
    print(view, operations[action->operation].style, operations[action->operation].mark);
    fputc(' ', view->stream);
    print(view, STYLE_BOLD, rest_of(action));
    print_subject(view, action);
    if (remark != NULL)
        printf_styled(view, STYLE_YELLOW, "  %s", remark);
    fputc('\n', view->stream);
    if (action->operation != PLAN_DELETE)
        print_changes(view, action);
}

static void print_group(const View *view, const Group *group) {
    print(view, STYLE_BOLD, *group->name != '\0' ? group->name : "of no module");
    fputc('\n', view->stream);
    for (guint i = 0; i < group->actions->len; i++)
        print_action(view, group->actions->pdata[i]);
    fputc('\n', view->stream);
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

static void print_note(const View *view, Style style, const char *label, const PlanNote *note) {
    g_autofree char *message = terminal_clean(note->message);
    print(view, style, label);
    if (note->address != NULL)
        printf_styled(view, STYLE_BOLD, " %s:", note->address);
    fprintf(view->stream, " %s\n", message);
    if (note->hint == NULL)
        return;
    g_autofree char *hint = terminal_clean(note->hint);
    print(view, STYLE_CYAN, "  hint:");
    fprintf(view->stream, " %s\n", hint);
}

static void print_notes(const View *view, const Plan *plan) {
    for (guint i = 0; i < plan->warnings->len; i++)
        print_note(view, STYLE_YELLOW, "warning:", plan->warnings->pdata[i]);
    for (guint i = 0; i < plan->problems->len; i++)
        print_note(view, STYLE_RED, "error:", plan->problems->pdata[i]);
}

void plan_view_print_notes(FILE *stream, bool colour, const Plan *plan) {
    print_notes(&(View){stream, colour, NULL}, plan);
}

/* Resources, not actions: a pin and a switch of one connector are one change. */
static guint count_changed(const Plan *plan) {
    g_autoptr(GHashTable) addresses = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < plan->actions->len; i++) {
        const PlanAction *action = plan->actions->pdata[i];
        if (action->operation == PLAN_UPDATE || action->operation == PLAN_STATE || action->stop_only)
            g_hash_table_add(addresses, action->address);
    }
    return g_hash_table_size(addresses);
}

static guint count_deleted(const Plan *plan) {
    guint count = 0;
    for (guint i = 0; i < plan->actions->len; i++) {
        const PlanAction *action = plan->actions->pdata[i];
        count += action->operation == PLAN_DELETE && !action->stop_only;
    }
    return count;
}

char *plan_view_count(const Plan *plan) {
    guint rollouts = plan_count(plan, PLAN_ROLLOUT);
    g_autofree char *rollout =
        rollouts == 0 ? g_strdup("") : g_strdup_printf(", %u rollout%s", rollouts, rollouts == 1 ? "" : "s");
    return g_strdup_printf("%u to create, %u to change, %u to delete%s", plan_count(plan, PLAN_CREATE),
                           count_changed(plan), count_deleted(plan), rollout);
}

static void print_nothing(const View *view, const Plan *plan, PlanKind kind) {
    print(view, STYLE_GREEN, "No changes.");
    fprintf(view->stream,
            kind == PLAN_APPLY ? " %s is as declared.\n" : " There is nothing to destroy in %s.\n",
            plan->environment);
}

static void print_last_line(const View *view, const Plan *plan, PlanKind kind) {
    if (plan->problems->len > 0) {
        printf_styled(view, STYLE_RED, "This plan can't be applied: %u problem%s", plan->problems->len,
                      plan->problems->len == 1 ? "" : "s");
        fputc('\n', view->stream);
        return;
    }
    if (plan->actions->len == 0) {
        print_nothing(view, plan, kind);
        return;
    }
    g_autofree char *count = plan_view_count(plan);
    print(view, STYLE_BOLD, "Plan:");
    fprintf(view->stream, " %s\n", count);
}

void plan_view_print(FILE *stream, bool colour, const Plan *plan, PlanKind kind,
                     const Environment *environment) {
    const View view = {stream, colour, environment};
    g_autoptr(GPtrArray) groups = groups_of(plan);
    print_heading(&view, plan);
    for (guint i = 0; i < groups->len; i++)
        print_group(&view, groups->pdata[i]);
    print_asides(&view, plan);
    print_notes(&view, plan);
    if (plan->warnings->len + plan->problems->len > 0)
        fputc('\n', stream);
    print_last_line(&view, plan, kind);
}
