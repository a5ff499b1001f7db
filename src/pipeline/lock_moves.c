/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/lock_moves.h"

#include <string.h>

static void add(json_t *moves, const char *kind, const char *name, const char *version) {
    json_array_append_new(moves,
                          json_pack("{s:s, s:s, s:s}", "kind", kind, "name", name, "version", version));
}

/* A pin is a commit, or outside Git a tree. */
static const char *pin_of(const LockedModule *module) {
    return module->commit != NULL ? module->commit : module->tree;
}

json_t *lock_moves(const Lock *before, const Lock *after) {
    json_t *moves = json_array();
    for (guint i = 0; i < after->plugins->len; i++) {
        const LockedPlugin *now = after->plugins->pdata[i], *then = lock_find_plugin(before, now->name);
        const char *version = locked_plugin_current(now)->resolved;
        if (then != NULL && strcmp(locked_plugin_current(then)->resolved, version) != 0)
            add(moves, "plugin", now->name, version);
    }
    for (guint i = 0; i < after->modules->len; i++) {
        const LockedModule *now = after->modules->pdata[i], *then = lock_find_module(before, now->instance);
        if (then != NULL && g_strcmp0(pin_of(now), pin_of(then)) != 0)
            add(moves, "module", now->instance, pin_of(now));
    }
    return moves;
}

static void say(GString *said, const char *name, const char *version) {
    g_string_append_printf(said, "%s%s to %.*s", said->len > 0 ? ", " : "", name,
                           strlen(version) == 40 ? 10 : 200, version);
}

static void replace_plugin(Lock *lock, const LockedPlugin *then) {
    for (guint i = 0; i < lock->plugins->len; i++) {
        LockedPlugin *plugin = lock->plugins->pdata[i];
        if (strcmp(plugin->name, then->name) != 0)
            continue;
        g_ptr_array_remove_index(lock->plugins, i);
        g_ptr_array_insert(lock->plugins, (int)i, locked_plugin_copy(then));
        return;
    }
}

static void take_plugin_back(Lock *lock, const Lock *before, const char *name, const char *version,
                             const char *why, const char *run, GString *said) {
    const LockedPlugin *now = lock_find_plugin(lock, name), *then = lock_find_plugin(before, name);
    if (now == NULL || then == NULL || strcmp(locked_plugin_current(now)->resolved, version) != 0)
        return;
    replace_plugin(lock, then);
    if (!lock_holds(lock, name, version))
        lock_add_hold(lock, name, version, why, run);
    say(said, name, locked_plugin_current(then)->resolved);
}

static void take_module_back(Lock *lock, const Lock *before, const char *name, const char *version,
                             GString *said) {
    const LockedModule *now = lock_find_module(lock, name), *then = lock_find_module(before, name);
    if (now == NULL || then == NULL || g_strcmp0(pin_of(now), version) != 0)
        return;
    lock_set_module(lock, name, then->source, then->commit, then->tree);
    say(said, name, pin_of(then));
}

char *lock_take_back(Lock *lock, const Lock *before, const json_t *moves, const char *why, const char *run) {
    g_autoptr(GString) said = g_string_new(NULL);
    const json_t *move;
    size_t index;
    json_array_foreach (moves, index, move) {
        const char *name = json_get_string(move, "name"), *version = json_get_string(move, "version");
        if (strcmp(json_get_string(move, "kind"), "plugin") == 0)
            take_plugin_back(lock, before, name, version, why, run, said);
        else
            take_module_back(lock, before, name, version, said);
    }
    return said->len > 0 ? g_strdup(said->str) : NULL;
}
