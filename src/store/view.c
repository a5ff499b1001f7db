/* SPDX-License-Identifier: Apache-2.0 */
#include "store/view.h"

#include <string.h>

#include "store/store.h"

static void offsets_free(gpointer data) {
    ViewOffsets *offsets = data;
    g_free(offsets->id);
    json_decref(offsets->value);
    g_free(offsets);
}

static GHashTable *table_of(GDestroyNotify release) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, release);
}

static char *name_key(ResourceKind kind, const char *cluster, const char *name) {
    return g_strdup_printf("%s %s %s", resource_kind_name(kind), cluster, name);
}

/* Keys of two parts, as offsets/<uid>/<ulid>, give the first part here. */
static char *first_part(const char *rest) {
    const char *slash = strchr(rest, '/');
    return slash != NULL ? g_strndup(rest, (gsize)(slash - rest)) : g_strdup(rest);
}

static bool put_meta(View *view, const char *key, const char *rest, gint64 serial, const json_t *value,
                     GError **error) {
    MetaRecord *meta = meta_record_from_json(key, value, error);
    if (meta == NULL)
        return false;
    g_clear_pointer(&view->meta, meta_record_free);
    view->meta = meta;
    return true;
}

static bool put_resource(View *view, const char *key, const char *uid, gint64 serial, const json_t *value,
                         GError **error) {
    g_autoptr(ResourceRecord) resource = resource_record_from_json(key, serial, value, error);
    if (resource == NULL)
        return false;
    if (g_hash_table_contains(view->by_address, resource->address)) {
        error_set(error, STORE_ERROR, STORE_ERROR_FORMAT, NULL,
                  "the state has two resources at the address '%s'", resource->address);
        return false;
    }
    g_hash_table_insert(view->by_address, g_strdup(resource->address), resource);
    g_hash_table_insert(view->by_name, name_key(resource->kind, resource->cluster, resource->name), resource);
    g_hash_table_insert(view->resources, g_strdup(uid), g_steal_pointer(&resource));
    return true;
}

static void remove_resource(View *view, const char *uid) {
    const ResourceRecord *resource = g_hash_table_lookup(view->resources, uid);
    if (resource == NULL)
        return;
    g_autofree char *name = name_key(resource->kind, resource->cluster, resource->name);
    if (g_hash_table_lookup(view->by_name, name) == resource)
        g_hash_table_remove(view->by_name, name);
    g_hash_table_remove(view->by_address, resource->address);
    g_hash_table_remove(view->resources, uid);
}

static bool put_intent(View *view, const char *key, const char *uid, gint64 serial, const json_t *value,
                       GError **error) {
    IntentRecord *intent = intent_record_from_json(key, serial, value, error);
    if (intent != NULL)
        g_hash_table_insert(view->intents, g_strdup(uid), intent);
    return intent != NULL;
}

static void remove_intent(View *view, const char *uid) {
    g_hash_table_remove(view->intents, uid);
}

static bool put_history(View *view, const char *key, const char *id, gint64 serial, const json_t *value,
                        GError **error) {
    HistoryRecord *history = history_record_from_json(key, serial, value, error);
    if (history != NULL)
        g_hash_table_insert(view->history, g_strdup(id), history);
    return history != NULL;
}

static void remove_history(View *view, const char *id) {
    g_hash_table_remove(view->history, id);
}

static bool put_plan(View *view, const char *key, const char *id, gint64 serial, const json_t *value,
                     GError **error) {
    char *apply = plan_record_from_json(key, value, error);
    if (apply != NULL)
        g_hash_table_insert(view->plans, g_strdup(id), apply);
    return apply != NULL;
}

static void remove_plan(View *view, const char *id) {
    g_hash_table_remove(view->plans, id);
}

static int compare_offsets(gconstpointer left, gconstpointer right) {
    const ViewOffsets *const *one = left, *const *other = right;
    return strcmp((*one)->id, (*other)->id);
}

static bool put_offsets(View *view, const char *key, const char *rest, gint64 serial, const json_t *value,
                        GError **error) {
    if (!offsets_record_check(key, value, error))
        return false;
    g_autofree char *uid = first_part(rest);
    GPtrArray *array = g_hash_table_lookup(view->offsets, uid);
    if (array == NULL) {
        array = g_ptr_array_new_with_free_func(offsets_free);
        g_hash_table_insert(view->offsets, g_strdup(uid), array);
    }
    ViewOffsets *offsets = g_new0(ViewOffsets, 1);
    offsets->id = g_strdup(strrchr(key, '/') + 1);
    offsets->value = json_deep_copy(value);
    g_ptr_array_add(array, offsets);
    g_ptr_array_sort(array, compare_offsets);
    return true;
}

static void remove_offsets(View *view, const char *rest) {
    g_autofree char *uid = first_part(rest);
    GPtrArray *array = g_hash_table_lookup(view->offsets, uid);
    const char *id = rest + strlen(uid) + (strchr(rest, '/') != NULL);
    for (guint i = 0; array != NULL && i < array->len; i++) {
        const ViewOffsets *offsets = array->pdata[i];
        if (strcmp(offsets->id, id) == 0) {
            g_ptr_array_remove_index(array, i);
            return;
        }
    }
}

static const struct {
    const char *kind;
    bool (*put)(View *view, const char *key, const char *rest, gint64 serial, const json_t *value,
                GError **error);
    void (*remove)(View *view, const char *rest); /* NULL: it is never removed */
} kinds[] = {
    {RECORD_META, put_meta, NULL},
    {RECORD_RESOURCE, put_resource, remove_resource},
    {RECORD_INTENT, put_intent, remove_intent},
    {RECORD_HISTORY, put_history, remove_history},
    {RECORD_PLAN, put_plan, remove_plan},
    {RECORD_OFFSETS, put_offsets, remove_offsets},
};

bool view_put(View *view, const char *key, gint64 serial, const json_t *value, GError **error) {
    view_remove(view, key);
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (records_key_is(key, kinds[i].kind) &&
            !kinds[i].put(view, key, key + strlen(kinds[i].kind), serial, value, error))
            return false;
    g_hash_table_insert(view->serials, g_strdup(key), g_memdup2(&serial, sizeof serial));
    return true;
}

void view_remove(View *view, const char *key) {
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (records_key_is(key, kinds[i].kind) && kinds[i].remove != NULL)
            kinds[i].remove(view, key + strlen(kinds[i].kind));
    g_hash_table_remove(view->serials, key);
}

static bool put_all(View *view, GHashTable *snapshot, GError **error) {
    GHashTableIter iterator;
    gpointer key, data;
    g_hash_table_iter_init(&iterator, snapshot);
    while (g_hash_table_iter_next(&iterator, &key, &data)) {
        const StoreRecord *record = data;
        if (!view_put(view, key, record->serial, record->value, error))
            return false;
    }
    return true;
}

View *view_new(GHashTable *snapshot, GError **error) {
    g_autoptr(View) view = g_new0(View, 1);
    view->serials = table_of(g_free);
    view->resources = table_of((GDestroyNotify)resource_record_unref);
    view->by_address = table_of(NULL);
    view->by_name = table_of(NULL);
    view->intents = table_of((GDestroyNotify)intent_record_unref);
    view->history = table_of((GDestroyNotify)history_record_unref);
    view->plans = table_of(g_free);
    view->offsets = table_of((GDestroyNotify)g_ptr_array_unref);
    return put_all(view, snapshot, error) ? g_steal_pointer(&view) : NULL;
}

void view_free(View *view) {
    if (view == NULL)
        return;
    meta_record_free(view->meta);
    g_hash_table_unref(view->offsets);
    g_hash_table_unref(view->plans);
    g_hash_table_unref(view->history);
    g_hash_table_unref(view->intents);
    g_hash_table_unref(view->by_name);
    g_hash_table_unref(view->by_address);
    g_hash_table_unref(view->resources);
    g_hash_table_unref(view->serials);
    g_free(view);
}

gint64 view_serial(const View *view, const char *key) {
    const gint64 *serial = g_hash_table_lookup(view->serials, key);
    return serial != NULL ? *serial : 0;
}

ResourceRecord *view_find_name(const View *view, ResourceKind kind, const char *cluster, const char *name) {
    g_autofree char *key = name_key(kind, cluster, name);
    return g_hash_table_lookup(view->by_name, key);
}
