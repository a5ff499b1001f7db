/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rollout drivers: how the plugins of a lock reach the workers of a Connect cluster.
 *
 * local, sandbox   the plugins are fetched into the sandbox's plugin folder, and its workers roll
 * local, folder    the plugins are fetched into a folder of this machine; a command restarts the worker
 * command          a program of the user's brings them there (a chart, a configuration tool)
 */
#pragma once

#include "engine/rollout.h"
#include "pipeline/error.h"

/* Puts right what a process that was killed in a rollout left: workers of a sandbox that were stopped and not
 * started again. True where something was brought up; a sandbox whose broker is down was ended by a person,
 * and stays so. */
bool rollout_mend(const Environment *environment, GCancellable *cancellable);

/* The driver of a kind, static; NULL for ROLLOUT_NONE. It is a RolloutDrivers, for the engine's options. */
const RolloutDriver *rollout_driver(RolloutKind kind);
