/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"
#include "connect/connect.h"
#include "fake_worker.h"

#define REBALANCE                                                                                         \
    "{\"error_code\":409,\"message\":\"Cannot complete request because of a conflicting operation (e.g. " \
    "worker "                                                                                             \
    "rebalance)\"}"

static void count_waits(const char *why, gpointer user_data) {
    g_assert_nonnull(why);
    (*(guint *)user_data)++;
}

static void assert_requests(FakeWorker *worker, guint count, const char *last) {
    g_auto(GStrv) requests = fake_worker_requests(worker);
    g_assert_cmpuint(g_strv_length(requests), ==, count);
    g_assert_cmpstr(requests[count - 1], ==, last);
}

static void test_retries(void) {
    const FakeAnswer answers[] = {{409, REBALANCE, 0}, {503, NULL, 0}, {201, "{}", 0}, {0}};
    g_autoptr(FakeWorker) worker = fake_worker_new(answers);
    g_autoptr(Connect) connect = connect_new(fake_worker_url(worker), NULL);
    g_autoptr(json_t) config = json_pack("{s:s}", "connector.class", "x.Y");
    g_autoptr(GError) error = NULL;
    guint waits = 0;
    ConnectCall call = {.waiting = count_waits, .user_data = &waits};
    connect_create(connect, "orders", config, "STOPPED", NULL, &call, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(waits, ==, 2);
    assert_requests(
        worker, 3,
        "POST /connectors "
        "{\"config\":{\"connector.class\":\"x.Y\"},\"initial_state\":\"STOPPED\",\"name\":\"orders\"}");
}

static void test_deadline(void) {
    const FakeAnswer answers[] = {{409, REBALANCE, 0}, {0}};
    g_autoptr(FakeWorker) worker = fake_worker_new(answers);
    g_autoptr(Connect) connect = connect_new(fake_worker_url(worker), NULL);
    g_autoptr(GError) error = NULL;
    ConnectCall call = {.deadline_ms = 700};
    gint64 started = g_get_monotonic_time();
    g_assert_false(connect_delete(connect, "orders", &call, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_BUSY);
    g_assert_cmpint(g_get_monotonic_time() - started, <, 1500000);
}

static void test_unknown(void) {
    const FakeAnswer answers[] = {{0, NULL, 1}, {200, "{}", 0}, {0}};
    g_autoptr(FakeWorker) worker = fake_worker_new(answers);
    g_autoptr(Connect) connect = connect_new(fake_worker_url(worker), NULL);
    g_autoptr(json_t) config = json_object();
    g_autoptr(GError) error = NULL;
    g_assert_false(connect_configure(connect, "orders", config, NULL, NULL, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_UNKNOWN);
    assert_requests(worker, 1, "PUT /connectors/orders/config {}");
}

static void test_broken_read(void) {
    const FakeAnswer answers[] = {
        {0, NULL, 1}, {200, "{\"version\":\"4.3.1\",\"kafka_cluster_id\":\"x\"}", 0}, {0}};
    g_autoptr(FakeWorker) worker = fake_worker_new(answers);
    g_autoptr(Connect) connect = connect_new(fake_worker_url(worker), NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(ConnectInfo) info = connect_info(connect, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(info->version, ==, "4.3.1");
    g_assert_cmpstr(info->cluster, ==, "x");
}

static void test_delete(void) {
    g_autofree char *gone = answer_text("get.404.json");
    g_autofree char *page = answer_text("starting.404.html");
    g_autofree char *json = answer_text("starting.404.json");
    const FakeAnswer answers[] = {{404, page, 0}, {404, json, 0}, {404, gone, 0}, {0}};
    g_autoptr(FakeWorker) worker = fake_worker_new(answers);
    g_autoptr(Connect) connect = connect_new(fake_worker_url(worker), NULL);
    g_autoptr(GError) error = NULL;
    connect_delete(connect, "ä b", NULL, &error);
    g_assert_no_error(error);
    assert_requests(worker, 3, "DELETE /connectors/%C3%A4%20b");
}

static void test_delete_elsewhere(void) {
    const FakeAnswer answers[] = {{404, "<html><head><title>404 Not Found</title></head></html>", 0}, {0}};
    g_autoptr(FakeWorker) worker = fake_worker_new(answers);
    g_autoptr(Connect) connect = connect_new(fake_worker_url(worker), NULL);
    g_autoptr(GError) error = NULL;
    g_assert_false(connect_delete(connect, "orders", NULL, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_FAILED);
    g_assert_nonnull(error_hint(error));
}

static void test_messages(void) {
    g_autofree char *denied = answer_text("denied.401.txt");
    const FakeAnswer answers[] = {{401, denied, 0}, {200, "not JSON", 0}, {200, "[1]", 0}, {0}};
    g_autoptr(FakeWorker) worker = fake_worker_new(answers);
    g_autoptr(Connect) connect = connect_new(fake_worker_url(worker), NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(connect_list(connect, NULL, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_DENIED);
    g_autofree char *expected = g_strdup_printf(
        "GET %s/connectors?expand=info&expand=status answered 401: User cannot access the resource.",
        fake_worker_url(worker));
    g_assert_cmpstr(error->message, ==, expected);
    g_clear_error(&error);
    for (int i = 0; i < 2; i++) {
        g_assert_null(connect_info(connect, NULL, &error));
        g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, fake_worker_url(worker)));
        g_clear_error(&error);
    }
}

static gpointer cancel_soon(gpointer cancellable) {
    g_usleep(100000);
    g_cancellable_cancel(cancellable);
    return NULL;
}

static void test_cancel(void) {
    const FakeAnswer answers[] = {{503, NULL, 0}, {0}};
    g_autoptr(FakeWorker) worker = fake_worker_new(answers);
    g_autoptr(Connect) connect = connect_new(fake_worker_url(worker), NULL);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    ConnectCall call = {.cancellable = cancellable};
    GThread *thread = g_thread_new("cancel", cancel_soon, cancellable);
    gint64 started = g_get_monotonic_time();
    g_assert_null(connect_list(connect, &call, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_CANCELLED);
    g_assert_cmpint(g_get_monotonic_time() - started, <, 2000000);
    g_thread_join(thread);
}

static void test_unreachable(void) {
    g_autoptr(Connect) connect = connect_new("http://127.0.0.1:1", NULL);
    g_autoptr(GError) error = NULL;
    ConnectCall call = {.deadline_ms = 300};
    g_assert_null(connect_list(connect, &call, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_UNREACHABLE);
}

static void test_names(void) {
    static const char *const names[] = {"a/b", "", ".", ".."};
    g_autoptr(Connect) connect = connect_new("http://127.0.0.1:1", NULL);
    g_autoptr(json_t) config = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(connect_create(connect, names[i], config, "RUNNING", NULL, NULL, &error));
        g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_INVALID);
    }
}

static void test_version(void) {
    g_assert_true(connect_version_at_least("4.1.0", 4, 1));
    g_assert_true(connect_version_at_least("4.10", 4, 1));
    g_assert_true(connect_version_at_least("5", 4, 1));
    g_assert_false(connect_version_at_least("4.0.9", 4, 1));
    g_assert_false(connect_version_at_least("3.9.1", 4, 1));
    g_assert_true(connect_version_at_least("7.9.1-ccs", 4, 1));
    g_assert_false(connect_version_at_least("unknown", 4, 1));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/client/a-rebalance-is-tried-again-until-it-is-over", test_retries);
    g_test_add_func("/client/a-rebalance-that-lasts-ends-at-the-deadline", test_deadline);
    g_test_add_func("/client/a-broken-change-is-unknown-and-not-repeated", test_unknown);
    g_test_add_func("/client/a-broken-read-is-repeated", test_broken_read);
    g_test_add_func("/client/deleting-what-is-gone-is-success-but-a-starting-worker-is-asked-again",
                    test_delete);
    g_test_add_func("/client/a-404-of-another-server-deletes-nothing", test_delete_elsewhere);
    g_test_add_func("/client/messages-name-the-address", test_messages);
    g_test_add_func("/client/cancel-ends-the-wait", test_cancel);
    g_test_add_func("/client/no-connection", test_unreachable);
    g_test_add_func("/client/names-that-cannot-be-addressed-are-refused", test_names);
    g_test_add_func("/client/versions", test_version);
    return g_test_run();
}
