/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The POM of an artifact: read as far as its coordinates, found beside or inside the artifact, or made.
 */
#pragma once

#include "plugin/plugin.h"

typedef struct {
    GBytes *text;
    char *group; /* its own or its parent's; NULL where it is an expression that only Maven can fill in */
    char *artifact;
    char *version; /* as group */
} Pom;
void pom_free(Pom *pom);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pom, pom_free)

/* Reads a POM; PLUGIN_ERROR_FORMAT. ${…} of its own properties is filled in. */
Pom *pom_parse(GBytes *text, const char *name, GError **error);

/* The POM of an artifact file: META-INF/maven/…/pom.xml in it (of several, the one whose artifact the file is
 * named after), else FILE.pom or pom.xml beside it. NULL without an error where there is none. */
Pom *pom_find(const char *file, GError **error);

/* The version that Maven wrote into a jar, whatever its POM leaves to Maven: that of its
 * META-INF/maven/GROUP/ARTIFACT/pom.properties. *version is NULL where it has none. */
bool pom_built_version(const char *file, const Coordinate *coordinate, char **version, GError **error);

/* A POM with nothing but coordinates. */
Pom *pom_make(const Coordinate *coordinate, const char *version);
