/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of plugins share: a home of their own, archives, and a repository that is a folder. Every
 * function asserts.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "plugin/lock.h"
#include "plugin/repository.h"

/* A fresh folder that is HOME and the caches' place too, for the whole program. Call it first. */
const char *fixture_start(void);
/* Removes it. */
void fixture_end(void);

/* A fresh folder in it; the caller frees the path. */
char *fixture_folder(const char *name);

typedef enum { ENTRY_FILE, ENTRY_PROGRAM, ENTRY_FOLDER, ENTRY_LINK, ENTRY_HARD_LINK, ENTRY_DEVICE } EntryKind;

typedef struct {
    EntryKind kind;
    const char *path;
    const char *content; /* of a file; target of a link */
    gsize length;        /* of content; 0: to its NUL */
} Entry;

/* Writes a zip or (by the end of the path) a tar.gz with these entries; the last has no path. */
void fixture_archive(const char *path, const Entry *entries);

/* Writes a jar with one connector class, its service file, and `salt` in it, so that two can differ. */
void fixture_jar(const char *path, const char *class_name, const char *salt);

/* Puts such a jar into a repository as com.acme:orders of that version, and lists it. */
void fixture_deploy(const char *repository, const char *version, const char *salt);

/* The text of a file, as deep below `folder` as `path` says; the caller frees it. */
char *fixture_read(const char *folder, const char *path);
bool fixture_exists(const char *folder, const char *path);
void fixture_write(const char *folder, const char *path, const char *text);

/* RepositorySpec of one repository "acme" at a folder or URL. */
GPtrArray *fixture_specs(const char *url);
/* PluginRequest of one plugin "orders", com.acme:orders of that version. */
GPtrArray *fixture_requests(const char *version);

/* lock_resolve() of these, which must work; gives the number of changes. */
guint fixture_resolve(Lock *lock, GPtrArray *requests, GPtrArray *specs, bool upgrade);
