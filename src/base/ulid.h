/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ULIDs: 26 characters that sort by the time they were made (the ULID specification, Crockford's base 32).
 */
#pragma once

#include <glib.h>

/* A new one; the caller frees it. Those of one process sort in the order they were made. */
char *ulid_new(void);
