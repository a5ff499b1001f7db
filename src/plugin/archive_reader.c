/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/archive_reader.h"

#include <locale.h>
#include <string.h>

#include "plugin/plugin.h"

enum { BLOCK = 64 * 1024 };

ArchiveKind archive_kind(const char *path) {
    static const struct {
        const char *suffix;
        ArchiveKind kind;
    } kinds[] = {{".jar", ARCHIVE_JAR},
                 {".zip", ARCHIVE_PACKED},
                 {".tar.gz", ARCHIVE_PACKED},
                 {".tgz", ARCHIVE_PACKED}};
    bool is_url = strstr(path, "://") != NULL;
    g_autofree char *name = g_ascii_strdown(path, is_url ? (gssize)strcspn(path, "?#") : -1);
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_suffix(name, kinds[i].suffix))
            return kinds[i].kind;
    return ARCHIVE_UNKNOWN;
}

static bool fail(ArchiveReader *reader, const char *name, GError **error) {
    const char *cause = archive_error_string(reader);
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "cannot read '%s' as an archive: %s", name,
              cause != NULL ? cause : "damaged");
    return false;
}

static ArchiveReader *reader_new(void) {
    ArchiveReader *reader = archive_read_new();
    archive_read_support_format_zip_seekable(reader);
    archive_read_support_format_tar(reader);
    archive_read_support_filter_gzip(reader);
    return reader;
}

ArchiveReader *archive_open(const char *path, GError **error) {
    g_autoptr(ArchiveReader) reader = reader_new();
    if (archive_read_open_filename(reader, path, BLOCK) == ARCHIVE_OK)
        return g_steal_pointer(&reader);
    fail(reader, path, error);
    return NULL;
}

ArchiveReader *archive_open_descriptor(int descriptor, const char *name, GError **error) {
    g_autoptr(ArchiveReader) reader = reader_new();
    if (archive_read_open_fd(reader, descriptor, BLOCK) == ARCHIVE_OK)
        return g_steal_pointer(&reader);
    fail(reader, name, error);
    return NULL;
}

/* libarchive turns names into the locale's characters, and has none for 'ü' in the locale C of a container.
 */
static locale_t utf8_locale(void) {
    static gsize made = 0;
    static locale_t locale;
    if (g_once_init_enter(&made)) {
        locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        g_once_init_leave(&made, 1);
    }
    return locale != (locale_t)0 ? locale : LC_GLOBAL_LOCALE;
}

/* The entry keeps what was once asked for. */
static void convert_names(struct archive_entry *entry) {
    archive_entry_pathname(entry);
    archive_entry_symlink(entry);
    archive_entry_hardlink(entry);
}

bool archive_next(ArchiveReader *reader, const char *name, struct archive_entry **entry, GError **error) {
    struct archive_entry *next = NULL;
    locale_t former = uselocale(utf8_locale());
    int status = archive_read_next_header(reader, &next);
    bool is_read = status == ARCHIVE_OK || status == ARCHIVE_WARN;
    if (is_read)
        convert_names(next);
    uselocale(former);
    if (!is_read && status != ARCHIVE_EOF)
        return fail(reader, name, error);
    *entry = is_read ? next : NULL;
    return true;
}

bool archive_pour(ArchiveReader *reader, const char *name, ArchiveSink sink, gpointer user_data,
                  GError **error) {
    g_autofree guint8 *block = g_malloc(BLOCK);
    for (;;) {
        la_ssize_t length = archive_read_data(reader, block, BLOCK);
        if (length < 0)
            return fail(reader, name, error);
        if (length == 0)
            return true;
        if (!sink(block, (gsize)length, user_data, error))
            return false;
    }
}
