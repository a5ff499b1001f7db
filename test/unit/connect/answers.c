/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"

char *answer_text(const char *name) {
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "answers", name, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

json_t *answer_json(const char *name) {
    g_autofree char *text = answer_text(name);
    g_autoptr(GError) error = NULL;
    json_t *json = json_read(text, strlen(text), name, &error);
    g_assert_no_error(error);
    return json;
}

char *answer_message(const char *name) {
    g_autoptr(json_t) json = answer_json(name);
    return g_strdup(json_get_string(json, "message"));
}
