/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a plugin is built: what the .sluice.yaml of its repository says, and the defaults of Maven or Gradle
 * for what it leaves out (docs/builds.md). It comes from strangers: no path in it leaves the checkout.
 */
#pragma once

#include "base/diagnostics.h"
#include "plugin/plugin.h"

#define BUILD_FILE ".sluice.yaml"

/* Paths are relative to the checkout and contained in it by text; check them with build_file_find(). */
typedef struct {
    char **command;     /* run in the checkout; NULL-terminated, never empty */
    char *artifact;     /* of the file that it makes; '*' and '?' in the last name stand for what changes */
    bool artifact_said; /* else `artifact` is the default: …/ARTIFACT-*[-CLASSIFIER].EXTENSION */
    char *pom;          /* NULL: it has none */
    guint timeout_ms;
} BuildFile;
void build_file_free(BuildFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BuildFile, build_file_free)

/* Reads the one of the checkout `folder`, for an artifact of these coordinates. Mistakes, which is also that
 * nothing says how to build it, go to `diagnostics`, which has none yet: then NULL. */
BuildFile *build_file_read(const char *folder, const Coordinate *coordinate, Diagnostics *diagnostics);

/* The same of a text that stands for the file; "" for none. */
BuildFile *build_file_parse(const char *text, gsize length, const char *folder, const Coordinate *coordinate,
                            Diagnostics *diagnostics);

/* The real path of the regular file at `path` in a checkout, links followed; NULL where there is none, or one
 * outside the checkout. The caller frees it. */
char *build_file_find(const char *folder, const char *path);
