/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durations as people write them: 500ms, 30s, 10m, 2h, 14d.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define DURATION_HINT "a whole number and a unit: 500ms, 30s, 10m, 2h, 14d"

/* In milliseconds; false where it is none, or too large for 63 bits. */
bool duration_parse(const char *text, gint64 *milliseconds);

/* The same back, in the largest unit that says it whole: "24h" is "1d". The caller frees it. */
char *duration_text(gint64 milliseconds);
