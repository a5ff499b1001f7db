/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/change.h"
#include "cli/commands.h"

int command_destroy(Invocation *invocation, GError **error) {
    g_auto(ChangeOptions) options = {.command = "destroy", .kind = PLAN_DESTROY};
    gboolean with_topics = FALSE;
    const GOptionEntry entries[] = {
        {"with-topics", 0, 0, G_OPTION_ARG_NONE, &with_topics, "Delete topics too, with all their records",
         NULL},
        CHANGE_ENTRIES(options),
        {NULL},
    };
    if (!command_parse(invocation, entries, 1, 1, error))
        return command_status(invocation);
    options.environment = invocation->arguments[0];
    if (with_topics)
        options.kind = PLAN_DESTROY_WITH_TOPICS;
    return change_run(invocation, &options, error);
}
