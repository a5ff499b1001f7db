/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the builder share; builder.h is for all others. */
#pragma once

#include "pipeline/build_file.h"
#include "pipeline/builder.h"

/* Whether the checkout's POM, if it has one, says the coordinates asked for, as far as it says them itself.
 */
bool builder_check_pom(const char *folder, const BuildFile *build, const Coordinate *coordinate,
                       GError **error);

/* Finds what the build of a checkout made. Errors as builder_build(). */
BuiltArtifact *builder_find(const BuildRequest *request, const BuildFile *build, const Coordinate *coordinate,
                            GError **error);
