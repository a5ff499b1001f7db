/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api.h"
#include "server/metrics.h"

#define PLAIN "text/plain; charset=utf-8"

Answer *api_healthz(const Request *request, GError **error) {
    return answer_text(MHD_HTTP_OK, PLAIN, "ok\n");
}

Answer *api_readyz(const Request *request, GError **error) {
    g_autofree char *reason = pipeline_not_ready(request->context->pipeline);
    if (reason == NULL)
        return answer_text(MHD_HTTP_OK, PLAIN, "ok\n");
    g_autofree char *line = g_strconcat(reason, "\n", NULL);
    return answer_text(MHD_HTTP_SERVICE_UNAVAILABLE, PLAIN, line);
}

Answer *api_metrics(const Request *request, GError **error) {
    g_autofree char *text = metrics_text(request->context);
    return answer_text(MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text);
}
