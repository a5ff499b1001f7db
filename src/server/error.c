/* SPDX-License-Identifier: Apache-2.0 */
#include "server/error.h"

#include "declare/declare.h"
#include "pipeline/error.h"

ERROR_DEFINE_DOMAIN(server)

static const struct {
    GQuark (*domain)(void);
    int code;
    guint status;
} STATUSES[] = {
    {server_error_quark, SERVER_ERROR_INVALID, 400},
    {server_error_quark, SERVER_ERROR_UNKNOWN, 401},
    {server_error_quark, SERVER_ERROR_DENIED, 403},
    {server_error_quark, SERVER_ERROR_NOT_FOUND, 404},
    {server_error_quark, SERVER_ERROR_METHOD, 405},
    {server_error_quark, SERVER_ERROR_REPLAYED, 409},
    {server_error_quark, SERVER_ERROR_LENGTH, 411},
    {server_error_quark, SERVER_ERROR_LARGE, 413},
    {server_error_quark, SERVER_ERROR_MEDIA, 415},
    {server_error_quark, SERVER_ERROR_TOO_MANY, 429},
    {server_error_quark, SERVER_ERROR_UNAVAILABLE, 503},
    {pipeline_error_quark, PIPELINE_ERROR_INVALID, 400},
    {pipeline_error_quark, PIPELINE_ERROR_DENIED, 403},
    {pipeline_error_quark, PIPELINE_ERROR_NOT_FOUND, 404},
    {pipeline_error_quark, PIPELINE_ERROR_CONFLICT, 409},
    {declare_error_quark, DECLARE_ERROR_NOT_FOUND, 404},
    {declare_error_quark, DECLARE_ERROR_INVALID, 409},
};

guint error_http_status(const GError *error) {
    for (gsize i = 0; i < G_N_ELEMENTS(STATUSES); i++)
        if (error->domain == STATUSES[i].domain() && error->code == STATUSES[i].code)
            return STATUSES[i].status;
    return 500;
}
