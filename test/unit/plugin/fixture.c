/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "plugin/coordinate.h"
#include "plugin/metadata.h"

static char *home;

const char *fixture_start(void) {
    home = files_make_temporary(g_get_tmp_dir(), "sluice-test-", NULL);
    g_assert_nonnull(home);
    g_setenv("HOME", home, TRUE);
    g_setenv("XDG_CACHE_HOME", home, TRUE);
    g_unsetenv("NETRC");
    return home;
}

void fixture_end(void) {
    g_assert_true(files_remove_tree(home, NULL));
    g_clear_pointer(&home, g_free);
}

char *fixture_folder(const char *name) {
    g_autofree char *prefix = g_strconcat(name, "-", NULL);
    char *folder = files_make_temporary(home, prefix, NULL);
    g_assert_nonnull(folder);
    return folder;
}

static void set_kind(struct archive_entry *entry, const Entry *from) {
    static const unsigned types[] = {
        [ENTRY_FILE] = AE_IFREG, [ENTRY_PROGRAM] = AE_IFREG,   [ENTRY_FOLDER] = AE_IFDIR,
        [ENTRY_LINK] = AE_IFLNK, [ENTRY_HARD_LINK] = AE_IFREG, [ENTRY_DEVICE] = AE_IFCHR,
    };
    archive_entry_set_filetype(entry, types[from->kind]);
    archive_entry_set_perm(entry, from->kind == ENTRY_PROGRAM ? 04755 : 0600);
    if (from->kind == ENTRY_LINK)
        archive_entry_set_symlink(entry, from->content);
    if (from->kind == ENTRY_HARD_LINK)
        archive_entry_set_hardlink(entry, from->content);
}

static void write_entry(struct archive *archive, const Entry *from) {
    bool is_file = from->kind == ENTRY_FILE || from->kind == ENTRY_PROGRAM;
    const char *content = from->content != NULL ? from->content : "";
    gsize length = from->length > 0 ? from->length : strlen(content);
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, from->path);
    archive_entry_set_size(entry, is_file ? (la_int64_t)length : 0);
    set_kind(entry, from);
    g_assert_cmpint(archive_write_header(archive, entry), ==, ARCHIVE_OK);
    if (is_file)
        g_assert_cmpint(archive_write_data(archive, content, length), ==, (gint64)length);
    archive_entry_free(entry);
}

void fixture_archive(const char *path, const Entry *entries) {
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_true(files_make_folder(folder, NULL));
    struct archive *archive = archive_write_new();
    if (g_str_has_suffix(path, ".tar.gz") || g_str_has_suffix(path, ".tgz")) {
        archive_write_set_format_gnutar(archive);
        archive_write_add_filter_gzip(archive);
    } else {
        archive_write_set_format_zip(archive);
    }
    g_assert_cmpint(archive_write_open_filename(archive, path), ==, ARCHIVE_OK);
    for (; entries->path != NULL; entries++)
        write_entry(archive, entries);
    g_assert_cmpint(archive_write_close(archive), ==, ARCHIVE_OK);
    archive_write_free(archive);
}

void fixture_jar(const char *path, const char *class_name, const char *salt) {
    g_autofree char *class_path = g_strdelimit(g_strdup(class_name), ".", '/');
    g_autofree char *class_file = g_strconcat(class_path, ".class", NULL);
    g_autofree char *service = g_strconcat("# ours\n", class_name, " # the only one\n", NULL);
    const Entry entries[] = {
        {ENTRY_FILE, "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n", 0},
        {ENTRY_FILE, "META-INF/services/org.apache.kafka.connect.source.SourceConnector", service, 0},
        {ENTRY_FILE, class_file, salt, 0},
        {0},
    };
    fixture_archive(path, entries);
}

/* What `mvn deploy` does for a release. */
void fixture_deploy(const char *repository, const char *version, const char *salt) {
    g_autoptr(Coordinate) coordinate = coordinate_parse("com.acme:orders", NULL);
    g_autofree char *path = coordinate_path(coordinate, version, version);
    g_autofree char *full = g_build_filename(repository, path, NULL);
    fixture_jar(full, "com.acme.Orders", salt);
    g_autoptr(Metadata) metadata = metadata_new();
    if (fixture_exists(repository, "com/acme/orders/maven-metadata.xml")) {
        g_autofree char *text = fixture_read(repository, "com/acme/orders/maven-metadata.xml");
        g_clear_pointer(&metadata, metadata_free);
        metadata = metadata_parse(text, strlen(text), "metadata", NULL);
    }
    metadata_add_version(metadata, version);
    g_autofree char *text = metadata_format(metadata, coordinate, NULL, "20260131120000");
    fixture_write(repository, "com/acme/orders/maven-metadata.xml", text);
}

char *fixture_read(const char *folder, const char *path) {
    g_autofree char *full = g_build_filename(folder, path, NULL);
    g_autoptr(GError) error = NULL;
    char *text = files_read_text(full, G_MAXINT32, &error);
    g_assert_no_error(error);
    return text;
}

bool fixture_exists(const char *folder, const char *path) {
    g_autofree char *full = g_build_filename(folder, path, NULL);
    return g_file_test(full, G_FILE_TEST_EXISTS);
}

void fixture_write(const char *folder, const char *path, const char *text) {
    g_autofree char *full = g_build_filename(folder, path, NULL);
    g_assert_true(files_write(full, text, strlen(text), 0644, NULL));
}

static void free_spec(gpointer spec) {
    repository_spec_free(spec);
}

static void free_request(gpointer request) {
    plugin_request_free(request);
}

GPtrArray *fixture_specs(const char *url) {
    RepositorySpec *spec = g_new0(RepositorySpec, 1);
    spec->id = g_strdup("acme");
    spec->url = g_strdup(url);
    GPtrArray *specs = g_ptr_array_new_with_free_func(free_spec);
    g_ptr_array_add(specs, spec);
    return specs;
}

GPtrArray *fixture_requests(const char *version) {
    PluginRequest *request = plugin_request_new("orders");
    request->maven = g_strdup("com.acme:orders");
    request->version = g_strdup(version);
    g_ptr_array_add(request->connect, g_strdup("main"));
    GPtrArray *requests = g_ptr_array_new_with_free_func(free_request);
    g_ptr_array_add(requests, request);
    return requests;
}

guint fixture_resolve(Lock *lock, GPtrArray *requests, GPtrArray *specs, bool upgrade) {
    const LockRequest request = {.requests = requests, .repositories = specs, .upgrade_all = upgrade};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) changes = lock_resolve(lock, &request, &error);
    g_assert_no_error(error);
    return changes->len;
}
