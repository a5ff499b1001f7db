/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java's class data sharing: an archive in Sluice's cache of the classes that a broker and a worker load,
 * which halves the work of a start. Made once per Java and Kafka; without it everything works, slower.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

#include "sandbox/service.h"

/* The archive for this Java and class path, or NULL while there is none. The caller frees it. */
char *shared_archive_find(const Java *java);

/* Makes it. A failure leaves things as they are: it is tried again with the next sandbox. */
void shared_archive_make(const Java *java, const SandboxRecord *record, GCancellable *cancellable);
