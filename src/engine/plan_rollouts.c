/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/hash.h"
#include "engine/planner.h"

#define CONNECTOR_PIN "connector.plugin.version"

static char *locked_versions(const LockedPlugin *plugin) {
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < plugin->versions->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                               ((LockedVersion *)plugin->versions->pdata[i])->version);
    return g_string_free(text, FALSE);
}

/* Classes of all locked versions of a plugin. */
static char **classes_of(Planner *planner, const LockedPlugin *plugin, GError **error) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; i < plugin->versions->len; i++) {
        g_auto(GStrv) classes = installed_classes(planner->engine, planner->environment->lock, plugin,
                                                  plugin->versions->pdata[i], error);
        if (classes == NULL)
            return NULL;
        g_strv_builder_addv(builder, (const char **)classes);
    }
    return g_strv_builder_end(builder);
}

/* The base of a rollout: who reports what now, sorted. */
static char *hash_base(Planner *planner, const LiveCluster *cluster, GError **error) {
    g_autoptr(json_t) rows = json_array();
    const GPtrArray *plugins = planner->environment->lock->plugins;
    for (guint i = 0; i < cluster->workers->len; i++) {
        const LiveWorker *worker = cluster->workers->pdata[i];
        for (guint j = 0; j < plugins->len; j++) {
            const LockedPlugin *plugin = plugins->pdata[j];
            g_auto(GStrv) classes = classes_of(planner, plugin, error);
            if (classes == NULL)
                return NULL;
            g_autofree char *versions = installed_versions(worker, classes);
            json_array_append_new(rows, json_pack("[s,s,s?]", worker->url, plugin->name, versions));
        }
    }
    g_autofree char *text = json_canonical(rows);
    return hash_keyed(planner->key, "rollout", text);
}

static void plan_pin(Planner *planner, const LiveCluster *cluster, const Connector *connector,
                     ResourceRecord *record) {
    g_autofree char *id = g_strconcat(record->address, "#pin", NULL);
    PlanAction *action = planner_add(planner, record->address, PLAN_UPDATE, PHASE_PINS);
    g_free(action->id);
    action->id = g_steal_pointer(&id);
    action->cluster = cluster->cluster->declared->name;
    action->name = connector->name;
    action->live_connector = connector;
    action->record = resource_record_ref(record);
    action->base_live = live_hash_connector(planner->key, connector);
    action->base_serial = record->serial;
    plan_add_change(action, "config." CONNECTOR_PIN, NULL, connector->connector.version)->cause =
        PLAN_DECLARED;
}

static bool is_accepted(const Planner *planner, const char *name) {
    const char *const *accepted = planner->engine->options.accept_upgrade;
    return accepted != NULL && g_strv_contains(accepted, name);
}

/* An unpinned connector takes the newest version of its class at the roll: ours get a pin first, another's
 * must be accepted. */
static void guard_unpinned(Planner *planner, const LiveCluster *cluster, const LockedPlugin *plugin,
                           char **classes) {
    GHashTableIter iterator;
    gpointer name, value;
    for (g_hash_table_iter_init(&iterator, cluster->connectors);
         g_hash_table_iter_next(&iterator, &name, &value);) {
        const Connector *connector = value;
        const char *class_name = json_get_string(connector->config, "connector.class");
        if (class_name == NULL || !g_strv_contains((const char *const *)classes, class_name) ||
            json_object_get(connector->config, CONNECTOR_PIN) != NULL)
            continue;
        ResourceRecord *record =
            planner_owned_name(planner, RESOURCE_CONNECTOR, cluster->cluster->declared->name, name);
        if (record != NULL && !g_hash_table_contains(planner->declared, record->address))
            continue;
        if (record != NULL && connector->connector.version != NULL) {
            plan_pin(planner, cluster, connector, record);
        } else if (record == NULL && !is_accepted(planner, name)) {
            g_autofree char *hint = g_strdup_printf(
                "pin it with connector.plugin.version, import it, or let it be upgraded: --accept-upgrade %s",
                connector->name);
            planner_problem(planner, NULL, hint,
                            "connector '%s' is not ours and not pinned: the rollout of '%s' would upgrade it",
                            connector->name, plugin->name);
        }
    }
}

/* The plan still shows what it would do. */
static void refuse_rollout(Planner *planner, const PlanAction *action, const ConnectCluster *cluster) {
    g_autofree char *hint = g_strdup_printf("give it in the server's file: "
                                            "environments: { %s: { rollout: { %s: { command: […] } } } }",
                                            planner->environment->name, cluster->name);
    planner_problem(planner, action->address, hint, "'%s' can't be rolled out to: %s", cluster->name,
                    cluster->rollout.refused);
}

static PlanAction *add_rollout(Planner *planner, const LiveCluster *cluster, GError **error) {
    const char *name = cluster->cluster->declared->name;
    g_autofree char *base = hash_base(planner, cluster, error);
    if (base == NULL)
        return NULL;
    g_autofree char *address = planner_rollout_address(name);
    PlanAction *action = planner_add(planner, address, PLAN_ROLLOUT, PHASE_ROLLOUTS);
    action->cluster = name;
    action->name = name;
    action->base_live = g_steal_pointer(&base);
    action->cause = PLAN_DECLARED;
    g_hash_table_insert(planner->rollouts, (gpointer)name, action);
    if (cluster->cluster->declared->rollout.refused != NULL)
        refuse_rollout(planner, action, cluster->cluster->declared);
    return action;
}

static bool has_former_bytes(const ResourceRecord *record, const LockedPlugin *locked) {
    const LockedVersion *current = locked_plugin_current(locked);
    const json_t *plugin = json_object_get(record->applied, "plugin");
    return g_strcmp0(json_get_string(plugin, "id"), locked->name) == 0 &&
           g_strcmp0(json_get_string(plugin, "version"), current->version) == 0 &&
           g_strcmp0(json_get_string(plugin, "sha256"), current->sha256) != 0;
}

/* Whether a connector that is declared was applied with other bytes of the plugin under the version that is
 * locked now, as a new build of a SNAPSHOT has. Workers can't tell such versions apart. What left the
 * declarations keeps the bytes in its record for good, and asks for nothing. */
static bool is_replaced(const Planner *planner, const char *cluster, const LockedPlugin *locked) {
    GHashTableIter iterator;
    gpointer value;
    for (g_hash_table_iter_init(&iterator, planner->recovery->resources);
         g_hash_table_iter_next(&iterator, NULL, &value);) {
        const ResourceRecord *record = value;
        bool is_applied_again = record->kind == RESOURCE_CONNECTOR && !record->kept &&
                                strcmp(record->cluster, cluster) == 0 &&
                                g_hash_table_contains(planner->declared, record->address);
        if (is_applied_again && has_former_bytes(record, locked))
            return true;
    }
    return false;
}

static const LiveWorker *first_answering(const LiveCluster *cluster) {
    for (guint i = 0; i < cluster->workers->len; i++)
        if (((LiveWorker *)cluster->workers->pdata[i])->plugins != NULL)
            return cluster->workers->pdata[i];
    return NULL;
}

/* What keeps a cluster from having a plugin as it is locked. */
typedef struct {
    const LockedPlugin *plugin;
    const LiveWorker *worker; /* that lacks it */
    bool replaced;            /* none lacks it, but its bytes are others by now */
} Lack;

static bool find_lacking(Planner *planner, const LiveCluster *cluster, const LockedPlugin *plugin, Lack *lack,
                         GError **error) {
    *lack = (Lack){.plugin = plugin};
    for (guint i = 0; i < cluster->workers->len && lack->worker == NULL; i++) {
        const LiveWorker *worker = cluster->workers->pdata[i];
        bool complete = true;
        if (worker->plugins != NULL && !installed_is_complete(planner->engine, planner->environment->lock,
                                                              worker, plugin, &complete, NULL, error))
            return false;
        if (!complete)
            lack->worker = worker;
    }
    if (lack->worker == NULL && is_replaced(planner, cluster->cluster->declared->name, plugin)) {
        lack->worker = first_answering(cluster);
        lack->replaced = true;
    }
    return true;
}

/* What the cluster lacks, Lack; NULL with an error. */
static GArray *find_all_lacking(Planner *planner, const LiveCluster *cluster, GError **error) {
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Lack));
    const GPtrArray *plugins = planner->environment->lock->plugins;
    for (guint i = 0; i < plugins->len; i++) {
        Lack lack;
        if (!installed_is_for(plugins->pdata[i], cluster->cluster->declared->name))
            continue;
        if (!find_lacking(planner, cluster, plugins->pdata[i], &lack, error))
            return NULL;
        if (lack.worker != NULL)
            g_array_append_val(all, lack);
    }
    return g_steal_pointer(&all);
}

static bool is_wanted(const Planner *planner, const char *cluster, const GArray *lacking) {
    for (guint i = 0; i < lacking->len; i++)
        if (planner_wants_plugin(planner, cluster, g_array_index(lacking, Lack, i).plugin->name))
            return true;
    return false;
}

static bool plan_plugin(Planner *planner, const LiveCluster *cluster, PlanAction *action, const Lack *lack,
                        GError **error) {
    const LockedPlugin *plugin = lack->plugin;
    if (lack->replaced)
        planner_warn(planner, NULL, NULL,
                     "plugin '%s' %s is replaced by other bytes under the same version: its connectors take "
                     "them at the roll, and nothing stands beside them to go back to",
                     plugin->name, locked_plugin_current(plugin)->version);
    g_auto(GStrv) classes = classes_of(planner, plugin, error);
    if (classes == NULL)
        return false;
    g_autofree char *before = installed_versions(lack->worker, classes);
    g_autofree char *after = locked_versions(plugin);
    plan_add_change(action, plugin->name, before, after)->cause = PLAN_DECLARED;
    guard_unpinned(planner, cluster, plugin, classes);
    return true;
}

/* A roll brings all that is locked for the cluster, whatever it is wanted for. */
static bool plan_rollout(Planner *planner, const LiveCluster *cluster, GError **error) {
    g_autoptr(GArray) lacking = find_all_lacking(planner, cluster, error);
    if (lacking == NULL)
        return false;
    if (lacking->len == 0 || !is_wanted(planner, cluster->cluster->declared->name, lacking))
        return true;
    PlanAction *action = add_rollout(planner, cluster, error);
    for (guint i = 0; action != NULL && i < lacking->len; i++)
        if (!plan_plugin(planner, cluster, action, &g_array_index(lacking, Lack, i), error))
            return false;
    return action != NULL;
}

static void warn_of_silence(Planner *planner, const LiveCluster *cluster) {
    for (guint i = 0; i < cluster->workers->len; i++) {
        const LiveWorker *worker = cluster->workers->pdata[i];
        if (worker->plugins == NULL)
            planner_warn(planner, NULL, NULL, "worker %s of '%s' could not be asked which plugins it has: %s",
                         worker->url, cluster->cluster->declared->name, worker->problem);
    }
}

bool plan_rollouts(Planner *planner, GError **error) {
    for (guint i = 0; i < planner->live->clusters->len; i++) {
        const LiveCluster *cluster = planner->live->clusters->pdata[i];
        warn_of_silence(planner, cluster);
        if (cluster->cluster->declared->rollout.kind != ROLLOUT_NONE &&
            !plan_rollout(planner, cluster, error))
            return false;
    }
    return true;
}
