/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugins of one environment: declared by sluice.yaml, modules and the environment itself, in one
 * namespace where two declarations must agree; asked for in one version each; used on Connect clusters.
 */
#pragma once

#include "declare/loader.h"

typedef struct Plugins Plugins;

/* `known`: name → PluginRequest of sluice.yaml; borrowed. */
Plugins *plugins_new(Loader *loader, GHashTable *known);
void plugins_free(Plugins *plugins);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plugins, plugins_free)

/* Reads a declaration { maven | url | file, repository, sha256, sha512 }; `with_git` for sluice.yaml's, which
 * has git and branch too. NULL with mistakes. The caller frees it. */
PluginRequest *plugin_read(Loader *loader, const Datum *key, const Datum *spec, bool with_git);

/* Declares all of a module's `plugins:` (may be NULL); one with nothing in it ("NAME: {}") must be of
 * sluice.yaml or the environment. */
void plugins_declare(Plugins *plugins, const Datum *map);
/* The same of the environment's own, which may have `version:` and `connect:`; without the latter they are on
 * all of `clusters` (ConnectCluster). */
void plugins_declare_own(Plugins *plugins, const Datum *map, GPtrArray *clusters);

/* An instance's `plugins:` (may be NULL): versions of what its module declares. */
void plugins_ask(Plugins *plugins, const Datum *asked, const Datum *module_plugins);

/* A plugin is used by a connector on a Connect cluster. */
void plugins_use(Plugins *plugins, const char *name, const char *connect);

/* Once all is said: checks what is used, and gives the requests (PluginRequest, by name), those without a
 * version asking for `version`. */
GPtrArray *plugins_finish(Plugins *plugins, GPtrArray *repositories, const char *version);
