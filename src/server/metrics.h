/* SPDX-License-Identifier: Apache-2.0 */
/* What the server counts of itself, and all of it as Prometheus' text format 0.0.4. */
#pragma once

#include "server/request.h"
#include "server/webhook.h"

Metrics *metrics_new(void);
void metrics_free(Metrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metrics, metrics_free)

/* An answer of a route (NULL: of no path that we know) was sent. */
void metrics_count_request(Metrics *metrics, const Route *route, guint status);
void metrics_count_webhook(Metrics *metrics, WebhookProvider provider, WebhookOutcome outcome);
void metrics_count_sign_in(Metrics *metrics, bool good);

/* All of it as text; the caller frees it. */
char *metrics_text(const Context *context);
