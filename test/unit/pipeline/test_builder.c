/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/builder.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/process.h"

#define POM(version)                                                                 \
    "<project xmlns='http://maven.apache.org/POM/4.0.0'><groupId>com.acme</groupId>" \
    "<artifactId>orders</artifactId><version>" version "</version></project>\n"
#define BUILD(command) "build: { command: [sh, -c, '" command "'] }\n"
/* A build that makes a jar of what it is given: NAME TEXT [ENTRY TEXT]. */
#define JAR_SCRIPT                                                       \
    "import os, sys, zipfile\n"                                          \
    "name, text, more = sys.argv[1], sys.argv[2], sys.argv[3:]\n"        \
    "os.makedirs(os.path.dirname(name), exist_ok=True)\n"                \
    "with zipfile.ZipFile(name, 'w') as jar:\n"                          \
    "    jar.writestr(zipfile.ZipInfo('com/acme/Orders.class'), text)\n" \
    "    if more: jar.writestr(zipfile.ZipInfo(more[0]), more[1])\n"

typedef struct {
    char *folder, *checkout, *home, *log_path, *data;
    RunLog *log;
    GCancellable *cancellable;
    const char *const *env, *const *run;
} Setup;

static void set_up(Setup *setup, gconstpointer unused) {
    g_autofree char *made = g_dir_make_tmp("sluice-builder-XXXXXX", NULL);
    setup->folder = realpath(made, NULL);
    setup->checkout = g_build_filename(setup->folder, "checkout", NULL);
    setup->home = g_build_filename(setup->folder, "home", NULL);
    setup->log_path = g_build_filename(setup->folder, "log", NULL);
    setup->data = g_build_filename(setup->folder, "data", NULL);
    setup->log = run_log_open(setup->log_path, "build", NULL);
    setup->cancellable = g_cancellable_new();
}

static void tear_down(Setup *setup, gconstpointer unused) {
    run_log_free(setup->log);
    g_object_unref(setup->cancellable);
    g_assert_true(files_remove_tree(setup->folder, NULL));
    char *const texts[] = {setup->checkout, setup->home, setup->log_path, setup->data};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    free(setup->folder);
}

static void put(const char *folder, const char *name, const char *text) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_true(files_write(path, text, strlen(text), 0644, NULL));
}

static char *content(const char *folder, const char *name) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

/* A checkout whose build makes target/orders-VERSION.jar. */
static void put_plugin(const Setup *setup, const char *pom, const char *sluice) {
    put(setup->checkout, "jar.py", JAR_SCRIPT);
    put(setup->checkout, ".sluice.yaml", sluice);
    if (pom != NULL)
        put(setup->checkout, "pom.xml", pom);
}

static BuiltArtifact *build(Setup *setup, GError **error) {
    const BuildRequest request = {
        .folder = setup->checkout,
        .maven = "com.acme:orders",
        .env = setup->env,
        .run = setup->run,
        .home = setup->home,
        .log = setup->log,
        .cancellable = setup->cancellable,
    };
    return builder_build(&request, error);
}

static BuiltArtifact *build_good(Setup *setup) {
    g_autoptr(GError) error = NULL;
    BuiltArtifact *artifact = build(setup, &error);
    g_assert_no_error(error);
    g_assert_nonnull(artifact);
    return artifact;
}

static BuiltArtifact *build_simple(Setup *setup, const char *text) {
    g_autofree char *sluice = g_strdup_printf(BUILD("python3 jar.py target/orders-1.0.jar %s"), text);
    put_plugin(setup, POM("1.0"), sluice);
    return build_good(setup);
}

/* Fails with a message that holds `part`; the error is the caller's. */
static GError *build_fails(Setup *setup, int code, const char *part) {
    GError *error = NULL;
    g_assert_null(build(setup, &error));
    g_assert_error(error, PIPELINE_ERROR, code);
    if (strstr(error->message, part) == NULL)
        g_error("no '%s' in: %s", part, error->message);
    return error;
}

static void assert_build_fails(Setup *setup, int code, const char *part) {
    g_autoptr(GError) error = build_fails(setup, code, part);
}

static bool log_has(const Setup *setup, const char *part) {
    g_autofree char *text = content(setup->folder, "log");
    return strstr(text, part) != NULL;
}

static void assert_log(const Setup *setup, const char *part) {
    g_autofree char *text = content(setup->folder, "log");
    if (strstr(text, part) == NULL)
        g_error("no '%s' in: %s", part, text);
}

static bool is_gone_soon(const Setup *setup) {
    g_autofree char *pid = content(setup->checkout, "pid");
    g_assert_nonnull(pid);
    for (int tries = 0; tries < 500; tries++) {
        if (process_identify((GPid)g_ascii_strtoll(pid, NULL, 10)).started == 0)
            return true;
        g_usleep(20 * 1000);
    }
    return false;
}

/* --- Checking out --------------------------------------------------------------------------------------- */

static char *git(const char *folder, const char *const *arguments) {
    g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
    static const char *const first[] = {"git", "-c", "user.name=A", "-c", "user.email=a@acme.example", NULL};
    g_strv_builder_addv(argv, (const char **)first);
    g_strv_builder_addv(argv, (const char **)arguments);
    g_auto(GStrv) words = g_strv_builder_end(argv);
    g_autoptr(GError) error = NULL;
    char *output =
        process_output(&(ProcessSpec){.argv = (const char *const *)words, .directory = folder}, &error);
    g_assert_no_error(error);
    return output;
}
#define GIT(folder, ...) git(folder, (const char *const[]){__VA_ARGS__, NULL})

static char *commit(const char *folder, const char *text) {
    put(folder, "file", text);
    g_autofree char *added = GIT(folder, "add", "-A");
    g_autofree char *committed = GIT(folder, "commit", "-qm", "change");
    return GIT(folder, "rev-parse", "HEAD");
}

static void a_commit_is_checked_out_anew(Setup *setup, gconstpointer unused) {
    g_autofree char *source = g_build_filename(setup->folder, "source", NULL);
    put(source, ".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = https://h/x\n");
    put(source, "pom.xml", POM("1.0"));
    put(source, ".sluice.yaml", BUILD("cat file"));
    g_autofree char *made = GIT(source, "init", "-q");
    g_autofree char *first = commit(source, "first");
    g_autofree char *second = commit(source, "second");
    g_autoptr(GitRepository) mirror = git_open(source, NULL);
    put(setup->checkout, "left", "over");
    g_assert_true(builder_checkout(mirror, first, setup->checkout, NULL));
    g_autofree char *left = content(setup->checkout, "left");
    g_autofree char *file = content(setup->checkout, "file");
    g_autofree char *dot_git = g_build_filename(setup->checkout, ".git", NULL);
    g_assert_null(left);
    g_assert_cmpstr(file, ==, "first");
    g_assert_false(g_file_test(dot_git, G_FILE_TEST_EXISTS));
    g_assert_true(builder_checkout(mirror, second, setup->checkout, NULL));
    assert_build_fails(setup, PIPELINE_ERROR_INVALID, "the build made no 'target/orders-*.jar'");
    assert_log(setup, "build  second\n");
    assert_log(setup, "submodules are not checked out");
}

static void a_commit_that_is_not_there_is_an_error(Setup *setup, gconstpointer unused) {
    g_autofree char *source = g_build_filename(setup->folder, "source", NULL);
    g_assert_true(files_make_folder(source, NULL));
    g_autofree char *made = GIT(source, "init", "-q");
    g_autofree char *first = commit(source, "first");
    g_autoptr(GitRepository) mirror = git_open(source, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_false(
        builder_checkout(mirror, "1111111111111111111111111111111111111111", setup->checkout, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

/* --- Building ------------------------------------------------------------------------------------------- */

static void a_build_makes_an_artifact(Setup *setup, gconstpointer unused) {
    put_plugin(setup, POM("1.0"),
               BUILD("echo compiling; echo oh >&2; echo so; python3 jar.py target/orders-1.0.jar one"));
    g_autoptr(BuiltArtifact) artifact = build_good(setup);
    g_autofree char *sha256 = hash_file(HASH_SHA256, artifact->file, NULL);
    GStatBuf information;
    g_assert_cmpint(g_stat(artifact->file, &information), ==, 0);
    g_assert_true(g_str_has_suffix(artifact->file, "/checkout/target/orders-1.0.jar"));
    g_assert_true(g_str_has_suffix(artifact->pom, "/checkout/pom.xml"));
    g_assert_cmpstr(artifact->maven, ==, "com.acme:orders");
    g_assert_cmpstr(artifact->version, ==, "1.0");
    g_assert_cmpstr(artifact->sha256, ==, sha256);
    g_assert_cmpuint(artifact->size, ==, (guint64)information.st_size);
    g_autofree char *log = content(setup->folder, "log");
    static const char *const lines[] = {"build  $ sh -c echo compiling", "build  compiling\n", "build  oh\n",
                                        "build  so\n", "build  built com.acme:orders 1.0, "};
    const char *rest = log;
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        rest = strstr(rest, lines[i]);
        g_assert_nonnull(rest);
    }
}

static void a_build_sees_only_what_it_may(Setup *setup, gconstpointer unused) {
    static const char *const names[] = {"SLUICE_TEST_LISTED", "SLUICE_TEST_UNSET", "LC_ALL", NULL};
    g_setenv("SLUICE_TEST_SECRET", "recognisable", TRUE);
    g_setenv("SLUICE_TEST_LISTED", "listed", TRUE);
    g_setenv("LC_ALL", "C", TRUE);
    setup->env = names;
    put_plugin(setup, POM("1.0"), "build: { command: [env] }\n");
    assert_build_fails(setup, PIPELINE_ERROR_INVALID, "the build made no");
    g_autofree char *log = content(setup->folder, "log");
    g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
    const char *const expected[] = {
        "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "SLUICE_TEST_LISTED=listed", "HOME=", "TMPDIR=", "PATH=", "$ env"};
    g_assert_cmpuint(g_strv_length(lines), ==, G_N_ELEMENTS(expected) + 1);
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autofree char *part = g_strconcat("build  ", expected[i], NULL);
        assert_log(setup, part);
    }
    g_assert_false(log_has(setup, "recognisable"));
    g_unsetenv("LC_ALL");
}

static void secrets_it_may_see_are_masked(Setup *setup, gconstpointer unused) {
    static const char *const names[] = {"REPO_PASSWORD", "SLUICE_TEST_PROXY", "REPO_USER", NULL};
    g_setenv("REPO_PASSWORD", "hunter22", TRUE);
    g_setenv("SLUICE_TEST_PROXY", "http://me:swordfish@proxy.example:3128", TRUE);
    g_setenv("REPO_USER", "reader", TRUE);
    setup->env = names;
    put_plugin(setup, POM("1.0"),
               BUILD("env; test \"$REPO_PASSWORD\" = hunter22 && echo it is seen; exit 3"));
    g_autoptr(GError) error = build_fails(setup, PIPELINE_ERROR_COMMAND, "it is seen");
    g_autofree char *log = content(setup->folder, "log");
    g_assert_null(strstr(log, "hunter22\n"));
    assert_log(setup, "REPO_PASSWORD=•••\n");
    assert_log(setup, "REPO_USER=reader\n");
    assert_log(setup, "SLUICE_TEST_PROXY=http://me:•••@proxy.example:3128\n");
    g_assert_null(strstr(error->message, "=hunter22"));
    g_assert_null(strstr(error->message, "swordfish"));
}

static void the_servers_own_command_runs_the_build(Setup *setup, gconstpointer unused) {
    static const char *const run[] = {"sh", "-c", "echo in a cage; export CAGED=yes; exec \"$@\"", "cage",
                                      NULL};
    setup->run = run;
    put_plugin(setup, POM("1.0"), BUILD("python3 jar.py target/orders-1.0.jar caged-$CAGED"));
    g_autoptr(BuiltArtifact) artifact = build_good(setup);
    assert_log(setup, "in a cage\n");
    g_autofree char *bytes = NULL;
    gsize size = 0;
    g_assert_true(g_file_get_contents(artifact->file, &bytes, &size, NULL));
    g_assert_nonnull(memmem(bytes, size, "caged-yes", strlen("caged-yes")));
}

static void it_has_a_home_and_room_of_its_own(Setup *setup, gconstpointer unused) {
    put(setup->home, "cache", "kept");
    put(setup->home, "tmp/old", "gone");
    put_plugin(setup, POM("1.0"),
               BUILD("cat \"$HOME/cache\"; echo; ls -A \"$TMPDIR\"; touch \"$TMPDIR/x\" && echo written"));
    assert_build_fails(setup, PIPELINE_ERROR_INVALID, "the build made no");
    assert_log(setup, "build  kept\n");
    assert_log(setup, "build  written\n");
    g_assert_false(log_has(setup, "build  old\n"));
    GStatBuf information;
    g_assert_cmpint(g_stat(setup->home, &information), ==, 0);
    g_assert_cmpint(information.st_mode & 0777, ==, 0700);
}

static void a_failure_tells_its_last_lines(Setup *setup, gconstpointer unused) {
    put_plugin(setup, POM("1.0"),
               BUILD("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; done; exit 7"));
    g_autoptr(GError) error = build_fails(setup, PIPELINE_ERROR_COMMAND, "");
    g_assert_cmpstr(error->message, ==,
                    "the build 'sh' ended with status 7:\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\n"
                    "line 9\nline 10\nline 11\nline 12");
}

static void a_failure_without_words_is_told(Setup *setup, gconstpointer unused) {
    put_plugin(setup, POM("1.0"), "build: { command: ['false'] }\n");
    g_autoptr(GError) error = build_fails(setup, PIPELINE_ERROR_COMMAND, "");
    g_assert_cmpstr(error->message, ==, "the build 'false' ended with status 1");
}

static void a_late_build_is_ended_with_all_it_started(Setup *setup, gconstpointer unused) {
    put_plugin(setup, POM("1.0"),
               "build: { command: [sh, -c, 'sleep 300 & echo $! > pid; wait'], timeout: 2s }\n");
    g_autoptr(GError) error =
        build_fails(setup, PIPELINE_ERROR_COMMAND, "the build 'sh' did not end within 2 s");
    g_assert_nonnull(error_hint(error));
    g_assert_true(is_gone_soon(setup));
}

static gpointer cancel_once_begun(gpointer user_data) {
    const Setup *setup = user_data;
    while (!log_has(setup, "build  begun\n"))
        g_usleep(20 * 1000);
    g_cancellable_cancel(setup->cancellable);
    return NULL;
}

static void a_cancelled_build_is_ended_with_all_it_started(Setup *setup, gconstpointer unused) {
    put_plugin(setup, POM("1.0"), BUILD("sleep 300 & echo $! > pid; echo begun; wait"));
    GThread *thread = g_thread_new("cancel", cancel_once_begun, setup);
    g_autoptr(GError) error = NULL;
    g_assert_null(build(setup, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
    g_thread_join(thread);
    g_assert_true(is_gone_soon(setup));
}

static void nothing_runs_on_after_a_build(Setup *setup, gconstpointer unused) {
    put_plugin(setup, POM("1.0"),
               BUILD("sleep 300 & echo $! > pid; python3 jar.py target/orders-1.0.jar one"));
    g_autoptr(BuiltArtifact) artifact = build_good(setup);
    g_assert_true(is_gone_soon(setup));
}

static void a_missing_program_is_told(Setup *setup, gconstpointer unused) {
    put_plugin(setup, POM("1.0"), "build: { command: [sluice-no-such-program] }\n");
    g_autoptr(GError) error = NULL;
    g_assert_null(build(setup, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==, "cannot build: there is no program 'sluice-no-such-program'");
}

static void a_wrong_build_file_is_told_with_its_place(Setup *setup, gconstpointer unused) {
    put_plugin(setup, POM("1.0"), "build:\n  comand: [x]\n");
    assert_build_fails(setup, PIPELINE_ERROR_INVALID, ".sluice.yaml:2:3: unknown key 'comand'");
    g_assert_false(log_has(setup, "$ "));
}

static void wrong_coordinates_are_no_crash(Setup *setup, gconstpointer unused) {
    const BuildRequest request = {
        .folder = setup->checkout, .maven = "orders", .home = setup->home, .log = setup->log};
    g_autoptr(GError) error = NULL;
    g_assert_null(builder_build(&request, &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID);
}

/* --- What it made --------------------------------------------------------------------------------------- */

static void a_pom_of_something_else_is_refused_first(Setup *setup, gconstpointer unused) {
    put_plugin(setup,
               "<project><parent><groupId>com.acme</groupId><version>7</version></parent>"
               "<artifactId>stock</artifactId></project>",
               BUILD("echo begun"));
    assert_build_fails(setup, PIPELINE_ERROR_INVALID,
                       "pom.xml is of com.acme:stock, but sluice.yaml builds com.acme:orders");
    g_assert_false(log_has(setup, "begun"));
}

static void maven_knows_the_version_best(Setup *setup, gconstpointer unused) {
    put_plugin(
        setup, POM("${revision}"),
        BUILD("python3 jar.py target/orders-2.5.jar one META-INF/maven/com.acme/orders/pom.properties"
              " \"version = 2.5\"; touch target/orders-2.5-sources.jar target/original-orders-2.5.jar"));
    g_autoptr(BuiltArtifact) artifact = build_good(setup);
    g_assert_cmpstr(artifact->version, ==, "2.5");
    g_assert_true(g_str_has_suffix(artifact->file, "/orders-2.5.jar"));
    g_assert_null(artifact->pom);
    assert_log(setup, "pom.xml does not say 2.5 itself");
}

static void what_maven_flattened_is_its_pom(Setup *setup, gconstpointer unused) {
    put(setup->checkout, ".flattened-pom.xml", POM("2.5"));
    put_plugin(setup, POM("${revision}"), BUILD("python3 jar.py target/orders-2.5.jar one"));
    g_autoptr(BuiltArtifact) artifact = build_good(setup);
    g_assert_true(g_str_has_suffix(artifact->pom, "/.flattened-pom.xml"));
}

static void without_a_pom_the_name_says_the_version(Setup *setup, gconstpointer unused) {
    put(setup->checkout, "build.gradle", "");
    put_plugin(setup, NULL,
               BUILD("python3 jar.py build/libs/orders-3.1-SNAPSHOT.jar one;"
                     " python3 jar.py build/libs/orders-3.1-SNAPSHOT-sources.jar one"));
    g_autoptr(BuiltArtifact) artifact = build_good(setup);
    g_assert_cmpstr(artifact->version, ==, "3.1-SNAPSHOT");
    g_assert_null(artifact->pom);
}

static void another_place_can_be_said(Setup *setup, gconstpointer unused) {
    put_plugin(setup, POM("1.0"),
               "build: { command: [python3, jar.py, out/plugin-x.jar, one], artifact: out/plugin-?.jar }\n");
    g_autoptr(BuiltArtifact) artifact = build_good(setup);
    g_assert_true(g_str_has_suffix(artifact->file, "/out/plugin-x.jar"));
    g_assert_cmpstr(artifact->version, ==, "1.0");
}

static void several_artifacts_are_an_error(Setup *setup, gconstpointer unused) {
    put_plugin(
        setup, POM("1.0"),
        "build: { command: [sh, -c, 'mkdir out; for i in a b; do python3 jar.py out/$i.jar one; done'],"
        " artifact: 'out/*.jar' }\n");
    assert_build_fails(setup, PIPELINE_ERROR_INVALID, "could be the artifact: a.jar, b.jar");
}

static void another_version_is_not_the_artifact(Setup *setup, gconstpointer unused) {
    put_plugin(setup, POM("1.0"), BUILD("python3 jar.py target/orders-1.0-all.jar one"));
    assert_build_fails(setup, PIPELINE_ERROR_INVALID, "the build made no 'target/orders-*.jar'");
}

static void no_version_at_all_is_an_error(Setup *setup, gconstpointer unused) {
    put_plugin(setup, NULL, "build: { command: [python3, jar.py, out/x.jar, one], artifact: out/x.jar }\n");
    assert_build_fails(setup, PIPELINE_ERROR_INVALID, "cannot tell the version of 'x.jar'");
    put(setup->checkout, ".sluice.yaml",
        "build: { command: [python3, jar.py, 'out/orders-[1,2).jar', one], artifact: out/orders-*.jar }\n");
    assert_build_fails(setup, PIPELINE_ERROR_INVALID,
                       "cannot tell the version of 'orders-[1,2).jar': it says [1,2)");
}

static void an_artifact_is_no_link_out(Setup *setup, gconstpointer unused) {
    put(setup->folder, "secret.jar", "secret");
    put_plugin(setup, POM("1.0"), BUILD("mkdir target; ln -s ../../secret.jar target/orders-1.0.jar"));
    assert_build_fails(setup, PIPELINE_ERROR_INVALID, "the build made no");
    put_plugin(setup, POM("1.0"), BUILD("rm -r target; ln -s .. target; mv ../secret.jar ../orders-1.0.jar"));
    assert_build_fails(setup, PIPELINE_ERROR_INVALID, "the build made no");
}

/* --- Keeping -------------------------------------------------------------------------------------------- */

static void keep_good(Setup *setup, BuiltArtifact *artifact) {
    g_autoptr(GError) error = NULL;
    bool kept = builder_keep(artifact, setup->data, &error);
    g_assert_no_error(error);
    g_assert_true(kept);
}

static BuiltArtifact *kept(const Setup *setup, const BuiltArtifact *artifact, GError **error) {
    g_autofree char *name = g_path_get_basename(artifact->file);
    return builder_kept(setup->data, artifact->sha256, name, error);
}

static void what_is_kept_outlives_its_checkout(Setup *setup, gconstpointer unused) {
    g_autoptr(BuiltArtifact) artifact = build_simple(setup, "one");
    g_autofree char *expected =
        g_build_filename(setup->data, "artifacts", artifact->sha256, "orders-1.0.jar", NULL);
    keep_good(setup, artifact);
    g_assert_cmpstr(artifact->file, ==, expected);
    g_assert_true(files_remove_tree(setup->checkout, NULL));
    g_autoptr(BuiltArtifact) again = kept(setup, artifact, NULL);
    g_assert_cmpstr(again->file, ==, artifact->file);
    g_assert_cmpstr(again->pom, ==, artifact->pom);
    g_assert_cmpstr(again->maven, ==, artifact->maven);
    g_assert_cmpstr(again->version, ==, artifact->version);
    g_assert_cmpstr(again->sha256, ==, artifact->sha256);
    g_assert_cmpuint(again->size, ==, artifact->size);
    g_autofree char *pom = NULL;
    g_assert_true(g_file_get_contents(again->pom, &pom, NULL, NULL));
    g_assert_cmpstr(pom, ==, POM("1.0"));
}

static void keeping_twice_is_keeping(Setup *setup, gconstpointer unused) {
    g_autoptr(BuiltArtifact) artifact = build_simple(setup, "one");
    g_autoptr(BuiltArtifact) same = build_good(setup);
    keep_good(setup, artifact);
    keep_good(setup, same);
    keep_good(setup, same);
    g_assert_cmpstr(artifact->file, ==, same->file);
    g_autofree char *folder = g_path_get_dirname(same->file);
    g_auto(GStrv) names = files_list(folder, NULL);
    g_assert_cmpuint(g_strv_length(names), ==, 3);
}

static void a_file_that_changed_is_not_kept(Setup *setup, gconstpointer unused) {
    g_autoptr(BuiltArtifact) artifact = build_simple(setup, "one");
    put(setup->checkout, "target/orders-1.0.jar", "something else");
    g_autoptr(GError) error = NULL;
    g_assert_false(builder_keep(artifact, setup->data, &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED);
    g_autofree char *folder = g_build_filename(setup->data, "artifacts", artifact->sha256, NULL);
    g_auto(GStrv) names = files_list(folder, NULL);
    g_assert_cmpuint(g_strv_length(names), ==, 0);
}

static void what_was_damaged_is_not_there_and_mended(Setup *setup, gconstpointer unused) {
    g_autoptr(BuiltArtifact) artifact = build_simple(setup, "one");
    keep_good(setup, artifact);
    g_assert_true(g_file_set_contents(artifact->file, "damaged", -1, NULL));
    g_autoptr(GError) error = NULL;
    g_assert_null(kept(setup, artifact, &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND);
    g_autoptr(BuiltArtifact) same = build_good(setup);
    keep_good(setup, same);
    g_autoptr(BuiltArtifact) again = kept(setup, artifact, NULL);
    g_assert_nonnull(again);
}

static void only_names_are_looked_for(Setup *setup, gconstpointer unused) {
    g_autoptr(BuiltArtifact) artifact = build_simple(setup, "one");
    keep_good(setup, artifact);
    const struct {
        const char *sha256, *name;
    } wrong[] = {{artifact->sha256, "../x"}, {artifact->sha256, "orders-1.1.jar"},
                 {artifact->sha256, ""},     {"../../x", "orders-1.0.jar"},
                 {"abc", "orders-1.0.jar"},  {artifact->sha256, "."}};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(builder_kept(setup->data, wrong[i].sha256, wrong[i].name, &error));
        g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND);
    }
}

/* --- Publishing ----------------------------------------------------------------------------------------- */

static void free_spec(gpointer spec) {
    repository_spec_free(spec);
}

static GPtrArray *specs(const Setup *setup, const char *const *ids) {
    GPtrArray *all = g_ptr_array_new_with_free_func(free_spec);
    for (; *ids != NULL; ids++) {
        RepositorySpec *spec = g_new0(RepositorySpec, 1);
        spec->id = g_strdup(*ids);
        spec->url = g_build_filename(setup->folder, *ids, NULL);
        spec->username = g_strdup("someone");
        spec->password = g_strdup("hunter22");
        g_assert_true(files_make_folder(spec->url, NULL));
        g_ptr_array_add(all, spec);
    }
    return all;
}
#define SPECS(setup, ...) specs(setup, (const char *const[]){__VA_ARGS__, NULL})

static bool publish(Setup *setup, const BuiltArtifact *artifact, GPtrArray *repositories, const char *id,
                    Published **out, GError **error) {
    return builder_publish(artifact, repositories, id, setup->log, setup->cancellable, out, error);
}

static void a_release_is_published_once(Setup *setup, gconstpointer unused) {
    g_autoptr(GPtrArray) repositories = SPECS(setup, "acme");
    g_autoptr(BuiltArtifact) artifact = build_simple(setup, "one");
    g_autoptr(GError) error = NULL;
    keep_good(setup, artifact);
    g_autoptr(Published) first = NULL, second = NULL;
    g_assert_true(publish(setup, artifact, repositories, NULL, &first, NULL));
    g_assert_cmpstr(first->resolved, ==, "1.0");
    g_assert_false(first->existed);
    g_autofree char *pom = content(setup->folder, "acme/com/acme/orders/1.0/orders-1.0.pom");
    g_assert_cmpstr(pom, ==, POM("1.0"));
    g_assert_true(publish(setup, artifact, repositories, "acme", &second, NULL));
    g_assert_true(second->existed);
    g_autoptr(BuiltArtifact) other = build_simple(setup, "two");
    keep_good(setup, other);
    g_assert_false(publish(setup, other, repositories, "acme", NULL, &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_CONFLICT);
    g_assert_cmpstr(error->message, ==,
                    "1.0 of com.acme:orders is in the repository 'acme' with other bytes");
    g_assert_cmpstr(error_hint(error), ==, "raise the version in the POM");
    assert_log(setup, "publishing com.acme:orders 1.0 to 'acme'");
    assert_log(setup, "published as 1.0");
    assert_log(setup, "it is there already, byte for byte: 1.0");
}

static void a_snapshot_is_published_each_time(Setup *setup, gconstpointer unused) {
    g_autoptr(GPtrArray) repositories = SPECS(setup, "acme");
    put_plugin(setup, POM("1.5-SNAPSHOT"), BUILD("python3 jar.py target/orders-1.5-SNAPSHOT.jar one"));
    g_autoptr(BuiltArtifact) artifact = build_good(setup);
    keep_good(setup, artifact);
    g_autoptr(Published) first = NULL, second = NULL;
    g_assert_true(publish(setup, artifact, repositories, NULL, &first, NULL));
    g_assert_true(publish(setup, artifact, repositories, NULL, &second, NULL));
    g_assert_true(g_str_has_suffix(first->resolved, "-1"));
    g_assert_true(g_str_has_suffix(second->resolved, "-2"));
}

static void a_made_pom_has_its_coordinates(Setup *setup, gconstpointer unused) {
    g_autoptr(GPtrArray) repositories = SPECS(setup, "acme");
    put_plugin(setup, POM("${revision}"), BUILD("python3 jar.py target/orders-2.5.jar one"));
    g_autoptr(BuiltArtifact) artifact = build_good(setup);
    keep_good(setup, artifact);
    g_assert_true(publish(setup, artifact, repositories, NULL, NULL, NULL));
    g_autofree char *pom = content(setup->folder, "acme/com/acme/orders/2.5/orders-2.5.pom");
    g_assert_nonnull(strstr(pom, "<version>2.5</version>"));
}

static void which_repository_must_be_clear(Setup *setup, gconstpointer unused) {
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GPtrArray) two = SPECS(setup, "acme", "other");
    const BuiltArtifact artifact = {.maven = (char *)"com.acme:orders", .version = (char *)"1.0"};
    const struct {
        GPtrArray *repositories;
        const char *id, *message, *hint;
    } cases[] = {{none, NULL, "there is no repository to publish to", "name it"},
                 {two, NULL, "there are several repositories to publish to", "name it"},
                 {two, "acne", "there is no repository 'acne'", "did you mean 'acme'?"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(publish(setup, &artifact, cases[i].repositories, cases[i].id, NULL, &error));
        g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, cases[i].message);
        g_assert_true(g_str_has_prefix(error_hint(error), cases[i].hint));
    }
}

static void a_repository_that_fails_says_no_password(Setup *setup, gconstpointer unused) {
    g_autoptr(GPtrArray) repositories = SPECS(setup, "acme");
    RepositorySpec *spec = repositories->pdata[0];
    g_autoptr(BuiltArtifact) artifact = build_simple(setup, "one");
    keep_good(setup, artifact);
    g_free(spec->url);
    guint16 port = 0;
    g_assert_true(process_free_ports(1, &port, NULL));
    spec->url = g_strdup_printf("http://127.0.0.1:%u/maven", port);
    g_autoptr(GError) error = NULL;
    g_assert_false(publish(setup, artifact, repositories, NULL, NULL, &error));
    g_assert_true(g_str_has_prefix(error->message, "cannot publish to 'acme': "));
    g_assert_null(strstr(error->message, "hunter22"));
    g_assert_false(log_has(setup, "hunter22"));
}

#define CASE(name) g_test_add("/builder/" #name, Setup, NULL, set_up, name, tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    CASE(a_commit_is_checked_out_anew);
    CASE(a_commit_that_is_not_there_is_an_error);
    CASE(a_build_makes_an_artifact);
    CASE(a_build_sees_only_what_it_may);
    CASE(the_servers_own_command_runs_the_build);
    CASE(secrets_it_may_see_are_masked);
    CASE(it_has_a_home_and_room_of_its_own);
    CASE(a_failure_tells_its_last_lines);
    CASE(a_failure_without_words_is_told);
    CASE(a_late_build_is_ended_with_all_it_started);
    CASE(a_cancelled_build_is_ended_with_all_it_started);
    CASE(nothing_runs_on_after_a_build);
    CASE(a_missing_program_is_told);
    CASE(a_wrong_build_file_is_told_with_its_place);
    CASE(wrong_coordinates_are_no_crash);
    CASE(a_pom_of_something_else_is_refused_first);
    CASE(maven_knows_the_version_best);
    CASE(what_maven_flattened_is_its_pom);
    CASE(without_a_pom_the_name_says_the_version);
    CASE(another_place_can_be_said);
    CASE(several_artifacts_are_an_error);
    CASE(another_version_is_not_the_artifact);
    CASE(no_version_at_all_is_an_error);
    CASE(an_artifact_is_no_link_out);
    CASE(what_is_kept_outlives_its_checkout);
    CASE(keeping_twice_is_keeping);
    CASE(a_file_that_changed_is_not_kept);
    CASE(what_was_damaged_is_not_there_and_mended);
    CASE(only_names_are_looked_for);
    CASE(a_release_is_published_once);
    CASE(a_snapshot_is_published_each_time);
    CASE(a_made_pom_has_its_coordinates);
    CASE(which_repository_must_be_clear);
    CASE(a_repository_that_fails_says_no_password);
    return g_test_run();
}
