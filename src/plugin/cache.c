/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "plugin/transfer.h"

#define DOWNLOAD_LIMIT ((guint64)4 * 1024 * 1024 * 1024)

enum {
    ATTEMPTS_WITHOUT_NEWS = 5,
    PIECE = 256 * 1024,
    REPORT_INTERVAL_US = 200 * 1000,
    LOCK_POLL_US = 50 * 1000,
};

void cached_file_free(CachedFile *file) {
    if (file == NULL)
        return;
    g_free(file->path);
    g_free(file->sha256);
    g_free(file);
}

static CachedFile *cached_file_new(const char *path, const char *sha256, guint64 size) {
    CachedFile *file = g_new0(CachedFile, 1);
    file->path = g_strdup(path);
    file->sha256 = g_strdup(sha256);
    file->size = size;
    return file;
}

static char *path_of(const char *cache, const char *sha256) {
    g_autofree char *start = g_strndup(sha256, 2);
    return g_build_filename(cache, "sha256", start, sha256, NULL);
}

CachedFile *cache_find(const char *cache, const char *sha256) {
    g_autofree char *path = path_of(cache, sha256);
    struct stat information;
    if (stat(path, &information) != 0)
        return NULL;
    g_autofree char *found = hash_file(HASH_SHA256, path, NULL);
    if (g_strcmp0(found, sha256) == 0)
        return cached_file_new(path, sha256, (guint64)information.st_size);
    files_remove_tree(path, NULL);
    return NULL;
}

/* A download under way. */
typedef struct {
    Repository *repository;
    const char *path;   /* in the repository */
    const char *sha256; /* NULL: not known */
    guint64 limit;
    const CacheProgress *progress;
    char *part;
    int descriptor;
    Hash *hash;     /* of what is in the part */
    guint64 length; /* of what is in the part */
    bool inherited; /* the part began in an earlier call */
    bool resumed;   /* the server goes on where we are */
    bool aligned;   /* the part stands where the server begins */
    gint64 reported_at;
} Download;

static void download_clear(Download *download) {
    if (download->descriptor >= 0)
        close(download->descriptor);
    hash_free(download->hash);
    g_free(download->part);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Download, download_clear)

static bool fail_part(const Download *download, const char *verb, GError **error) {
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED, NULL, "cannot %s '%s': %s", verb, download->part,
              g_strerror(errno));
    return false;
}

static bool start_over(Download *download, GError **error) {
    if (ftruncate(download->descriptor, 0) != 0 || lseek(download->descriptor, 0, SEEK_SET) != 0)
        return fail_part(download, "empty", error);
    g_clear_pointer(&download->hash, hash_free);
    download->hash = hash_new(HASH_SHA256);
    download->length = 0;
    download->inherited = false;
    return true;
}

/* Hashes what an earlier call left, so that the rest can be added to it. */
static bool take_over(Download *download, GError **error) {
    g_autofree guint8 *piece = g_malloc(PIECE);
    ssize_t length;
    while ((length = TEMP_FAILURE_RETRY(read(download->descriptor, piece, PIECE))) > 0) {
        hash_update(download->hash, piece, (gsize)length);
        download->length += (guint64)length;
    }
    download->inherited = download->length > 0;
    return length == 0 ? true : fail_part(download, "read", error);
}

/* Another process may be downloading the same: its result is then ours. */
static bool lock_part(const Download *download, GError **error) {
    while (flock(download->descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail_part(download, "lock", error);
        if (g_cancellable_is_cancelled(download->repository->cancellable)) {
            error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, NULL, "cancelled");
            return false;
        }
        g_usleep(LOCK_POLL_US);
    }
    return true;
}

/* Whether the part that we hold still has its name: who had it before may have made it a cached file. */
static bool is_current(const Download *download) {
    struct stat ours, named;
    return fstat(download->descriptor, &ours) == 0 && stat(download->part, &named) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

static bool open_part(Download *download, const char *cache, GError **error) {
    g_autofree char *address = g_strconcat(repository_url(download->repository), "\n", download->path, NULL);
    g_autofree char *name = hash_bytes(HASH_SHA256, address, strlen(address));
    g_autofree char *folder = g_build_filename(cache, "parts", NULL);
    download->part = g_build_filename(folder, name, NULL);
    if (!files_make_folder(folder, error))
        return false;
    do {
        if (download->descriptor >= 0)
            close(download->descriptor);
        download->descriptor = open(download->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (download->descriptor < 0)
            return fail_part(download, "open", error);
        if (!lock_part(download, error))
            return false;
    } while (!is_current(download));
    return true;
}

static void report(Download *download) {
    const CacheProgress *progress = download->progress;
    gint64 now = g_get_monotonic_time();
    if (progress == NULL || progress->report == NULL || now - download->reported_at < REPORT_INTERVAL_US)
        return;
    download->reported_at = now;
    g_autofree char *size = g_format_size(download->length);
    g_autofree char *text = g_strdup_printf("%s: %s", progress->label, size);
    progress->report(text, progress->user_data);
}

static bool align(Download *download, GError **error) {
    if (download->aligned)
        return true;
    download->aligned = true;
    return download->resumed || start_over(download, error);
}

static bool fail_size(const Download *download, GError **error) {
    error_set(error, PLUGIN_ERROR, download->sha256 != NULL ? PLUGIN_ERROR_INTEGRITY : PLUGIN_ERROR_FAILED,
              NULL, "'%s' is larger than %" G_GUINT64_FORMAT " bytes", download->path, download->limit);
    return false;
}

static bool write_part(Download *download, const guint8 *data, gsize length, GError **error) {
    while (length > 0) {
        ssize_t written = TEMP_FAILURE_RETRY(write(download->descriptor, data, length));
        if (written < 0)
            return fail_part(download, "write", error);
        hash_update(download->hash, data, (gsize)written);
        download->length += (guint64)written;
        data += written;
        length -= (gsize)written;
    }
    return true;
}

static bool on_bytes(const guint8 *data, gsize length, gpointer user_data, GError **error) {
    Download *download = user_data;
    if (!align(download, error))
        return false;
    if (length > download->limit - MIN(download->length, download->limit))
        return fail_size(download, error);
    report(download);
    return write_part(download, data, length, error);
}

static bool attempt_download(Download *download, GError **error) {
    download->aligned = false;
    download->resumed = false;
    return transfer_download(download->repository, download->path, download->length, &download->resumed,
                             on_bytes, download, error) &&
           align(download, error);
}

/* Goes on after a broken connection, as long as some attempts bring bytes. */
static bool receive(Download *download, GError **error) {
    guint without_news = 0;
    for (;;) {
        g_autoptr(GError) problem = NULL;
        guint64 before = download->length;
        if (attempt_download(download, &problem))
            return true;
        without_news = download->length > before ? 0 : without_news + 1;
        if (!transfer_is_passing(problem) || without_news >= ATTEMPTS_WITHOUT_NEWS ||
            !transfer_wait(download->repository, without_news)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
    }
}

static bool check_hash(Download *download, const char *found, GError **error) {
    if (download->sha256 == NULL || g_str_equal(found, download->sha256))
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_INTEGRITY,
              "somebody replaced the artifact: find out who and why before you accept the new one",
              "'%s' has SHA-256 %s, not %s as promised", download->path, found, download->sha256);
    return false;
}

static CachedFile *keep(const Download *download, const char *cache, const char *sha256, GError **error) {
    g_autofree char *path = path_of(cache, sha256);
    g_autofree char *folder = g_path_get_dirname(path);
    if (!files_make_folder(folder, error))
        return NULL;
    if (fsync(download->descriptor) != 0 || rename(download->part, path) != 0) {
        fail_part(download, "keep", error);
        return NULL;
    }
    return cached_file_new(path, sha256, download->length);
}

static CachedFile *receive_and_keep(Download *download, const char *cache, GError **error) {
    bool is_whole = download->sha256 != NULL && download->length == download->limit;
    if (!is_whole && !receive(download, error))
        return NULL;
    g_autofree char *found = hash_finish(download->hash);
    return check_hash(download, found, error) ? keep(download, cache, found, error) : NULL;
}

/* A part that an earlier call left can be of other bytes than the server has now: then all is read again. */
static CachedFile *run(Download *download, const char *cache, GError **error) {
    g_autoptr(GError) problem = NULL;
    download->hash = hash_new(HASH_SHA256);
    if (!(download->sha256 != NULL ? take_over(download, error) : start_over(download, error)))
        return NULL;
    CachedFile *file = receive_and_keep(download, cache, &problem);
    bool is_wrong = g_error_matches(problem, PLUGIN_ERROR, PLUGIN_ERROR_INTEGRITY);
    if (is_wrong && download->inherited && start_over(download, NULL)) {
        g_clear_error(&problem);
        file = receive_and_keep(download, cache, &problem);
        is_wrong = g_error_matches(problem, PLUGIN_ERROR, PLUGIN_ERROR_INTEGRITY);
    }
    if (is_wrong)
        unlink(download->part);
    if (problem != NULL)
        g_propagate_error(error, g_steal_pointer(&problem));
    return file;
}

CachedFile *cache_download(const char *cache, Repository *repository, const char *path, const char *sha256,
                           guint64 size, const CacheProgress *progress, GError **error) {
    g_auto(Download) download = {
        .repository = repository,
        .path = path,
        .sha256 = sha256,
        .limit = sha256 != NULL && size > 0 ? size : DOWNLOAD_LIMIT,
        .progress = progress,
        .descriptor = -1,
    };
    if (!open_part(&download, cache, error))
        return NULL;
    CachedFile *there = sha256 != NULL ? cache_find(cache, sha256) : NULL;
    if (there != NULL) {
        unlink(download.part);
        return there;
    }
    return run(&download, cache, error);
}
