/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of plan_build() share. Only plan*.c includes this.
 */
#pragma once

#include "engine/installed.h"
#include "engine/pins.h"
#include "engine/plan.h"
#include "engine/recover.h"
#include "engine/render.h"

typedef struct {
    Engine *engine;
    const Environment *environment;
    const Live *live;
    PlanKind kind;
    const guint8 *key;
    Plan *plan;
    const Recovery *recovery;
    GHashTable *by_name;  /* "topic/kafka/NAME", "connector/CLUSTER/NAME" → ResourceRecord, borrowed */
    GHashTable *declared; /* set of addresses, borrowed */
    GHashTable *rollouts; /* Connect cluster → PlanAction, borrowed */
} Planner;

PlanAction *planner_add(Planner *planner, const char *address, PlanOperation operation, PlanPhase phase);
void planner_problem(Planner *planner, const char *address, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
void planner_warn(Planner *planner, const char *address, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Takes `record` (may be NULL: forget `uid`) and copies the others. */
void planner_refresh(Planner *planner, ResourceRecord *record, const char *uid, const char *note);
/* What is ours at an address, or NULL; borrowed. */
ResourceRecord *planner_owned(const Planner *planner, const char *address);
/* Why a value differs, by whether what is live, and what is declared, is what was last applied. */
PlanCause planner_cause(bool live_is_applied, bool declared_is_applied);
/* What is declared under a name, or NULL; borrowed. */
const DesiredTopic *planner_declared_topic(const Planner *planner, const char *name);
const DesiredConnector *planner_declared_connector(const Planner *planner, const char *cluster,
                                                   const char *name);
/* What is ours under a name of a cluster, or NULL; borrowed. */
ResourceRecord *planner_owned_name(const Planner *planner, ResourceKind kind, const char *cluster,
                                   const char *name);

/* "rollout/CLUSTER"; the caller frees it. */
char *planner_rollout_address(const char *cluster);
/* Whether --target leaves a plugin of a cluster in: by the address of the cluster's rollout, or since a
 * connector that is left in uses it there. */
bool planner_wants_plugin(const Planner *planner, const char *cluster, const char *plugin);

/* A plan without anything in it. */
Plan *plan_empty(void);
PlanAction *plan_action_new(const char *address, PlanOperation operation, PlanPhase phase);
/* Copies the texts. Returns the change, to refine it. */
PlanChange *plan_add_change(PlanAction *action, const char *key, const char *old_value,
                            const char *new_value);

/* False with ENGINE_ERROR_NOT_FOUND for a target that covers nothing that is declared or ours. */
bool plan_check_targets(const Planner *planner, GError **error);
/* What is asked of plugins, against the lock. */
void plan_requests(Planner *planner);
void plan_topics(Planner *planner);
bool plan_connectors(Planner *planner, GError **error);
/* Rollouts, and the pins that must stand before them. False for what keeps a plan from being made. */
bool plan_rollouts(Planner *planner, GError **error);
/* What is ours and no longer declared. */
void plan_removals(Planner *planner);
/* Which action waits for which. */
void plan_dependencies(Planner *planner);
