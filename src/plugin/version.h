/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a requested version means, within this folder; the order and the ranges are in plugin.h.
 */
#pragma once

#include "plugin/plugin.h"

/* Longest version that is understood; it becomes part of a path and of a folder's name. */
#define VERSION_LIMIT 128

typedef enum {
    VERSION_EXACT,
    VERSION_SNAPSHOT,
    VERSION_RANGE,
    VERSION_LATEST,   /* the highest there is, SNAPSHOTs too */
    VERSION_RELEASE,  /* the highest that is no SNAPSHOT */
    VERSION_PROMOTED, /* never resolved: put into a lock by a promotion */
} VersionRequestKind;

/* What a valid request asks for. */
VersionRequestKind version_request_kind(const char *requested);

/* Whether `version` can be an exact version: letters, digits, '.', '-', '_' and '+', no step up, at most
 * VERSION_LIMIT. */
bool version_is_valid(const char *version);

/* Whether it ends in -SNAPSHOT. */
bool version_is_snapshot(const char *version);

/* Whether a request lets SNAPSHOTs in: latest does, a range does when one of its ends is one. */
bool version_request_takes_snapshots(const char *requested);
