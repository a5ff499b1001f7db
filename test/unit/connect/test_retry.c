/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/retry.h"

#include "answers.h"

typedef struct {
    const char *title;
    long status;
    const char *message; /* or, with a dot in it, the recorded answer it is in */
    Verdict read;
    Verdict change;
    ConnectError code; /* of a change that fails */
} Case;

static const Case cases[] = {
    {"success", 204, "", VERDICT_OK, VERDICT_OK, 0},
    {"rebalance", 409, "Cannot complete request because of a conflicting operation (e.g. worker rebalance)",
     VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY},
    {"stale-configuration", 409,
     "Cannot complete request momentarily due to stale configuration (typically caused by a concurrent "
     "config change)",
     VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY},
    {"no-leader", 409,
     "Cannot complete request momentarily due to no known leader URL, likely because a rebalance was "
     "underway.",
     VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY},
    {"already-exists", 409, "create-exists.409.json", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_EXISTS},
    {"other-conflict", 409, "Something else", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_FAILED},
    {"time-out", 500, "Request timed out. The worker is currently flushing updates to the status topic",
     VERDICT_RETRY, VERDICT_UNKNOWN, CONNECT_ERROR_UNKNOWN},
    {"leader-refuses", 500,
     "IO Error trying to forward REST request: java.net.ConnectException: Connection refused", VERDICT_RETRY,
     VERDICT_RETRY, CONNECT_ERROR_BUSY},
    {"leader-breaks", 500, "IO Error trying to forward REST request: java.io.EOFException", VERDICT_RETRY,
     VERDICT_UNKNOWN, CONNECT_ERROR_UNKNOWN},
    {"leader-hangs", 500, "IO Error trying to forward REST request: Idle timeout expired: 30001/30000 ms",
     VERDICT_RETRY, VERDICT_UNKNOWN, CONNECT_ERROR_UNKNOWN},
    {"other-500", 500, "java.lang.NullPointerException", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_FAILED},
    {"a-connectors-own-refusal", 500, "java.net.ConnectException: Connection refused", VERDICT_FAIL,
     VERDICT_FAIL, CONNECT_ERROR_FAILED},
    {"missing-version", 500, "configure-missing-version.500.json", VERDICT_FAIL, VERDICT_FAIL,
     CONNECT_ERROR_INVALID},
    {"unknown-class", 400, "create-unknown-class.400.json", VERDICT_FAIL, VERDICT_FAIL,
     CONNECT_ERROR_NOT_FOUND},
    {"unknown-class-as-500", 500, "validate-unknown-class.500.json", VERDICT_FAIL, VERDICT_FAIL,
     CONNECT_ERROR_NOT_FOUND},
    {"bad-request-as-500", 500, "validate-no-class.500.json", VERDICT_FAIL, VERDICT_FAIL,
     CONNECT_ERROR_INVALID},
    {"invalid-config", 400, "create-invalid.400.json", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_INVALID},
    {"denied", 401, "User cannot access the resource.", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_DENIED},
    {"forbidden", 403, "", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_DENIED},
    {"no-connector", 404, "get.404.json", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_NOT_FOUND},
    {"no-status", 404, "status.404.json", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_NOT_FOUND},
    {"no-such-path-is-no-missing-connector", 404, "path.404.json", VERDICT_FAIL, VERDICT_FAIL,
     CONNECT_ERROR_FAILED},
    {"a-worker-that-starts-has-no-api-yet", 404, "a page 'Error 404 Not Found'", VERDICT_RETRY, VERDICT_RETRY,
     CONNECT_ERROR_FAILED},
    {"another-server's-404", 404, "a page '404 Not Found'", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_FAILED},
    {"wrong-verb", 405, "HTTP 405 Method Not Allowed", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_FAILED},
    {"unavailable", 503, "", VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY},
    {"bad-gateway", 502, "", VERDICT_RETRY, VERDICT_UNKNOWN, CONNECT_ERROR_UNKNOWN},
    {"gateway-time-out", 504, "", VERDICT_RETRY, VERDICT_UNKNOWN, CONNECT_ERROR_UNKNOWN},
};

static void test_answer(gconstpointer data) {
    const Case *row = data;
    bool recorded = g_str_has_suffix(row->message, ".json");
    g_autofree char *message = recorded ? answer_message(row->message) : g_strdup(row->message);
    Judgement read = retry_judge(false, row->status, message);
    Judgement change = retry_judge(true, row->status, message);
    g_assert_cmpint(read.verdict, ==, row->read);
    g_assert_cmpint(change.verdict, ==, row->change);
    g_assert_cmpint(change.code, ==, row->code);
    if (row->read == VERDICT_RETRY)
        g_assert_nonnull(read.why);
}

static const struct {
    BaseError error;
    Verdict read;
    Verdict change;
    ConnectError code;
} transports[] = {
    {BASE_ERROR_CONNECT, VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_UNREACHABLE},
    {BASE_ERROR_BROKEN, VERDICT_RETRY, VERDICT_UNKNOWN, CONNECT_ERROR_UNKNOWN},
    {BASE_ERROR_TIMEOUT, VERDICT_RETRY, VERDICT_UNKNOWN, CONNECT_ERROR_UNKNOWN},
    {BASE_ERROR_LIMIT, VERDICT_FAIL, VERDICT_UNKNOWN, CONNECT_ERROR_UNKNOWN},
    {BASE_ERROR_CANCELLED, VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_CANCELLED},
    {BASE_ERROR_SYNTAX, VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_FAILED},
};

static void test_transport(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(transports); i++) {
        g_autoptr(GError) error = NULL;
        error_set(&error, BASE_ERROR, transports[i].error, NULL, "failed");
        g_assert_cmpint(retry_judge_error(false, error).verdict, ==, transports[i].read);
        g_assert_cmpint(retry_judge_error(true, error).verdict, ==, transports[i].change);
        g_assert_cmpint(retry_judge_error(true, error).code, ==, transports[i].code);
    }
}

static void test_pause(void) {
    for (guint attempt = 1; attempt < 100; attempt++) {
        guint longest = attempt < 6 ? 200U << (attempt - 1) : 5000;
        guint pause = retry_pause_ms(attempt);
        g_assert_cmpuint(pause, >=, longest / 2);
        g_assert_cmpuint(pause, <=, longest);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/retry/answer/", cases[i].title, NULL);
        g_test_add_data_func(path, &cases[i], test_answer);
    }
    g_test_add_func("/retry/a-change-that-may-have-been-sent-is-unknown", test_transport);
    g_test_add_func("/retry/pauses-grow-to-five-seconds", test_pause);
    return g_test_run();
}
