/* SPDX-License-Identifier: Apache-2.0 */
#include "base/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

enum {
    POOL_SIZE = 16,
    MAX_REDIRECTS = 10,
    DEFAULT_TIMEOUT_MS = 30 * 1000,
    REFUSED_BODY_SIZE = 64 * 1024, /* of an answer that nobody reads, so that its connection can be kept */
};
#define DEFAULT_LIMIT ((gsize)64 * 1024 * 1024)

struct HttpClient {
    char *username;
    char *password;
    char *bearer;
    char *ca;
    char *certificate;
    char *key;
    GMutex lock;
    GPtrArray *idle; /* CURL handles with their open connections; the last one used is taken first */
};

/* One request on its way. The callbacks that curl calls leave what stopped it in `error`. */
typedef struct Exchange Exchange;
typedef bool (*Receiver)(Exchange *exchange, const guint8 *data, gsize length, GError **error);

struct Exchange {
    HttpClient *client;
    const HttpRequest *request;
    CURL *curl;
    char *shown; /* method and URL, for messages */
    struct curl_slist *headers;
    char cause[CURL_ERROR_SIZE];
    Receiver receive;
    gpointer receiver_data;
    gint64 stall_us; /* how long it may stand still; 0: the whole exchange has a deadline instead */
    gint64 moved_at;
    curl_off_t moved;
    GError *error;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURL, curl_easy_cleanup)

static void global_start(void) {
    static gsize started = 0;
    if (g_once_init_enter(&started)) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        g_once_init_leave(&started, 1);
    }
}

HttpClient *http_client_new(const HttpCredentials *credentials) {
    static const HttpCredentials none = {0};
    const HttpCredentials *from = credentials != NULL ? credentials : &none;
    global_start();
    HttpClient *client = g_new0(HttpClient, 1);
    client->username = g_strdup(from->username);
    client->password = g_strdup(from->password);
    client->bearer = g_strdup(from->bearer);
    client->ca = g_strdup(from->ca);
    client->certificate = g_strdup(from->certificate);
    client->key = g_strdup(from->key);
    client->idle = g_ptr_array_new_with_free_func(curl_easy_cleanup);
    g_mutex_init(&client->lock);
    return client;
}

void http_client_free(HttpClient *client) {
    if (client == NULL)
        return;
    g_ptr_array_unref(client->idle);
    g_mutex_clear(&client->lock);
    g_free(client->username);
    g_free(client->password);
    g_free(client->bearer);
    g_free(client->ca);
    g_free(client->certificate);
    g_free(client->key);
    g_free(client);
}

static CURL *client_take(HttpClient *client) {
    g_mutex_lock(&client->lock);
    CURL *curl = client->idle->len > 0 ? g_ptr_array_steal_index(client->idle, client->idle->len - 1) : NULL;
    g_mutex_unlock(&client->lock);
    return curl != NULL ? curl : curl_easy_init();
}

static void client_give_back(HttpClient *client, CURL *handle) {
    g_autoptr(CURL) curl = handle;
    curl_easy_reset(curl); /* keeps its connections */
    g_mutex_lock(&client->lock);
    if (client->idle->len < POOL_SIZE)
        g_ptr_array_add(client->idle, g_steal_pointer(&curl));
    g_mutex_unlock(&client->lock);
}

/* What a message may show of a URL: no userinfo, no values of the query, no fragment. */
static char *url_shown(const char *url) {
    g_autoptr(GString) shown = g_string_new(NULL);
    const char *scheme_end = strstr(url, "://");
    const char *authority = scheme_end != NULL ? scheme_end + 3 : url;
    g_string_append_len(shown, url, authority - url);
    const char *path = authority + strcspn(authority, "/?#");
    const char *at = g_strrstr_len(authority, path - authority, "@");
    const char *query = path + strcspn(path, "?#");
    g_string_append_len(shown, at != NULL ? at + 1 : authority, query - (at != NULL ? at + 1 : authority));
    if (*query != '?')
        return g_string_free(g_steal_pointer(&shown), FALSE);
    bool in_value = false;
    for (const char *c = query; *c != '\0' && *c != '#'; c++) {
        if (*c == '&')
            in_value = false;
        if (!in_value)
            g_string_append_c(shown, *c);
        if (*c == '=' && !in_value) {
            g_string_append(shown, "…");
            in_value = true;
        }
    }
    return g_string_free(g_steal_pointer(&shown), FALSE);
}

static bool url_check(const char *url, GError **error) {
    CURLU *parsed = curl_url();
    bool is_url = curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK;
    curl_url_cleanup(parsed);
    bool is_http =
        g_ascii_strncasecmp(url, "http://", 7) == 0 || g_ascii_strncasecmp(url, "https://", 8) == 0;
    if (is_url && is_http)
        return true;
    /* Where it can't be parsed, a password can be anywhere before the last '@'. */
    const char *at = strrchr(url, '@');
    g_autofree char *shown = url_shown(at != NULL && !is_url ? at + 1 : url);
    error_set(error, BASE_ERROR, BASE_ERROR_SYNTAX, "an address looks like https://host:port/path",
              "'%s' is no http or https address", shown);
    return false;
}

static bool line_check(const char *line, const char *what, GError **error) {
    if (line == NULL || strpbrk(line, "\r\n") == NULL)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_SYNTAX, NULL, "%s must not hold a line break", what);
    return false;
}

static bool request_check(const HttpClient *client, const HttpRequest *request, GError **error) {
    for (const char *const *header = request->headers; header != NULL && *header != NULL; header++)
        if (!line_check(*header, "a header", error))
            return false;
    return url_check(request->url, error) && line_check(request->content_type, "a content type", error) &&
           line_check(client->bearer, "a bearer token", error);
}

static int on_progress(void *user_data, curl_off_t to_receive, curl_off_t received, curl_off_t to_send,
                       curl_off_t sent) {
    Exchange *exchange = user_data;
    if (g_cancellable_is_cancelled(exchange->request->cancellable)) {
        error_set(&exchange->error, BASE_ERROR, BASE_ERROR_CANCELLED, NULL, "%s: cancelled", exchange->shown);
        return 1;
    }
    gint64 now = g_get_monotonic_time();
    if (received + sent != exchange->moved) {
        exchange->moved = received + sent;
        exchange->moved_at = now;
    }
    return exchange->stall_us > 0 && now - exchange->moved_at > exchange->stall_us;
}

static size_t on_receive(char *data, size_t size, size_t count, void *user_data) {
    Exchange *exchange = user_data;
    if (exchange->error != NULL)
        return 0;
    gsize length = size * count;
    return exchange->receive(exchange, (const guint8 *)data, length, &exchange->error) ? length : 0;
}

static void set_credentials(CURL *curl, const HttpClient *client) {
    if (client->bearer != NULL) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, client->bearer);
    } else if (client->username != NULL) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERNAME, client->username);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, client->password != NULL ? client->password : "");
    }
    curl_easy_setopt(curl, CURLOPT_UNRESTRICTED_AUTH, 0L);
}

static void set_trust(CURL *curl, const HttpClient *client) {
    if (client->ca != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    } else if (g_getenv("SSL_CERT_FILE") != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, g_getenv("SSL_CERT_FILE"));
    }
    if (client->certificate != NULL)
        curl_easy_setopt(curl, CURLOPT_SSLCERT, client->certificate);
    if (client->key != NULL)
        curl_easy_setopt(curl, CURLOPT_SSLKEY, client->key);
}

/* A redirect never leaves TLS. */
static void set_redirects(CURL *curl, const HttpRequest *request) {
    bool follow = g_str_equal(request->method, "GET") || g_str_equal(request->method, "HEAD");
    bool secure = g_ascii_strncasecmp(request->url, "https:", 6) == 0;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, follow ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
}

/* curl sends a request again when a kept connection turns out to be closed. What may not be done twice gets a
 * connection of its own. */
static void set_method(CURL *curl, const HttpRequest *request) {
    static const char *const repeatable[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", NULL};
    static const char *const with_body[] = {"POST", "PUT", "PATCH", NULL};
    bool has_body = request->body != NULL || g_strv_contains(with_body, request->method);
    gsize length = 0;
    const char *body = request->body != NULL ? g_bytes_get_data(request->body, &length) : NULL;
    if (has_body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body != NULL ? body : "");
    }
    if (g_str_equal(request->method, "HEAD"))
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (!g_strv_contains(repeatable, request->method))
        curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
}

static void add_header(Exchange *exchange, const char *line) {
    exchange->headers = curl_slist_append(exchange->headers, line);
}

static void set_headers(Exchange *exchange) {
    const HttpRequest *request = exchange->request;
    for (const char *const *header = request->headers; header != NULL && *header != NULL; header++)
        add_header(exchange, *header);
    g_autofree char *type =
        g_strconcat("Content-Type:", request->content_type != NULL ? " " : "", request->content_type, NULL);
    add_header(exchange, type);
    curl_easy_setopt(exchange->curl, CURLOPT_HTTPHEADER, exchange->headers);
}

static void set_callbacks(Exchange *exchange) {
    CURL *curl = exchange->curl;
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->cause);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
}

static void exchange_free(Exchange *exchange) {
    if (exchange->curl != NULL)
        client_give_back(exchange->client, exchange->curl);
    curl_slist_free_all(exchange->headers);
    g_clear_error(&exchange->error);
    g_free(exchange->shown);
    g_free(exchange);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Exchange, exchange_free)

static Exchange *exchange_new(HttpClient *client, const HttpRequest *request, GError **error) {
    if (!request_check(client, request, error))
        return NULL;
    g_autoptr(Exchange) exchange = g_new0(Exchange, 1);
    g_autofree char *url = url_shown(request->url);
    exchange->client = client;
    exchange->request = request;
    exchange->shown = g_strconcat(request->method, " ", url, NULL);
    exchange->curl = client_take(client);
    if (exchange->curl == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "%s: curl does not start", exchange->shown);
        return NULL;
    }
    CURL *curl = exchange->curl;
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
    set_credentials(curl, client);
    set_trust(curl, client);
    set_redirects(curl, request);
    set_headers(exchange);
    set_callbacks(exchange);
    return g_steal_pointer(&exchange);
}

static guint timeout_of(const HttpRequest *request) {
    return request->timeout_ms > 0 ? request->timeout_ms : DEFAULT_TIMEOUT_MS;
}

/* The whole exchange must end in time. */
static void exchange_limit_time(Exchange *exchange) {
    curl_easy_setopt(exchange->curl, CURLOPT_TIMEOUT_MS, (long)timeout_of(exchange->request));
}

/* The exchange may last, but not stand still. */
static void exchange_limit_stall(Exchange *exchange) {
    guint timeout = timeout_of(exchange->request);
    exchange->stall_us = (gint64)timeout * 1000;
    curl_easy_setopt(exchange->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout);
}

static const char *hint_for(CURLcode code) {
    static const struct {
        CURLcode code;
        const char *hint;
    } hints[] = {
        {CURLE_COULDNT_RESOLVE_HOST, "check the host name in the address"},
        {CURLE_COULDNT_RESOLVE_PROXY, "HTTPS_PROXY, HTTP_PROXY and NO_PROXY say which proxy is used"},
        {CURLE_PEER_FAILED_VERIFICATION,
         "trust the server's certificate authority: name its PEM file as ca, or in SSL_CERT_FILE"},
        {CURLE_SSL_CACERT_BADFILE, "ca, or SSL_CERT_FILE, must name a readable file of PEM certificates"},
        {CURLE_SSL_CERTPROBLEM, "certificate and key must name readable PEM files that belong together"},
        {CURLE_SSL_CONNECT_ERROR, "does the server speak TLS at this address?"},
        {CURLE_UNSUPPORTED_PROTOCOL, "a redirect from https to http is not followed"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(hints); i++)
        if (hints[i].code == code)
            return hints[i].hint;
    return NULL;
}

/* Whether a byte of a request may have left, also for one that curl began anew on another connection. */
static bool was_sent(CURL *curl) {
    curl_off_t sent_after_us = 0;
    curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &sent_after_us);
    return sent_after_us > 0;
}

static BaseError error_code_for(CURL *curl, CURLcode code) {
    switch (code) {
    case CURLE_URL_MALFORMAT:
        return BASE_ERROR_SYNTAX;
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_OUT_OF_MEMORY:
        return BASE_ERROR_FAILED;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_ABORTED_BY_CALLBACK:
        return was_sent(curl) ? BASE_ERROR_TIMEOUT : BASE_ERROR_CONNECT;
    default:
        return was_sent(curl) ? BASE_ERROR_BROKEN : BASE_ERROR_CONNECT;
    }
}

static void set_transport_error(Exchange *exchange, CURLcode code, GError **error) {
    /* curl quotes a proxy's address whole. */
    bool tells = exchange->cause[0] != '\0' && strchr(exchange->cause, '@') == NULL;
    const char *cause = tells ? exchange->cause : curl_easy_strerror(code);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        error_set(error, BASE_ERROR, error_code_for(exchange->curl, code), NULL,
                  "%s: nothing moved for %u ms", exchange->shown, timeout_of(exchange->request));
    else
        error_set(error, BASE_ERROR, error_code_for(exchange->curl, code), hint_for(code), "%s: %s",
                  exchange->shown, cause);
}

static bool exchange_run(Exchange *exchange, GError **error) {
    if (g_cancellable_is_cancelled(exchange->request->cancellable)) {
        error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, NULL, "%s: cancelled", exchange->shown);
        return false;
    }
    exchange->moved_at = g_get_monotonic_time();
    CURLcode code = curl_easy_perform(exchange->curl);
    if (code == CURLE_OK)
        return true;
    if (exchange->error != NULL)
        g_propagate_error(error, g_steal_pointer(&exchange->error));
    else
        set_transport_error(exchange, code, error);
    return false;
}

static long exchange_status(Exchange *exchange) {
    long status = 0;
    curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

void http_response_free(HttpResponse *response) {
    if (response == NULL)
        return;
    g_bytes_unref(response->body);
    g_free(response->content_type);
    g_free(response);
}

static bool limit_error(Exchange *exchange, guint64 limit, GError **error) {
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, NULL,
              "%s: the answer is larger than %" G_GUINT64_FORMAT " bytes", exchange->shown, limit);
    return false;
}

static bool receive_whole(Exchange *exchange, const guint8 *data, gsize length, GError **error) {
    GByteArray *body = exchange->receiver_data;
    gsize limit = exchange->request->limit > 0 ? exchange->request->limit : DEFAULT_LIMIT;
    if (length > limit - body->len || body->len + length > G_MAXUINT)
        return limit_error(exchange, limit, error);
    g_byte_array_append(body, data, (guint)length);
    return true;
}

static HttpResponse *exchange_answer(Exchange *exchange, GError **error) {
    g_autoptr(GByteArray) body = g_byte_array_new();
    exchange->receive = receive_whole;
    exchange->receiver_data = body;
    if (!exchange_run(exchange, error))
        return NULL;
    const char *content_type = NULL;
    curl_easy_getinfo(exchange->curl, CURLINFO_CONTENT_TYPE, &content_type);
    HttpResponse *response = g_new0(HttpResponse, 1);
    response->status = exchange_status(exchange);
    response->body = g_byte_array_free_to_bytes(g_steal_pointer(&body));
    response->content_type = g_strdup(content_type);
    return response;
}

HttpResponse *http_send(HttpClient *client, const HttpRequest *request, GError **error) {
    g_autoptr(Exchange) exchange = exchange_new(client, request, error);
    if (exchange == NULL)
        return NULL;
    set_method(exchange->curl, request);
    add_header(exchange, "Expect:");
    curl_easy_setopt(exchange->curl, CURLOPT_ACCEPT_ENCODING, "gzip");
    exchange_limit_time(exchange);
    return exchange_answer(exchange, error);
}

/* Where a download stands. */
typedef struct {
    HttpSink sink;
    gpointer user_data;
    guint64 offset; /* asked for */
    guint64 end;    /* of what has been received, from byte 0; or bytes of a body that is not wanted */
    bool begun;
    bool wanted;
    bool resumed;
    bool *resumed_out;
} Download;

static bool is_success(long status) {
    return status == 200 || status == 206;
}

/* Whether a 206 begins where it was asked to. */
static bool check_range(Exchange *exchange, guint64 offset, GError **error) {
    struct curl_header *header = NULL;
    g_autofree char *wanted = g_strdup_printf("bytes %" G_GUINT64_FORMAT "-", offset);
    if (curl_easy_header(exchange->curl, "Content-Range", 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
        g_ascii_strncasecmp(header->value, wanted, strlen(wanted)) == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL,
              "%s: the server answered with another part than the one from byte %" G_GUINT64_FORMAT " on",
              exchange->shown, offset);
    return false;
}

static bool download_begin(Exchange *exchange, Download *download, GError **error) {
    if (download->begun)
        return true;
    download->begun = true;
    long status = exchange_status(exchange);
    download->wanted = is_success(status);
    download->resumed = status == 206 && download->offset > 0;
    if (status == 206 && !check_range(exchange, download->offset, error))
        return false;
    if (download->resumed_out != NULL)
        *download->resumed_out = download->resumed;
    download->end = download->resumed ? download->offset : 0;
    return true;
}

static bool receive_download(Exchange *exchange, const guint8 *data, gsize length, GError **error) {
    Download *download = exchange->receiver_data;
    if (!download_begin(exchange, download, error))
        return false;
    guint64 limit = exchange->request->limit;
    download->end += length;
    if (!download->wanted)
        return download->end <= REFUSED_BODY_SIZE;
    if (limit > 0 && download->end > limit)
        return limit_error(exchange, limit, error);
    return download->sink(data, length, download->user_data, error);
}

static bool status_error(Exchange *exchange, long status, GError **error) {
    bool gone = status == 404 || status == 410;
    bool denied = status == 401 || status == 403;
    error_set(error, BASE_ERROR, gone ? BASE_ERROR_NOT_FOUND : BASE_ERROR_FAILED,
              denied ? "check the user name, password or token for this server" : NULL,
              "%s: the server answered %ld", exchange->shown, status);
    return false;
}

static bool download_run(Exchange *exchange, Download *download, long *status, GError **error) {
    g_autoptr(GError) failure = NULL;
    exchange->receive = receive_download;
    exchange->receiver_data = download;
    bool ran = exchange_run(exchange, &failure) && download_begin(exchange, download, &failure);
    *status = exchange_status(exchange);
    bool refused = download->begun && !download->wanted && !is_success(*status);
    if (refused)
        return status_error(exchange, *status, error);
    if (!ran)
        g_propagate_error(error, g_steal_pointer(&failure));
    return ran;
}

bool http_download(HttpClient *client, const HttpRequest *request, guint64 offset, bool *resumed,
                   long *status, HttpSink sink, gpointer user_data, GError **error) {
    Download download = {.sink = sink, .user_data = user_data, .offset = offset, .resumed_out = resumed};
    HttpRequest get = *request;
    get.method = "GET";
    *status = 0;
    g_autoptr(Exchange) exchange = exchange_new(client, &get, error);
    if (exchange == NULL)
        return false;
    g_autofree char *range = g_strdup_printf("%" G_GUINT64_FORMAT "-", offset);
    if (offset > 0)
        curl_easy_setopt(exchange->curl, CURLOPT_RANGE, range);
    exchange_limit_stall(exchange);
    return download_run(exchange, &download, status, error);
}

static size_t on_read(char *buffer, size_t size, size_t count, void *user_data) {
    const int *file = user_data;
    ssize_t length = TEMP_FAILURE_RETRY(read(*file, buffer, size * count));
    return length < 0 ? CURL_READFUNC_ABORT : (size_t)length;
}

/* curl goes back when it has to send the body again. */
static int on_seek(void *user_data, curl_off_t offset, int origin) {
    const int *file = user_data;
    return lseek(*file, offset, origin) < 0 ? CURL_SEEKFUNC_FAIL : CURL_SEEKFUNC_OK;
}

static int upload_open(const char *path, curl_off_t *size, GError **error) {
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode)) {
        *size = about.st_size;
        return file;
    }
    int cause = errno;
    error_set(error, BASE_ERROR, file < 0 && cause == ENOENT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_FAILED, NULL,
              "cannot read '%s': %s", path, file < 0 ? g_strerror(cause) : "not a regular file");
    if (file >= 0)
        close(file);
    return -1;
}

static bool upload_run(HttpClient *client, const HttpRequest *request, int file, curl_off_t size,
                       long *status, GError **error) {
    g_autoptr(Exchange) exchange = exchange_new(client, request, error);
    if (exchange == NULL)
        return false;
    CURL *curl = exchange->curl;
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, size);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &file);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, &file);
    exchange_limit_stall(exchange);
    g_autoptr(HttpResponse) response = exchange_answer(exchange, error);
    if (response == NULL)
        return false;
    *status = response->status;
    return true;
}

bool http_upload(HttpClient *client, const HttpRequest *request, const char *path, long *status,
                 GError **error) {
    HttpRequest put = *request;
    curl_off_t size = 0;
    put.method = "PUT";
    int file = upload_open(path, &size, error);
    if (file < 0)
        return false;
    bool done = upload_run(client, &put, file, size, status, error);
    close(file);
    return done;
}

char *http_escape(const char *text) {
    return g_uri_escape_string(text, NULL, FALSE);
}
