/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/build_file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"

typedef struct {
    char *folder;
    Coordinate *coordinate;
    Diagnostics *diagnostics;
} Setup;

static void set_up(Setup *setup, gconstpointer unused) {
    setup->folder = g_dir_make_tmp("sluice-build-file-XXXXXX", NULL);
    setup->coordinate = coordinate_parse("com.acme:orders", NULL);
    setup->diagnostics = diagnostics_new();
}

static void tear_down(Setup *setup, gconstpointer unused) {
    g_assert_true(files_remove_tree(setup->folder, NULL));
    g_free(setup->folder);
    coordinate_free(setup->coordinate);
    diagnostics_free(setup->diagnostics);
}

static void put(const Setup *setup, const char *name, const char *text, int mode) {
    g_autofree char *path = g_build_filename(setup->folder, name, NULL);
    g_assert_true(files_write(path, text, strlen(text), mode, NULL));
}

static BuildFile *read_file(Setup *setup) {
    return build_file_read(setup->folder, setup->coordinate, setup->diagnostics);
}

static BuildFile *read_good(Setup *setup) {
    BuildFile *file = read_file(setup);
    g_autofree char *mistakes = diagnostics_format(setup->diagnostics, false);
    g_assert_cmpstr(mistakes, ==, "");
    g_assert_nonnull(file);
    return file;
}

static void assert_command(const BuildFile *file, const char *expected) {
    g_autofree char *command = g_strjoinv(" ", file->command);
    g_assert_cmpstr(command, ==, expected);
}

/* Whether the mistakes have a line that begins so. */
static void assert_mistake(Setup *setup, const char *text, const char *expected) {
    diagnostics_free(setup->diagnostics);
    setup->diagnostics = diagnostics_new();
    put(setup, BUILD_FILE, text, 0644);
    g_autoptr(BuildFile) file = read_file(setup);
    g_assert_null(file);
    g_autofree char *mistakes = diagnostics_format(setup->diagnostics, false);
    if (strstr(mistakes, expected) == NULL)
        g_error("no '%s' in: %s", expected, mistakes);
}

static void maven_has_defaults(Setup *setup, gconstpointer unused) {
    put(setup, "pom.xml", "<project/>", 0644);
    g_autoptr(BuildFile) file = read_good(setup);
    assert_command(file, "mvn -B package");
    g_assert_cmpstr(file->artifact, ==, "target/orders-*.jar");
    g_assert_false(file->artifact_said);
    g_assert_cmpstr(file->pom, ==, "pom.xml");
    g_assert_cmpuint(file->timeout_ms, ==, 20 * 60 * 1000);
}

static void the_artifact_is_as_the_coordinates_say(Setup *setup, gconstpointer unused) {
    put(setup, "pom.xml", "<project/>", 0644);
    coordinate_free(setup->coordinate);
    setup->coordinate = coordinate_parse("com.acme:orders:tar.gz:plugin", NULL);
    g_autoptr(BuildFile) file = read_good(setup);
    g_assert_cmpstr(file->artifact, ==, "target/orders-*-plugin.tar.gz");
}

static void gradle_has_defaults(Setup *setup, gconstpointer unused) {
    put(setup, "build.gradle.kts", "", 0644);
    g_autoptr(BuildFile) file = read_good(setup);
    assert_command(file, "gradle --no-daemon build");
    g_assert_cmpstr(file->artifact, ==, "build/libs/orders-*.jar");
    g_assert_null(file->pom);
}

static void the_wrapper_of_gradle_is_taken_if_it_runs(Setup *setup, gconstpointer unused) {
    put(setup, "build.gradle", "", 0644);
    put(setup, "gradlew", "#!/bin/sh\n", 0644);
    g_autoptr(BuildFile) not_executable = read_good(setup);
    assert_command(not_executable, "gradle --no-daemon build");
    put(setup, "gradlew", "#!/bin/sh\n", 0755);
    g_autoptr(BuildFile) executable = read_good(setup);
    assert_command(executable, "./gradlew --no-daemon build");
}

static void maven_goes_before_gradle(Setup *setup, gconstpointer unused) {
    put(setup, "pom.xml", "<project/>", 0644);
    put(setup, "build.gradle", "", 0644);
    g_autoptr(BuildFile) file = read_good(setup);
    assert_command(file, "mvn -B package");
}

static void all_of_it_can_be_said(Setup *setup, gconstpointer unused) {
    put(setup, "connector/pom.xml", "<project/>", 0644);
    put(setup, BUILD_FILE,
        "build:\n  command: [make, 'a b', \"\", 7]\n  artifact: out/orders-*.jar\n  pom: connector/pom.xml\n"
        "  timeout: 90s\n",
        0644);
    g_autoptr(BuildFile) file = read_good(setup);
    assert_command(file, "make a b  7");
    g_assert_cmpstr(file->artifact, ==, "out/orders-*.jar");
    g_assert_true(file->artifact_said);
    g_assert_cmpstr(file->pom, ==, "connector/pom.xml");
    g_assert_cmpuint(file->timeout_ms, ==, 90 * 1000);
}

static void target_is_beside_the_pom(Setup *setup, gconstpointer unused) {
    put(setup, "connector/pom.xml", "<project/>", 0644);
    put(setup, BUILD_FILE, "build: { pom: connector/pom.xml }", 0644);
    g_autoptr(BuildFile) file = read_good(setup);
    g_assert_cmpstr(file->artifact, ==, "connector/target/orders-*.jar");
}

static void nothing_said_is_the_default(Setup *setup, gconstpointer unused) {
    static const char *const texts[] = {
        "",           "# empty\n",   "build:\n",
        "build: ~\n", "build: {}\n", "build: { command: , artifact: null, pom: ~, timeout: }\n"};
    put(setup, "pom.xml", "<project/>", 0644);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        put(setup, BUILD_FILE, texts[i], 0644);
        g_autoptr(BuildFile) file = read_good(setup);
        assert_command(file, "mvn -B package");
    }
}

static void without_any_tool_it_must_be_said(Setup *setup, gconstpointer unused) {
    g_autoptr(BuildFile) file = read_file(setup);
    g_assert_null(file);
    g_autofree char *mistakes = diagnostics_format(setup->diagnostics, false);
    g_assert_nonnull(strstr(mistakes, ".sluice.yaml: nothing says how to build this\n"));
    assert_mistake(setup, "build: { command: [make] }", "nothing says where the artifact will be");
    put(setup, BUILD_FILE, "build: { command: [make], artifact: a.jar }", 0644);
    diagnostics_free(setup->diagnostics);
    setup->diagnostics = diagnostics_new();
    g_autoptr(BuildFile) made = read_good(setup);
    g_assert_null(made->pom);
}

static void mistakes_have_places(Setup *setup, gconstpointer unused) {
    put(setup, "pom.xml", "<project/>", 0644);
    assert_mistake(setup, "build:\n  comand: [make]\n", ".sluice.yaml:2:3: unknown key 'comand'");
    assert_mistake(setup, "build:\n  comand: [make]\n", "hint: did you mean 'command'?");
    assert_mistake(setup, "biuld: {}\n", ".sluice.yaml:1:1: unknown key 'biuld'");
    assert_mistake(setup, "[build]\n", ".sluice.yaml:1:1: it must be a mapping");
    assert_mistake(setup, "build: mvn\n", ".sluice.yaml:1:8: 'build' must be a mapping");
    assert_mistake(setup, "build: { command: mvn package }\n",
                   ".sluice.yaml:1:19: 'command' must be a list of words");
    assert_mistake(setup, "build: { command: [] }\n", "'command' must be a list of words");
    assert_mistake(setup, "build: { command: [[a]] }\n",
                   ".sluice.yaml:1:20: a word of 'command' must be text");
    assert_mistake(setup, "build: { command: [''] }\n", "a word of 'command' must be text");
    assert_mistake(setup, "build: { timeout: 7 }\n", ".sluice.yaml:1:19: 'timeout' must be a duration");
    assert_mistake(setup, "build: { timeout: 999ms }\n", "'timeout' must be a duration");
    assert_mistake(setup, "build: { timeout: 2d }\n", "'timeout' must be a duration");
    assert_mistake(setup, "build: { pom: other.xml }\n", ".sluice.yaml:1:15: there is no file");
    assert_mistake(setup, "build: { artifact: target/x.zip }\n",
                   ".sluice.yaml:1:20: 'artifact' must end in '.jar'");
    assert_mistake(setup, "build: { artifact: '*/x.jar' }\n", "may stand in the file's name only");
    assert_mistake(setup, "build: {\n", ".sluice.yaml:");
}

static void several_mistakes_come_at_once(Setup *setup, gconstpointer unused) {
    assert_mistake(setup, "build: { comand: [make], timeout: soon, artifact: ../x.jar }\n", "3 mistakes");
}

static void no_path_leaves_the_checkout(Setup *setup, gconstpointer unused) {
    static const char *const paths[] = {
        "/etc/passwd", "../x.jar", "a/../../x.jar", "a//x.jar", "./x.jar", "[a]",
        "''",          "..",       "'a\\x.jar'",    "{}"};
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *artifact = g_strdup_printf("build: { artifact: %s }\n", paths[i]);
        g_autofree char *pom = g_strdup_printf("build: { pom: %s }\n", paths[i]);
        assert_mistake(setup, artifact, "must be a path in the checkout");
        assert_mistake(setup, pom, "must be a path in the checkout");
    }
}

static void link_to(const Setup *setup, const char *target, const char *name) {
    g_autofree char *path = g_build_filename(setup->folder, name, NULL);
    g_assert_cmpint(symlink(target, path), ==, 0);
}

static void no_link_leaves_the_checkout(Setup *setup, gconstpointer unused) {
    link_to(setup, "/etc/passwd", "pom.xml");
    link_to(setup, "/etc", "conf");
    put(setup, "real/a.txt", "", 0644);
    link_to(setup, "real/a.txt", "inside");
    g_autofree char *outside = build_file_find(setup->folder, "pom.xml");
    g_autofree char *below = build_file_find(setup->folder, "conf/passwd");
    g_autofree char *inside = build_file_find(setup->folder, "inside");
    g_autofree char *folder = build_file_find(setup->folder, "real");
    g_assert_null(outside);
    g_assert_null(below);
    g_assert_null(folder);
    g_assert_true(g_str_has_suffix(inside, "/real/a.txt"));
    assert_mistake(setup, "build: { pom: conf/passwd }\n", "there is no file");
}

static void a_neighbour_with_a_longer_name_is_outside(Setup *setup, gconstpointer unused) {
    g_autofree char *neighbour = g_strconcat(setup->folder, "-evil", NULL);
    g_autofree char *file = g_build_filename(neighbour, "x", NULL);
    g_assert_true(files_write(file, "", 0, 0644, NULL));
    link_to(setup, file, "x");
    g_autofree char *found = build_file_find(setup->folder, "x");
    g_assert_null(found);
    g_assert_true(files_remove_tree(neighbour, NULL));
}

static void the_build_file_is_no_link_out(Setup *setup, gconstpointer unused) {
    link_to(setup, "/etc/passwd", BUILD_FILE);
    put(setup, "pom.xml", "<project/>", 0644);
    g_autoptr(BuildFile) file = read_file(setup);
    g_assert_null(file);
    g_autofree char *mistakes = diagnostics_format(setup->diagnostics, false);
    g_assert_null(strstr(mistakes, "root"));
    g_assert_nonnull(strstr(mistakes, "it is no file of the checkout"));
}

#define CASE(name) g_test_add("/build_file/" #name, Setup, NULL, set_up, name, tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    CASE(maven_has_defaults);
    CASE(the_artifact_is_as_the_coordinates_say);
    CASE(gradle_has_defaults);
    CASE(the_wrapper_of_gradle_is_taken_if_it_runs);
    CASE(maven_goes_before_gradle);
    CASE(all_of_it_can_be_said);
    CASE(target_is_beside_the_pom);
    CASE(nothing_said_is_the_default);
    CASE(without_any_tool_it_must_be_said);
    CASE(mistakes_have_places);
    CASE(several_mistakes_come_at_once);
    CASE(no_path_leaves_the_checkout);
    CASE(no_link_leaves_the_checkout);
    CASE(a_neighbour_with_a_longer_name_is_outside);
    CASE(the_build_file_is_no_link_out);
    return g_test_run();
}
