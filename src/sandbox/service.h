/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of a sandbox: a Java program that outlives us, with a log in the sandbox's folder.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

#include "sandbox/record.h"

/* How Java is run. */
typedef struct {
    char *program;
    char *class_path;
    char *archive; /* class data shared by all sandboxes of this Kafka, for a quick start; NULL: there is none
                    */
} Java;

void java_clear(Java *java);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Java, java_clear)

/* The command line of Java with Sluice's options before `arguments` (NULL-terminated), which begin with more
 * options or the main class. The caller frees it. */
char **java_command(const Java *java, const SandboxRecord *record, const char *name, guint heap_mb,
                    const char *const *arguments);

/* Where a process that runs without an archive lists the classes that it loads. The caller frees it. */
char *service_class_list(const SandboxRecord *record, const Service *service);

/* Whether it runs. */
bool service_is_alive(const Service *service);

/* Looks for a running process of a service that its record doesn't know (we were killed right after it was
 * started) and takes it in. */
void service_find(const SandboxRecord *record, Service *service);

/* Starts it; its record has its id then. The log of the run before becomes NAME.log.1. */
bool service_start(const SandboxRecord *record, Service *service, const Java *java, GError **error);

/* Asks a process to end, without waiting; waits until it has ended, with force in the end. What doesn't run
 * is success. */
void service_ask_to_end(const Service *service);
bool service_end(Service *service, GError **error);

/* Ends every process that carries the sandbox's name, known or not. */
bool service_end_strays(const char *folder, GError **error);

/* Whether it is ready now: the broker takes connections, a worker's /health is 200. Takes `timeout_ms` at
 * most. */
bool service_is_ready(const Service *service, guint timeout_ms);

/* Waits until it is ready: SANDBOX_ERROR_DIED with the end of its log, _TIMEOUT or _CANCELLED. */
bool service_wait(const SandboxRecord *record, const Service *service, GCancellable *cancellable,
                  GError **error);
