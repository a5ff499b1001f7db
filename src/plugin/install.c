/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/install.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "plugin/archive_reader.h"
#include "plugin/unpack.h"

#define LOCK_FILE ".sluice-lock"
#define STAGING_PREFIX ".sluice-staging-"

enum { LOCK_POLL_US = 100 * 1000 };

typedef struct {
    char *name;
    bool replaced; /* the former one is in the staging folder */
} Placed;

struct Install {
    char *folder;
    int descriptor;    /* of the lock file */
    char *staging;     /* NULL: none yet */
    GMutex lock;       /* of `staging` */
    GPtrArray *placed; /* Placed */
};

static void placed_free(gpointer data) {
    Placed *placed = data;
    g_free(placed->name);
    g_free(placed);
}

static bool fail(const char *verb, const char *path, GError **error) {
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED, NULL, "cannot %s '%s': %s", verb, path,
              g_strerror(errno));
    return false;
}

static bool wait_for_lock(const Install *install, GCancellable *cancellable, GError **error) {
    while (flock(install->descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail("lock", install->folder, error);
        if (g_cancellable_is_cancelled(cancellable)) {
            error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, NULL, "cancelled");
            return false;
        }
        g_usleep(LOCK_POLL_US);
    }
    return true;
}

/* Staging folders are named after the plugin folder, since several of them can have one parent. */
static char *staging_prefix(const Install *install) {
    g_autofree char *name = g_path_get_basename(install->folder);
    return g_strconcat(STAGING_PREFIX, name, "-", NULL);
}

static bool remove_leftovers_in(const char *parent, const char *prefix, GError **error) {
    g_auto(GStrv) names = files_list(parent, NULL);
    for (char **name = names; name != NULL && *name != NULL; name++) {
        g_autofree char *path = g_build_filename(parent, *name, NULL);
        bool is_leftover = g_str_has_prefix(*name, prefix) && strlen(*name) == strlen(prefix) + 6;
        if (is_leftover && !files_remove_tree(path, error))
            return false;
    }
    return true;
}

static bool remove_leftovers(const Install *install, GError **error) {
    g_autofree char *parent = g_path_get_dirname(install->folder);
    g_autofree char *prefix = staging_prefix(install);
    return remove_leftovers_in(parent, prefix, error) && remove_leftovers_in(install->folder, prefix, error);
}

static bool open_lock(Install *install, GCancellable *cancellable, GError **error) {
    g_autofree char *path = g_build_filename(install->folder, LOCK_FILE, NULL);
    if (!files_make_folder(install->folder, error))
        return false;
    install->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (install->descriptor < 0)
        return fail("open", path, error);
    return wait_for_lock(install, cancellable, error) && remove_leftovers(install, error);
}

Install *install_open(const char *folder, GCancellable *cancellable, GError **error) {
    g_autofree char *directory = g_get_current_dir();
    g_autoptr(Install) install = g_new0(Install, 1);
    install->folder = files_resolve(directory, folder);
    install->descriptor = -1;
    install->placed = g_ptr_array_new_with_free_func(placed_free);
    g_mutex_init(&install->lock);
    return open_lock(install, cancellable, error) ? g_steal_pointer(&install) : NULL;
}

static void undo(const Install *install) {
    for (guint i = install->placed->len; i > 0; i--) {
        const Placed *placed = install->placed->pdata[i - 1];
        g_autofree char *staged = g_build_filename(install->staging, placed->name, NULL);
        g_autofree char *target = g_build_filename(install->folder, placed->name, NULL);
        renameat2(AT_FDCWD, target, AT_FDCWD, staged, placed->replaced ? RENAME_EXCHANGE : 0);
    }
}

void install_close(Install *install) {
    if (install == NULL)
        return;
    undo(install);
    if (install->staging != NULL)
        files_remove_tree(install->staging, NULL);
    if (install->descriptor >= 0)
        close(install->descriptor);
    g_ptr_array_unref(install->placed);
    g_mutex_clear(&install->lock);
    g_free(install->staging);
    g_free(install->folder);
    g_free(install);
}

/* Whether a folder made in `staging` can be renamed into the plugin folder. */
static bool can_rename_from(const Install *install, const char *staging) {
    g_autofree char *probe = g_build_filename(staging, "probe", NULL);
    g_autofree char *name = g_path_get_basename(staging);
    g_autofree char *target = g_build_filename(install->folder, name, NULL);
    bool can = mkdir(probe, 0700) == 0 && rename(probe, target) == 0;
    rmdir(can ? target : probe);
    return can;
}

static char *make_staging_in(const Install *install, const char *parent, GError **error) {
    g_autofree char *prefix = staging_prefix(install);
    g_autofree char *staging = files_make_temporary(parent, prefix, error);
    if (staging == NULL || can_rename_from(install, staging))
        return g_steal_pointer(&staging);
    fail("rename from", staging, error);
    rmdir(staging);
    return NULL;
}

/* Beside the plugin folder, where a worker that starts meanwhile doesn't look; inside it where that is
 * another file system or not ours to write. */
static const char *staging(Install *install, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&install->lock);
    g_autofree char *parent = g_path_get_dirname(install->folder);
    if (install->staging == NULL && !g_str_equal(parent, install->folder))
        install->staging = make_staging_in(install, parent, NULL);
    if (install->staging == NULL)
        install->staging = make_staging_in(install, install->folder, error);
    return install->staging;
}

static bool copy_jar(const char *artifact, const char *folder, const char *name, GError **error) {
    g_autofree char *jar_name = g_strconcat(name, ".jar", NULL);
    g_autofree char *target = g_build_filename(folder, jar_name, NULL);
    g_autoptr(GFile) from = g_file_new_for_path(artifact);
    g_autoptr(GFile) to = g_file_new_for_path(target);
    g_autoptr(GError) problem = NULL;
    if (g_file_copy(from, to, G_FILE_COPY_TARGET_DEFAULT_PERMS, NULL, NULL, NULL, &problem))
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED, NULL, "cannot write '%s': %s", target,
              problem->message);
    return false;
}

bool install_stage(Install *install, const char *artifact, const char *path, const char *name,
                   GError **error) {
    const char *beside = staging(install, error);
    if (beside == NULL)
        return false;
    g_autofree char *folder = g_build_filename(beside, name, NULL);
    if (mkdir(folder, 0755) != 0)
        return fail("make the folder", folder, error);
    switch (archive_kind(path)) {
    case ARCHIVE_JAR:
        return copy_jar(artifact, folder, name, error);
    case ARCHIVE_PACKED:
        return unpack_archive(artifact, folder, &unpack_default_limits, error);
    case ARCHIVE_UNKNOWN:
        break;
    }
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "'%s' is no jar, zip, tar.gz or tgz", path);
    return false;
}

bool install_place(Install *install, const char *name, GError **error) {
    g_autofree char *staged = g_build_filename(install->staging, name, NULL);
    g_autofree char *target = g_build_filename(install->folder, name, NULL);
    bool replaced = install_has(install, name);
    if (renameat2(AT_FDCWD, staged, AT_FDCWD, target, replaced ? RENAME_EXCHANGE : 0) != 0)
        return fail("put in place", target, error);
    Placed *placed = g_new0(Placed, 1);
    placed->name = g_strdup(name);
    placed->replaced = replaced;
    g_ptr_array_add(install->placed, placed);
    return true;
}

void install_keep(Install *install) {
    g_ptr_array_set_size(install->placed, 0);
}

bool install_remove(Install *install, const char *name, GError **error) {
    const char *beside = staging(install, error);
    if (beside == NULL)
        return false;
    g_autofree char *removed_name = g_strconcat("removed-", name, NULL);
    g_autofree char *removed = g_build_filename(beside, removed_name, NULL);
    g_autofree char *target = g_build_filename(install->folder, name, NULL);
    if (rename(target, removed) != 0 && errno != ENOENT)
        return fail("remove", target, error);
    return true;
}

bool install_has(const Install *install, const char *name) {
    g_autofree char *path = g_build_filename(install->folder, name, NULL);
    struct stat information;
    return lstat(path, &information) == 0;
}

bool install_has_folder(const Install *install, const char *name) {
    g_autofree char *path = g_build_filename(install->folder, name, NULL);
    struct stat information;
    return lstat(path, &information) == 0 && S_ISDIR(information.st_mode);
}
