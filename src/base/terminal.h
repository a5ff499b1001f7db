/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person sees: colour where it is wanted, tables, and progress on a terminal. Only cli (and server)
 * print.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

typedef enum {
    STYLE_NONE,
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_RED,
    STYLE_GREEN,
    STYLE_YELLOW,
    STYLE_BLUE,
    STYLE_CYAN,
} Style;

/* Whether `stream` takes colour: it is a terminal, TERM is not dumb, NO_COLOR is not set (or
 * empty). */
bool terminal_has_colour(FILE *stream);

/* Whether `stream` is a terminal. */
bool terminal_is_interactive(FILE *stream);

/* Columns of the terminal; 80 where unknown. */
int terminal_width(FILE *stream);

/* `text` in a style when `colour`, else as it is; control characters in it are made visible (U+FFFD). The
 * caller frees it. */
char *terminal_style(bool colour, Style style, const char *text);

/* `text` with terminal control characters (all but newline and tab) replaced, so that nothing a server says
 * can drive the terminal. */
char *terminal_clean(const char *text);

/* Columns that UTF-8 `text`, one line without control characters, takes. */
int terminal_text_width(const char *text);

/* A line that is redrawn in place: shown after one second of work, erased at the end. All calls are safe from
 * any thread and do nothing where `stream` is no terminal, or a dumb one. */
typedef struct Progress Progress;
Progress *progress_new(FILE *stream);
/* Says what is being done now, printf-like. */
void progress_update(Progress *progress, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Prints a whole line above the progress line, on any kind of stream, as it is: what is foreign in it went
 * through terminal_clean() or terminal_style() before. */
void progress_line(Progress *progress, const char *line);
void progress_free(Progress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_free)

/* Asks a question on the terminal; true only for "yes" (or "y"). False where standard input is no terminal.
 */
bool terminal_confirm(const char *question);
