/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading archives of strangers: zip (and so jar) seekably, by its central directory as Java does, and
 * tar.gz.
 */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <glib.h>
#include <stdbool.h>

typedef struct archive ArchiveReader;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveReader, archive_read_free)

typedef enum { ARCHIVE_JAR, ARCHIVE_PACKED, ARCHIVE_UNKNOWN } ArchiveKind;

/* What an artifact is by the end of its path or URL: a jar, something to unpack (zip, tar.gz, tgz), or
 * neither.
 */
ArchiveKind archive_kind(const char *path);

/* Opens a file, or a file that is open (and stays the caller's); PLUGIN_ERROR_FORMAT. */
ArchiveReader *archive_open(const char *path, GError **error);
ArchiveReader *archive_open_descriptor(int descriptor, const char *name, GError **error);

/* The next entry in *entry, NULL at the end. Its names (archive_entry_pathname() and so on) are UTF-8, or the
 * archive's bytes where these are none; NULL where it has none. False with PLUGIN_ERROR_FORMAT. */
bool archive_next(ArchiveReader *reader, const char *name, struct archive_entry **entry, GError **error);

/* Takes bytes of an entry; false, with an error set, ends it. */
typedef bool (*ArchiveSink)(const void *data, gsize length, gpointer user_data, GError **error);

/* All bytes of the entry that archive_next() gave. */
bool archive_pour(ArchiveReader *reader, const char *name, ArchiveSink sink, gpointer user_data,
                  GError **error);
