/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/plugins.h"

#include <string.h>

#include "base/files.h"
#include "declare/names.h"
#include "declare/schema.h"
#include "plugin/names.h"

/* One name of the namespace. */
typedef struct {
    PluginRequest *request;
    Position asked_at; /* where its version is asked for */
    Position sha_at;
} Entry;

struct Plugins {
    Loader *loader;
    GHashTable *known; /* of sluice.yaml */
    GHashTable *entries;
};

static void entry_free(gpointer data) {
    Entry *entry = data;
    plugin_request_free(entry->request);
    g_free(entry);
}

Plugins *plugins_new(Loader *loader, GHashTable *known) {
    Plugins *plugins = g_new0(Plugins, 1);
    plugins->loader = loader;
    plugins->known = g_hash_table_ref(known);
    plugins->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    return plugins;
}

void plugins_free(Plugins *plugins) {
    g_hash_table_unref(plugins->known);
    g_hash_table_unref(plugins->entries);
    g_free(plugins);
}

/* --- Reading one declaration ---------------------------------------------------------------------------- */

#define PLACE_FIELDS                                                                  \
    {"maven", FIELD_TEXT, FIELD_PUBLIC}, {"url", FIELD_TEXT, FIELD_PUBLIC},           \
        {"file", FIELD_TEXT, FIELD_PUBLIC}, {"repository", FIELD_TEXT, FIELD_PUBLIC}, \
        {"sha256", FIELD_TEXT, FIELD_PUBLIC}, {                                       \
        "sha512", FIELD_TEXT, FIELD_PUBLIC                                            \
    }

static const Field MODULE_FIELDS[] = {PLACE_FIELDS, {NULL}};
static const Field OWN_FIELDS[] = {
    PLACE_FIELDS, {"version", FIELD_TEXT, FIELD_PUBLIC}, {"connect", FIELD_ANY, 0}, {NULL}};
static const Field PROJECT_FIELDS[] = {
    PLACE_FIELDS, {"git", FIELD_TEXT, FIELD_PUBLIC}, {"branch", FIELD_TEXT, FIELD_PUBLIC}, {NULL}};

static bool check_maven(Loader *loader, const Datum *maven) {
    const char *why = NULL;
    g_autoptr(Coordinate) coordinate = coordinate_parse(maven->text, &why);
    g_auto(GStrv) parts = g_strsplit(maven->text, ":", -1);
    guint count = g_strv_length(parts);
    bool has_version = count >= 3 && g_ascii_isdigit(parts[count - 1][0]);
    if (coordinate != NULL && !has_version)
        return true;
    loader_mistake(loader, maven->position,
                   has_version ? "the version is asked for by instances: plugins: { NAME: VERSION }"
                               : "group:artifact[:extension[:classifier]]",
                   "'%s' are no Maven coordinates: %s", maven->text,
                   has_version   ? "they end with a version"
                   : why != NULL ? why
                                 : "malformed");
    return false;
}

static bool check_hex(Loader *loader, const Datum *hash, const char *name, gsize length) {
    if (hex_is_valid(hash->text, length))
        return true;
    loader_mistake(loader, hash->position, NULL, "'%s' must be %d lower-case hexadecimal digits", name,
                   (int)length);
    return false;
}

static bool check_url(Loader *loader, const Datum *url) {
    if (url_is_plain(url->text))
        return true;
    diagnostics_hide_line(loader->diagnostics, url->position);
    loader_mistake(loader, url->position, "https://HOST/PATH; credentials come from the environment or netrc",
                   "the plugin's 'url' must be a plain URL of http or https");
    return false;
}

static bool check_places(Loader *loader, const Datum *key, const Datum *spec) {
    const Datum *maven = schema_scalar(spec, "maven"), *url = schema_scalar(spec, "url");
    const Datum *file = schema_scalar(spec, "file");
    if ((maven != NULL) + (url != NULL) + (file != NULL) > 1) {
        loader_mistake(loader, key->position, NULL, "plugin '%s' has more than one of maven, url and file",
                       key->text);
        return false;
    }
    const Datum *sha256 = schema_scalar(spec, "sha256"), *sha512 = schema_scalar(spec, "sha512");
    bool valid = maven == NULL || check_maven(loader, maven);
    valid = (url == NULL || check_url(loader, url)) && valid;
    valid = (sha256 == NULL || check_hex(loader, sha256, "sha256", 64)) && valid;
    return (sha512 == NULL || check_hex(loader, sha512, "sha512", 128)) && valid;
}

static PluginRequest *read_place(Loader *loader, const Datum *key, const Datum *spec, const Field *fields) {
    const Schema schema = {"a plugin", fields};
    if (!name_check(loader, "plugin", key->text, key->position) ||
        !schema_check(loader, &schema, spec, key->position) || !check_places(loader, key, spec))
        return NULL;
    PluginRequest *request = plugin_request_new(key->text);
    request->position = key->position;
    request->maven = g_strdup(schema_text(spec, "maven"));
    request->url = g_strdup(schema_text(spec, "url"));
    const char *file = schema_text(spec, "file");
    request->file = file != NULL ? files_resolve(loader->root, file) : NULL;
    request->repository = g_strdup(schema_text(spec, "repository"));
    request->sha256 = g_strdup(schema_text(spec, "sha256"));
    request->sha512 = g_strdup(schema_text(spec, "sha512"));
    return request;
}

PluginRequest *plugin_read(Loader *loader, const Datum *key, const Datum *spec, bool with_git) {
    return read_place(loader, key, spec, with_git ? PROJECT_FIELDS : MODULE_FIELDS);
}

/* --- One namespace -------------------------------------------------------------------------------------- */

static Entry *find_entry(Plugins *plugins, const char *name) {
    return g_hash_table_lookup(plugins->entries, name);
}

/* Takes what the other declaration says where this one is silent; false where they differ. */
static bool agree(Plugins *plugins, const char *field, char **mine, const char *other,
                  const PluginRequest *first, Position at) {
    if (other == NULL || g_strcmp0(*mine, other) == 0)
        return true;
    if (*mine == NULL) {
        *mine = g_strdup(other);
        return true;
    }
    g_autofree char *hint =
        g_strdup_printf("%s is '%s' at %s:%d", field, *mine, first->position.file, first->position.line);
    loader_mistake(plugins->loader, at, hint, "plugin '%s' is declared twice, and differently", first->name);
    return false;
}

static void merge(Plugins *plugins, PluginRequest *mine, const PluginRequest *other) {
    Position at = other->position;
    struct {
        const char *field;
        char **mine;
        const char *other;
    } parts[] = {
        {"maven", &mine->maven, other->maven},    {"url", &mine->url, other->url},
        {"file", &mine->file, other->file},       {"repository", &mine->repository, other->repository},
        {"sha256", &mine->sha256, other->sha256}, {"sha512", &mine->sha512, other->sha512},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        if (!agree(plugins, parts[i].field, parts[i].mine, parts[i].other, mine, at))
            return;
    if ((mine->maven != NULL) + (mine->url != NULL) + (mine->file != NULL) > 1)
        loader_mistake(plugins->loader, at, NULL, "plugin '%s' is declared twice, and differently",
                       mine->name);
}

static PluginRequest *copy_place(const PluginRequest *request) {
    PluginRequest *copy = plugin_request_new(request->name);
    copy->maven = g_strdup(request->maven);
    copy->url = g_strdup(request->url);
    copy->file = g_strdup(request->file);
    copy->repository = g_strdup(request->repository);
    copy->sha256 = g_strdup(request->sha256);
    copy->sha512 = g_strdup(request->sha512);
    copy->position = request->position;
    return copy;
}

static Entry *add_request(Plugins *plugins, const PluginRequest *request) {
    Entry *entry = find_entry(plugins, request->name);
    if (entry == NULL) {
        const PluginRequest *known = g_hash_table_lookup(plugins->known, request->name);
        entry = g_new0(Entry, 1);
        entry->request = copy_place(known != NULL ? known : request);
        g_hash_table_insert(plugins->entries, entry->request->name, entry);
    }
    merge(plugins, entry->request, request);
    return entry;
}

void plugins_declare(Plugins *plugins, const Datum *map) {
    if (!schema_check_map(plugins->loader, map, "plugins"))
        return;
    for (guint i = 0; i < map->items->len; i++) {
        const Datum *key = map->keys->pdata[i];
        g_autoptr(PluginRequest) request = plugin_read(plugins->loader, key, map->items->pdata[i], false);
        if (request != NULL)
            add_request(plugins, request);
    }
}

/* --- Versions ------------------------------------------------------------------------------------------- */

static void ask(Plugins *plugins, Entry *entry, const Datum *version) {
    const char *why = NULL;
    if (!version_request_is_valid(version->text, &why)) {
        loader_mistake(plugins->loader, version->position,
                       "1.4.2, [1.4,2.0), latest, release, 1.5-SNAPSHOT or promoted",
                       "'%s' is no version to ask for: %s", version->text, why != NULL ? why : "malformed");
        return;
    }
    PluginRequest *request = entry->request;
    if (request->version == NULL) {
        request->version = g_strdup(version->text);
        entry->asked_at = version->position;
    } else if (!g_str_equal(request->version, version->text)) {
        g_autofree char *hint =
            g_strdup_printf("it is asked for in version %s at %s:%d; an environment has one version of "
                            "a plugin",
                            request->version, entry->asked_at.file, entry->asked_at.line);
        loader_mistake(plugins->loader, version->position, hint, "two versions of plugin '%s'",
                       request->name);
    }
}

static const char **map_names(const Datum *map) {
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; map != NULL && map->keys != NULL && i < map->keys->len; i++)
        g_ptr_array_add(names, ((Datum *)map->keys->pdata[i])->text);
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(names, false);
}

static void ask_one(Plugins *plugins, const Datum *key, const Datum *version, const Datum *module_plugins) {
    Loader *loader = plugins->loader;
    if (datum_get(module_plugins, key->text) == NULL) {
        g_autofree const char **names = map_names(module_plugins);
        g_autofree char *hint = diagnostics_did_you_mean(key->text, names);
        loader_mistake(loader, key->position, hint, "the module has no plugin '%s'", key->text);
    } else if (version->kind == DATUM_BROKEN) {
        return;
    } else if (version->kind != DATUM_SCALAR || datum_is_null(version)) {
        g_autofree char *shown = datum_show(version);
        loader_mistake(loader, version->position, "plugins: { NAME: VERSION }",
                       "plugin '%s' is asked for in a version, not %s", key->text, shown);
    } else if (datum_is_sensitive(version)) {
        loader_mistake(loader, version->position, NULL, "a version can't come from env or secret");
    } else {
        Entry *entry = find_entry(plugins, key->text);
        if (entry != NULL)
            ask(plugins, entry, version);
    }
}

void plugins_ask(Plugins *plugins, const Datum *asked, const Datum *module_plugins) {
    if (!schema_check_map(plugins->loader, asked, "plugins"))
        return;
    for (guint i = 0; i < asked->items->len; i++)
        ask_one(plugins, asked->keys->pdata[i], asked->items->pdata[i], module_plugins);
}

/* --- Use ------------------------------------------------------------------------------------------------ */

void plugins_use(Plugins *plugins, const char *name, const char *connect) {
    Entry *entry = find_entry(plugins, name);
    if (entry == NULL)
        return;
    GPtrArray *names = entry->request->connect;
    if (!g_ptr_array_find_with_equal_func(names, connect, g_str_equal, NULL))
        g_ptr_array_add(names, g_strdup(connect));
}

static void use_own(Plugins *plugins, const char *name, const Datum *connect, GPtrArray *clusters) {
    Loader *loader = plugins->loader;
    if (connect != NULL && connect->kind != DATUM_LIST) {
        loader_mistake(loader, connect->position, "connect: [NAME]; without it, all of them",
                       "'connect' must be a list of Connect clusters");
        return;
    }
    g_auto(GStrv) names = schema_texts_of(connect);
    for (guint i = 0; i < clusters->len; i++) {
        const ConnectCluster *cluster = clusters->pdata[i];
        if (connect == NULL || g_strv_contains((const char *const *)names, cluster->name))
            plugins_use(plugins, name, cluster->name);
    }
    for (guint i = 0; connect != NULL && names[i] != NULL; i++) {
        bool found = false;
        for (guint c = 0; c < clusters->len; c++)
            found |= g_str_equal(((ConnectCluster *)clusters->pdata[c])->name, names[i]);
        if (!found)
            loader_mistake(loader, ((Datum *)connect->items->pdata[i])->position, NULL,
                           "there is no Connect cluster '%s'", names[i]);
    }
}

void plugins_declare_own(Plugins *plugins, const Datum *map, GPtrArray *clusters) {
    if (!schema_check_map(plugins->loader, map, "plugins"))
        return;
    for (guint i = 0; i < map->items->len; i++) {
        const Datum *key = map->keys->pdata[i], *spec = map->items->pdata[i];
        g_autoptr(PluginRequest) request = read_place(plugins->loader, key, spec, OWN_FIELDS);
        if (request == NULL)
            continue;
        Entry *entry = add_request(plugins, request);
        const Datum *version = schema_scalar(spec, "version");
        if (version != NULL)
            ask(plugins, entry, version);
        use_own(plugins, key->text, datum_get(spec, "connect"), clusters);
    }
}

/* --- The end -------------------------------------------------------------------------------------------- */

static char *repository_hint(GPtrArray *repositories) {
    GString *hint = g_string_new("repository: ");
    for (guint i = 0; i < repositories->len; i++)
        g_string_append_printf(hint, "%s%s",
                               i == 0                       ? ""
                               : i + 1 == repositories->len ? " or "
                                                            : ", ",
                               ((RepositorySpec *)repositories->pdata[i])->id);
    return g_string_free(hint, false);
}

static bool has_repository(GPtrArray *repositories, const char *id) {
    for (guint i = 0; i < repositories->len; i++)
        if (g_str_equal(((RepositorySpec *)repositories->pdata[i])->id, id))
            return true;
    return false;
}

static void check_repository(Loader *loader, const PluginRequest *request, GPtrArray *repositories) {
    if (request->maven == NULL)
        return;
    g_autofree char *hint = repository_hint(repositories);
    if (repositories->len == 0)
        loader_mistake(loader, request->position,
                       "declare one in sluice.yaml: repositories: { NAME: { url: … } }",
                       "there is no repository to take plugin '%s' from", request->name);
    else if (request->repository == NULL && repositories->len > 1)
        loader_mistake(loader, request->position, hint,
                       "plugin '%s' does not say which repository it comes from", request->name);
    else if (request->repository != NULL && !has_repository(repositories, request->repository))
        loader_mistake(loader, request->position, hint, "there is no repository '%s'", request->repository);
}

static int compare_texts(gconstpointer a, gconstpointer b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_requests(gconstpointer a, gconstpointer b) {
    return strcmp((*(PluginRequest *const *)a)->name, (*(PluginRequest *const *)b)->name);
}

static void finish_entry(Plugins *plugins, Entry *entry, GPtrArray *repositories, const char *version,
                         GPtrArray *requests) {
    PluginRequest *request = entry->request;
    if (request->maven == NULL && request->url == NULL && request->file == NULL) {
        loader_mistake(plugins->loader, request->position,
                       "say where it comes from: maven:, url: or file:, here or in sluice.yaml",
                       "plugin '%s' is declared nowhere", request->name);
        return;
    }
    check_repository(plugins->loader, request, repositories);
    if (request->connect->len == 0) {
        if (!loader_has_mistakes(plugins->loader))
            loader_warn(plugins->loader, request->position, "name it in a connector's plugins: [NAME]",
                        "no connector uses plugin '%s'", request->name);
        return;
    }
    if (request->version == NULL && request->maven != NULL)
        request->version = g_strdup(version);
    g_ptr_array_sort(request->connect, compare_texts);
    g_ptr_array_add(requests, g_steal_pointer(&entry->request));
}

static void free_request(gpointer request) {
    plugin_request_free(request);
}

GPtrArray *plugins_finish(Plugins *plugins, GPtrArray *repositories, const char *version) {
    GPtrArray *requests = g_ptr_array_new_with_free_func(free_request);
    GHashTableIter iterator;
    gpointer entry;
    g_hash_table_iter_init(&iterator, plugins->entries);
    while (g_hash_table_iter_next(&iterator, NULL, &entry))
        finish_entry(plugins, entry, repositories, version, requests);
    g_hash_table_remove_all(plugins->entries);
    g_ptr_array_sort(requests, compare_requests);
    return requests;
}
