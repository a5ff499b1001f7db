/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is live, observed in bulk: one request for all connectors of a Connect cluster, one for each worker's
 * plugins, one metadata request and batched DescribeConfigs for topics. Never a request per resource.
 */
#pragma once

#include "engine/engine.h"

typedef struct {
    const char *url;    /* borrowed from the engine */
    GPtrArray *plugins; /* ConnectPlugin by class and version; NULL where the worker did not answer */
    char *problem;      /* then: why */
    const GPtrArray
        *before; /* after a roll: its plugins before it, borrowed; NULL: not rolled, or not known */
} LiveWorker;

typedef struct {
    const EngineCluster *cluster;
    ConnectInfo *info;
    GHashTable *connectors; /* name → Connector */
    GPtrArray *workers;     /* LiveWorker */
} LiveCluster;

typedef struct {
    char *kafka_cluster; /* NULL where not asked */
    GHashTable *topics;  /* name → KafkaTopic: of those declared or owned, the ones that exist */
    GPtrArray *clusters; /* LiveCluster, in the order of the environment's */
} Live;

/* Observes all that the environment declares or owns, clusters side by side; and guards against a wrong
 * cluster. A Connect cluster's first address must answer; another worker that doesn't is remembered in its
 * `problem`. */
Live *live_observe(Engine *engine, GError **error);
void live_free(Live *live);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Live, live_free)

LiveCluster *live_cluster(const Live *live, const char *name);

/* Notes that a Connect cluster's workers were rolled between two observations; `before` outlives `after`. */
void live_note_rollout(Live *after, const Live *before, const char *cluster);

/* What a worker of a cluster reported; borrowed, NULL where it isn't known. */
const GPtrArray *live_worker_plugins(const Live *live, const char *cluster, const char *url);

/* "running", "paused" or "stopped": what a connector shall be, as its status tells. Static. */
const char *live_target_state(const Connector *connector);

/* "RUNNING", …: a state as Connect calls it. Static. */
const char *live_state_name(RunState state);

/* The keyed hash of a connector (config and target state) or topic; "absent" for NULL. The caller frees it.
 */
char *live_hash_connector(const guint8 *key, const Connector *connector);
char *live_hash_topic(const guint8 *key, const KafkaTopic *topic);
