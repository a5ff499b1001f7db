/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request as a handler sees it: who asks, the part of the path that is a name, the query, the body; and
 * what of the server it may use. All of it is borrowed for the time of the call.
 */
#pragma once

#include <microhttpd.h>

#include "base/json.h"
#include "pipeline/person.h"
#include "pipeline/pipeline.h"

typedef struct Auth Auth;
typedef struct Events Events;
typedef struct Metrics Metrics;
typedef struct Page Page;
typedef struct ServerConfig ServerConfig;
typedef struct Route Route;

/* What all handlers share; each part may be used by several threads at once. */
typedef struct {
    const ServerConfig *config;
    Pipeline *pipeline;
    Auth *auth;
    Events *events;
    Metrics *metrics;
    Page *page;
} Context;

typedef struct {
    const Context *context;
    struct MHD_Connection *connection;
    const Route *route; /* NULL: of no path that we know */
    char *method;
    char *path;
    char *parameter;      /* what stands for the {…} of the route, or NULL */
    GByteArray *body;     /* empty where there is none */
    const Person *person; /* who asks; NULL: not known, where the route lets everyone in */
    bool by_cookie;       /* … and known by a browser's cookie */
} Request;

/* A header; NULL where it isn't there. */
const char *request_header(const Request *request, const char *name);

/* A query parameter: a text (NULL where it isn't there), a boolean (false), a whole number from `least` to
 * `most` (the fallback). False with SERVER_ERROR_INVALID for another value. */
const char *request_text(const Request *request, const char *name);
bool request_boolean(const Request *request, const char *name, bool *value, GError **error);
bool request_integer(const Request *request, const char *name, gint64 least, gint64 most, gint64 *value,
                     GError **error);

/* The body, a JSON object with none but these keys (NULL-terminated; NULL: none); an empty body is an empty
 * object. A new reference. SERVER_ERROR_INVALID, or _MEDIA where the body isn't said to be JSON. */
json_t *request_object(const Request *request, const char *const *keys, GError **error);

/* A text of the body of at most `limit` bytes; NULL with SERVER_ERROR_INVALID where it is missing, empty or
 * none. */
const char *request_member(const json_t *body, const char *key, gsize limit, GError **error);

/* Where the request came from, as a numeric address; the caller frees it. */
char *request_address(const Request *request);

/* Whether the client has closed the connection, which only writing tells otherwise. */
bool connection_is_gone(int socket);
int request_socket(const Request *request);

/* After an answer, or a piece of one, was waited for: that time was not idle. Only by the connection's own
 * thread. */
void connection_touch(struct MHD_Connection *connection, guint idle_s);
