/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carrying a plan out: under the lease, wave by wave, with an intent before each call and its result after
 * it; healthy or back.
 */
#pragma once

#include "engine/plan.h"

typedef enum {
    OUTCOME_DONE,
    OUTCOME_FAILED,      /* nothing changed, or it is not known what */
    OUTCOME_ROLLED_BACK, /* it was unhealthy; the previous config is back and healthy */
    OUTCOME_STUCK,       /* the way back failed too: everything stops */
    OUTCOME_SKIPPED,     /* something it depends on failed, or we were stopped */
} Outcome;

typedef struct {
    const PlanAction *action;
    Outcome outcome;
    GError *error;     /* NULL for OUTCOME_DONE */
    char *trace;       /* first lines of the worker's trace; NULL where there is none */
    char *skipped_for; /* id of the action that it depended on; may be NULL */
    gint64 duration_ms;
} ActionResult;

/* What apply tells while it works; called from the calling thread only. Members may be NULL. */
typedef struct {
    void (*begun)(const PlanAction *action, gpointer user_data);
    void (*ended)(const ActionResult *result, gpointer user_data);
    gpointer user_data;
} ApplyEvents;

/* How an apply ended. It keeps the plan that was carried out, which the results point into. */
typedef struct {
    GPtrArray *results; /* ActionResult, in the order they ended */
    HistoryResult result;
    GPtrArray *learnt; /* char *: plugins whose reported versions were written into the lock; NULL: it didn't
                          come to that */
    GError *error;     /* what ended it early (the state could not be written, …); NULL: nothing did */
    Plan *plan;
    Live *live, *after_rollout;
} ApplyReport;
void apply_report_free(ApplyReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApplyReport, apply_report_free)

/* What a person confirmed, or a plan file holds. */
typedef struct {
    const char *command; /* "apply", "destroy" */
    PlanKind kind;
    const Plan *confirmed; /* the plan that was shown: what is applied must have its digest, else
                              ENGINE_ERROR_MOVED; NULL: none was */
    const PlanFile *file;  /* the plan file to apply; NULL: none */
    const char *override;  /* reason for overriding the policy; NULL: not overridden */
    ApplyEvents events;
} ApplyRequest;

/* Takes the lease, recovers from an interrupted apply, observes, plans again, checks against what was
 * confirmed, and carries it out. NULL when nothing was begun; else the report says how each action ended,
 * also where some failed. */
ApplyReport *apply(Engine *engine, const ApplyRequest *request, GError **error);
