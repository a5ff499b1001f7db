/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/plan_view.h"
#include "cli/session.h"

typedef struct {
    SessionOptions session;
    char *out;
    gboolean detailed_exit_code;
} PlanOptions;

static void plan_options_clear(PlanOptions *options) {
    session_options_clear(&options->session);
    g_free(options->out);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PlanOptions, plan_options_clear)

static bool write_plan(const char *path, const json_t *json, GError **error) {
    g_autofree char *text = json_pretty(json);
    if (!files_write(path, text, strlen(text), 0600, error)) {
        g_prefix_error(error, "cannot write the plan: ");
        return false;
    }
    fprintf(stderr, "Written to %s; to apply exactly this: sluice apply %s%s\n", path,
            strpbrk(path, "./") != NULL ? "" : "./", path);
    return true;
}

static void print_plan(const Invocation *invocation, const Plan *plan, const Environment *environment,
                       const json_t *json) {
    if (invocation->output == OUTPUT_TABLE) {
        plan_view_print(stdout, invocation->colour, plan, PLAN_APPLY, environment);
        return;
    }
    output_json(stdout, invocation->output, json);
    plan_view_print_notes(stderr, invocation->colour_error, plan);
}

static int finish(const Invocation *invocation, const Session *session, const Plan *plan,
                  const PlanOptions *options, GError **error) {
    g_autoptr(json_t) json = plan_to_json(plan, engine_key(session->engine));
    print_plan(invocation, plan, session->environment, json);
    if (plan->problems->len > 0)
        return EXIT_ERROR;
    if (options->out != NULL && !write_plan(options->out, json, error))
        return EXIT_ERROR;
    return options->detailed_exit_code && !plan_is_empty(plan) ? EXIT_CHANGES : EXIT_DONE;
}

int command_plan(Invocation *invocation, GError **error) {
    g_auto(PlanOptions) options = {0};
    const GOptionEntry entries[] = {
        {"out", 0, 0, G_OPTION_ARG_FILENAME, &options.out,
         "Write the plan to FILE, for sluice apply FILE; it holds no secrets", "FILE"},
        {"detailed-exitcode", 0, 0, G_OPTION_ARG_NONE, &options.detailed_exit_code,
         "Exit with 0 for no changes, 1 for an error, 2 for changes", NULL},
        SESSION_ENTRY_TARGETS(options.session),
        SESSION_ENTRY_VARIABLES(options.session),
        SESSION_ENTRY_ACCEPT_UPGRADE(options.session),
        SESSION_ENTRY_PARALLELISM(options.session),
        {NULL},
    };
    if (!command_parse(invocation, entries, 1, 1, error))
        return command_status(invocation);
    const char *environment = invocation->arguments[0];
    g_autoptr(Session) session = session_open(invocation, environment, &options.session, stderr, error);
    if (session == NULL)
        return EXIT_ERROR;
    g_autoptr(Live) live = live_observe(session->engine, error);
    g_autoptr(Plan) plan = live != NULL ? plan_build(session->engine, live, NULL, PLAN_APPLY, error) : NULL;
    session_hide_progress(session);
    if (plan != NULL)
        return finish(invocation, session, plan, &options, error);
    g_prefix_error(error, "cannot plan environment '%s': ", environment);
    return EXIT_ERROR;
}
