/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/session.h"

typedef struct {
    gboolean upgrade;
    char **unhold;
} LockOptions;

static void lock_options_clear(LockOptions *options) {
    g_strfreev(options->unhold);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LockOptions, lock_options_clear)

static bool check_plugins(const Environment *environment, char *const *names, GError **error) {
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (guint i = 0; i < environment->plugins->len; i++)
        g_ptr_array_add(known, ((PluginRequest *)environment->plugins->pdata[i])->name);
    g_ptr_array_add(known, NULL);
    const char *const *candidates = (const char *const *)known->pdata;
    for (char *const *name = names; name != NULL && *name != NULL; name++) {
        if (g_strv_contains(candidates, *name))
            continue;
        g_autofree char *hint = diagnostics_did_you_mean(*name, candidates);
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "environment '%s' asks for no plugin '%s'",
                  environment->name, *name);
        return false;
    }
    return true;
}

static bool check_upgrade(const Invocation *invocation, const LockOptions *options, GError **error) {
    const char *plugin = invocation->arguments[1];
    if (plugin == NULL || options->upgrade)
        return true;
    g_autofree char *hint =
        g_strdup_printf("to resolve it again: sluice lock %s --upgrade %s", invocation->arguments[0], plugin);
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "what to do with '%s' is not said", plugin);
    return false;
}

static GPtrArray *resolve(Session *session, char *const *plugins, const LockOptions *options, Lock *lock,
                          GError **error) {
    const LockRequest request = {
        .requests = session->environment->plugins,
        .repositories = session->environment->repositories,
        .upgrade_all = options->upgrade && *plugins == NULL,
        .upgrade = options->upgrade ? (const char *const *)plugins : NULL,
        .unhold = (const char *const *)options->unhold,
        .root = session->root,
        .progress = session_progress,
        .user_data = session,
        .cancellable = session->invocation->stop,
    };
    session_show_progress(session, stderr);
    GPtrArray *changes = lock_resolve(lock, &request, error);
    session_hide_progress(session);
    return changes;
}

static void print_changes(const Invocation *invocation, const GPtrArray *changes) {
    static const char *const columns[] = {"PLUGIN", "BEFORE", "AFTER", NULL};
    g_autoptr(Table) table = table_new(columns);
    for (guint i = 0; i < changes->len; i++) {
        const LockChange *change = changes->pdata[i];
        Style style = change->after == NULL ? STYLE_RED : STYLE_GREEN;
        table_row(table);
        table_cell(table, STYLE_BOLD, change->name);
        table_cell(table, STYLE_NONE, change->before);
        table_cell(table, style, change->after);
    }
    if (changes->len > 0 || invocation->output != OUTPUT_TABLE)
        table_print(table, stdout, invocation->output);
}

/* Plugins that wait for their promotion are in no lock yet. */
static void print_waiting(const Environment *environment, const Lock *lock) {
    for (guint i = 0; i < environment->plugins->len; i++) {
        const PluginRequest *request = environment->plugins->pdata[i];
        if (lock_find_plugin(lock, request->name) == NULL)
            fprintf(stderr, "%s waits for its promotion to %s\n", request->name, environment->name);
    }
}

static int lock_environment(Session *session, const LockOptions *options, GError **error) {
    const Invocation *invocation = session->invocation;
    const Environment *environment = session->environment;
    char **plugins = invocation->arguments + 1;
    if (!check_plugins(environment, plugins, error) || !check_plugins(environment, options->unhold, error))
        return EXIT_ERROR;
    g_autoptr(Lock) lock = lock_copy(environment->lock);
    g_autoptr(GPtrArray) changes = resolve(session, plugins, options, lock, error);
    if (changes == NULL) {
        g_prefix_error(error, "cannot lock environment '%s': ", environment->name);
        return EXIT_ERROR;
    }
    g_autofree char *before = lock_digest(environment->lock);
    g_autofree char *after = lock_digest(lock);
    bool differs = !environment->has_lock || !g_str_equal(before, after);
    if (differs && !lock_write(lock, environment->lock_path, error))
        return EXIT_ERROR;
    print_changes(invocation, changes);
    print_waiting(environment, lock);
    fprintf(stderr, differs ? "%s is written: commit it\n" : "%s is up to date\n", environment->lock_path);
    return EXIT_DONE;
}

int command_lock(Invocation *invocation, GError **error) {
    g_auto(LockOptions) options = {0};
    const GOptionEntry entries[] = {
        {"upgrade", 0, 0, G_OPTION_ARG_NONE, &options.upgrade,
         "Resolve again what is locked already: the PLUGINs named, or all", NULL},
        {"unhold", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.unhold,
         "Let in the versions of PLUGIN that are held out, and resolve it again; may be repeated", "PLUGIN"},
        {NULL},
    };
    if (!command_parse(invocation, entries, 1, -1, error))
        return command_status(invocation);
    if (!check_upgrade(invocation, &options, error))
        return EXIT_ERROR;
    g_autoptr(Session) session = session_load(invocation, invocation->arguments[0], true, NULL, error);
    return session != NULL ? lock_environment(session, &options, error) : EXIT_ERROR;
}
