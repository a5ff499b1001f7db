/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a module comes from: a folder of the declarations, or git::URL//FOLDER?ref=REF.
 */
#pragma once

#include "declare/loader.h"

typedef struct {
    char *written;
    char *folder; /* of a local one: relative to the root; of a remote one: within its repository, maybe "" */
    char *url;    /* of a remote one, else NULL */
    char *ref;    /* of a remote one */
} ModuleSource;

void module_source_free(ModuleSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModuleSource, module_source_free)

/* Parses a source written in an environment's file; NULL with a mistake. */
ModuleSource *module_source_parse(Loader *loader, const Datum *written);

/* Whether a source as the lock has it names the same module; `with_ref`: at the same ref too. */
bool module_source_matches(Loader *loader, const ModuleSource *source, const char *locked, bool with_ref);

/* Fetches a remote one at `ref` (a commit that is in the cache needs no network); *commit may be NULL. */
GitRepository *module_source_fetch(const ModuleSource *source, const char *ref, char **commit,
                                   GError **error);
