/* SPDX-License-Identifier: Apache-2.0 */
/* What commands on plugins need of the declarations: sluice.yaml alone. */
#pragma once

#include "cli/command.h"
#include "declare/declare.h"

/* Reads sluice.yaml here or above, with the values of env and secret in it. NULL without an error when there
 * were mistakes, which were printed. */
Project *project_read(const Invocation *invocation, GError **error);

/* For the `progress` of requests to the plugin folder; `user_data` is a Progress. */
void project_progress(const char *what, gpointer progress);
