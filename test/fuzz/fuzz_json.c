/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON: what is read has a canonical form, and that form is read as the same. */
#include <string.h>

#include "base/json.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = json_read((const char *)data, size, "input", &error);
    g_assert_true((value == NULL) == (error != NULL));
    if (value == NULL)
        return 0;
    g_autofree char *canonical = json_canonical(value);
    g_autoptr(json_t) again = json_read(canonical, strlen(canonical), "canonical form", &error);
    g_assert_no_error(error);
    g_assert_true(json_equal(value, again));
    return 0;
}
