/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What apply and destroy share: plan, show, ask, carry out under the lease, tell.
 */
#pragma once

#include "cli/session.h"
#include "engine/plan.h"

typedef struct {
    const char *command; /* "apply", "destroy" */
    const char *environment;
    PlanKind kind;
    const PlanFile *file; /* a plan that was made before: not asked again; NULL: none */
    gboolean auto_approve;
    char *override; /* reason for going past the policy; NULL: none; owned */
    int wait;       /* seconds to wait for another's lease */
    SessionOptions session;
} ChangeOptions;
void change_options_clear(ChangeOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ChangeOptions, change_options_clear)

/* Rows for the table of options that both have. */
#define CHANGE_ENTRIES(options)                                                               \
    {"auto-approve", 0, 0, G_OPTION_ARG_NONE, &(options).auto_approve, "Don't ask", NULL},    \
        {"override-policy",                                                                   \
         0,                                                                                   \
         0,                                                                                   \
         G_OPTION_ARG_STRING,                                                                 \
         &(options).override,                                                                 \
         "Go past the approvals that the environment asks for; the history keeps REASON",     \
         "REASON"},                                                                           \
        {"wait",                                                                              \
         0,                                                                                   \
         0,                                                                                   \
         G_OPTION_ARG_INT,                                                                    \
         &(options).wait,                                                                     \
         "Wait up to SECONDS while another changes the environment (default: 0)",             \
         "SECONDS"},                                                                          \
        SESSION_ENTRY_TARGETS((options).session), SESSION_ENTRY_VARIABLES((options).session), \
        SESSION_ENTRY_PARALLELISM((options).session)

/* Does it; gives the exit status. */
int change_run(Invocation *invocation, ChangeOptions *options, GError **error);
