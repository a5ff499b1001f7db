/* SPDX-License-Identifier: Apache-2.0 */
/* Every route over real sockets. */
#include <string.h>

#include "base/files.h"
#include "base/hash.h"
#include "fixture.h"
#include "server/routes.h"

#define DEPLOY "/api/v1/environments/dev/deploy"
#define WAITING "/api/v1/runs/" FAKE_RUN_WAITING
#define APPROVAL "{\"digest\":\"" FAKE_DIGEST "\"}"

/* --- Who may -------------------------------------------------------------------------------------------- */

/* A path of a route with something in the place of its parameter. */
static char *path_of(const Route *route) {
    g_autoptr(GString) path = g_string_new(route->path);
    g_string_replace(path, "{environment}", "dev", 0);
    g_string_replace(path, "{run}", FAKE_RUN_DONE, 0);
    return g_strdup(path->str);
}

static void test_nobody(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    for (const Route *route = routes_all(); route->method != NULL; route++) {
        g_autofree char *path = path_of(route), *answer = NULL;
        const char *body = g_str_equal(route->method, "POST") ? "{}" : NULL;
        if (route->role == 0)
            continue;
        g_assert_cmpint(fixture_ask(&fixture, route->method, path, NULL, body, &answer), ==, 401);
        g_assert_nonnull(strstr(answer, "\"message\":\"nobody is signed in\""));
        g_assert_cmpint(fixture_ask(&fixture, route->method, path, "wrong", body, NULL), ==, 401);
    }
}

static void test_viewer(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    for (const Route *route = routes_all(); route->method != NULL; route++) {
        g_autofree char *path = path_of(route);
        if ((route->role & (ROLE_OPERATOR | ROLE_APPROVER)) != 0)
            g_assert_cmpint(fixture_ask(&fixture, route->method, path, VIC, "{}", NULL), ==, 403);
    }
    g_autofree char *acts = fake_pipeline_acts(fixture.pipeline);
    g_assert_cmpstr(acts, ==, "");
}

static void test_who_am_i(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(json_t) person = fixture_json(&fixture, "GET", "/api/v1/session", VIC, NULL, 200);
    g_autofree char *text = json_canonical(person);
    g_assert_cmpstr(text, ==, "{\"groups\":[],\"name\":\"vic\",\"roles\":[\"viewer\"]}");
}

/* --- Signing in ----------------------------------------------------------------------------------------- */

static char *sign_in(const Fixture *fixture, const char *token) {
    g_autofree char *body = g_strdup_printf("{\"token\":\"%s\"}", token);
    g_autofree char *request = g_strdup_printf(
        "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        strlen(body), body);
    return fixture_say(fixture, request);
}

static char *cookie_in(const char *answer) {
    const char *start = strstr(answer, "Set-Cookie: ");
    g_assert_nonnull(start);
    start += strlen("Set-Cookie: ");
    return g_strndup(start, strcspn(start, ";"));
}

static char *with_cookie(const Fixture *fixture, const char *line, const char *cookie, const char *header) {
    g_autofree char *request = g_strdup_printf(
        "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: a=b; %s\r\n%s\r\n", line, cookie, header);
    return fixture_say(fixture, request);
}

static void assert_starts(const char *answer, const char *start) {
    if (!g_str_has_prefix(answer, start))
        g_error("not %s: %s", start, answer);
}

static void test_cookie(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *signed_in = sign_in(&fixture, ALICE);
    assert_starts(signed_in, "HTTP/1.1 200");
    g_assert_nonnull(strstr(signed_in, "; HttpOnly; SameSite=Strict\r\n"));
    g_autofree char *cookie = cookie_in(signed_in);
    g_autofree char *seen = with_cookie(&fixture, "GET /api/v1/session", cookie, "");
    assert_starts(seen, "HTTP/1.1 200");
    g_autofree char *bare = with_cookie(&fixture, "POST " DEPLOY, cookie, "");
    assert_starts(bare, "HTTP/1.1 403");
    g_autofree char *meant = with_cookie(&fixture, "POST " DEPLOY, cookie, "X-Sluice: 1\r\n");
    assert_starts(meant, "HTTP/1.1 202");
    g_autofree char *out = with_cookie(&fixture, "DELETE /api/v1/session", cookie, "X-Sluice: 1\r\n");
    assert_starts(out, "HTTP/1.1 204");
    g_assert_nonnull(strstr(out, "sluice_session=; Path=/; Max-Age=0"));
    g_autofree char *acts = fake_pipeline_acts(fixture.pipeline);
    g_assert_cmpstr(acts, ==, "sign_in alice deploy alice");
}

static void test_secure_cookie(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    fixture.config->public_url = g_strdup("https://sluice.acme.example");
    g_autofree char *signed_in = sign_in(&fixture, ALICE);
    g_assert_nonnull(strstr(signed_in, "; HttpOnly; SameSite=Strict; Secure\r\n"));
}

static void test_too_many(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    for (int i = 0; i < 10; i++) {
        g_autofree char *failed = sign_in(&fixture, "wrong");
        assert_starts(failed, "HTTP/1.1 401");
        g_assert_null(strstr(failed, "Set-Cookie"));
    }
    g_autofree char *refused = sign_in(&fixture, ALICE);
    assert_starts(refused, "HTTP/1.1 429");
}

/* --- Environments and runs ------------------------------------------------------------------------------ */

static void test_environments(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(json_t) overview = fixture_json(&fixture, "GET", "/api/v1/environments", VIC, NULL, 200);
    g_assert_cmpuint(json_array_size(json_object_get(overview, "environments")), ==, 2);
    g_autoptr(json_t) prod = fixture_json(&fixture, "GET", "/api/v1/environments/prod", VIC, NULL, 200);
    g_assert_cmpint(json_get_integer(prod, "approvals", -1), ==, 2);
    g_autoptr(json_t) none = fixture_json(&fixture, "GET", "/api/v1/environments/none", VIC, NULL, 404);
    const json_t *error = json_object_get(none, "error");
    g_assert_cmpstr(json_get_string(error, "message"), ==, "there is no environment 'none'");
    g_assert_cmpstr(json_get_string(error, "hint"), ==, "there are dev and prod");
}

static void assert_runs(const Fixture *fixture, const char *query, guint count) {
    g_autofree char *path = g_strconcat("/api/v1/runs", query, NULL);
    g_autoptr(json_t) answer = fixture_json(fixture, "GET", path, VIC, NULL, 200);
    g_assert_cmpuint(json_array_size(json_object_get(answer, "runs")), ==, count);
}

static void test_runs(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    assert_runs(&fixture, "", 9);
    assert_runs(&fixture, "?limit=2", 2);
    assert_runs(&fixture, "?open=true", 3);
    assert_runs(&fixture, "?open=false&subject=prod", 3);
    assert_runs(&fixture, "?before=" FAKE_RUN_APPLYING, 2);
    const char *const wrong[] = {"?limit=0", "?limit=501", "?limit=x", "?limit=1e2", "?open=yes"};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *path = g_strconcat("/api/v1/runs", wrong[i], NULL);
        g_assert_cmpint(fixture_ask(&fixture, "GET", path, VIC, NULL, NULL), ==, 400);
    }
}

static void test_run(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(json_t) seen = fixture_json(&fixture, "GET", WAITING, VIC, NULL, 200);
    g_assert_false(json_get_boolean(json_object_get(seen, "approval"), "may", true));
    g_autoptr(json_t) own = fixture_json(&fixture, "GET", WAITING, ALICE, NULL, 200);
    g_assert_true(json_get_boolean(json_object_get(own, "approval"), "may", false));
    g_assert_cmpint(fixture_ask(&fixture, "GET", "/api/v1/runs/01KH00000000000000000000ZZ", VIC, NULL, NULL),
                    ==, 404);
}

static void test_approve(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    const char *path = WAITING "/approve";
    g_assert_cmpint(fixture_ask(&fixture, "POST", path, ALICE, "{}", NULL), ==, 400);
    g_assert_cmpint(fixture_ask(&fixture, "POST", path, ALICE, "{\"digest\":\"sha256:0\"}", NULL), ==, 409);
    g_autoptr(json_t) run = fixture_json(&fixture, "POST", path, ALICE, APPROVAL, 200);
    g_assert_cmpstr(json_get_string(run, "state"), ==, "committing");
    g_assert_cmpint(fixture_ask(&fixture, "POST", path, ALICE, APPROVAL, NULL), ==, 409);
}

static void test_reject(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *reason = g_strnfill(1001, 'x');
    g_autofree char *long_body = g_strdup_printf("{\"reason\":\"%s\"}", reason);
    g_assert_cmpint(fixture_ask(&fixture, "POST", WAITING "/reject", ALICE, long_body, NULL), ==, 400);
    g_autoptr(json_t) run =
        fixture_json(&fixture, "POST", WAITING "/reject", ALICE, "{\"reason\":\"not on a Friday\"}", 200);
    g_assert_cmpstr(json_get_string(run, "state"), ==, "rejected");
    g_autoptr(json_t) audit = fixture_json(&fixture, "GET", "/api/v1/audit?limit=1", VIC, NULL, 200);
    const json_t *entry = json_array_get(json_object_get(audit, "entries"), 0);
    g_assert_cmpstr(json_get_string(entry, "detail"), ==, "not on a Friday");
}

static void test_new_runs(void) {
    static const struct {
        const char *path, *body, *cause;
    } acts[] = {
        {DEPLOY, NULL, "deploy"},
        {"/api/v1/environments/prod/promote", NULL, "promotion"},
        {"/api/v1/environments/prod/promote", "{\"instances\":[\"orders\"]}", "promotion"},
        {"/api/v1/environments/prod/unhold", "{\"plugin\":\"orders-source\"}", "unhold"},
        {"/api/v1/runs/" FAKE_RUN_DONE "/retry", NULL, "retry"},
    };
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    for (gsize i = 0; i < G_N_ELEMENTS(acts); i++) {
        g_autoptr(json_t) run = fixture_json(&fixture, "POST", acts[i].path, ALICE, acts[i].body, 202);
        g_assert_cmpstr(json_get_string(run, "cause"), ==, acts[i].cause);
        g_assert_cmpstr(json_get_string(run, "by"), ==, "alice");
    }
}

static void test_audit(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(json_t) audit =
        fixture_json(&fixture, "GET", "/api/v1/audit?before=01KJ0000000000000000000003", VIC, NULL, 200);
    g_assert_cmpuint(json_array_size(json_object_get(audit, "entries")), ==, 2);
    g_assert_cmpint(fixture_ask(&fixture, "GET", "/api/v1/audit?limit=-1", VIC, NULL, NULL), ==, 400);
}

/* --- Bodies --------------------------------------------------------------------------------------------- */

static void test_bodies(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    const char *promote = "/api/v1/environments/prod/promote";
    const char *const wrong[] = {"{",
                                 "[]",
                                 "7",
                                 "{\"instances\":\"orders\"}",
                                 "{\"instances\":[7]}",
                                 "{\"instanzes\":[]}",
                                 "{\"a\":1,\"a\":2}"};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(json_t) answer = fixture_json(&fixture, "POST", promote, ALICE, wrong[i], 400);
        g_assert_nonnull(json_get_string(json_object_get(answer, "error"), "message"));
    }
    g_autofree char *large = g_strnfill(70000, ' ');
    g_assert_cmpint(fixture_ask(&fixture, "POST", promote, ALICE, large, NULL), ==, 413);
}

static void test_media(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *answer = fixture_say(
        &fixture,
        "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/plain\r\n"
        "Content-Length: 2\r\n\r\n{}");
    assert_starts(answer, "HTTP/1.1 415");
    g_autofree char *chunked =
        fixture_say(&fixture, "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                              "Transfer-Encoding: chunked\r\n\r\n");
    assert_starts(chunked, "HTTP/1.1 411");
    g_autofree char *unasked =
        fixture_say(&fixture, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n");
    assert_starts(unasked, "HTTP/1.1 413");
}

/* --- The rest ------------------------------------------------------------------------------------------- */

static void test_monitors(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *health = NULL, *reason = NULL, *metrics = NULL;
    g_assert_cmpint(fixture_ask(&fixture, "GET", "/healthz", NULL, NULL, &health), ==, 200);
    g_assert_cmpstr(health, ==, "ok\n");
    g_assert_cmpint(fixture_ask(&fixture, "GET", "/readyz", NULL, NULL, NULL), ==, 200);
    fake_pipeline_not_ready(fixture.pipeline, "the declarations were not read yet");
    g_assert_cmpint(fixture_ask(&fixture, "GET", "/readyz", NULL, NULL, &reason), ==, 503);
    g_assert_cmpstr(reason, ==, "the declarations were not read yet\n");
    fixture_ask(&fixture, "GET", "/metrics", NULL, NULL, &metrics);
    const char *const lines[] = {
        "sluice_ready 0",
        "sluice_http_requests_total{method=\"GET\",route=\"/readyz\",status=\"5xx\"} 1",
        "sluice_runs{kind=\"deploy\",state=\"waiting\"} 1",
        "sluice_environment_healthy{environment=\"prod\"} 0",
        "sluice_build_duration_seconds_sum 90.5",
        "# TYPE sluice_polls_total counter",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *line = g_strdup_printf("\n%s\n", lines[i]);
        g_assert_nonnull(strstr(metrics, line));
    }
}

/* Each name has one HELP and one TYPE, before its values. */
static void test_metrics_format(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *metrics = NULL;
    fixture_ask(&fixture, "GET", "/metrics", NULL, NULL, &metrics);
    g_auto(GStrv) lines = g_strsplit(metrics, "\n", -1);
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const char *name = "";
    for (guint i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++) {
        if (g_str_has_prefix(lines[i], "# HELP ")) {
            g_auto(GStrv) words = g_strsplit(lines[i], " ", 4);
            g_assert_true(g_hash_table_add(known, g_strdup(words[2])));
            name = lines[i] + strlen("# HELP ");
            g_assert_true(g_str_has_prefix(lines[++i], "# TYPE "));
            continue;
        }
        g_assert_cmpint(strncmp(lines[i], name, strcspn(name, " ")), ==, 0);
    }
}

static void test_page(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *root = NULL, *deep = NULL, *script = NULL, *description = NULL, *source = NULL;
    g_assert_cmpint(fixture_ask(&fixture, "GET", "/", NULL, NULL, &root), ==, 200);
    g_assert_cmpint(fixture_ask(&fixture, "GET", "/runs/" FAKE_RUN_DONE, NULL, NULL, &deep), ==, 200);
    g_assert_nonnull(strstr(root, "<!doctype html>"));
    g_assert_cmpstr(root, ==, deep);
    g_assert_cmpint(fixture_ask(&fixture, "GET", "/assets/page.js", NULL, NULL, &script), ==, 200);
    g_assert_cmpuint(strlen(script), >, 0);
    g_assert_cmpint(fixture_ask(&fixture, "GET", "/api/v1/openapi.yaml", NULL, NULL, &description), ==, 200);
    source = files_read_text(OPENAPI, (gsize)1024 * 1024, NULL);
    g_assert_cmpstr(description, ==, source);
}

static void test_page_cached(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    const char *first =
        "GET /assets/page.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: br, gzip\r\n";
    g_autofree char *ask = g_strconcat(first, "\r\n", NULL);
    g_autofree char *packed = fixture_say(&fixture, ask);
    g_assert_nonnull(strstr(packed, "\r\nContent-Encoding: gzip\r\n"));
    const char *etag = strstr(packed, "ETag: ") + strlen("ETag: ");
    g_autofree char *tag = g_strndup(etag, strcspn(etag, "\r"));
    g_autofree char *again = g_strdup_printf("%sIf-None-Match: %s\r\n\r\n", first, tag);
    g_autofree char *unchanged = fixture_say(&fixture, again);
    assert_starts(unchanged, "HTTP/1.1 304");
}

static void test_headers(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    const char *const paths[] = {"/", "/api/v1/runs", "/metrics", "/none/of/ours", "/assets/none"};
    const char *const headers[] = {"\r\nContent-Security-Policy: default-src 'none'; ",
                                   "; frame-ancestors 'none'\r\n", "\r\nX-Content-Type-Options: nosniff\r\n",
                                   "\r\nReferrer-Policy: no-referrer\r\n", "\r\nCache-Control: no-"};
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *request =
            g_strdup_printf("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", paths[i]);
        g_autofree char *answer = fixture_say(&fixture, request);
        for (gsize k = 0; k < G_N_ELEMENTS(headers); k++)
            g_assert_nonnull(strstr(answer, headers[k]));
    }
}

static void test_unknown(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *text = NULL;
    g_autoptr(json_t) none = fixture_json(&fixture, "GET", "/api/v1/none", NULL, NULL, 404);
    g_assert_nonnull(json_get_string(json_object_get(none, "error"), "hint"));
    g_assert_cmpint(fixture_ask(&fixture, "GET", "/assets/none", NULL, NULL, &text), ==, 404);
    g_assert_cmpstr(text, ==, "there is no '/assets/none'\n");
    g_autofree char *wrong =
        fixture_say(&fixture, "PUT /api/v1/runs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_starts(wrong, "HTTP/1.1 405");
    g_assert_nonnull(strstr(wrong, "\r\nAllow: GET, HEAD\r\n"));
    g_autofree char *head = fixture_say(&fixture, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_starts(head, "HTTP/1.1 200");
    g_assert_true(g_str_has_suffix(head, "\r\n\r\n"));
}

/* Headers without an end stop at the limit. */
static void test_long_headers(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *padding = g_strnfill(40000, 'x');
    g_autofree char *request =
        g_strdup_printf("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: %s\r\n\r\n", padding);
    g_autofree char *answer = fixture_say(&fixture, request);
    g_assert_false(g_str_has_prefix(answer, "HTTP/1.1 200"));
    g_assert_cmpint(fixture_ask(&fixture, "GET", "/healthz", NULL, NULL, NULL), ==, 200);
}

/* Fifty who say half a request, and one who is served meanwhile. */
static void test_slow_clients(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(GPtrArray) slow = g_ptr_array_new_with_free_func(g_object_unref);
    for (int i = 0; i < 50; i++) {
        GSocketConnection *connection = fixture_connect(&fixture);
        fixture_send(connection, "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
        g_ptr_array_add(slow, connection);
    }
    for (int i = 0; i < 10; i++)
        g_assert_cmpint(fixture_ask(&fixture, "GET", "/api/v1/environments", VIC, NULL, NULL), ==, 200);
}

static void test_taken_port(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(GUri) uri = g_uri_parse(server_url(fixture.server), G_URI_FLAGS_NONE, NULL);
    fixture.config->port = (guint16)g_uri_get_port(uri);
    g_autoptr(GError) error = NULL;
    g_assert_null(server_start(fixture.config, fixture.pipeline, &error));
    g_assert_nonnull(strstr(error->message, "cannot listen at 127.0.0.1:"));
    g_assert_nonnull(error_hint(error));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/server/nobody gets nothing", test_nobody);
    g_test_add_func("/server/a viewer changes nothing", test_viewer);
    g_test_add_func("/server/a token tells who asks", test_who_am_i);
    g_test_add_func("/server/a cookie changes only what it means to", test_cookie);
    g_test_add_func("/server/a cookie of https stays there", test_secure_cookie);
    g_test_add_func("/server/attempts to sign in are limited", test_too_many);
    g_test_add_func("/server/environments", test_environments);
    g_test_add_func("/server/runs are filtered", test_runs);
    g_test_add_func("/server/a run tells whether its reader may approve", test_run);
    g_test_add_func("/server/approve", test_approve);
    g_test_add_func("/server/reject", test_reject);
    g_test_add_func("/server/what starts a run gives it", test_new_runs);
    g_test_add_func("/server/audit", test_audit);
    g_test_add_func("/server/a body that makes no sense is refused", test_bodies);
    g_test_add_func("/server/a body is JSON, with its length", test_media);
    g_test_add_func("/server/monitors", test_monitors);
    g_test_add_func("/server/metrics have their HELP and TYPE", test_metrics_format);
    g_test_add_func("/server/the page", test_page);
    g_test_add_func("/server/the page is packed and kept", test_page_cached);
    g_test_add_func("/server/every answer has the security headers", test_headers);
    g_test_add_func("/server/unknown paths and methods", test_unknown);
    g_test_add_func("/server/headers are limited", test_long_headers);
    g_test_add_func("/server/slow clients wait alone", test_slow_clients);
    g_test_add_func("/server/a taken port is told", test_taken_port);
    return g_test_run();
}
