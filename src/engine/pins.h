/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pins (KIP-891): on Connect 4.1 and later every connector of ours names the exact version that its class
 * reports, and so do transforms and converters that come from another plugin's folder. So several versions
 * live side by side and a switch is one config change.
 */
#pragma once

#include "engine/live.h"

typedef struct {
    char *key; /* "connector.plugin.version", "transforms.x.plugin.version", … */
    char *class_name;
    const LockedPlugin *plugin;   /* borrowed from the lock */
    const LockedVersion *version; /* its current one */
    char *reported;               /* what the class reports; NULL: known only after a rollout */
    char *lacking;                /* URL of a worker that lacks it, where `reported` is NULL */
    char *guess;                  /* then: installed_guess() */
} Pin;
void pin_free(Pin *pin);

/* The pins of a connector, the connector's own first. Empty where it names no plugin, or the workers are
 * older than 4.1 (then `reported` of the class is checked by pins_missing_class()). NULL with
 * ENGINE_ERROR_REFUSED when a plugin isn't locked. */
GPtrArray *pins_of(Engine *engine, const Lock *lock, const LiveCluster *cluster,
                   const DesiredConnector *connector, GError **error);

/* What the state remembers of the connector's own plugin, {"id","version","sha256"}, or null; a new
 * reference. */
json_t *pins_plugin_json(const GPtrArray *pins);

/* The first pin that no worker reports yet, or NULL. */
const Pin *pins_deferred(const GPtrArray *pins);
