/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "fixture.h"
#include "plugin/manifest.h"

static Manifest *read_manifest(const char *path) {
    g_autoptr(GError) error = NULL;
    Manifest *manifest = manifest_read(path, &error);
    g_assert_no_error(error);
    return manifest;
}

static char *jar_bytes(const char *folder, const char *class_name, gsize *length) {
    g_autofree char *path = g_build_filename(folder, "inner.jar", NULL);
    fixture_jar(path, class_name, "x");
    g_autoptr(GBytes) bytes = files_read(path, G_MAXINT32, NULL);
    const char *data = g_bytes_get_data(bytes, length);
    return g_memdup2(data, *length);
}

static void test_jar(void) {
    g_autofree char *folder = fixture_folder("jar");
    g_autofree char *path = g_build_filename(folder, "without-an-end", NULL);
    fixture_jar(path, "com.acme.Orders$Inner", "x");
    g_autoptr(Manifest) manifest = read_manifest(path);
    g_assert_true(manifest_has_class(manifest, "com.acme.Orders$Inner"));
    g_assert_false(manifest_has_class(manifest, "com.acme.Orders"));
    g_assert_cmpstr(manifest_services(manifest)[0], ==, "com.acme.Orders$Inner");
    g_assert_null(manifest_services(manifest)[1]);
}

static void test_jars_in_archives(void) {
    static const char *const names[] = {"a.zip", "a.tar.gz"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *folder = fixture_folder("nested");
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        gsize first_length, second_length;
        g_autofree char *first = jar_bytes(folder, "com.acme.Z", &first_length);
        g_autofree char *second = jar_bytes(folder, "com.acme.A", &second_length);
        const Entry entries[] = {
            {ENTRY_FILE, "acme/lib/z.jar", first, first_length},
            {ENTRY_FILE, "acme/lib/a.jar", second, second_length},
            {ENTRY_FILE, "acme/README.md", "x", 0},
            {0},
        };
        fixture_archive(path, entries);
        g_autoptr(Manifest) manifest = read_manifest(path);
        g_assert_true(manifest_has_class(manifest, "com.acme.A"));
        g_assert_true(manifest_has_class(manifest, "com.acme.Z"));
        g_assert_cmpstr(manifest_services(manifest)[0], ==, "com.acme.A");
        g_assert_cmpstr(manifest_services(manifest)[1], ==, "com.acme.Z");
    }
}

static void test_jar_in_jar(void) {
    g_autofree char *folder = fixture_folder("fat");
    g_autofree char *path = g_build_filename(folder, "a.jar", NULL);
    gsize length;
    g_autofree char *inner = jar_bytes(folder, "com.acme.Inner", &length);
    const Entry entries[] = {
        {ENTRY_FILE, "lib/inner.jar", inner, length},
        {ENTRY_FILE, "META-INF/MANIFEST.MF", "x", 0},
        {ENTRY_FILE, "com/acme/Outer.class", "x", 0},
        {ENTRY_FILE, "META-INF/versions/11/com/acme/Eleven.class", "x", 0},
        {0},
    };
    fixture_archive(path, entries);
    g_autoptr(Manifest) manifest = read_manifest(path);
    g_assert_true(manifest_has_class(manifest, "com.acme.Outer"));
    g_assert_false(manifest_has_class(manifest, "com.acme.Inner"));
    g_assert_false(manifest_has_class(manifest, "META-INF.versions.11.com.acme.Eleven"));
}

static void test_other_services(void) {
    g_autofree char *folder = fixture_folder("services");
    g_autofree char *path = g_build_filename(folder, "a.jar", NULL);
    static const Entry entries[] = {
        {ENTRY_FILE, "META-INF/services/java.sql.Driver", "org.other.Driver\n", 0},
        {ENTRY_FILE, "META-INF/services/org.apache.kafka.connect.transforms.Transformation",
         "\n  # nothing\ncom.acme.Mask\r\nnot a class\ncom.acme.Mask\n", 0},
        {0},
    };
    fixture_archive(path, entries);
    g_autoptr(Manifest) manifest = read_manifest(path);
    g_assert_cmpstr(manifest_services(manifest)[0], ==, "com.acme.Mask");
    g_assert_null(manifest_services(manifest)[1]);
}

static void test_no_archive(void) {
    g_autofree char *folder = fixture_folder("none");
    g_autofree char *path = g_build_filename(folder, "a.jar", NULL);
    g_autoptr(GError) error = NULL;
    fixture_write(folder, "a.jar", "<html>please log in</html>");
    g_assert_null(manifest_read(path, &error));
    g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    fixture_start();
    g_test_add_func("/plugin/manifest/a jar's classes and services", test_jar);
    g_test_add_func("/plugin/manifest/jars in an archive count", test_jars_in_archives);
    g_test_add_func("/plugin/manifest/jars in a jar don't", test_jar_in_jar);
    g_test_add_func("/plugin/manifest/only Connect's services, comments left out", test_other_services);
    g_test_add_func("/plugin/manifest/a page of a proxy is no jar", test_no_archive);
    int status = g_test_run();
    fixture_end();
    return status;
}
