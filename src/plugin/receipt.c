/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/receipt.h"

#include <string.h>

#include "base/files.h"
#include "base/json.h"
#include "plugin/names.h"

#define RECEIPT_PREFIX ".sluice-receipt-"
#define RECEIPT_SUFFIX ".json"
#define RECEIPT_FORMAT "sluice.receipt/1"
#define RECEIPT_LIMIT ((gsize)16 * 1024 * 1024)

enum { SHA256_HEX = 64 };

static void entry_free(gpointer data) {
    ReceiptEntry *entry = data;
    g_free(entry->plugin);
    g_free(entry->version);
    g_free(entry->sha256);
    g_free(entry);
}

static void receipt_free(gpointer data) {
    Receipt *receipt = data;
    g_free(receipt->name);
    g_free(receipt->environment);
    g_free(receipt->connect);
    g_hash_table_unref(receipt->current);
    g_hash_table_unref(receipt->former);
    g_free(receipt);
}

static ReceiptEntry *entry_new(const char *plugin, const char *version, const char *sha256) {
    ReceiptEntry *entry = g_new0(ReceiptEntry, 1);
    entry->plugin = g_strdup(plugin);
    entry->version = g_strdup(version);
    entry->sha256 = g_strdup(sha256);
    return entry;
}

static GHashTable *entries_new(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
}

/* Names have no dot, so the parts of a receipt's name can't run into each other. */
static Receipt *receipt_new(const char *environment, const char *connect) {
    Receipt *receipt = g_new0(Receipt, 1);
    receipt->name = g_strconcat(RECEIPT_PREFIX, environment, connect != NULL ? "." : "",
                                connect != NULL ? connect : "", RECEIPT_SUFFIX, NULL);
    receipt->environment = g_strdup(environment);
    receipt->connect = g_strdup(connect);
    receipt->current = entries_new();
    receipt->former = entries_new();
    return receipt;
}

static bool fail(const char *path, GError **error) {
    error_set(
        error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT,
        "remove it: 'sluice fetch' writes it anew, once the folders of plugins that it named are removed too",
        "'%s' is no receipt of sluice", path);
    return false;
}

static bool folder_is_valid(const char *folder) {
    return path_is_contained(folder) && folder[0] != '.' && strchr(folder, '/') == NULL;
}

static bool read_entries(json_t *object, GHashTable *entries) {
    const char *folder;
    json_t *value;
    json_object_foreach (object, folder, value) {
        const char *plugin = json_get_string(value, "plugin"), *version = json_get_string(value, "version");
        const char *sha256 = json_get_string(value, "sha256");
        if (!folder_is_valid(folder) || plugin == NULL || version == NULL ||
            (sha256 != NULL && !hex_is_valid(sha256, SHA256_HEX)))
            return false;
        g_hash_table_insert(entries, g_strdup(folder), entry_new(plugin, version, sha256));
    }
    return true;
}

static Receipt *receipt_parse(json_t *root, const char *name) {
    const char *environment = json_get_string(root, "environment");
    const char *connect = json_get_string(root, "connect");
    bool is_valid = g_strcmp0(json_get_string(root, "format"), RECEIPT_FORMAT) == 0 && environment != NULL &&
                    name_is_valid(environment) && (connect == NULL || name_is_valid(connect));
    if (!is_valid)
        return NULL;
    Receipt *receipt = receipt_new(environment, connect);
    if (g_str_equal(receipt->name, name) &&
        read_entries(json_object_get(root, "current"), receipt->current) &&
        read_entries(json_object_get(root, "former"), receipt->former))
        return receipt;
    receipt_free(receipt);
    return NULL;
}

static bool read_receipt(const char *folder, const char *name, GPtrArray *receipts, GError **error) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(json_t) root = json_read_file(path, RECEIPT_LIMIT, NULL);
    Receipt *receipt = root != NULL ? receipt_parse(root, name) : NULL;
    if (receipt == NULL)
        return fail(path, error);
    g_ptr_array_add(receipts, receipt);
    return true;
}

GPtrArray *receipts_read(const char *folder, GError **error) {
    g_auto(GStrv) names = files_list(folder, error);
    if (names == NULL)
        return NULL;
    g_autoptr(GPtrArray) receipts = g_ptr_array_new_with_free_func(receipt_free);
    for (char **name = names; *name != NULL; name++) {
        bool is_receipt = g_str_has_prefix(*name, RECEIPT_PREFIX) && g_str_has_suffix(*name, RECEIPT_SUFFIX);
        if (is_receipt && !read_receipt(folder, *name, receipts, error))
            return NULL;
    }
    return g_steal_pointer(&receipts);
}

Receipt *receipts_get(GPtrArray *receipts, const char *environment, const char *connect) {
    for (guint i = 0; i < receipts->len; i++) {
        Receipt *receipt = receipts->pdata[i];
        if (g_str_equal(receipt->environment, environment) && g_strcmp0(receipt->connect, connect) == 0)
            return receipt;
    }
    Receipt *receipt = receipt_new(environment, connect);
    receipt->changed = true;
    g_ptr_array_add(receipts, receipt);
    return receipt;
}

static json_t *entries_to_json(GHashTable *entries) {
    json_t *object = json_object();
    GHashTableIter iterator;
    g_hash_table_iter_init(&iterator, entries);
    for (gpointer folder, value; g_hash_table_iter_next(&iterator, &folder, &value);) {
        const ReceiptEntry *entry = value;
        json_t *made = json_object();
        json_object_set_new(made, "plugin", json_string(entry->plugin));
        json_object_set_new(made, "version", json_string(entry->version));
        json_object_set_new(made, "sha256", json_string_or_null(entry->sha256));
        json_object_set_new(object, folder, made);
    }
    return object;
}

static bool receipt_write(const Receipt *receipt, const char *folder, GError **error) {
    g_autoptr(json_t) root = json_object();
    json_object_set_new(root, "format", json_string(RECEIPT_FORMAT));
    json_object_set_new(root, "environment", json_string(receipt->environment));
    json_object_set_new(root, "connect", json_string_or_null(receipt->connect));
    json_object_set_new(root, "current", entries_to_json(receipt->current));
    json_object_set_new(root, "former", entries_to_json(receipt->former));
    g_autofree char *text = json_pretty(root);
    g_autofree char *path = g_build_filename(folder, receipt->name, NULL);
    return files_write(path, text, strlen(text), 0644, error);
}

bool receipts_write(GPtrArray *receipts, const char *folder, GError **error) {
    for (guint i = 0; i < receipts->len; i++) {
        Receipt *receipt = receipts->pdata[i];
        if (receipt->changed && !receipt_write(receipt, folder, error))
            return false;
        receipt->changed = false;
    }
    return true;
}

const ReceiptEntry *receipts_find(GPtrArray *receipts, const char *folder) {
    const ReceiptEntry *former = NULL;
    for (guint i = 0; i < receipts->len; i++) {
        const Receipt *receipt = receipts->pdata[i];
        const ReceiptEntry *current = g_hash_table_lookup(receipt->current, folder);
        if (current != NULL)
            return current;
        const ReceiptEntry *here = g_hash_table_lookup(receipt->former, folder);
        former = here != NULL ? here : former;
    }
    return former;
}

const Receipt *receipts_find_user(GPtrArray *receipts, const char *folder, const GPtrArray *but) {
    for (guint i = 0; i < receipts->len; i++) {
        const Receipt *receipt = receipts->pdata[i];
        bool is_asked = but == NULL || !g_ptr_array_find((GPtrArray *)but, receipt, NULL);
        if (is_asked && g_hash_table_contains(receipt->current, folder))
            return receipt;
    }
    return NULL;
}

void receipt_list(Receipt *receipt, const char *folder, const char *plugin, const char *version,
                  const char *sha256) {
    const ReceiptEntry *there = g_hash_table_lookup(receipt->current, folder);
    g_hash_table_remove(receipt->former, folder);
    if (there != NULL && g_strcmp0(there->sha256, sha256) == 0)
        return;
    g_hash_table_insert(receipt->current, g_strdup(folder), entry_new(plugin, version, sha256));
    receipt->changed = true;
}

void receipt_retire(Receipt *receipt, const char *folder) {
    gpointer key, entry;
    if (!g_hash_table_steal_extended(receipt->current, folder, &key, &entry))
        return;
    g_hash_table_insert(receipt->former, key, entry);
    receipt->changed = true;
}

void receipts_begin(GPtrArray *receipts, GPtrArray *listing, Receipt *in, const char *folder,
                    const char *plugin, const char *version) {
    for (guint i = 0; i < listing->len; i++) {
        Receipt *receipt = listing->pdata[i];
        if (g_hash_table_remove(receipt->current, folder))
            receipt->changed = true;
    }
    receipts_forget(receipts, folder);
    g_hash_table_insert(in->former, g_strdup(folder), entry_new(plugin, version, NULL));
    in->changed = true;
}

void receipts_forget(GPtrArray *receipts, const char *folder) {
    for (guint i = 0; i < receipts->len; i++) {
        Receipt *receipt = receipts->pdata[i];
        if (g_hash_table_remove(receipt->former, folder))
            receipt->changed = true;
    }
}
