/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/run_view.h"
#include "cli/server_run.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MOST 500

static bool check_limit(int limit, GError **error) {
    if (limit >= 1 && limit <= LIMIT_MOST)
        return true;
    g_autofree char *hint = g_strdup_printf("give a number from 1 to %d", LIMIT_MOST);
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "--limit can't be %d", limit);
    return false;
}

static void print_runs(const Invocation *invocation, const json_t *answer) {
    const json_t *runs = json_object_get(answer, "runs");
    if (invocation->output != OUTPUT_TABLE)
        output_json(stdout, invocation->output, answer);
    else if (json_array_size(runs) > 0)
        run_view_print_table(stdout, runs);
    else
        fputs("there is no such run\n", stderr);
}

int command_runs(Invocation *invocation, GError **error) {
    g_auto(ServerOptions) options = {0};
    gboolean open_only = FALSE;
    int limit = LIMIT_DEFAULT;
    const GOptionEntry entries[] = {
        {"open", 0, 0, G_OPTION_ARG_NONE, &open_only, "Only those that have not ended", NULL},
        {"limit", 0, 0, G_OPTION_ARG_INT, &limit, "At most N, the newest (default: 20)", "N"},
        SERVER_ENTRY(options),
        {NULL},
    };
    if (!command_parse(invocation, entries, 0, 1, error))
        return command_status(invocation);
    if (!check_limit(limit, error))
        return EXIT_ERROR;
    g_autoptr(ServerClient) client = server_client_open(invocation, &options, error);
    if (client == NULL)
        return EXIT_ERROR;
    g_autoptr(json_t) answer = server_runs(client, invocation->arguments[0], open_only, (guint)limit, error);
    if (answer == NULL) {
        g_prefix_error(error, "cannot list runs: ");
        return EXIT_ERROR;
    }
    print_runs(invocation, answer);
    return EXIT_DONE;
}
