/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where artifacts come from: repositories by id, each opened once, and what a locked version's place means.
 */
#pragma once

#include "plugin/cache.h"
#include "plugin/lock.h"

typedef struct Sources Sources;

/* Repositories are those of `specs` (RepositorySpec, may be NULL) and, for ids or URLs that these don't say,
 * of `urls` (id → url, may be NULL). Both, `root` and `cancellable` must outlive it. May be used by several
 * threads. */
Sources *sources_new(GPtrArray *specs, GHashTable *urls, const char *root, GCancellable *cancellable);
void sources_free(Sources *sources);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sources, sources_free)

/* Owned by the sources; NULL with an error where nobody declares it. */
Repository *sources_repository(Sources *sources, const char *id, GError **error);

/* The URL of a repository that is known; NULL for others. Owned by what was given to sources_new(). */
const char *sources_url(const Sources *sources, const char *id);

/* Downloads `path`: below the repository `id`, or (`id` NULL) a URL or a file that counts from the root. As
 * cache_download(). */
CachedFile *sources_download(Sources *sources, const char *id, const char *path, const char *cache,
                             const char *sha256, guint64 size, const CacheProgress *progress, GError **error);

/* The artifact of a locked version, from the cache where it is there. */
CachedFile *sources_cached(Sources *sources, const LockedVersion *version, const char *cache,
                           const CacheProgress *progress, GError **error);
