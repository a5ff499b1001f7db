/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/installed.h"

#include <string.h>

#include "plugin/fetch.h"
#include "plugin/manifest.h"

static char **reported_classes(const LockedVersion *version) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    GHashTableIter iterator;
    gpointer name;
    for (g_hash_table_iter_init(&iterator, version->reports); g_hash_table_iter_next(&iterator, &name, NULL);)
        g_ptr_array_add(names, name);
    g_ptr_array_sort(names, (GCompareFunc)(void (*)(void))g_strcmp0);
    g_ptr_array_add(names, NULL);
    return g_strdupv((char **)names->pdata);
}

static char **read_classes(Engine *engine, const Lock *lock, const LockedPlugin *plugin,
                           const LockedVersion *version, GError **error) {
    engine_progress(engine, "reading %s %s", plugin->name, version->version);
    g_autofree char *path = plugin_cached(version, lock, engine->environment->repositories,
                                          engine->environment->root, NULL, engine->options.abort, error);
    if (path == NULL)
        return NULL;
    g_autoptr(Manifest) manifest = manifest_read(path, error);
    return manifest != NULL ? g_strdupv((char **)manifest_services(manifest)) : NULL;
}

/* Asked for by every connector, at times side by side. */
char **installed_classes(Engine *engine, const Lock *lock, const LockedPlugin *plugin,
                         const LockedVersion *version, GError **error) {
    if (version->reports != NULL && g_hash_table_size(version->reports) > 0)
        return reported_classes(version);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&engine->artifacts_lock);
    char **known = g_hash_table_lookup(engine->artifacts, version->sha256);
    if (known == NULL) {
        known = read_classes(engine, lock, plugin, version, error);
        if (known == NULL)
            return NULL;
        g_hash_table_insert(engine->artifacts, g_strdup(version->sha256), known);
    }
    return g_strdupv(known);
}

static bool has(const GPtrArray *plugins, const char *class_name, const char *version) {
    for (guint i = 0; i < plugins->len; i++) {
        const ConnectPlugin *plugin = plugins->pdata[i];
        if (strcmp(plugin->class_name, class_name) == 0 &&
            (version == NULL || g_strcmp0(plugin->version, version) == 0))
            return true;
    }
    return false;
}

static bool worker_has(const LiveWorker *worker, const char *class_name, const char *version) {
    return has(worker->plugins, class_name, version);
}

static const char *learnt(const LockedVersion *version, const char *class_name) {
    return version->reports != NULL ? g_hash_table_lookup(version->reports, class_name) : NULL;
}

/* Whether a version that a class reports belongs to one of the plugin's locked versions for certain. */
static bool is_explained(const LockedPlugin *plugin, const char *class_name, const char *reported) {
    for (guint i = 0; i < plugin->versions->len; i++) {
        const LockedVersion *version = plugin->versions->pdata[i];
        const char *known = learnt(version, class_name);
        if (g_strcmp0(known != NULL ? known : version->version, reported) == 0)
            return true;
    }
    return false;
}

static bool is_matched(const LiveWorker *worker, const LockedVersion *version, const char *class_name) {
    return learnt(version, class_name) != NULL || worker_has(worker, class_name, version->version);
}

/* The distinct versions that a class reports, no locked version explains, and `before` (may be NULL) lacks;
 * borrowed. */
static GPtrArray *unexplained(const LiveWorker *worker, const LockedPlugin *plugin, const char *class_name,
                              const GPtrArray *before) {
    GPtrArray *reported = g_ptr_array_new();
    for (guint i = 0; i < worker->plugins->len; i++) {
        const ConnectPlugin *row = worker->plugins->pdata[i];
        if (strcmp(row->class_name, class_name) == 0 && row->version != NULL &&
            !is_explained(plugin, class_name, row->version) &&
            !(before != NULL && has(before, class_name, row->version)) &&
            !g_ptr_array_find_with_equal_func(reported, row->version, g_str_equal, NULL))
            g_ptr_array_add(reported, row->version);
    }
    return reported;
}

/* By elimination: the one version that came by the roll belongs to the one locked version without a match.
 * Anything else would be a guess: others install versions too, and a worker may not have been rolled yet. */
static const char *eliminate(const LiveWorker *worker, const LockedPlugin *plugin, const char *class_name) {
    g_autoptr(GPtrArray) fresh = unexplained(worker, plugin, class_name, worker->before);
    guint without_match = 0;
    for (guint i = 0; i < plugin->versions->len; i++)
        without_match += is_matched(worker, plugin->versions->pdata[i], class_name) ? 0 : 1;
    return fresh->len == 1 && without_match == 1 ? fresh->pdata[0] : NULL;
}

const char *installed_report(const LiveWorker *worker, const LockedPlugin *plugin,
                             const LockedVersion *version, const char *class_name) {
    if (worker->plugins == NULL)
        return NULL;
    const char *known = learnt(version, class_name);
    if (known != NULL)
        return worker_has(worker, class_name, known) ? known : NULL;
    if (worker_has(worker, class_name, version->version))
        return version->version;
    return worker->before != NULL ? eliminate(worker, plugin, class_name) : NULL;
}

static int by_version_number(gconstpointer left, gconstpointer right) {
    return version_compare(*(const char *const *)left, *(const char *const *)right);
}

static char *join_versions(GPtrArray *versions) {
    if (versions->len == 0)
        return NULL;
    g_ptr_array_sort(versions, by_version_number);
    g_ptr_array_add(versions, NULL);
    return g_strjoinv(", ", (char **)versions->pdata);
}

char *installed_guess(const LiveWorker *worker, const LockedPlugin *plugin, const LockedVersion *version,
                      const char *class_name) {
    if (worker->plugins == NULL)
        return NULL;
    g_autoptr(GPtrArray) reported = unexplained(worker, plugin, class_name, worker->before);
    if (reported->len == 0) {
        g_ptr_array_unref(reported);
        reported = unexplained(worker, plugin, class_name, NULL);
    }
    const char *which = reported->len > 1 ? "one of " : "";
    g_autofree char *versions = join_versions(reported);
    return versions == NULL
               ? NULL
               : g_strdup_printf(
                     "where %s%s, which it reports, is %s %s, write that into the lock as its \"reports\"",
                     which, versions, plugin->name, version->version);
}

char *installed_hint(const char *usual, const char *guess) {
    return guess == NULL ? g_strdup(usual) : g_strdup_printf("%s; or, %s", usual, guess);
}

const char *installed_report_everywhere(const LiveCluster *cluster, const LockedPlugin *plugin,
                                        const LockedVersion *version, const char *class_name,
                                        const LiveWorker **lacking) {
    const char *everywhere = NULL;
    for (guint i = 0; i < cluster->workers->len; i++) {
        const LiveWorker *worker = cluster->workers->pdata[i];
        if (worker->plugins == NULL)
            continue;
        const char *here = installed_report(worker, plugin, version, class_name);
        if (here == NULL || (everywhere != NULL && strcmp(here, everywhere) != 0)) {
            if (lacking != NULL)
                *lacking = worker;
            return NULL;
        }
        everywhere = here;
    }
    return everywhere;
}

bool installed_is_for(const LockedPlugin *plugin, const char *cluster) {
    return g_ptr_array_find_with_equal_func(plugin->connect, cluster, g_str_equal, NULL);
}

bool installed_is_complete(Engine *engine, const Lock *lock, const LiveWorker *worker,
                           const LockedPlugin *plugin, bool *complete, char **guess, GError **error) {
    *complete = true;
    for (guint i = 0; i < plugin->versions->len && *complete; i++) {
        const LockedVersion *version = plugin->versions->pdata[i];
        g_auto(GStrv) classes = installed_classes(engine, lock, plugin, version, error);
        if (classes == NULL)
            return false;
        for (char **name = classes; *name != NULL && *complete; name++) {
            *complete = installed_report(worker, plugin, version, *name) != NULL;
            if (!*complete && guess != NULL)
                *guess = installed_guess(worker, plugin, version, *name);
        }
    }
    return true;
}

char *installed_versions(const LiveWorker *worker, char **classes) {
    g_autoptr(GPtrArray) versions = g_ptr_array_new();
    for (guint i = 0; worker->plugins != NULL && i < worker->plugins->len; i++) {
        const ConnectPlugin *row = worker->plugins->pdata[i];
        if (row->version != NULL && g_strv_contains((const char *const *)classes, row->class_name) &&
            !g_ptr_array_find_with_equal_func(versions, row->version, g_str_equal, NULL))
            g_ptr_array_add(versions, row->version);
    }
    return join_versions(versions);
}

bool installed_has_class(const LiveCluster *cluster, const char *class_name) {
    for (guint i = 0; i < cluster->workers->len; i++) {
        const LiveWorker *worker = cluster->workers->pdata[i];
        if (worker->plugins != NULL && worker_has(worker, class_name, NULL))
            return true;
    }
    return false;
}

bool installed_side_by_side(const LiveCluster *cluster) {
    return connect_version_at_least(cluster->info->version, 4, 1);
}

const char **installed_class_names(const LiveCluster *cluster) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const LiveWorker *worker = cluster->workers->pdata[0];
    for (guint i = 0; worker->plugins != NULL && i < worker->plugins->len; i++)
        g_ptr_array_add(names, ((const ConnectPlugin *)worker->plugins->pdata[i])->class_name);
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}
