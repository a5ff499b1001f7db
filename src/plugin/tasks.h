/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same work on each of several things, some at a time.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

/* Works on one item; called from any thread. */
typedef bool (*TaskFunction)(gpointer item, gpointer user_data, GError **error);

/* Calls `function` for each item, `limit` at once (0: 4). After a failure nothing new begins and what runs is
 * waited for; the error is that of the first item, in their order, that failed. */
bool tasks_run(GPtrArray *items, guint limit, GCancellable *cancellable, TaskFunction function,
               gpointer user_data, GError **error);
