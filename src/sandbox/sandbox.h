/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real Kafka broker and Connect workers on this machine, as processes, several sandboxes side by side. A
 * sandbox lives in a folder (data, logs, plugins per sandbox, sandbox.json with ports and process ids) under
 * ${XDG_STATE_HOME:-~/.local/state}/sluice/sandbox/NAME. Only 127.0.0.1.
 *
 * Processes are known by pid and start time, and carry -Dsluice.sandbox=FOLDER/PROCESS, so that one which was
 * started right before we were killed is found again. Calls for one sandbox exclude each other, in other
 * processes too.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

ERROR_DECLARE_DOMAIN(sandbox);
#define SANDBOX_ERROR (sandbox_error_quark())
typedef enum {
    SANDBOX_ERROR_FAILED,
    SANDBOX_ERROR_NO_KAFKA, /* no folder with Kafka's jars, or no Java */
    SANDBOX_ERROR_NOT_FOUND,
    SANDBOX_ERROR_TIMEOUT,
    SANDBOX_ERROR_DIED, /* a process ended; the message has the end of its log */
    SANDBOX_ERROR_CANCELLED,
} SandboxError;

typedef struct {
    const char *name;
    const char *kafka; /* a folder that holds Kafka's jars in libs/ (or itself); NULL: $SLUICE_KAFKA,
                          $KAFKA_HOME, the cache's newest kafka-* */
    guint workers;     /* at least 1 */
    guint heap_mb;     /* of a worker; 0: 512 */
    void (*progress)(const char *what, gpointer user_data); /* may be NULL */
    gpointer user_data;
    GCancellable *cancellable;
} SandboxOptions;

typedef struct {
    char *url; /* http://127.0.0.1:PORT */
    GPid pid;
    bool alive;
    bool ready; /* GET /health is 200 */
} SandboxWorker;

typedef struct {
    char *name;
    char *folder;
    char *bootstrap; /* 127.0.0.1:PORT */
    GPid broker;
    bool alive;         /* the broker */
    char *plugins;      /* the workers' plugin folder */
    GPtrArray *workers; /* SandboxWorker */
} Sandbox;
void sandbox_free(Sandbox *sandbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sandbox, sandbox_free)

/* Brings a sandbox up, or what of it is down; a sandbox that is up is left as it is (more workers are added
 * when asked for). Ready when it returns. Ports stay the same over restarts of a worker and over down/up when
 * they are still free. After a failure or a cancel, what was started runs on and is found by the other calls.
 */
Sandbox *sandbox_up(const SandboxOptions *options, GError **error);

/* Ends its processes by id; its data stays unless `remove`. What is not there is success. */
bool sandbox_down(const char *name, bool remove, GError **error);

/* One sandbox as it is now; SANDBOX_ERROR_NOT_FOUND. */
Sandbox *sandbox_inspect(const char *name, GError **error);

/* Names of all sandboxes, sorted, NULL-terminated. */
char **sandbox_names(GError **error);

/* Restarts the workers one after the other, each ready (and in the group) before the next: a roll. Of
 * `options` (may be NULL) only heap_mb, progress and cancellable count. */
bool sandbox_roll(const char *name, const SandboxOptions *options, GError **error);
