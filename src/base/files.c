/* SPDX-License-Identifier: Apache-2.0 */
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static bool fail_errno(GError **error, int code, const char *verb, const char *path) {
    int saved = errno;
    error_set(error, BASE_ERROR, saved == ENOENT ? BASE_ERROR_NOT_FOUND : code, NULL, "cannot %s '%s': %s",
              verb, path, g_strerror(saved));
    return false;
}

GBytes *files_read(const char *path, gsize limit, GError **error) {
    struct stat information;
    if (stat(path, &information) != 0) {
        fail_errno(error, BASE_ERROR_FAILED, "read", path);
        return NULL;
    }
    if (!S_ISREG(information.st_mode)) {
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot read '%s': not a file", path);
        return NULL;
    }
    if ((guint64)information.st_size > limit) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, NULL, "cannot read '%s': larger than %zu bytes", path,
                  limit);
        return NULL;
    }
    char *content;
    gsize length;
    g_autoptr(GError) problem = NULL;
    if (!g_file_get_contents(path, &content, &length, &problem)) {
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot read '%s': %s", path, problem->message);
        return NULL;
    }
    return g_bytes_new_take(content, length);
}

char *files_read_text(const char *path, gsize limit, GError **error) {
    g_autoptr(GBytes) bytes = files_read(path, limit, error);
    if (bytes == NULL)
        return NULL;
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);
    if (length > 0 && !g_utf8_validate_len(data, length, NULL)) {
        error_set(error, BASE_ERROR, BASE_ERROR_SYNTAX, NULL, "cannot read '%s': not UTF-8 text", path);
        return NULL;
    }
    return g_strndup(data != NULL ? data : "", length);
}

static bool write_all(int descriptor, const char *text, gsize length) {
    while (length > 0) {
        ssize_t written = write(descriptor, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        text += written;
        length -= (gsize)written;
    }
    return fsync(descriptor) == 0;
}

bool files_write(const char *path, const char *text, gsize length, int mode, GError **error) {
    g_autofree char *folder = g_path_get_dirname(path);
    if (!files_make_folder(folder, error))
        return false;
    g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);
    int descriptor = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, mode);
    if (descriptor < 0)
        return fail_errno(error, BASE_ERROR_FAILED, "write", path);
    bool written = write_all(descriptor, text, length);
    int saved = errno;
    close(descriptor);
    if (written && rename(temporary, path) == 0)
        return true;
    if (!written)
        errno = saved;
    fail_errno(error, BASE_ERROR_FAILED, "write", path);
    unlink(temporary);
    return false;
}

bool files_make_folder(const char *path, GError **error) {
    if (g_mkdir_with_parents(path, 0777) != 0)
        return fail_errno(error, BASE_ERROR_FAILED, "make the folder", path);
    return true;
}

static int remove_entry(const char *path, const struct stat *information, int kind, struct FTW *position) {
    if (kind == FTW_DNR)
        chmod(path, 0700);
    return remove(path);
}

bool files_remove_tree(const char *path, GError **error) {
    struct stat information;
    if (lstat(path, &information) != 0)
        return errno == ENOENT ? true : fail_errno(error, BASE_ERROR_FAILED, "remove", path);
    if (nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        return fail_errno(error, BASE_ERROR_FAILED, "remove", path);
    return true;
}

char *files_make_temporary(const char *parent, const char *prefix, GError **error) {
    if (!files_make_folder(parent, error))
        return NULL;
    g_autofree char *template = g_strdup_printf("%s/%sXXXXXX", parent, prefix);
    if (g_mkdtemp(template) == NULL) {
        fail_errno(error, BASE_ERROR_FAILED, "make a temporary folder in", parent);
        return NULL;
    }
    return g_steal_pointer(&template);
}

char *files_resolve(const char *base, const char *path) {
    return g_canonicalize_filename(path, base);
}

static int compare_names(gconstpointer left, gconstpointer right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

char **files_list(const char *path, GError **error) {
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GDir) folder = g_dir_open(path, 0, &problem);
    if (folder == NULL && !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "%s", problem->message);
        return NULL;
    }
    for (const char *name; folder != NULL && (name = g_dir_read_name(folder)) != NULL;)
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

char *files_cache(const char *name) {
    return g_build_filename(g_get_user_cache_dir(), "sluice", name, NULL);
}

char *files_now(void) {
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *seconds = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S");
    return g_strdup_printf("%s.%03dZ", seconds, g_date_time_get_microsecond(now) / 1000);
}
