/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/coordinate.h"

static void test_parts(void) {
    g_autoptr(Coordinate) full = coordinate_parse("com.acme:orders-source:zip:all", NULL);
    g_assert_cmpstr(full->group, ==, "com.acme");
    g_assert_cmpstr(full->artifact, ==, "orders-source");
    g_assert_cmpstr(full->extension, ==, "zip");
    g_assert_cmpstr(full->classifier, ==, "all");
    g_autoptr(Coordinate) plain = coordinate_parse("com.acme:orders-source", NULL);
    g_assert_cmpstr(plain->extension, ==, "jar");
    g_assert_null(plain->classifier);
}

static void test_malformed(void) {
    static const char *const malformed[] = {
        "",      "acme",     "com.acme:", ":orders", "a:b:c:d:e",  "com..acme:x", "../x:y",
        "a/b:c", "a:b/../c", "a:b:jar:",  "a: b",    "a:b:zip:..", ".a:b",        "a.:b",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(malformed); i++) {
        const char *why = NULL;
        g_assert_null(coordinate_parse(malformed[i], &why));
        g_assert_nonnull(why);
    }
}

static void test_text(void) {
    static const char *const texts[] = {"com.acme:orders", "com.acme:orders:zip", "com.acme:orders:jar:all"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(Coordinate) coordinate = coordinate_parse(texts[i], NULL);
        g_autofree char *text = coordinate_to_text(coordinate);
        g_assert_cmpstr(text, ==, texts[i]);
    }
}

static void test_path(void) {
    g_autoptr(Coordinate) coordinate = coordinate_parse("com.acme:orders:zip:all", NULL);
    g_autofree char *release = coordinate_path(coordinate, "1.4.2", "1.4.2");
    g_assert_cmpstr(release, ==, "com/acme/orders/1.4.2/orders-1.4.2-all.zip");
    g_autofree char *snapshot = coordinate_path(coordinate, "1.5-SNAPSHOT", "1.5-20260131.120000-3");
    g_assert_cmpstr(snapshot, ==, "com/acme/orders/1.5-SNAPSHOT/orders-1.5-20260131.120000-3-all.zip");
    g_autoptr(Coordinate) pom = coordinate_sibling(coordinate, "pom");
    g_autofree char *pom_path = coordinate_path(pom, "1.4.2", "1.4.2");
    g_assert_cmpstr(pom_path, ==, "com/acme/orders/1.4.2/orders-1.4.2.pom");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plugin/coordinate/has two to four parts", test_parts);
    g_test_add_func("/plugin/coordinate/malformed ones say why", test_malformed);
    g_test_add_func("/plugin/coordinate/reads back as written", test_text);
    g_test_add_func("/plugin/coordinate/follows Maven's layout", test_path);
    return g_test_run();
}
