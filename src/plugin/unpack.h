/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacking what strangers packed. Refused with PLUGIN_ERROR_HOSTILE: absolute paths, "..", links that lead
 * out (and, to be safe, symbolic links with ".." at all), devices, two entries of one path, entries below a
 * file or a link, and bombs. Modes are 0644, or 0755 where the owner may execute; owners and times are not
 * kept.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    guint64 bytes;   /* of all files together */
    guint64 entries; /* files, folders and links */
    guint ratio;     /* of bytes to the archive's own, once more than UNPACK_SMALL came out */
} UnpackLimits;
#define UNPACK_SMALL ((guint64)16 * 1024 * 1024)

/* 4 GiB, 100,000 entries, 200 times. */
extern const UnpackLimits unpack_default_limits;

/* Unpacks a zip, tar.gz or tgz into `to`, an empty folder. What came out before an error stays there. */
bool unpack_archive(const char *archive, const char *to, const UnpackLimits *limits, GError **error);
