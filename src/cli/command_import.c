/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/session.h"
#include "engine/import.h"

static bool is_among(const GPtrArray *imported, const char *address) {
    return g_ptr_array_find_with_equal_func((GPtrArray *)imported, address, g_str_equal, NULL);
}

static void print_imported(const Invocation *invocation, const GPtrArray *imported) {
    static const char *const columns[] = {"ADDRESS", "IMPORTED", NULL};
    g_autoptr(Table) table = table_new(columns);
    for (char **address = invocation->arguments + 1; *address != NULL; address++) {
        bool now = is_among(imported, *address);
        table_row(table);
        table_cell(table, STYLE_BOLD, *address);
        table_cell(table, now ? STYLE_GREEN : STYLE_DIM, now ? "now" : "before");
    }
    table_print(table, stdout, invocation->output);
}

int command_import(Invocation *invocation, GError **error) {
    g_auto(SessionOptions) options = {0};
    const GOptionEntry entries[] = {SESSION_ENTRY_VARIABLES(options), {NULL}};
    if (!command_parse(invocation, entries, 2, -1, error))
        return command_status(invocation);
    const char *environment = invocation->arguments[0];
    g_autoptr(Session) session = session_open(invocation, environment, &options, stderr, error);
    if (session == NULL)
        return EXIT_ERROR;
    g_autoptr(GPtrArray) imported =
        import_resources(session->engine, (const char *const *)invocation->arguments + 1, error);
    session_hide_progress(session);
    if (imported == NULL) {
        g_prefix_error(error, "cannot import into '%s': ", environment);
        return EXIT_ERROR;
    }
    print_imported(invocation, imported);
    if (imported->len > 0)
        fprintf(stderr, "Nothing live was changed; what differs from the declarations: sluice plan %s\n",
                environment);
    return EXIT_DONE;
}
