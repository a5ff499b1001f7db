/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/fetch.h"

#include <string.h>

#include "base/files.h"
#include "plugin/install.h"
#include "plugin/receipt.h"
#include "plugin/sources.h"
#include "plugin/tasks.h"

/* One folder that has to be there, whichever locks list it. */
typedef struct {
    const char *plugin;
    const LockedVersion *version;
    Sources *sources;
    char *folder;
    GPtrArray *receipts; /* Receipt: of the locks that list it */
    bool is_new;
} Item;

typedef struct {
    const FetchRequest *request;
    char *cache;
    Install *install;
    GPtrArray *receipts; /* Receipt: all of the plugin folder */
    GPtrArray *ours;     /* Receipt: of the request's locks */
    GPtrArray *sources;  /* Sources: one per lock */
    GPtrArray *items;    /* Item */
    GPtrArray *fresh;    /* Item: those that are new */
} Fetch;

static void item_free(gpointer data) {
    Item *item = data;
    g_free(item->folder);
    g_ptr_array_unref(item->receipts);
    g_free(item);
}

static void free_sources(gpointer sources) {
    sources_free(sources);
}

static void fetch_clear(Fetch *fetch) {
    g_clear_pointer(&fetch->items, g_ptr_array_unref);
    g_clear_pointer(&fetch->fresh, g_ptr_array_unref);
    g_clear_pointer(&fetch->sources, g_ptr_array_unref);
    g_clear_pointer(&fetch->ours, g_ptr_array_unref);
    g_clear_pointer(&fetch->receipts, g_ptr_array_unref);
    g_clear_pointer(&fetch->install, install_close);
    g_free(fetch->cache);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fetch, fetch_clear)

void fetched_plugin_free(FetchedPlugin *plugin) {
    if (plugin == NULL)
        return;
    g_free(plugin->plugin);
    g_free(plugin->version);
    g_free(plugin->folder);
    g_free(plugin);
}

static bool open_fetch(Fetch *fetch, GError **error) {
    const FetchRequest *request = fetch->request;
    fetch->cache = request->cache != NULL ? g_strdup(request->cache) : files_cache("artifacts");
    fetch->items = g_ptr_array_new_with_free_func(item_free);
    fetch->fresh = g_ptr_array_new();
    fetch->ours = g_ptr_array_new();
    fetch->sources = g_ptr_array_new_with_free_func(free_sources);
    fetch->install = install_open(request->to, request->cancellable, error);
    if (fetch->install == NULL)
        return false;
    fetch->receipts = receipts_read(request->to, error);
    return fetch->receipts != NULL;
}

static bool is_for(const LockedPlugin *plugin, const char *connect) {
    return connect == NULL || plugin->connect->len == 0 ||
           g_ptr_array_find_with_equal_func(plugin->connect, connect, g_str_equal, NULL);
}

/* A misspelt name would install nothing, and remove all. */
static bool check_connect(const FetchRequest *request, GError **error) {
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (guint i = 0; i < request->locks->len; i++) {
        const Lock *lock = request->locks->pdata[i];
        for (guint j = 0; j < lock->plugins->len; j++) {
            const LockedPlugin *plugin = lock->plugins->pdata[j];
            if (is_for(plugin, request->connect))
                return true;
            g_ptr_array_extend(known, plugin->connect, NULL, NULL);
        }
    }
    if (known->len == 0)
        return true;
    g_ptr_array_add(known, NULL);
    g_autofree char *hint = diagnostics_did_you_mean(request->connect, (const char *const *)known->pdata);
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND, hint,
              "no plugin of the lock is for a Connect cluster '%s'", request->connect);
    return false;
}

static Item *find_item(const Fetch *fetch, const char *folder) {
    for (guint i = 0; i < fetch->items->len; i++) {
        Item *item = fetch->items->pdata[i];
        if (g_str_equal(item->folder, folder))
            return item;
    }
    return NULL;
}

static bool add_item(Fetch *fetch, const LockedPlugin *plugin, const LockedVersion *version, Sources *sources,
                     Receipt *receipt, GError **error) {
    g_autofree char *folder = g_strconcat(plugin->name, "-", version->version, NULL);
    Item *item = find_item(fetch, folder);
    if (item == NULL) {
        item = g_new0(Item, 1);
        item->plugin = plugin->name;
        item->version = version;
        item->sources = sources;
        item->folder = g_steal_pointer(&folder);
        item->receipts = g_ptr_array_new();
        g_ptr_array_add(fetch->items, item);
    } else if (!g_str_equal(item->version->sha256, version->sha256)) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_EXISTS, "give each of them a plugin folder of its own",
                  "two locks want different bytes in '%s'", folder);
        return false;
    }
    g_ptr_array_add(item->receipts, receipt);
    return true;
}

/* Whether all that a kept version is known to report, the current one reports too: then Connect can't tell
 * them apart, and having both helps nobody. */
static bool reports_the_same(const LockedVersion *kept, const LockedVersion *current) {
    if (kept->reports == NULL || current->reports == NULL || g_hash_table_size(kept->reports) == 0)
        return false;
    GHashTableIter iterator;
    g_hash_table_iter_init(&iterator, kept->reports);
    for (gpointer class_name, reported; g_hash_table_iter_next(&iterator, &class_name, &reported);)
        if (g_strcmp0(g_hash_table_lookup(current->reports, class_name), reported) != 0)
            return false;
    return true;
}

static bool add_plugin(Fetch *fetch, const LockedPlugin *plugin, Sources *sources, Receipt *receipt,
                       GError **error) {
    const LockedVersion *current = locked_plugin_current(plugin);
    for (guint i = 0; i < plugin->versions->len; i++) {
        const LockedVersion *version = plugin->versions->pdata[i];
        bool is_replaced = fetch->request->replace && i > 0 && reports_the_same(version, current);
        if (!is_replaced && !add_item(fetch, plugin, version, sources, receipt, error))
            return false;
    }
    return true;
}

static bool add_lock(Fetch *fetch, const Lock *lock, GError **error) {
    const FetchRequest *request = fetch->request;
    Receipt *receipt = receipts_get(fetch->receipts, lock->environment, request->connect);
    Sources *sources =
        sources_new(request->repositories, lock->repositories, request->root, request->cancellable);
    g_ptr_array_add(fetch->sources, sources);
    g_ptr_array_add(fetch->ours, receipt);
    for (guint i = 0; i < lock->plugins->len; i++) {
        const LockedPlugin *plugin = lock->plugins->pdata[i];
        if (is_for(plugin, request->connect) && !add_plugin(fetch, plugin, sources, receipt, error))
            return false;
    }
    return true;
}

/* What another lock uses is not replaced under it, and what isn't ours is not touched. */
static bool check_place(const Fetch *fetch, const Item *item, GError **error) {
    const Receipt *user = receipts_find_user(fetch->receipts, item->folder, fetch->ours);
    const ReceiptEntry *used = user != NULL ? g_hash_table_lookup(user->current, item->folder) : NULL;
    if (used != NULL && g_strcmp0(used->sha256, item->version->sha256) != 0) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_EXISTS, "give each of them a plugin folder of its own",
                  "'%s' is there with other bytes, for environment '%s'", item->folder, user->environment);
        return false;
    }
    bool is_ours = receipts_find(fetch->receipts, item->folder) != NULL;
    if (is_ours || !install_has(fetch->install, item->folder))
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_EXISTS, "move it away",
              "'%s' is in the plugin folder already, and sluice did not put it there", item->folder);
    return false;
}

static bool is_installed(const Fetch *fetch, const Item *item) {
    const ReceiptEntry *entry = receipts_find(fetch->receipts, item->folder);
    return entry != NULL && g_strcmp0(entry->sha256, item->version->sha256) == 0 &&
           install_has_folder(fetch->install, item->folder);
}

static bool find_new(Fetch *fetch, GError **error) {
    for (guint i = 0; i < fetch->items->len; i++) {
        Item *item = fetch->items->pdata[i];
        item->is_new = !is_installed(fetch, item);
        if (!item->is_new)
            continue;
        if (!check_place(fetch, item, error))
            return false;
        g_ptr_array_add(fetch->fresh, item);
    }
    return true;
}

static bool collect(Fetch *fetch, GError **error) {
    const FetchRequest *request = fetch->request;
    if (request->connect != NULL && !check_connect(request, error))
        return false;
    for (guint i = 0; i < request->locks->len; i++)
        if (!add_lock(fetch, request->locks->pdata[i], error))
            return false;
    return find_new(fetch, error);
}

static bool stage_artifact(const Fetch *fetch, const Item *item, const char *label, GError **error) {
    const FetchRequest *request = fetch->request;
    CacheProgress progress = {label, request->progress, request->user_data};
    g_autoptr(CachedFile) file = sources_cached(item->sources, item->version, fetch->cache, &progress, error);
    return file != NULL &&
           install_stage(fetch->install, file->path, item->version->path, item->folder, error);
}

static bool stage_one(gpointer data, gpointer user_data, GError **error) {
    const Item *item = data;
    const Fetch *fetch = user_data;
    g_autofree char *label = g_strdup_printf("%s %s", item->plugin, item->version->resolved);
    if (fetch->request->progress != NULL)
        fetch->request->progress(label, fetch->request->user_data);
    if (stage_artifact(fetch, item, label, error))
        return true;
    g_prefix_error(error, "plugin '%s' %s: ", item->plugin, item->version->resolved);
    return false;
}

static bool place_all(Fetch *fetch, GError **error) {
    for (guint i = 0; i < fetch->fresh->len; i++) {
        const Item *item = fetch->fresh->pdata[i];
        receipts_begin(fetch->receipts, fetch->ours, item->receipts->pdata[0], item->folder, item->plugin,
                       item->version->version);
    }
    if (!receipts_write(fetch->receipts, fetch->request->to, error))
        return false;
    for (guint i = 0; i < fetch->fresh->len; i++) {
        const Item *item = fetch->fresh->pdata[i];
        if (!install_place(fetch->install, item->folder, error))
            return false;
    }
    return true;
}

/* Receipts as they were, after folders could not be put in place. */
static void restore_receipts(GPtrArray *before, const char *folder) {
    for (guint i = 0; i < before->len; i++)
        ((Receipt *)before->pdata[i])->changed = true;
    receipts_write(before, folder, NULL);
}

static void list_items(const Fetch *fetch) {
    for (guint i = 0; i < fetch->items->len; i++) {
        const Item *item = fetch->items->pdata[i];
        for (guint j = 0; j < item->receipts->len; j++)
            receipt_list(item->receipts->pdata[j], item->folder, item->plugin, item->version->version,
                         item->version->sha256);
    }
}

/* What a lock listed once and lists no more. */
static void retire_rest(const Fetch *fetch) {
    for (guint i = 0; i < fetch->ours->len; i++) {
        Receipt *receipt = fetch->ours->pdata[i];
        g_autofree gpointer *folders = g_hash_table_get_keys_as_array(receipt->current, NULL);
        for (gpointer *folder = folders; *folder != NULL; folder++) {
            const Item *item = find_item(fetch, *folder);
            if (item == NULL || !g_ptr_array_find(item->receipts, receipt, NULL))
                receipt_retire(receipt, *folder);
        }
    }
}

static bool install_new(Fetch *fetch, GError **error) {
    const char *to = fetch->request->to;
    if (!tasks_run(fetch->fresh, fetch->request->parallelism, fetch->request->cancellable, stage_one, fetch,
                   error))
        return false;
    g_autoptr(GPtrArray) before = receipts_read(to, error);
    if (before == NULL)
        return false;
    if (fetch->fresh->len > 0 && !place_all(fetch, error)) {
        restore_receipts(before, to);
        return false;
    }
    list_items(fetch);
    retire_rest(fetch);
    if (!receipts_write(fetch->receipts, to, error)) {
        restore_receipts(before, to);
        return false;
    }
    install_keep(fetch->install);
    return true;
}

static FetchedPlugin *fetched_new(const char *plugin, const char *version, const char *folder, guint64 size,
                                  FetchOutcome outcome) {
    FetchedPlugin *fetched = g_new0(FetchedPlugin, 1);
    fetched->plugin = g_strdup(plugin);
    fetched->version = g_strdup(version);
    fetched->folder = g_strdup(folder);
    fetched->size = size;
    fetched->outcome = outcome;
    return fetched;
}

static bool prune_folder(Fetch *fetch, const char *folder, GPtrArray *fetched, GError **error) {
    const ReceiptEntry *entry = receipts_find(fetch->receipts, folder);
    if (install_has_folder(fetch->install, folder)) {
        if (!install_remove(fetch->install, folder, error))
            return false;
        g_ptr_array_add(fetched, fetched_new(entry->plugin, entry->version, folder, 0, FETCH_REMOVED));
    }
    receipts_forget(fetch->receipts, folder);
    return true;
}

static bool prune(Fetch *fetch, GPtrArray *fetched, GError **error) {
    g_autoptr(GHashTable) former = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < fetch->receipts->len; i++) {
        GHashTableIter iterator;
        g_hash_table_iter_init(&iterator, ((Receipt *)fetch->receipts->pdata[i])->former);
        for (gpointer folder; g_hash_table_iter_next(&iterator, &folder, NULL);)
            if (receipts_find_user(fetch->receipts, folder, NULL) == NULL)
                g_hash_table_add(former, g_strdup(folder));
    }
    GHashTableIter iterator;
    g_hash_table_iter_init(&iterator, former);
    for (gpointer folder; g_hash_table_iter_next(&iterator, &folder, NULL);)
        if (!prune_folder(fetch, folder, fetched, error))
            return false;
    return receipts_write(fetch->receipts, fetch->request->to, error);
}

static int compare_fetched(gconstpointer left, gconstpointer right) {
    const FetchedPlugin *const *l = left, *const *r = right;
    int order = strcmp((*l)->plugin, (*r)->plugin);
    return order != 0 ? order : -version_compare((*l)->version, (*r)->version);
}

static void free_fetched(gpointer fetched) {
    fetched_plugin_free(fetched);
}

static GPtrArray *describe(const Fetch *fetch) {
    GPtrArray *fetched = g_ptr_array_new_with_free_func(free_fetched);
    for (guint i = 0; i < fetch->items->len; i++) {
        const Item *item = fetch->items->pdata[i];
        g_ptr_array_add(fetched,
                        fetched_new(item->plugin, item->version->version, item->folder, item->version->size,
                                    item->is_new ? FETCH_INSTALLED : FETCH_KEPT));
    }
    return fetched;
}

GPtrArray *plugin_fetch(const FetchRequest *request, GError **error) {
    g_auto(Fetch) fetch = {.request = request};
    if (!open_fetch(&fetch, error) || !collect(&fetch, error) || !install_new(&fetch, error))
        return NULL;
    g_autoptr(GPtrArray) fetched = describe(&fetch);
    if (request->prune && !prune(&fetch, fetched, error))
        return NULL;
    g_ptr_array_sort(fetched, compare_fetched);
    return g_steal_pointer(&fetched);
}

char *plugin_cached(const LockedVersion *version, const Lock *lock, GPtrArray *repositories, const char *root,
                    const char *cache, GCancellable *cancellable, GError **error) {
    g_autofree char *folder = cache != NULL ? g_strdup(cache) : files_cache("artifacts");
    g_autoptr(Sources) sources = sources_new(repositories, lock->repositories, root, cancellable);
    g_autoptr(CachedFile) file = sources_cached(sources, version, folder, NULL, error);
    return file != NULL ? g_steal_pointer(&file->path) : NULL;
}
