/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plugin is to Sluice: an artifact with connector, converter or transform classes, asked for by a
 * name, a place and a version. This header has what all of the folder shares.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

#include "base/diagnostics.h"
#include "base/error.h"

ERROR_DECLARE_DOMAIN(plugin);
#define PLUGIN_ERROR (plugin_error_quark())
typedef enum {
    PLUGIN_ERROR_FAILED,
    PLUGIN_ERROR_NOT_FOUND,   /* no such artifact or version in the repository */
    PLUGIN_ERROR_UNREACHABLE, /* the repository does not answer */
    PLUGIN_ERROR_DENIED,      /* it wants (other) credentials */
    PLUGIN_ERROR_INTEGRITY,   /* bytes are not those that were promised: always fatal */
    PLUGIN_ERROR_HOSTILE,     /* an archive that tries to escape, or to be a bomb */
    PLUGIN_ERROR_FORMAT,      /* a lock, POM, metadata file or archive that can't be read */
    PLUGIN_ERROR_EXISTS,      /* a release is there with other bytes */
    PLUGIN_ERROR_HELD,        /* the version is held out of this environment */
} PluginError;

/* What declarations ask for. Strings are owned; those that don't apply are NULL. */
typedef struct {
    char *name;    /* one namespace per environment */
    char *maven;   /* group:artifact[:extension[:classifier]] */
    char *url;     /* or a plain URL */
    char *file;    /* or a file, absolute path */
    char *version; /* 1.4.2, [1.4,2.0), latest, release, X-SNAPSHOT, promoted; for url and file may be NULL */
    char *repository; /* id; NULL: the only one */
    char *sha256;     /* what the declarations demand */
    char *sha512;
    GPtrArray *connect; /* char *: names of the Connect clusters that need it, sorted */
    Position position;
} PluginRequest;
PluginRequest *plugin_request_new(const char *name);
void plugin_request_free(PluginRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PluginRequest, plugin_request_free)

/* Maven coordinates without a version: group, artifact, extension (default jar), classifier (may be NULL). */
typedef struct {
    char *group;
    char *artifact;
    char *extension;
    char *classifier;
} Coordinate;
/* Parses group:artifact[:extension[:classifier]]; NULL when malformed: *why (static, may be NULL) says what
 * is wrong. */
Coordinate *coordinate_parse(const char *text, const char **why);
void coordinate_free(Coordinate *coordinate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Coordinate, coordinate_free)

/* Maven's version order (ComparableVersion): <0, 0, >0. */
int version_compare(const char *left, const char *right);
/* Whether a requested version can be understood (an exact one, a range, latest, release, a SNAPSHOT,
 * promoted); *why (static) says what is wrong. */
bool version_request_is_valid(const char *requested, const char **why);
/* Whether `version` lies in the range `range` ("[1.4,2.0)", "[1.0,2.0),(3.0,)"); a text that is no range
 * matches itself only. */
bool version_matches(const char *range, const char *version);
