/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/archive_reader.h"
#include "plugin/plugin.h"

const UnpackLimits unpack_default_limits = {(guint64)4 * 1024 * 1024 * 1024, 100 * 1000, 200};

enum { PATH_LIMIT = 1024, DEPTH_LIMIT = 32 };

typedef enum { SEEN_NOTHING, SEEN_FOLDER, SEEN_FILE, SEEN_LINK } Seen;

/* The target is empty and ours alone, so what we made ourselves is all that a path can lead through. */
typedef struct {
    ArchiveReader *reader;
    const char *archive;
    const char *to;
    const UnpackLimits *limits;
    guint64 packed; /* bytes of the archive */
    guint64 bytes;
    guint64 entries;
    GHashTable *seen; /* path → Seen */
    int descriptor;   /* of the file that is written */
} Unpack;

static void unpack_clear(Unpack *unpack) {
    g_clear_pointer(&unpack->reader, archive_read_free);
    g_hash_table_unref(unpack->seen);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Unpack, unpack_clear)

G_GNUC_PRINTF(3, 4)
static bool refuse(const Unpack *unpack, GError **error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *safe = g_utf8_make_valid(reason, -1);
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_HOSTILE,
              "nothing of it was installed; ask those who built the artifact", "'%s' is refused: %s",
              unpack->archive, safe);
    return false;
}

static bool fail_path(const char *verb, const char *path, GError **error) {
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED, NULL, "cannot %s '%s': %s", verb, path,
              g_strerror(errno));
    return false;
}

/* `raw` without "." and empty segments; NULL where it leads out, or is more than a path can be. "" is the
 * target itself. */
static char *clean_path(const char *raw) {
    if (raw == NULL || raw[0] == '/' || strlen(raw) > PATH_LIMIT || strchr(raw, '\\') != NULL)
        return NULL;
    g_auto(GStrv) segments = g_strsplit(raw, "/", -1);
    g_autoptr(GString) clean = g_string_new(NULL);
    guint depth = 0;
    for (char **segment = segments; *segment != NULL; segment++) {
        if (**segment == '\0' || g_str_equal(*segment, "."))
            continue;
        if (g_str_equal(*segment, "..") || ++depth > DEPTH_LIMIT)
            return NULL;
        g_string_append_printf(clean, "%s%s", clean->len > 0 ? "/" : "", *segment);
    }
    return g_string_free(g_steal_pointer(&clean), FALSE);
}

static Seen seen(const Unpack *unpack, const char *path) {
    return (Seen)GPOINTER_TO_INT(g_hash_table_lookup(unpack->seen, path));
}

static void mark(Unpack *unpack, const char *path, Seen what) {
    g_hash_table_insert(unpack->seen, g_strdup(path), GINT_TO_POINTER(what));
}

static bool count_entry(Unpack *unpack, GError **error) {
    if (++unpack->entries > unpack->limits->entries)
        return refuse(unpack, error, "it has more than %" G_GUINT64_FORMAT " entries",
                      unpack->limits->entries);
    return true;
}

static bool make_folder(Unpack *unpack, const char *path, GError **error) {
    if (path[0] == '\0' || seen(unpack, path) == SEEN_FOLDER)
        return true;
    if (seen(unpack, path) != SEEN_NOTHING)
        return refuse(unpack, error, "'%s' is there twice", path);
    g_autofree char *full = g_build_filename(unpack->to, path, NULL);
    if (!count_entry(unpack, error))
        return false;
    if (mkdir(full, 0755) != 0)
        return fail_path("make the folder", full, error);
    mark(unpack, path, SEEN_FOLDER);
    return true;
}

/* Makes the folders above `path`. */
static bool make_parents(Unpack *unpack, const char *path, GError **error) {
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        g_autofree char *parent = g_strndup(path, slash - path);
        if (!make_folder(unpack, parent, error))
            return false;
    }
    return true;
}

static bool write_bytes(const void *data, gsize length, gpointer user_data, GError **error) {
    Unpack *unpack = user_data;
    const UnpackLimits *limits = unpack->limits;
    unpack->bytes += length;
    if (unpack->bytes > limits->bytes)
        return refuse(unpack, error, "it unpacks to more than %" G_GUINT64_FORMAT " bytes", limits->bytes);
    if (unpack->bytes > UNPACK_SMALL && unpack->bytes / limits->ratio > unpack->packed)
        return refuse(unpack, error, "it unpacks to more than %u times its size", limits->ratio);
    for (const char *at = data; length > 0;) {
        ssize_t written = TEMP_FAILURE_RETRY(write(unpack->descriptor, at, length));
        if (written < 0)
            return fail_path("write below", unpack->to, error);
        at += written;
        length -= (gsize)written;
    }
    return true;
}

static bool write_file(Unpack *unpack, const char *path, mode_t mode, GError **error) {
    g_autofree char *full = g_build_filename(unpack->to, path, NULL);
    mode_t made = (mode & S_IXUSR) != 0 ? 0755 : 0644;
    unpack->descriptor = open(full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, made);
    if (unpack->descriptor < 0)
        return fail_path("write", full, error);
    mark(unpack, path, SEEN_FILE);
    bool written = archive_pour(unpack->reader, unpack->archive, write_bytes, unpack, error);
    if (close(unpack->descriptor) != 0 && written)
        return fail_path("write", full, error);
    return written;
}

/* A target that only goes down stays inside, whatever other links it goes through. */
static bool make_symbolic_link(Unpack *unpack, const char *path, const char *target, GError **error) {
    g_autofree char *inside = clean_path(target);
    if (inside == NULL || inside[0] == '\0')
        return refuse(unpack, error, "the link '%s' may lead out of it, to '%s'", path,
                      target != NULL ? target : "");
    g_autofree char *full = g_build_filename(unpack->to, path, NULL);
    if (symlink(inside, full) != 0)
        return fail_path("make the link", full, error);
    mark(unpack, path, SEEN_LINK);
    return true;
}

static bool make_hard_link(Unpack *unpack, const char *path, const char *target, GError **error) {
    g_autofree char *inside = clean_path(target);
    if (inside == NULL || seen(unpack, inside) != SEEN_FILE)
        return refuse(unpack, error, "the link '%s' leads to '%s', which is no file of it", path, target);
    g_autofree char *from = g_build_filename(unpack->to, inside, NULL);
    g_autofree char *full = g_build_filename(unpack->to, path, NULL);
    if (link(from, full) != 0)
        return fail_path("make the link", full, error);
    mark(unpack, path, SEEN_FILE);
    return true;
}

static bool make_entry(Unpack *unpack, struct archive_entry *entry, const char *path, GError **error) {
    const char *hard_link = archive_entry_hardlink(entry);
    if (hard_link != NULL)
        return make_hard_link(unpack, path, hard_link, error);
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return write_file(unpack, path, archive_entry_mode(entry), error);
    case AE_IFLNK:
        return make_symbolic_link(unpack, path, archive_entry_symlink(entry), error);
    default:
        return refuse(unpack, error, "'%s' is neither file, folder nor link", path);
    }
}

static bool unpack_entry(Unpack *unpack, struct archive_entry *entry, GError **error) {
    const char *raw = archive_entry_pathname(entry);
    g_autofree char *path = clean_path(raw);
    if (path == NULL)
        return refuse(unpack, error, "the path '%s' leads out of it, or is none", raw != NULL ? raw : "");
    if (archive_entry_is_encrypted(entry))
        return refuse(unpack, error, "'%s' is encrypted", path);
    if (!make_parents(unpack, path, error))
        return false;
    if (archive_entry_filetype(entry) == AE_IFDIR)
        return make_folder(unpack, path, error);
    if (path[0] == '\0' || seen(unpack, path) != SEEN_NOTHING)
        return refuse(unpack, error, "'%s' is there twice", path);
    return count_entry(unpack, error) && make_entry(unpack, entry, path, error);
}

static bool unpack_all(Unpack *unpack, GError **error) {
    for (;;) {
        struct archive_entry *entry = NULL;
        if (!archive_next(unpack->reader, unpack->archive, &entry, error))
            return false;
        if (entry == NULL)
            return true;
        if (!unpack_entry(unpack, entry, error))
            return false;
    }
}

bool unpack_archive(const char *archive, const char *to, const UnpackLimits *limits, GError **error) {
    struct stat information;
    if (stat(archive, &information) != 0)
        return fail_path("read", archive, error);
    g_auto(Unpack) unpack = {
        .archive = archive,
        .to = to,
        .limits = limits,
        .packed = (guint64)information.st_size,
        .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    unpack.reader = archive_open(archive, error);
    if (unpack.reader == NULL || !unpack_all(&unpack, error))
        return false;
    if (unpack.entries > 0)
        return true;
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "'%s' is an empty archive", archive);
    return false;
}
