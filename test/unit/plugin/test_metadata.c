/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "plugin/metadata.h"

#define ARTIFACT(versioning)                                                                                \
    "<?xml "                                                                                                \
    "version='1.0'?><metadata><groupId>com.acme</groupId><artifactId>o</artifactId><versioning>" versioning \
    "</versioning></metadata>"

static Metadata *parse(const char *text) {
    g_autoptr(GError) error = NULL;
    Metadata *metadata = metadata_parse(text, strlen(text), "maven-metadata.xml", &error);
    g_assert_no_error(error);
    return metadata;
}

static const char listed[] =
    ARTIFACT("<latest>1.4.3</latest><release>1.4.3</release><versions><version>1.4.2</version>"
             "<version>1.10.0</version><version>1.9.0</version><version> 2.0-SNAPSHOT </version>"
             "<version>1.4.3</version><version>../evil</version><version/></versions>");

static void test_choose(void) {
    static const char *const refused[] = {"1.10.0", "2.0-SNAPSHOT", NULL};
    static const struct {
        const char *requested;
        bool refuse;
        const char *chosen;
    } cases[] = {
        {"latest", false, "2.0-SNAPSHOT"},
        {"release", false, "1.10.0"},
        {"[1.4,1.10)", false, "1.9.0"},
        {"[1.0,3.0)", false, "1.10.0"},
        {"[1.0,2.0-SNAPSHOT]", false, "2.0-SNAPSHOT"},
        {"[3.0,)", false, NULL},
        {"latest", true, "1.9.0"},
        {"release", true, "1.9.0"},
        {"(1.9.0,)", true, NULL},
    };
    g_autoptr(Metadata) metadata = parse(listed);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(metadata_choose(metadata, cases[i].requested, cases[i].refuse ? refused : NULL), ==,
                        cases[i].chosen);
    g_autofree char *described = metadata_describe(metadata);
    g_assert_cmpstr(described, ==, "2.0-SNAPSHOT, 1.10.0, 1.9.0, 1.4.3, 1.4.2");
}

static void test_without_list(void) {
    g_autoptr(Metadata) metadata = parse(ARTIFACT("<latest>1.5</latest><release>1.4</release>"));
    g_assert_cmpstr(metadata_choose(metadata, "latest", NULL), ==, "1.5");
    g_autoptr(Metadata) empty = parse("<metadata/>");
    g_assert_null(metadata_choose(empty, "latest", NULL));
}

#define FILE_OF(extension, classifier, value)                                          \
    "<snapshotVersion>" classifier "<extension>" extension "</extension><value>" value \
    "</value><updated>20260131120000</updated></snapshotVersion>"

static void test_snapshot(void) {
    g_autoptr(Coordinate) jar = coordinate_parse("com.acme:o", NULL);
    g_autoptr(Coordinate) all = coordinate_parse("com.acme:o:zip:all", NULL);
    g_autoptr(Coordinate) other = coordinate_parse("com.acme:o:tgz", NULL);
    g_autoptr(Metadata) metadata = parse(ARTIFACT(
        "<snapshot><timestamp>20260131.120000</timestamp><buildNumber>3</buildNumber></snapshot>"
        "<snapshotVersions>" FILE_OF("jar", "", "1.5-20260131.120000-3")
            FILE_OF("zip", "<classifier>all</classifier>", "1.5-20260101.000000-1") "</snapshotVersions>"));
    g_autofree char *of_jar = metadata_snapshot(metadata, jar, "1.5-SNAPSHOT");
    g_autofree char *of_all = metadata_snapshot(metadata, all, "1.5-SNAPSHOT");
    g_autofree char *of_other = metadata_snapshot(metadata, other, "1.5-SNAPSHOT");
    g_assert_cmpstr(of_jar, ==, "1.5-20260131.120000-3");
    g_assert_cmpstr(of_all, ==, "1.5-20260101.000000-1");
    g_assert_cmpstr(of_other, ==, "1.5-20260131.120000-3");
    g_autoptr(Metadata) nothing = parse("<metadata/>");
    g_autofree char *plain = metadata_snapshot(nothing, jar, "1.5-SNAPSHOT");
    g_assert_cmpstr(plain, ==, "1.5-SNAPSHOT");
}

static void test_round_trip(void) {
    g_autoptr(Coordinate) coordinate = coordinate_parse("com.acme:o", NULL);
    g_autoptr(Metadata) metadata = parse(listed);
    metadata_add_version(metadata, "1.11");
    metadata_add_version(metadata, "1.11");
    g_autofree char *text = metadata_format(metadata, coordinate, NULL, "20260131120000");
    g_assert_nonnull(strstr(text, "<release>1.11</release>"));
    g_autoptr(Metadata) again = parse(text);
    g_assert_cmpuint(again->versions->len, ==, 6);
    g_assert_cmpstr(metadata_choose(again, "release", NULL), ==, "1.11");
}

static void test_refused(void) {
    static const char *const texts[] = {
        "",
        "{}",
        "<metadata>",
        "<project/>",
        "<!DOCTYPE metadata [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><metadata>&x;</metadata>",
        "<!DOCTYPE metadata SYSTEM 'http://127.0.0.1:1/x.dtd'><metadata/>",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(metadata_parse(texts[i], strlen(texts[i]), "m.xml", &error));
        g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT);
        g_assert_true(g_str_has_prefix(error->message, "m.xml"));
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plugin/metadata/the highest version that is asked for and not refused", test_choose);
    g_test_add_func("/plugin/metadata/without a list, latest and release are known", test_without_list);
    g_test_add_func("/plugin/metadata/a SNAPSHOT is its newest build", test_snapshot);
    g_test_add_func("/plugin/metadata/reads what it wrote", test_round_trip);
    g_test_add_func("/plugin/metadata/no entities, no document type, no other root", test_refused);
    return g_test_run();
}
