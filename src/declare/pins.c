/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/pins.h"

#include <string.h>

#include "declare/digest.h"

#define MODULE_FILE "module.yaml"

void pinned_module_clear(PinnedModule *module) {
    g_free(module->commit);
}

ModuleCache *module_cache_new(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* --- Reading, once for all instances -------------------------------------------------------------------- */

static bool find_cached(ModuleCache *cache, const char *id, PinnedModule *module) {
    gpointer document = NULL;
    if (!g_hash_table_lookup_extended(cache, id, NULL, &document))
        return false;
    module->document = document;
    return true;
}

static void remember(ModuleCache *cache, const char *id, PinnedModule *module, const Document *document) {
    module->document = document;
    g_hash_table_insert(cache, g_strdup(id), (gpointer)document);
}

static void open_folder(Loader *loader, ModuleCache *cache, const ModuleSource *source, Position at,
                        PinnedModule *module) {
    g_autofree char *path = g_build_filename(source->folder, MODULE_FILE, NULL);
    if (!find_cached(cache, path, module))
        remember(cache, path, module, loader_read(loader, path, at));
}

/* `name` is the module's file as messages show it, behind the commit, as Git writes it. */
static bool open_commit(Loader *loader, ModuleCache *cache, GitRepository *git, const char *commit,
                        const char *path, const char *name, Position at, PinnedModule *module,
                        GError **error) {
    g_autofree char *id = g_strdup_printf("%s@%s", name, commit);
    module->commit = g_strdup(commit);
    if (find_cached(cache, id, module))
        return true;
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) bytes = git_show(git, commit, path, &failure);
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        loader_mistake(loader, at, error_hint(failure), "%s", failure->message);
        remember(cache, id, module, NULL);
        return true;
    }
    if (bytes == NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    g_autofree char *shown = g_strdup_printf("%.7s:%s", commit, name);
    remember(cache, id, module, loader_read_bytes(loader, id, shown, bytes));
    return true;
}

/* --- Pins ----------------------------------------------------------------------------------------------- */

static char *promote_hint(const Loader *loader, const char *instance) {
    return g_strdup_printf("run: sluice promote %s %s %s",
                           loader->previous != NULL ? loader->previous : "FROM", loader->environment,
                           instance);
}

static bool pin_is_of_source(Loader *loader, const LockedModule *pin, const ModuleSource *source, bool first,
                             Position at) {
    if (module_source_matches(loader, source, pin->source, first))
        return true;
    g_autofree char *promote = promote_hint(loader, pin->instance);
    g_autofree char *lock = g_strdup_printf("run: sluice lock %s", loader->environment);
    loader_mistake(loader, at, first ? lock : promote,
                   "the lock pins '%s' to the module '%s', not to this one", pin->instance, pin->source);
    return false;
}

static bool open_remote(Loader *loader, ModuleCache *cache, const LockedModule *pin,
                        const ModuleSource *source, Position at, PinnedModule *module, GError **error) {
    if (pin->commit == NULL) {
        loader_mistake(loader, at, NULL, "the lock has no commit of the module of '%s'", pin->instance);
        return true;
    }
    g_autoptr(GError) failure = NULL;
    g_autoptr(GitRepository) git = module_source_fetch(source, pin->commit, NULL, &failure);
    if (git == NULL) {
        loader_mistake(loader, at, error_hint(failure), "cannot fetch the module: %s", failure->message);
        return true;
    }
    g_autofree char *path = g_build_filename(source->folder, MODULE_FILE, NULL);
    g_autofree char *name = g_strdup_printf("%s//%s", source->url, path);
    return open_commit(loader, cache, git, pin->commit, path, name, at, module, error);
}

static bool open_pinned_folder(Loader *loader, ModuleCache *cache, const LockedModule *pin,
                               const ModuleSource *source, Position at, PinnedModule *module,
                               GError **error) {
    g_autofree char *folder = g_build_filename(loader->root, source->folder, NULL);
    g_autofree char *tree = digest_of_tree(folder, error);
    if (tree == NULL)
        return false;
    if (g_strcmp0(tree, pin->tree) == 0) {
        open_folder(loader, cache, source, at, module);
        return true;
    }
    g_autofree char *hint = promote_hint(loader, pin->instance);
    loader_mistake(loader, at, hint, "the folder '%s' has changed since it was promoted to '%s'",
                   source->folder, loader->environment);
    return true;
}

static bool open_local(Loader *loader, ModuleCache *cache, const LockedModule *pin,
                       const ModuleSource *source, Position at, PinnedModule *module, GError **error) {
    if (pin->commit == NULL)
        return open_pinned_folder(loader, cache, pin, source, at, module, error);
    if (loader->git == NULL) {
        loader_mistake(loader, at, "clone the declarations with git",
                       "'%s' is pinned to the commit %.7s, and this is no Git repository", pin->instance,
                       pin->commit);
        return true;
    }
    g_autofree char *name = g_build_filename(source->folder, MODULE_FILE, NULL);
    g_autofree char *path = g_build_filename(loader->git_prefix, name, NULL);
    return open_commit(loader, cache, loader->git, pin->commit, path, name, at, module, error);
}

bool pins_open(Loader *loader, ModuleCache *cache, const Lock *lock, bool first, const char *instance,
               const ModuleSource *source, Position at, PinnedModule *module, GError **error) {
    if (first && source->url == NULL) {
        open_folder(loader, cache, source, at, module);
        return true;
    }
    const LockedModule *pin = lock_find_module(lock, instance);
    if (pin == NULL) {
        module->waiting = true;
        return true;
    }
    if (!pin_is_of_source(loader, pin, source, first, at))
        return true;
    return source->url != NULL ? open_remote(loader, cache, pin, source, at, module, error)
                               : open_local(loader, cache, pin, source, at, module, error);
}
