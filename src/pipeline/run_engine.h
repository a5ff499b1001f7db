/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of a deploy run share: its declarations, loaded, with an engine and a plan. */
#pragma once

#include "engine/apply.h"
#include "pipeline/pipeline_private.h"

/* Members in the order in which they depend on each other. */
typedef struct {
    Checkout checkout;
    Environment *environment;
    Engine *engine;
    Live *live;
    Plan *plan;
} RunEngine;
void run_engine_clear(RunEngine *opened);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RunEngine, run_engine_clear)

/* Checks out and loads with secrets, which the log masks from then on; opens the engine. */
bool run_engine_open(Work *work, RunEngine *opened, GError **error);
/* Looks at what is live, and plans. */
bool run_engine_plan(RunEngine *opened, GError **error);

/* Whether applying would do anything: also what only the state shall remember, or an apply that was cut off.
 */
bool run_engine_has_work(const RunEngine *opened);

/* The first problem of the plan as an error. */
void run_engine_set_problem(const Plan *plan, GError **error);
