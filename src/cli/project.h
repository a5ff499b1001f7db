/* SPDX-License-Identifier: Apache-2.0 */
/* What commands on plugins need of the declarations: sluice.yaml, and the secrets that it uses. */
#pragma once

#include "cli/command.h"
#include "declare/declare.h"

/* Reads sluice.yaml here or above, with the values of env and secret in it. A secret is of `environment`;
 * where that is NULL, or not listed, credentials with one stay unsaid. NULL without an error when there were
 * mistakes, which were printed. */
Project *project_read(const Invocation *invocation, const char *environment, GError **error);

/* For the `progress` of requests to the plugin folder; `user_data` is a Progress. */
void project_progress(const char *what, gpointer progress);
