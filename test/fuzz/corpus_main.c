/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over a corpus, a test case per file: PROGRAM NAME FOLDER. Nothing at all is a case too.
 */
#include <glib.h>

#include "base/files.h"
#include "fuzz.h"

#define INPUT_LIMIT ((gsize)1024 * 1024)

/* In a block of its exact size, so that the address sanitizer sees a byte too far. */
static void run_file(gconstpointer path) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = files_read(path, INPUT_LIMIT, &error);
    g_assert_no_error(error);
    gsize size;
    gconstpointer data = g_bytes_get_data(bytes, &size);
    g_autofree uint8_t *copy = g_memdup2(data, size);
    LLVMFuzzerTestOneInput(copy, size);
}

static void run_nothing(void) {
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    if (argc != 3) {
        g_printerr("usage: %s NAME FOLDER\n", argv[0]);
        return 2;
    }
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) names = files_list(argv[2], &error);
    g_assert_no_error(error);
    g_autofree char *nothing = g_strdup_printf("/fuzz/%s/nothing at all", argv[1]);
    g_test_add_func(nothing, run_nothing);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *title = g_strdup_printf("/fuzz/%s/%s", argv[1], *name);
        g_test_add_data_func_full(title, g_build_filename(argv[2], *name, NULL), run_file, g_free);
    }
    return g_test_run();
}
