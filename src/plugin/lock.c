/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/lock.h"

void locked_version_free(LockedVersion *version) {
    if (version == NULL)
        return;
    g_free(version->version);
    g_free(version->resolved);
    g_free(version->repository);
    g_free(version->path);
    g_free(version->sha256);
    g_free(version->commit);
    g_clear_pointer(&version->reports, g_hash_table_unref);
    g_free(version);
}

static void free_version(gpointer version) {
    locked_version_free(version);
}

static void locked_plugin_free(gpointer data) {
    LockedPlugin *plugin = data;
    g_free(plugin->name);
    g_ptr_array_unref(plugin->connect);
    g_free(plugin->maven);
    g_free(plugin->url);
    g_free(plugin->file);
    g_free(plugin->requested);
    g_ptr_array_unref(plugin->versions);
    g_free(plugin);
}

static void locked_module_free(gpointer data) {
    LockedModule *module = data;
    g_free(module->instance);
    g_free(module->source);
    g_free(module->commit);
    g_free(module->tree);
    g_free(module);
}

static void lock_hold_free(gpointer data) {
    LockHold *hold = data;
    g_free(hold->plugin);
    g_free(hold->version);
    g_free(hold->why);
    g_free(hold->run);
    g_free(hold);
}

Lock *lock_new(const char *environment) {
    Lock *lock = g_new0(Lock, 1);
    lock->environment = g_strdup(environment);
    lock->repositories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    lock->plugins = g_ptr_array_new_with_free_func(locked_plugin_free);
    lock->modules = g_ptr_array_new_with_free_func(locked_module_free);
    lock->holds = g_ptr_array_new_with_free_func(lock_hold_free);
    return lock;
}

void lock_free(Lock *lock) {
    if (lock == NULL)
        return;
    g_free(lock->environment);
    g_hash_table_unref(lock->repositories);
    g_ptr_array_unref(lock->plugins);
    g_ptr_array_unref(lock->modules);
    g_ptr_array_unref(lock->holds);
    g_free(lock);
}

static gpointer copy_text(gconstpointer text, gpointer user_data) {
    return g_strdup(text);
}

static gpointer copy_version(gconstpointer version, gpointer user_data) {
    return locked_version_copy(version);
}

static gpointer copy_plugin(gconstpointer plugin, gpointer user_data) {
    return locked_plugin_copy(plugin);
}

static gpointer copy_module(gconstpointer data, gpointer user_data) {
    const LockedModule *module = data;
    LockedModule *copy = g_new0(LockedModule, 1);
    copy->instance = g_strdup(module->instance);
    copy->source = g_strdup(module->source);
    copy->commit = g_strdup(module->commit);
    copy->tree = g_strdup(module->tree);
    return copy;
}

static gpointer copy_hold(gconstpointer data, gpointer user_data) {
    const LockHold *hold = data;
    LockHold *copy = g_new0(LockHold, 1);
    copy->plugin = g_strdup(hold->plugin);
    copy->version = g_strdup(hold->version);
    copy->why = g_strdup(hold->why);
    copy->run = g_strdup(hold->run);
    return copy;
}

/* An array of copies that frees them as `from` does its own. */
static GPtrArray *copy_array(const GPtrArray *from, gpointer (*copy)(gconstpointer, gpointer),
                             GDestroyNotify free_function) {
    GPtrArray *copies = g_ptr_array_new_with_free_func(free_function);
    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(copies, copy(from->pdata[i], NULL));
    return copies;
}

static GHashTable *copy_texts(GHashTable *from) {
    GHashTable *copy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iterator;
    g_hash_table_iter_init(&iterator, from);
    for (gpointer key, value; g_hash_table_iter_next(&iterator, &key, &value);)
        g_hash_table_insert(copy, g_strdup(key), g_strdup(value));
    return copy;
}

LockedVersion *locked_version_copy(const LockedVersion *version) {
    LockedVersion *copy = g_new0(LockedVersion, 1);
    copy->version = g_strdup(version->version);
    copy->resolved = g_strdup(version->resolved);
    copy->repository = g_strdup(version->repository);
    copy->path = g_strdup(version->path);
    copy->size = version->size;
    copy->sha256 = g_strdup(version->sha256);
    copy->commit = g_strdup(version->commit);
    copy->reports = version->reports != NULL ? copy_texts(version->reports) : NULL;
    return copy;
}

LockedPlugin *locked_plugin_copy(const LockedPlugin *plugin) {
    LockedPlugin *copy = g_new0(LockedPlugin, 1);
    copy->name = g_strdup(plugin->name);
    copy->connect = copy_array(plugin->connect, copy_text, g_free);
    copy->maven = g_strdup(plugin->maven);
    copy->url = g_strdup(plugin->url);
    copy->file = g_strdup(plugin->file);
    copy->requested = g_strdup(plugin->requested);
    copy->versions = copy_array(plugin->versions, copy_version, free_version);
    return copy;
}

Lock *lock_copy(const Lock *lock) {
    Lock *copy = g_new0(Lock, 1);
    copy->environment = g_strdup(lock->environment);
    copy->repositories = copy_texts(lock->repositories);
    copy->plugins = copy_array(lock->plugins, copy_plugin, locked_plugin_free);
    copy->modules = copy_array(lock->modules, copy_module, locked_module_free);
    copy->holds = copy_array(lock->holds, copy_hold, lock_hold_free);
    return copy;
}

LockedPlugin *lock_find_plugin(const Lock *lock, const char *name) {
    for (guint i = 0; i < lock->plugins->len; i++) {
        LockedPlugin *plugin = lock->plugins->pdata[i];
        if (g_str_equal(plugin->name, name))
            return plugin;
    }
    return NULL;
}

LockedModule *lock_find_module(const Lock *lock, const char *instance) {
    for (guint i = 0; i < lock->modules->len; i++) {
        LockedModule *module = lock->modules->pdata[i];
        if (g_str_equal(module->instance, instance))
            return module;
    }
    return NULL;
}

static int compare_plugins(gconstpointer left, gconstpointer right) {
    const LockedPlugin *const *l = left, *const *r = right;
    return strcmp((*l)->name, (*r)->name);
}

LockedPlugin *lock_add_plugin(Lock *lock, const char *name) {
    LockedPlugin *plugin = g_new0(LockedPlugin, 1);
    plugin->name = g_strdup(name);
    plugin->connect = g_ptr_array_new_with_free_func(g_free);
    plugin->versions = g_ptr_array_new_with_free_func(free_version);
    g_ptr_array_add(lock->plugins, plugin);
    g_ptr_array_sort(lock->plugins, compare_plugins);
    return plugin;
}

LockedVersion *locked_plugin_current(const LockedPlugin *plugin) {
    return plugin->versions->len > 0 ? plugin->versions->pdata[0] : NULL;
}

void locked_plugin_advance(LockedPlugin *plugin, LockedVersion *version, guint keep) {
    for (guint i = plugin->versions->len; i > 0; i--) {
        const LockedVersion *kept = plugin->versions->pdata[i - 1];
        if (g_str_equal(kept->version, version->version))
            g_ptr_array_remove_index(plugin->versions, i - 1);
    }
    g_ptr_array_insert(plugin->versions, 0, version);
    guint limit = MAX(keep, 2);
    if (plugin->versions->len > limit)
        g_ptr_array_set_size(plugin->versions, (int)limit);
}

static LockedVersion *find_same(const LockedPlugin *plugin, const LockedVersion *version) {
    for (guint i = 0; i < plugin->versions->len; i++) {
        LockedVersion *candidate = plugin->versions->pdata[i];
        if (g_str_equal(candidate->version, version->version) &&
            g_str_equal(candidate->sha256, version->sha256))
            return candidate;
    }
    return NULL;
}

static bool learn_version(LockedVersion *version, const LockedVersion *from) {
    bool learnt = false;
    GHashTableIter iterator;
    g_hash_table_iter_init(&iterator, from->reports);
    for (gpointer class_name, reported; g_hash_table_iter_next(&iterator, &class_name, &reported);) {
        if (version->reports == NULL)
            version->reports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        if (g_hash_table_contains(version->reports, class_name))
            continue;
        g_hash_table_insert(version->reports, g_strdup(class_name), g_strdup(reported));
        learnt = true;
    }
    return learnt;
}

static bool learn_plugin(LockedPlugin *plugin, const LockedPlugin *from) {
    bool learnt = false;
    for (guint i = 0; i < from->versions->len; i++) {
        const LockedVersion *known = from->versions->pdata[i];
        LockedVersion *version = known->reports != NULL ? find_same(plugin, known) : NULL;
        learnt = (version != NULL && learn_version(version, known)) || learnt;
    }
    return learnt;
}

GPtrArray *lock_learn(Lock *lock, const Lock *from) {
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < from->plugins->len; i++) {
        const LockedPlugin *known = from->plugins->pdata[i];
        LockedPlugin *plugin = lock_find_plugin(lock, known->name);
        if (plugin != NULL && learn_plugin(plugin, known))
            g_ptr_array_add(names, g_strdup(plugin->name));
    }
    return names;
}

static int compare_modules(gconstpointer left, gconstpointer right) {
    const LockedModule *const *l = left, *const *r = right;
    return strcmp((*l)->instance, (*r)->instance);
}

void lock_set_module(Lock *lock, const char *instance, const char *source, const char *commit,
                     const char *tree) {
    LockedModule set = {(char *)instance, (char *)source, (char *)commit, (char *)tree};
    LockedModule *made = copy_module(&set, NULL);
    LockedModule *there = lock_find_module(lock, instance);
    if (there != NULL)
        g_ptr_array_remove(lock->modules, there);
    g_ptr_array_add(lock->modules, made);
    g_ptr_array_sort(lock->modules, compare_modules);
}

void lock_add_hold(Lock *lock, const char *plugin, const char *version, const char *why, const char *run) {
    LockHold hold = {(char *)plugin, (char *)version, (char *)why, (char *)run};
    g_ptr_array_add(lock->holds, copy_hold(&hold, NULL));
}

bool lock_holds(const Lock *lock, const char *plugin, const char *version) {
    for (guint i = 0; i < lock->holds->len; i++) {
        const LockHold *hold = lock->holds->pdata[i];
        if (g_str_equal(hold->plugin, plugin) && g_str_equal(hold->version, version))
            return true;
    }
    return false;
}

void lock_change_free(LockChange *change) {
    if (change == NULL)
        return;
    g_free(change->name);
    g_free(change->before);
    g_free(change->after);
    g_free(change);
}
