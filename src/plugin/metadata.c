/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/metadata.h"

#include <string.h>

#include "plugin/version.h"
#include "plugin/xml.h"

enum { DESCRIBED_VERSIONS = 5 };

static void snapshot_file_free(gpointer data) {
    SnapshotFile *file = data;
    g_free(file->extension);
    g_free(file->classifier);
    g_free(file->value);
    g_free(file->updated);
    g_free(file);
}

Metadata *metadata_new(void) {
    Metadata *metadata = g_new0(Metadata, 1);
    metadata->versions = g_ptr_array_new_with_free_func(g_free);
    metadata->files = g_ptr_array_new_with_free_func(snapshot_file_free);
    return metadata;
}

void metadata_free(Metadata *metadata) {
    if (metadata == NULL)
        return;
    g_ptr_array_unref(metadata->versions);
    g_ptr_array_unref(metadata->files);
    g_free(metadata->timestamp);
    g_free(metadata);
}

static void add_valid_version(Metadata *metadata, char *text) {
    g_autofree char *version = text;
    if (version != NULL && version_is_valid(version))
        g_ptr_array_add(metadata->versions, g_steal_pointer(&version));
}

/* Some repositories list no versions: then these two are what is known. */
static void read_versions(const xmlNode *versioning, Metadata *metadata) {
    const xmlNode *node = xml_child(xml_child(versioning, "versions"), "version");
    for (; node != NULL; node = xml_next(node))
        add_valid_version(metadata, xml_text(node));
    if (metadata->versions->len > 0)
        return;
    add_valid_version(metadata, xml_child_text(versioning, "release"));
    add_valid_version(metadata, xml_child_text(versioning, "latest"));
}

static void read_files(const xmlNode *versioning, Metadata *metadata) {
    const xmlNode *node = xml_child(xml_child(versioning, "snapshotVersions"), "snapshotVersion");
    for (; node != NULL; node = xml_next(node)) {
        g_autofree char *extension = xml_child_text(node, "extension");
        g_autofree char *classifier = xml_child_text(node, "classifier");
        g_autofree char *value = xml_child_text(node, "value");
        g_autofree char *updated = xml_child_text(node, "updated");
        if (extension != NULL && value != NULL && version_is_valid(value))
            metadata_set_file(metadata, extension, classifier, value, updated);
    }
}

static void read_build(const xmlNode *versioning, Metadata *metadata) {
    const xmlNode *snapshot = xml_child(versioning, "snapshot");
    g_autofree char *timestamp = xml_child_text(snapshot, "timestamp");
    g_autofree char *number = xml_child_text(snapshot, "buildNumber");
    guint64 build_number;
    if (timestamp == NULL || !version_is_valid(timestamp) || number == NULL ||
        !g_ascii_string_to_unsigned(number, 10, 0, G_MAXINT, &build_number, NULL))
        return;
    metadata->timestamp = g_steal_pointer(&timestamp);
    metadata->build_number = (guint)build_number;
}

Metadata *metadata_parse(const char *text, gsize length, const char *name, GError **error) {
    g_autoptr(xmlDoc) document = xml_read(text, length, name, "metadata", error);
    if (document == NULL)
        return NULL;
    const xmlNode *versioning = xml_child(xmlDocGetRootElement(document), "versioning");
    Metadata *metadata = metadata_new();
    read_versions(versioning, metadata);
    read_build(versioning, metadata);
    read_files(versioning, metadata);
    return metadata;
}

static bool is_wanted(const char *version, const char *requested, const char *const *refuse) {
    if (refuse != NULL && g_strv_contains(refuse, version))
        return false;
    if (version_is_snapshot(version) && !version_request_takes_snapshots(requested))
        return false;
    return version_request_kind(requested) != VERSION_RANGE || version_matches(requested, version);
}

const char *metadata_choose(const Metadata *metadata, const char *requested, const char *const *refuse) {
    const char *best = NULL;
    for (guint i = 0; i < metadata->versions->len; i++) {
        const char *version = metadata->versions->pdata[i];
        if (is_wanted(version, requested, refuse) && (best == NULL || version_compare(version, best) >= 0))
            best = version;
    }
    return best;
}

static SnapshotFile *find_file(const Metadata *metadata, const char *extension, const char *classifier) {
    for (guint i = 0; i < metadata->files->len; i++) {
        SnapshotFile *file = metadata->files->pdata[i];
        if (g_str_equal(file->extension, extension) && g_strcmp0(file->classifier, classifier) == 0)
            return file;
    }
    return NULL;
}

char *metadata_snapshot(const Metadata *metadata, const Coordinate *coordinate, const char *version) {
    const SnapshotFile *file = find_file(metadata, coordinate->extension, coordinate->classifier);
    if (file != NULL)
        return g_strdup(file->value);
    if (metadata->timestamp == NULL)
        return g_strdup(version);
    g_autofree char *base = g_strndup(version, strlen(version) - strlen("SNAPSHOT"));
    return g_strdup_printf("%s%s-%u", base, metadata->timestamp, metadata->build_number);
}

static int compare_descending(gconstpointer left, gconstpointer right) {
    return version_compare(*(const char *const *)right, *(const char *const *)left);
}

char *metadata_describe(const Metadata *metadata) {
    if (metadata->versions->len == 0)
        return NULL;
    g_autoptr(GPtrArray) sorted = g_ptr_array_copy(metadata->versions, NULL, NULL);
    g_ptr_array_set_free_func(sorted, NULL);
    g_ptr_array_sort(sorted, compare_descending);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < MIN(sorted->len, DESCRIBED_VERSIONS); i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", (const char *)sorted->pdata[i]);
    if (sorted->len > DESCRIBED_VERSIONS)
        g_string_append(text, ", …");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

void metadata_add_version(Metadata *metadata, const char *version) {
    for (guint i = 0; i < metadata->versions->len; i++)
        if (g_str_equal(metadata->versions->pdata[i], version))
            return;
    g_ptr_array_add(metadata->versions, g_strdup(version));
}

void metadata_set_file(Metadata *metadata, const char *extension, const char *classifier, const char *value,
                       const char *updated) {
    SnapshotFile *file = find_file(metadata, extension, classifier);
    if (file != NULL)
        g_ptr_array_remove(metadata->files, file);
    file = g_new0(SnapshotFile, 1);
    file->extension = g_strdup(extension);
    file->classifier = g_strdup(classifier);
    file->value = g_strdup(value);
    file->updated = g_strdup(updated);
    g_ptr_array_add(metadata->files, file);
}

static void append_element(GString *text, int depth, const char *name, const char *value) {
    if (value == NULL)
        return;
    g_autofree char *escaped = g_markup_escape_text(value, -1);
    g_string_append_printf(text, "%*s<%s>%s</%s>\n", 2 * depth, "", name, escaped, name);
}

static void append_versions(GString *text, const Metadata *metadata) {
    append_element(text, 2, "latest", metadata_choose(metadata, "latest", NULL));
    append_element(text, 2, "release", metadata_choose(metadata, "release", NULL));
    g_string_append(text, "    <versions>\n");
    for (guint i = 0; i < metadata->versions->len; i++)
        append_element(text, 3, "version", metadata->versions->pdata[i]);
    g_string_append(text, "    </versions>\n");
}

static void append_build(GString *text, const Metadata *metadata) {
    g_autofree char *number = g_strdup_printf("%u", metadata->build_number);
    g_string_append(text, "    <snapshot>\n");
    append_element(text, 3, "timestamp", metadata->timestamp);
    append_element(text, 3, "buildNumber", number);
    g_string_append(text, "    </snapshot>\n");
}

static void append_files(GString *text, const Metadata *metadata) {
    g_string_append(text, "    <snapshotVersions>\n");
    for (guint i = 0; i < metadata->files->len; i++) {
        const SnapshotFile *file = metadata->files->pdata[i];
        g_string_append(text, "      <snapshotVersion>\n");
        append_element(text, 4, "classifier", file->classifier);
        append_element(text, 4, "extension", file->extension);
        append_element(text, 4, "value", file->value);
        append_element(text, 4, "updated", file->updated);
        g_string_append(text, "      </snapshotVersion>\n");
    }
    g_string_append(text, "    </snapshotVersions>\n");
}

char *metadata_format(const Metadata *metadata, const Coordinate *coordinate, const char *version,
                      const char *updated) {
    g_autoptr(GString) text = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    g_string_append(text, version != NULL ? "<metadata modelVersion=\"1.1.0\">\n" : "<metadata>\n");
    append_element(text, 1, "groupId", coordinate->group);
    append_element(text, 1, "artifactId", coordinate->artifact);
    append_element(text, 1, "version", version);
    g_string_append(text, "  <versioning>\n");
    if (version != NULL)
        append_build(text, metadata);
    else
        append_versions(text, metadata);
    append_element(text, 2, "lastUpdated", updated);
    if (version != NULL)
        append_files(text, metadata);
    g_string_append(text, "  </versioning>\n</metadata>\n");
    return g_string_free(g_steal_pointer(&text), FALSE);
}
