/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and folders, written whole or not at all; and the clock as text.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The bytes of a regular file of at most `limit` bytes; BASE_ERROR_NOT_FOUND, BASE_ERROR_LIMIT or
 * BASE_ERROR_FAILED. */
GBytes *files_read(const char *path, gsize limit, GError **error);

/* As files_read(), as text: must be UTF-8 without NUL. The caller frees it. */
char *files_read_text(const char *path, gsize limit, GError **error);

/* Writes a file through a temporary one beside it, synced and renamed; `mode` as for open(). Folders are
 * made. */
bool files_write(const char *path, const char *text, gsize length, int mode, GError **error);

/* Makes a folder and its parents. */
bool files_make_folder(const char *path, GError **error);

/* Removes a file or a whole folder, following no link; what is not there is success. */
bool files_remove_tree(const char *path, GError **error);

/* Makes a fresh folder beside or in `parent`, named `prefix` + random, 0700; the caller frees the path. */
char *files_make_temporary(const char *parent, const char *prefix, GError **error);

/* `path` where it is absolute, else joined to `base`, with "." and ".." resolved by text. The caller frees
 * it. */
char *files_resolve(const char *base, const char *path);

/* Sorted names of the entries of a folder, NULL-terminated; an empty list where there is no such folder. */
char **files_list(const char *path, GError **error);

/* ${XDG_CACHE_HOME:-~/.cache}/sluice/NAME; the caller frees it. */
char *files_cache(const char *name);

/* Now, as 2026-01-31T12:34:56.789Z. The caller frees it. */
char *files_now(void);
