/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON through jansson, with autoptr, limits and our canonical form. Folders use jansson's own functions on
 * json_t through this header. Values are UTF-8; objects keep their insertion order except in the canonical
 * form.
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* Reads one JSON value from `length` bytes (at most 256 MiB); duplicate keys are refused. `name` stands for
 * the input in messages. A new reference; BASE_ERROR_SYNTAX says line and column. */
json_t *json_read(const char *text, gsize length, const char *name, GError **error);
json_t *json_read_bytes(GBytes *bytes, const char *name, GError **error);

/* Reads a file of at most `limit` bytes. BASE_ERROR_NOT_FOUND where there is none. */
json_t *json_read_file(const char *path, gsize limit, GError **error);

/* The canonical form: keys sorted, no blanks, UTF-8. The caller frees it. */
char *json_canonical(const json_t *value);

/* For people and Git: keys sorted, indented by 2, a newline at the end. The caller frees it. */
char *json_pretty(const json_t *value);

/* A string member, or NULL where it is missing or of another type. Owned by the object. */
const char *json_get_string(const json_t *object, const char *key);

/* An integer member, or `fallback`. */
gint64 json_get_integer(const json_t *object, const char *key, gint64 fallback);

/* A boolean member, or `fallback`. */
bool json_get_boolean(const json_t *object, const char *key, bool fallback);

/* A string value, or JSON null for NULL. A new reference. */
json_t *json_string_or_null(const char *text);

/* An array of `texts` (char *; NULL: of none). A new reference. */
json_t *json_from_texts(const GPtrArray *texts);
