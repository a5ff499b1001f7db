/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what a worker answers about connectors. Traces come out cleaned of the config's secrets.
 */
#pragma once

#include <glib.h>

#include "connect/connect.h"

/* A connector of its `info` and `status` objects, of which the latter may be NULL. NULL where it has no
 * config. */
Connector *connector_parse(const char *name, const json_t *info, const json_t *status);

/* Of {NAME: {"info":…,"status":…}, …}: name → Connector; NULL where it is something else. */
GHashTable *connectors_parse(const json_t *answer);

/* Of [{"id":{"connector","task"},"config":{…}}, …]: a GArray of int; NULL where it is something else. */
GArray *task_ids_parse(const json_t *answer);
