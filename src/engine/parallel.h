/* SPDX-License-Identifier: Apache-2.0 */
/* Side by side within a bound. */
#pragma once

#include <gio/gio.h>
#include <glib.h>

/* Calls `function(item, user_data)` once for each of `count` items, at most `most` at once, and returns when
 * all have. Once `stop` (may be NULL) is cancelled no further item begins. */
void parallel_each(gpointer *items, guint count, guint most, GCancellable *stop, GFunc function,
                   gpointer user_data);
