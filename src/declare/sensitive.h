/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a name or a text alone says about secrecy.
 */
#pragma once

#include <stdbool.h>

/* Whether a connector config key's name suggests a secret: password, secret, token, credentials, jaas,
 * passphrase, private key, api key, … */
bool sensitive_key_name(const char *key);

/* Whether a text is nothing but one reference to a config provider of Connect's, ${provider:…}: never
 * sensitive. */
bool sensitive_is_reference(const char *text);
