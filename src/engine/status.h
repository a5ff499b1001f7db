/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs: every resource that is declared or owned, with its health, versions and drift.
 */
#pragma once

#include "engine/live.h"
#include "engine/plan.h"

typedef enum { HEALTH_OK, HEALTH_PENDING, HEALTH_FAILED, HEALTH_MISSING, HEALTH_OFF } Health;
/* "ok", "pending", "failed", "missing", "off" (paused or stopped on purpose). Static. */
const char *health_name(Health health);

typedef struct {
    char *address;
    ResourceKind kind;
    char *cluster;
    char *name;
    Health health;
    char *state;                 /* of a connector: RUNNING, …; NULL where missing */
    guint tasks, running;        /* of a connector */
    char *plugin;                /* "orders-source"; NULL where none */
    char *version;               /* that runs, as the worker reports */
    char *locked;                /* version in the lock; NULL where none */
    int partitions, replication; /* of a topic */
    GPtrArray *drift; /* char *: keys that someone changed by hand since the last apply; empty: none */
    bool managed;     /* it is in the state */
    bool declared;
    bool kept;
    char *trace;                            /* first lines, of what failed */
    char *applied_at, *applied_by, *commit; /* NULL where not managed */
} ResourceStatus;

typedef struct {
    GPtrArray *resources; /* ResourceStatus, by address */
    GPtrArray *waiting;   /* char *: instances that wait for their first promotion */
    GPtrArray *missing;   /* char *: locked plugins that a worker lacks, as a sentence */
    HistoryRecord *last;  /* a reference; NULL: nothing was applied yet */
    char *holder;         /* who holds the lease, as a sentence; NULL: nobody */
    bool failed;          /* something has failed or is missing */
} EnvironmentStatus;
void environment_status_free(EnvironmentStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EnvironmentStatus, environment_status_free)

EnvironmentStatus *status_of(Engine *engine, const Live *live, GError **error);
