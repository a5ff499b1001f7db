/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run says: a text file that only grows, one line after the other, for people and for live views.
 *
 *     2026-01-31T12:34:56.789Z build  [INFO] BUILD SUCCESS
 *
 * Whatever is written comes out as harmless UTF-8 without colours and control characters; secrets that were
 * named are masked; a line is cut at 8 KiB and the file ends at 64 MiB, with a line that says so. What can't
 * be written (a full disk) is lost and stops nobody. All calls are safe from any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct RunLog RunLog;

/* After each growth, with the file's size; from the thread that wrote. Must not call back into the log. */
typedef void (*RunLogListener)(guint64 size, gpointer user_data);

/* Opens the file at `path` to write more of it; it and its folder are made if need be. A last line that a
 * killed process left without its end is ended. `step` is the first step's name; "" for none. */
RunLog *run_log_open(const char *path, const char *step, GError **error);
void run_log_free(RunLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunLog, run_log_free)

/* One listener; to be set before others write. */
void run_log_listen(RunLog *log, RunLogListener listener, gpointer user_data);

/* From now on "•••" stands wherever `secret` would show: each of its lines that has at least 4 characters
 * (shorter ones would mask half of what is said). */
void run_log_mask(RunLog *log, const char *secret);

/* The name of the step that the following lines belong to. */
void run_log_step(RunLog *log, const char *step);

/* Writes a text, printf-like, each of its lines as one of the log. */
void run_log_line(RunLog *log, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* `text` as the log would show it, masked and harmless, for a message; the caller frees it. */
char *run_log_masked(RunLog *log, const char *text);
