/* SPDX-License-Identifier: Apache-2.0 */
#include "server/server.h"

#include <string.h>
#include <unistd.h>

#include "server/api.h"
#include "server/auth.h"
#include "server/error.h"
#include "server/events.h"
#include "server/listen.h"
#include "server/metrics.h"
#include "server/page.h"
#include "server/routes.h"

/* A thread's stack is taken as it is used. A proxy in front has all connections from one address. */
enum {
    CONNECTIONS_MOST = 512,
    CONNECTIONS_OF_ONE_ADDRESS = 400,
    HEADERS_MOST = 32 * 1024,
    STACK = 1024 * 1024,
};

struct Server {
    Context context;
    struct MHD_Daemon *daemon;
    char *url;
};

static const struct {
    const char *name;
    const char *value;
} HEADERS[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

/* --- Who asks ------------------------------------------------------------------------------------------- */

static const Person *by_header(const Request *request, const char *authorization) {
    static const char scheme[] = "Bearer ";
    if (g_ascii_strncasecmp(authorization, scheme, strlen(scheme)) != 0)
        return NULL;
    return auth_by_token(request->context->auth, authorization + strlen(scheme));
}

static void recognise(Request *request) {
    const char *authorization = request_header(request, MHD_HTTP_HEADER_AUTHORIZATION);
    const char *cookie = MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, AUTH_COOKIE);
    if (authorization != NULL) {
        request->person = by_header(request, authorization);
    } else if (cookie != NULL) {
        request->person = auth_by_cookie(request->context->auth, cookie, g_get_real_time() / G_USEC_PER_SEC);
        request->by_cookie = request->person != NULL;
    }
}

static bool changes_something(const Request *request) {
    return !g_str_equal(request->route->method, "GET");
}

/* Whether who asks may have this route. */
static bool check_person(Request *request, GError **error) {
    const Route *route = request->route;
    if (route->role == 0)
        return true;
    recognise(request);
    if (request->person == NULL) {
        error_set(error, SERVER_ERROR, SERVER_ERROR_UNKNOWN,
                  "sign in, or send a token: Authorization: Bearer TOKEN", "nobody is signed in");
        return false;
    }
    if (request->by_cookie && changes_something(request) && request_header(request, "X-Sluice") == NULL) {
        error_set(error, SERVER_ERROR, SERVER_ERROR_DENIED, "send the header X-Sluice: 1",
                  "a change by a browser needs a header that no other site can send");
        return false;
    }
    if ((request->person->roles & route->role) != 0)
        return true;
    error_set(error, SERVER_ERROR, SERVER_ERROR_DENIED, "roles are given in the server's file",
              "'%s' lacks the role %s", request->person->name, role_name((Role)route->role));
    return false;
}

/* --- Bodies --------------------------------------------------------------------------------------------- */

static bool refuse_length(const Request *request, GError **error) {
    if (g_str_has_prefix(request->path, WEBHOOK_PREFIX))
        webhook_count_refused(request);
    error_set(error, SERVER_ERROR, SERVER_ERROR_LENGTH, "send it whole, with Content-Length",
              "the length of the body must be said before it");
    return false;
}

/* An answer before the body ends the connection; without one, the connection can be used again. */
static bool has_body(const Request *request) {
    const char *length = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ||
           (length != NULL && !g_str_equal(length, "0"));
}

/* Before a byte of the body is read. */
static bool check_length(const Request *request, GError **error) {
    const char *length = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    gsize limit = request->route->body_limit;
    guint64 size = 0;
    if (request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL)
        return refuse_length(request, error);
    if (length == NULL && g_str_has_prefix(request->path, WEBHOOK_PREFIX))
        return refuse_length(request, error);
    if (length == NULL)
        return true;
    if (!g_ascii_string_to_unsigned(length, 10, 0, G_MAXUINT64, &size, NULL))
        return refuse_length(request, error);
    if (size <= limit)
        return true;
    if (g_str_has_prefix(request->path, WEBHOOK_PREFIX))
        webhook_count_refused(request);
    error_set(error, SERVER_ERROR, SERVER_ERROR_LARGE, NULL,
              "the body has %" G_GUINT64_FORMAT " bytes; at most %zu are taken here", size, limit);
    return false;
}

/* --- Answering ------------------------------------------------------------------------------------------ */

static Answer *tell(const Request *request, const GError *error) {
    Answer *answer = routes_speak_json(request->path) ? answer_error(error) : answer_error_text(error);
    if (answer->status == MHD_HTTP_UNAUTHORIZED)
        answer_header(answer, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"sluice\"");
    return answer;
}

static enum MHD_Result send_answer(const Request *request, Answer *owned) {
    g_autoptr(Answer) answer = owned;
    for (gsize i = 0; i < G_N_ELEMENTS(HEADERS); i++)
        answer_header(answer, HEADERS[i].name, HEADERS[i].value);
    if (MHD_get_response_header(answer->response, MHD_HTTP_HEADER_CACHE_CONTROL) == NULL)
        answer_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    metrics_count_request(request->context->metrics, request->route, answer->status);
    return MHD_queue_response(request->connection, answer->status, answer->response);
}

/* What is said before the body is read; NULL: go on. */
static Answer *refuse_early(Request *request) {
    g_autoptr(GError) error = NULL;
    g_autofree char *allowed = NULL;
    request->route = routes_find(request->method, request->path, &request->parameter, &allowed, &error);
    if (request->route != NULL && check_length(request, &error) && check_person(request, &error))
        return NULL;
    Answer *answer = tell(request, error);
    if (allowed != NULL)
        answer_header(answer, MHD_HTTP_HEADER_ALLOW, allowed);
    return answer;
}

static Answer *answer_request(const Request *request) {
    g_autoptr(GError) error = NULL;
    Answer *answer = request->route->handler(request, &error);
    connection_touch(request->connection, request->context->config->idle_s);
    return answer != NULL ? answer : tell(request, error);
}

/* --- libmicrohttpd's calls ------------------------------------------------------------------------------ */

/* A request between two calls. */
typedef struct {
    Request request;
    Answer *refusal; /* to be sent where there is no body that it would keep from being read */
} Pending;

static Pending *pending_new(const Server *server, struct MHD_Connection *connection, const char *method,
                            const char *path) {
    Pending *pending = g_new0(Pending, 1);
    Request *request = &pending->request;
    request->context = &server->context;
    request->connection = connection;
    request->method = g_strdup(method);
    request->path = g_utf8_make_valid(path, -1);
    request->body = g_byte_array_new();
    return pending;
}

static void pending_free(Pending *pending) {
    g_free(pending->request.method);
    g_free(pending->request.path);
    g_free(pending->request.parameter);
    g_byte_array_unref(pending->request.body);
    answer_free(pending->refusal);
    g_free(pending);
}

/* Called with the headers, then with each piece of the body, then once more to be answered. */
static enum MHD_Result take_request(void *user_data, struct MHD_Connection *connection, const char *path,
                                    const char *method, const char *version, const char *piece, size_t *size,
                                    void **state) {
    Pending *pending = *state;
    if (pending == NULL) {
        *state = pending = pending_new(user_data, connection, method, path);
        pending->refusal = refuse_early(&pending->request);
        bool now = pending->refusal != NULL && has_body(&pending->request);
        return now ? send_answer(&pending->request, g_steal_pointer(&pending->refusal)) : MHD_YES;
    }
    Request *request = &pending->request;
    if (pending->refusal != NULL)
        return send_answer(request, g_steal_pointer(&pending->refusal));
    if (*size == 0)
        return send_answer(request, answer_request(request));
    if (request->body->len + *size > request->route->body_limit)
        return MHD_NO;
    g_byte_array_append(request->body, (const guint8 *)piece, (guint)*size);
    *size = 0;
    return MHD_YES;
}

static void end_request(void *user_data, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode code) {
    if (*state != NULL)
        pending_free(*state);
    *state = NULL;
}

/* --- Start and stop ------------------------------------------------------------------------------------- */

static bool start_daemon(Server *server, int descriptor, GError **error) {
    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC, 0, NULL,
        NULL, take_request, server, MHD_OPTION_LISTEN_SOCKET, descriptor, MHD_OPTION_NOTIFY_COMPLETED,
        end_request, server, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_OF_ONE_ADDRESS,
        MHD_OPTION_CONNECTION_TIMEOUT, server->context.config->idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEADERS_MOST, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK, MHD_OPTION_END);
    if (server->daemon != NULL)
        return true;
    close(descriptor);
    error_set(error, SERVER_ERROR, SERVER_ERROR_FAILED, NULL, "the HTTP server can't be started");
    return false;
}

static bool start_listening(Server *server, GError **error) {
    const ServerConfig *config = server->context.config;
    guint16 port = config->port;
    int descriptor = listen_at(config->host, &port, error);
    if (descriptor < 0)
        return false;
    g_autofree char *name = listen_name(config->host, port);
    server->url = g_strconcat("http://", name, NULL);
    return start_daemon(server, descriptor, error);
}

Server *server_start(const ServerConfig *config, Pipeline *pipeline, GError **error) {
    g_autoptr(Server) server = g_new0(Server, 1);
    Context *context = &server->context;
    context->config = config;
    context->pipeline = pipeline;
    context->events = events_new();
    context->metrics = metrics_new();
    context->page = page_new();
    context->auth = auth_new(config->pipeline->people, config->pipeline->data, error);
    if (context->auth == NULL || !start_listening(server, error))
        return NULL;
    pipeline_listen(pipeline, events_publish, context->events);
    return g_steal_pointer(&server);
}

/* Streams first: libmicrohttpd waits for the threads of all connections. */
void server_stop(Server *server) {
    if (server == NULL)
        return;
    events_stop(server->context.events);
    if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon);
    events_free(server->context.events);
    metrics_free(server->context.metrics);
    page_free(server->context.page);
    auth_free(server->context.auth);
    g_free(server->url);
    g_free(server);
}

const char *server_url(const Server *server) {
    return server->url;
}
