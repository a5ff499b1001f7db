/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to a worker, tried until it is answered for good or its time is over: under every call of
 * connect/connect.h.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "connect/connect.h"
#include "connect/secrets.h"

/* A ConnectCall that has begun: all its requests share one deadline. */
typedef struct {
    const ConnectCall *options; /* never NULL */
    gint64 deadline;            /* monotonic, in microseconds */
} Call;

/* Starts the clock; `options` may be NULL. */
Call call_start(const ConnectCall *options);

typedef struct {
    const char *method;
    const char *path;       /* behind the worker's URL, escaped: "/connectors/x" */
    const json_t *body;     /* or NULL */
    bool change;            /* it changes something: its outcome matters */
    const Secrets *secrets; /* kept out of messages; NULL: there are none */
} ConnectRequest;

/* Sends a request until it is answered by success. `*answer` (may be NULL) is the JSON of it, NULL where it
 * is empty. */
bool connect_send(Connect *connect, const Call *call, const ConnectRequest *request, json_t **answer,
                  GError **error);

/* As connect_send(), for what must be answered by an array or an object: a new reference, or NULL. */
json_t *connect_fetch(Connect *connect, const Call *call, const ConnectRequest *request, json_type type,
                      GError **error);

/* "/connectors/NAME" + suffix, escaped, or NULL: a name with '/' (or ".") can't be addressed. */
char *connector_path(const char *name, const char *suffix, GError **error);
