/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
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

/* The lock as it is, or an empty one where there is no file yet. */
static Lock *read_lock(const char *root, const char *environment, GError **error) {
    g_autofree char *name = g_strconcat(environment, ".lock", NULL);
    g_autofree char *path = g_build_filename(root, "environments", name, NULL);
    g_autoptr(GError) problem = NULL;
    Lock *lock = lock_read(path, &problem);
    if (g_error_matches(problem, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND))
        return lock_new(environment);
    if (lock == NULL)
        g_propagate_error(error, g_steal_pointer(&problem));
    return lock;
}

/* Pins remote modules in `lock` (and prints what that changed), since what they ask for is known only then.
 */
static bool pin_modules(const Invocation *invocation, const char *root, const LockOptions *options,
                        Lock *lock, GError **error) {
    const char *environment = invocation->arguments[0];
    bool upgrade = options->upgrade && invocation->arguments[1] == NULL;
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GError) problem = NULL;
    g_autoptr(GPtrArray) pinned = declare_pin_remote(root, environment, upgrade, lock, diagnostics, &problem);
    for (guint i = 0; pinned != NULL && i < pinned->len; i++) {
        const PromotionChange *change = pinned->pdata[i];
        fprintf(stderr, "module of %s: pinned to %.10s\n", change->instance, change->after);
    }
    /* Mistakes in the declarations are printed when they are loaded, all of them together. */
    if (pinned != NULL || g_error_matches(problem, DECLARE_ERROR, DECLARE_ERROR_INVALID))
        return true;
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static GPtrArray *resolve(Session *session, const Project *project, const LockOptions *options, Lock *lock,
                          GError **error) {
    char **plugins = session->invocation->arguments + 1;
    const LockRequest request = {
        .requests = session->environment->plugins,
        .repositories = project->repositories,
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

static int lock_environment(Session *session, const LockOptions *options, const char *before, Lock *lock,
                            GError **error) {
    const Invocation *invocation = session->invocation;
    const Environment *environment = session->environment;
    if (!check_plugins(environment, invocation->arguments + 1, error) ||
        !check_plugins(environment, options->unhold, error))
        return EXIT_ERROR;
    g_autoptr(Project) project = project_read(invocation, environment->name, error);
    g_autoptr(GPtrArray) changes = project != NULL ? resolve(session, project, options, lock, error) : NULL;
    if (changes == NULL) {
        g_prefix_error(error, "cannot lock environment '%s': ", environment->name);
        return EXIT_ERROR;
    }
    g_autofree char *after = lock_digest(lock);
    bool differs = !g_file_test(environment->lock_path, G_FILE_TEST_EXISTS) || !g_str_equal(before, after);
    if (differs && !lock_write(lock, environment->lock_path, error))
        return EXIT_ERROR;
    print_changes(invocation, changes);
    print_waiting(environment, lock);
    fprintf(stderr, differs ? "%s is written: commit it\n" : "%s is up to date\n", environment->lock_path);
    return EXIT_DONE;
}

/* Needs the repositories' credentials, their secrets among them, and no secret of any connector. */
static int pin_and_lock(Invocation *invocation, const LockOptions *options, GError **error) {
    const char *environment = invocation->arguments[0];
    g_autofree char *root = session_root(error);
    g_autoptr(Lock) lock = root != NULL ? read_lock(root, environment, error) : NULL;
    if (lock == NULL)
        return EXIT_ERROR;
    g_autofree char *before = lock_digest(lock);
    if (!pin_modules(invocation, root, options, lock, error))
        return EXIT_ERROR;
    g_autoptr(json_t) json = lock_to_json(lock);
    g_autofree char *text = json_pretty(json);
    const SessionOptions how = {.lock_text = text};
    g_autoptr(Session) session = session_load(invocation, environment, false, &how, error);
    return session != NULL ? lock_environment(session, options, before, lock, error) : EXIT_ERROR;
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
    return pin_and_lock(invocation, &options, error);
}
