/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Downloaded artifacts by their SHA-256: CACHE/sha256/ab/abcd…. A download goes into CACHE/parts, is hashed
 * on the way, and gets its name only when it is whole and what was promised. Several processes can share a
 * cache.
 */
#pragma once

#include "plugin/repository.h"

/* What is told while bytes come in, at most a few times a second. */
typedef struct {
    const char *label;
    void (*report)(const char *what, gpointer user_data); /* may be NULL; from any thread */
    gpointer user_data;
} CacheProgress;

typedef struct {
    char *path;
    char *sha256;
    guint64 size;
} CachedFile;
void cached_file_free(CachedFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CachedFile, cached_file_free)

/* The file of that hash, its bytes verified; NULL where it is not there. A damaged one is removed. */
CachedFile *cache_find(const char *cache, const char *sha256);

/* Downloads `path` of a repository. Where `sha256` is not NULL, other bytes, or more than `size` (0: not
 * known), are PLUGIN_ERROR_INTEGRITY, and what an earlier attempt left is resumed. `progress` may be NULL. */
CachedFile *cache_download(const char *cache, Repository *repository, const char *path, const char *sha256,
                           guint64 size, const CacheProgress *progress, GError **error);
