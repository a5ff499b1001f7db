/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/session.h"
#include "store/state.h"

#define HISTORY_SHOWN 5

/* What both need: the state, read without a network. */
typedef struct {
    Session *session;
    Store *store;
    State *state;
} Reading;

static void reading_clear(Reading *reading) {
    g_clear_pointer(&reading->state, state_close);
    g_clear_pointer(&reading->store, store_close);
    g_clear_pointer(&reading->session, session_close);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, reading_clear)

static bool open_state(Reading *reading, const Invocation *invocation, GError **error) {
    reading->session = session_load(invocation, invocation->arguments[0], false, NULL, error);
    if (reading->session == NULL)
        return false;
    reading->store = store_open(reading->session->environment->state, reading->session->root, error);
    if (reading->store == NULL)
        return false;
    reading->state = state_read(reading->store, error);
    return reading->state != NULL;
}

static void add_row(Table *table, const ResourceRecord *resource) {
    const json_t *plugin = json_object_get(resource->applied, "plugin");
    table_row(table);
    table_cell(table, STYLE_BOLD, resource->address);
    table_cell(table, STYLE_NONE, resource->name);
    table_cell(table, STYLE_NONE, resource->cluster);
    table_cell(table, STYLE_NONE, json_get_string(plugin, "version"));
    table_cell(table, STYLE_NONE, resource->at);
    table_cell(table, STYLE_NONE, resource->by);
    table_cell(table, STYLE_YELLOW, resource->kept ? "kept" : resource->protected ? "protected" : NULL);
}

int command_state_list(Invocation *invocation, GError **error) {
    static const char *const columns[] = {"ADDRESS", "NAME", "CLUSTER", "VERSION",
                                          "APPLIED", "BY",   "NOTE",    NULL};
    g_auto(Reading) reading = {0};
    if (!command_parse(invocation, NULL, 1, 1, error))
        return command_status(invocation);
    if (!open_state(&reading, invocation, error))
        return EXIT_ERROR;
    g_autoptr(GPtrArray) resources = state_resources(reading.state);
    g_autoptr(Table) table = table_new(columns);
    for (guint i = 0; i < resources->len; i++)
        add_row(table, resources->pdata[i]);
    table_print(table, stdout, invocation->output);
    return EXIT_DONE;
}

static json_t *connect_to_json(const MetaRecord *meta) {
    json_t *json = json_object();
    GHashTableIter iterator;
    gpointer name, cluster;
    for (g_hash_table_iter_init(&iterator, meta->connect);
         g_hash_table_iter_next(&iterator, &name, &cluster);)
        json_object_set_new(json, name, json_string(cluster));
    return json;
}

static json_t *newest_history(State *state) {
    g_autoptr(GPtrArray) history = state_history(state);
    json_t *json = json_array();
    for (guint i = 0; i < history->len && i < HISTORY_SHOWN; i++)
        json_array_append_new(json, history_record_to_json(history->pdata[i]));
    return json;
}

/* The state's own facts, without the key of its hashes. */
static json_t *facts_to_json(State *state, const MetaRecord *meta) {
    g_autoptr(GPtrArray) resources = state_resources(state);
    g_autoptr(GPtrArray) intents = state_intents(state);
    g_autofree char *holder = state_holder(state);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:i, s:i, s:o, s:o}", "uid", meta->uid, "project",
                     meta->project, "environment", meta->environment, "kafka_cluster",
                     json_string_or_null(meta->kafka_cluster), "connect", connect_to_json(meta), "resources",
                     (int)resources->len, "intents", (int)intents->len, "holder", json_string_or_null(holder),
                     "history", newest_history(state));
}

static json_t *show_facts(State *state, const Environment *environment, GError **error) {
    const MetaRecord *meta = state_meta(state);
    if (meta != NULL)
        return facts_to_json(state, meta);
    g_autofree char *hint = g_strdup_printf("sluice plan %s makes it", environment->name);
    error_set(error, CLI_ERROR, CLI_ERROR_FAILED, hint, "environment '%s' has no state yet",
              environment->name);
    return NULL;
}

static json_t *show_resource(State *state, const Environment *environment, const char *address,
                             GError **error) {
    g_autoptr(ResourceRecord) resource = state_resource(state, address);
    if (resource != NULL)
        return resource_record_to_json(resource);
    g_autoptr(GPtrArray) resources = state_resources(state);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new();
    for (guint i = 0; i < resources->len; i++)
        g_ptr_array_add(addresses, ((ResourceRecord *)resources->pdata[i])->address);
    g_ptr_array_add(addresses, NULL);
    g_autofree char *near = diagnostics_did_you_mean(address, (const char *const *)addresses->pdata);
    g_autofree char *all = g_strdup_printf("see them with: sluice state list %s", environment->name);
    error_set(error, CLI_ERROR, CLI_ERROR_FAILED, near != NULL ? near : all, "the state of '%s' has no '%s'",
              environment->name, address);
    return NULL;
}

int command_state_show(Invocation *invocation, GError **error) {
    g_auto(Reading) reading = {0};
    if (!command_parse(invocation, NULL, 1, 2, error))
        return command_status(invocation);
    if (!open_state(&reading, invocation, error))
        return EXIT_ERROR;
    const char *address = invocation->arguments[1];
    const Environment *environment = reading.session->environment;
    g_autoptr(json_t) json = address != NULL ? show_resource(reading.state, environment, address, error)
                                             : show_facts(reading.state, environment, error);
    if (json == NULL)
        return EXIT_ERROR;
    output_json(stdout, invocation->output == OUTPUT_TABLE ? OUTPUT_YAML : invocation->output, json);
    return EXIT_DONE;
}

/* The one who is asked knows what no program can: whether the owner on another machine is really gone. */
int command_state_unlock(Invocation *invocation, GError **error) {
    gboolean approved = FALSE;
    const GOptionEntry entries[] = {
        {"auto-approve", 0, 0, G_OPTION_ARG_NONE, &approved, "Don't ask", NULL},
        {NULL},
    };
    g_auto(Reading) reading = {0};
    if (!command_parse(invocation, entries, 1, 1, error))
        return command_status(invocation);
    if (!open_state(&reading, invocation, error))
        return EXIT_ERROR;
    g_autofree char *holder = state_holder(reading.state);
    if (holder == NULL) {
        fputs("Nobody holds the lease\n", stderr);
        return EXIT_DONE;
    }
    fprintf(stderr, "%s\n", holder);
    if (!approved &&
        !terminal_confirm("Take the lease away? What its owner still does is then no longer recorded")) {
        error_set(error, CLI_ERROR, CLI_ERROR_FAILED, "without a terminal: --auto-approve",
                  "the lease is left as it is");
        return EXIT_ERROR;
    }
    return lease_break(reading.store, error) ? EXIT_DONE : EXIT_ERROR;
}
