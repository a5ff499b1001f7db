/* SPDX-License-Identifier: Apache-2.0 */
#include "server/routes.h"

#include <string.h>

#include "server/api.h"
#include "server/error.h"

enum { NO_BODY = 0, SMALL = 4 * 1024, LARGE = 64 * 1024, DELIVERY = 1024 * 1024 };
enum { EVERYONE = 0 };

static const Route ROUTES[] = {
    {"GET", "/api/v1/session", ROLE_VIEWER, NO_BODY, api_who_am_i},
    {"POST", "/api/v1/session", EVERYONE, SMALL, api_sign_in},
    {"DELETE", "/api/v1/session", ROLE_VIEWER, NO_BODY, api_sign_out},
    {"GET", "/api/v1/environments", ROLE_VIEWER, NO_BODY, api_environments},
    {"GET", "/api/v1/environments/{environment}", ROLE_VIEWER, NO_BODY, api_environment},
    {"POST", "/api/v1/environments/{environment}/deploy", ROLE_OPERATOR, SMALL, api_deploy},
    {"POST", "/api/v1/environments/{environment}/promote", ROLE_OPERATOR, LARGE, api_promote},
    {"POST", "/api/v1/environments/{environment}/unhold", ROLE_OPERATOR, SMALL, api_unhold},
    {"GET", "/api/v1/runs", ROLE_VIEWER, NO_BODY, api_runs},
    {"GET", "/api/v1/runs/{run}", ROLE_VIEWER, NO_BODY, api_run},
    {"GET", "/api/v1/runs/{run}/log", ROLE_VIEWER, NO_BODY, api_log},
    {"POST", "/api/v1/runs/{run}/approve", ROLE_APPROVER, SMALL, api_approve},
    {"POST", "/api/v1/runs/{run}/reject", ROLE_APPROVER, SMALL, api_reject},
    {"POST", "/api/v1/runs/{run}/retry", ROLE_OPERATOR, SMALL, api_retry},
    {"GET", "/api/v1/audit", ROLE_VIEWER, NO_BODY, api_audit},
    {"GET", "/api/v1/events", ROLE_VIEWER, NO_BODY, api_events},
    {"GET", "/api/v1/openapi.yaml", EVERYONE, NO_BODY, page_openapi},
    {"POST", "/webhooks/gitea", EVERYONE, DELIVERY, webhook_gitea},
    {"POST", "/webhooks/github", EVERYONE, DELIVERY, webhook_github},
    {"GET", "/healthz", EVERYONE, NO_BODY, api_healthz},
    {"GET", "/readyz", EVERYONE, NO_BODY, api_readyz},
    {"GET", "/metrics", EVERYONE, NO_BODY, api_metrics},
    {"GET", "/assets/page.js", EVERYONE, NO_BODY, page_script},
    {"GET", "/assets/style.css", EVERYONE, NO_BODY, page_style},
    {"GET", "/", EVERYONE, NO_BODY, page_index},
    {NULL},
};

const Route *routes_all(void) {
    return ROUTES;
}

gsize routes_count(void) {
    return G_N_ELEMENTS(ROUTES) - 1;
}

bool routes_speak_json(const char *path) {
    return g_str_equal(path, "/api") || g_str_has_prefix(path, "/api/") ||
           g_str_has_prefix(path, WEBHOOK_PREFIX);
}

/* The page has addresses of its own (/runs/ID) that it shows by itself. */
static bool is_of_page(const char *path) {
    return path[0] == '/' && !routes_speak_json(path) && !g_str_has_prefix(path, "/assets/");
}

static bool part_fits(const char *name, const char *part, gsize length) {
    if (length == 0)
        return false;
    if (!g_str_has_prefix(name, "{run}"))
        return true;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isupper(part[i]) && !g_ascii_isdigit(part[i]))
            return false;
    return length == 26;
}

static bool path_fits(const char *pattern, const char *path, char **parameter) {
    const char *name = strchr(pattern, '{');
    if (name == NULL)
        return g_str_equal(pattern, path);
    gsize before = (gsize)(name - pattern);
    const char *after = strchr(name, '}') + 1;
    if (strncmp(pattern, path, before) != 0)
        return false;
    const char *part = path + before;
    gsize length = strcspn(part, "/");
    if (!part_fits(name, part, length) || !g_str_equal(part + length, after))
        return false;
    *parameter = g_strndup(part, length);
    return true;
}

static void allow(GString *allowed, const char *method) {
    g_string_append_printf(allowed, "%s%s", allowed->len > 0 ? ", " : "", method);
    if (g_str_equal(method, "GET"))
        g_string_append(allowed, ", HEAD");
}

static const Route *find_exact(const char *method, const char *path, char **parameter, GString *allowed) {
    for (const Route *route = ROUTES; route->method != NULL; route++) {
        g_autofree char *part = NULL;
        if (!path_fits(route->path, path, &part))
            continue;
        if (g_str_equal(route->method, method)) {
            *parameter = g_steal_pointer(&part);
            return route;
        }
        allow(allowed, route->method);
    }
    return NULL;
}

const Route *routes_find(const char *method, const char *path, char **parameter, char **allowed,
                         GError **error) {
    g_autoptr(GString) methods = g_string_new(NULL);
    const char *as = g_str_equal(method, "HEAD") ? "GET" : method;
    const Route *route = find_exact(as, path, parameter, methods);
    if (route == NULL && methods->len == 0 && is_of_page(path))
        route = find_exact(as, "/", parameter, methods);
    if (route != NULL)
        return route;
    if (methods->len > 0) {
        *allowed = g_strdup(methods->str);
        error_set(error, SERVER_ERROR, SERVER_ERROR_METHOD, NULL, "'%s' takes %s", path, methods->str);
    } else {
        error_set(error, SERVER_ERROR, SERVER_ERROR_NOT_FOUND, "all paths: GET /api/v1/openapi.yaml",
                  "there is no '%s'", path);
    }
    return NULL;
}
