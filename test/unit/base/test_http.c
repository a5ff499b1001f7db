/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a small server of this file, which speaks just enough HTTP to answer well and to
 * misbehave. */
#include "base/http.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"

typedef struct {
    GSocketListener *listener;
    GCancellable *stop;
    GThread *thread;
    guint16 port;
    GMutex lock;
    GPtrArray *conversations; /* threads, one per connection */
    guint connections;
    guint requests;
    char *heard; /* the last request's line and headers */
    GByteArray *body;
} Server;

typedef struct {
    Server *server;
    GSocketConnection *connection;
} Conversation;

static const char content[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static void say(GOutputStream *out, const char *text) {
    g_output_stream_write_all(out, text, strlen(text), NULL, NULL, NULL);
}

static void answer(GOutputStream *out, int status, const char *headers, const char *body) {
    g_autofree char *text = g_strdup_printf("HTTP/1.1 %d Said\r\nContent-Length: %zu\r\n%s\r\n%s", status,
                                            strlen(body), headers, body);
    say(out, text);
}

static void wait_for_stop(Server *server, guint ms) {
    for (guint waited = 0; waited < ms && !g_cancellable_is_cancelled(server->stop); waited += 10)
        g_usleep(10 * 1000);
}

static void answer_range(GOutputStream *out, const char *heard, bool lie) {
    const char *range = strstr(heard, "Range: bytes=");
    if (range == NULL) {
        answer(out, 200, "", content);
        return;
    }
    guint64 from = g_ascii_strtoull(range + strlen("Range: bytes="), NULL, 10);
    g_autofree char *headers = g_strdup_printf("Content-Range: bytes %d-35/36\r\n", lie ? 0 : (int)from);
    answer(out, 206, headers, content + from);
}

static void answer_gzip(GOutputStream *out) {
    g_autoptr(GConverter) gzip = G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, -1));
    guint8 packed[512];
    gsize taken = 0;
    gsize made = 0;
    g_converter_convert(gzip, content, sizeof content - 1, packed, sizeof packed, G_CONVERTER_INPUT_AT_END,
                        &taken, &made, NULL);
    g_autofree char *head =
        g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", made);
    say(out, head);
    g_output_stream_write_all(out, packed, made, NULL, NULL, NULL);
}

static void answer_endless(Server *server, GOutputStream *out) {
    g_autofree char *block = g_strnfill(4096, 'x');
    say(out, "HTTP/1.1 200 OK\r\n\r\n");
    while (!g_cancellable_is_cancelled(server->stop) &&
           g_output_stream_write_all(out, block, 4096, NULL, NULL, NULL))
        ;
}

static void answer_drip(Server *server, GOutputStream *out) {
    say(out, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n");
    for (int i = 0; i < 8 && !g_cancellable_is_cancelled(server->stop); i++) {
        wait_for_stop(server, 100);
        say(out, "d");
    }
}

static void answer_redirect(Server *server, GOutputStream *out, const char *host, const char *path) {
    g_autofree char *headers = g_strdup_printf("Location: http://%s:%u%s\r\n", host, server->port, path);
    answer(out, 302, headers, "");
}

/* Answers; false ends the connection. */
static bool serve_path(Server *server, GOutputStream *out, const char *path, const char *heard) {
    int status = 0;
    if (sscanf(path, "/status/%d", &status) == 1)
        answer(out, status, "Content-Type: text/plain\r\n", "said");
    else if (g_str_equal(path, "/range"))
        answer_range(out, heard, false);
    else if (g_str_equal(path, "/range-lie"))
        answer_range(out, heard, true);
    else if (g_str_equal(path, "/plain"))
        answer(out, 200, "", content);
    else if (g_str_equal(path, "/gzip"))
        answer_gzip(out);
    else if (g_str_equal(path, "/endless"))
        answer_endless(server, out);
    else if (g_str_equal(path, "/drip"))
        answer_drip(server, out);
    else if (g_str_equal(path, "/hang"))
        wait_for_stop(server, 10 * 1000);
    else if (g_str_equal(path, "/half"))
        say(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    else if (g_str_equal(path, "/redirect"))
        answer_redirect(server, out, "127.0.0.1", "/plain");
    else if (g_str_equal(path, "/elsewhere"))
        answer_redirect(server, out, "localhost", "/plain");
    else if (g_str_equal(path, "/circle"))
        answer_redirect(server, out, "127.0.0.1", "/circle");
    static const char *const ending[] = {"/endless", "/hang", "/half", "/break", NULL};
    return !g_strv_contains(ending, path);
}

/* Request line and headers, until the empty line; NULL at the end of the connection. */
static char *hear(GDataInputStream *in) {
    g_autoptr(GString) heard = g_string_new(NULL);
    for (;;) {
        g_autofree char *line = g_data_input_stream_read_line(in, NULL, NULL, NULL);
        if (line == NULL)
            return NULL;
        if (*line == '\0')
            return g_string_free(g_steal_pointer(&heard), FALSE);
        g_string_append_printf(heard, "%s\n", line);
    }
}

static void hear_body(Server *server, GDataInputStream *in, char *heard) {
    const char *length = strstr(heard, "Content-Length: ");
    gsize wanted = length != NULL ? g_ascii_strtoull(length + strlen("Content-Length: "), NULL, 10) : 0;
    g_autofree guint8 *data = g_malloc(wanted + 1);
    gsize got = 0;
    g_input_stream_read_all(G_INPUT_STREAM(in), data, wanted, &got, NULL, NULL);
    g_mutex_lock(&server->lock);
    server->requests++;
    g_free(server->heard);
    server->heard = g_strdup(heard);
    g_byte_array_set_size(server->body, 0);
    g_byte_array_append(server->body, data, (guint)got);
    g_mutex_unlock(&server->lock);
}

static gpointer converse(gpointer user_data) {
    Conversation *conversation = user_data;
    GIOStream *stream = G_IO_STREAM(conversation->connection);
    g_autoptr(GDataInputStream) in = g_data_input_stream_new(g_io_stream_get_input_stream(stream));
    g_data_input_stream_set_newline_type(in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
    bool more = true;
    while (more) {
        g_autofree char *heard = hear(in);
        if (heard == NULL)
            break;
        hear_body(conversation->server, in, heard);
        g_auto(GStrv) words = g_strsplit_set(heard, " ?\n", 3);
        more = serve_path(conversation->server, g_io_stream_get_output_stream(stream), words[1], heard);
    }
    g_io_stream_close(stream, NULL, NULL);
    g_object_unref(stream);
    g_free(conversation);
    return NULL;
}

static gpointer serve(gpointer user_data) {
    Server *server = user_data;
    GSocketConnection *connection = NULL;
    while ((connection = g_socket_listener_accept(server->listener, NULL, server->stop, NULL)) != NULL) {
        Conversation *conversation = g_new0(Conversation, 1);
        conversation->server = server;
        conversation->connection = connection;
        g_socket_set_timeout(g_socket_connection_get_socket(connection), 2);
        server->connections++;
        g_ptr_array_add(server->conversations, g_thread_new("conversation", converse, conversation));
    }
    return NULL;
}

static Server *server_start(void) {
    Server *server = g_new0(Server, 1);
    server->listener = g_socket_listener_new();
    server->stop = g_cancellable_new();
    server->conversations = g_ptr_array_new();
    server->body = g_byte_array_new();
    g_mutex_init(&server->lock);
    server->port = g_socket_listener_add_any_inet_port(server->listener, NULL, NULL);
    g_assert_cmpuint(server->port, >, 0);
    server->thread = g_thread_new("server", serve, server);
    return server;
}

static void server_stop(Server *server) {
    g_cancellable_cancel(server->stop);
    g_thread_join(server->thread);
    for (guint i = 0; i < server->conversations->len; i++)
        g_thread_join(g_ptr_array_index(server->conversations, i));
    g_ptr_array_unref(server->conversations);
    g_socket_listener_close(server->listener);
    g_object_unref(server->listener);
    g_object_unref(server->stop);
    g_byte_array_unref(server->body);
    g_mutex_clear(&server->lock);
    g_free(server->heard);
    g_free(server);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_stop)

static char *url_of(const Server *server, const char *path) {
    return g_strdup_printf("http://127.0.0.1:%u%s", server->port, path);
}

/* Sends with a client of its own, stopped before the server so that no connection is left open. */
static HttpResponse *exchange(Server *server, const HttpCredentials *credentials, HttpRequest request,
                              const char *path, GError **error) {
    g_autoptr(HttpClient) client = http_client_new(credentials);
    g_autofree char *url = url_of(server, path);
    request.url = url;
    if (request.method == NULL)
        request.method = "GET";
    return http_send(client, &request, error);
}

static bool heard_line(const Server *server, const char *line) {
    g_auto(GStrv) lines = g_strsplit(server->heard, "\n", -1);
    return g_strv_contains((const char *const *)lines, line);
}

static void any_status_is_an_answer(void) {
    static const int statuses[] = {200, 201, 204, 401, 404, 409, 500, 503};
    for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
        g_autoptr(Server) server = server_start();
        g_autoptr(GError) error = NULL;
        g_autofree char *path = g_strdup_printf("/status/%d", statuses[i]);
        g_autoptr(HttpResponse) response = exchange(server, NULL, (HttpRequest){0}, path, &error);
        g_assert_no_error(error);
        g_assert_cmpint(response->status, ==, statuses[i]);
        g_assert_cmpstr(response->content_type, ==, "text/plain");
        g_assert_cmpuint(g_bytes_get_size(response->body), ==, statuses[i] == 204 ? 0 : 4);
    }
}

static void a_body_is_sent_with_its_type_and_length(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(GBytes) body = g_bytes_new_static("{\"a\":1}", 7);
    static const char *const headers[] = {"X-Extra: yes", NULL};
    HttpRequest request = {
        .method = "PUT", .body = body, .content_type = "application/json", .headers = headers};
    g_autoptr(HttpResponse) response = exchange(server, NULL, request, "/status/200", NULL);
    g_assert_nonnull(response);
    g_assert_true(heard_line(server, "PUT /status/200 HTTP/1.1"));
    g_assert_true(heard_line(server, "Content-Type: application/json"));
    g_assert_true(heard_line(server, "Content-Length: 7"));
    g_assert_true(heard_line(server, "X-Extra: yes"));
    g_assert_cmpmem(server->body->data, server->body->len, "{\"a\":1}", 7);
}

static void a_post_without_body_says_length_0_and_no_type(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(HttpResponse) response =
        exchange(server, NULL, (HttpRequest){.method = "POST"}, "/status/202", NULL);
    g_assert_nonnull(response);
    g_assert_true(heard_line(server, "Content-Length: 0"));
    g_assert_null(strstr(server->heard, "Content-Type"));
}

static void a_head_has_no_body(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(HttpResponse) response =
        exchange(server, NULL, (HttpRequest){.method = "HEAD"}, "/plain", NULL);
    g_assert_nonnull(response);
    g_assert_cmpuint(g_bytes_get_size(response->body), ==, 0);
}

static void gzip_is_unpacked(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(HttpResponse) response = exchange(server, NULL, (HttpRequest){0}, "/gzip", NULL);
    g_assert_nonnull(response);
    gsize length = 0;
    const char *data = g_bytes_get_data(response->body, &length);
    g_assert_cmpmem(data, length, content, sizeof content - 1);
}

static void the_limit_counts_unpacked_bytes(void) {
    static const char *const paths[] = {"/plain", "/gzip"};
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(Server) server = server_start();
        g_autoptr(GError) error = NULL;
        g_autoptr(HttpResponse) whole = exchange(server, NULL, (HttpRequest){.limit = 36}, paths[i], NULL);
        g_assert_nonnull(whole);
        g_assert_null(exchange(server, NULL, (HttpRequest){.limit = 35}, paths[i], &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
    }
}

static void an_endless_answer_ends_at_the_limit(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(GError) error = NULL;
    g_assert_null(exchange(server, NULL, (HttpRequest){.limit = 100000}, "/endless", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void a_silent_server_is_a_timeout(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(GError) error = NULL;
    g_assert_null(exchange(server, NULL, (HttpRequest){.timeout_ms = 200}, "/hang", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_TIMEOUT);
}

static void a_slow_server_is_a_timeout(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(GError) error = NULL;
    g_assert_null(exchange(server, NULL, (HttpRequest){.timeout_ms = 300}, "/drip", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_TIMEOUT);
}

static void a_refused_connection_means_not_sent(void) {
    g_autoptr(GError) error = NULL;
    g_autofree char *url = NULL;
    {
        g_autoptr(Server) server = server_start();
        url = url_of(server, "/plain");
    }
    g_autoptr(HttpClient) client = http_client_new(NULL);
    g_assert_null(http_send(client, &(HttpRequest){.method = "POST", .url = url}, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CONNECT);
}

static void a_failed_handshake_means_not_sent(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(HttpClient) client = http_client_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *url = g_strdup_printf("https://127.0.0.1:%u/", server->port);
    g_assert_null(http_send(client, &(HttpRequest){.method = "GET", .url = url, .timeout_ms = 5000}, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CONNECT);
    g_assert_nonnull(error_hint(error));
}

static void an_unknown_host_means_not_sent(void) {
    g_autoptr(HttpClient) client = http_client_new(NULL);
    g_autoptr(GError) error = NULL;
    HttpRequest request = {.method = "GET", .url = "http://no-such-host.invalid/"};
    g_assert_null(http_send(client, &request, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CONNECT);
}

static void a_broken_connection_is_told_apart(void) {
    static const char *const paths[] = {"/break", "/half"};
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(Server) server = server_start();
        g_autoptr(GError) error = NULL;
        g_assert_null(exchange(server, NULL, (HttpRequest){0}, paths[i], &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_BROKEN);
    }
}

static void a_post_is_never_sent_twice(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(GError) error = NULL;
    g_autofree char *plain = url_of(server, "/plain");
    g_autofree char *broken = url_of(server, "/break");
    {
        g_autoptr(HttpClient) client = http_client_new(NULL);
        g_autoptr(HttpResponse) first =
            http_send(client, &(HttpRequest){.method = "GET", .url = plain}, NULL);
        g_assert_nonnull(first);
        g_assert_null(http_send(client, &(HttpRequest){.method = "POST", .url = broken}, &error));
    }
    g_assert_error(error, BASE_ERROR, BASE_ERROR_BROKEN);
    g_assert_cmpuint(server->requests, ==, 2);
}

static void a_connection_is_kept(void) {
    g_autoptr(Server) server = server_start();
    g_autofree char *plain = url_of(server, "/plain");
    {
        g_autoptr(HttpClient) client = http_client_new(NULL);
        for (int i = 0; i < 3; i++) {
            g_autoptr(HttpResponse) response =
                http_send(client, &(HttpRequest){.method = "GET", .url = plain}, NULL);
            g_assert_nonnull(response);
        }
    }
    g_assert_cmpuint(server->connections, ==, 1);
}

static gpointer cancel_soon(gpointer user_data) {
    g_usleep(100 * 1000);
    g_cancellable_cancel(user_data);
    return NULL;
}

static void a_cancel_ends_a_request(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    GThread *thread = g_thread_new("cancel", cancel_soon, cancellable);
    gint64 begun = g_get_monotonic_time();
    g_assert_null(exchange(server, NULL, (HttpRequest){.cancellable = cancellable}, "/hang", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
    g_assert_cmpint(g_get_monotonic_time() - begun, <, 5 * G_USEC_PER_SEC);
    g_thread_join(thread);
}

static void a_cancelled_request_is_not_sent(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    g_cancellable_cancel(cancellable);
    g_assert_null(exchange(server, NULL, (HttpRequest){.cancellable = cancellable}, "/plain", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
    g_assert_cmpuint(server->connections, ==, 0);
}

static void basic_credentials_are_sent_at_once(void) {
    g_autoptr(Server) server = server_start();
    HttpCredentials credentials = {.username = "ada", .password = "pass:word"};
    g_autoptr(HttpResponse) response = exchange(server, &credentials, (HttpRequest){0}, "/plain", NULL);
    g_assert_nonnull(response);
    g_assert_cmpuint(server->requests, ==, 1);
    g_assert_true(heard_line(server, "Authorization: Basic YWRhOnBhc3M6d29yZA=="));
}

static void a_bearer_token_is_sent(void) {
    g_autoptr(Server) server = server_start();
    HttpCredentials credentials = {.bearer = "t0ken"};
    g_autoptr(HttpResponse) response = exchange(server, &credentials, (HttpRequest){0}, "/plain", NULL);
    g_assert_nonnull(response);
    g_assert_true(heard_line(server, "Authorization: Bearer t0ken"));
}

static void a_redirect_is_followed_for_get_alone(void) {
    g_autoptr(Server) server = server_start();
    HttpCredentials credentials = {.username = "ada", .password = "secret"};
    g_autoptr(HttpResponse) get = exchange(server, &credentials, (HttpRequest){0}, "/redirect", NULL);
    g_assert_cmpint(get->status, ==, 200);
    g_assert_nonnull(strstr(server->heard, "Authorization:"));
    g_autoptr(HttpResponse) put =
        exchange(server, &credentials, (HttpRequest){.method = "PUT"}, "/redirect", NULL);
    g_assert_cmpint(put->status, ==, 302);
}

static void credentials_dont_follow_to_another_host(void) {
    static const HttpCredentials each[] = {{.username = "ada", .password = "secret"}, {.bearer = "t0ken"}};
    for (gsize i = 0; i < G_N_ELEMENTS(each); i++) {
        g_autoptr(Server) server = server_start();
        g_autoptr(HttpResponse) response = exchange(server, &each[i], (HttpRequest){0}, "/elsewhere", NULL);
        g_assert_nonnull(response);
        g_assert_cmpint(response->status, ==, 200);
        g_assert_cmpuint(server->requests, ==, 2);
        g_assert_null(strstr(server->heard, "Authorization"));
    }
}

static void a_circle_of_redirects_ends(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(GError) error = NULL;
    g_assert_null(exchange(server, NULL, (HttpRequest){0}, "/circle", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
}

static void other_addresses_are_refused(void) {
    static const char *const urls[] = {
        "file:///etc/passwd", "ftp://localhost/x", "localhost:8083", "", "http://", "http://a b/"};
    g_autoptr(HttpClient) client = http_client_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(http_send(client, &(HttpRequest){.method = "GET", .url = urls[i]}, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_SYNTAX);
    }
}

static void a_header_cant_smuggle_another(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(GError) error = NULL;
    static const char *const headers[] = {"X-A: b\r\nX-Evil: yes", NULL};
    g_assert_null(exchange(server, NULL, (HttpRequest){.headers = headers}, "/plain", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_SYNTAX);
}

static void credentials_are_in_no_message(void) {
    static const char *const urls[] = {
        "http://ada:secret@127.0.0.1:1/a?token=secret&b=secret#secret",
        "http://ada:se@secret@127.0.0.1:1/",
        "http://ada:secret/secret@127.0.0.1:1/x",
        "ftp://ada:secret@127.0.0.1/x",
        "ada:secret@127.0.0.1:1/x",
        "http://ada:secret@no-such-host.invalid/?secret=x&=secret",
    };
    HttpCredentials credentials = {.username = "ada", .password = "secret"};
    g_autoptr(HttpClient) client = http_client_new(&credentials);
    for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(http_send(client, &(HttpRequest){.method = "GET", .url = urls[i]}, &error));
        g_test_message("%s", error->message);
        g_autofree char *but_names = g_strdup(error->message);
        char *name = strstr(but_names, "?secret=");
        if (name != NULL)
            memcpy(name, "?name___", 8);
        g_assert_null(strstr(but_names, "secret"));
        g_assert_null(strstr(but_names, "ada"));
    }
}

static void a_message_names_method_address_and_cause(void) {
    g_autoptr(HttpClient) client = http_client_new(NULL);
    g_autoptr(GError) error = NULL;
    HttpRequest request = {.method = "DELETE", .url = "http://127.0.0.1:1/connectors/x?expand=info&y=2"};
    g_assert_null(http_send(client, &request, &error));
    g_assert_true(g_str_has_prefix(error->message, "DELETE http://127.0.0.1:1/connectors/x?expand=…&y=…: "));
    g_assert_nonnull(strstr(error->message, "connect"));
}

typedef struct {
    GString *data;
    gsize refuse_after;
} Sink;

static bool sink(const guint8 *data, gsize length, gpointer user_data, GError **error) {
    Sink *into = user_data;
    g_string_append_len(into->data, (const char *)data, (gssize)length);
    if (into->refuse_after == 0 || into->data->len <= into->refuse_after)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "the disk is full");
    return false;
}

typedef struct {
    bool done;
    bool resumed;
    long status;
    char *data;
    GError *error;
} Downloaded;

static void downloaded_clear(Downloaded *downloaded) {
    g_free(downloaded->data);
    g_clear_error(&downloaded->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Downloaded, downloaded_clear)

static Downloaded download(const char *path, guint64 offset, HttpRequest request, gsize refuse_after) {
    g_autoptr(Server) server = server_start();
    g_autoptr(HttpClient) client = http_client_new(NULL);
    g_autofree char *url = url_of(server, path);
    Downloaded got = {.status = -1};
    Sink into = {.data = g_string_new(NULL), .refuse_after = refuse_after};
    request.url = url;
    got.done = http_download(client, &request, offset, &got.resumed, &got.status, sink, &into, &got.error);
    got.data = g_string_free(into.data, FALSE);
    g_clear_pointer(&client, http_client_free);
    return got;
}

static void a_download_reaches_the_sink(void) {
    g_auto(Downloaded) got = download("/plain", 0, (HttpRequest){0}, 0);
    g_assert_no_error(got.error);
    g_assert_true(got.done);
    g_assert_false(got.resumed);
    g_assert_cmpint(got.status, ==, 200);
    g_assert_cmpstr(got.data, ==, content);
}

static void a_download_resumes(void) {
    g_auto(Downloaded) got = download("/range", 10, (HttpRequest){0}, 0);
    g_assert_no_error(got.error);
    g_assert_true(got.resumed);
    g_assert_cmpint(got.status, ==, 206);
    g_assert_cmpstr(got.data, ==, content + 10);
}

static void a_server_without_ranges_starts_over(void) {
    g_auto(Downloaded) got = download("/plain", 10, (HttpRequest){0}, 0);
    g_assert_true(got.done);
    g_assert_false(got.resumed);
    g_assert_cmpstr(got.data, ==, content);
}

static void another_range_than_asked_for_is_an_error(void) {
    g_auto(Downloaded) got = download("/range-lie", 10, (HttpRequest){0}, 0);
    g_assert_error(got.error, BASE_ERROR, BASE_ERROR_FAILED);
    g_assert_cmpstr(got.data, ==, "");
}

static void an_error_page_never_reaches_the_sink(void) {
    static const struct {
        const char *path;
        int status;
        int code;
    } rows[] = {{"/status/404", 404, BASE_ERROR_NOT_FOUND}, {"/status/410", 410, BASE_ERROR_NOT_FOUND},
                {"/status/401", 401, BASE_ERROR_FAILED},    {"/status/416", 416, BASE_ERROR_FAILED},
                {"/status/503", 503, BASE_ERROR_FAILED},    {"/status/204", 204, BASE_ERROR_FAILED}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Downloaded) got = download(rows[i].path, 0, (HttpRequest){0}, 0);
        g_assert_error(got.error, BASE_ERROR, rows[i].code);
        g_assert_cmpint(got.status, ==, rows[i].status);
        g_assert_cmpstr(got.data, ==, "");
        g_assert_cmpint(error_hint(got.error) != NULL, ==, rows[i].status == 401);
    }
}

static void the_limit_counts_the_offset(void) {
    g_auto(Downloaded) fits = download("/range", 10, (HttpRequest){.limit = 36}, 0);
    g_assert_true(fits.done);
    g_auto(Downloaded) over = download("/range", 10, (HttpRequest){.limit = 35}, 0);
    g_assert_error(over.error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void a_download_has_no_limit_of_its_own_but_the_sinks(void) {
    g_auto(Downloaded) got = download("/endless", 0, (HttpRequest){0}, 1000000);
    g_assert_error(got.error, BASE_ERROR, BASE_ERROR_FAILED);
    g_assert_cmpstr(got.error->message, ==, "the disk is full");
}

static void a_slow_download_goes_on(void) {
    g_auto(Downloaded) got = download("/drip", 0, (HttpRequest){.timeout_ms = 500}, 0);
    g_assert_no_error(got.error);
    g_assert_cmpstr(got.data, ==, "dddddddd");
}

static void a_download_that_stands_still_ends(void) {
    g_auto(Downloaded) got = download("/hang", 0, (HttpRequest){.timeout_ms = 300}, 0);
    g_assert_error(got.error, BASE_ERROR, BASE_ERROR_TIMEOUT);
    g_assert_cmpint(got.status, ==, 0);
}

static void a_download_that_breaks_keeps_what_came(void) {
    g_auto(Downloaded) got = download("/half", 0, (HttpRequest){0}, 0);
    g_assert_error(got.error, BASE_ERROR, BASE_ERROR_BROKEN);
    g_assert_cmpint(got.status, ==, 200);
    g_assert_cmpstr(got.data, ==, "half");
}

static void an_upload_sends_the_file(void) {
    g_autoptr(Server) server = server_start();
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("sluice-http-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "a.jar", NULL);
    g_autofree char *bytes = g_strnfill(300000, 'j');
    g_assert_true(g_file_set_contents(path, bytes, 300000, NULL));
    g_autofree char *url = url_of(server, "/status/201");
    long status = 0;
    {
        g_autoptr(HttpClient) client = http_client_new(NULL);
        HttpRequest request = {.url = url, .content_type = "application/java-archive"};
        g_assert_true(http_upload(client, &request, path, &status, &error));
    }
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 201);
    g_assert_true(heard_line(server, "PUT /status/201 HTTP/1.1"));
    g_assert_true(heard_line(server, "Content-Type: application/java-archive"));
    g_assert_cmpmem(server->body->data, server->body->len, bytes, 300000);
    g_unlink(path);
    g_rmdir(folder);
}

static void an_upload_of_no_file_is_not_found(void) {
    g_autoptr(HttpClient) client = http_client_new(NULL);
    g_autoptr(GError) error = NULL;
    long status = 7;
    HttpRequest request = {.url = "http://127.0.0.1:1/"};
    g_assert_false(http_upload(client, &request, "/no/such/file", &status, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_assert_cmpint(status, ==, 7);
}

enum { SENDERS = 8, SENDS = 20 };

static gpointer send_many(gpointer user_data) {
    gpointer *with = user_data;
    int good = 0;
    for (int i = 0; i < SENDS; i++) {
        g_autoptr(HttpResponse) response =
            http_send(with[0], &(HttpRequest){.method = "GET", .url = with[1]}, NULL);
        good += response != NULL && response->status == 200;
    }
    return GINT_TO_POINTER(good);
}

static void one_client_serves_many_threads(void) {
    g_autoptr(Server) server = server_start();
    g_autofree char *url = url_of(server, "/plain");
    HttpClient *client = http_client_new(NULL);
    gpointer with[] = {client, url};
    GThread *threads[SENDERS];
    for (int i = 0; i < SENDERS; i++)
        threads[i] = g_thread_new("send", send_many, with);
    for (int i = 0; i < SENDERS; i++)
        g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(threads[i])), ==, SENDS);
    http_client_free(client);
    g_assert_cmpuint(server->connections, <=, SENDERS);
}

/* A TLS server: the openssl program with a certificate of the test's own. */
typedef struct {
    char *folder;
    char *certificate;
    char *key;
    char *url;
    ProcessId id;
} TlsServer;

static void tls_server_stop(TlsServer *server) {
    g_assert_true(process_end(server->id, 1000, NULL));
    g_assert_true(files_remove_tree(server->folder, NULL));
    g_free(server->folder);
    g_free(server->certificate);
    g_free(server->key);
    g_free(server->url);
    g_free(server);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsServer, tls_server_stop)

static void tls_server_wait(const TlsServer *server, guint16 port) {
    g_autoptr(GSocketClient) client = g_socket_client_new();
    for (int tries = 0; tries < 100; tries++) {
        g_autoptr(GSocketConnection) connection =
            g_socket_client_connect_to_host(client, "127.0.0.1", port, NULL, NULL);
        if (connection != NULL)
            return;
        g_usleep(50 * 1000);
    }
    g_assert_not_reached();
}

/* `option` is one more of s_server's, or NULL. */
static TlsServer *tls_server_start(const char *option) {
    TlsServer *server = g_new0(TlsServer, 1);
    g_autoptr(GError) error = NULL;
    guint16 port = 0;
    server->folder = files_make_temporary(g_get_tmp_dir(), "sluice-tls-", &error);
    server->certificate = g_build_filename(server->folder, "certificate.pem", NULL);
    server->key = g_build_filename(server->folder, "key.pem", NULL);
    static const char *const make[] = {
        "openssl", "req",     "-x509", "-newkey",         "rsa:2048", "-nodes",
        "-days",   "1",       "-subj", "/CN=127.0.0.1",   "-addext",  "subjectAltName=IP:127.0.0.1",
        "-keyout", "key.pem", "-out",  "certificate.pem", NULL};
    g_autofree char *made = process_output(&(ProcessSpec){.argv = make, .directory = server->folder}, &error);
    g_assert_no_error(error);
    g_assert_true(process_free_ports(1, &port, NULL));
    g_autofree char *at = g_strdup_printf("127.0.0.1:%u", port);
    g_autofree char *log = g_build_filename(server->folder, "log", NULL);
    const char *const serve_pages[] = {"openssl",
                                       "s_server",
                                       "-www",
                                       "-accept",
                                       at,
                                       "-cert",
                                       "certificate.pem",
                                       "-key",
                                       "key.pem",
                                       "-CAfile",
                                       "certificate.pem",
                                       option,
                                       option != NULL ? "1" : NULL,
                                       NULL};
    server->id = process_identify(
        process_spawn_daemon(&(ProcessSpec){.argv = serve_pages, .directory = server->folder}, log, &error));
    g_assert_no_error(error);
    server->url = g_strdup_printf("https://%s/", at);
    tls_server_wait(server, port);
    return server;
}

static HttpResponse *get_securely(const TlsServer *server, HttpCredentials credentials, GError **error) {
    g_autoptr(HttpClient) client = http_client_new(&credentials);
    return http_send(client, &(HttpRequest){.method = "GET", .url = server->url, .timeout_ms = 5000}, error);
}

static void an_unknown_authority_means_not_sent(void) {
    g_autoptr(TlsServer) server = tls_server_start(NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(get_securely(server, (HttpCredentials){0}, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CONNECT);
    g_assert_nonnull(strstr(error_hint(error), "SSL_CERT_FILE"));
}

static void an_authority_can_be_named(void) {
    g_autoptr(TlsServer) server = tls_server_start(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(HttpResponse) response =
        get_securely(server, (HttpCredentials){.ca = server->certificate}, &error);
    g_assert_no_error(error);
    g_assert_cmpint(response->status, ==, 200);
}

static void a_client_can_show_a_certificate(void) {
    g_autoptr(TlsServer) server = tls_server_start("-Verify");
    g_autoptr(GError) error = NULL;
    g_assert_null(get_securely(server, (HttpCredentials){.ca = server->certificate}, &error));
    g_assert_nonnull(error);
    HttpCredentials credentials = {
        .ca = server->certificate, .certificate = server->certificate, .key = server->key};
    g_autoptr(HttpResponse) response = get_securely(server, credentials, NULL);
    g_assert_nonnull(response);
    g_assert_cmpint(response->status, ==, 200);
}

static void a_missing_authority_file_is_told(void) {
    g_autoptr(TlsServer) server = tls_server_start(NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(get_securely(server, (HttpCredentials){.ca = "/no/such/file.pem"}, &error));
    g_assert_nonnull(strstr(error->message, "/no/such/file.pem"));
}

static void a_segment_is_escaped(void) {
    g_autofree char *escaped = http_escape("a/b c%ü~.-_");
    g_assert_cmpstr(escaped, ==, "a%2Fb%20c%25%C3%BC~.-_");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_setenv("no_proxy", "*", TRUE);
    g_unsetenv("SSL_CERT_FILE");
#define CASE(name) g_test_add_func("/http/" #name, name)
    CASE(any_status_is_an_answer);
    CASE(a_body_is_sent_with_its_type_and_length);
    CASE(a_post_without_body_says_length_0_and_no_type);
    CASE(a_head_has_no_body);
    CASE(gzip_is_unpacked);
    CASE(the_limit_counts_unpacked_bytes);
    CASE(an_endless_answer_ends_at_the_limit);
    CASE(a_silent_server_is_a_timeout);
    CASE(a_slow_server_is_a_timeout);
    CASE(a_refused_connection_means_not_sent);
    CASE(a_failed_handshake_means_not_sent);
    CASE(an_unknown_host_means_not_sent);
    CASE(a_broken_connection_is_told_apart);
    CASE(a_post_is_never_sent_twice);
    CASE(a_connection_is_kept);
    CASE(a_cancel_ends_a_request);
    CASE(a_cancelled_request_is_not_sent);
    CASE(basic_credentials_are_sent_at_once);
    CASE(a_bearer_token_is_sent);
    CASE(a_redirect_is_followed_for_get_alone);
    CASE(credentials_dont_follow_to_another_host);
    CASE(a_circle_of_redirects_ends);
    CASE(other_addresses_are_refused);
    CASE(a_header_cant_smuggle_another);
    CASE(credentials_are_in_no_message);
    CASE(a_message_names_method_address_and_cause);
    CASE(a_download_reaches_the_sink);
    CASE(a_download_resumes);
    CASE(a_server_without_ranges_starts_over);
    CASE(another_range_than_asked_for_is_an_error);
    CASE(an_error_page_never_reaches_the_sink);
    CASE(the_limit_counts_the_offset);
    CASE(a_download_has_no_limit_of_its_own_but_the_sinks);
    CASE(a_slow_download_goes_on);
    CASE(a_download_that_stands_still_ends);
    CASE(a_download_that_breaks_keeps_what_came);
    CASE(an_upload_sends_the_file);
    CASE(an_upload_of_no_file_is_not_found);
    CASE(one_client_serves_many_threads);
    CASE(a_segment_is_escaped);
    g_autofree char *openssl = g_find_program_in_path("openssl");
    if (openssl != NULL) {
        CASE(an_unknown_authority_means_not_sent);
        CASE(an_authority_can_be_named);
        CASE(a_client_can_show_a_certificate);
        CASE(a_missing_authority_file_is_told);
    }
    return g_test_run();
}
