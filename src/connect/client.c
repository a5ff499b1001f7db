/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/client.h"

#include <stdlib.h>
#include <string.h>

#include "connect/message.h"
#include "connect/retry.h"

#define DEADLINE_MS 120000
#define FIRST_CONTACT_MS \
    10000 /* a worker that never answered is more likely a wrong address than one that restarts */
#define READ_TIMEOUT_MS 30000
#define CHANGE_TIMEOUT_MS 100000 /* the worker itself gives up after 90 s */
#define ANSWER_LIMIT ((gsize)64 * 1024 * 1024)

ERROR_DEFINE_DOMAIN(connect)

struct Connect {
    char *url;
    HttpClient *http;
    gint answered; /* atomic: it is there, or was */
};

Connect *connect_new(const char *url, const HttpCredentials *credentials) {
    Connect *connect = g_new0(Connect, 1);
    connect->url = g_strdup(url);
    for (gsize length = strlen(url); length > 0 && url[length - 1] == '/'; length--)
        connect->url[length - 1] = '\0';
    connect->http = http_client_new(credentials);
    return connect;
}

void connect_free(Connect *connect) {
    if (connect == NULL)
        return;
    http_client_free(connect->http);
    g_free(connect->url);
    g_free(connect);
}

const char *connect_url(const Connect *connect) {
    return connect->url;
}

Call call_start(const ConnectCall *options) {
    static const ConnectCall none = {0};
    const ConnectCall *given = options != NULL ? options : &none;
    guint most = given->deadline_ms > 0 ? given->deadline_ms : DEADLINE_MS;
    return (Call){.options = given, .deadline = g_get_monotonic_time() + (gint64)most * 1000};
}

/* How much of the call is left, in milliseconds. */
static guint call_left_ms(const Call *call) {
    gint64 left = (call->deadline - g_get_monotonic_time()) / 1000;
    return (guint)CLAMP(left, 0, G_MAXINT);
}

/* Waits; false when the call was cancelled. */
static bool call_wait(const Call *call, guint pause_ms) {
    GPollFD cancelled;
    if (!g_cancellable_make_pollfd(call->options->cancellable, &cancelled)) {
        g_usleep((gulong)pause_ms * 1000);
        return true;
    }
    g_poll(&cancelled, 1, (gint)pause_ms);
    g_cancellable_release_fd(call->options->cancellable);
    return !g_cancellable_is_cancelled(call->options->cancellable);
}

/* One try of a request, and what came of it. */
typedef struct {
    HttpResponse *response; /* or NULL and: */
    GError *failure;
    char *message; /* what the worker, or the system, says: for judging, not for showing */
    Judgement judgement;
} Try;

static void try_clear(Try *attempt) {
    g_clear_pointer(&attempt->response, http_response_free);
    g_clear_error(&attempt->failure);
    g_clear_pointer(&attempt->message, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Try, try_clear)

static GBytes *body_of(const ConnectRequest *request) {
    if (request->body == NULL)
        return NULL;
    char *text = json_canonical(request->body);
    return g_bytes_new_take(text, strlen(text));
}

static HttpResponse *exchange(Connect *connect, const Call *call, const ConnectRequest *request,
                              GError **error) {
    static const char *const headers[] = {"Accept: application/json", NULL};
    g_autofree char *url = g_strconcat(connect->url, request->path, NULL);
    g_autoptr(GBytes) body = body_of(request);
    guint longest = request->change ? CHANGE_TIMEOUT_MS : READ_TIMEOUT_MS;
    HttpRequest sent = {
        .method = request->method,
        .url = url,
        .headers = headers,
        .body = body,
        .content_type = body != NULL ? "application/json" : NULL,
        .timeout_ms = MAX(1, MIN(call_left_ms(call), longest)),
        .limit = ANSWER_LIMIT,
        .cancellable = call->options->cancellable,
    };
    return http_send(connect->http, &sent, error);
}

static void try_once(Connect *connect, const Call *call, const ConnectRequest *request, Try *attempt) {
    try_clear(attempt);
    attempt->response = exchange(connect, call, request, &attempt->failure);
    if (attempt->response == NULL) {
        attempt->message = g_strdup(attempt->failure->message);
        attempt->judgement = retry_judge_error(request->change, attempt->failure);
        return;
    }
    g_atomic_int_set(&connect->answered, 1);
    long status = attempt->response->status;
    attempt->message = status >= 200 && status < 300 ? g_strdup("") : message_read(attempt->response);
    attempt->judgement = retry_judge(request->change, status, attempt->message);
}

/* Whether there is time for another try after a pause. */
static bool has_time(Connect *connect, const Call *call, gint64 started, const Try *attempt, guint pause_ms) {
    bool first_contact = attempt->response == NULL && g_atomic_int_get(&connect->answered) == 0;
    gint64 waited_ms = (g_get_monotonic_time() - started) / 1000;
    return call_left_ms(call) > pause_ms && !(first_contact && waited_ms + pause_ms > FIRST_CONTACT_MS);
}

static bool set_cancelled(Connect *connect, const ConnectRequest *request, GError **error) {
    error_set(error, CONNECT_ERROR, CONNECT_ERROR_CANCELLED, NULL, "%s %s%s: cancelled", request->method,
              connect->url, request->path);
    return false;
}

static bool set_failure(Connect *connect, const ConnectRequest *request, const Try *attempt, GError **error) {
    const Judgement *judgement = &attempt->judgement;
    const char *doubt = judgement->verdict == VERDICT_UNKNOWN ? " (it may have been done)" : "";
    g_autoptr(Secrets) none = secrets_new(NULL, NULL);
    const Secrets *secrets = request->secrets != NULL ? request->secrets : none;
    g_autofree char *message = message_show(attempt->message, secrets);
    const char *hint = judgement->hint != NULL ? judgement->hint : error_hint(attempt->failure);
    if (attempt->response == NULL)
        error_set(error, CONNECT_ERROR, (int)judgement->code, hint, "%s%s", message, doubt);
    else
        error_set(error, CONNECT_ERROR, (int)judgement->code, hint, "%s %s%s answered %ld%s%s%s",
                  request->method, connect->url, request->path, attempt->response->status,
                  *message != '\0' ? ": " : "", message, doubt);
    return false;
}

/* The answer's JSON; a success with an empty body has none. */
static bool read_answer(Connect *connect, const ConnectRequest *request, const HttpResponse *response,
                        json_t **answer, GError **error) {
    if (answer == NULL)
        return true;
    *answer = NULL;
    if (g_bytes_get_size(response->body) == 0)
        return true;
    g_autofree char *name =
        g_strdup_printf("the answer to %s %s%s", request->method, connect->url, request->path);
    g_autoptr(GError) problem = NULL;
    *answer = json_read_bytes(response->body, name, &problem);
    if (*answer == NULL)
        error_set(error, CONNECT_ERROR, CONNECT_ERROR_FAILED, "does this address belong to Kafka Connect?",
                  "%s", problem->message);
    return *answer != NULL;
}

bool connect_send(Connect *connect, const Call *call, const ConnectRequest *request, json_t **answer,
                  GError **error) {
    const ConnectCall *options = call->options;
    g_auto(Try) attempt = {0};
    gint64 started = g_get_monotonic_time();
    for (guint tries = 1;; tries++) {
        if (g_cancellable_is_cancelled(options->cancellable))
            return set_cancelled(connect, request, error);
        try_once(connect, call, request, &attempt);
        if (attempt.judgement.verdict == VERDICT_OK)
            return read_answer(connect, request, attempt.response, answer, error);
        guint pause_ms = retry_pause_ms(tries);
        if (attempt.judgement.verdict != VERDICT_RETRY ||
            !has_time(connect, call, started, &attempt, pause_ms))
            return set_failure(connect, request, &attempt, error);
        if (options->waiting != NULL)
            options->waiting(attempt.judgement.why, options->user_data);
        if (!call_wait(call, pause_ms))
            return set_cancelled(connect, request, error);
    }
}

json_t *connect_fetch(Connect *connect, const Call *call, const ConnectRequest *request, json_type type,
                      GError **error) {
    g_autoptr(json_t) answer = NULL;
    if (!connect_send(connect, call, request, &answer, error))
        return NULL;
    if (answer != NULL && json_typeof(answer) == type)
        return g_steal_pointer(&answer);
    error_set(error, CONNECT_ERROR, CONNECT_ERROR_FAILED, "does this address belong to Kafka Connect?",
              "%s %s%s answered something that is not Kafka Connect's", request->method, connect->url,
              request->path);
    return NULL;
}

char *connector_path(const char *name, const char *suffix, GError **error) {
    if (*name == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        error_set(error, CONNECT_ERROR, CONNECT_ERROR_INVALID, "choose a name without '/'",
                  "a connector named '%s' could never be addressed", name);
        return NULL;
    }
    g_autofree char *escaped = http_escape(name);
    return g_strconcat("/connectors/", escaped, suffix, NULL);
}

void connect_info_free(ConnectInfo *info) {
    if (info == NULL)
        return;
    g_free(info->version);
    g_free(info->cluster);
    g_free(info);
}

ConnectInfo *connect_info(Connect *connect, const ConnectCall *options, GError **error) {
    Call call = call_start(options);
    ConnectRequest request = {.method = "GET", .path = "/"};
    g_autoptr(json_t) answer = connect_fetch(connect, &call, &request, JSON_OBJECT, error);
    if (answer == NULL)
        return NULL;
    const char *version = json_get_string(answer, "version");
    if (version == NULL) {
        error_set(error, CONNECT_ERROR, CONNECT_ERROR_FAILED, "does this address belong to Kafka Connect?",
                  "GET %s/ answered no version", connect->url);
        return NULL;
    }
    ConnectInfo *info = g_new0(ConnectInfo, 1);
    info->version = g_strdup(version);
    info->cluster = g_strdup(json_get_string(answer, "kafka_cluster_id"));
    return info;
}

bool connect_version_at_least(const char *version, int major, int minor) {
    char *end;
    long first = strtol(version, &end, 10);
    if (end == version)
        return false;
    long second = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return first > major || (first == major && second >= minor);
}
