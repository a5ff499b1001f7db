/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine of one environment: what is declared, what is live, what was last applied; and the clients to
 * reach all three.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

#include "base/error.h"
#include "connect/connect.h"
#include "declare/declare.h"
#include "engine/rollout.h"
#include "kafka/kafka.h"
#include "store/state.h"

ERROR_DECLARE_DOMAIN(engine);
#define ENGINE_ERROR (engine_error_quark())
typedef enum {
    ENGINE_ERROR_FAILED,
    ENGINE_ERROR_REFUSED,   /* the plan has problems, or a plan file doesn't fit */
    ENGINE_ERROR_MOVED,     /* what an action was planned on has changed since */
    ENGINE_ERROR_UNHEALTHY, /* a connector did not become healthy */
    ENGINE_ERROR_NOT_FOUND, /* no such address */
    ENGINE_ERROR_CANCELLED,
} EngineError;

/* A Connect cluster and the clients of its workers. */
typedef struct {
    const ConnectCluster *declared; /* borrowed from the environment */
    Connect *connect;               /* at `url` */
    GPtrArray *workers;             /* Connect, as listed */
} EngineCluster;

typedef struct {
    const Environment *environment; /* borrowed, outlives the engine */
    RolloutDrivers rollout_drivers;
    const char *by;                    /* who we are, for the state; borrowed */
    const char *const *accept_upgrade; /* names of unmanaged, unpinned connectors that a rollout may upgrade;
                                          NULL-terminated or NULL */
    const char *const *targets; /* addresses (of a rollout: rollout/CONNECT), instances or prefixes ending in
                                   '/'; only these are planned; NULL: all */
    guint parallelism;          /* actions at once; 0: 10 */
    bool no_rollback;
    guint lease_wait_ms; /* how long to wait for another's lease */
    GCancellable *stop;  /* begin nothing new; may be NULL */
    GCancellable *abort; /* stop now; may be NULL */
    /* What is being done, for a progress line; from any thread; may be NULL. */
    void (*progress)(const char *what, gpointer user_data);
    gpointer user_data;
} EngineOptions;

typedef struct {
    EngineOptions options;
    const Environment *environment;
    Store *store;
    State *state;
    Kafka *kafka;        /* NULL where no kafka: is declared */
    GPtrArray *clusters; /* EngineCluster */
    GMutex artifacts_lock;
    GHashTable *artifacts; /* SHA-256 of an artifact → char **, the classes it names: read once */
} Engine;

/* Opens the state (made if need be) and the clients; asks nothing of the network yet. */
Engine *engine_open(const EngineOptions *options, GError **error);
void engine_close(Engine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_close)

EngineCluster *engine_cluster(const Engine *engine, const char *name);

/* Takes the lease for a command, as state_begin(), with the environment's times; says whom it waits for. */
bool engine_begin(Engine *engine, const StateCommand *command, GError **error);

/* Says what is being done, printf-like. */
void engine_progress(const Engine *engine, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The key of the environment's hashes, HASH_KEY_SIZE bytes: state_key:, else the state's own. */
const guint8 *engine_key(const Engine *engine);

/* Whether a target names the address itself, what stands before a '/' of it, or an instance with all its
 * rows.
 */
bool engine_target_covers(const char *target, const char *address);

/* Whether --target leaves this address in. */
bool engine_is_target(const Engine *engine, const char *address);
