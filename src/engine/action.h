/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One action of a plan while it is carried out: prepared before its wave (what it will send, and the intent),
 * run in a thread of the wave, and then told how it ended. Only apply.c and action_*.c include this.
 */
#pragma once

#include "engine/apply.h"
#include "engine/pins.h"
#include "engine/render.h"

/* What became of the state's records, once an action ended. */
typedef enum {
    RECORD_AS_BEFORE, /* nothing changed: the intent is dropped */
    RECORD_AFTER,     /* `record_after` holds; NULL: the resource is gone */
    RECORD_UNKNOWN,   /* the intent stays, for the next run to settle */
} RecordFate;

typedef struct {
    Engine *engine;
    const PlanAction *action;
    const Live *live;            /* as observed last: after a rollout, what the workers have then */
    const ResourceRecord *stamp; /* who, when, from which commit, plan and apply: copied into record_after */

    /* Prepared. */
    json_t *config;        /* of a connector, as it will be sent; NULL where it isn't */
    GHashTable *sensitive; /* its keys */
    char *version;         /* that its class shall report; NULL: any */
    char *uid;
    char *before, *after; /* hashes, for the intent */
    ResourceRecord *record_after;

    /* How it ended. */
    ActionResult *result;
    RecordFate fate;
} ActionRun;

ActionRun *action_run_new(Engine *engine, const PlanAction *action, const Live *live,
                          const ResourceRecord *stamp);
void action_run_free(ActionRun *run);

/* Prepare: false with the result's error set where it can't be done. Run: sets result and fate. */
bool action_prepare_topic(ActionRun *run);
void action_run_topic(ActionRun *run);
/* Waits until the brokers tell of what these runs did: they learn it a moment after the controller that
 * answered, and whoever looks next (a connector's task, the next plan) shall find it. Not for long: what the
 * controller said holds anyhow. */
void action_await_topics(Engine *engine, const GPtrArray *runs);
bool action_prepare_connector(ActionRun *run);
void action_run_connector(ActionRun *run);
void action_run_rollout(ActionRun *run);

/* Ends with an outcome and takes `error` (may be NULL). */
void action_end(ActionRun *run, Outcome outcome, RecordFate fate, GError *error);

/* A copy of the action's record (or a new one) with the stamp on it. */
ResourceRecord *action_record(const ActionRun *run, ResourceKind kind);
