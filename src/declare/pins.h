/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which bytes of a module an environment is rendered from: the first one's from the work tree, those of an
 * environment after it from the commit in its lock. Outside Git from the folder, held to the tree that the
 * lock recorded.
 */
#pragma once

#include "declare/source.h"

typedef struct {
    const Document *document; /* NULL: waiting, or a mistake was reported */
    char *commit;             /* NULL: the work tree */
    bool waiting;             /* for its first promotion (or, a remote one, for `lock`) */
} PinnedModule;

void pinned_module_clear(PinnedModule *module);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PinnedModule, pinned_module_clear)

/* Documents read before, so that instances share them. */
typedef GHashTable ModuleCache; /* path[@commit] → const Document, NULL where it has mistakes */
ModuleCache *module_cache_new(void);

/* Reads the module.yaml that an instance is rendered from. False only for what is no mistake in a file. */
bool pins_open(Loader *loader, ModuleCache *cache, const Lock *lock, bool first, const char *instance,
               const ModuleSource *source, Position at, PinnedModule *module, GError **error);
