/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/learn.h"

#include "engine/installed.h"

/* All classes of a version or none: half a list would hide the others. */
static GHashTable *reports_of(Engine *engine, const Lock *lock, const LiveCluster *cluster,
                              const LockedPlugin *plugin, const LockedVersion *version, GError **error) {
    g_auto(GStrv) classes = installed_classes(engine, lock, plugin, version, error);
    if (classes == NULL)
        return NULL;
    g_autoptr(GHashTable) reports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (char **name = classes; *name != NULL; name++) {
        const char *reported = installed_report_everywhere(cluster, plugin, version, *name, NULL);
        if (reported == NULL) {
            g_hash_table_remove_all(reports);
            break;
        }
        g_hash_table_insert(reports, g_strdup(*name), g_strdup(reported));
    }
    return g_steal_pointer(&reports);
}

static bool learn_version(Engine *engine, Lock *lock, const LiveCluster *cluster, const LockedPlugin *plugin,
                          LockedVersion *version, GError **error) {
    if (version->reports != NULL && g_hash_table_size(version->reports) > 0)
        return true;
    g_autoptr(GHashTable) reports = reports_of(engine, lock, cluster, plugin, version, error);
    if (reports == NULL)
        return false;
    g_clear_pointer(&version->reports, g_hash_table_unref);
    version->reports = g_steal_pointer(&reports);
    return true;
}

static bool learn_plugin(Engine *engine, Lock *lock, const Live *live, const LockedPlugin *plugin,
                         GError **error) {
    const LiveCluster *cluster =
        plugin->connect->len > 0 ? live_cluster(live, plugin->connect->pdata[0]) : NULL;
    for (guint i = 0; cluster != NULL && i < plugin->versions->len; i++)
        if (!learn_version(engine, lock, cluster, plugin, plugin->versions->pdata[i], error))
            return false;
    return true;
}

/* The environment's lock with all that its workers report. */
static Lock *learn_lock(Engine *engine, const Live *live, GError **error) {
    g_autoptr(Lock) lock = lock_copy(engine->environment->lock);
    for (guint i = 0; i < lock->plugins->len; i++)
        if (!learn_plugin(engine, lock, live, lock->plugins->pdata[i], error))
            return NULL;
    return g_steal_pointer(&lock);
}

/* Into the file as it is by now: others may have locked since it was read. */
static GPtrArray *write_reports(const Lock *learnt, const char *path, GError **error) {
    g_autoptr(Lock) lock = lock_read(path, error);
    if (lock == NULL)
        return NULL;
    g_autoptr(GPtrArray) names = lock_learn(lock, learnt);
    return names->len == 0 || lock_write(lock, path, error) ? g_steal_pointer(&names) : NULL;
}

GPtrArray *learn_reports(Engine *engine, const Live *live, GError **error) {
    const Environment *environment = engine->environment;
    if (!environment->has_lock)
        return g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Lock) learnt = learn_lock(engine, live, error);
    if (learnt == NULL)
        return NULL;
    g_autoptr(Lock) known = lock_copy(environment->lock);
    g_autoptr(GPtrArray) new = lock_learn(known, learnt);
    return new->len > 0 ? write_reports(learnt, environment->lock_path, error) : g_steal_pointer(&new);
}
