/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of a run (its "state" for people) and how it goes from one to the next: one table, which the
 * pipeline follows and docs/pipeline.md draws.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "store/ledger_records.h"

typedef enum {
    RUN_QUEUED,
    /* a build's */
    RUN_CHECKING_OUT,
    RUN_BUILDING,
    RUN_PUBLISHING,
    RUN_LOCKING,
    /* a deploy's */
    RUN_PLANNING,
    RUN_WAITING,
    RUN_COMMITTING,
    RUN_APPLYING,
    RUN_VERIFYING,
    RUN_REVERTING,
    /* the ends */
    RUN_DONE,
    RUN_FAILED,
    RUN_BEHIND,
    RUN_ROLLED_BACK,
    RUN_REJECTED,
    RUN_EXPIRED,
    RUN_SUPERSEDED,
    RUN_STAGES,
} RunStage;

/* What ended a state. */
typedef enum {
    RUN_EVENT_OK,         /* the step is done */
    RUN_EVENT_FAILED,     /* it can't be done */
    RUN_EVENT_DROPPED,    /* it can't be done, and nothing of it is in Git */
    RUN_EVENT_NOTHING,    /* there is nothing to do */
    RUN_EVENT_ASK,        /* a person must consent first */
    RUN_EVENT_LOCK,       /* the lock in hand is to be committed first */
    RUN_EVENT_MOVED,      /* what was planned on has changed since */
    RUN_EVENT_WENT_BACK,  /* what the lock moved has failed: its revert is to be pushed */
    RUN_EVENT_APPROVED,   /* enough people have consented */
    RUN_EVENT_REJECTED,   /* a person dropped it */
    RUN_EVENT_EXPIRED,    /* nobody consented in time */
    RUN_EVENT_SUPERSEDED, /* something newer takes its place */
    RUN_EVENTS,
} RunEvent;

/* "queued", …; static. */
const char *run_stage_text(RunStage state);
/* RUN_STAGES for an unknown word. */
RunStage run_stage_parse(const char *text);
/* The state of a record, which is known to be one. */
RunStage run_stage_of(const RunRecord *run);

bool run_stage_has_ended(RunStage state);
bool run_stage_is_open(RunStage state); /* the opposite */
/* Whether the pipeline works on a run in this state: not one that is queued, waits or has ended. */
bool run_stage_is_working(RunStage state);
/* Whether a newer commit takes the place of a run in this state. */
bool run_stage_can_be_superseded(RunStage state);
/* How an ended run ended: 1 well, -1 badly, 0 neither (dropped, or not ended). */
int run_stage_verdict(RunStage state);
/* What a person calls the work that is done in a state: "build"; NULL where none is. Static. */
const char *run_stage_step(RunStage state);
/* The steps of a kind of run, in order, NULL-terminated. Static. */
const char *const *run_steps(RunKind kind);

/* Where a run of a kind goes from `state` by `event`; RUN_STAGES where the table has no such row. */
RunStage run_next(RunKind kind, RunStage state, RunEvent event);

/* The drawing of a kind's states (Mermaid's stateDiagram-v2), from the table. The caller frees it. */
char *run_drawing(RunKind kind);
