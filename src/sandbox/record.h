/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of a sandbox between two commands: its folder and sandbox.json in it, written before anything
 * is started.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

#include "base/process.h"

/* A process of a sandbox. */
typedef struct {
    char *name;    /* "broker", "worker-1": of its files and logs too */
    guint16 port;  /* where it listens */
    guint16 other; /* the broker's controller port; 0 */
    guint heap_mb;
    ProcessId id; /* started 0: it was never started, or in an earlier boot of this machine */
} Service;

typedef struct {
    char *name;
    char *folder;
    char *kafka;    /* the folder with Kafka's jars */
    char *cluster;  /* the cluster's id */
    bool formatted; /* the broker's storage */
    Service *broker;
    GPtrArray *workers; /* Service */
} SandboxRecord;

void sandbox_record_free(SandboxRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SandboxRecord, sandbox_record_free)

/* The folder of all sandboxes; of one (SANDBOX_ERROR_FAILED for what is no name); and a path in it. The
 * caller frees them. */
char *sandbox_root(void);
char *sandbox_folder(const char *name, GError **error);
char *sandbox_record_path(const SandboxRecord *record, const char *file);

/* A record for a sandbox that has none yet: nothing in it but the broker, without ports. */
SandboxRecord *sandbox_record_new(const char *name, GError **error);

/* Adds a worker, without a port. */
Service *sandbox_record_add_worker(SandboxRecord *record, guint heap_mb);

/* Reads and writes sandbox.json. SANDBOX_ERROR_NOT_FOUND where there is none. */
SandboxRecord *sandbox_record_read(const char *name, GError **error);
bool sandbox_record_write(const SandboxRecord *record, GError **error);

/* An exclusive lock on a sandbox's folder, which is made where `make`; without it and without a folder
 * `*lock` is -1. Waits for other processes. */
bool sandbox_lock(const char *name, bool make, GCancellable *cancellable, int *lock, GError **error);
void sandbox_unlock(int lock);

/* A lock that ends with its scope: g_auto(SandboxLock) lock = -1. */
typedef int SandboxLock;
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(SandboxLock, sandbox_unlock, -1)
