/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a key's name suggests about its value.
 */
#pragma once

#include <stdbool.h>

/* Whether a connector's config key (or a property, or a key of ours) names a password, token or the like:
 * "database.password", "camel.sink.secretKey", "sasl.jaas.config"; not "key.converter", "token.endpoint.url"
 * or "password.file". See the table. */
bool sensitive_key_name(const char *key);
