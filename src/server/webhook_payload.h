/* SPDX-License-Identifier: Apache-2.0 */
/* What a forge says in the body of a push: the addresses of the repository that changed. */
#pragma once

#include <glib.h>

/* The addresses in `repository` of a push's payload (as JSON, at most 1 MiB, nested 32 deep), each at most
 * 2,048 bytes of printable text, NULL-terminated; the caller frees them. NULL with SERVER_ERROR_INVALID for
 * what is no such payload. */
char **webhook_payload_addresses(const char *text, gsize length, GError **error);
