/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/planner.h"

static bool uses_plugin(const DesiredConnector *connector, const char *plugin) {
    return g_ptr_array_find_with_equal_func(connector->plugins, plugin, g_str_equal, NULL);
}

char *planner_rollout_address(const char *cluster) {
    return g_strconcat("rollout/", cluster, NULL);
}

bool planner_wants_plugin(const Planner *planner, const char *cluster, const char *plugin) {
    g_autofree char *rollout = planner_rollout_address(cluster);
    if (engine_is_target(planner->engine, rollout))
        return true;
    const GPtrArray *connectors = planner->environment->connectors;
    for (guint i = 0; i < connectors->len; i++) {
        const DesiredConnector *connector = connectors->pdata[i];
        if (strcmp(connector->connect, cluster) == 0 && uses_plugin(connector, plugin) &&
            engine_is_target(planner->engine, connector->address))
            return true;
    }
    return false;
}

static bool covers_any(const char *target, GHashTable *addresses) {
    GHashTableIter iterator;
    gpointer address;
    for (g_hash_table_iter_init(&iterator, addresses); g_hash_table_iter_next(&iterator, &address, NULL);)
        if (engine_target_covers(target, address))
            return true;
    return false;
}

/* One that waits for its promotion has no addresses yet. */
static bool covers_instance(const char *target, const GPtrArray *instances) {
    for (guint i = 0; i < instances->len; i++) {
        g_autofree char *prefix = g_strconcat(((const Instance *)instances->pdata[i])->name, "/", NULL);
        if (engine_target_covers(target, prefix))
            return true;
    }
    return false;
}

static bool covers_rollout(const char *target, const GPtrArray *clusters) {
    for (guint i = 0; i < clusters->len; i++) {
        g_autofree char *address =
            planner_rollout_address(((const ConnectCluster *)clusters->pdata[i])->name);
        if (engine_target_covers(target, address))
            return true;
    }
    return false;
}

bool plan_check_targets(const Planner *planner, GError **error) {
    const Environment *environment = planner->environment;
    const char *const *target = planner->engine->options.targets;
    for (; target != NULL && *target != NULL; target++) {
        if (covers_any(*target, planner->declared) || covers_any(*target, planner->recovery->resources) ||
            covers_instance(*target, environment->instances) || covers_rollout(*target, environment->connect))
            continue;
        g_autofree char *hint = g_strdup_printf("sluice status %s lists the addresses", environment->name);
        error_set(error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND, hint,
                  "nothing that is declared or ours is covered by the target '%s'", *target);
        return false;
    }
    return true;
}
