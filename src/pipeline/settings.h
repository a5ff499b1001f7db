/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server's own file says to the pipeline (docs/server.md). Git decides nothing of it.
 */
#pragma once

#include "declare/declare.h"

/* What one environment's declarations may use. */
typedef struct {
    char *name;
    DeclareTrust *trust;
} EnvironmentSettings;

typedef struct {
    char *data;        /* absolute folder: store, clones, kept jars, logs of runs */
    char *git;         /* the declarations' repository */
    char *branch;      /* main */
    char *folder;      /* of sluice.yaml in it; "" for its root */
    guint poll_ms;     /* between two looks at each repository */
    guint observe_ms;  /* between two looks at what runs in each environment */
    char **build_from; /* only repositories whose address begins so are built; NULL-terminated */
    char **build_env;  /* names of our environment that a build sees */
    char **build_run;  /* a command that runs the build's, which is added to it; empty: none */
    guint builds_at_once;
    char *committer_name; /* who the commits of the server are by */
    char *committer_email;
    GPtrArray *environments; /* EnvironmentSettings */
    DeclareTrust *nothing;   /* of an environment that the file doesn't name */
    GPtrArray *people;       /* Person */
} PipelineSettings;

/* Empty, but for lists and a folder of "". pipeline_settings_set_data() is to be called before environments
 * are added: relative states count from there. */
PipelineSettings *pipeline_settings_new(void);
void pipeline_settings_set_data(PipelineSettings *settings, const char *data);
void pipeline_settings_free(PipelineSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PipelineSettings, pipeline_settings_free)

/* A new environment that may use nothing yet; what it may is to be filled in. Owned by the settings. */
DeclareTrust *pipeline_settings_add(PipelineSettings *settings, const char *environment);

/* Never NULL: an environment that the file doesn't name may use nothing. Owned by the settings. */
const DeclareTrust *pipeline_settings_trust(const PipelineSettings *settings, const char *environment);
