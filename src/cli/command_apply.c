/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/change.h"
#include "cli/commands.h"

/* No environment's name has a dot or a slash. */
static bool names_file(const char *argument) {
    return strpbrk(argument, "./") != NULL;
}

static void hint_at_file(const char *argument, GError *error) {
    if (error != NULL && g_error_matches(error, DECLARE_ERROR, DECLARE_ERROR_NOT_FOUND) &&
        g_file_test(argument, G_FILE_TEST_IS_REGULAR))
        error_add_hint(error, "to apply the plan file of that name: sluice apply ./%s", argument);
}

int command_apply(Invocation *invocation, GError **error) {
    g_auto(ChangeOptions) options = {.command = "apply", .kind = PLAN_APPLY};
    const GOptionEntry entries[] = {
        CHANGE_ENTRIES(options),
        SESSION_ENTRY_ACCEPT_UPGRADE(options.session),
        {"no-rollback", 0, 0, G_OPTION_ARG_NONE, &options.session.no_rollback,
         "Leave what does not become healthy as it is", NULL},
        {NULL},
    };
    if (!command_parse(invocation, entries, 1, 1, error))
        return command_status(invocation);
    const char *argument = invocation->arguments[0];
    g_autoptr(PlanFile) file = names_file(argument) ? plan_file_read(argument, error) : NULL;
    if (names_file(argument) && file == NULL)
        return EXIT_ERROR;
    options.file = file;
    options.environment = file != NULL ? file->environment : argument;
    int status = change_run(invocation, &options, error);
    hint_at_file(argument, *error);
    return status;
}
