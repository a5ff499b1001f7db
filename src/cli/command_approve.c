/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/commands.h"
#include "cli/run_plan.h"
#include "cli/run_view.h"
#include "cli/server_run.h"

#define PLANS_MOST 3
#define DIGEST_START "sha256:"
#define DIGEST_HEX 64

typedef struct {
    ServerOptions server;
    gboolean auto_approve;
    char *digest; /* --digest, owned */
} ApproveOptions;

static void approve_options_clear(ApproveOptions *options) {
    server_options_clear(&options->server);
    g_free(options->digest);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ApproveOptions, approve_options_clear)

static bool check_options(const ApproveOptions *options, GError **error) {
    if (options->digest != NULL) {
        const char *hex = options->digest + strlen(DIGEST_START);
        if (g_str_has_prefix(options->digest, DIGEST_START) && strlen(hex) == DIGEST_HEX &&
            strspn(hex, "0123456789abcdef") == DIGEST_HEX)
            return true;
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE,
                  "it looks like " DIGEST_START " and 64 hexadecimal digits", "'%s' is no plan's digest",
                  options->digest);
        return false;
    }
    if (options->auto_approve || terminal_is_interactive(stdin))
        return true;
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE,
              "give --digest sha256:… for a plan that was looked at, or --auto-approve",
              "there is no terminal to ask on whether to approve");
    return false;
}

static FILE *words_stream(const Invocation *invocation) {
    return invocation->output == OUTPUT_TABLE ? stdout : stderr;
}

static bool words_colour(const Invocation *invocation) {
    return invocation->output == OUTPUT_TABLE ? invocation->colour : invocation->colour_error;
}

/* What the server knows already of why it would refuse. */
static bool check_approvable(const json_t *run, const RunPlan *plan, GError **error) {
    const json_t *approval = json_object_get(run, "approval");
    const char *why_not = json_get_string(approval, "why_not");
    if (run_plan_problems(plan) > 0)
        error_set(error, CLI_ERROR, CLI_ERROR_FAILED, NULL, "its plan can't be applied");
    else if (!json_is_object(approval))
        error_set(error, CLI_ERROR, CLI_ERROR_FAILED, NULL, "it needs no approval");
    else if (!json_get_boolean(approval, "may", false))
        error_set(error, CLI_ERROR, CLI_ERROR_FAILED, NULL, "%s",
                  why_not != NULL ? why_not : "you may not approve it now");
    else
        return true;
    return false;
}

static bool check_digest(const ApproveOptions *options, const char *digest, GError **error) {
    if (options->digest == NULL || g_str_equal(options->digest, digest))
        return true;
    g_autofree char *hint = g_strdup_printf("look at it as it is now; its digest is %s", digest);
    error_set(error, CLI_ERROR, CLI_ERROR_CONFLICT, hint, "its plan is another one by now");
    return false;
}

static bool is_confirmed(const ApproveOptions *options, const json_t *run) {
    if (options->auto_approve || options->digest != NULL)
        return true;
    const char *subject = json_get_string(run, "subject");
    g_autofree char *question = g_strdup_printf("Approve this for %s?", subject != NULL ? subject : "it");
    return terminal_confirm(question);
}

static void print_approved(const Invocation *invocation, const json_t *run) {
    if (invocation->output != OUTPUT_TABLE) {
        output_json(stdout, invocation->output, run);
        return;
    }
    const json_t *approval = json_object_get(run, "approval");
    gint64 needed = json_get_integer(approval, "needed", 0);
    g_autofree char *label = terminal_style(invocation->colour, STYLE_GREEN, "Approved:");
    fprintf(stdout, "%s ", label);
    if (needed > 1)
        fprintf(stdout, "%zu of %d, ", json_array_size(json_object_get(approval, "given")), (int)needed);
    run_view_print_state(stdout, invocation->colour, run);
}

static bool check_open(const json_t *run, GError **error) {
    if (json_get_boolean(run, "open", false))
        return true;
    const char *state = json_get_string(run, "state");
    error_set(error, CLI_ERROR, CLI_ERROR_FAILED, "see what waits: sluice runs --open", "it has ended: %s",
              state != NULL ? state : "in no known state");
    return false;
}

static void print_plan(const Invocation *invocation, const RunPlan *plan) {
    FILE *stream = words_stream(invocation);
    run_plan_print(stream, words_colour(invocation), plan);
    fputc('\n', stream);
    fflush(stream);
}

/* Shows the plan as it is now, and approves that one, whose digest is left in *digest, owned by the caller.
 */
static int show_and_approve(const Invocation *invocation, ServerClient *client, const ApproveOptions *options,
                            const char *id, char **digest, GError **error) {
    g_autoptr(json_t) run = server_run_get(client, id, error);
    if (run == NULL || !check_open(run, error))
        return EXIT_ERROR;
    g_autoptr(RunPlan) plan = run_plan_new(run, error);
    if (plan == NULL)
        return EXIT_ERROR;
    *digest = g_strdup(run_plan_digest(plan));
    print_plan(invocation, plan);
    if (!check_approvable(run, plan, error) || !check_digest(options, *digest, error))
        return EXIT_ERROR;
    if (!is_confirmed(options, run)) {
        fputs("nothing was approved\n", stderr);
        return EXIT_ERROR;
    }
    g_autoptr(json_t) body = json_pack("{s:s}", "digest", *digest);
    g_autoptr(json_t) answer = server_run_post(client, id, "/approve", body, error);
    if (answer == NULL)
        return EXIT_ERROR;
    print_approved(invocation, answer);
    return EXIT_DONE;
}

/* Whether the run waits with another plan than this by now. */
static bool has_moved(ServerClient *client, const char *id, const char *digest) {
    g_autoptr(json_t) run = server_run_get(client, id, NULL);
    const char *now = json_get_string(json_object_get(run, "plan"), "digest");
    return now != NULL && g_strcmp0(now, digest) != 0;
}

/* A plan that moved between being shown and being approved is shown, and asked about, again. */
static int approve(const Invocation *invocation, ServerClient *client, const ApproveOptions *options,
                   const char *id, GError **error) {
    for (guint left = PLANS_MOST;; left--) {
        g_autoptr(GError) problem = NULL;
        g_autofree char *digest = NULL;
        int status = show_and_approve(invocation, client, options, id, &digest, &problem);
        bool refused = g_error_matches(problem, CLI_ERROR, CLI_ERROR_CONFLICT);
        if (!refused || options->digest != NULL || left == 1 || !has_moved(client, id, digest)) {
            if (problem != NULL)
                g_propagate_error(error, g_steal_pointer(&problem));
            return status;
        }
        fputs("The plan changed meanwhile; as it is now:\n", stderr);
    }
}

int command_approve(Invocation *invocation, GError **error) {
    g_auto(ApproveOptions) options = {0};
    const GOptionEntry entries[] = {
        {"auto-approve", 0, 0, G_OPTION_ARG_NONE, &options.auto_approve, "Don't ask", NULL},
        {"digest", 0, 0, G_OPTION_ARG_STRING, &options.digest,
         "Don't ask, and approve this plan only, not one that came after it", "DIGEST"},
        SERVER_ENTRY(options.server),
        {NULL},
    };
    if (!command_parse(invocation, entries, 1, 1, error))
        return command_status(invocation);
    if (!check_options(&options, error))
        return EXIT_ERROR;
    g_autoptr(ServerClient) client = server_client_open(invocation, &options.server, error);
    g_autofree char *id =
        client != NULL ? server_run_find(client, invocation->arguments[0], RUN_NEWEST_OPEN, error) : NULL;
    if (id == NULL)
        return EXIT_ERROR;
    int status = approve(invocation, client, &options, id, error);
    g_prefix_error(error, "cannot approve run %s: ", id);
    return status;
}
