/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api.h"
#include "server/error.h"

enum { PLUGIN_MOST = 128, INSTANCES_MOST = 1000 };

Answer *api_environments(const Request *request, GError **error) {
    return answer_json(MHD_HTTP_OK, pipeline_overview(request->context->pipeline));
}

Answer *api_environment(const Request *request, GError **error) {
    return answer_json(MHD_HTTP_OK,
                       pipeline_environment(request->context->pipeline, request->parameter, error));
}

Answer *api_deploy(const Request *request, GError **error) {
    g_autoptr(json_t) body = request_object(request, NULL, error);
    if (body == NULL)
        return NULL;
    return answer_json(MHD_HTTP_ACCEPTED, pipeline_deploy(request->context->pipeline, request->parameter,
                                                          request->person, error));
}

/* The instances of the body, NULL-terminated; an empty list, which is all of them, where it names none. */
static char **read_instances(const json_t *body, GError **error) {
    const json_t *list = json_object_get(body, "instances");
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    bool good = list == NULL || (json_is_array(list) && json_array_size(list) <= INSTANCES_MOST);
    for (size_t i = 0; good && i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        good = name != NULL;
        if (good)
            g_strv_builder_add(names, name);
    }
    if (good)
        return g_strv_builder_end(names);
    error_set(error, SERVER_ERROR, SERVER_ERROR_INVALID, NULL, "'instances' must be a list of names");
    return NULL;
}

Answer *api_promote(const Request *request, GError **error) {
    static const char *const KEYS[] = {"instances", NULL};
    g_autoptr(json_t) body = request_object(request, KEYS, error);
    g_auto(GStrv) instances = body != NULL ? read_instances(body, error) : NULL;
    if (instances == NULL)
        return NULL;
    return answer_json(MHD_HTTP_ACCEPTED,
                       pipeline_promote(request->context->pipeline, request->parameter,
                                        instances[0] != NULL ? (const char *const *)instances : NULL,
                                        request->person, error));
}

Answer *api_unhold(const Request *request, GError **error) {
    static const char *const KEYS[] = {"plugin", NULL};
    g_autoptr(json_t) body = request_object(request, KEYS, error);
    const char *plugin = body != NULL ? request_member(body, "plugin", PLUGIN_MOST, error) : NULL;
    if (plugin == NULL)
        return NULL;
    return answer_json(MHD_HTTP_ACCEPTED, pipeline_unhold(request->context->pipeline, request->parameter,
                                                          plugin, request->person, error));
}
