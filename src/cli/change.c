/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/change.h"

#include "cli/apply_view.h"
#include "cli/interrupt.h"
#include "cli/plan_view.h"
#include "engine/apply.h"

#define PLANS_MOST 3

void change_options_clear(ChangeOptions *options) {
    g_free(options->override);
    session_options_clear(&options->session);
}

static bool check_policy(const Session *session, const ChangeOptions *options, GError **error) {
    const Policy *policy = &session->environment->policy;
    if (!policy->written || policy->approvals == 0 || options->override != NULL)
        return true;
    g_autofree char *hint = g_strdup_printf("to apply it all the same, with a reason that the history keeps: "
                                            "sluice %s %s --override-policy REASON",
                                            options->command, options->environment);
    error_set(error, CLI_ERROR, CLI_ERROR_FAILED, hint, "environment '%s' asks for %d approval%s",
              options->environment, policy->approvals, policy->approvals == 1 ? "" : "s");
    return false;
}

/* An answer is only asked for on a terminal, and before anything is observed. */
static bool check_can_ask(const ChangeOptions *options, GError **error) {
    if (options->auto_approve || options->file != NULL || terminal_is_interactive(stdin))
        return true;
    g_autofree char *hint =
        g_strdup_printf("look at it with: sluice plan %s; then give --auto-approve", options->environment);
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, hint, "there is no terminal to ask on whether to %s '%s'",
              options->command, options->environment);
    return false;
}

/* Where people's words go: beside a JSON report they are no data. */
static FILE *words_stream(const Invocation *invocation) {
    return invocation->output == OUTPUT_TABLE ? stdout : stderr;
}

static bool words_colour(const Invocation *invocation) {
    return invocation->output == OUTPUT_TABLE ? invocation->colour : invocation->colour_error;
}

static bool ask(const ChangeOptions *options) {
    g_autofree char *question = options->kind == PLAN_APPLY
                                    ? g_strdup_printf("Apply this to %s?", options->environment)
                                    : g_strdup_printf("Destroy this in %s?", options->environment);
    interrupt_ends_at_once(true);
    bool yes = terminal_confirm(question);
    interrupt_ends_at_once(false);
    return yes;
}

/* Whether there is anything to do: also what only the state shall remember, or an apply that was cut off. */
static bool has_work(const Session *session, const Plan *plan) {
    g_autoptr(GPtrArray) intents = state_intents(session->engine->state);
    return plan->actions->len + plan->refreshes->len + intents->len > 0;
}

static int print_report(const Invocation *invocation, const ApplyView *view, ApplyReport *report,
                        GError **error) {
    if (invocation->output == OUTPUT_TABLE) {
        apply_view_print_summary(stdout, view, report);
    } else {
        g_autoptr(json_t) json = apply_view_to_json(report);
        output_json(stdout, invocation->output, json);
    }
    if (report->error != NULL)
        g_propagate_error(error, g_steal_pointer(&report->error));
    return report->result == HISTORY_OK ? EXIT_DONE : EXIT_ERROR;
}

/* `confirmed` may be NULL where a plan file is applied. */
static int carry_out(Session *session, const ChangeOptions *options, const Plan *confirmed, GError **error) {
    const Invocation *invocation = session->invocation;
    ApplyView view = {
        .session = session,
        .colour = words_colour(invocation),
        .total = confirmed != NULL ? confirmed->actions->len : 0,
        .started = g_get_monotonic_time(),
    };
    const ApplyRequest request = {
        .command = options->command,
        .kind = options->kind,
        .confirmed = confirmed,
        .file = options->file,
        .override = options->override,
        .events = apply_view_events(&view),
    };
    session_show_progress(session, words_stream(invocation));
    g_autoptr(ApplyReport) report = apply(session->engine, &request, error);
    session_hide_progress(session);
    int status = report != NULL ? print_report(invocation, &view, report, error) : EXIT_ERROR;
    g_prefix_error(error, "cannot %s '%s': ", options->command, options->environment);
    return status;
}

static int nothing_to_do(const Invocation *invocation) {
    if (invocation->output != OUTPUT_TABLE) {
        g_autoptr(json_t) json =
            json_pack("{s:s, s:[], s:[]}", "result", history_result_name(HISTORY_OK), "actions", "learnt");
        output_json(stdout, invocation->output, json);
    }
    return EXIT_DONE;
}

static int plan_and_carry_out(Session *session, const ChangeOptions *options, GError **error) {
    const Invocation *invocation = session->invocation;
    FILE *stream = words_stream(invocation);
    g_autoptr(Live) live = session_observe(session, error);
    g_autoptr(Plan) plan =
        live != NULL ? plan_build(session->engine, live, NULL, options->kind, error) : NULL;
    if (plan == NULL) {
        g_prefix_error(error, "cannot plan environment '%s': ", options->environment);
        return EXIT_ERROR;
    }
    plan_view_print(stream, words_colour(invocation), plan, options->kind, session->environment);
    if (plan->problems->len > 0)
        return EXIT_ERROR;
    if (!has_work(session, plan))
        return nothing_to_do(invocation);
    fputc('\n', stream);
    fflush(stream);
    if (plan->actions->len > 0 && !options->auto_approve && !ask(options)) {
        fputs("nothing was changed\n", stderr);
        return EXIT_ERROR;
    }
    return carry_out(session, options, plan, error);
}

/* Where nobody is asked a plan that moved meanwhile (another apply ended) is made, and shown, again. */
static int plan_and_carry_out_as_approved(Session *session, const ChangeOptions *options, GError **error) {
    for (guint left = PLANS_MOST;; left--) {
        g_autoptr(GError) problem = NULL;
        int status = plan_and_carry_out(session, options, &problem);
        bool moved = g_error_matches(problem, ENGINE_ERROR, ENGINE_ERROR_MOVED);
        if (!moved || !options->auto_approve || left == 1) {
            if (problem != NULL)
                g_propagate_error(error, g_steal_pointer(&problem));
            return status;
        }
        fprintf(stderr, "%s changed meanwhile; planned again:\n", options->environment);
    }
}

int change_run(Invocation *invocation, ChangeOptions *options, GError **error) {
    if (!check_can_ask(options, error))
        return EXIT_ERROR;
    options->session.lease_wait_ms = (guint)MAX(options->wait, 0) * 1000;
    g_autoptr(Session) session =
        session_open(invocation, options->environment, &options->session, words_stream(invocation), error);
    if (session == NULL || !check_policy(session, options, error))
        return EXIT_ERROR;
    return options->file != NULL ? carry_out(session, options, NULL, error)
                                 : plan_and_carry_out_as_approved(session, options, error);
}
