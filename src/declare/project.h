/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice.yaml.
 */
#pragma once

#include "declare/loader.h"

#define PROJECT_FILE "sluice.yaml"

/* sluice.yaml, read but not yet rendered: its repositories may need secrets that an environment declares. */
typedef struct {
    const Document *document;
    Project *project;      /* name and environments */
    Position environments; /* of the key */
    GPtrArray *places;     /* const Datum: of each environment's name */
} ProjectFile;

void project_file_clear(ProjectFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProjectFile, project_file_clear)

/* Reads name and environments; false when there is nothing to go on with. Mistakes may have been reported
 * anyway. */
bool project_open(Loader *loader, ProjectFile *file);

/* Reads repositories and plugins into the project, once secrets are declared. */
void project_render(Loader *loader, ProjectFile *file);

/* The place of an environment's name in the list; NULL with an error where it isn't listed. */
const Datum *project_find_environment(const ProjectFile *file, const char *name, GError **error);
