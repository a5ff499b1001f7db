/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of an environment: exact version, size and SHA-256 of every plugin, and the commit of every
 * module. Machine-written, committed. Format "sluice.lock/1"; see docs/lock.md.
 */
#pragma once

#include "base/json.h"
#include "plugin/plugin.h"
#include "plugin/repository.h"

typedef struct {
    char *version;
    char *resolved;
    char *repository; /* id; NULL for a URL or file */
    char *path; /* below the repository's URL; or the URL; or the file, relative to the root or absolute */
    guint64 size;
    char *sha256;
    char *commit;        /* that it was built from; NULL where unknown */
    GHashTable *reports; /* class → the version that it reports; both char *; learnt by the first apply that
                            rolled it out */
} LockedVersion;

typedef struct {
    char *name;
    GPtrArray *connect;       /* char *, sorted */
    char *maven, *url, *file; /* one is set */
    char *requested;
    GPtrArray *versions; /* LockedVersion: the current one, then those kept to go back to */
} LockedPlugin;

typedef struct {
    char *instance;
    char *source;
    char *commit; /* NULL outside Git */
    char *tree;   /* "sha256:…" */
} LockedModule;

typedef struct {
    char *plugin;
    char *version; /* that is held out */
    char *why;
    char *run; /* may be NULL */
} LockHold;

typedef struct {
    char *environment;
    GHashTable *repositories; /* id → url */
    GPtrArray *plugins;       /* LockedPlugin, by name */
    GPtrArray *modules;       /* LockedModule, by instance */
    GPtrArray *holds;         /* LockHold */
} Lock;

Lock *lock_new(const char *environment);
void lock_free(Lock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lock, lock_free)

/* Reads a lock; a missing file is PLUGIN_ERROR_NOT_FOUND. Everything in it is checked: names, hex, paths that
 * would escape. At most 16 MiB. */
Lock *lock_read(const char *path, GError **error);
/* The same from text already read; `name` stands for it in messages. For a fuzz target and a lock at a
 * commit. */
Lock *lock_parse(const char *text, gsize length, const char *name, GError **error);
bool lock_write(const Lock *lock, const char *path, GError **error);
json_t *lock_to_json(const Lock *lock);
Lock *lock_copy(const Lock *lock);

/* "sha256:…" over the canonical form without `reports`: what a plan holds. */
char *lock_digest(const Lock *lock);

/* Adds to `lock` what `from` knows of classes' reports, for the same bytes of the same plugin and version.
 * What is there stays. Gives the names of the plugins that got some (char *, maybe none). */
GPtrArray *lock_learn(Lock *lock, const Lock *from);

/* NULL where not there; owned by the lock. */
LockedPlugin *lock_find_plugin(const Lock *lock, const char *name);
LockedModule *lock_find_module(const Lock *lock, const char *instance);
/* Adds a plugin without versions, at its place by name; owned by the lock. */
LockedPlugin *lock_add_plugin(Lock *lock, const char *name);
/* Whether a version ("1.5.0", or a SNAPSHOT's time-stamped form) is held out. */
bool lock_holds(const Lock *lock, const char *plugin, const char *version);
void lock_add_hold(Lock *lock, const char *plugin, const char *version, const char *why, const char *run);
/* The current version, never NULL for a plugin of a lock that was read. */
LockedVersion *locked_plugin_current(const LockedPlugin *plugin);
/* Makes `version` (owned by the lock after it; a copy where it is one of the plugin's own) the current one;
 * the former current one comes second, an older entry of the same version is dropped, and the list is cut to
 * `keep` versions (at least 2).
 */
void locked_plugin_advance(LockedPlugin *plugin, LockedVersion *version, guint keep);
void lock_set_module(Lock *lock, const char *instance, const char *source, const char *commit,
                     const char *tree);
LockedVersion *locked_version_copy(const LockedVersion *version);
void locked_version_free(LockedVersion *version);
LockedPlugin *locked_plugin_copy(const LockedPlugin *plugin);

/* Whether a locked plugin is from where a request says: coordinates, URL or file, and repository. A file
 * below `root` is locked relative to it. */
bool locked_plugin_is_from(const LockedPlugin *plugin, const PluginRequest *request, const char *root);
/* Whether its current version is one that is asked for. What had to be looked up (latest, release, promoted)
 * is.
 */
bool locked_plugin_fits(const LockedPlugin *plugin, const PluginRequest *request);

/* What lock_resolve() did to one plugin. */
typedef struct {
    char *name;
    char *before; /* NULL: new */
    char *after;  /* NULL: no longer asked for, removed */
} LockChange;
void lock_change_free(LockChange *change);

typedef struct {
    GPtrArray *requests;        /* PluginRequest: all that the environment asks for */
    GPtrArray *repositories;    /* RepositorySpec */
    bool upgrade_all;           /* resolve again what is already satisfied */
    const char *const *upgrade; /* names, NULL-terminated; may be NULL */
    const char *const *unhold;  /* names whose holds are dropped, and which are resolved again; may be NULL */
    const char *root; /* of the declarations: a file: below it is locked relative to it; NULL: all absolute */
    const char *cache;                                      /* folder; NULL: files_cache("artifacts") */
    void (*progress)(const char *what, gpointer user_data); /* may be NULL; from any thread */
    gpointer user_data;
    GCancellable *cancellable;
} LockRequest;

/* Resolves requests into the lock, downloading into the cache to learn size and SHA-256: an entry whose
 * request is unchanged stays; where that demands a SHA-512, which no lock has, its bytes are checked once
 * more. "promoted" is never resolved: the entry that is there stays, and where there is none the plugin waits
 * for its promotion. Gives the changes (GPtrArray of LockChange, maybe empty); the lock is untouched on
 * failure. */
GPtrArray *lock_resolve(Lock *lock, const LockRequest *request, GError **error);
