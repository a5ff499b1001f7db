/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/server_client.h"

#include <string.h>

#include "cli/interrupt.h"
#include "cli/server_settings.h"

struct ServerClient {
    ServerSettings *settings;
    HttpClient *http;
    GCancellable *cancellable; /* borrowed */
};

void server_options_clear(ServerOptions *options) {
    g_clear_pointer(&options->server, g_free);
}

ServerClient *server_client_open(const Invocation *invocation, const ServerOptions *options, GError **error) {
    g_autoptr(ServerClient) client = g_new0(ServerClient, 1);
    client->settings = server_settings_read(options->server, error);
    if (client->settings == NULL)
        return NULL;
    client->http = http_client_new(&(HttpCredentials){.bearer = client->settings->token});
    client->cancellable = invocation->stop;
    interrupt_ends_at_once(true);
    return g_steal_pointer(&client);
}

void server_client_free(ServerClient *client) {
    if (client == NULL)
        return;
    http_client_free(client->http);
    server_settings_free(client->settings);
    g_free(client);
}

/* What a status means where the answer says nothing better. */
static const struct {
    long status;
    CliError code;
    const char *message;
    const char *hint;
} refusals[] = {
    {401, CLI_ERROR_FAILED, "it doesn't accept the token", NULL},
    {403, CLI_ERROR_FAILED, "you may not do this", "the server's file says who has which role"},
    {404, CLI_ERROR_FAILED, "it has no such thing", "see what there is: sluice runs"},
    {409, CLI_ERROR_CONFLICT, "this can't be done as things stand now", "see how they stand: sluice runs"},
    {502, CLI_ERROR_UNREACHABLE, "a proxy before it can't reach it", "is the server running?"},
    {503, CLI_ERROR_UNREACHABLE, "it is not ready", "try again in a moment"},
    {504, CLI_ERROR_UNREACHABLE, "a proxy before it can't reach it", "is the server running?"},
};

static gsize refusal_of(long status) {
    gsize i = 0;
    while (i < G_N_ELEMENTS(refusals) && refusals[i].status != status)
        i++;
    return i;
}

/* `told` is the answer's "error" object, or NULL. */
static void set_refusal(const ServerClient *client, long status, const json_t *told, GError **error) {
    gsize i = refusal_of(status);
    bool known = i < G_N_ELEMENTS(refusals);
    const char *message = json_get_string(told, "message");
    const char *hint = json_get_string(told, "hint");
    g_autofree char *token_hint = g_strdup_printf(
        "the token is from %s; who runs the server can give another", client->settings->source);
    g_autofree char *plain = g_strdup_printf("it answers %ld", status);
    if (status == 401)
        hint = token_hint; /* the server can't know where it is from */
    else if (hint == NULL && known)
        hint = refusals[i].hint;
    error_set(error, CLI_ERROR, known ? (int)refusals[i].code : CLI_ERROR_FAILED,
              hint != NULL ? hint : "its log tells more", "%s: %s", client->settings->url,
              message != NULL ? message
              : known         ? refusals[i].message
                              : plain);
}

static void set_stranger(const ServerClient *client, const HttpResponse *response, GError **error) {
    bool gateway = response->status >= 502 && response->status <= 504;
    if (gateway) {
        set_refusal(client, response->status, NULL, error);
        return;
    }
    const char *type = response->content_type != NULL ? response->content_type : "no type";
    error_set(error, CLI_ERROR, CLI_ERROR_FAILED,
              "is this the address of a Sluice server? it ends before /api; a proxy may stand in between",
              "%s does not answer as a Sluice does (%ld, %s)", client->settings->url, response->status, type);
}

/* The answer as an object; NULL with what it refuses. */
static json_t *take_answer(const ServerClient *client, const HttpResponse *response, GError **error) {
    g_autoptr(json_t) answer = json_read_bytes(response->body, "the answer", NULL);
    const json_t *told = json_object_get(answer, "error");
    bool success = response->status >= 200 && response->status < 300;
    if (success && json_is_object(answer))
        return g_steal_pointer(&answer);
    if (!success && json_get_string(told, "message") != NULL)
        set_refusal(client, response->status, told, error);
    else
        set_stranger(client, response, error);
    return NULL;
}

/* `failure` is taken over. What was sent but not answered may have been done. */
static void set_unreachable(const ServerClient *client, bool changes, GError *failure, GError **error) {
    bool unsent = g_error_matches(failure, BASE_ERROR, BASE_ERROR_CONNECT);
    bool transport = unsent || g_error_matches(failure, BASE_ERROR, BASE_ERROR_BROKEN) ||
                     g_error_matches(failure, BASE_ERROR, BASE_ERROR_TIMEOUT);
    const char *hint = error_hint(failure);
    if (changes && !unsent)
        hint = "whether it was done is not known: see sluice runs";
    else if (hint == NULL)
        hint = "is the server running, and is this its address?";
    error_set(error, CLI_ERROR, transport ? CLI_ERROR_UNREACHABLE : CLI_ERROR_FAILED, hint,
              "%s can't be reached: %s", client->settings->url, failure->message);
    g_error_free(failure);
}

static json_t *ask(ServerClient *client, const char *method, const char *path, GBytes *body, GError **error) {
    g_autofree char *url = g_strconcat(client->settings->url, path, NULL);
    const HttpRequest request = {
        .method = method,
        .url = url,
        .body = body,
        .content_type = body != NULL ? "application/json" : NULL,
        .cancellable = client->cancellable,
    };
    GError *failure = NULL;
    g_autoptr(Progress) progress = progress_new(stderr);
    progress_update(progress, "asking %s", client->settings->url);
    g_autoptr(HttpResponse) response = http_send(client->http, &request, &failure);
    if (response != NULL)
        return take_answer(client, response, error);
    set_unreachable(client, !g_str_equal(method, "GET"), failure, error);
    return NULL;
}

json_t *server_get(ServerClient *client, const char *path, GError **error) {
    return ask(client, "GET", path, NULL, error);
}

json_t *server_post(ServerClient *client, const char *path, const json_t *body, GError **error) {
    g_autofree char *text = body != NULL ? json_canonical(body) : NULL;
    g_autoptr(GBytes) bytes = text != NULL ? g_bytes_new(text, strlen(text)) : NULL;
    return ask(client, "POST", path, bytes, error);
}

bool server_download(ServerClient *client, const char *path, HttpSink sink, gpointer user_data,
                     GError **error) {
    g_autofree char *url = g_strconcat(client->settings->url, path, NULL);
    const HttpRequest request = {.url = url, .cancellable = client->cancellable};
    GError *failure = NULL;
    long status = 0;
    if (http_download(client->http, &request, 0, NULL, &status, sink, user_data, &failure))
        return true;
    if (failure->domain == CLI_ERROR) {
        g_propagate_error(error, failure);
    } else if (status >= 300) {
        g_error_free(failure);
        set_refusal(client, status, NULL, error);
    } else {
        set_unreachable(client, false, failure, error);
    }
    return false;
}
