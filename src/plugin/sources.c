/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/sources.h"

#include <string.h>

#include "base/files.h"
#include "plugin/transfer.h"

struct Sources {
    GPtrArray *specs;
    GHashTable *urls;
    const char *root;
    GCancellable *cancellable;
    GMutex lock;
    GHashTable *open; /* id → Repository */
};

static void free_repository(gpointer repository) {
    repository_free(repository);
}

Sources *sources_new(GPtrArray *specs, GHashTable *urls, const char *root, GCancellable *cancellable) {
    Sources *sources = g_new0(Sources, 1);
    sources->specs = specs;
    sources->urls = urls;
    sources->root = root;
    sources->cancellable = cancellable;
    sources->open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_repository);
    g_mutex_init(&sources->lock);
    return sources;
}

void sources_free(Sources *sources) {
    if (sources == NULL)
        return;
    g_hash_table_unref(sources->open);
    g_mutex_clear(&sources->lock);
    g_free(sources);
}

static const RepositorySpec *find_spec(const Sources *sources, const char *id) {
    for (guint i = 0; sources->specs != NULL && i < sources->specs->len; i++) {
        const RepositorySpec *spec = sources->specs->pdata[i];
        if (g_strcmp0(spec->id, id) == 0)
            return spec;
    }
    return NULL;
}

const char *sources_url(const Sources *sources, const char *id) {
    const RepositorySpec *spec = find_spec(sources, id);
    if (spec != NULL && spec->url != NULL)
        return spec->url;
    return sources->urls != NULL ? g_hash_table_lookup(sources->urls, id) : NULL;
}

static Repository *open_repository(const Sources *sources, const char *id, GError **error) {
    const char *url = sources_url(sources, id);
    if (url == NULL) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND,
                  "declare it in sluice.yaml under 'repositories:'", "no repository '%s' is declared", id);
        return NULL;
    }
    const RepositorySpec *spec = find_spec(sources, id);
    RepositorySpec merged = spec != NULL ? *spec : (RepositorySpec){.id = (char *)id};
    merged.url = (char *)url;
    Repository *repository = repository_open(&merged, error);
    if (repository != NULL)
        repository_set_cancellable(repository, sources->cancellable);
    return repository;
}

Repository *sources_repository(Sources *sources, const char *id, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sources->lock);
    Repository *repository = g_hash_table_lookup(sources->open, id);
    if (repository != NULL)
        return repository;
    repository = open_repository(sources, id, error);
    if (repository != NULL)
        g_hash_table_insert(sources->open, g_strdup(id), repository);
    return repository;
}

static CachedFile *download_single(const Sources *sources, const char *path, const char *cache,
                                   const char *sha256, guint64 size, const CacheProgress *progress,
                                   GError **error) {
    bool is_url = strstr(path, "://") != NULL;
    g_autofree char *directory = g_get_current_dir();
    g_autofree char *address =
        is_url ? g_strdup(path) : files_resolve(sources->root != NULL ? sources->root : directory, path);
    g_autoptr(Repository) single = repository_open_single(address, error);
    if (single == NULL)
        return NULL;
    repository_set_cancellable(single, sources->cancellable);
    return cache_download(cache, single, "", sha256, size, progress, error);
}

CachedFile *sources_download(Sources *sources, const char *id, const char *path, const char *cache,
                             const char *sha256, guint64 size, const CacheProgress *progress,
                             GError **error) {
    if (id == NULL)
        return download_single(sources, path, cache, sha256, size, progress, error);
    Repository *repository = sources_repository(sources, id, error);
    return repository != NULL ? cache_download(cache, repository, path, sha256, size, progress, error) : NULL;
}

CachedFile *sources_cached(Sources *sources, const LockedVersion *version, const char *cache,
                           const CacheProgress *progress, GError **error) {
    CachedFile *file = cache_find(cache, version->sha256);
    if (file == NULL)
        file = sources_download(sources, version->repository, version->path, cache, version->sha256,
                                version->size, progress, error);
    return file;
}
