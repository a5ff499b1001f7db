/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's runs, by what people call them. */
#pragma once

#include "cli/server_client.h"

/* Which of a subject's runs its name means. */
typedef enum {
    RUN_NEWEST,
    RUN_NEWEST_OPEN, /* that has not ended; where there is none: the newest */
} RunChoice;

/* The id of the run that `word` means: an id, the beginning or the end of one (6 characters or more, in any
 * case), a subject's name (an environment or plugin), or "latest", of all subjects. CLI_ERROR_USAGE where it
 * means none, or several, which the hint lists. The caller frees it. */
char *server_run_find(ServerClient *client, const char *word, RunChoice choice, GError **error);

/* A run with its steps, plan and approvals (RunDetail), by its id; a new reference. */
json_t *server_run_get(ServerClient *client, const char *id, GError **error);

/* "/api/v1/runs/ID" with `rest` ("", "/log", …) behind it; the caller frees it. */
char *server_run_path(const char *id, const char *rest);

/* POSTs to a run; `rest` is "/approve", …, `body` may be NULL. The answer, a Run; a new reference. */
json_t *server_run_post(ServerClient *client, const char *id, const char *rest, const json_t *body,
                        GError **error);

/* {"runs": […]}, the newest first; `subject` may be NULL. A new reference. */
json_t *server_runs(ServerClient *client, const char *subject, bool open_only, guint limit, GError **error);
