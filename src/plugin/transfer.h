/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes into and out of a repository, within this folder. Errors: PLUGIN_ERROR_NOT_FOUND, _DENIED (with a
 * hint), _UNREACHABLE, _FAILED, and BASE_ERROR_CANCELLED. What passes (no connection, a broken one, an answer
 * that says "later") is tried again but where said otherwise.
 */
#pragma once

#include "base/http.h"
#include "plugin/repository.h"

/* One side of a repository: where it is read (a mirror, maybe), or where it is written. */
typedef struct {
    char *base;         /* URL or absolute folder, without a slash at its end */
    HttpClient *client; /* NULL: a folder */
    char *hint;         /* how to give credentials */
} Place;

struct Repository {
    char *id; /* NULL: the place of one artifact */
    char *url;
    Place reading;
    Place writing;
    bool is_direct;            /* read where it is written, past a mirror */
    GCancellable *cancellable; /* may be NULL */
};

/* A plain URL or an absolute file as a repository of one artifact, whose path is "". Reading only. */
Repository *repository_open_single(const char *address, GError **error);

/* Ends what is under way when `cancellable` (may be NULL) is cancelled. */
void repository_set_cancellable(Repository *repository, GCancellable *cancellable);

/* "it has 1.4.2, 1.4.1, …" of an artifact, for a hint; NULL where nothing is known. The caller frees it. */
char *repository_describe_versions(Repository *repository, const Coordinate *coordinate);

/* From now on reads what is written, and no mirror's copy of it. */
void repository_set_direct(Repository *repository);

/* All bytes at `path`, at most `limit`. */
GBytes *transfer_read(Repository *repository, const char *path, gsize limit, GError **error);

/* Streams the bytes from `offset` on into `sink`, one attempt; *resumed as in http_download(). An offset that
 * the server can't serve is as if it did not honour it. */
bool transfer_download(Repository *repository, const char *path, guint64 offset, bool *resumed, HttpSink sink,
                       gpointer user_data, GError **error);

/* The SHA-256, in hex, of the bytes at `path`. */
char *transfer_hash(Repository *repository, const char *path, GError **error);

/* Writes bytes, or a file's, on the repository itself and never on a mirror. */
bool transfer_put(Repository *repository, const char *path, GBytes *bytes, GError **error);
bool transfer_put_file(Repository *repository, const char *path, const char *file, GError **error);

/* Whether what failed so may work a moment later. */
bool transfer_is_passing(const GError *error);

/* Waits before the next attempt, the longer the more there were; false when cancelled. */
bool transfer_wait(const Repository *repository, guint attempt);
