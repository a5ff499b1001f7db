/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/session.h"

static void count(GString *line, guint number, const char *thing) {
    g_string_append_printf(line, "%s%u %s%s", line->len > 0 ? ", " : "", number, thing,
                           number == 1 ? "" : "s");
}

static void print_count(const Environment *environment) {
    g_autoptr(GString) line = g_string_new(NULL);
    count(line, environment->instances->len, "instance");
    count(line, environment->topics->len, "topic");
    count(line, environment->connectors->len, "connector");
    count(line, environment->plugins->len, "plugin");
    printf("%s: %s\n", environment->name, line->str);
    for (guint i = 0; i < environment->instances->len; i++) {
        const Instance *instance = environment->instances->pdata[i];
        if (instance->waiting)
            printf("  %s waits for its first promotion\n", instance->name);
    }
}

/* Whether it is told by diagnostics. */
static bool is_mistake(const GError *problem) {
    return problem == NULL || g_error_matches(problem, DECLARE_ERROR, DECLARE_ERROR_INVALID);
}

/* Adds what is wrong in an environment to `diagnostics`; false only for what is no mistake in a file. */
static bool validate(const char *root, const char *name, Diagnostics *diagnostics, GPtrArray *valid,
                     GError **error) {
    const DeclareOptions options = {.resolve_secrets = false};
    g_autoptr(GError) problem = NULL;
    Environment *environment = declare_load(root, name, &options, diagnostics, &problem);
    if (environment == NULL && !is_mistake(problem)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (environment != NULL)
        g_ptr_array_add(valid, environment);
    return true;
}

static bool validate_all(const char *root, char **names, Diagnostics *diagnostics, GPtrArray *valid,
                         GError **error) {
    for (char **name = names; *name != NULL; name++)
        if (!validate(root, *name, diagnostics, valid, error))
            return false;
    return true;
}

static int report(const Invocation *invocation, const Diagnostics *diagnostics, const GPtrArray *valid) {
    command_print_diagnostics(invocation, diagnostics);
    if (diagnostics_count(diagnostics, DIAGNOSTIC_ERROR) > 0)
        return EXIT_ERROR;
    for (guint i = 0; invocation->output == OUTPUT_TABLE && i < valid->len; i++)
        print_count(valid->pdata[i]);
    return EXIT_DONE;
}

int command_validate(Invocation *invocation, GError **error) {
    if (!command_parse(invocation, NULL, 0, -1, error))
        return command_status(invocation);
    const DeclareOptions options = {.resolve_secrets = false};
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GPtrArray) valid = g_ptr_array_new_with_free_func((GDestroyNotify)environment_free);
    g_autofree char *root = session_root(error);
    if (root == NULL)
        return EXIT_ERROR;
    g_autoptr(GError) problem = NULL;
    g_autoptr(Project) project = declare_read_project(root, &options, diagnostics, &problem);
    if (project == NULL && !is_mistake(problem)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return EXIT_ERROR;
    }
    char **names = invocation->arguments[0] != NULL ? invocation->arguments
                   : project != NULL                ? project->environments
                                                    : NULL;
    if (names != NULL && !validate_all(root, names, diagnostics, valid, error))
        return EXIT_ERROR;
    return report(invocation, diagnostics, valid);
}
