/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what config/validate answers: problems, cleaned of secrets, and the keys of type PASSWORD. The values
 * of the answer hold resolved secrets: they are used to find those in messages, and nothing else.
 */
#pragma once

#include <glib.h>

#include "connect/connect.h"

/* Of the answer for `config`: a GPtrArray of ConfigProblem, or NULL where it is something else. `*passwords`
 * (may be NULL) is a new set of keys. */
GPtrArray *validation_parse(const json_t *answer, const json_t *config, const GHashTable *sensitive,
                            GHashTable **passwords);

/* The message that says that the worker has no such version of the connector's class; NULL where none does.
 */
const char *validation_missing_version(const GPtrArray *problems);
