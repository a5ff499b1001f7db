/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/planner.h"

/* After the first environment a promotion moves it, so the declarations may be ahead of the lock. */
static bool comes_by_promotion(const Planner *planner, const PluginRequest *request) {
    return !planner->environment->first &&
           (request->version == NULL || strcmp(request->version, "promoted") == 0);
}

/* One that failed and went back leaves what ran before in the lock. */
static bool is_held_out(const Planner *planner, const PluginRequest *request) {
    return request->version != NULL &&
           lock_holds(planner->environment->lock, request->name, request->version);
}

static char *hint_of(const Planner *planner, const LockedPlugin *plugin, const PluginRequest *request) {
    const char *environment = planner->environment->name;
    if (comes_by_promotion(planner, request))
        return g_strdup_printf("promote it to %s", environment);
    if (is_held_out(planner, request))
        return g_strdup_printf("it is held out; to let it in: sluice lock %s --unhold %s", environment,
                               plugin->name);
    return g_strdup_printf("run: sluice lock %s", environment);
}

static bool has_demanded_bytes(const LockedPlugin *plugin, const PluginRequest *request) {
    return request->sha256 == NULL || strcmp(request->sha256, locked_plugin_current(plugin)->sha256) == 0;
}

static void check_request(Planner *planner, const LockedPlugin *plugin, const PluginRequest *request) {
    const LockedVersion *current = locked_plugin_current(plugin);
    g_autofree char *hint = hint_of(planner, plugin, request);
    if (!locked_plugin_is_from(plugin, request, planner->environment->root))
        planner_warn(planner, NULL, hint, "plugin '%s' is locked from another place than is declared",
                     plugin->name);
    if (!locked_plugin_fits(plugin, request))
        planner_warn(planner, NULL, hint, "plugin '%s' is asked for in version %s, and locked in %s",
                     plugin->name, request->version, current->version);
    if (has_demanded_bytes(plugin, request))
        return;
    bool may_differ = comes_by_promotion(planner, request) || is_held_out(planner, request);
    void (*tell)(Planner *, const char *, const char *, const char *, ...) =
        may_differ ? planner_warn : planner_problem;
    tell(planner, NULL, hint, "plugin '%s' %s is locked with SHA-256 %.12s…, and %.12s… is declared",
         plugin->name, current->version, current->sha256, request->sha256);
}

static bool is_wanted(const Planner *planner, const PluginRequest *request) {
    for (guint i = 0; i < request->connect->len; i++)
        if (planner_wants_plugin(planner, request->connect->pdata[i], request->name))
            return true;
    return false;
}

void plan_requests(Planner *planner) {
    const GPtrArray *requests = planner->environment->plugins;
    for (guint i = 0; requests != NULL && i < requests->len; i++) {
        const PluginRequest *request = requests->pdata[i];
        const LockedPlugin *plugin = lock_find_plugin(planner->environment->lock, request->name);
        if (plugin != NULL && is_wanted(planner, request))
            check_request(planner, plugin, request);
    }
}
