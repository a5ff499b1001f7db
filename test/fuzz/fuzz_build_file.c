/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a .sluice.yaml: a command, and paths that stay in the checkout, or mistakes. The checkout is
 * this machine's root, so that there are files to name. */
#include <string.h>

#include "fuzz.h"
#include "pipeline/build_file.h"

static void check_path(const char *path) {
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    for (char **name = names; *name != NULL; name++) {
        g_assert_cmpstr(*name, !=, "");
        g_assert_cmpstr(*name, !=, "..");
    }
}

static void check_file(const BuildFile *file) {
    g_assert_cmpuint(g_strv_length(file->command), >, 0);
    g_assert_cmpstr(file->command[0], !=, "");
    g_assert_cmpuint(file->timeout_ms, >=, 1000);
    g_assert_cmpuint(file->timeout_ms, <=, 24 * 60 * 60 * 1000);
    check_path(file->artifact);
    g_assert_true(g_str_has_suffix(file->artifact, ".jar"));
    if (file->pom == NULL)
        return;
    check_path(file->pom);
    g_autofree char *pom = build_file_find("/", file->pom);
    g_assert_nonnull(pom);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 64 * 1024)
        return 0;
    g_autoptr(Coordinate) coordinate = coordinate_parse("com.acme:orders", NULL);
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    const char *text = size > 0 ? (const char *)data : "";
    g_autoptr(BuildFile) file = build_file_parse(text, size, "/", coordinate, diagnostics);
    g_assert_true((file == NULL) == (diagnostics_count(diagnostics, DIAGNOSTIC_ERROR) > 0));
    g_autofree char *mistakes = diagnostics_format(diagnostics, false);
    g_assert_true(g_utf8_validate(mistakes, -1, NULL));
    if (file != NULL)
        check_file(file);
    return 0;
}
