/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "server/api.h"
#include "server/error.h"

enum { LIMIT_MOST = 500, RUNS_DEFAULT = 50, AUDIT_DEFAULT = 100, DIGEST_MOST = 128, REASON_MOST = 1000 };

Answer *api_runs(const Request *request, GError **error) {
    gint64 limit = RUNS_DEFAULT;
    bool open = false;
    if (!request_integer(request, "limit", 1, LIMIT_MOST, &limit, error) ||
        !request_boolean(request, "open", &open, error))
        return NULL;
    const RunFilter filter = {.subject = request_text(request, "subject"),
                              .open_only = open,
                              .limit = (guint)limit,
                              .before = request_text(request, "before")};
    return answer_json(MHD_HTTP_OK, pipeline_runs(request->context->pipeline, &filter));
}

Answer *api_run(const Request *request, GError **error) {
    return answer_json(MHD_HTTP_OK,
                       pipeline_run(request->context->pipeline, request->parameter, request->person, error));
}

Answer *api_approve(const Request *request, GError **error) {
    static const char *const KEYS[] = {"digest", NULL};
    g_autoptr(json_t) body = request_object(request, KEYS, error);
    const char *digest = body != NULL ? request_member(body, "digest", DIGEST_MOST, error) : NULL;
    if (digest == NULL)
        return NULL;
    return answer_json(MHD_HTTP_OK, pipeline_approve(request->context->pipeline, request->parameter, digest,
                                                     request->person, error));
}

/* A reason may be left out, empty or null; *reason is NULL then. */
static bool read_reason(const json_t *body, const char **reason, GError **error) {
    const json_t *value = json_object_get(body, "reason");
    if (value == NULL || json_is_null(value) || json_string_length(value) == 0) {
        *reason = NULL;
        return true;
    }
    if (json_is_string(value) && g_utf8_strlen(json_string_value(value), -1) <= REASON_MOST) {
        *reason = json_string_value(value);
        return true;
    }
    error_set(error, SERVER_ERROR, SERVER_ERROR_INVALID, NULL,
              "'reason' must be a text of at most %d characters", REASON_MOST);
    return false;
}

Answer *api_reject(const Request *request, GError **error) {
    static const char *const KEYS[] = {"reason", NULL};
    g_autoptr(json_t) body = request_object(request, KEYS, error);
    const char *reason = NULL;
    if (body == NULL || !read_reason(body, &reason, error))
        return NULL;
    return answer_json(MHD_HTTP_OK, pipeline_reject(request->context->pipeline, request->parameter, reason,
                                                    request->person, error));
}

Answer *api_retry(const Request *request, GError **error) {
    g_autoptr(json_t) body = request_object(request, NULL, error);
    if (body == NULL)
        return NULL;
    return answer_json(MHD_HTTP_ACCEPTED, pipeline_retry(request->context->pipeline, request->parameter,
                                                         request->person, error));
}

Answer *api_audit(const Request *request, GError **error) {
    gint64 limit = AUDIT_DEFAULT;
    if (!request_integer(request, "limit", 1, LIMIT_MOST, &limit, error))
        return NULL;
    return answer_json(MHD_HTTP_OK, pipeline_audit(request->context->pipeline, (guint)limit,
                                                   request_text(request, "before"), error));
}
