/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching one connector until it is what it shall be, or has failed.
 */
#pragma once

#include "engine/engine.h"

typedef struct {
    const char *name;
    RunState state;      /* that it shall be in */
    const char *version; /* that it and its tasks shall run in; NULL: any */
    bool was_failing;    /* before the change: an old FAILED may show for a while */
    const Timing *timing;
    GCancellable *abort;
} HealthWatch;

/* Blocks until the connector and all tasks that it has configs for have been in the state, in the version,
 * for the settle time without a change; RUNNING that never wavered, for twice as long.
 * ENGINE_ERROR_UNHEALTHY: something is FAILED (*trace, may be NULL, gets the first lines of the worker's
 * trace, owned by the caller), or the deadline passed. */
bool health_wait(Connect *connect, const HealthWatch *watch, char **trace, GError **error);

/* Whether the connector or any of its tasks is FAILED; then *trace (may be NULL) gets the first lines of its
 * trace. */
bool health_has_failed(const Connector *connector, char **trace);
