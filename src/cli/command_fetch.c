/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
#include "plugin/fetch.h"

enum { PARALLELISM_MOST = 32 };

typedef struct {
    char **locks;
    char *connect;
    char *to;
    char *cache;
    gboolean prune;
    int parallelism;
} FetchOptions;

static void fetch_options_clear(FetchOptions *options) {
    g_strfreev(options->locks);
    g_free(options->connect);
    g_free(options->to);
    g_free(options->cache);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FetchOptions, fetch_options_clear)

static bool check_options(const Invocation *invocation, const FetchOptions *options, GError **error) {
    const char *fault = NULL;
    if ((options->locks != NULL) == (invocation->arguments[0] != NULL))
        fault = "name an environment of the declarations, or lock files with --lock FILE";
    else if (options->to == NULL)
        fault = "say into which plugin folder: --to DIR";
    else if (options->parallelism < 0 || options->parallelism > PARALLELISM_MOST)
        fault = "--parallelism is a number from 1 to 32";
    if (fault == NULL)
        return true;
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, NULL, "%s", fault);
    return false;
}

static const char *outcome_name(FetchOutcome outcome) {
    static const char *const names[] = {
        [FETCH_KEPT] = "kept", [FETCH_INSTALLED] = "installed", [FETCH_REMOVED] = "removed"};
    return names[outcome];
}

static Style outcome_style(FetchOutcome outcome) {
    static const Style styles[] = {
        [FETCH_KEPT] = STYLE_DIM, [FETCH_INSTALLED] = STYLE_GREEN, [FETCH_REMOVED] = STYLE_RED};
    return styles[outcome];
}

static void add_size(Table *table, const FetchedPlugin *fetched, OutputFormat output) {
    g_autofree char *size = g_format_size(fetched->size);
    if (output != OUTPUT_TABLE)
        table_cell_number(table, (gint64)fetched->size);
    else
        table_cell(table, STYLE_NONE, fetched->outcome != FETCH_REMOVED ? size : NULL);
}

static void print_fetched(const Invocation *invocation, const GPtrArray *fetched) {
    static const char *const columns[] = {"PLUGIN", "VERSION", "FOLDER", "SIZE", "RESULT", NULL};
    g_autoptr(Table) table = table_new(columns);
    for (guint i = 0; i < fetched->len; i++) {
        const FetchedPlugin *plugin = fetched->pdata[i];
        table_row(table);
        table_cell(table, STYLE_BOLD, plugin->plugin);
        table_cell(table, STYLE_NONE, plugin->version);
        table_cell(table, STYLE_NONE, plugin->folder);
        add_size(table, plugin, invocation->output);
        table_cell(table, outcome_style(plugin->outcome), outcome_name(plugin->outcome));
    }
    table_print(table, stdout, invocation->output);
}

static void print_summary(const GPtrArray *fetched, const char *to) {
    guint counts[3] = {0};
    for (guint i = 0; i < fetched->len; i++)
        counts[((const FetchedPlugin *)fetched->pdata[i])->outcome]++;
    fprintf(stderr, "%s: %u installed, %u kept, %u removed\n", to, counts[FETCH_INSTALLED],
            counts[FETCH_KEPT], counts[FETCH_REMOVED]);
}

static GPtrArray *run(const FetchRequest *base, GError **error) {
    g_autoptr(Progress) progress = progress_new(stderr);
    FetchRequest request = *base;
    request.progress = project_progress;
    request.user_data = progress;
    return plugin_fetch(&request, error);
}

static int fetch(const Invocation *invocation, const FetchOptions *options, GPtrArray *locks,
                 GPtrArray *repositories, const char *root, GError **error) {
    const FetchRequest request = {
        .locks = locks,
        .connect = options->connect,
        .to = options->to,
        .repositories = repositories,
        .root = root,
        .cache = options->cache,
        .prune = options->prune,
        .parallelism = (guint)options->parallelism,
        .cancellable = invocation->stop,
    };
    g_autoptr(GPtrArray) fetched = run(&request, error);
    if (fetched == NULL) {
        g_prefix_error(error, "cannot fetch into '%s': ", options->to);
        return EXIT_ERROR;
    }
    print_fetched(invocation, fetched);
    print_summary(fetched, options->to);
    return EXIT_DONE;
}

static void free_lock(gpointer lock) {
    lock_free(lock);
}

static bool add_lock(GPtrArray *locks, const char *path, GError **error) {
    Lock *lock = lock_read(path, error);
    if (lock != NULL)
        g_ptr_array_add(locks, lock);
    return lock != NULL;
}

/* Needs no declarations: the first step of a worker's pod has none. */
static int fetch_locks(const Invocation *invocation, const FetchOptions *options, GError **error) {
    g_autoptr(GPtrArray) locks = g_ptr_array_new_with_free_func(free_lock);
    for (char **path = options->locks; *path != NULL; path++)
        if (!add_lock(locks, *path, error))
            return EXIT_ERROR;
    return fetch(invocation, options, locks, NULL, NULL, error);
}

static int fetch_environment(const Invocation *invocation, const FetchOptions *options, GError **error) {
    const char *environment = invocation->arguments[0];
    g_autoptr(Project) project = project_read(invocation, environment, error);
    if (project == NULL)
        return EXIT_ERROR;
    const char *const *known = (const char *const *)project->environments;
    if (!g_strv_contains(known, environment)) {
        g_autofree char *hint = diagnostics_did_you_mean(environment, known);
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "there is no environment '%s'", environment);
        return EXIT_ERROR;
    }
    g_autofree char *name = g_strconcat(environment, ".lock", NULL);
    g_autofree char *path = g_build_filename(project->root, "environments", name, NULL);
    g_autoptr(GPtrArray) locks = g_ptr_array_new_with_free_func(free_lock);
    if (!add_lock(locks, path, error))
        return EXIT_ERROR;
    return fetch(invocation, options, locks, project->repositories, project->root, error);
}

int command_fetch(Invocation *invocation, GError **error) {
    g_auto(FetchOptions) options = {0};
    const GOptionEntry entries[] = {
        {"lock", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.locks,
         "Install what this lock lists, without declarations; may be repeated", "FILE"},
        {"connect", 0, 0, G_OPTION_ARG_STRING, &options.connect, "Only the plugins of this Connect cluster",
         "NAME"},
        {"to", 0, 0, G_OPTION_ARG_FILENAME, &options.to, "The plugin folder, one of the worker's plugin.path",
         "DIR"},
        {"prune", 0, 0, G_OPTION_ARG_NONE, &options.prune,
         "Remove the plugins that Sluice installed and no lock lists any more: before a worker starts", NULL},
        {"cache", 0, 0, G_OPTION_ARG_FILENAME, &options.cache,
         "Keep downloads in DIR (default: ~/.cache/sluice/artifacts)", "DIR"},
        {"parallelism", 0, 0, G_OPTION_ARG_INT, &options.parallelism,
         "At most N downloads at once (default: 4)", "N"},
        {NULL},
    };
    if (!command_parse(invocation, entries, 0, 1, error))
        return command_status(invocation);
    if (!check_options(invocation, &options, error))
        return EXIT_ERROR;
    return options.locks != NULL ? fetch_locks(invocation, &options, error)
                                 : fetch_environment(invocation, &options, error);
}
