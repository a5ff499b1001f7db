/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface of rollout drivers: what brings the plugins of a lock to the workers of a Connect cluster.
 * The engine plans a rollout when a worker lacks a locked version, calls the driver, and then watches the
 * workers itself until every one reports every locked version.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

#include "declare/declare.h"

typedef struct {
    const Environment *environment;
    const ConnectCluster *cluster;
    const Lock *lock;                                       /* what the workers shall have */
    const char *lock_path;                                  /* the same as a file */
    void (*progress)(const char *what, gpointer user_data); /* may be NULL */
    gpointer user_data;
    GCancellable *cancellable;
} RolloutRequest;

typedef struct {
    /* Begins a rollout: true means that it is under way or done, false that nothing more will happen.
     * Repeating it is harmless. */
    bool (*begin)(const RolloutRequest *request, GError **error);
} RolloutDriver;

/* The driver of a kind; NULL for ROLLOUT_NONE. What the engine is given, so that it knows no driver itself.
 */
typedef const RolloutDriver *(*RolloutDrivers)(RolloutKind kind);
