/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "plugin/names.h"

enum { ATTEMPTS = 3, FIRST_WAIT_MS = 200, LONGEST_WAIT_MS = 5000, WAIT_STEP_MS = 50, PIECE = 256 * 1024 };

static const Place *reading_place(const Repository *repository) {
    return repository->is_direct ? &repository->writing : &repository->reading;
}

/* The address of `path` below a place; a single artifact's is the place itself. */
static char *address_of(const Place *place, const char *path) {
    if (path[0] == '\0')
        return g_strdup(place->base);
    if (place->client == NULL)
        return g_build_filename(place->base, path, NULL);
    g_autofree char *escaped = g_uri_escape_string(path, "/", FALSE);
    return g_strconcat(place->base, "/", escaped, NULL);
}

/* How a message names it: without the query of a URL, which can hold a secret. */
static char *shown(const Place *place, const char *path) {
    g_autofree char *address = address_of(place, path);
    return place->client != NULL ? g_strndup(address, strcspn(address, "?#")) : g_steal_pointer(&address);
}

static bool check_path(const char *path, GError **error) {
    if (path[0] == '\0' || path_is_contained(path))
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED, NULL, "'%s' is no path inside a repository", path);
    return false;
}

static PluginError code_of_status(long status) {
    if (status == 404 || status == 410)
        return PLUGIN_ERROR_NOT_FOUND;
    if (status == 401 || status == 403 || status == 407)
        return PLUGIN_ERROR_DENIED;
    if (status == 409)
        return PLUGIN_ERROR_EXISTS;
    bool is_passing = status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
    return is_passing ? PLUGIN_ERROR_UNREACHABLE : PLUGIN_ERROR_FAILED;
}

static bool fail_status(const Place *place, const char *path, long status, GError **error) {
    g_autofree char *name = shown(place, path);
    PluginError code = code_of_status(status);
    const char *hint = code == PLUGIN_ERROR_DENIED ? place->hint : NULL;
    if (code == PLUGIN_ERROR_NOT_FOUND)
        error_set(error, PLUGIN_ERROR, code, hint, "%s is not there", name);
    else if (code == PLUGIN_ERROR_DENIED)
        error_set(error, PLUGIN_ERROR, code, hint, "%s wants other credentials (status %ld)", name, status);
    else
        error_set(error, PLUGIN_ERROR, code, hint, "%s answers with status %ld", name, status);
    return false;
}

/* What base says of a connection or a file, as an error of this folder. */
static bool fail_from(GError *problem, GError **error) {
    PluginError code = PLUGIN_ERROR_FAILED;
    if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_CONNECT) ||
        g_error_matches(problem, BASE_ERROR, BASE_ERROR_BROKEN) ||
        g_error_matches(problem, BASE_ERROR, BASE_ERROR_TIMEOUT))
        code = PLUGIN_ERROR_UNREACHABLE;
    else if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        code = PLUGIN_ERROR_NOT_FOUND;
    else if (problem->domain != BASE_ERROR || problem->code == BASE_ERROR_CANCELLED) {
        g_propagate_error(error, g_error_copy(problem));
        return false;
    }
    error_set(error, PLUGIN_ERROR, code, error_hint(problem), "%s", problem->message);
    return false;
}

bool transfer_is_passing(const GError *error) {
    return g_error_matches(error, PLUGIN_ERROR, PLUGIN_ERROR_UNREACHABLE);
}

bool transfer_wait(const Repository *repository, guint attempt) {
    guint left = MIN(FIRST_WAIT_MS << MIN(attempt, 8), LONGEST_WAIT_MS);
    left = left / 2 + (guint)g_random_int_range(0, (gint32)left / 2);
    for (; left > 0; left -= MIN(left, WAIT_STEP_MS)) {
        if (g_cancellable_is_cancelled(repository->cancellable))
            return false;
        g_usleep(1000 * MIN(left, WAIT_STEP_MS));
    }
    return true;
}

/* Whether to try again, after a wait. */
static bool is_worth_another(const Repository *repository, const GError *problem, guint attempt) {
    return transfer_is_passing(problem) && attempt + 1 < ATTEMPTS && transfer_wait(repository, attempt);
}

/* One attempt at a request; true when the answer's status says success. */
static bool send_once(const Place *place, const char *path, const HttpRequest *request, GBytes **body,
                      GError **error) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(HttpResponse) response = http_send(place->client, request, &problem);
    if (response == NULL)
        return fail_from(problem, error);
    if (response->status < 200 || response->status > 299)
        return fail_status(place, path, response->status, error);
    if (body != NULL)
        *body = g_bytes_ref(response->body);
    return true;
}

static bool send_patiently(const Repository *repository, const Place *place, const char *path,
                           HttpRequest *request, GBytes **body, GError **error) {
    g_autofree char *address = address_of(place, path);
    request->url = address;
    request->cancellable = repository->cancellable;
    for (guint attempt = 0;; attempt++) {
        g_autoptr(GError) problem = NULL;
        if (send_once(place, path, request, body, &problem))
            return true;
        if (!is_worth_another(repository, problem, attempt)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
    }
}

static GBytes *read_local(const Place *place, const char *path, gsize limit, GError **error) {
    g_autofree char *file = address_of(place, path);
    g_autoptr(GError) problem = NULL;
    GBytes *bytes = files_read(file, limit, &problem);
    if (bytes == NULL)
        fail_from(problem, error);
    return bytes;
}

GBytes *transfer_read(Repository *repository, const char *path, gsize limit, GError **error) {
    const Place *place = reading_place(repository);
    if (!check_path(path, error))
        return NULL;
    if (place->client == NULL)
        return read_local(place, path, limit, error);
    HttpRequest request = {.method = "GET", .limit = limit};
    GBytes *bytes = NULL;
    return send_patiently(repository, place, path, &request, &bytes, error) ? bytes : NULL;
}

/* Feeds a file to a sink from an offset on. */
static bool pour(int descriptor, const char *file, GCancellable *cancellable, HttpSink sink,
                 gpointer user_data, GError **error) {
    g_autofree guint8 *piece = g_malloc(PIECE);
    for (;;) {
        ssize_t length = TEMP_FAILURE_RETRY(read(descriptor, piece, PIECE));
        if (length < 0) {
            error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED, NULL, "cannot read '%s': %s", file,
                      g_strerror(errno));
            return false;
        }
        if (length == 0)
            return true;
        if (g_cancellable_is_cancelled(cancellable)) {
            error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, NULL, "cancelled");
            return false;
        }
        if (!sink(piece, (gsize)length, user_data, error))
            return false;
    }
}

static bool download_local(const Repository *repository, const char *path, guint64 offset, bool *resumed,
                           HttpSink sink, gpointer user_data, GError **error) {
    g_autofree char *file = address_of(reading_place(repository), path);
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        error_set(error, PLUGIN_ERROR, errno == ENOENT ? PLUGIN_ERROR_NOT_FOUND : PLUGIN_ERROR_FAILED, NULL,
                  "cannot read '%s': %s", file, g_strerror(errno));
        return false;
    }
    *resumed = offset > 0 && lseek(descriptor, (off_t)offset, SEEK_SET) == (off_t)offset;
    bool poured = pour(descriptor, file, repository->cancellable, sink, user_data, error);
    close(descriptor);
    return poured;
}

static bool download_http(const Repository *repository, const char *path, guint64 offset, bool *resumed,
                          HttpSink sink, gpointer user_data, GError **error) {
    const Place *place = reading_place(repository);
    g_autofree char *address = address_of(place, path);
    HttpRequest request = {.url = address, .cancellable = repository->cancellable};
    g_autoptr(GError) problem = NULL;
    long status = 0;
    *resumed = false;
    if (http_download(place->client, &request, offset, resumed, &status, sink, user_data, &problem))
        return true;
    if (status == 416 && offset > 0)
        return download_http(repository, path, 0, resumed, sink, user_data, error);
    bool is_answer = status != 0 && status != 200 && status != 206;
    return is_answer ? fail_status(place, path, status, error) : fail_from(problem, error);
}

bool transfer_download(Repository *repository, const char *path, guint64 offset, bool *resumed, HttpSink sink,
                       gpointer user_data, GError **error) {
    if (!check_path(path, error))
        return false;
    if (reading_place(repository)->client == NULL)
        return download_local(repository, path, offset, resumed, sink, user_data, error);
    return download_http(repository, path, offset, resumed, sink, user_data, error);
}

static bool take_hash(const guint8 *data, gsize length, gpointer user_data, GError **error) {
    hash_update(user_data, data, length);
    return true;
}

char *transfer_hash(Repository *repository, const char *path, GError **error) {
    for (guint attempt = 0;; attempt++) {
        g_autoptr(Hash) hash = hash_new(HASH_SHA256);
        g_autoptr(GError) problem = NULL;
        bool resumed;
        if (transfer_download(repository, path, 0, &resumed, take_hash, hash, &problem))
            return hash_finish(hash);
        if (!is_worth_another(repository, problem, attempt)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
    }
}

bool transfer_put(Repository *repository, const char *path, GBytes *bytes, GError **error) {
    const Place *place = &repository->writing;
    if (!check_path(path, error))
        return false;
    if (place->client != NULL) {
        HttpRequest request = {.method = "PUT", .body = bytes, .content_type = "application/octet-stream"};
        return send_patiently(repository, place, path, &request, NULL, error);
    }
    g_autofree char *file = address_of(place, path);
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);
    return files_write(file, data != NULL ? data : "", length, 0644, error);
}

static bool fail_copy(const GError *problem, const char *from, const char *to, GError **error) {
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED, NULL, "cannot copy '%s' to '%s': %s", from, to,
              problem->message);
    return false;
}

/* Through a file beside, so that no reader sees half of it. */
static bool copy_local(const Repository *repository, const char *path, const char *file, GError **error) {
    g_autofree char *target = address_of(&repository->writing, path);
    g_autofree char *folder = g_path_get_dirname(target);
    g_autofree char *beside = g_strdup_printf("%s.part-%d", target, getpid());
    if (!files_make_folder(folder, error))
        return false;
    g_autoptr(GFile) from = g_file_new_for_path(file);
    g_autoptr(GFile) part = g_file_new_for_path(beside);
    g_autoptr(GError) problem = NULL;
    if (!g_file_copy(from, part, G_FILE_COPY_OVERWRITE | G_FILE_COPY_TARGET_DEFAULT_PERMS,
                     repository->cancellable, NULL, NULL, &problem))
        return fail_copy(problem, file, target, error);
    if (rename(beside, target) == 0)
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED, NULL, "cannot write '%s': %s", target,
              g_strerror(errno));
    unlink(beside);
    return false;
}

static bool upload_once(const Repository *repository, const char *path, const char *file, GError **error) {
    const Place *place = &repository->writing;
    g_autofree char *address = address_of(place, path);
    HttpRequest request = {.method = "PUT",
                           .url = address,
                           .content_type = "application/octet-stream",
                           .cancellable = repository->cancellable};
    g_autoptr(GError) problem = NULL;
    long status = 0;
    if (!http_upload(place->client, &request, file, &status, &problem))
        return fail_from(problem, error);
    return status >= 200 && status <= 299 ? true : fail_status(place, path, status, error);
}

bool transfer_put_file(Repository *repository, const char *path, const char *file, GError **error) {
    if (!check_path(path, error))
        return false;
    if (repository->writing.client == NULL)
        return copy_local(repository, path, file, error);
    for (guint attempt = 0;; attempt++) {
        g_autoptr(GError) problem = NULL;
        if (upload_once(repository, path, file, &problem))
            return true;
        if (!is_worth_another(repository, problem, attempt)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
    }
}
