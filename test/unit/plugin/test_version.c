/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/version.h"

/* Each row ascends; what Maven's own ComparableVersion says of the same texts. */
static const char *const ascending[][12] = {
    {"1-alpha-1", "1-alpha-2", "1-beta-1", "1-m1", "1-rc-1", "1-SNAPSHOT", "1", "1-sp", "1-foo", "1-1",
     "1.1"},
    {"1.0.0", "1.0.1", "1.1", "1.2", "1.9", "1.10", "1.10.1", "2"},
    {"2.7.0.Alpha1", "2.7.0.Beta1", "2.7.0.CR1", "2.7.0.CR2", "2.7.0.Final", "2.7.1.Alpha1"},
    {"1.5-alpha", "1.5-20260131.120000", "1.5.1"},
    {"1.5-20260131.120000-3", "1.5-20260131.120000-10", "1.5-20260201.000000-1"},
    {"7.9.0", "7.9.1", "7.9.1-ccs", "7.9.1-ce", "7.9.2", "7.10.0"},
    {"0.9", "1-0.1", "1.0.1", "12345678901234567890", "12345678901234567891"},
    {"1.0-alpha2", "1.0-a10", "1.0-beta"},
};

static const char *const equal[][2] = {
    {"1", "1.0.0"},     {"1", "1-ga"},        {"1.0", "1.final"},   {"1.0.RELEASE", "1"},
    {"1-cr1", "1-rc1"}, {"1a1", "1-alpha-1"}, {"1b2", "1.0.beta2"}, {"1m3", "1-milestone-3"},
    {"01.002", "1.2"},  {"1-RC1", "1rc1"},    {"1.0.0-0", "1"},     {"1.0.rc1", "1-rc1"},
};

static void test_ascending(void) {
    for (gsize row = 0; row < G_N_ELEMENTS(ascending); row++)
        for (gsize i = 0; ascending[row][i] != NULL; i++)
            for (gsize j = 0; ascending[row][j] != NULL; j++) {
                int order = version_compare(ascending[row][i], ascending[row][j]);
                g_test_message("%s %s", ascending[row][i], ascending[row][j]);
                g_assert_cmpint((order > 0) - (order < 0), ==, (i > j) - (i < j));
            }
}

static void test_equal(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(equal); i++) {
        g_test_message("%s %s", equal[i][0], equal[i][1]);
        g_assert_cmpint(version_compare(equal[i][0], equal[i][1]), ==, 0);
        g_assert_cmpint(version_compare(equal[i][1], equal[i][0]), ==, 0);
    }
}

static void test_ranges(void) {
    static const struct {
        const char *range;
        const char *version;
        bool matches;
    } cases[] = {
        {"[1.4,2.0)", "1.4", true},
        {"[1.4,2.0)", "1.10", true},
        {"[1.4,2.0)", "2.0", false},
        {"[1.4,2.0)", "1.3.9", false},
        {"(1.4,2.0]", "1.4.0", false},
        {"(1.4,2.0]", "2", true},
        {"[1.4]", "1.4.0", true},
        {"[1.4]", "1.4.1", false},
        {"[1.0,2.0),(3.0,)", "2.5", false},
        {"[1.0,2.0) , (3.0,)", "99", true},
        {"(,1.0]", "0.1", true},
        {"(,1.0],[1.2,)", "1.1", false},
        {"(,)", "7", true},
        {"1.4", "1.4", true},
        {"1.4", "1.4.0", false},
        {"[1.4,2.0)", "2.0-rc1", true},
        {"[1.4,2.0", "1.5", false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s %s", cases[i].range, cases[i].version);
        g_assert_cmpint(version_matches(cases[i].range, cases[i].version), ==, cases[i].matches);
    }
}

static void test_valid_requests(void) {
    static const struct {
        const char *requested;
        VersionRequestKind kind;
    } cases[] = {
        {"1.4.2", VERSION_EXACT},           {"[1.4,2.0)", VERSION_RANGE},   {"latest", VERSION_LATEST},
        {"LATEST", VERSION_LATEST},         {"release", VERSION_RELEASE},   {"promoted", VERSION_PROMOTED},
        {"1.5-SNAPSHOT", VERSION_SNAPSHOT}, {"2.7.0.Final", VERSION_EXACT}, {"(,1.0],[1.2,)", VERSION_RANGE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *why = NULL;
        g_assert_true(version_request_is_valid(cases[i].requested, &why));
        g_assert_null(why);
        g_assert_cmpint(version_request_kind(cases[i].requested), ==, cases[i].kind);
    }
}

static void test_malformed_requests(void) {
    static const char *const malformed[] = {
        "",      " ",      "1.4 ",       "../1",    "1..2", "a/b",       "[1.4", "[1.4,1.0]", "(1.0)",
        "[1.0)", "[1,2)x", "[1,2)[3,4)", "[1,2,3]", "[]",   "[1.0,1.0)", "${x}", "-1",        "[1,2),",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(malformed); i++) {
        const char *why = NULL;
        g_test_message("%s", malformed[i]);
        g_assert_false(version_request_is_valid(malformed[i], &why));
        g_assert_nonnull(why);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plugin/version/orders as Maven does", test_ascending);
    g_test_add_func("/plugin/version/what says nothing is left out", test_equal);
    g_test_add_func("/plugin/version/ranges hold what lies between their ends", test_ranges);
    g_test_add_func("/plugin/version/requests are of six kinds", test_valid_requests);
    g_test_add_func("/plugin/version/malformed requests say why", test_malformed_requests);
    return g_test_run();
}
