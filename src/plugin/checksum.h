/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksum files that stand beside an artifact in a Maven repository.
 */
#pragma once

#include "base/hash.h"
#include "plugin/repository.h"

typedef struct {
    HashKind kind;
    const char *suffix; /* ".sha256" */
    guint length;       /* hex digits */
} Checksum;

/* All that are written, the strongest first; COUNT of them. */
#define CHECKSUM_COUNT 4
extern const Checksum checksums[CHECKSUM_COUNT];

/* The digest in a checksum file: its first word, or the one after "=", in lower case; NULL where there is
 * none of that length. The caller frees it. */
char *checksum_parse(const Checksum *checksum, const char *text);

/* Checks a file against the strongest checksum that the repository has for `path`. Other bytes are
 * PLUGIN_ERROR_INTEGRITY; no checksum at all is success. */
bool checksum_verify(Repository *repository, const char *path, const char *file, GError **error);
