/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installing what locks say into a worker's plugin folder: downloaded into a content-addressed cache,
 * verified, unpacked beside, moved in place by one rename as PLUGIN-VERSION. Needs lock files and the
 * repositories' credentials, nothing else.
 */
#pragma once

#include "plugin/lock.h"

typedef struct {
    GPtrArray *locks;    /* Lock */
    const char *connect; /* only plugins of this Connect cluster; NULL: all */
    const char *to;      /* the plugin folder */
    GPtrArray
        *repositories; /* RepositorySpec that add credentials to the lock's repositories by id; may be NULL */
    const char *root;  /* what a locked file: counts from; NULL: the working directory */
    const char *cache; /* NULL: files_cache("artifacts") */
    bool prune;        /* remove what no receipt lists */
    bool replace;      /* leave out kept versions whose classes report what the current one's do */
    guint parallelism; /* 0: 4 */
    void (*progress)(const char *what, gpointer user_data); /* may be NULL; from any thread */
    gpointer user_data;
    GCancellable *cancellable;
} FetchRequest;

typedef enum { FETCH_KEPT, FETCH_INSTALLED, FETCH_REMOVED } FetchOutcome;

typedef struct {
    char *plugin;
    char *version;
    char *folder; /* name below `to` */
    guint64 size;
    FetchOutcome outcome;
} FetchedPlugin;
void fetched_plugin_free(FetchedPlugin *plugin);

/* Installs every locked version, kept ones too. Either all that is new is there afterwards, or an error says
 * which plugin failed and what was there before is untouched. Gives a GPtrArray of FetchedPlugin. A bad hash
 * is PLUGIN_ERROR_INTEGRITY; a hostile archive PLUGIN_ERROR_HOSTILE. */
GPtrArray *plugin_fetch(const FetchRequest *request, GError **error);

/* The artifact of a locked version as a file in the cache, downloaded and verified if need be; the caller
 * frees the path. */
char *plugin_cached(const LockedVersion *version, const Lock *lock, GPtrArray *repositories, const char *root,
                    const char *cache, GCancellable *cancellable, GError **error);
