/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a key's name, or a value's text, says of secrecy.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether a connector's config key (or a property, or a key of ours) names a password, token or the like:
 * "database.password", "camel.sink.secretKey", "sasl.jaas.config"; not "key.converter", "token.endpoint.url"
 * or "password.file". See the table. */
bool sensitive_key_name(const char *key);

/* Whether a text is nothing but one reference that Connect's config providers resolve, ${provider:…}: never a
 * secret, whatever its key. */
bool sensitive_is_reference(const char *text);

/* The length of the reference that `text` begins with; 0 where it begins with none. */
size_t sensitive_reference_length(const char *text);
