/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "base/hash.h"
#include "fixture.h"
#include "plugin/publish.h"

#define POM(version)                                                                                      \
    "<project xmlns='http://maven.apache.org/POM/4.0.0'><parent><groupId>com.acme</groupId>"              \
    "<artifactId>parent</artifactId><version>7</version></parent><artifactId>orders</artifactId>" version \
    "</project>"

typedef struct {
    char *folder; /* the repository */
    char *work;
    Repository *repository;
    GPtrArray *specs;
} Setup;

static void set_up(Setup *setup, gconstpointer unused) {
    setup->folder = fixture_folder("repository");
    setup->work = fixture_folder("work");
    setup->specs = fixture_specs(setup->folder);
    setup->repository = repository_open(setup->specs->pdata[0], NULL);
}

static void tear_down(Setup *setup, gconstpointer unused) {
    repository_free(setup->repository);
    g_ptr_array_unref(setup->specs);
    g_free(setup->folder);
    g_free(setup->work);
}

/* A jar with a POM of that version inside. */
static char *make_jar(const Setup *setup, const char *version, const char *salt) {
    g_autofree char *name = g_strdup_printf("orders-%s.jar", version);
    g_autofree char *said = g_strdup_printf("<version>%s</version>", version);
    g_autofree char *text = g_strdup_printf(POM("%s"), said);
    char *path = g_build_filename(setup->work, name, NULL);
    const Entry entries[] = {
        {ENTRY_FILE, "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n", 0},
        {ENTRY_FILE, "META-INF/maven/org.other/shaded/pom.xml", "<project/>", 0},
        {ENTRY_FILE, "META-INF/maven/com.acme/orders/pom.xml", text, 0},
        {ENTRY_FILE, "com/acme/Orders.class", salt, 0},
        {0},
    };
    fixture_archive(path, entries);
    return path;
}

static Published *publish(Setup *setup, const char *file, const char *maven, const char *version,
                          GError **error) {
    const PublishRequest request = {.file = file, .maven = maven, .version = version};
    return plugin_publish(setup->repository, &request, error);
}

static Published *publish_jar(Setup *setup, const char *version, const char *salt) {
    g_autofree char *jar = make_jar(setup, version, salt);
    g_autoptr(GError) error = NULL;
    Published *published = publish(setup, jar, NULL, NULL, &error);
    g_assert_no_error(error);
    return published;
}

static void assert_checksums(const Setup *setup, const char *path) {
    static const struct {
        const char *suffix;
        HashKind kind;
    } kinds[] = {
        {".md5", HASH_MD5}, {".sha1", HASH_SHA1}, {".sha256", HASH_SHA256}, {".sha512", HASH_SHA512}};
    g_autofree char *file = g_build_filename(setup->folder, path, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *beside = g_strconcat(path, kinds[i].suffix, NULL);
        g_autofree char *said = fixture_read(setup->folder, beside);
        g_autofree char *found = hash_file(kinds[i].kind, file, NULL);
        g_assert_cmpstr(said, ==, found);
    }
}

static void assert_latest(Setup *setup, const char *expected) {
    g_autoptr(Coordinate) coordinate = coordinate_parse("com.acme:orders", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(ResolvedVersion) latest =
        repository_resolve(setup->repository, coordinate, "latest", NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(latest->version, ==, expected);
}

static void test_release(Setup *setup, gconstpointer unused) {
    g_autoptr(Published) published = publish_jar(setup, "1.4.2", "a");
    g_assert_cmpstr(published->maven, ==, "com.acme:orders");
    g_assert_cmpstr(published->path, ==, "com/acme/orders/1.4.2/orders-1.4.2.jar");
    g_assert_false(published->existed);
    assert_checksums(setup, published->path);
    assert_checksums(setup, "com/acme/orders/1.4.2/orders-1.4.2.pom");
    assert_checksums(setup, "com/acme/orders/maven-metadata.xml");
    assert_latest(setup, "1.4.2");
    g_autoptr(Published) next = publish_jar(setup, "1.10.0", "b");
    g_autoptr(Published) fix = publish_jar(setup, "1.4.3", "c");
    assert_latest(setup, "1.10.0");
}

static void test_again(Setup *setup, gconstpointer unused) {
    g_autoptr(Published) first = publish_jar(setup, "1.4.2", "a");
    g_autoptr(Published) again = publish_jar(setup, "1.4.2", "a");
    g_assert_true(again->existed);
    g_autofree char *other = make_jar(setup, "1.4.2", "b");
    g_autoptr(GError) error = NULL;
    g_assert_null(publish(setup, other, NULL, NULL, &error));
    g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_EXISTS);
    g_assert_cmpstr(error_hint(error), ==, "raise the version");
    g_autofree char *kept = g_build_filename(setup->folder, first->path, NULL);
    g_autofree char *sha256 = hash_file(HASH_SHA256, kept, NULL);
    g_assert_cmpstr(sha256, ==, first->sha256);
}

static void test_completed(Setup *setup, gconstpointer unused) {
    g_autoptr(Published) first = publish_jar(setup, "1.4.2", "a");
    static const char *const lost[] = {"orders-1.4.2.jar.sha512", "orders-1.4.2.pom",
                                       "../maven-metadata.xml"};
    for (gsize i = 0; i < G_N_ELEMENTS(lost); i++) {
        g_autofree char *path = g_build_filename(setup->folder, "com/acme/orders/1.4.2", lost[i], NULL);
        g_assert_true(files_remove_tree(path, NULL));
    }
    g_autoptr(Published) again = publish_jar(setup, "1.4.2", "a");
    g_assert_true(again->existed);
    assert_checksums(setup, first->path);
    assert_checksums(setup, "com/acme/orders/1.4.2/orders-1.4.2.pom");
    assert_latest(setup, "1.4.2");
}

static void test_snapshot(Setup *setup, gconstpointer unused) {
    g_autoptr(Published) first = publish_jar(setup, "2.0-SNAPSHOT", "a");
    g_assert_true(g_str_has_suffix(first->resolved, "-1"));
    g_autoptr(Published) second = publish_jar(setup, "2.0-SNAPSHOT", "b");
    g_assert_true(g_str_has_suffix(second->resolved, "-2"));
    g_assert_true(fixture_exists(setup->folder, first->path));
    g_autoptr(Coordinate) coordinate = coordinate_parse("com.acme:orders", NULL);
    g_autoptr(ResolvedVersion) resolved =
        repository_resolve(setup->repository, coordinate, "2.0-SNAPSHOT", NULL, NULL);
    g_assert_cmpstr(resolved->path, ==, second->path);
    const char *const refused[] = {second->resolved, NULL};
    g_assert_null(repository_resolve(setup->repository, coordinate, "latest", refused, NULL));
}

static void test_pom_beside(Setup *setup, gconstpointer unused) {
    g_autofree char *zip = g_build_filename(setup->work, "orders.zip", NULL);
    static const Entry entries[] = {{ENTRY_FILE, "lib/a.jar", "x", 0}, {0}};
    fixture_archive(zip, entries);
    fixture_write(setup->work, "pom.xml", POM(""));
    g_autoptr(GError) error = NULL;
    g_autoptr(Published) published = publish(setup, zip, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(published->maven, ==, "com.acme:orders:zip");
    g_assert_cmpstr(published->version, ==, "7");
}

static void test_made_pom(Setup *setup, gconstpointer unused) {
    g_autofree char *jar = g_build_filename(setup->work, "a.jar", NULL);
    fixture_jar(jar, "com.acme.A", "x");
    g_autoptr(GError) missing = NULL;
    g_assert_null(publish(setup, jar, NULL, NULL, &missing));
    g_assert_error(missing, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT);
    g_autoptr(GError) error = NULL;
    g_autoptr(Published) published = publish(setup, jar, "com.acme:a:jar:all", "1", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(published->path, ==, "com/acme/a/1/a-1-all.jar");
    g_autofree char *pom = fixture_read(setup->folder, "com/acme/a/1/a-1.pom");
    g_assert_nonnull(strstr(pom, "<artifactId>a</artifactId>"));
}

static void test_refused(Setup *setup, gconstpointer unused) {
    g_autofree char *jar = make_jar(setup, "1.4.2", "a");
    static const struct {
        const char *maven;
        const char *version;
    } cases[] = {{"com.other:orders", NULL}, {NULL, "1.4.3"}, {NULL, "latest"}, {"com.acme", NULL}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(publish(setup, jar, cases[i].maven, cases[i].version, &error));
        g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT);
    }
    g_auto(GStrv) written = files_list(setup->folder, NULL);
    g_assert_cmpuint(g_strv_length(written), ==, 0);
}

static void test_round_trip(Setup *setup, gconstpointer unused) {
    g_autoptr(Published) published = publish_jar(setup, "1.4.2", "a");
    g_autoptr(GPtrArray) requests = fixture_requests("latest");
    g_autoptr(Lock) lock = lock_new("dev");
    fixture_resolve(lock, requests, setup->specs, false);
    const LockedVersion *version = locked_plugin_current(lock_find_plugin(lock, "orders"));
    g_assert_cmpstr(version->sha256, ==, published->sha256);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    fixture_start();
    static const struct {
        const char *title;
        void (*test)(Setup *setup, gconstpointer unused);
    } tests[] = {
        {"/plugin/publish/a release with POM, checksums and metadata", test_release},
        {"/plugin/publish/a release is written once", test_again},
        {"/plugin/publish/what an upload left out is completed", test_completed},
        {"/plugin/publish/a SNAPSHOT gets a build", test_snapshot},
        {"/plugin/publish/a POM beside, and its parent", test_pom_beside},
        {"/plugin/publish/a POM is made from coordinates", test_made_pom},
        {"/plugin/publish/what contradicts itself is refused", test_refused},
        {"/plugin/publish/what was published can be locked", test_round_trip},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].title, Setup, NULL, set_up, tests[i].test, tear_down);
    int status = g_test_run();
    fixture_end();
    return status;
}
