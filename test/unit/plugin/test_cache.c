/* SPDX-License-Identifier: Apache-2.0 */
#include <gio/gio.h>
#include <string.h>

#include "base/files.h"
#include "base/hash.h"
#include "fixture.h"
#include "plugin/cache.h"
#include "plugin/transfer.h"

/* A fake server, for faults that a real one can't be made to show: it cuts answers off. */
typedef struct {
    GSocketService *service;
    guint16 port;
    GBytes *content;
    gsize cut;     /* bytes of a body before the connection ends; 0: none is cut */
    gint requests; /* that were answered */
    bool ignores_ranges;
    int status; /* instead of an answer; 0: none */
} FakeServer;

static gsize range_start(GDataInputStream *input) {
    gsize start = 0;
    for (;;) {
        g_autofree char *line = g_data_input_stream_read_line(input, NULL, NULL, NULL);
        if (line == NULL || g_str_equal(g_strchomp(line), ""))
            return start;
        if (g_ascii_strncasecmp(line, "Range: bytes=", 13) == 0)
            start = (gsize)g_ascii_strtoull(line + 13, NULL, 10);
    }
}

static void answer(const FakeServer *server, GOutputStream *output, gsize start) {
    gsize length;
    const char *data = g_bytes_get_data(server->content, &length);
    g_autoptr(GString) head = g_string_new(NULL);
    if (server->status != 0)
        g_string_printf(head, "HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                        server->status);
    else if (start >= length && start > 0)
        g_string_printf(head, "HTTP/1.1 416 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    else if (start > 0)
        g_string_printf(head,
                        "HTTP/1.1 206 Partial\r\nContent-Range: bytes %zu-%zu/%zu\r\nContent-Length: "
                        "%zu\r\nConnection: close\r\n\r\n",
                        start, length - 1, length, length - start);
    else
        g_string_printf(head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", length);
    g_output_stream_write_all(output, head->str, head->len, NULL, NULL, NULL);
    gsize left = server->status != 0 || start >= length ? 0 : length - start;
    gsize sent = server->cut > 0 ? MIN(left, server->cut) : left;
    g_output_stream_write_all(output, data + start, sent, NULL, NULL, NULL);
}

static gboolean on_run(GThreadedSocketService *service, GSocketConnection *connection, GObject *source,
                       gpointer user_data) {
    FakeServer *server = user_data;
    g_autoptr(GDataInputStream) input =
        g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
    gsize start = range_start(input);
    g_atomic_int_inc(&server->requests);
    answer(server, g_io_stream_get_output_stream(G_IO_STREAM(connection)),
           server->ignores_ranges ? 0 : start);
    return TRUE;
}

static gpointer serve(gpointer loop) {
    g_main_loop_run(loop);
    return NULL;
}

static GMainLoop *start_server(FakeServer *server, gsize size) {
    char *content = g_malloc(size);
    for (gsize i = 0; i < size; i++)
        content[i] = (char)(i * 7 + i / 251);
    server->content = g_bytes_new_take(content, size);
    server->service = g_threaded_socket_service_new(4);
    server->port = g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(server->service), NULL, NULL);
    g_signal_connect(server->service, "run", G_CALLBACK(on_run), server);
    g_socket_service_start(server->service);
    return g_main_loop_new(NULL, FALSE);
}

typedef struct {
    FakeServer server;
    GMainLoop *loop;
    GThread *thread;
    char *cache;
    char *sha256;
    Repository *repository;
} Setup;

enum { SIZE = 300 * 1000 };

static void set_up(Setup *setup, gconstpointer unused) {
    setup->loop = start_server(&setup->server, SIZE);
    setup->thread = g_thread_new("fake server", serve, setup->loop);
    setup->cache = fixture_folder("cache");
    setup->sha256 = hash_bytes(HASH_SHA256, g_bytes_get_data(setup->server.content, NULL), SIZE);
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/maven/", setup->server.port);
    const RepositorySpec spec = {.id = (char *)"acme", .url = url};
    setup->repository = repository_open(&spec, NULL);
    g_assert_nonnull(setup->repository);
}

static void tear_down(Setup *setup, gconstpointer unused) {
    g_socket_service_stop(setup->server.service);
    g_main_loop_quit(setup->loop);
    g_thread_join(setup->thread);
    g_main_loop_unref(setup->loop);
    g_object_unref(setup->server.service);
    g_bytes_unref(setup->server.content);
    repository_free(setup->repository);
    g_free(setup->cache);
    g_free(setup->sha256);
}

static CachedFile *download(Setup *setup, const char *sha256, GError **error) {
    return cache_download(setup->cache, setup->repository, "com/acme/a.jar", sha256,
                          sha256 != NULL ? SIZE : 0, NULL, error);
}

static void assert_whole(const Setup *setup, const CachedFile *file) {
    g_assert_nonnull(file);
    g_assert_cmpstr(file->sha256, ==, setup->sha256);
    g_assert_cmpuint(file->size, ==, SIZE);
    g_autofree char *found = hash_file(HASH_SHA256, file->path, NULL);
    g_assert_cmpstr(found, ==, setup->sha256);
}

static void test_kept(Setup *setup, gconstpointer unused) {
    g_assert_null(cache_find(setup->cache, setup->sha256));
    g_autoptr(CachedFile) unknown = download(setup, NULL, NULL);
    assert_whole(setup, unknown);
    g_autoptr(CachedFile) known = download(setup, setup->sha256, NULL);
    assert_whole(setup, known);
    g_assert_cmpint(setup->server.requests, ==, 1);
}

static void test_resumed(Setup *setup, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    setup->server.cut = 100 * 1000;
    g_autoptr(CachedFile) file = download(setup, NULL, &error);
    g_assert_no_error(error);
    assert_whole(setup, file);
    g_assert_cmpint(setup->server.requests, ==, 3);
}

static void test_resumed_later(Setup *setup, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    setup->server.cut = 1000;
    setup->server.ignores_ranges = true;
    g_assert_null(download(setup, setup->sha256, &error));
    g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_UNREACHABLE);
    setup->server.cut = 0;
    setup->server.ignores_ranges = false;
    g_autoptr(CachedFile) file = download(setup, setup->sha256, NULL);
    assert_whole(setup, file);
}

static void test_ranges_ignored(Setup *setup, gconstpointer unused) {
    setup->server.ignores_ranges = true;
    g_autofree char *address = g_strconcat(repository_url(setup->repository), "\ncom/acme/a.jar", NULL);
    g_autofree char *name = hash_bytes(HASH_SHA256, address, strlen(address));
    g_autofree char *path = g_build_filename("parts", name, NULL);
    fixture_write(setup->cache, path, "half of something else");
    g_autoptr(CachedFile) file = download(setup, setup->sha256, NULL);
    assert_whole(setup, file);
}

/* What an earlier run left is of other bytes: the hash shows it, and all is read again. */
static void test_wrong_part(Setup *setup, gconstpointer unused) {
    g_autofree char *address = g_strconcat(repository_url(setup->repository), "\ncom/acme/a.jar", NULL);
    g_autofree char *name = hash_bytes(HASH_SHA256, address, strlen(address));
    g_autofree char *path = g_build_filename("parts", name, NULL);
    fixture_write(setup->cache, path, "half of something else");
    g_autoptr(GError) error = NULL;
    g_autoptr(CachedFile) file = download(setup, setup->sha256, &error);
    g_assert_no_error(error);
    assert_whole(setup, file);
    g_assert_cmpint(setup->server.requests, ==, 2);
}

static void test_bad_hash(Setup *setup, gconstpointer unused) {
    g_autofree char *other = hash_bytes(HASH_SHA256, "x", 1);
    for (int attempt = 0; attempt < 2; attempt++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(download(setup, other, &error));
        g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_INTEGRITY);
    }
    g_assert_null(cache_find(setup->cache, other));
    g_assert_null(cache_find(setup->cache, setup->sha256));
}

static void test_too_long(Setup *setup, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    g_assert_null(cache_download(setup->cache, setup->repository, "com/acme/a.jar", setup->sha256, SIZE - 1,
                                 NULL, &error));
    g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_INTEGRITY);
}

static void test_damaged(Setup *setup, gconstpointer unused) {
    g_autoptr(CachedFile) file = download(setup, NULL, NULL);
    g_assert_true(files_write(file->path, "x", 1, 0644, NULL));
    g_assert_null(cache_find(setup->cache, setup->sha256));
    g_autoptr(CachedFile) again = download(setup, setup->sha256, NULL);
    assert_whole(setup, again);
}

static void test_answers(Setup *setup, gconstpointer unused) {
    static const struct {
        int status;
        PluginError code;
    } cases[] = {{404, PLUGIN_ERROR_NOT_FOUND},
                 {401, PLUGIN_ERROR_DENIED},
                 {403, PLUGIN_ERROR_DENIED},
                 {500, PLUGIN_ERROR_FAILED}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        setup->server.status = cases[i].status;
        g_assert_null(download(setup, NULL, &error));
        g_assert_error(error, PLUGIN_ERROR, cases[i].code);
        g_assert_cmpint(error_hint(error) != NULL, ==, cases[i].code == PLUGIN_ERROR_DENIED);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    fixture_start();
    static const struct {
        const char *title;
        void (*test)(Setup *setup, gconstpointer unused);
    } tests[] = {
        {"/plugin/cache/what is there is not downloaded again", test_kept},
        {"/plugin/cache/a broken download goes on where it broke", test_resumed},
        {"/plugin/cache/so does one of an earlier run", test_resumed_later},
        {"/plugin/cache/a server without ranges begins anew", test_ranges_ignored},
        {"/plugin/cache/a part of other bytes is given up", test_wrong_part},
        {"/plugin/cache/a bad hash is fatal and leaves nothing", test_bad_hash},
        {"/plugin/cache/more bytes than promised are fatal", test_too_long},
        {"/plugin/cache/a damaged file is downloaded again", test_damaged},
        {"/plugin/cache/answers become errors that callers can tell apart", test_answers},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].title, Setup, NULL, set_up, tests[i].test, tear_down);
    int status = g_test_run();
    fixture_end();
    return status;
}
