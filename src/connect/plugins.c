/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "connect/client.h"
#include "connect/connect.h"

#define PLUGINS_PATH "/connector-plugins?connectorsOnly=false"

void connect_plugin_free(ConnectPlugin *plugin) {
    if (plugin == NULL)
        return;
    g_free(plugin->class_name);
    g_free(plugin->type);
    g_free(plugin->version);
    g_free(plugin);
}

static int by_class(gconstpointer left, gconstpointer right) {
    const ConnectPlugin *one = *(const ConnectPlugin *const *)left;
    const ConnectPlugin *other = *(const ConnectPlugin *const *)right;
    int order = strcmp(one->class_name, other->class_name);
    return order != 0 ? order : g_strcmp0(one->version, other->version);
}

/* Connect writes a class that reports none with "undefined" or null. */
static const char *version_of(const json_t *entry) {
    const char *version = json_get_string(entry, "version");
    return g_strcmp0(version, "undefined") != 0 && g_strcmp0(version, "null") != 0 ? version : NULL;
}

static GPtrArray *plugins_parse(const json_t *answer) {
    GPtrArray *plugins = g_ptr_array_new_with_free_func((GDestroyNotify)connect_plugin_free);
    gsize index;
    json_t *entry;
    json_array_foreach (answer, index, entry) {
        const char *class_name = json_get_string(entry, "class");
        if (class_name == NULL)
            continue;
        ConnectPlugin *plugin = g_new0(ConnectPlugin, 1);
        plugin->class_name = g_strdup(class_name);
        plugin->type = g_strdup(json_get_string(entry, "type"));
        plugin->version = g_strdup(version_of(entry));
        g_ptr_array_add(plugins, plugin);
    }
    g_ptr_array_sort(plugins, by_class);
    return plugins;
}

GPtrArray *connect_plugins(Connect *connect, const ConnectCall *options, GError **error) {
    Call call = call_start(options);
    ConnectRequest request = {.method = "GET", .path = PLUGINS_PATH};
    g_autoptr(json_t) answer = connect_fetch(connect, &call, &request, JSON_ARRAY, error);
    return answer != NULL ? plugins_parse(answer) : NULL;
}
