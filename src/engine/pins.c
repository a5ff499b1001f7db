/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pins.h"

#include <string.h>

#include "engine/installed.h"

#define CONNECTOR_PIN "connector.plugin.version"

static const char *const converter_keys[] = {"key.converter", "value.converter", "header.converter", NULL};
static const char *const typed_prefixes[] = {"transforms.", "predicates.", NULL};

void pin_free(Pin *pin) {
    g_free(pin->key);
    g_free(pin->class_name);
    g_free(pin->reported);
    g_free(pin->lacking);
    g_free(pin->guess);
    g_free(pin);
}

static const LockedPlugin *find_locked(const Environment *environment, const Lock *lock, const char *name,
                                       GError **error) {
    const LockedPlugin *plugin = lock_find_plugin(lock, name);
    if (plugin != NULL)
        return plugin;
    g_autofree char *hint = environment->first ? g_strdup_printf("run: sluice lock %s", environment->name)
                                               : g_strdup_printf("promote it to %s, or run: sluice lock %s",
                                                                 environment->name, environment->name);
    error_set(error, ENGINE_ERROR, ENGINE_ERROR_REFUSED, hint, "plugin '%s' is not in the lock of '%s'", name,
              environment->name);
    return NULL;
}

static void add_pin(GPtrArray *pins, const LiveCluster *cluster, char *key, const char *class_name,
                    const LockedPlugin *plugin) {
    Pin *pin = g_new0(Pin, 1);
    const LiveWorker *lacking = NULL;
    pin->key = key;
    pin->class_name = g_strdup(class_name);
    pin->plugin = plugin;
    pin->version = locked_plugin_current(plugin);
    pin->reported =
        g_strdup(installed_report_everywhere(cluster, plugin, pin->version, class_name, &lacking));
    if (pin->reported == NULL) {
        pin->lacking = g_strdup(lacking != NULL ? lacking->url : cluster->cluster->declared->url);
        pin->guess = lacking != NULL ? installed_guess(lacking, plugin, pin->version, class_name) : NULL;
    }
    g_ptr_array_add(pins, pin);
}

/* The key of the pin that belongs to a config key which names a class; NULL for any other key. */
static char *pin_key(const char *key) {
    if (g_strv_contains(converter_keys, key))
        return g_strconcat(key, ".plugin.version", NULL);
    for (const char *const *prefix = typed_prefixes; *prefix != NULL; prefix++)
        if (g_str_has_prefix(key, *prefix) && g_str_has_suffix(key, ".type"))
            return g_strdup_printf("%.*s.plugin.version", (int)(strlen(key) - strlen(".type")), key);
    return NULL;
}

/* The connector's further plugin that carries a class, or NULL; the first one's classes follow the
 * connector's own version. */
static bool find_carrier(Engine *engine, const Lock *lock, const GPtrArray *plugins, const char *class_name,
                         const LockedPlugin **carrier, GError **error) {
    *carrier = NULL;
    for (guint i = 0; i < plugins->len; i++) {
        const LockedPlugin *plugin = find_locked(engine->environment, lock, plugins->pdata[i], error);
        if (plugin == NULL)
            return false;
        g_auto(GStrv) classes = installed_classes(engine, lock, plugin, locked_plugin_current(plugin), error);
        if (classes == NULL)
            return false;
        if (g_strv_contains((const char *const *)classes, class_name)) {
            *carrier = i > 0 ? plugin : NULL;
            return true;
        }
    }
    return true;
}

static bool add_further_pins(Engine *engine, const Lock *lock, const LiveCluster *cluster,
                             const DesiredConnector *connector, GPtrArray *pins, GError **error) {
    GHashTableIter iterator;
    gpointer name, value;
    for (g_hash_table_iter_init(&iterator, connector->config);
         g_hash_table_iter_next(&iterator, &name, &value);) {
        g_autofree char *key = pin_key(name);
        const char *class_name = ((const Value *)value)->text;
        const LockedPlugin *carrier = NULL;
        if (key == NULL)
            continue;
        if (!find_carrier(engine, lock, connector->plugins, class_name, &carrier, error))
            return false;
        if (carrier != NULL)
            add_pin(pins, cluster, g_steal_pointer(&key), class_name, carrier);
    }
    return true;
}

GPtrArray *pins_of(Engine *engine, const Lock *lock, const LiveCluster *cluster,
                   const DesiredConnector *connector, GError **error) {
    g_autoptr(GPtrArray) pins = g_ptr_array_new_with_free_func((GDestroyNotify)pin_free);
    if (connector->plugins->len == 0 || !installed_side_by_side(cluster))
        return g_steal_pointer(&pins);
    const LockedPlugin *plugin = find_locked(engine->environment, lock, connector->plugins->pdata[0], error);
    if (plugin == NULL)
        return NULL;
    add_pin(pins, cluster, g_strdup(CONNECTOR_PIN), connector->class_name, plugin);
    if (connector->plugins->len > 1 && !add_further_pins(engine, lock, cluster, connector, pins, error))
        return NULL;
    return g_steal_pointer(&pins);
}

const Pin *pins_deferred(const GPtrArray *pins) {
    for (guint i = 0; i < pins->len; i++) {
        const Pin *pin = pins->pdata[i];
        if (pin->reported == NULL)
            return pin;
    }
    return NULL;
}

json_t *pins_plugin_json(const GPtrArray *pins) {
    if (pins->len == 0)
        return json_null();
    const Pin *pin = pins->pdata[0];
    return json_pack("{s:s,s:s,s:s}", "id", pin->plugin->name, "version", pin->version->version, "sha256",
                     pin->version->sha256);
}
