/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_worker.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct FakeWorker {
    GSocketListener *listener;
    GCancellable *stop;
    GThread *thread;
    char *url;
    GMutex lock;
    const FakeAnswer *next;
    GPtrArray *requests;
};

static char *read_request(GDataInputStream *in) {
    g_autofree char *first = g_data_input_stream_read_line(in, NULL, NULL, NULL);
    if (first == NULL)
        return NULL;
    gsize length = 0;
    for (;;) {
        g_autofree char *line = g_data_input_stream_read_line(in, NULL, NULL, NULL);
        if (line == NULL || *line == '\0')
            break;
        if (g_ascii_strncasecmp(line, "content-length:", 15) == 0)
            length = strtoul(line + 15, NULL, 10);
    }
    g_autofree char *body = g_malloc0(length + 1);
    g_input_stream_read_all(G_INPUT_STREAM(in), body, length, NULL, NULL, NULL);
    char *end = strstr(first, " HTTP/");
    if (end != NULL)
        *end = '\0';
    return g_strdup_printf("%s%s%s", first, length > 0 ? " " : "", body);
}

static FakeAnswer take_answer(FakeWorker *worker, char *request) {
    g_mutex_lock(&worker->lock);
    g_ptr_array_add(worker->requests, request);
    FakeAnswer answer = *worker->next;
    if (worker->next[1].status != 0 || worker->next[1].delay_ms != 0)
        worker->next++;
    g_mutex_unlock(&worker->lock);
    return answer;
}

static void serve(FakeWorker *worker, GIOStream *connection) {
    g_autoptr(GDataInputStream) in = g_data_input_stream_new(g_io_stream_get_input_stream(connection));
    g_data_input_stream_set_newline_type(in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
    char *request = read_request(in);
    if (request == NULL)
        return;
    FakeAnswer answer = take_answer(worker, request);
    g_usleep(answer.delay_ms * 1000);
    if (answer.status == 0)
        return;
    const char *body = answer.body != NULL ? answer.body : "";
    g_autofree char *text =
        g_strdup_printf("HTTP/1.1 %d Fake\r\nContent-Type: application/json\r\nContent-Length: "
                        "%zu\r\nConnection: close\r\n\r\n%s",
                        answer.status, strlen(body), body);
    g_output_stream_write_all(g_io_stream_get_output_stream(connection), text, strlen(text), NULL, NULL,
                              NULL);
}

static gpointer accept_all(gpointer data) {
    FakeWorker *worker = data;
    for (;;) {
        g_autoptr(GSocketConnection) connection =
            g_socket_listener_accept(worker->listener, NULL, worker->stop, NULL);
        if (connection == NULL)
            return NULL;
        serve(worker, G_IO_STREAM(connection));
        g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
    }
}

FakeWorker *fake_worker_new(const FakeAnswer *answers) {
    FakeWorker *worker = g_new0(FakeWorker, 1);
    worker->next = answers;
    worker->requests = g_ptr_array_new_with_free_func(g_free);
    worker->listener = g_socket_listener_new();
    worker->stop = g_cancellable_new();
    g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
    g_autoptr(GSocketAddress) any = g_inet_socket_address_new(loopback, 0);
    g_autoptr(GSocketAddress) bound = NULL;
    g_assert_true(g_socket_listener_add_address(worker->listener, any, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_TCP, NULL, &bound, NULL));
    worker->url =
        g_strdup_printf("http://127.0.0.1:%d", g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound)));
    worker->thread = g_thread_new("fake worker", accept_all, worker);
    return worker;
}

void fake_worker_free(FakeWorker *worker) {
    g_cancellable_cancel(worker->stop);
    g_thread_join(worker->thread);
    g_socket_listener_close(worker->listener);
    g_object_unref(worker->listener);
    g_object_unref(worker->stop);
    g_ptr_array_unref(worker->requests);
    g_free(worker->url);
    g_free(worker);
}

const char *fake_worker_url(const FakeWorker *worker) {
    return worker->url;
}

char **fake_worker_requests(FakeWorker *worker) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_mutex_lock(&worker->lock);
    for (guint i = 0; i < worker->requests->len; i++)
        g_strv_builder_add(builder, g_ptr_array_index(worker->requests, i));
    g_mutex_unlock(&worker->lock);
    return g_strv_builder_end(builder);
}
