/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a commit of a plugin's repository to a published artifact, step by step; the run that they belong to
 * says when.
 *
 *     builder_may → builder_checkout → builder_build → builder_keep → builder_publish
 *                                               after a restart: builder_kept → builder_publish
 *
 * A build runs what strangers wrote, as the user that we run as. It gets a clean environment and is ended
 * with all that it started; what it leaves is believed in nothing but its own folder.
 */
#pragma once

#include <gio/gio.h>

#include "base/git.h"
#include "pipeline/error.h"
#include "pipeline/run_log.h"
#include "pipeline/settings.h"
#include "plugin/publish.h"

/* Whether the server's own file lets the repository at address `git` be built: the address begins, at the
 * border of a path's name, with one of `build_from`. An address that could mean another place (steps up,
 * encoded ones, credentials in it, a transport of its own) never may. PIPELINE_ERROR_DENIED. */
bool builder_may(const PipelineSettings *settings, const char *git, GError **error);

/* Writes the tree of `commit` into `folder`, which is removed and made anew: no .git, no hooks, submodules
 * left empty. */
bool builder_checkout(GitRepository *mirror, const char *commit, const char *folder, GError **error);

/* A jar or archive that was built. */
typedef struct {
    char *file;    /* absolute path */
    char *pom;     /* of its POM; NULL: none came with it, one with nothing but the coordinates is made */
    char *maven;   /* group:artifact[:extension[:classifier]], as sluice.yaml says */
    char *version; /* 1.4.2, or 1.5-SNAPSHOT */
    char *sha256;
    guint64 size;
} BuiltArtifact;
void built_artifact_free(BuiltArtifact *artifact);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BuiltArtifact, built_artifact_free)

typedef struct {
    const char *folder;     /* the checkout */
    const char *maven;      /* coordinates of sluice.yaml, without a version */
    const char *const *env; /* names of our environment that the build sees; NULL-terminated, may be NULL */
    const char *const *run; /* what runs the build's command, which is added to it; may be NULL, or empty */
    const char *home;       /* its HOME, outside the checkout; made if need be. TMPDIR is HOME/tmp, emptied */
    RunLog *log;            /* gets all that it says, line by line; and the secrets of `env` to mask */
    GCancellable *cancellable; /* ends it and all that it started */
} BuildRequest;

/* Runs the build and finds what it made, by the POM, whose coordinates must be those asked for. The paths of
 * the artifact lie in the checkout: keep it before that goes.
 *
 * PIPELINE_ERROR_INVALID: .sluice.yaml has mistakes, other coordinates, no version, no (or several) artifacts
 * PIPELINE_ERROR_COMMAND: it ended with another status than 0 (its last lines are in the message), or too
 * late BASE_ERROR_CANCELLED, BASE_ERROR_NOT_FOUND (no such program) */
BuiltArtifact *builder_build(const BuildRequest *request, GError **error);

/* Copies the artifact and its POM to DATA/artifacts/SHA256/NAME, durably, and points `artifact` there. What
 * is there already is success. A file that changed since it was built is PIPELINE_ERROR_FAILED. */
bool builder_keep(BuiltArtifact *artifact, const char *data, GError **error);

/* An artifact that was kept, `name` being its file's; its bytes are verified. PIPELINE_ERROR_NOT_FOUND where
 * it isn't there whole. */
BuiltArtifact *builder_kept(const char *data, const char *sha256, const char *name, GError **error);

/* Publishes to the repository of that id; NULL: the only one there is. A release that is there with the same
 * bytes is success; with others PIPELINE_ERROR_CONFLICT. *out (may be NULL) is the caller's. */
bool builder_publish(const BuiltArtifact *artifact, const GPtrArray *repositories, const char *repository_id,
                     RunLog *log, GCancellable *cancellable, Published **out, GError **error);
