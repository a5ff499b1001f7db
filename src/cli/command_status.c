/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/status_view.h"

static void print_status(const Invocation *invocation, const EnvironmentStatus *status,
                         const Environment *environment) {
    if (invocation->output == OUTPUT_TABLE) {
        status_view_print(stdout, invocation->colour, status, environment);
        return;
    }
    g_autoptr(json_t) json = status_view_to_json(status, environment);
    output_json(stdout, invocation->output, json);
}

int command_status_environment(Invocation *invocation, GError **error) {
    g_auto(SessionOptions) options = {0};
    if (!command_parse(invocation, NULL, 1, 1, error))
        return command_status(invocation);
    const char *environment = invocation->arguments[0];
    g_autoptr(Session) session = session_open(invocation, environment, &options, stderr, error);
    if (session == NULL)
        return EXIT_ERROR;
    g_autoptr(Live) live = session_observe(session, error);
    g_autoptr(EnvironmentStatus) status = live != NULL ? status_of(session->engine, live, error) : NULL;
    if (status == NULL) {
        g_prefix_error(error, "cannot tell the status of '%s': ", environment);
        return EXIT_ERROR;
    }
    print_status(invocation, status, session->environment);
    return status->failed ? EXIT_UNHEALTHY : EXIT_DONE;
}
