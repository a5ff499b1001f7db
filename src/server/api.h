/* SPDX-License-Identifier: Apache-2.0 */
/* The functions behind the routes, each as src/server/openapi.yaml describes it. */
#pragma once

#include "server/routes.h"

Answer *api_who_am_i(const Request *request, GError **error);
Answer *api_sign_in(const Request *request, GError **error);
Answer *api_sign_out(const Request *request, GError **error);

Answer *api_environments(const Request *request, GError **error);
Answer *api_environment(const Request *request, GError **error);
Answer *api_deploy(const Request *request, GError **error);
Answer *api_promote(const Request *request, GError **error);
Answer *api_unhold(const Request *request, GError **error);

Answer *api_runs(const Request *request, GError **error);
Answer *api_run(const Request *request, GError **error);
Answer *api_log(const Request *request, GError **error);
Answer *api_approve(const Request *request, GError **error);
Answer *api_reject(const Request *request, GError **error);
Answer *api_retry(const Request *request, GError **error);

Answer *api_audit(const Request *request, GError **error);
Answer *api_events(const Request *request, GError **error);
Answer *api_healthz(const Request *request, GError **error);
Answer *api_readyz(const Request *request, GError **error);
Answer *api_metrics(const Request *request, GError **error);

#define WEBHOOK_PREFIX "/webhooks/"
Answer *webhook_gitea(const Request *request, GError **error);
Answer *webhook_github(const Request *request, GError **error);

/* A delivery was refused before anything of it was read. */
void webhook_count_refused(const Request *request);

Answer *page_index(const Request *request, GError **error);
Answer *page_script(const Request *request, GError **error);
Answer *page_style(const Request *request, GError **error);
Answer *page_openapi(const Request *request, GError **error);
