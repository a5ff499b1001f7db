/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maven-metadata.xml: which versions of an artifact there are, and which files a SNAPSHOT has.
 */
#pragma once

#include "plugin/plugin.h"

/* A file of a SNAPSHOT. */
typedef struct {
    char *extension;
    char *classifier; /* NULL: none */
    char *value;      /* the time-stamped version */
    char *updated;    /* 20260131120000 */
} SnapshotFile;

typedef struct {
    GPtrArray *versions; /* char *: those that can be versions, in the file's order */
    char *timestamp;     /* 20260131.120000, of a SNAPSHOT's newest build; NULL: none */
    guint build_number;
    GPtrArray *files; /* SnapshotFile */
} Metadata;

Metadata *metadata_new(void);
void metadata_free(Metadata *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metadata, metadata_free)

/* Reads a metadata file; PLUGIN_ERROR_FORMAT. `name` stands for it in messages. */
Metadata *metadata_parse(const char *text, gsize length, const char *name, GError **error);

/* The highest version that a request (latest, release or a range) matches and `refuse` does not name; NULL
 * where there is none. Owned by the metadata. */
const char *metadata_choose(const Metadata *metadata, const char *requested, const char *const *refuse);

/* The time-stamped form of a SNAPSHOT for a coordinate, or a copy of `version` where the file says nothing.
 * The caller frees it. */
char *metadata_snapshot(const Metadata *metadata, const Coordinate *coordinate, const char *version);

/* "1.4.2, 1.4.1, 1.4.0, …": the highest ones, for a hint; NULL where there are none. The caller frees it. */
char *metadata_describe(const Metadata *metadata);

/* Adds a version where it is not listed yet. */
void metadata_add_version(Metadata *metadata, const char *version);

/* Sets the file of a SNAPSHOT that an extension and classifier stand for. */
void metadata_set_file(Metadata *metadata, const char *extension, const char *classifier, const char *value,
                       const char *updated);

/* The file's text: of an artifact where `version` is NULL, else of that SNAPSHOT. `updated` is
 * 20260131120000. The caller frees it. */
char *metadata_format(const Metadata *metadata, const Coordinate *coordinate, const char *version,
                      const char *updated);
