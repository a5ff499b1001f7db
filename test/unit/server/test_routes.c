/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes, and that openapi.yaml describes it: no more, no less. */
#include "server/routes.h"

#include <string.h>

#include "base/document.h"
#include "server/error.h"

static const Route *find(const char *method, const char *path, char **parameter) {
    g_autofree char *allowed = NULL;
    return routes_find(method, path, parameter, &allowed, NULL);
}

static void assert_route(const char *method, const char *path, const char *pattern, const char *parameter) {
    g_autofree char *part = NULL;
    const Route *route = find(method, path, &part);
    g_assert_nonnull(route);
    g_assert_cmpstr(route->path, ==, pattern);
    g_assert_cmpstr(part, ==, parameter);
}

static void assert_refused(const char *method, const char *path, int code, const char *allowed) {
    g_autofree char *part = NULL, *methods = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_null(routes_find(method, path, &part, &methods, &error));
    g_assert_error(error, SERVER_ERROR, code);
    g_assert_cmpstr(methods, ==, allowed);
}

static void test_parameters(void) {
    assert_route("GET", "/api/v1/environments/dev", "/api/v1/environments/{environment}", "dev");
    assert_route("POST", "/api/v1/environments/dev/deploy", "/api/v1/environments/{environment}/deploy",
                 "dev");
    assert_route("GET", "/api/v1/runs/01KH0000000000000000000009/log", "/api/v1/runs/{run}/log",
                 "01KH0000000000000000000009");
}

static void test_run_ids(void) {
    assert_refused("GET", "/api/v1/runs/01kh0000000000000000000009", SERVER_ERROR_NOT_FOUND, NULL);
    assert_refused("GET", "/api/v1/runs/01KH", SERVER_ERROR_NOT_FOUND, NULL);
    assert_refused("GET", "/api/v1/runs/..%2f..%2fetc", SERVER_ERROR_NOT_FOUND, NULL);
    assert_refused("GET", "/api/v1/environments/", SERVER_ERROR_NOT_FOUND, NULL);
    assert_refused("GET", "/api/v1/environments/a/b", SERVER_ERROR_NOT_FOUND, NULL);
}

static void test_head(void) {
    assert_route("HEAD", "/healthz", "/healthz", NULL);
}

static void test_methods(void) {
    assert_refused("PUT", "/api/v1/session", SERVER_ERROR_METHOD, "GET, HEAD, POST, DELETE");
    assert_refused("GET", "/webhooks/gitea", SERVER_ERROR_METHOD, "POST");
    assert_refused("POST", "/runs", SERVER_ERROR_METHOD, "GET, HEAD");
}

static void test_page(void) {
    assert_route("GET", "/", "/", NULL);
    assert_route("GET", "/runs/01KH0000000000000000000009", "/", NULL);
    assert_refused("GET", "/api", SERVER_ERROR_NOT_FOUND, NULL);
    assert_refused("GET", "/api/v2/runs", SERVER_ERROR_NOT_FOUND, NULL);
    assert_refused("GET", "/assets/other.js", SERVER_ERROR_NOT_FOUND, NULL);
    assert_refused("POST", "/webhooks/gitlab", SERVER_ERROR_NOT_FOUND, NULL);
}

/* --- openapi.yaml --------------------------------------------------------------------------------------- */

static const char *const METHODS[] = {"get", "post", "put", "patch", "delete", NULL};

static Document *read_description(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    Document *document =
        document_read(OPENAPI, "openapi.yaml", (Position){g_intern_static_string("test"), 0, 0}, diagnostics);
    g_assert_cmpuint(diagnostics_count(diagnostics, DIAGNOSTIC_ERROR), ==, 0);
    return document;
}

static bool is_open(const Node *operation) {
    const Node *security = node_get(operation, "security");
    return security != NULL && security->kind == NODE_SEQUENCE && security->items->len == 0;
}

static const char *role_in(const char *summary) {
    return strstr(summary, "(role operator)") != NULL   ? "operator"
           : strstr(summary, "(role approver)") != NULL ? "approver"
                                                        : "viewer";
}

/* What a row says of who may must be what the description says. */
static void compare(const Route *route, const Node *operation) {
    g_assert_cmpint(route->role == 0, ==, is_open(operation));
    if (route->role != 0)
        g_assert_cmpstr(role_name((Role)route->role), ==, role_in(node_get(operation, "summary")->text));
    if (node_get(operation, "requestBody") != NULL)
        g_assert_cmpuint(route->body_limit, >, 0);
}

static const Route *row_of(const char *method, const char *path) {
    for (const Route *route = routes_all(); route->method != NULL; route++)
        if (g_ascii_strcasecmp(route->method, method) == 0 && g_str_equal(route->path, path))
            return route;
    return NULL;
}

static void test_described_is_there(void) {
    g_autoptr(Document) document = read_description();
    const Node *paths = node_get(document_root(document), "paths");
    guint count = 0;
    for (guint i = 0; i < paths->keys->len; i++) {
        const char *path = ((const Node *)paths->keys->pdata[i])->text;
        const Node *item = paths->items->pdata[i];
        for (guint k = 0; k < item->keys->len; k++) {
            const char *method = ((const Node *)item->keys->pdata[k])->text;
            if (!g_strv_contains(METHODS, method))
                continue;
            const Route *route = row_of(method, path);
            if (route == NULL)
                g_error("no route for %s %s", method, path);
            compare(route, item->items->pdata[k]);
            count++;
        }
    }
    g_assert_cmpuint(count, >, 20);
}

/* The page's own files are nobody's API. */
static bool is_of_api(const char *path) {
    return !g_str_equal(path, "/") && !g_str_has_prefix(path, "/assets/");
}

static void test_there_is_described(void) {
    g_autoptr(Document) document = read_description();
    const Node *paths = node_get(document_root(document), "paths");
    for (const Route *route = routes_all(); route->method != NULL; route++) {
        if (!is_of_api(route->path))
            continue;
        g_autofree char *method = g_ascii_strdown(route->method, -1);
        const Node *item = node_get(paths, route->path);
        if (item == NULL || node_get(item, method) == NULL)
            g_error("openapi.yaml lacks %s %s", route->method, route->path);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/routes/a part of a path is a name", test_parameters);
    g_test_add_func("/routes/a run's id is one", test_run_ids);
    g_test_add_func("/routes/HEAD is GET", test_head);
    g_test_add_func("/routes/a wrong method names the right ones", test_methods);
    g_test_add_func("/routes/the page has every other path", test_page);
    g_test_add_func("/routes/all that openapi.yaml describes is there", test_described_is_there);
    g_test_add_func("/routes/openapi.yaml describes all that is there", test_there_is_described);
    return g_test_run();
}
