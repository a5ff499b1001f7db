/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/render.h"

#include "base/hash.h"
#include "base/sensitive.h"

json_t *render_config(const DesiredConnector *connector, const GPtrArray *pins) {
    json_t *config = json_object();
    GHashTableIter iterator;
    gpointer name, value;
    for (g_hash_table_iter_init(&iterator, connector->config);
         g_hash_table_iter_next(&iterator, &name, &value);)
        json_object_set_new(config, name, json_string(((const Value *)value)->text));
    g_autofree char *tasks = g_strdup_printf("%d", connector->tasks);
    json_object_set_new(config, "connector.class", json_string(connector->class_name));
    json_object_set_new(config, "tasks.max", json_string(tasks));
    for (guint i = 0; i < pins->len; i++) {
        const Pin *pin = pins->pdata[i];
        if (pin->reported != NULL)
            json_object_set_new(config, pin->key, json_string(pin->reported));
    }
    return config;
}

static void add_all_keys(GHashTable *set, GHashTable *keys) {
    GHashTableIter iterator;
    gpointer name;
    for (g_hash_table_iter_init(&iterator, keys); g_hash_table_iter_next(&iterator, &name, NULL);)
        g_hash_table_add(set, g_strdup(name));
}

GHashTable *render_sensitive_keys(const DesiredConnector *connector, const ResourceRecord *record,
                                  GHashTable *passwords) {
    GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTableIter iterator;
    gpointer name, value;
    if (connector != NULL)
        for (g_hash_table_iter_init(&iterator, connector->config);
             g_hash_table_iter_next(&iterator, &name, &value);)
            if (((const Value *)value)->sensitive)
                g_hash_table_add(set, g_strdup(name));
    const char *key;
    json_t *stored;
    if (record != NULL)
        json_object_foreach (json_object_get(record->applied, "config"), key, stored)
            if (json_is_object(stored))
                g_hash_table_add(set, g_strdup(key));
    if (passwords != NULL)
        add_all_keys(set, passwords);
    return set;
}

bool render_is_sensitive(GHashTable *sensitive, const char *name, const char *value) {
    if (sensitive_is_reference(value))
        return false;
    return sensitive_key_name(name) || (sensitive != NULL && g_hash_table_contains(sensitive, name));
}

json_t *render_stored_config(const json_t *config, GHashTable *sensitive, const guint8 *key) {
    json_t *stored = json_object();
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)config, name, value) {
        const char *text = json_string_value(value);
        if (!render_is_sensitive(sensitive, name, text)) {
            json_object_set(stored, name, value);
            continue;
        }
        g_autofree char *hash = hash_keyed(key, name, text);
        json_object_set_new(stored, name, json_pack("{s:s}", "hmac", hash));
    }
    return stored;
}

bool render_stored_matches(const json_t *stored, const char *name, const char *value, const guint8 *key) {
    if (stored == NULL || value == NULL)
        return stored == NULL && value == NULL;
    if (json_is_string(stored))
        return g_str_equal(json_string_value(stored), value);
    g_autofree char *hash = hash_keyed(key, name, value);
    return g_strcmp0(json_get_string(stored, "hmac"), hash) == 0;
}

char *render_shown(GHashTable *sensitive, const char *name, const char *value, const guint8 *key) {
    if (value == NULL)
        return NULL;
    return render_is_sensitive(sensitive, name, value) ? hash_keyed(key, name, value) : g_strdup(value);
}

char *render_hash(const guint8 *key, const json_t *config, const char *state) {
    g_autoptr(json_t) value = json_pack("{s:O,s:s}", "config", config, "state", state);
    g_autofree char *text = json_canonical(value);
    return hash_keyed(key, "connector", text);
}

static json_t *applied_topic(const DesiredTopic *topic) {
    json_t *config = json_object();
    GHashTableIter iterator;
    gpointer key, value;
    for (g_hash_table_iter_init(&iterator, topic->config); g_hash_table_iter_next(&iterator, &key, &value);)
        json_object_set_new(config, key, json_string(((const Value *)value)->text));
    return json_pack("{s:i,s:i,s:o}", "partitions", topic->partitions, "replication", topic->replication,
                     "config", config);
}

/* Keys that were ever ours and may still be set: the declared ones and those set before that aren't reset by
 * this action. */
static char **keys_once_set(const DesiredTopic *topic) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autoptr(GList) keys =
        g_list_sort(g_hash_table_get_keys(topic->config), (GCompareFunc)(void (*)(void))strcmp);
    for (GList *key = keys; key != NULL; key = key->next)
        g_strv_builder_add(builder, key->data);
    return g_strv_builder_end(builder);
}

void render_topic_record(ResourceRecord *record, const DesiredTopic *topic) {
    json_decref(record->applied);
    record->applied = applied_topic(topic);
    g_strfreev(record->keys_once_set);
    record->keys_once_set = keys_once_set(topic);
    record->kept = false;
    record->protected = topic->protected;
    record->on_remove = topic->on_remove;
}
