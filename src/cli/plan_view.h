/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan for people: what would change, grouped by instance, per key old and new; then warnings, problems,
 * and a line that counts.
 *
 *     orders
 *       ~ connector/source  orders-source
 *         ~ orders.poll.interval.ms   30000 → 1000
 *         ~ orders.token              (sensitive, changed)
 *         ~ connector.plugin.version  1.4.2 → (known after the rollout: orders-source 1.5.0)
 *
 *     rollout
 *       ! main  2 workers
 *         ~ orders-source  1.4.2 → 1.5.0
 *
 *     Plan: 0 to create, 1 to change, 0 to delete, 1 rollout
 */
#pragma once

#include <stdio.h>

#include "engine/plan.h"

/* Prints all of a plan of a kind. Nothing in it can drive the terminal. */
void plan_view_print(FILE *stream, bool colour, const Plan *plan, PlanKind kind,
                     const Environment *environment);

/* Warnings and problems alone: beside a plan that is printed as JSON. */
void plan_view_print_notes(FILE *stream, bool colour, const Plan *plan);
