/* SPDX-License-Identifier: Apache-2.0 */
/* Coordinates and versions as people and repositories write them: a line each. Paths stay inside, and the
 * order of versions is one. */
#include <string.h>

#include "fuzz.h"
#include "plugin/coordinate.h"
#include "plugin/credentials.h"
#include "plugin/names.h"
#include "plugin/version.h"

enum { LINES = 3 };

static void check_coordinate(const char *text) {
    const char *why = NULL;
    g_autoptr(Coordinate) coordinate = coordinate_parse(text, &why);
    g_assert_true((coordinate == NULL) == (why != NULL));
    if (coordinate == NULL)
        return;
    g_autofree char *path = coordinate_path(coordinate, "1", "1");
    g_assert_true(path_is_contained(path));
    g_autofree char *again = coordinate_to_text(coordinate);
    g_autoptr(Coordinate) parsed = coordinate_parse(again, NULL);
    g_assert_nonnull(parsed);
}

static int sign(int order) {
    return (order > 0) - (order < 0);
}

static void check_order(const char *left, const char *right) {
    g_assert_cmpint(sign(version_compare(left, right)), ==, -sign(version_compare(right, left)));
    g_assert_cmpint(version_compare(left, left), ==, 0);
}

static void check_request(const char *requested, const char *version) {
    const char *why = NULL;
    if (!version_request_is_valid(requested, &why)) {
        g_assert_nonnull(why);
        return;
    }
    version_request_kind(requested);
    version_matches(requested, version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autofree char *text = g_strndup((const char *)data, MIN(size, 4096));
    g_auto(GStrv) lines = g_strsplit(text, "\n", LINES);
    g_autoptr(Credentials) credentials = g_new0(Credentials, 1);
    credentials_parse_netrc(text, "repo", credentials);
    if (g_strv_length(lines) < LINES)
        return 0;
    check_coordinate(lines[0]);
    check_request(lines[1], lines[2]);
    check_order(lines[1], lines[2]);
    return 0;
}
