/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/status_view.h"

#include "base/table.h"

#define TRACE_LINES 8
#define HEALTHS 5

static const Style health_styles[HEALTHS] = {
    [HEALTH_OK] = STYLE_GREEN,    [HEALTH_PENDING] = STYLE_YELLOW, [HEALTH_FAILED] = STYLE_RED,
    [HEALTH_MISSING] = STYLE_RED, [HEALTH_OFF] = STYLE_DIM,
};

static bool is_connector(const ResourceStatus *resource) {
    return resource->kind == RESOURCE_CONNECTOR;
}

/* "running 2/2", "3 partitions"; the caller frees it. */
static char *what_it_does(const ResourceStatus *resource) {
    if (!is_connector(resource))
        return resource->partitions > 0 ? g_strdup_printf("%d partition%s", resource->partitions,
                                                          resource->partitions == 1 ? "" : "s")
                                        : NULL;
    if (resource->state == NULL)
        return NULL;
    g_autofree char *state = g_ascii_strdown(resource->state, -1);
    return g_strdup_printf("%s %u/%u", state, resource->running, resource->tasks);
}

/* "orders-source 1.4.2", and what the lock says where that differs. */
static char *which_version(const ResourceStatus *resource) {
    if (resource->version == NULL)
        return NULL;
    const char *plugin = resource->plugin != NULL ? resource->plugin : "";
    const char *blank = resource->plugin != NULL ? " " : "";
    if (resource->locked == NULL || g_str_equal(resource->locked, resource->version))
        return g_strdup_printf("%s%s%s", plugin, blank, resource->version);
    return g_strdup_printf("%s%s%s (locked: %s)", plugin, blank, resource->version, resource->locked);
}

/* What a person should know of it; NULL: nothing. */
static char *remark(const ResourceStatus *resource) {
    if (resource->drift->len > 0)
        return g_strdup_printf("%u changed by hand", resource->drift->len);
    if (resource->kept)
        return g_strdup("kept");
    if (!resource->managed)
        return g_strdup("not applied yet");
    return resource->declared ? NULL : g_strdup("no longer declared");
}

static void add_row(Table *table, const ResourceStatus *resource) {
    g_autofree char *does = what_it_does(resource);
    g_autofree char *version = which_version(resource);
    g_autofree char *note = remark(resource);
    table_row(table);
    table_cell(table, STYLE_BOLD, resource->address);
    table_cell(table, health_styles[resource->health], health_name(resource->health));
    table_cell(table, STYLE_NONE, does);
    table_cell(table, STYLE_NONE, version);
    table_cell(table, STYLE_YELLOW, note);
}

static void print_table(FILE *stream, const EnvironmentStatus *status) {
    static const char *const columns[] = {"RESOURCE", "HEALTH", "STATE", "VERSION", "NOTE", NULL};
    g_autoptr(Table) table = table_new(columns);
    for (guint i = 0; i < status->resources->len; i++)
        add_row(table, status->resources->pdata[i]);
    if (table_rows(table) == 0)
        return;
    table_print(table, stream, OUTPUT_TABLE);
    fputc('\n', stream);
}

static void print_line(FILE *stream, bool colour, Style style, const char *label, const char *text) {
    g_autofree char *styled = terminal_style(colour, style, label);
    g_autofree char *clean = terminal_clean(text);
    fprintf(stream, "%s %s\n", styled, clean);
}

static void print_trace(FILE *stream, const ResourceStatus *resource) {
    g_autofree char *clean = terminal_clean(resource->trace);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(clean), "\n", -1);
    for (guint i = 0; lines[i] != NULL && i < TRACE_LINES; i++)
        fprintf(stream, "    %s\n", lines[i]);
}

/* Drift and failures, each in words. */
static void print_details(FILE *stream, bool colour, const ResourceStatus *resource) {
    if (resource->drift->len > 0) {
        g_ptr_array_add(resource->drift, NULL);
        g_autofree char *keys = g_strjoinv(", ", (char **)resource->drift->pdata);
        g_ptr_array_set_size(resource->drift, (int)resource->drift->len - 1);
        g_autofree char *text = g_strdup_printf("%s: %s", resource->address, keys);
        print_line(stream, colour, STYLE_YELLOW, "changed by hand:", text);
    }
    if (resource->trace != NULL) {
        print_line(stream, colour, STYLE_RED, "failed:", resource->address);
        print_trace(stream, resource);
    }
}

static void print_last(FILE *stream, bool colour, const HistoryRecord *last) {
    if (last == NULL) {
        print_line(stream, colour, STYLE_NONE, "last apply:", "never");
        return;
    }
    g_autofree char *commit =
        last->commit != NULL
            ? g_strdup_printf(", commit %.10s%s", last->commit, last->dirty ? " and uncommitted changes" : "")
            : g_strdup("");
    g_autofree char *text =
        g_strdup_printf("%s, %s by %s%s", history_result_name(last->result),
                        last->ended != NULL ? last->ended : last->started, last->by, commit);
    g_autofree char *label = g_strdup_printf("last %s:", last->command);
    print_line(stream, colour, STYLE_NONE, label, text);
}

/* "4 ok, 1 failed"; "nothing" where there is nothing. */
static char *count_by_health(const EnvironmentStatus *status) {
    guint counts[HEALTHS] = {0};
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < status->resources->len; i++)
        counts[((ResourceStatus *)status->resources->pdata[i])->health]++;
    for (Health health = HEALTH_OK; health <= HEALTH_OFF; health++)
        if (counts[health] > 0)
            g_string_append_printf(text, "%s%u %s", text->len > 0 ? ", " : "", counts[health],
                                   health_name(health));
    if (text->len == 0)
        g_string_append(text,
                        status->waiting->len > 0 ? "nothing runs here yet" : "nothing is declared or owned");
    return g_string_free(text, FALSE);
}

void status_view_print(FILE *stream, bool colour, const EnvironmentStatus *status,
                       const Environment *environment) {
    g_autofree char *count = count_by_health(status);
    g_autofree char *label = g_strconcat(environment->name, ":", NULL);
    print_table(stream, status);
    for (guint i = 0; i < status->resources->len; i++)
        print_details(stream, colour, status->resources->pdata[i]);
    for (guint i = 0; i < status->missing->len; i++)
        print_line(stream, colour, STYLE_RED, "missing:", status->missing->pdata[i]);
    for (guint i = 0; i < status->waiting->len; i++)
        print_line(stream, colour, STYLE_DIM, "waits for its first promotion:", status->waiting->pdata[i]);
    if (status->holder != NULL)
        print_line(stream, colour, STYLE_YELLOW, "being changed:", status->holder);
    print_last(stream, colour, status->last);
    print_line(stream, colour, status->failed ? STYLE_RED : STYLE_GREEN, label, count);
}

static void set_text(json_t *object, const char *key, const char *text) {
    json_object_set_new(object, key, json_string_or_null(text));
}

static json_t *connector_to_json(const ResourceStatus *resource) {
    json_t *json = json_pack("{s:i, s:i}", "tasks", (int)resource->tasks, "running", (int)resource->running);
    set_text(json, "state", resource->state);
    set_text(json, "plugin", resource->plugin);
    set_text(json, "version", resource->version);
    set_text(json, "locked", resource->locked);
    set_text(json, "trace", resource->trace);
    return json;
}

static json_t *resource_to_json(const ResourceStatus *resource) {
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:o}", "address", resource->address, "kind",
                  resource_kind_name(resource->kind), "cluster", resource->cluster, "name", resource->name,
                  "health", health_name(resource->health), "declared", resource->declared, "managed",
                  resource->managed, "kept", resource->kept, "drift", json_from_texts(resource->drift));
    g_autoptr(json_t) own = is_connector(resource)
                                ? connector_to_json(resource)
                                : json_pack("{s:i, s:i}", "partitions", resource->partitions, "replication",
                                            resource->replication);
    json_object_update(json, own);
    set_text(json, "applied_at", resource->applied_at);
    set_text(json, "applied_by", resource->applied_by);
    set_text(json, "commit", resource->commit);
    return json;
}

json_t *status_view_to_json(const EnvironmentStatus *status, const Environment *environment) {
    json_t *resources = json_array();
    for (guint i = 0; i < status->resources->len; i++)
        json_array_append_new(resources, resource_to_json(status->resources->pdata[i]));
    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "environment", environment->name, "healthy",
                     !status->failed, "resources", resources, "waiting", json_from_texts(status->waiting),
                     "missing", json_from_texts(status->missing), "holder",
                     json_string_or_null(status->holder), "last",
                     status->last != NULL ? history_record_to_json(status->last) : json_null());
}
