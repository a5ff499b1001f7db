/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one pass over the declarations shares: where mistakes go, the files that were read, secrets, and Git.
 */
#pragma once

#include "base/document.h"
#include "base/git.h"
#include "declare/datum.h"
#include "declare/declare.h"

typedef struct {
    char *root;           /* absolute */
    char *environment;    /* NULL while sluice.yaml alone is read */
    const char *previous; /* the environment before it; NULL: it is the first, or not known yet */
    DeclareOptions options;
    Diagnostics *diagnostics; /* borrowed */
    GPtrArray *documents;     /* Document: data and positions last as long as the loader */
    GPtrArray *data;          /* Datum: all of them */
    GHashTable *files;        /* name → GBytes: what the environment is rendered from */
    GHashTable *secrets;      /* name → const Datum: as declared; NULL before they are read */
    GHashTable *secret_texts; /* secret's name, or "variable NAME" and the like → char *: those read */
    GitRepository *git;       /* NULL outside Git */
    char *git_prefix;         /* of the root in its Git repository: "" or "folder" */
} Loader;

/* `options` may be NULL. */
Loader *loader_new(const char *root, const DeclareOptions *options, Diagnostics *diagnostics);
void loader_free(Loader *loader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Loader, loader_free)

/* Opens Git where the root lies in it. */
bool loader_open_git(Loader *loader, GError **error);

/* Adds a mistake, or a warning. `hint` may be NULL. */
void loader_mistake(Loader *loader, Position at, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
void loader_warn(Loader *loader, Position at, const char *hint, const char *format, ...) G_GNUC_PRINTF(4, 5);
bool loader_has_mistakes(const Loader *loader);

/* Whether the file at `path`, relative to the root, lies in the root, symbolic links followed; for a server
 * (options.trust) no part of it may be one: Git's history of a link says nothing of what it leads to. False
 * with a mistake at `at`, where it was named. */
bool loader_may_read(Loader *loader, const char *path, Position at);
/* Reads such a file. NULL with a mistake. */
const Document *loader_read(Loader *loader, const char *path, Position at);
/* The same of bytes from elsewhere, shown as `shown` and counted as file `path`. */
const Document *loader_read_bytes(Loader *loader, const char *path, const char *shown, GBytes *bytes);

/* The names of the files that were read so far, sorted; NULL-terminated, the caller frees it. */
char **loader_file_names(const Loader *loader);

/* A path as written in a file of folder `base` (relative to the root), as a path relative to the root; NULL
 * with a mistake, and `hint`, where it leaves the root. The caller frees it. */
char *loader_relative(Loader *loader, const char *base, const char *written, Position at, const char *hint);

/* A new datum of the loader's. */
Datum *loader_datum(Loader *loader, DatumKind kind, Position position);

/* A scalar made by us. */
const Datum *loader_text(Loader *loader, const char *text, Position position);
