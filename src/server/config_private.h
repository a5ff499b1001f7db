/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of server.yaml that have files of their own. */
#pragma once

#include "declare/schema.h"
#include "server/config.h"

/* `users:` and `environments:`, which may be NULL, into the settings. */
void config_read_users(Loader *loader, const Datum *users, PipelineSettings *settings);
void config_read_environments(Loader *loader, const Datum *environments, PipelineSettings *settings);
