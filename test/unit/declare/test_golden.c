/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small declarations repositories, test/golden/declare/NN-NAME/, each with the expected.txt of everything
 * that is said about them: all mistakes and warnings of all environments, or else what they render to. A
 * folder that ends on
 * "-resolved" is read with secrets. UPDATE_GOLDEN=1 rewrites the expectations.
 */
#include <string.h>

#include "base/files.h"
#include "declare/declare.h"
#include "dump.h"

#define FILE_LIMIT ((gsize)8 * 1024 * 1024)

static char *golden_folder(void) {
    return g_test_build_filename(G_TEST_DIST, "..", "..", "golden", "declare", NULL);
}

/* The golden folders lie in a Git repository, which the declarations must not be taken for a part of. */
static void copy_tree(const char *from, const char *to) {
    g_auto(GStrv) names = files_list(from, NULL);
    for (guint i = 0; names[i] != NULL; i++) {
        g_autofree char *source = g_build_filename(from, names[i], NULL),
                        *target = g_build_filename(to, names[i], NULL);
        if (g_file_test(source, G_FILE_TEST_IS_DIR)) {
            copy_tree(source, target);
            continue;
        }
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = files_read(source, FILE_LIMIT, &error);
        g_assert_no_error(error);
        gsize length = 0;
        const char *data = g_bytes_get_data(bytes, &length);
        g_assert_true(files_write(target, data != NULL ? data : "", length, 0644, &error));
    }
}

/* "dev" where sluice.yaml is too broken to say. */
static char **environments_of(const char *root) {
    g_autoptr(Diagnostics) ignored = diagnostics_new();
    g_autoptr(Project) project = declare_read_project(root, NULL, ignored, NULL);
    return project != NULL ? g_strdupv(project->environments) : g_strsplit("dev", " ", -1);
}

static void load_one(const char *root, const char *name, const DeclareOptions *options,
                     Diagnostics *diagnostics, GString *rendered) {
    g_autoptr(GError) error = NULL;
    guint before = diagnostics_count(diagnostics, DIAGNOSTIC_ERROR);
    g_autoptr(Environment) environment = declare_load(root, name, options, diagnostics, &error);
    if (environment != NULL) {
        g_assert_no_error(error);
        g_autofree char *dump = environment_dump(environment);
        g_string_append(rendered, dump);
    } else if (!g_error_matches(error, DECLARE_ERROR, DECLARE_ERROR_INVALID)) {
        g_string_append_printf(rendered, "error: %s\n", error->message);
    } else {
        g_assert_cmpuint(diagnostics_count(diagnostics, DIAGNOSTIC_ERROR), >=, MAX(before, 1));
    }
}

static char *say_everything(const char *root, bool resolve) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    DeclareOptions options = {.resolve_secrets = resolve};
    g_auto(GStrv) names = environments_of(root);
    g_autoptr(GString) rendered = g_string_new(NULL);
    for (guint i = 0; names[i] != NULL; i++)
        load_one(root, names[i], &options, diagnostics, rendered);
    g_autofree char *mistakes = diagnostics_format(diagnostics, false);
    bool shown = diagnostics_count(diagnostics, DIAGNOSTIC_ERROR) == 0;
    g_autofree char *all = g_strconcat(mistakes, shown ? rendered->str : "", NULL);
    g_auto(GStrv) parts = g_strsplit(all, root, -1);
    return g_strjoinv("ROOT", parts);
}

static void check_golden(gconstpointer data) {
    const char *name = data;
    g_autofree char *golden = golden_folder();
    g_autofree char *folder = g_build_filename(golden, name, NULL);
    g_autofree char *expected_file = g_build_filename(folder, "expected.txt", NULL);
    g_autofree char *root = files_make_temporary(g_get_tmp_dir(), "sluice-golden-", NULL);
    copy_tree(folder, root);
    g_autofree char *said = say_everything(root, g_str_has_suffix(name, "-resolved"));
    files_remove_tree(root, NULL);
    if (g_getenv("UPDATE_GOLDEN") != NULL) {
        g_assert_true(files_write(expected_file, said, strlen(said), 0644, NULL));
        return;
    }
    g_autofree char *expected = files_read_text(expected_file, FILE_LIMIT, NULL);
    g_assert_cmpstr(said, ==, expected);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_setenv("GOLDEN_SECRET", "hunter2-from-the-environment", true);
    g_autofree char *golden = golden_folder();
    g_auto(GStrv) names = files_list(golden, NULL);
    for (guint i = 0; names[i] != NULL; i++) {
        g_autofree char *path = g_strdup_printf("/golden/%s", names[i]);
        g_test_add_data_func(path, names[i], check_golden);
    }
    return g_test_run();
}
