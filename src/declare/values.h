/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config maps, rendered: what goes on the wire, and whether it may be shown.
 */
#pragma once

#include "declare/loader.h"

/* A new map char * → Value. */
GHashTable *values_new(void);

/* Puts a connector's `config:` (may be NULL) into `values`, over what is there. Scalars are rendered as
 * written, lists joined by commas. Keys that Sluice sets itself are mistakes. */
void values_render_connector(Loader *loader, const Datum *config, GHashTable *values);

/* The same of a topic's. A topic's config is public in its cluster: a sensitive value is a mistake. */
void values_render_topic(Loader *loader, const Datum *config, GHashTable *values);
