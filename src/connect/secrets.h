/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps secrets out of what a worker says. Connect repeats a config's values in its messages, and resolves
 * ${file:…} before it does.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/json.h"

/* What must not be seen of one config. */
typedef struct Secrets Secrets;

/* The secrets of `config` (an object of strings, or NULL): values of keys that sensitive_key_name() says
 * or that are in the set `sensitive` (may be NULL), what is quoted in them, and passwords inside other values
 * ("https://user:password@host", "…?password=…"). Keeps a reference to `config`. */
Secrets *secrets_new(const json_t *config, const GHashTable *sensitive);
void secrets_free(Secrets *secrets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Secrets, secrets_free)

/* One more secret; NULL and what is too short to be told from ordinary text are left out. */
void secrets_add(Secrets *secrets, const char *value);

/* Whether the key's value is a secret by its name or by the set. */
bool secrets_has_key(const Secrets *secrets, const char *key);

/* Whether a value of the config refers to something that the worker resolves. */
bool secrets_has_references(const Secrets *secrets);

/* `text` with each secret replaced by "•••". In "Invalid value X for configuration K", X stays only where it
 * is literally what the config says for K and no secret: it may be resolved. The caller frees it. */
char *secrets_redact(const Secrets *secrets, const char *text);

/* As secrets_redact(), on one line of at most 600 bytes, ending with "…" where something was cut off. */
char *secrets_redact_line(const Secrets *secrets, const char *text);
