/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where Maven's layout keeps an artifact. Paths are relative to the repository's URL, without a leading
 * slash.
 */
#pragma once

#include "plugin/plugin.h"

/* The file names under which a version's and an artifact's versions are listed. */
#define COORDINATE_METADATA "maven-metadata.xml"

/* A copy of `coordinate` with another extension and no classifier: its POM, say. */
Coordinate *coordinate_sibling(const Coordinate *coordinate, const char *extension);

/* group:artifact[:extension[:classifier]], the extension left out where it is jar. The caller frees it. */
char *coordinate_to_text(const Coordinate *coordinate);

/* com/acme/orders-source; the caller frees it. */
char *coordinate_folder(const Coordinate *coordinate);

/* com/acme/orders-source/1.5-SNAPSHOT/orders-source-1.5-20260131.120000-3-all.jar; the caller frees it. */
char *coordinate_path(const Coordinate *coordinate, const char *version, const char *resolved);
