/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/values.h"

#include <string.h>

#include "base/sensitive.h"
#include "declare/schema.h"

static void value_free(gpointer data) {
    Value *value = data;
    if (value->sensitive)
        explicit_bzero(value->text, strlen(value->text));
    g_free(value->text);
    g_free(value);
}

GHashTable *values_new(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, value_free);
}

/* --- Keys that aren't written in config ----------------------------------------------------------------- */

typedef struct {
    const char *key; /* "*SUFFIX" for all that end so */
    const char *hint;
} Reserved;

static const Reserved RESERVED[] = {
    {"connector.class", "write 'class:' beside 'config:'"},
    {"tasks.max", "write 'tasks:' beside 'config:'"},
    {"name", "write 'name:' beside 'config:'"},
    {"connector.plugin.version", "instances ask for versions: plugins: { NAME: VERSION }"},
    {"*.plugin.version", "instances ask for versions: plugins: { NAME: VERSION }"},
};

static const Reserved *find_reserved(const char *key) {
    for (gsize i = 0; i < G_N_ELEMENTS(RESERVED); i++) {
        const char *pattern = RESERVED[i].key;
        if (pattern[0] == '*' ? g_str_has_suffix(key, pattern + 1) : g_str_equal(key, pattern))
            return &RESERVED[i];
    }
    return NULL;
}

/* --- Rendering ------------------------------------------------------------------------------------------ */

static bool render_scalar(Loader *loader, const char *key, const Datum *datum, GString *text) {
    if (datum->kind == DATUM_BROKEN)
        return false;
    if (datum->kind != DATUM_SCALAR) {
        g_autofree char *hint = g_strdup_printf("write each key out: %s.KEY: VALUE", key);
        loader_mistake(loader, datum->position, datum->kind == DATUM_MAP ? hint : NULL,
                       "'%s' must be one value, not %s", key, datum_kind_name(datum));
        return false;
    }
    if (datum_is_null(datum)) {
        loader_mistake(loader, datum->position, "write \"\" for an empty text, or leave the key out",
                       "'%s' has no value", key);
        return false;
    }
    g_string_append(text, datum->text);
    return true;
}

/* Kafka Connect's lists are texts with commas. */
static bool render(Loader *loader, const char *key, const Datum *datum, GString *text) {
    if (datum->kind != DATUM_LIST)
        return render_scalar(loader, key, datum, text);
    for (guint i = 0; i < datum->items->len; i++) {
        if (i > 0)
            g_string_append_c(text, ',');
        if (!render_scalar(loader, key, datum->items->pdata[i], text))
            return false;
    }
    return true;
}

static void put(GHashTable *values, const char *key, const char *text, bool sensitive, Position position) {
    Value *value = g_new0(Value, 1);
    value->text = g_strdup(text);
    value->sensitive = sensitive;
    value->position = position;
    g_hash_table_replace(values, g_strdup(key), value);
}

static bool check_key(Loader *loader, const Datum *key) {
    if (key->text[0] != '\0')
        return true;
    loader_mistake(loader, key->position, NULL, "an empty key");
    return false;
}

static void render_connector_key(Loader *loader, const Datum *key, const Datum *datum, GHashTable *values) {
    const Reserved *reserved = find_reserved(key->text);
    if (reserved != NULL) {
        loader_mistake(loader, key->position, reserved->hint, "'%s' does not belong into 'config:'",
                       key->text);
        return;
    }
    GString *joined = g_string_new(NULL);
    bool rendered = check_key(loader, key) && render(loader, key->text, datum, joined);
    g_autofree char *text = g_string_free(joined, false);
    if (!rendered)
        return;
    bool by_name = sensitive_key_name(key->text) && !sensitive_is_reference(text);
    put(values, key->text, text, by_name || datum_is_sensitive(datum), datum->position);
}

static void render_topic_key(Loader *loader, const Datum *key, const Datum *datum, GHashTable *values) {
    GString *joined = g_string_new(NULL);
    bool rendered = check_key(loader, key) && render(loader, key->text, datum, joined);
    g_autofree char *text = g_string_free(joined, false);
    if (!rendered)
        return;
    if (datum_is_sensitive(datum))
        loader_mistake(loader, datum->position, "everyone who can describe the topic reads it",
                       "a topic's config can't hold a sensitive value");
    else
        put(values, key->text, text, false, datum->position);
}

void values_render_connector(Loader *loader, const Datum *config, GHashTable *values) {
    if (schema_check_map(loader, config, "config"))
        for (guint i = 0; i < config->items->len; i++)
            render_connector_key(loader, config->keys->pdata[i], config->items->pdata[i], values);
}

void values_render_topic(Loader *loader, const Datum *config, GHashTable *values) {
    if (schema_check_map(loader, config, "config"))
        for (guint i = 0; i < config->items->len; i++)
            render_topic_key(loader, config->keys->pdata[i], config->items->pdata[i], values);
}
