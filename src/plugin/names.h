/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand in a lock, and so in a path: checks that the reader of locks and those who write them share.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A name of design: a letter, then letters, digits, '_' and '-'; at most 128. */
bool name_is_valid(const char *text);

/* `length` lower-case hex digits. */
bool hex_is_valid(const char *text, gsize length);

/* A relative path without "..", ".", empty segments, backslashes and control characters. */
bool path_is_contained(const char *path);

/* http:// or https://, no user or password in it, no blanks or control characters. */
bool url_is_plain(const char *url);

/* url_is_plain(), a file:/// URL or an absolute path. */
bool repository_url_is_valid(const char *url);
