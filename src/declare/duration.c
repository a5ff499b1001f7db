/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/duration.h"

#include <string.h>

static const struct {
    const char *unit;
    gint64 milliseconds;
} UNITS[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24 * 3600 * 1000}};

bool duration_parse(const char *text, gint64 *milliseconds) {
    gsize digits = strspn(text, "0123456789");
    g_autofree char *number = g_strndup(text, digits);
    gint64 count = 0;
    if (!g_ascii_string_to_signed(number, 10, 0, G_MAXINT64, &count, NULL))
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(UNITS); i++)
        if (g_str_equal(text + digits, UNITS[i].unit))
            return !__builtin_mul_overflow(count, UNITS[i].milliseconds, milliseconds);
    return false;
}

char *duration_text(gint64 milliseconds) {
    gsize unit = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(UNITS); i++)
        if (milliseconds % UNITS[i].milliseconds == 0)
            unit = i;
    return g_strdup_printf("%" G_GINT64_FORMAT "%s", milliseconds / UNITS[unit].milliseconds,
                           UNITS[unit].unit);
}
