/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP(S) client that blocks: one call, one answer, with a deadline and limits. A HttpClient may be used
 * by several threads at once; it keeps connections and uses them again. Honours HTTPS_PROXY, NO_PROXY and
 * SSL_CERT_FILE as curl does. Neither credentials, the userinfo of an address nor the values of its query are
 * in any message.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

typedef struct HttpClient HttpClient;

/* How a client proves who it is, and whom it trusts. All strings may be NULL; the client copies them. */
typedef struct {
    const char *username; /* basic authentication, with password */
    const char *password;
    const char *bearer;      /* Authorization: Bearer … */
    const char *ca;          /* file of PEM certificates to trust instead of the system's */
    const char *certificate; /* file with the PEM client certificate */
    const char *key;         /* file with its private key */
} HttpCredentials;

/* A client; `credentials` may be NULL. Never fails. Free with http_client_free(). */
HttpClient *http_client_new(const HttpCredentials *credentials);
void http_client_free(HttpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpClient, http_client_free)

typedef struct {
    const char *method;         /* "GET", "PUT", … */
    const char *url;            /* absolute; http or https only */
    const char *const *headers; /* NULL-terminated lines "Name: value", or NULL */
    GBytes *body;               /* or NULL */
    const char *content_type;   /* of the body; NULL: none is said */
    guint timeout_ms;           /* of the whole exchange; 0: 30,000 */
    gsize limit;                /* most bytes of the answer's body; 0: 64 MiB */
    GCancellable *cancellable;  /* or NULL */
} HttpRequest;

typedef struct {
    long status;  /* 200, 404, … */
    GBytes *body; /* never NULL; empty where there is none */
    char *content_type;
} HttpResponse;

void http_response_free(HttpResponse *response);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpResponse, http_response_free)

/* Sends a request and gives back the answer, whatever its status; the caller frees it. A redirect is followed
 * for GET and HEAD, never with the client's credentials to another host, never from https to http. What can't
 * be repeated (POST, PATCH) is never sent twice. NULL for a transport error: BASE_ERROR_CONNECT (not sent),
 * BASE_ERROR_BROKEN or BASE_ERROR_TIMEOUT (outcome unknown), BASE_ERROR_LIMIT, BASE_ERROR_CANCELLED (seen
 * within a second); BASE_ERROR_SYNTAX (no http or https address, a line break in a header) and
 * BASE_ERROR_FAILED (a circle of redirects). */
HttpResponse *http_send(HttpClient *client, const HttpRequest *request, GError **error);

/* Takes `length` bytes of a download; false, with an error set, ends it. */
typedef bool (*HttpSink)(const guint8 *data, gsize length, gpointer user_data, GError **error);

/* Streams the body of a GET into `sink`, from byte `offset` on (Range). `*resumed` (may be NULL) says whether
 * the server honoured the offset: if not, the body begins at byte 0; it is set before the first call of sink.
 * Status codes other than 200/206 don't reach the sink: `*status` is set (0 when none came) and the call
 * fails with BASE_ERROR_NOT_FOUND for 404/410 and BASE_ERROR_FAILED for others. request->limit counts all
 * bytes including the offset; 0 means none here. The timeout is of standing still, not of the whole transfer.
 * A 206 that begins elsewhere is BASE_ERROR_FAILED. */
bool http_download(HttpClient *client, const HttpRequest *request, guint64 offset, bool *resumed,
                   long *status, HttpSink sink, gpointer user_data, GError **error);

/* Uploads a file's bytes by PUT; the answer's status is returned in *status. The timeout is of standing
 * still. Errors as http_send(), and BASE_ERROR_NOT_FOUND where there is no file. */
bool http_upload(HttpClient *client, const HttpRequest *request, const char *path, long *status,
                 GError **error);

/* `text` with everything but unreserved characters percent-encoded, for a path segment; the caller frees it.
 */
char *http_escape(const char *text);
