/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wave: actions that don't depend on each other, side by side. Their intents are stored in one transaction
 * before the first begins, and results in groups as they come. Only apply.c includes this.
 */
#pragma once

#include "engine/action.h"

/* Carries out prepared runs (ActionRun; those whose result has an error already are only reported). Each
 * result goes to `report` in the order of ending. False when the state can't be written: then nothing further
 * may be done. */
bool wave_run(Engine *engine, GPtrArray *runs, const ApplyEvents *events, GPtrArray *results, GError **error);
