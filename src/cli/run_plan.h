/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of one of the daemon's runs (RunDetail), drawn as sluice plan draws its own. */
#pragma once

#include <stdio.h>

#include "cli/command.h"

typedef struct RunPlan RunPlan;

/* Borrows from the run. NULL with CLI_ERROR_FAILED where the run has no plan, or one with something in it
 * that this program doesn't know: nobody shall consent to what isn't shown. */
RunPlan *run_plan_new(const json_t *run, GError **error);
void run_plan_free(RunPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunPlan, run_plan_free)

/* "sha256:…", owned by the run. */
const char *run_plan_digest(const RunPlan *plan);

/* How many problems keep it from being applied. */
guint run_plan_problems(const RunPlan *plan);

/* Prints what the run is, what it moves in the lock, its plan, and who has to consent. */
void run_plan_print(FILE *stream, bool colour, const RunPlan *plan);
