/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a webhook: whatever is said, what comes out is a few short addresses of one line that no
 * program takes for an option, or a refusal that can be shown. */
#include <string.h>

#include "fuzz.h"
#include "server/error.h"
#include "server/webhook_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) addresses = webhook_payload_addresses((const char *)data, size, &error);
    if (addresses == NULL) {
        g_assert_error(error, SERVER_ERROR, SERVER_ERROR_INVALID);
        return 0;
    }
    g_assert_no_error(error);
    guint count = g_strv_length(addresses);
    g_assert_true(count > 0 && count <= 4);
    for (guint i = 0; i < count; i++) {
        g_assert_true(addresses[i][0] != '-' && strlen(addresses[i]) <= 2048);
        g_assert_null(strpbrk(addresses[i], " \t\r\n"));
    }
    return 0;
}
