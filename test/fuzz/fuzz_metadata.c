/* SPDX-License-Identifier: Apache-2.0 */
/* XML of strangers: maven-metadata.xml, a POM, settings.xml. What is chosen was listed, and what is written
 * is read. */
#include <string.h>

#include "fuzz.h"
#include "plugin/metadata.h"
#include "plugin/pom.h"
#include "plugin/settings.h"

static void check_written(const Metadata *metadata, const Coordinate *coordinate) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = metadata_format(metadata, coordinate, NULL, "20260131120000");
    g_autoptr(Metadata) again = metadata_parse(text, strlen(text), "again", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(metadata_choose(metadata, "release", NULL), ==, metadata_choose(again, "release", NULL));
}

static void read_metadata(const char *text, gsize length) {
    g_autoptr(Metadata) metadata = metadata_parse(text, length, "input", NULL);
    if (metadata == NULL)
        return;
    g_autoptr(Coordinate) coordinate = coordinate_parse("com.acme:orders", NULL);
    g_autofree char *snapshot = metadata_snapshot(metadata, coordinate, "1.5-SNAPSHOT");
    g_assert_null(strchr(snapshot, '/'));
    g_autofree char *described = metadata_describe(metadata);
    const char *latest = metadata_choose(metadata, "latest", NULL);
    g_assert_true((described == NULL) == (latest == NULL));
    check_written(metadata, coordinate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_metadata((const char *)data, size);
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(Pom) pom = pom_parse(bytes, "input", NULL);
    g_autoptr(Settings) settings = settings_parse((const char *)data, size, "input", NULL);
    if (settings != NULL) {
        settings_find_server(settings, "acme");
        settings_find_mirror(settings, "acme", "https://repo.acme.example/");
    }
    return 0;
}
