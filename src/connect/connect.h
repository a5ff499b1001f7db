/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka Connect's REST API (KIP-26, 459, 475, 875, 891, 980), as Connect 4.x really answers. A Connect speaks
 * to one address; answers about plugins speak for that worker alone.
 *
 * Connect repeats a config's values in its messages and traces, resolved ones too. They come out of here
 * cleaned of what connect/secrets.h calls a secret; a set `sensitive` (may be NULL) names further keys whose
 * values are hidden in the same way.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/http.h"
#include "base/json.h"

ERROR_DECLARE_DOMAIN(connect);
#define CONNECT_ERROR (connect_error_quark())
typedef enum {
    CONNECT_ERROR_FAILED,      /* answered, and it is an error of the request or the worker */
    CONNECT_ERROR_UNREACHABLE, /* no connection */
    CONNECT_ERROR_UNKNOWN,     /* the outcome of a change is unknown until read */
    CONNECT_ERROR_NOT_FOUND,
    CONNECT_ERROR_EXISTS,
    CONNECT_ERROR_INVALID, /* the config is refused; the message names keys, never secrets */
    CONNECT_ERROR_DENIED,  /* 401, 403 */
    CONNECT_ERROR_BUSY,    /* still rebalancing when the deadline passed */
    CONNECT_ERROR_CANCELLED,
} ConnectError;

typedef struct Connect Connect;

/* A client of the worker at `url`. `credentials` may be NULL. Safe to use from several threads. */
Connect *connect_new(const char *url, const HttpCredentials *credentials);
void connect_free(Connect *connect);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Connect, connect_free)
const char *connect_url(const Connect *connect);

/* How a call may spend its time. Answers of a rebalance, a stale configuration or a worker that starts (409,
 * 500, 503), refused connections and, when reading, broken ones and time-outs are tried again with jitter
 * until the deadline; an address that never answered, for 10 s at most. A broken connection or time-out of a
 * change is CONNECT_ERROR_UNKNOWN at once: the caller reads. So may a cancelled change have been done. */
typedef struct {
    guint deadline_ms;         /* from the call on; 0: 120,000 */
    GCancellable *cancellable; /* or NULL */
    void (*waiting)(const char *why,
                    gpointer user_data); /* "rebalancing", …: called before each new try; may be NULL */
    gpointer user_data;
} ConnectCall;

/* Who the worker is. */
typedef struct {
    char *version;
    char *cluster; /* the id of the Kafka cluster that it works for */
} ConnectInfo;
void connect_info_free(ConnectInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConnectInfo, connect_info_free)
ConnectInfo *connect_info(Connect *connect, const ConnectCall *options, GError **error);

/* Whether a version ("4.3.1") is at least major.minor. */
bool connect_version_at_least(const char *version, int major, int minor);

typedef struct {
    int id;      /* of a task; -1 for the connector itself */
    char *state; /* RUNNING, PAUSED, STOPPED, FAILED, UNASSIGNED, RESTARTING */
    char *worker;
    char *version; /* NULL before 4.1 or where unknown */
    char *trace;   /* NULL unless FAILED; several lines */
} ConnectTask;

/* A live connector. */
typedef struct {
    char *name;
    char *type;     /* source, sink */
    json_t *config; /* object of strings, without "name"; holds passwords in clear: hash, never print */
    ConnectTask connector; /* its own status; state NULL where there is none yet */
    GPtrArray *tasks;      /* ConnectTask, by id */
} Connector;
void connector_free(Connector *connector);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Connector, connector_free)

/* Every connector with config and status by one request: a new GHashTable name → Connector. One that has no
 * status yet may be missing. */
GHashTable *connect_list(Connect *connect, const ConnectCall *options, GError **error);

/* One connector with config and status; CONNECT_ERROR_NOT_FOUND. For watching one that changes. */
Connector *connect_get(Connect *connect, const char *name, const ConnectCall *options, GError **error);

/* Ids of the tasks that the connector has configs for now (GET …/tasks): a GArray of int, or NULL. *digest
 * (may be NULL) gets a hash of these configs, which the caller frees. A worker that is stopping tasks to give
 * them new configs answers only when they have stopped, or it has given them up. */
GArray *connect_task_ids(Connect *connect, const char *name, const ConnectCall *options, char **digest,
                         GError **error);

/* Creates with an initial state ("RUNNING", "PAUSED", "STOPPED"). `config` is an object of strings without
 * "name". CONNECT_ERROR_EXISTS is no rebalance; a name with '/' is CONNECT_ERROR_INVALID. */
bool connect_create(Connect *connect, const char *name, const json_t *config, const char *state,
                    const GHashTable *sensitive, const ConnectCall *call, GError **error);
/* Puts the whole config. */
bool connect_configure(Connect *connect, const char *name, const json_t *config, const GHashTable *sensitive,
                       const ConnectCall *call, GError **error);
/* Changes the target state: "RUNNING", "PAUSED" or "STOPPED". */
bool connect_set_state(Connect *connect, const char *name, const char *state, const ConnectCall *call,
                       GError **error);
/* Restarts what failed only, or all; tasks too. */
bool connect_restart(Connect *connect, const char *name, bool only_failed, const ConnectCall *call,
                     GError **error);
/* 404 is success. */
bool connect_delete(Connect *connect, const char *name, const ConnectCall *call, GError **error);
/* The offsets array of a connector, a new reference. */
json_t *connect_offsets(Connect *connect, const char *name, const ConnectCall *options, GError **error);

/* A class that a worker can load. */
typedef struct {
    char *class_name;
    char *type;    /* source, sink, converter, header_converter, transformation, predicate */
    char *version; /* what it reports; NULL where nothing */
} ConnectPlugin;
void connect_plugin_free(ConnectPlugin *plugin);
/* All classes of this worker, transforms and converters too: a GPtrArray of ConnectPlugin, sorted by class
 * and version. */
GPtrArray *connect_plugins(Connect *connect, const ConnectCall *options, GError **error);

/* One thing that validate says of a config. */
typedef struct {
    char *key;
    char *message; /* one line, cleaned of secrets */
} ConfigProblem;
void config_problem_free(ConfigProblem *problem);

/* PUT /connector-plugins/CLASS/config/validate. Gives the problems (GPtrArray of ConfigProblem, maybe empty),
 * and in *passwords (may be NULL) a set of the keys whose type is PASSWORD. CONNECT_ERROR_NOT_FOUND where the
 * worker has no such class or version. */
GPtrArray *connect_validate(Connect *connect, const char *class_name, const json_t *config,
                            const GHashTable *sensitive, GHashTable **passwords, const ConnectCall *options,
                            GError **error);
