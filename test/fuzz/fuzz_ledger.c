/* SPDX-License-Identifier: Apache-2.0 */
/* A record of the server's store: its key on the first line, its JSON after it. What is taken is written and
 * taken again. */
#include <string.h>

#include "fuzz.h"
#include "store/ledger_records.h"

static void take_run(const char *key, const json_t *value) {
    g_autoptr(GError) error = NULL;
    g_autoptr(RunRecord) run = run_record_from_json(key, 1, value, &error);
    g_assert_true((run != NULL) == (error == NULL));
    if (run == NULL)
        return;
    g_autoptr(RunRecord) copy = run_record_copy(run);
    g_autoptr(json_t) written = run_record_to_json(copy);
    g_autoptr(RunRecord) again = run_record_from_json(key, 1, written, &error);
    g_assert_no_error(error);
}

static void take_mark(const char *key, const json_t *value) {
    g_autoptr(GError) error = NULL;
    g_autoptr(MarkRecord) mark = mark_record_from_json(key, 1, value, &error);
    g_assert_true((mark != NULL) == (error == NULL));
    if (mark == NULL)
        return;
    g_autoptr(json_t) written = mark_record_to_json(mark);
    g_autoptr(MarkRecord) again = mark_record_from_json(key, 1, written, &error);
    g_assert_no_error(error);
}

static void take_source(const char *key, const json_t *value) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SourceRecord) source = source_record_from_json(key, 1, value, &error);
    g_assert_true((source != NULL) == (error == NULL));
    if (source == NULL)
        return;
    g_autoptr(json_t) written = source_record_to_json(source);
    g_autoptr(SourceRecord) again = source_record_from_json(key, 1, written, &error);
    g_assert_no_error(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct {
        const char *prefix;
        void (*take)(const char *key, const json_t *value);
    } kinds[] = {{"run/", take_run}, {"mark/", take_mark}, {"source/", take_source}};
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    if (end == NULL)
        return 0;
    g_autoptr(GError) error = NULL;
    g_autofree char *key = g_strndup((const char *)data, (gsize)(end - data));
    g_autoptr(json_t) value =
        json_read((const char *)end + 1, size - (gsize)(end - data) - 1, "record", &error);
    for (gsize i = 0; value != NULL && i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_prefix(key, kinds[i].prefix))
            kinds[i].take(key, value);
    return 0;
}
