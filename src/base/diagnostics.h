/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many mistakes at once, reported like a compiler does: file:line:column, a message, the source line with a
 * caret, a hint.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/json.h"

/* A place in an input. Lines and columns count from 1; 0 where there is none. `file` is interned, never
 * freed. */
typedef struct {
    const char *file;
    int line;
    int column;
} Position;

typedef enum { DIAGNOSTIC_ERROR, DIAGNOSTIC_WARNING } DiagnosticKind;

typedef struct Diagnostics Diagnostics;

Diagnostics *diagnostics_new(void);
void diagnostics_free(Diagnostics *diagnostics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Diagnostics, diagnostics_free)

/* Keeps a copy of an input's text, so that a message can show its line. Adding a file again replaces it. */
void diagnostics_add_source(Diagnostics *diagnostics, const char *file, const char *text, gsize length);

/* Adds a mistake. `hint` may be NULL; it and the message are copied, control characters made harmless. Adding
 * the same message at the same place again does nothing. The first DIAGNOSTICS_LIMIT are kept, more are only
 * counted. */
#define DIAGNOSTICS_LIMIT 500
void diagnostics_add(Diagnostics *diagnostics, DiagnosticKind kind, Position position, const char *hint,
                     const char *format, ...) G_GNUC_PRINTF(5, 6);

/* Never shows the line at `position`: it holds a value that no output may have. */
void diagnostics_hide_line(Diagnostics *diagnostics, Position position);

/* How many of a kind there are. */
guint diagnostics_count(const Diagnostics *diagnostics, DiagnosticKind kind);

/* All of them by file and place, errors and warnings, as text for a terminal (ANSI colours when `colour`),
 * ending with a line that counts them; "" where there are none. The caller frees it. */
char *diagnostics_format(const Diagnostics *diagnostics, bool colour);

/* [{"severity","file","line","column","message","hint"}, …], a new reference. */
json_t *diagnostics_to_json(const Diagnostics *diagnostics);

/* The candidate nearest to `word` when it is near enough to be a slip of the finger (edit distance at most a
 * third of its length; two swapped letters count once, case not at all), else NULL. */
const char *diagnostics_nearest(const char *word, const char *const *candidates);

/* "did you mean 'x'?" for the above, or NULL; the caller frees it. */
char *diagnostics_did_you_mean(const char *word, const char *const *candidates);
