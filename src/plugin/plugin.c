/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/plugin.h"

ERROR_DEFINE_DOMAIN(plugin)

PluginRequest *plugin_request_new(const char *name) {
    PluginRequest *request = g_new0(PluginRequest, 1);
    request->name = g_strdup(name);
    request->connect = g_ptr_array_new_with_free_func(g_free);
    return request;
}

void plugin_request_free(PluginRequest *request) {
    if (request == NULL)
        return;
    g_free(request->name);
    g_free(request->maven);
    g_free(request->url);
    g_free(request->file);
    g_free(request->version);
    g_free(request->repository);
    g_free(request->sha256);
    g_free(request->sha512);
    g_ptr_array_unref(request->connect);
    g_free(request);
}
