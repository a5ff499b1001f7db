/* SPDX-License-Identifier: Apache-2.0 */
/* A record of the state: its key on the first line, its JSON after it. What is taken is written and taken
 * again. */
#include <string.h>

#include "fuzz.h"
#include "store/records.h"

static void write_again(const char *key, const json_t *value) {
    g_autoptr(GError) error = NULL;
    if (!records_key_is(key, RECORD_RESOURCE))
        return;
    g_autoptr(ResourceRecord) record = resource_record_from_json(key, 1, value, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) written = resource_record_to_json(record);
    g_assert_true(records_check(key, written, &error));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    if (end == NULL)
        return 0;
    g_autoptr(GError) error = NULL;
    g_autofree char *key = g_strndup((const char *)data, (gsize)(end - data));
    g_autoptr(json_t) value =
        json_read((const char *)end + 1, size - (gsize)(end - data) - 1, "record", &error);
    if (value == NULL)
        return 0;
    bool taken = records_check(key, value, &error);
    g_assert_true(taken == (error == NULL));
    if (taken)
        write_again(key, value);
    return 0;
}
