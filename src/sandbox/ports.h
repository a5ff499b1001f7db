/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP ports of 127.0.0.1 for processes that are to keep them over restarts: from 20000 to 32767, below those
 * that the system gives to outgoing connections, one of which could take a port while its process restarts.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether a process could listen there now. */
bool ports_is_free(guint16 port);

/* Whether a process takes connections there. */
bool ports_is_listening(guint16 port);

/* A free port, none of `taken`. */
bool ports_find(const GArray *taken, guint16 *port, GError **error);
