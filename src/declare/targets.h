/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instances that an environment's file names, with their sources: what can be known of it before its lock
 * allows to render it.
 */
#pragma once

#include "declare/source.h"

typedef struct {
    char *instance;
    ModuleSource *source;
    Position position; /* of the source */
} Target;

/* Instances of the loader's environment: a GPtrArray of Target, without those whose source is wrong. NULL
 * with mistakes where the file can't be read; NULL with an error where sluice.yaml lists no such environment.
 * *first (may be NULL) says whether it is the first. */
GPtrArray *targets_read(Loader *loader, bool *first, GError **error);

/* NULL where there is none. */
const Target *targets_find(const GPtrArray *targets, const char *instance);
