/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's runs, by what people call them. */
#pragma once

#include "cli/server_client.h"

/* The id of the run that `word` means: an id, the beginning or the end of one (6 characters or more, in any
 * case), a subject's name (an environment or plugin: its newest run), or "latest". CLI_ERROR_USAGE where it
 * means none, or several, which the hint lists. The caller frees it. */
char *server_run_find(ServerClient *client, const char *word, GError **error);

/* A run with its steps, plan and approvals (RunDetail), found as above; a new reference. */
json_t *server_run_get(ServerClient *client, const char *word, GError **error);

/* "/api/v1/runs/ID" with `rest` ("", "/log", …) behind it; the caller frees it. */
char *server_run_path(const char *id, const char *rest);

/* POSTs to a run; `rest` is "/approve", …, `body` may be NULL. The answer, a Run; a new reference. */
json_t *server_run_post(ServerClient *client, const char *id, const char *rest, const json_t *body,
                        GError **error);

/* {"runs": […]}, the newest first; `subject` may be NULL. A new reference. */
json_t *server_runs(ServerClient *client, const char *subject, bool open_only, guint limit, GError **error);
