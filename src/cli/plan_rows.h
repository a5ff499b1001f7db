/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan's actions as they are drawn, wherever the plan comes from: made here (plan_view.h) or told by the
 * daemon (run_plan.h).
 */
#pragma once

#include <stdio.h>

#include "base/terminal.h"
#include "engine/plan.h"

typedef enum {
    PLAN_ROW_CREATE,
    PLAN_ROW_UPDATE,
    PLAN_ROW_STATE,
    PLAN_ROW_DELETE,
    PLAN_ROW_ROLLOUT,
    PLAN_ROW_SETTINGS,
    PLAN_ROW_OPERATIONS, /* how many there are */
} PlanRowOperation;

/* The operation of this name ("create", …); PLAN_ROW_OPERATIONS where there is none. */
PlanRowOperation plan_row_operation(const char *name);

/* One action. What it points to is borrowed and outlives it, but for the subject. */
typedef struct {
    PlanRowOperation operation;
    const char *id;
    const char *address;
    char *subject;            /* what stands beside the address, owned; NULL: nothing */
    const GPtrArray *changes; /* PlanChange */
    PlanCause cause;
    bool recreate;  /* as PlanAction's */
    bool stop_only; /* as PlanAction's */
} PlanRow;
PlanRow *plan_row_new(PlanRowOperation operation, const char *id, const char *address,
                      const GPtrArray *changes);
void plan_row_free(PlanRow *row);

/* Whether a resource's name (may be NULL) is to be shown beside its address, which doesn't end in it. */
bool plan_row_shows_name(const char *address, const char *name);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlanRow, plan_row_free)

/* Prints rows (PlanRow), grouped by instance, per key old and new. Nothing in them can drive the terminal. */
void plan_rows_print(FILE *stream, bool colour, const GPtrArray *rows);

/* Prints a warning or problem; `address` and `hint` may be NULL. */
void plan_rows_print_note(FILE *stream, bool colour, DiagnosticKind kind, const char *address,
                          const char *message, const char *hint);

/* "3 to create, 1 to change, 0 to delete, 1 rollout"; the caller frees it. */
char *plan_rows_count(const GPtrArray *rows);

/* Prints the line below all: that the plan can't be applied where it has problems, else what it counts. */
void plan_rows_print_last_line(FILE *stream, bool colour, const GPtrArray *rows, guint problems);
