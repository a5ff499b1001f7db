/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/run_view.h"
#include "cli/server_run.h"

typedef struct {
    ServerOptions server;
    char *reason; /* --reason, owned */
} RejectOptions;

static void reject_options_clear(RejectOptions *options) {
    server_options_clear(&options->server);
    g_free(options->reason);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RejectOptions, reject_options_clear)

static int print_run(const Invocation *invocation, const json_t *run) {
    if (invocation->output == OUTPUT_TABLE)
        run_view_print_state(stdout, invocation->colour, run);
    else
        output_json(stdout, invocation->output, run);
    return EXIT_DONE;
}

/* POSTs to the run that the first argument means, and prints what the server makes of it. */
static int change_run(const Invocation *invocation, const ServerOptions *options, RunChoice choice,
                      const char *rest, const json_t *body, GError **error) {
    g_autoptr(ServerClient) client = server_client_open(invocation, options, error);
    g_autofree char *id =
        client != NULL ? server_run_find(client, invocation->arguments[0], choice, error) : NULL;
    if (id == NULL)
        return EXIT_ERROR;
    g_autoptr(json_t) run = server_run_post(client, id, rest, body, error);
    if (run != NULL)
        return print_run(invocation, run);
    g_prefix_error(error, "cannot %s run %s: ", rest + 1, id);
    return EXIT_ERROR;
}

int command_reject(Invocation *invocation, GError **error) {
    g_auto(RejectOptions) options = {0};
    const GOptionEntry entries[] = {
        {"reason", 0, 0, G_OPTION_ARG_STRING, &options.reason, "Why; the run and the audit log keep it",
         "TEXT"},
        SERVER_ENTRY(options.server),
        {NULL},
    };
    if (!command_parse(invocation, entries, 1, 1, error))
        return command_status(invocation);
    g_autoptr(json_t) body =
        options.reason != NULL ? json_pack("{s:s}", "reason", options.reason) : json_object();
    if (body == NULL) {
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, NULL, "--reason is not UTF-8");
        return EXIT_ERROR;
    }
    return change_run(invocation, &options.server, RUN_NEWEST_OPEN, "/reject", body, error);
}

int command_retry(Invocation *invocation, GError **error) {
    g_auto(ServerOptions) options = {0};
    const GOptionEntry entries[] = {SERVER_ENTRY(options), {NULL}};
    if (!command_parse(invocation, entries, 1, 1, error))
        return command_status(invocation);
    return change_run(invocation, &options, RUN_NEWEST, "/retry", NULL, error);
}
