/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: events and logs, at their beginning, in the middle and at the end. */
#include <string.h>

#include "fixture.h"
#include "server/events.h"

enum { STREAMS = 50, FLOOD = 600, DEADLINE_S = 60 };

static GSocketConnection *open_stream(const Fixture *fixture, const char *path) {
    GSocketConnection *connection = fixture_connect(fixture);
    g_autofree char *request = g_strdup_printf(
        "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " VIC "\r\n\r\n", path);
    fixture_send(connection, request);
    return connection;
}

static GSocketConnection *open_events(const Fixture *fixture) {
    GSocketConnection *connection = open_stream(fixture, "/api/v1/events");
    g_autofree char *hello = fixture_read(connection, "retry: ");
    g_assert_true(g_str_has_prefix(hello, "HTTP/1.1 200"));
    return connection;
}

static long clients_in(const Fixture *fixture) {
    g_autofree char *metrics = NULL;
    fixture_ask(fixture, "GET", "/metrics", NULL, NULL, &metrics);
    return strtol(strstr(metrics, "\nsluice_event_clients ") + strlen("\nsluice_event_clients "), NULL, 10);
}

static void test_told(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(GSocketConnection) one = open_events(&fixture), other = open_events(&fixture);
    fake_pipeline_tell(fixture.pipeline, "environment", json_pack("{s:s}", "name", "dev"));
    const char *frame = "event: environment\ndata: {\"name\":\"dev\"}\n\n";
    g_autofree char *first = fixture_read(one, frame), *second = fixture_read(other, frame);
    g_assert_nonnull(strstr(first, frame));
    g_assert_nonnull(strstr(second, frame));
}

static void test_stopped(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(GPtrArray) streams = g_ptr_array_new_with_free_func(g_object_unref);
    for (int i = 0; i < STREAMS; i++)
        g_ptr_array_add(streams, open_events(&fixture));
    g_ptr_array_add(streams, open_stream(&fixture, "/api/v1/runs/" FAKE_RUN_BUILDING "/log?follow=true"));
    g_assert_cmpint(clients_in(&fixture), ==, STREAMS);
    g_clear_pointer(&fixture.server, server_stop);
    /* Each ends as a stream ends: with the last chunk. */
    for (int i = 0; i < STREAMS; i++) {
        g_autofree char *rest = fixture_read(streams->pdata[i], NULL);
        g_assert_true(g_str_has_suffix(rest, "0\r\n\r\n") || rest[0] == '\0');
    }
}

static void test_gone(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    for (int i = 0; i < 3; i++) {
        g_autoptr(GSocketConnection) connection = open_events(&fixture);
        g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
    }
    gint64 deadline = g_get_monotonic_time() + DEADLINE_S * G_TIME_SPAN_SECOND;
    while (clients_in(&fixture) > 0 && g_get_monotonic_time() < deadline)
        g_usleep(50 * 1000);
    g_assert_cmpint(clients_in(&fixture), ==, 0);
}

/* One that reads nothing is dropped, and those that read miss nothing. */
static void test_slow_reader(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(GSocketConnection) slow = open_events(&fixture), quick = open_events(&fixture);
    g_autofree char *padding = g_strnfill(64 * 1024, 'x');
    gint64 deadline = g_get_monotonic_time() + DEADLINE_S * G_TIME_SPAN_SECOND;
    guint told = 0;
    for (; told < FLOOD && g_get_monotonic_time() < deadline; told++) {
        g_autofree char *name = g_strdup_printf("%s-%u.", padding, told);
        fake_pipeline_tell(fixture.pipeline, "environment", json_pack("{s:s}", "name", name));
        g_autofree char *end = g_strdup_printf("-%u.", told);
        g_autofree char *seen = fixture_read(quick, end);
        g_assert_nonnull(strstr(seen, end));
    }
    g_assert_cmpuint(told, ==, FLOOD);
    g_autofree char *rest = fixture_read(slow, "-599.");
    g_assert_null(strstr(rest, "-599."));
}

static guint count(const char *text, const char *word) {
    guint found = 0;
    while ((text = strstr(text, word)) != NULL) {
        text += strlen(word);
        found++;
    }
    return found;
}

/* A hundred lines make few events, the last of which says the whole size. */
static void test_paced(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(GSocketConnection) stream = open_events(&fixture);
    for (int i = 0; i < 100; i++)
        fake_pipeline_log(fixture.pipeline, FAKE_RUN_BUILDING, "0123456789");
    const char *last = "\"size\":1000}\n\n";
    g_autofree char *seen = fixture_read(stream, last);
    g_assert_nonnull(strstr(seen, last));
    g_assert_cmpuint(count(seen, "event: log"), <, 50);
}

static void test_too_many(void) {
    g_autoptr(Events) events = events_new();
    g_autoptr(GPtrArray) clients = g_ptr_array_new_with_free_func((GDestroyNotify)event_client_free);
    for (int i = 0; i < EVENTS_CLIENTS_MOST; i++)
        g_ptr_array_add(clients, events_join(events, -1));
    g_assert_null(events_join(events, -1));
    g_ptr_array_set_size(clients, 0);
}

/* --- Logs ----------------------------------------------------------------------------------------------- */

#define LOG "/api/v1/runs/" FAKE_RUN_BUILDING "/log"

static void assert_log(const Fixture *fixture, const char *query, const char *expected) {
    g_autofree char *path = g_strconcat(LOG, query, NULL), *text = NULL;
    g_assert_cmpint(fixture_ask(fixture, "GET", path, VIC, NULL, &text), ==, 200);
    g_assert_cmpstr(text, ==, expected);
}

static void test_log(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    assert_log(&fixture, "", "");
    fake_pipeline_log(fixture.pipeline, FAKE_RUN_BUILDING, "one\ntwo\n");
    assert_log(&fixture, "", "one\ntwo\n");
    assert_log(&fixture, "?offset=4", "two\n");
    assert_log(&fixture, "?offset=8", "");
    assert_log(&fixture, "?offset=1000", "");
    g_assert_cmpint(fixture_ask(&fixture, "GET", LOG "?offset=-1", VIC, NULL, NULL), ==, 400);
    g_assert_cmpint(
        fixture_ask(&fixture, "GET", "/api/v1/runs/01KH00000000000000000000ZZ/log", VIC, NULL, NULL), ==,
        404);
}

/* From before the log is there to the run's end. */
static void test_follow(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(GSocketConnection) stream = open_stream(&fixture, LOG "?follow=true&offset=4");
    fake_pipeline_log(fixture.pipeline, FAKE_RUN_BUILDING, "QQQ\ntwo\n");
    g_autofree char *first = fixture_read(stream, "two\n");
    g_assert_null(strstr(first, "QQQ"));
    fake_pipeline_log(fixture.pipeline, FAKE_RUN_BUILDING, "three\n");
    g_autofree char *second = fixture_read(stream, "three\n");
    g_assert_nonnull(strstr(second, "three\n"));
    fake_pipeline_log(fixture.pipeline, FAKE_RUN_BUILDING, "last\n");
    fake_pipeline_end(fixture.pipeline, FAKE_RUN_BUILDING);
    g_autofree char *end = fixture_read(stream, "\r\n0\r\n\r\n");
    g_assert_nonnull(strstr(end, "last\n"));
    g_assert_true(g_str_has_suffix(end, "\r\n0\r\n\r\n"));
}

/* Waiting for a line is not idling; a client that says nothing is. */
static void test_idle(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_clear_pointer(&fixture.server, server_stop);
    fixture.config->idle_s = 2;
    g_autoptr(GError) error = NULL;
    fixture.server = server_start(fixture.config, fixture.pipeline, &error);
    g_assert_no_error(error);
    g_autoptr(GSocketConnection) stream = open_stream(&fixture, LOG "?follow=true"),
                                 silent = fixture_connect(&fixture);
    fake_pipeline_log(fixture.pipeline, FAKE_RUN_BUILDING, "first\n");
    g_autofree char *first = fixture_read(stream, "first\n");
    g_assert_nonnull(strstr(first, "first\n"));
    g_autofree char *nothing = fixture_read(silent, NULL);
    g_assert_cmpstr(nothing, ==, "");
    g_usleep(3 * G_USEC_PER_SEC);
    fake_pipeline_log(fixture.pipeline, FAKE_RUN_BUILDING, "second\n");
    g_autofree char *second = fixture_read(stream, "second\n");
    g_assert_nonnull(strstr(second, "second\n"));
}

static void test_follow_ended(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    fake_pipeline_log(fixture.pipeline, FAKE_RUN_DONE, "all of it\n");
    g_autofree char *text = NULL;
    fixture_ask(&fixture, "GET", "/api/v1/runs/" FAKE_RUN_DONE "/log?follow=true", VIC, NULL, &text);
    g_assert_cmpstr(text, ==, "all of it\n");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/events/everyone is told", test_told);
    g_test_add_func("/events/fifty streams end when the server stops", test_stopped);
    g_test_add_func("/events/who is gone is noticed", test_gone);
    g_test_add_func("/events/who doesn't keep up is dropped", test_slow_reader);
    g_test_add_func("/events/a log's growth is told at a pace", test_paced);
    g_test_add_func("/events/streams are limited", test_too_many);
    g_test_add_func("/log/from an offset on", test_log);
    g_test_add_func("/log/is followed to its end", test_follow);
    g_test_add_func("/log/may be silent for longer than a client", test_idle);
    g_test_add_func("/log/of an ended run ends", test_follow_ended);
    return g_test_run();
}
