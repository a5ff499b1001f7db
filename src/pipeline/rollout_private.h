/* SPDX-License-Identifier: Apache-2.0 */
/* What the drivers share; rollout.h is for all others. */
#pragma once

#include "pipeline/rollout.h"

/* Runs the cluster's rollout command in the declarations' root with SLUICE_ENVIRONMENT, SLUICE_CONNECT and
 * SLUICE_LOCK set. Standard error is passed on. A status other than 0 is PIPELINE_ERROR_COMMAND. */
bool rollout_run_command(const RolloutRequest *request, GError **error);

/* The RolloutDriver functions. */
bool rollout_begin_command(const RolloutRequest *request, GError **error);
bool rollout_begin_folder(const RolloutRequest *request, GError **error);
bool rollout_begin_sandbox(const RolloutRequest *request, GError **error);
