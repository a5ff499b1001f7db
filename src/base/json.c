/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/error.h"
#include "base/files.h"

#define JSON_LIMIT ((gsize)256 * 1024 * 1024)

json_t *json_read(const char *text, gsize length, const char *name, GError **error) {
    if (length > JSON_LIMIT) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, NULL, "%s is larger than %zu bytes", name, JSON_LIMIT);
        return NULL;
    }
    json_error_t problem;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (value == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_SYNTAX, NULL, "%s:%d:%d: not valid JSON: %s", name,
                  problem.line, problem.column, problem.text);
    return value;
}

json_t *json_read_bytes(GBytes *bytes, const char *name, GError **error) {
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    return json_read(text != NULL ? text : "", length, name, error);
}

json_t *json_read_file(const char *path, gsize limit, GError **error) {
    g_autoptr(GBytes) bytes = files_read(path, limit, error);
    return bytes != NULL ? json_read_bytes(bytes, path, error) : NULL;
}

static char *dump(const json_t *value, size_t flags, const char *end) {
    char *text = json_dumps(value, flags | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    char *owned = g_strconcat(text != NULL ? text : "null", end, NULL);
    free(text);
    return owned;
}

char *json_canonical(const json_t *value) {
    return dump(value, JSON_COMPACT, "");
}

char *json_pretty(const json_t *value) {
    return dump(value, JSON_INDENT(2), "\n");
}

const char *json_get_string(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

gint64 json_get_integer(const json_t *object, const char *key, gint64 fallback) {
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool json_get_boolean(const json_t *object, const char *key, bool fallback) {
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

json_t *json_string_or_null(const char *text) {
    return text != NULL ? json_string(text) : json_null();
}

json_t *json_from_texts(const GPtrArray *texts) {
    json_t *array = json_array();
    for (guint i = 0; texts != NULL && i < texts->len; i++)
        json_array_append_new(array, json_string(texts->pdata[i]));
    return array;
}
