/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/secrets.h"

#include <string.h>

#include "base/sensitive.h"

#define MASK "•••"
#define SHORTEST 3 /* bytes: a shorter value is in any text */
#define LINE_SIZE 600

struct Secrets {
    json_t *config;
    GHashTable *keys;    /* sensitive by the caller's word; or NULL */
    GPtrArray *values;   /* what to mask, longest first */
    GHashTable *present; /* the same as a set */
};

static int by_length(gconstpointer left, gconstpointer right) {
    gsize one = strlen(*(const char *const *)left);
    gsize other = strlen(*(const char *const *)right);
    return one < other ? 1 : one > other ? -1 : 0;
}

void secrets_add(Secrets *secrets, const char *value) {
    if (value == NULL)
        return;
    g_autofree char *trimmed = g_strstrip(g_strdup(value));
    if (strlen(trimmed) < SHORTEST || g_hash_table_contains(secrets->present, trimmed))
        return;
    g_ptr_array_add(secrets->values, trimmed);
    g_ptr_array_sort(secrets->values, by_length);
    g_hash_table_add(secrets->present, g_steal_pointer(&trimmed));
}

/* Adds what a group of a pattern finds in a value. Compiling it takes far longer than to see that the value
 * lacks what all its matches have. */
static void add_matches(Secrets *secrets, const char *value, const char *part, const char *pattern) {
    if (strstr(value, part) == NULL)
        return;
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_CASELESS, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    for (g_regex_match(regex, value, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        g_autofree char *found = g_match_info_fetch(match, 1);
        secrets_add(secrets, found);
    }
}

static void add_value(Secrets *secrets, const char *key, const char *value) {
    if (sensitive_is_reference(value))
        return;
    add_matches(secrets, value, "://", "://[^/@\\s:]*:([^/@\\s]+)@");
    add_matches(secrets, value, "=", "(?:password|passwd|pwd|secret|token|api_?key)=\"?([^&;,\\s\"]+)");
    if (!secrets_has_key(secrets, key))
        return;
    secrets_add(secrets, value);
    add_matches(secrets, value, "\"", "\"([^\"]+)\"");
}

Secrets *secrets_new(const json_t *config, const GHashTable *sensitive) {
    Secrets *secrets = g_new0(Secrets, 1);
    secrets->config = json_incref((json_t *)config);
    secrets->values = g_ptr_array_new();
    secrets->present = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (sensitive != NULL)
        secrets->keys = g_hash_table_ref((GHashTable *)sensitive);
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)config, key, value) {
        if (json_is_string(value))
            add_value(secrets, key, json_string_value(value));
    }
    return secrets;
}

void secrets_free(Secrets *secrets) {
    if (secrets == NULL)
        return;
    json_decref(secrets->config);
    g_clear_pointer(&secrets->keys, g_hash_table_unref);
    g_ptr_array_unref(secrets->values);
    g_hash_table_unref(secrets->present);
    g_free(secrets);
}

bool secrets_has_key(const Secrets *secrets, const char *key) {
    return sensitive_key_name(key) || (secrets->keys != NULL && g_hash_table_contains(secrets->keys, key));
}

bool secrets_has_references(const Secrets *secrets) {
    const char *key;
    json_t *value;
    json_object_foreach (secrets->config, key, value) {
        if (json_is_string(value) && strstr(json_string_value(value), "${") != NULL)
            return true;
    }
    return false;
}

static char *replace_all(const char *text, const GPtrArray *values) {
    g_autofree char *result = g_strdup(text);
    for (guint i = 0; i < values->len; i++) {
        const char *value = g_ptr_array_index(values, i);
        if (strstr(result, value) == NULL)
            continue;
        g_auto(GStrv) parts = g_strsplit(result, value, -1);
        g_free(result);
        result = g_strjoinv(MASK, parts);
    }
    return g_steal_pointer(&result);
}

static bool may_be_seen(const Secrets *secrets, const char *key, const char *value) {
    if (*value == '\0' || strcmp(value, "null") == 0)
        return true;
    const char *declared = json_get_string(secrets->config, key);
    if (declared == NULL || secrets_has_key(secrets, key))
        return false;
    g_autofree char *trimmed = g_strstrip(g_strdup(declared));
    return strcmp(trimmed, value) == 0;
}

/* Masks the X of "Invalid value X for configuration K" as ConfigException writes it, and all its other
 * places. */
static char *mask_invalid_values(const Secrets *secrets, const char *text) {
    g_autoptr(GRegex) regex =
        g_regex_new("Invalid value (.*?) for configuration ([^\\s:]+)", G_REGEX_DOTALL, 0, NULL);
    g_autoptr(GPtrArray) hidden = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GString) masked = g_string_new(NULL);
    int done = 0;
    for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
        g_autofree char *value = g_match_info_fetch(match, 1);
        g_autofree char *key = g_match_info_fetch(match, 2);
        int start = 0;
        int end = 0;
        if (may_be_seen(secrets, key, value) || !g_match_info_fetch_pos(match, 1, &start, &end))
            continue;
        g_string_append_len(masked, text + done, start - done);
        g_string_append(masked, MASK);
        done = end;
        if (strlen(value) >= SHORTEST)
            g_ptr_array_add(hidden, g_steal_pointer(&value));
    }
    g_string_append(masked, text + done);
    g_ptr_array_sort(hidden, by_length);
    return replace_all(masked->str, hidden);
}

char *secrets_redact(const Secrets *secrets, const char *text) {
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autofree char *masked = mask_invalid_values(secrets, valid);
    return replace_all(masked, secrets->values);
}

static char *one_line(const char *text) {
    GString *line = g_string_new(NULL);
    for (const char *at = text; *at != '\0'; at++) {
        bool blank = g_ascii_isspace(*at) || g_ascii_iscntrl(*at);
        if (!blank)
            g_string_append_c(line, *at);
        else if (line->len > 0 && line->str[line->len - 1] != ' ')
            g_string_append_c(line, ' ');
    }
    return g_strchomp(g_string_free(line, FALSE));
}

char *secrets_redact_line(const Secrets *secrets, const char *text) {
    g_autofree char *clean = secrets_redact(secrets, text);
    g_autofree char *line = one_line(clean);
    if (strlen(line) <= LINE_SIZE)
        return g_steal_pointer(&line);
    const char *end = g_utf8_find_prev_char(line, line + LINE_SIZE);
    g_autofree char *cut = g_strndup(line, (gsize)(end - line));
    return g_strconcat(cut, "…", NULL);
}
