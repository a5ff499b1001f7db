/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sensitive.h"

#include <glib.h>
#include <string.h>

/* Words of a key that tell of a secret: one, or two in a row. */
typedef struct {
    const char *word;
    const char *next; /* NULL: the word alone */
    bool last;        /* only at the end of the key */
    bool always;      /* even when the key ends on a harmless word */
} Sign;

static const Sign SIGNS[] = {
    {"password", NULL, false, false},     {"passwords", NULL, false, false},
    {"passwd", NULL, false, false},       {"passphrase", NULL, false, false},
    {"pwd", NULL, false, false},          {"secret", NULL, false, false},
    {"secrets", NULL, true, false},       {"credential", NULL, false, false},
    {"credentials", NULL, false, false},  {"jaas", NULL, false, true},
    {"token", NULL, true, false},         {"tokens", NULL, true, false},
    {"authorization", NULL, true, false}, {"userinfo", NULL, true, false},
    {"apikey", NULL, false, false},       {"accesskey", NULL, false, true},
    {"secretkey", NULL, false, false},    {"privatekey", NULL, false, false},
    {"authtoken", NULL, true, false},     {"accesstoken", NULL, true, false},
    {"access", "key", false, true},       {"api", "key", false, false},
    {"secret", "key", false, false},      {"private", "key", false, false},
    {"account", "key", false, false},     {"shared", "key", false, false},
    {"encryption", "key", false, false},  {"auth", "key", false, false},
    {"master", "key", false, false},      {"signing", "key", false, false},
    {"sas", "key", false, false},         {"subscription", "key", false, false},
    {"ssl", "key", true, false},          {"keystore", "key", true, false},
    {"user", "info", true, false},        {"token", "value", true, false},
};

/* A key that ends on one of these points at a secret, or says how one is handled. */
static const char *const HARMLESS[] = {
    "file",   "path",      "location", "name",    "class",      "url",    "uri",      "endpoint", "type",
    "id",     "algorithm", "provider", "enabled", "enable",     "ms",     "seconds",  "interval", "timeout",
    "ttl",    "length",    "refresh",  "prefix",  "iterations", "format", "version",  "source",   "field",
    "fields", "column",    "columns",  "header",  "topic",      "scope",  "strategy", "mode",     NULL,
};

/* "camel.sink.accessKey" → camel, sink, access, key. */
static GPtrArray *split_words(const char *key) {
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    const char *start = key;
    for (const char *c = key;; c++) {
        bool hump = c > start && g_ascii_isupper(*c) && g_ascii_islower(c[-1]);
        if (g_ascii_isalnum(*c) && !hump)
            continue;
        if (c > start)
            g_ptr_array_add(words, g_ascii_strdown(start, c - start));
        if (*c == '\0')
            return words;
        start = hump ? c : c + 1;
    }
}

static bool sign_is_at(const Sign *sign, const GPtrArray *words, guint i, bool harmless) {
    guint length = sign->next != NULL ? 2 : 1;
    if (i + length > words->len || !g_str_equal(words->pdata[i], sign->word))
        return false;
    if (sign->next != NULL && !g_str_equal(words->pdata[i + 1], sign->next))
        return false;
    return (!sign->last || i + length == words->len) && (sign->always || !harmless);
}

bool sensitive_key_name(const char *key) {
    g_autoptr(GPtrArray) words = split_words(key);
    if (words->len == 0)
        return false;
    bool harmless = g_strv_contains(HARMLESS, words->pdata[words->len - 1]);
    for (guint i = 0; i < words->len; i++)
        for (gsize s = 0; s < G_N_ELEMENTS(SIGNS); s++)
            if (sign_is_at(&SIGNS[s], words, i, harmless))
                return true;
    return false;
}

size_t sensitive_reference_length(const char *text) {
    if (!g_str_has_prefix(text, "${"))
        return 0;
    size_t length = strcspn(text, "}");
    size_t colon = strcspn(text, ":");
    return text[length] == '}' && colon > 2 && colon < length ? length + 1 : 0;
}

bool sensitive_is_reference(const char *text) {
    size_t length = sensitive_reference_length(text);
    return length > 0 && text[length] == '\0';
}
