/* SPDX-License-Identifier: Apache-2.0 */
/* A plan for people, as the API's Plan. */
#pragma once

#include "engine/plan.h"
#include "pipeline/run_log.h"

/* Of what is planned; a new reference. Sensitive values are left out. */
json_t *plan_document(const Plan *plan);

/* Of a change of settings alone: `before` and `after` are environment_settings_json(); a new reference, NULL
 * where they are the same. Its digest is of both. */
json_t *plan_document_of_settings(const json_t *before, const json_t *after, const char *digest_before,
                                  const char *digest_after);

/* Writes it into a run's log, a line for each change. */
void plan_document_log(const json_t *document, RunLog *log);
