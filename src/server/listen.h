/* SPDX-License-Identifier: Apache-2.0 */
/* A socket that listens. */
#pragma once

#include <glib.h>

/* Listens at `host` (a name, or a numeric address of IPv4 or IPv6) and *port, which is set to the one that
 * was taken when it is 0; the descriptor, or -1. */
int listen_at(const char *host, guint16 *port, GError **error);

/* "127.0.0.1:8080", "[::1]:8080"; the caller frees it. */
char *listen_name(const char *host, guint16 port);
