/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "fixture.h"
#include "plugin/plugin.h"
#include "plugin/unpack.h"

static const char *const kinds[] = {"a.zip", "a.tar.gz"};

static void test_ordinary(void) {
    static const Entry entries[] = {
        {ENTRY_FOLDER, "acme/", NULL, 0},
        {ENTRY_FILE, "acme/lib/a.jar", "one", 0},
        {ENTRY_FILE, "./acme/lib//b.jar", "two", 0},
        {ENTRY_FOLDER, "acme/lib/", NULL, 0},
        {ENTRY_PROGRAM, "acme/run", "#!/bin/sh\n", 0},
        {ENTRY_LINK, "acme/lib/c.jar", "b.jar", 0},
        {ENTRY_FILE, "acme/Prüfung..txt", "ü", 0},
        {0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *folder = fixture_folder("unpack");
        g_autofree char *archive = g_build_filename(folder, kinds[i], NULL);
        g_autofree char *to = g_build_filename(folder, "to", NULL);
        g_autoptr(GError) error = NULL;
        fixture_archive(archive, entries);
        g_assert_true(files_make_folder(to, NULL));
        bool unpacked = unpack_archive(archive, to, &unpack_default_limits, &error);
        g_assert_no_error(error);
        g_assert_true(unpacked);
        g_autofree char *two = fixture_read(to, "acme/lib/b.jar");
        g_autofree char *linked = fixture_read(to, "acme/lib/c.jar");
        g_assert_cmpstr(two, ==, "two");
        g_assert_cmpstr(linked, ==, "two");
        g_assert_true(fixture_exists(to, "acme/Prüfung..txt"));
        g_autofree char *program = g_build_filename(to, "acme/run", NULL);
        struct stat information;
        g_assert_cmpint(stat(program, &information), ==, 0);
        g_assert_cmpint(information.st_mode & 07777 & ~0022, ==, 0755);
    }
}

typedef struct {
    const char *title;
    const char *archive;
    Entry entries[4];
} Hostile;

static const Hostile hostile[] = {
    {"absolute path", "a.tar.gz", {{ENTRY_FILE, "/etc/evil", "x", 0}}},
    {"step up", "a.tar.gz", {{ENTRY_FILE, "../evil", "x", 0}}},
    {"step up in a zip", "a.zip", {{ENTRY_FILE, "a/../../evil", "x", 0}}},
    {"step up that comes back", "a.zip", {{ENTRY_FILE, "a/../evil", "x", 0}}},
    {"backslashes", "a.zip", {{ENTRY_FILE, "..\\evil", "x", 0}}},
    {"link out", "a.tar.gz", {{ENTRY_LINK, "a", "../../etc", 0}}},
    {"absolute link", "a.tar.gz", {{ENTRY_LINK, "a", "/etc", 0}}},
    {"link out in a zip", "a.zip", {{ENTRY_LINK, "a", "../../etc", 0}}},
    {"link by way of a link", "a.tar.gz", {{ENTRY_LINK, "a", ".", 0}, {ENTRY_LINK, "b", "a/..", 0}}},
    {"file below a link", "a.tar.gz", {{ENTRY_LINK, "a", "b", 0}, {ENTRY_FILE, "a/c", "x", 0}}},
    {"file over a link", "a.tar.gz", {{ENTRY_LINK, "a", "b", 0}, {ENTRY_FILE, "a", "x", 0}}},
    {"file below a file", "a.tar.gz", {{ENTRY_FILE, "a", "x", 0}, {ENTRY_FILE, "a/b", "x", 0}}},
    {"hard link out", "a.tar.gz", {{ENTRY_HARD_LINK, "a", "/etc/passwd", 0}}},
    {"hard link to nothing of it", "a.tar.gz", {{ENTRY_HARD_LINK, "a", "b", 0}}},
    {"device", "a.tar.gz", {{ENTRY_DEVICE, "a", NULL, 0}}},
    {"duplicate", "a.zip", {{ENTRY_FILE, "a.jar", "x", 0}, {ENTRY_FILE, "a.jar", "y", 0}}},
    {"duplicate by another spelling",
     "a.zip",
     {{ENTRY_FILE, "a.jar", "x", 0}, {ENTRY_FILE, "./a.jar", "y", 0}}},
    {"folder over a file", "a.tar.gz", {{ENTRY_FILE, "a", "x", 0}, {ENTRY_FOLDER, "a/", NULL, 0}}},
};

static bool unpack(const char *name, const Entry *entries, const UnpackLimits *limits, char **to,
                   GError **error) {
    g_autofree char *folder = fixture_folder("hostile");
    g_autofree char *archive = g_build_filename(folder, name, NULL);
    *to = g_build_filename(folder, "in", "to", NULL);
    g_assert_true(files_make_folder(*to, NULL));
    fixture_archive(archive, entries);
    return unpack_archive(archive, *to, limits, error);
}

static void test_hostile(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(hostile); i++) {
        g_autofree char *to = NULL;
        g_autoptr(GError) error = NULL;
        g_test_message("%s", hostile[i].title);
        g_assert_false(unpack(hostile[i].archive, hostile[i].entries, &unpack_default_limits, &to, &error));
        g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_HOSTILE);
        g_test_message("%s", error->message);
        g_assert_false(fixture_exists(to, "../evil"));
        g_assert_false(fixture_exists(to, "../../evil"));
    }
}

static void test_hard_link_inside(void) {
    static const Entry entries[] = {
        {ENTRY_FILE, "a.jar", "x", 0}, {ENTRY_HARD_LINK, "b.jar", "a.jar", 0}, {0}};
    g_autofree char *to = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_true(unpack("a.tar.gz", entries, &unpack_default_limits, &to, &error));
    g_autofree char *text = fixture_read(to, "b.jar");
    g_assert_cmpstr(text, ==, "x");
}

static void test_limits(void) {
    static const struct {
        UnpackLimits limits;
        const char *message;
    } cases[] = {{{10, 100, 1000}, "more than 10 bytes"}, {{1000, 1, 1000}, "more than 1 entries"}};
    static const Entry entries[] = {{ENTRY_FILE, "a", "twelve bytes", 0}, {ENTRY_FILE, "b", "x", 0}, {0}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *to = NULL;
        g_autoptr(GError) error = NULL;
        g_assert_false(unpack("a.zip", entries, &cases[i].limits, &to, &error));
        g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_HOSTILE);
        g_assert_nonnull(strstr(error->message, cases[i].message));
    }
}

static void test_bomb(void) {
    gsize size = 64 * 1024 * 1024;
    g_autofree char *zeros = g_malloc0(size);
    const Entry entries[] = {{ENTRY_FILE, "zeros", zeros, size}, {0}};
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *to = NULL;
        g_autoptr(GError) error = NULL;
        g_assert_false(unpack(kinds[i], entries, &unpack_default_limits, &to, &error));
        g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_HOSTILE);
        g_assert_nonnull(strstr(error->message, "times its size"));
    }
}

static void test_damaged(void) {
    static const char *const texts[] = {"", "<html>please log in</html>", "PK\003\004"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *folder = fixture_folder("damaged");
        g_autofree char *archive = g_build_filename(folder, "a.zip", NULL);
        g_autoptr(GError) error = NULL;
        fixture_write(folder, "a.zip", texts[i]);
        g_assert_false(unpack_archive(archive, folder, &unpack_default_limits, &error));
        g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    fixture_start();
    g_test_add_func("/plugin/unpack/files, folders, links and programs come out", test_ordinary);
    g_test_add_func("/plugin/unpack/what leads out or is there twice is refused", test_hostile);
    g_test_add_func("/plugin/unpack/a hard link to a file of it comes out", test_hard_link_inside);
    g_test_add_func("/plugin/unpack/bytes and entries have a limit", test_limits);
    g_test_add_func("/plugin/unpack/a bomb is refused", test_bomb);
    g_test_add_func("/plugin/unpack/what is no archive is told apart", test_damaged);
    int status = g_test_run();
    fixture_end();
    return status;
}
