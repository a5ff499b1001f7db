/* SPDX-License-Identifier: Apache-2.0 */
/* Why a request is refused, each code an HTTP status; and the table of what others' errors are over HTTP. */
#pragma once

#include "base/error.h"

ERROR_DECLARE_DOMAIN(server);
#define SERVER_ERROR (server_error_quark())
typedef enum {
    SERVER_ERROR_FAILED,      /* 500 */
    SERVER_ERROR_INVALID,     /* 400 */
    SERVER_ERROR_UNKNOWN,     /* 401: nobody knows who asks */
    SERVER_ERROR_DENIED,      /* 403 */
    SERVER_ERROR_NOT_FOUND,   /* 404 */
    SERVER_ERROR_METHOD,      /* 405 */
    SERVER_ERROR_REPLAYED,    /* 409 */
    SERVER_ERROR_LENGTH,      /* 411: it must be said before a body is read */
    SERVER_ERROR_LARGE,       /* 413 */
    SERVER_ERROR_MEDIA,       /* 415 */
    SERVER_ERROR_TOO_MANY,    /* 429 */
    SERVER_ERROR_UNAVAILABLE, /* 503 */
} ServerError;

/* The HTTP status that an error of any domain is told with; 500 for what is not in the table. */
guint error_http_status(const GError *error);
