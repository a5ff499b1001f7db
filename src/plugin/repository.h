/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maven-layout repositories: a folder, or HTTP(S) with or without a password. Credentials come, in this
 * order, from the declarations, SLUICE_REPOSITORY_<ID>_USERNAME / _PASSWORD / _TOKEN, Maven's settings.xml
 * (servers by id), and netrc; never from a URL.
 */
#pragma once

#include "plugin/plugin.h"

typedef struct Repository Repository;

/* What is declared of a repository; strings are owned, NULL where not said. */
typedef struct {
    char *id;
    char *url; /* https://…, http://…, file:///…, or an absolute folder */
    char *username;
    char *password;
    char *token;
} RepositorySpec;
void repository_spec_free(RepositorySpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RepositorySpec, repository_spec_free)

/* No network yet. A URL with credentials in it is refused. */
Repository *repository_open(const RepositorySpec *spec, GError **error);
void repository_free(Repository *repository);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Repository, repository_free)
const char *repository_id(const Repository *repository);
const char *repository_url(const Repository *repository);

/* A version as the repository has it. */
typedef struct {
    char *version;  /* 1.4.2, or 1.5-SNAPSHOT */
    char *resolved; /* the same, or the SNAPSHOT's time-stamped form */
    char *path;     /* of the artifact, below the repository's URL */
} ResolvedVersion;
void resolved_version_free(ResolvedVersion *resolved);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ResolvedVersion, resolved_version_free)

/* Resolves what is requested through maven-metadata.xml (an exact release needs none). `refuse` (char *,
 * NULL-terminated, may be NULL) are versions that must not be chosen by latest, release or a range. */
ResolvedVersion *repository_resolve(Repository *repository, const Coordinate *coordinate,
                                    const char *requested, const char *const *refuse, GError **error);
