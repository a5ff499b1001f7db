/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/hash.h"
#include "connect/client.h"
#include "connect/connect.h"
#include "connect/connector.h"

#define LIST_PATH "/connectors?expand=info&expand=status"

static bool set_malformed(Connect *connect, const char *path, GError **error) {
    error_set(error, CONNECT_ERROR, CONNECT_ERROR_FAILED, "does this address belong to Kafka Connect?",
              "GET %s%s answered something that is not Kafka Connect's", connect_url(connect), path);
    return false;
}

GHashTable *connect_list(Connect *connect, const ConnectCall *options, GError **error) {
    Call call = call_start(options);
    ConnectRequest request = {.method = "GET", .path = LIST_PATH};
    g_autoptr(json_t) answer = connect_fetch(connect, &call, &request, JSON_OBJECT, error);
    if (answer == NULL)
        return NULL;
    GHashTable *connectors = connectors_parse(answer);
    if (connectors == NULL)
        set_malformed(connect, LIST_PATH, error);
    return connectors;
}

static json_t *fetch_path(Connect *connect, const Call *call, const char *name, const char *suffix,
                          json_type type, GError **error) {
    g_autofree char *path = connector_path(name, suffix, error);
    if (path == NULL)
        return NULL;
    ConnectRequest request = {.method = "GET", .path = path};
    return connect_fetch(connect, call, &request, type, error);
}

Connector *connect_get(Connect *connect, const char *name, const ConnectCall *options, GError **error) {
    Call call = call_start(options);
    g_autoptr(GError) problem = NULL;
    g_autoptr(json_t) info = fetch_path(connect, &call, name, "", JSON_OBJECT, error);
    if (info == NULL)
        return NULL;
    g_autoptr(json_t) status = fetch_path(connect, &call, name, "/status", JSON_OBJECT, &problem);
    if (status == NULL && !g_error_matches(problem, CONNECT_ERROR, CONNECT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    Connector *connector = connector_parse(name, info, status);
    if (connector == NULL)
        set_malformed(connect, "/connectors/…", error);
    return connector;
}

static char *digest_of(const json_t *value) {
    g_autofree char *text = json_canonical(value);
    return hash_bytes(HASH_SHA256, text, strlen(text));
}

GArray *connect_task_ids(Connect *connect, const char *name, const ConnectCall *options, char **digest,
                         GError **error) {
    Call call = call_start(options);
    g_autoptr(json_t) answer = fetch_path(connect, &call, name, "/tasks", JSON_ARRAY, error);
    if (answer == NULL)
        return NULL;
    GArray *ids = task_ids_parse(answer);
    if (ids == NULL)
        set_malformed(connect, "/connectors/…/tasks", error);
    else if (digest != NULL)
        *digest = digest_of(answer);
    return ids;
}

json_t *connect_offsets(Connect *connect, const char *name, const ConnectCall *options, GError **error) {
    Call call = call_start(options);
    g_autoptr(json_t) answer = fetch_path(connect, &call, name, "/offsets", JSON_OBJECT, error);
    if (answer == NULL)
        return NULL;
    json_t *offsets = json_object_get(answer, "offsets");
    if (!json_is_array(offsets)) {
        set_malformed(connect, "/connectors/…/offsets", error);
        return NULL;
    }
    return json_incref(offsets);
}

/* A change of one connector whose answer doesn't matter. */
static bool change(Connect *connect, const char *method, const char *name, const char *suffix,
                   const json_t *body, const Secrets *secrets, const ConnectCall *options, GError **error) {
    Call call = call_start(options);
    g_autofree char *path = connector_path(name, suffix, error);
    if (path == NULL)
        return false;
    ConnectRequest request = {
        .method = method, .path = path, .body = body, .change = true, .secrets = secrets};
    return connect_send(connect, &call, &request, NULL, error);
}

bool connect_create(Connect *connect, const char *name, const json_t *config, const char *state,
                    const GHashTable *sensitive, const ConnectCall *options, GError **error) {
    Call call = call_start(options);
    g_autofree char *path = connector_path(name, "", error);
    if (path == NULL)
        return false;
    g_autoptr(Secrets) secrets = secrets_new(config, sensitive);
    g_autoptr(json_t) body = json_object();
    json_object_set_new(body, "name", json_string(name));
    json_object_set(body, "config", (json_t *)config);
    /* Before 3.7 there is no such field. */
    if (strcmp(state, "RUNNING") != 0)
        json_object_set_new(body, "initial_state", json_string(state));
    ConnectRequest request = {
        .method = "POST", .path = "/connectors", .body = body, .change = true, .secrets = secrets};
    return connect_send(connect, &call, &request, NULL, error);
}

bool connect_configure(Connect *connect, const char *name, const json_t *config, const GHashTable *sensitive,
                       const ConnectCall *options, GError **error) {
    g_autoptr(Secrets) secrets = secrets_new(config, sensitive);
    return change(connect, "PUT", name, "/config", config, secrets, options, error);
}

bool connect_set_state(Connect *connect, const char *name, const char *state, const ConnectCall *options,
                       GError **error) {
    static const struct {
        const char *state;
        const char *suffix;
    } states[] = {{"RUNNING", "/resume"}, {"PAUSED", "/pause"}, {"STOPPED", "/stop"}};
    for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
        if (strcmp(states[i].state, state) == 0)
            return change(connect, "PUT", name, states[i].suffix, NULL, NULL, options, error);
    }
    error_set(error, CONNECT_ERROR, CONNECT_ERROR_INVALID, NULL, "a connector can't be set to '%s'", state);
    return false;
}

bool connect_restart(Connect *connect, const char *name, bool only_failed, const ConnectCall *options,
                     GError **error) {
    const char *suffix = only_failed ? "/restart?includeTasks=true&onlyFailed=true"
                                     : "/restart?includeTasks=true&onlyFailed=false";
    return change(connect, "POST", name, suffix, NULL, NULL, options, error);
}

bool connect_delete(Connect *connect, const char *name, const ConnectCall *options, GError **error) {
    g_autoptr(GError) problem = NULL;
    if (change(connect, "DELETE", name, "", NULL, NULL, options, &problem) ||
        g_error_matches(problem, CONNECT_ERROR, CONNECT_ERROR_NOT_FOUND))
        return true;
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}
