/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connector's config in its three forms: as it is sent (values), as it is stored (keyed hashes for what is
 * sensitive), and as it is shown.
 */
#pragma once

#include "engine/live.h"
#include "engine/pins.h"

/* The config as it will be sent: declared keys, connector.class, tasks.max, and those pins that are known. An
 * object of strings, a new reference. */
json_t *render_config(const DesiredConnector *connector, const GPtrArray *pins);

/* The keys (a new set) that are sensitive: by their declared value, by the record's hashes, by `passwords`
 * (may be NULL). */
GHashTable *render_sensitive_keys(const DesiredConnector *connector, const ResourceRecord *record,
                                  GHashTable *passwords);

/* Whether this value under this key is to be hashed. `sensitive` as above; may be NULL. */
bool render_is_sensitive(GHashTable *sensitive, const char *name, const char *value);

/* A config with sensitive values replaced by {"hmac": …}; a new reference. */
json_t *render_stored_config(const json_t *config, GHashTable *sensitive, const guint8 *key);

/* Whether a stored value (text, {"hmac"}, or NULL: not there) stands for `value` (NULL: not there). */
bool render_stored_matches(const json_t *stored, const char *name, const char *value, const guint8 *key);

/* The value of a key for people and plan files: itself or its keyed hash. NULL for NULL. The caller frees it.
 */
char *render_shown(GHashTable *sensitive, const char *name, const char *value, const guint8 *key);

/* The keyed hash that live_hash_connector() would give for a connector with this config and state. The caller
 * frees it. */
char *render_hash(const guint8 *key, const json_t *config, const char *state);

/* Makes a record say that the topic is as declared. */
void render_topic_record(ResourceRecord *record, const DesiredTopic *topic);
