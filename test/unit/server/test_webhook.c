/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/hash.h"
#include "fixture.h"
#include "server/error.h"
#include "server/webhook_payload.h"

#define PUSH                                                                                 \
    "{\"ref\":\"refs/heads/main\",\"repository\":{\"clone_url\":\"https://git.acme.example/" \
    "orders-source.git\","                                                                   \
    "\"ssh_url\":\"git@git.acme.example:orders-source.git\"}}"

/* --- What a delivery says ------------------------------------------------------------------------------- */

static void test_addresses(void) {
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) addresses = webhook_payload_addresses(PUSH, strlen(PUSH), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_strv_length(addresses), ==, 2);
    g_assert_cmpstr(addresses[0], ==, "https://git.acme.example/orders-source.git");
    g_assert_cmpstr(addresses[1], ==, "git@git.acme.example:orders-source.git");
}

static void test_malformed(void) {
    g_autofree char *deep = g_strnfill(100000, '[');
    g_autofree char *large = g_strnfill(1024 * 1024 + 1, ' ');
    const char *const wrong[] = {"",
                                 "{",
                                 "[]",
                                 "{}",
                                 "payload=%7B%7D",
                                 "{\"repository\":null}",
                                 "{\"repository\":{\"clone_url\":7}}",
                                 "{\"repository\":{\"clone_url\":\"--upload-pack=x\"}}",
                                 "{\"repository\":{\"clone_url\":\"https://a b\"}}",
                                 "{\"repository\":{\"clone_url\":\"a\\u0000b\"}}",
                                 deep,
                                 large};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(webhook_payload_addresses(wrong[i], strlen(wrong[i]), &error));
        g_assert_error(error, SERVER_ERROR, SERVER_ERROR_INVALID);
    }
}

/* --- Over HTTP ------------------------------------------------------------------------------------------ */

typedef struct {
    const char *path;
    const char *secret; /* NULL: unsigned */
    const char *header; /* of the signature */
    const char *delivery;
    const char *event;
    const char *body;
} Delivery;

static const Delivery GOOD = {"/webhooks/gitea", SECRET, "X-Gitea-Signature", "d-1", "push", PUSH};

static char *header(const char *name, const char *value) {
    return value != NULL ? g_strdup_printf("%s: %s\r\n", name, value) : g_strdup("");
}

static char *deliver(const Fixture *fixture, const Delivery *delivery) {
    g_autofree char *mac = delivery->secret != NULL
                               ? hash_mac_with(delivery->secret, strlen(delivery->secret), delivery->body,
                                               strlen(delivery->body))
                               : NULL;
    bool prefixed = g_str_equal(delivery->header, "X-Hub-Signature-256");
    g_autofree char *signature = mac != NULL ? g_strconcat(prefixed ? "sha256=" : "", mac, NULL) : NULL;
    g_autofree char *signed_by = header(delivery->header, signature);
    g_autofree char *id = header("X-Gitea-Delivery", delivery->delivery);
    g_autofree char *event = header("X-Gitea-Event", delivery->event);
    g_autofree char *request = g_strdup_printf(
        "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
        delivery->path, signed_by, id, event, strlen(delivery->body), delivery->body);
    return fixture_say(fixture, request);
}

static void assert_status(const char *answer, int status) {
    g_autofree char *start = g_strdup_printf("HTTP/1.1 %d ", status);
    if (!g_str_has_prefix(answer, start))
        g_error("not %d: %s", status, answer);
}

static void assert_counted(const Fixture *fixture, const char *outcome, int count) {
    g_autofree char *metrics = NULL;
    fixture_ask(fixture, "GET", "/metrics", NULL, NULL, &metrics);
    g_autofree char *line =
        g_strdup_printf("\nsluice_webhooks_total{provider=\"gitea\",outcome=\"%s\"} %d\n", outcome, count);
    g_assert_nonnull(strstr(metrics, line));
}

static void test_taken(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *answer = deliver(&fixture, &GOOD);
    assert_status(answer, 202);
    g_autofree char *hints = fake_pipeline_hints(fixture.pipeline);
    g_assert_cmpstr(hints, ==,
                    "https://git.acme.example/orders-source.git git@git.acme.example:orders-source.git");
    assert_counted(&fixture, "taken", 1);
}

static void test_hub_signature(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    Delivery delivery = GOOD;
    delivery.header = "X-Hub-Signature-256";
    g_autofree char *answer = deliver(&fixture, &delivery);
    assert_status(answer, 202);
}

static void assert_no_hint(const Fixture *fixture) {
    g_autofree char *hints = fake_pipeline_hints(fixture->pipeline);
    g_assert_cmpstr(hints, ==, "");
}

static void test_forged(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    const char *const secrets[] = {NULL, "", "other", SECRET "x"};
    for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++) {
        Delivery delivery = GOOD;
        delivery.secret = secrets[i];
        g_autofree char *answer = deliver(&fixture, &delivery);
        assert_status(answer, 401);
    }
    assert_counted(&fixture, "forged", G_N_ELEMENTS(secrets));
    assert_no_hint(&fixture);
    /* Nothing of a forged one is remembered: the true one is still new. */
    g_autofree char *good = deliver(&fixture, &GOOD);
    assert_status(good, 202);
}

static void test_replayed(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *first = deliver(&fixture, &GOOD), *second = deliver(&fixture, &GOOD);
    assert_status(first, 202);
    assert_status(second, 409);
    assert_counted(&fixture, "replayed", 1);
}

static void test_incomplete(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    Delivery nameless = GOOD, broken = GOOD;
    nameless.delivery = NULL;
    broken.body = "{\"repository\":";
    g_autofree char *first = deliver(&fixture, &nameless), *second = deliver(&fixture, &broken);
    assert_status(first, 400);
    assert_status(second, 400);
    assert_counted(&fixture, "malformed", 2);
    assert_no_hint(&fixture);
}

static void test_others(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    Delivery ping = GOOD, foreign = GOOD;
    ping.event = "ping";
    foreign.delivery = "d-2";
    foreign.body = "{\"repository\":{\"html_url\":\"https://git.acme.example/other\"}}";
    g_autofree char *first = deliver(&fixture, &ping), *second = deliver(&fixture, &foreign);
    assert_status(first, 202);
    assert_status(second, 202);
    assert_counted(&fixture, "ignored", 1);
    assert_counted(&fixture, "foreign", 1);
}

static void test_provider(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    Delivery github = GOOD;
    github.path = "/webhooks/github";
    g_autofree char *first = deliver(&fixture, &github);
    assert_status(first, 404);
    assert_no_hint(&fixture);
}

static void test_length(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *none =
        fixture_say(&fixture, "POST /webhooks/gitea HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    g_autofree char *chunked = fixture_say(&fixture, "POST /webhooks/gitea HTTP/1.1\r\nHost: x\r\n"
                                                     "Transfer-Encoding: chunked\r\n\r\n");
    /* Refused by what is announced: not a byte of the body is ever sent. */
    g_autofree char *large = fixture_say(&fixture, "POST /webhooks/gitea HTTP/1.1\r\nHost: x\r\n"
                                                   "Content-Length: 1048577\r\n\r\n");
    assert_status(none, 411);
    assert_status(chunked, 411);
    assert_status(large, 413);
    assert_counted(&fixture, "refused", 3);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/webhook/a push names its repository", test_addresses);
    g_test_add_func("/webhook/what is no push is refused", test_malformed);
    g_test_add_func("/webhook/a signed push is a hint", test_taken);
    g_test_add_func("/webhook/either signature is taken", test_hub_signature);
    g_test_add_func("/webhook/a forged one is refused and forgotten", test_forged);
    g_test_add_func("/webhook/a replay is refused", test_replayed);
    g_test_add_func("/webhook/one without an id or a payload is refused", test_incomplete);
    g_test_add_func("/webhook/pings and others' repositories change nothing", test_others);
    g_test_add_func("/webhook/a forge without a secret has none", test_provider);
    g_test_add_func("/webhook/a length is required and limited before anything is read", test_length);
    return g_test_run();
}
