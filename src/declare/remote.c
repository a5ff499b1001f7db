/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/changes.h"
#include "declare/digest.h"
#include "declare/targets.h"

static bool pin(const Target *target, Lock *lock, GPtrArray *changes, GError **error) {
    g_autofree char *commit = NULL, *tree = NULL;
    g_autoptr(GitRepository) git = module_source_fetch(target->source, target->source->ref, &commit, error);
    if (git != NULL)
        tree = digest_of_commit(git, commit, target->source->folder, error);
    if (tree == NULL) {
        g_prefix_error(error, "cannot pin the module of '%s': ", target->instance);
        return false;
    }
    const LockedModule *before = lock_find_module(lock, target->instance);
    if (before == NULL || g_strcmp0(before->commit, commit) != 0)
        changes_add(changes, target->instance, NULL, before != NULL ? before->commit : NULL, commit);
    lock_set_module(lock, target->instance, target->source->written, commit, tree);
    return true;
}

static bool is_pinned(Loader *loader, const Target *target, const Lock *lock) {
    const LockedModule *there = lock_find_module(lock, target->instance);
    return there != NULL && there->commit != NULL &&
           module_source_matches(loader, target->source, there->source, true);
}

GPtrArray *declare_pin_remote(const char *root, const char *environment, bool upgrade, Lock *lock,
                              Diagnostics *diagnostics, GError **error) {
    g_autoptr(Loader) loader = loader_new(root, NULL, diagnostics);
    loader->environment = g_strdup(environment);
    bool first = false;
    GError *failure = NULL;
    g_autoptr(GPtrArray) targets = targets_read(loader, &first, &failure);
    if (targets == NULL && failure == NULL)
        error_set(&failure, DECLARE_ERROR, DECLARE_ERROR_INVALID, NULL,
                  "the declarations of '%s' have mistakes", environment);
    if (targets == NULL) {
        g_propagate_error(error, failure);
        return NULL;
    }
    g_autoptr(GPtrArray) changes = changes_new();
    for (guint i = 0; first && i < targets->len; i++) {
        const Target *target = targets->pdata[i];
        if (target->source->url == NULL || (!upgrade && is_pinned(loader, target, lock)))
            continue;
        if (!pin(target, lock, changes, error))
            return NULL;
    }
    return g_steal_pointer(&changes);
}
