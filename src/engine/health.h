/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching one connector until it is what it shall be, or has failed.
 */
#pragma once

#include "engine/engine.h"

typedef struct {
    const char *name;
    const Connector *before; /* as it was right before the change; NULL: there was none */
    RunState state;          /* that it shall be in */
    const char *version;     /* that it and its tasks shall run in; NULL: any */
    const Timing *timing;
    GCancellable *abort;
} HealthWatch;

/* Blocks until the connector and all tasks that it has configs for have been in the state, in the version,
 * for the settle time without a change. It counts from when the worker was through with stopping the old
 * tasks.
 *
 * Connect doesn't tell which start of a task its status speaks of: a task that was RUNNING or FAILED before
 * is shown so until the one that follows has started, or failed to. Where it was never seen otherwise, in a
 * state, a version or a trace, that must hold for twice as long.
 *
 * ENGINE_ERROR_UNHEALTHY: something is FAILED (*trace, may be NULL, gets the first lines of the worker's
 * trace, owned by the caller), or the deadline passed. */
bool health_wait(Connect *connect, const HealthWatch *watch, char **trace, GError **error);

/* Whether the connector or any of its tasks is FAILED; then *trace (may be NULL) gets the first lines of its
 * trace. */
bool health_has_failed(const Connector *connector, char **trace);
