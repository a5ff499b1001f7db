/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C: once finishes what is in flight, twice stops; a third time ends the program at once. */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/* From now on SIGINT and SIGTERM cancel `stop`, then `abort`. A thread of its own waits for the signals. */
void interrupt_watch(GCancellable *stop, GCancellable *abort);
void interrupt_unwatch(void);

/* While a question stands nothing is in flight: one Ctrl-C ends the program. */
void interrupt_ends_at_once(bool at_once);
