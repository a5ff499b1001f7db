/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include "cli/commands.h"

#define MOST_WORKERS 16

static void show_progress(const char *what, gpointer user_data) {
    progress_update(user_data, "%s", what);
}

static guint count_ready(const Sandbox *sandbox) {
    guint ready = 0;
    for (guint i = 0; i < sandbox->workers->len; i++)
        ready += ((SandboxWorker *)sandbox->workers->pdata[i])->ready ? 1 : 0;
    return ready;
}

static char *join_urls(const Sandbox *sandbox) {
    g_autoptr(GString) urls = g_string_new(NULL);
    for (guint i = 0; i < sandbox->workers->len; i++)
        g_string_append_printf(urls, "%s%s", i > 0 ? " " : "",
                               ((SandboxWorker *)sandbox->workers->pdata[i])->url);
    return g_string_free(g_steal_pointer(&urls), FALSE);
}

static void add_row(Table *table, const Sandbox *sandbox) {
    guint ready = count_ready(sandbox);
    g_autofree char *urls = join_urls(sandbox);
    g_autofree char *of = g_strdup_printf("%u/%u", ready, sandbox->workers->len);
    table_row(table);
    table_cell(table, STYLE_BOLD, sandbox->name);
    table_cell(table, sandbox->alive ? STYLE_NONE : STYLE_DIM, sandbox->bootstrap);
    table_cell(table, STYLE_NONE, urls);
    table_cell(table, ready == sandbox->workers->len ? STYLE_GREEN : STYLE_RED, sandbox->alive ? of : "down");
    table_cell(table, STYLE_NONE, sandbox->plugins);
}

static json_t *worker_to_json(const SandboxWorker *worker) {
    return json_pack("{s:s, s:i, s:b, s:b}", "url", worker->url, "pid", (int)worker->pid, "alive",
                     (int)worker->alive, "ready", (int)worker->ready);
}

static json_t *sandbox_to_json(const Sandbox *sandbox) {
    json_t *workers = json_array();
    for (guint i = 0; i < sandbox->workers->len; i++)
        json_array_append_new(workers, worker_to_json(sandbox->workers->pdata[i]));
    return json_pack("{s:s, s:s, s:s, s:i, s:b, s:s, s:o}", "name", sandbox->name, "folder", sandbox->folder,
                     "bootstrap", sandbox->bootstrap, "broker_pid", (int)sandbox->broker, "alive",
                     (int)sandbox->alive, "plugins", sandbox->plugins, "workers", workers);
}

/* For programs a sandbox is an object, several are a list. */
static void print_sandboxes(const Invocation *invocation, const GPtrArray *sandboxes, bool one) {
    static const char *const columns[] = {"NAME", "BROKER", "WORKERS", "READY", "PLUGINS", NULL};
    g_autoptr(Table) table = table_new(columns);
    g_autoptr(json_t) list = json_array();
    for (guint i = 0; i < sandboxes->len; i++) {
        add_row(table, sandboxes->pdata[i]);
        json_array_append_new(list, sandbox_to_json(sandboxes->pdata[i]));
    }
    if (invocation->output == OUTPUT_TABLE)
        table_print(table, stdout, OUTPUT_TABLE);
    else
        output_json(stdout, invocation->output, one ? json_array_get(list, 0) : list);
}

static bool check_workers(const Invocation *invocation, int workers, GError **error) {
    if (workers >= 1 && workers <= MOST_WORKERS)
        return true;
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, NULL, "%s: --workers is a number from 1 to %d",
              invocation->path, MOST_WORKERS);
    return false;
}

int command_sandbox_up(Invocation *invocation, GError **error) {
    int workers = 1;
    g_autofree char *kafka = NULL;
    const GOptionEntry options[] = {
        {"workers", 0, 0, G_OPTION_ARG_INT, &workers, "Run N Connect workers in one group (1)", "N"},
        {"kafka", 0, 0, G_OPTION_ARG_FILENAME, &kafka,
         "Take Kafka's jars from DIR (SLUICE_KAFKA, KAFKA_HOME)", "DIR"},
        {NULL}};
    if (!command_parse(invocation, options, 1, 1, error))
        return command_status(invocation);
    if (!check_workers(invocation, workers, error))
        return EXIT_ERROR;
    g_autoptr(Progress) progress = progress_new(stderr);
    const SandboxOptions wanted = {.name = invocation->arguments[0],
                                   .kafka = kafka,
                                   .workers = (guint)workers,
                                   .progress = show_progress,
                                   .user_data = progress,
                                   .cancellable = invocation->stop};
    g_autoptr(Sandbox) sandbox = sandbox_up(&wanted, error);
    g_clear_pointer(&progress, progress_free);
    if (sandbox == NULL)
        return EXIT_ERROR;
    g_autoptr(GPtrArray) sandboxes = g_ptr_array_new();
    g_ptr_array_add(sandboxes, sandbox);
    print_sandboxes(invocation, sandboxes, true);
    return EXIT_DONE;
}

/* The sandboxes that a command line names: one, or all. The caller frees them. */
static char **chosen_names(const Invocation *invocation, GError **error) {
    const char *name = invocation->arguments[0];
    if (name == NULL)
        return sandbox_names(error);
    const char *const one[] = {name, NULL};
    return g_strdupv((char **)one);
}

static bool check_choice(const Invocation *invocation, bool all, GError **error) {
    if (all != (invocation->arguments[0] != NULL))
        return true;
    g_autofree char *hint = g_strdup_printf("see %s --help", invocation->path);
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "%s: give a NAME or --all", invocation->path);
    return false;
}

int command_sandbox_down(Invocation *invocation, GError **error) {
    gboolean purge = FALSE;
    gboolean all = FALSE;
    const GOptionEntry options[] = {
        {"purge", 0, 0, G_OPTION_ARG_NONE, &purge, "Remove its data, logs and plugins, too", NULL},
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "End every sandbox", NULL},
        {NULL}};
    if (!command_parse(invocation, options, 0, 1, error))
        return command_status(invocation);
    if (!check_choice(invocation, all, error))
        return EXIT_ERROR;
    g_auto(GStrv) names = chosen_names(invocation, error);
    if (names == NULL)
        return EXIT_ERROR;
    g_autoptr(Progress) progress = progress_new(stderr);
    for (char **name = names; *name != NULL; name++) {
        progress_update(progress, "ending sandbox '%s'", *name);
        if (!sandbox_down(*name, purge, error))
            return EXIT_ERROR;
        g_autofree char *line =
            g_strdup_printf("%s is down%s", *name, purge ? " and removed" : ", its data is kept");
        progress_line(progress, line);
    }
    return EXIT_DONE;
}

int command_sandbox_status(Invocation *invocation, GError **error) {
    if (!command_parse(invocation, NULL, 0, 1, error))
        return command_status(invocation);
    g_auto(GStrv) names = chosen_names(invocation, error);
    if (names == NULL)
        return EXIT_ERROR;
    g_autoptr(GPtrArray) sandboxes = g_ptr_array_new_with_free_func((GDestroyNotify)sandbox_free);
    for (char **name = names; *name != NULL; name++) {
        Sandbox *sandbox = sandbox_inspect(*name, error);
        if (sandbox == NULL)
            return EXIT_ERROR;
        g_ptr_array_add(sandboxes, sandbox);
    }
    print_sandboxes(invocation, sandboxes, invocation->arguments[0] != NULL);
    return EXIT_DONE;
}
