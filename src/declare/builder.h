/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers of an environment's sections share while it is rendered.
 */
#pragma once

#include "declare/expression.h"
#include "declare/pins.h"
#include "declare/plugins.h"
#include "declare/project.h"

typedef struct {
    Loader *loader;
    Environment *environment;
    Plugins *plugins;
    ModuleCache *modules;
    const Datum *connector_defaults; /* config; may be NULL */
    GHashTable *topic_places;        /* name → where it is claimed */
    GHashTable *connector_places;    /* CLUSTER/NAME → the same */
    bool connect_is_broken;          /* mistakes in `connect:`: don't complain about what is missing there */
} Builder;

/* One instance of a module, or one of its rows. */
typedef struct {
    const char *address; /* orders, stock[de] */
    const char *name;    /* orders, stock-de: ${instance.name} */
    GPtrArray *plugins;  /* char *: names of the plugins that its connectors use */
} InstanceRow;

/* Connect clusters (clusters.c). */
void clusters_read(Builder *builder, const Datum *connect);

/* kafka, state, state_key, timing, policy (settings.c). */
void environment_settings_read(Builder *builder, const Datum *root);

/* `modules:` of an environment (instances.c). False only for what is no mistake in a file. */
bool instances_read(Builder *builder, const Datum *modules, GError **error);

/* A module's `topics:` (topics.c). */
void topics_read_module(Builder *builder, const InstanceRow *instance, const Datum *topics);
/* `topics:` of an environment: a list of files. */
void topics_read_files(Builder *builder, const Datum *files);

/* A module's `connectors:` (connectors.c); `plugins` are those that the module declares. */
void connectors_read(Builder *builder, const InstanceRow *instance, const Datum *connectors,
                     const Datum *plugins);

/* Remembers that something is declared at a place; false with a mistake where it is already. `what`: "topic
 * 'x'". */
bool builder_claim(Builder *builder, GHashTable *places, const char *id, const char *what, Position at);
