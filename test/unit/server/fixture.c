/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <string.h>

#include "base/files.h"
#include "base/hash.h"

enum { TIMEOUT_S = 60, IDLE_S = 30 };

static void add_person(PipelineSettings *settings, const char *name, int roles, const char *token) {
    Person *person = person_new(name);
    person->roles |= roles;
    person->token_sha256 = hash_bytes(HASH_SHA256, token, strlen(token));
    g_ptr_array_add(settings->people, person);
}

static ServerConfig *make_config(const char *folder) {
    ServerConfig *config = g_new0(ServerConfig, 1);
    config->idle_s = IDLE_S;
    config->host = g_strdup("127.0.0.1");
    config->webhook_secrets[WEBHOOK_GITEA] = g_strdup(SECRET);
    config->pipeline = pipeline_settings_new();
    pipeline_settings_set_data(config->pipeline, folder);
    add_person(config->pipeline, "alice", ROLE_OPERATOR | ROLE_APPROVER, ALICE);
    add_person(config->pipeline, "vic", 0, VIC);
    return config;
}

void fixture_init(Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    fixture->folder = files_make_temporary(g_get_tmp_dir(), "sluice-server-", &error);
    g_assert_no_error(error);
    fixture->config = make_config(fixture->folder);
    fixture->pipeline = pipeline_open(fixture->config->pipeline, &error);
    fixture->server = server_start(fixture->config, fixture->pipeline, &error);
    g_assert_no_error(error);
    fixture->client = http_client_new(NULL);
}

void fixture_clear(Fixture *fixture) {
    http_client_free(fixture->client);
    g_clear_pointer(&fixture->server, server_stop);
    pipeline_close(fixture->pipeline);
    server_config_free(fixture->config);
    g_assert_true(files_remove_tree(fixture->folder, NULL));
    g_free(fixture->folder);
}

static char *text_of(GBytes *bytes) {
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);
    return g_strndup(data != NULL ? data : "", length);
}

long fixture_ask(const Fixture *fixture, const char *method, const char *path, const char *token,
                 const char *body, char **answer) {
    g_autofree char *url = g_strconcat(server_url(fixture->server), path, NULL);
    g_autofree char *authorization =
        token != NULL ? g_strconcat("Authorization: Bearer ", token, NULL) : NULL;
    const char *const headers[] = {authorization, NULL};
    g_autoptr(GBytes) bytes = body != NULL ? g_bytes_new(body, strlen(body)) : NULL;
    const HttpRequest request = {.method = method,
                                 .url = url,
                                 .headers = headers,
                                 .body = bytes,
                                 .content_type = body != NULL ? "application/json" : NULL,
                                 .timeout_ms = TIMEOUT_S * 1000};
    g_autoptr(GError) error = NULL;
    g_autoptr(HttpResponse) response = http_send(fixture->client, &request, &error);
    g_assert_no_error(error);
    if (answer != NULL)
        *answer = text_of(response->body);
    return response->status;
}

json_t *fixture_json(const Fixture *fixture, const char *method, const char *path, const char *token,
                     const char *body, long status) {
    g_autofree char *text = NULL;
    g_assert_cmpint(fixture_ask(fixture, method, path, token, body, &text), ==, status);
    g_autoptr(GError) error = NULL;
    json_t *value = json_read(text, strlen(text), path, &error);
    g_assert_no_error(error);
    return value;
}

GSocketConnection *fixture_connect(const Fixture *fixture) {
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_socket_client_set_timeout(client, TIMEOUT_S);
    g_autoptr(GError) error = NULL;
    GSocketConnection *connection = g_socket_client_connect_to_host(
        client, server_url(fixture->server) + strlen("http://"), 80, NULL, &error);
    g_assert_no_error(error);
    return connection;
}

void fixture_send(GSocketConnection *connection, const char *text) {
    g_autoptr(GError) error = NULL;
    g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(connection)), text, strlen(text),
                              NULL, NULL, &error);
    g_assert_no_error(error);
}

char *fixture_read(GSocketConnection *connection, const char *until) {
    GString *text = g_string_new(NULL);
    char piece[4096];
    gssize length;
    GInputStream *input = g_io_stream_get_input_stream(G_IO_STREAM(connection));
    while ((until == NULL || strstr(text->str, until) == NULL) &&
           (length = g_input_stream_read(input, piece, sizeof piece, NULL, NULL)) > 0)
        g_string_append_len(text, piece, length);
    return g_string_free(text, false);
}

char *fixture_say(const Fixture *fixture, const char *text) {
    g_autoptr(GSocketConnection) connection = fixture_connect(fixture);
    fixture_send(connection, text);
    return fixture_read(connection, NULL);
}
