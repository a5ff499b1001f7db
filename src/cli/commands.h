/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, each in its own file; main.c has the table. */
#pragma once

#include "cli/command.h"

int command_apply(Invocation *invocation, GError **error);
int command_approve(Invocation *invocation, GError **error);
int command_complete(Invocation *invocation, GError **error);
int command_completion(Invocation *invocation, GError **error);
int command_destroy(Invocation *invocation, GError **error);
int command_fetch(Invocation *invocation, GError **error);
int command_import(Invocation *invocation, GError **error);
int command_init(Invocation *invocation, GError **error);
int command_lock(Invocation *invocation, GError **error);
int command_logs(Invocation *invocation, GError **error);
int command_plan(Invocation *invocation, GError **error);
int command_promote(Invocation *invocation, GError **error);
int command_publish(Invocation *invocation, GError **error);
int command_reject(Invocation *invocation, GError **error);
int command_retry(Invocation *invocation, GError **error);
int command_runs(Invocation *invocation, GError **error);
int command_sandbox_down(Invocation *invocation, GError **error);
int command_sandbox_status(Invocation *invocation, GError **error);
int command_sandbox_up(Invocation *invocation, GError **error);
int command_serve(Invocation *invocation, GError **error);
int command_state_list(Invocation *invocation, GError **error);
int command_state_unlock(Invocation *invocation, GError **error);
int command_state_show(Invocation *invocation, GError **error);
int command_status_environment(Invocation *invocation, GError **error);
int command_validate(Invocation *invocation, GError **error);
