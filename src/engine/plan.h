/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan: the ordered actions that take an environment from what is live to what is declared, each with the
 * base that it was made on. Values that are sensitive are keyed hashes in it.
 */
#pragma once

#include "engine/engine.h"
#include "engine/live.h"
#include "engine/recover.h"

typedef enum { PLAN_CREATE, PLAN_UPDATE, PLAN_STATE, PLAN_DELETE, PLAN_ROLLOUT } PlanOperation;
/* "create", … Static. */
const char *plan_operation_name(PlanOperation operation);

/* Why live differs from declared. */
typedef enum {
    PLAN_DECLARED = 1 << 0, /* the declarations changed */
    PLAN_DRIFT = 1 << 1,    /* someone changed it by hand */
} PlanCause;

typedef struct {
    char *key; /* "config.orders.url", "state", "partitions", "replication"; of a rollout: a plugin's name */
    char *old_value; /* NULL: not there */
    char *new_value; /* NULL: removed, or known only after the rollout (`deferred`) */
    bool sensitive;  /* then both are "hmac:…" */
    char *deferred;  /* "orders-source@1.5.0": the version that its class will report; else NULL */
    PlanCause cause;
} PlanChange;

/* The order of a plan: all of a phase is done before the next begins. */
typedef enum {
    PHASE_DELETE_CONNECTORS,
    PHASE_TOPICS,
    PHASE_PINS,
    PHASE_ROLLOUTS,
    PHASE_CONNECTORS,
    PHASE_DELETE_TOPICS,
    PHASES,
} PlanPhase;

static inline bool phase_is_of_topics(PlanPhase phase) {
    return phase == PHASE_TOPICS || phase == PHASE_DELETE_TOPICS;
}

typedef struct {
    char *id;      /* the address; "#pin" or "#state" after it for more than one of a resource */
    char *address; /* of a rollout: rollout/CONNECT */
    PlanOperation operation;
    PlanPhase phase;
    char *base_live;    /* "absent", "hmac:…" */
    gint64 base_serial; /* of the state's record; 0 where there is none */
    GPtrArray *changes; /* PlanChange, by key */
    GPtrArray *after;   /* char *: ids of actions that must have succeeded */
    PlanCause cause;
    bool recreate; /* a create of what was ours and is gone */

    /* What apply works with; not in a plan file. Borrowed from environment and live but for what is said. */
    const char *cluster; /* Connect cluster, or "kafka" */
    const char *name;    /* on the cluster */
    const DesiredConnector *connector;
    const DesiredTopic *topic;
    const Connector *live_connector;
    const KafkaTopic *live_topic;
    ResourceRecord *record; /* a reference; NULL where there is none yet */
    GHashTable *passwords;  /* set of keys that the ConfigDef calls PASSWORD; owned; NULL: not asked yet */
    bool stop_only;         /* a delete that on_remove turns into a stop */
} PlanAction;

/* A record to rewrite though nothing live changes: what left the declarations is kept, what was declared by
 * hand already is so, what is gone is forgotten. */
typedef struct {
    ResourceRecord *record; /* as it shall be, a reference; NULL: forgotten */
    char *uid;
    char *address;
    char *note; /* for people; may be NULL */
} PlanRefresh;

typedef struct {
    char *address; /* may be NULL */
    char *message;
    char *hint; /* may be NULL */
} PlanNote;

typedef struct {
    char *id;
    char *environment;
    char *kafka_cluster; /* may be NULL */
    char *state;         /* the state's uid */
    char *commit;        /* may be NULL */
    bool dirty;
    char *declarations;
    char *lock;
    GPtrArray *actions;   /* PlanAction, in order */
    GPtrArray *refreshes; /* PlanRefresh */
    GPtrArray *problems;  /* PlanNote: what would fail; a plan that has one is not applied */
    GPtrArray *warnings;  /* PlanNote */
    char *digest;         /* "sha256:…" over the actions and their bases alone */
    char *created;
} Plan;

typedef enum { PLAN_APPLY, PLAN_DESTROY, PLAN_DESTROY_WITH_TOPICS } PlanKind;

/* Makes a plan from what was observed, and what a kill left as `recovery` settles it (NULL: as it is now).
 * The plan borrows from the engine, its environment and `live`, which outlive it. NULL for what keeps a plan
 * from being made at all; what would fail in it is in `problems`. */
Plan *plan_build(Engine *engine, const Live *live, const Recovery *recovery, PlanKind kind, GError **error);
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

/* How many actions of an operation there are. */
guint plan_count(const Plan *plan, PlanOperation operation);
bool plan_is_empty(const Plan *plan);

/* Sorts what is in each action and computes the digest. */
void plan_seal(Plan *plan);

/* The actions alone, what the digest is of; a new reference. */
json_t *plan_actions_to_json(const Plan *plan);

/* As "sluice.plan/1" (docs/plan.md), sealed by a MAC with the state's key; a new reference. */
json_t *plan_to_json(const Plan *plan, const guint8 *key);

/* A plan file that was read and whose seal is right. */
typedef struct {
    char *id;
    char *environment;
    json_t *json;
} PlanFile;
void plan_file_free(PlanFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlanFile, plan_file_free)

/* Reads a plan file (at most 64 MiB) so far as to know its environment; the seal is not checked yet. */
PlanFile *plan_file_read(const char *path, GError **error);
PlanFile *plan_file_parse(const char *text, gsize length, const char *name, GError **error);

/* Narrows `plan`, made now, to what `file` says: its seal, state, declarations and lock must be right, each
 * of its actions must be in `plan` on the same base with the same changes (else ENGINE_ERROR_MOVED names it);
 * actions of `plan` that the file lacks are dropped. The plan takes over the file's id. */
bool plan_narrow(Plan *plan, const PlanFile *file, const guint8 *key, GError **error);
