/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/pom.h"

#include <string.h>

#include "base/files.h"
#include "plugin/archive_reader.h"
#include "plugin/version.h"
#include "plugin/xml.h"

#define POM_LIMIT ((gsize)4 * 1024 * 1024)
#define INNER_PREFIX "META-INF/maven/"
#define INNER_SUFFIX "/pom.xml"
#define INNER_PROPERTIES "/pom.properties"

void pom_free(Pom *pom) {
    if (pom == NULL)
        return;
    g_clear_pointer(&pom->text, g_bytes_unref);
    g_free(pom->group);
    g_free(pom->artifact);
    g_free(pom->version);
    g_free(pom);
}

/* A text whose every ${name} is one of the POM's properties; NULL where one is not. Frees `text`. */
static char *fill_in(char *text, const xmlNode *project) {
    g_autofree char *rest = text;
    g_autoptr(GString) filled = g_string_new(NULL);
    for (const char *at = rest; at != NULL && *at != '\0';) {
        const char *end = g_str_has_prefix(at, "${") ? strchr(at, '}') : NULL;
        if (end == NULL) {
            g_string_append_c(filled, *at++);
            continue;
        }
        g_autofree char *name = g_strndup(at + 2, end - at - 2);
        g_autofree char *value = xml_child_text(xml_child(project, "properties"), name);
        if (value == NULL || strstr(value, "${") != NULL)
            return NULL;
        g_string_append(filled, value);
        at = end + 1;
    }
    return filled->len > 0 ? g_string_free(g_steal_pointer(&filled), FALSE) : NULL;
}

static char *own_or_inherited(const xmlNode *project, const char *name) {
    char *own = xml_child_text(project, name);
    char *text = own != NULL ? own : xml_child_text(xml_child(project, "parent"), name);
    return fill_in(text, project);
}

Pom *pom_parse(GBytes *text, const char *name, GError **error) {
    gsize length;
    const char *data = g_bytes_get_data(text, &length);
    g_autoptr(xmlDoc) document = xml_read(data != NULL ? data : "", length, name, "project", error);
    if (document == NULL)
        return NULL;
    const xmlNode *project = xmlDocGetRootElement(document);
    Pom *pom = g_new0(Pom, 1);
    pom->text = g_bytes_ref(text);
    pom->group = own_or_inherited(project, "groupId");
    pom->artifact = fill_in(xml_child_text(project, "artifactId"), project);
    pom->version = own_or_inherited(project, "version");
    return pom;
}

static bool take_bytes(const void *data, gsize length, gpointer user_data, GError **error) {
    GByteArray *bytes = user_data;
    if (bytes->len + length > POM_LIMIT) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "a POM in it is larger than %zu bytes",
                  POM_LIMIT);
        return false;
    }
    g_byte_array_append(bytes, data, (guint)length);
    return true;
}

/* The artifact in META-INF/maven/GROUP/ARTIFACT/pom.xml; NULL for other paths. */
static char *artifact_of_inner(const char *path) {
    if (!g_str_has_prefix(path, INNER_PREFIX) || !g_str_has_suffix(path, INNER_SUFFIX))
        return NULL;
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    return g_strv_length(parts) == 5 ? g_strdup(parts[3]) : NULL;
}

static bool is_named_after(const char *file, const char *artifact) {
    g_autofree char *name = g_path_get_basename(file);
    g_autofree char *prefix = g_strconcat(artifact, "-", NULL);
    return g_str_has_prefix(name, prefix);
}

/* A jar with others shaded into it has a POM of each. */
typedef struct {
    GBytes *text;
    gsize named; /* length of the artifact's name where the file is named after it, else 0 */
    guint count;
} Inner;

static bool take_inner(Inner *inner, ArchiveReader *reader, const char *file, const char *artifact,
                       GError **error) {
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    gsize named = is_named_after(file, artifact) ? strlen(artifact) : 0;
    inner->count++;
    if (inner->text != NULL && named <= inner->named)
        return true;
    if (!archive_pour(reader, file, take_bytes, bytes, error))
        return false;
    g_clear_pointer(&inner->text, g_bytes_unref);
    inner->text = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
    inner->named = named;
    return true;
}

static bool find_inner(const char *file, Inner *inner, GError **error) {
    g_autoptr(ArchiveReader) reader = archive_open(file, error);
    struct archive_entry *entry = NULL;
    while (reader != NULL) {
        if (!archive_next(reader, file, &entry, error))
            return false;
        if (entry == NULL)
            return true;
        const char *path = archive_entry_pathname(entry);
        g_autofree char *artifact = path != NULL ? artifact_of_inner(path) : NULL;
        if (artifact != NULL && !take_inner(inner, reader, file, artifact, error))
            return false;
    }
    return false;
}

/* name.jar → name.pom */
static char *pom_beside(const char *file) {
    static const char *const suffixes[] = {".tar.gz", ".tgz", ".zip", ".jar"};
    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++)
        if (g_str_has_suffix(file, suffixes[i])) {
            g_autofree char *stem = g_strndup(file, strlen(file) - strlen(suffixes[i]));
            return g_strconcat(stem, ".pom", NULL);
        }
    return g_strconcat(file, ".pom", NULL);
}

static Pom *read_beside(const char *path, GError **error) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) text = files_read(path, POM_LIMIT, &problem);
    if (text != NULL)
        return pom_parse(text, path, error);
    if (!g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

Pom *pom_find(const char *file, GError **error) {
    Inner inner = {0};
    bool is_read = find_inner(file, &inner, error);
    g_autoptr(GBytes) text = inner.text;
    if (!is_read)
        return NULL;
    if (text != NULL && (inner.named > 0 || inner.count == 1))
        return pom_parse(text, file, error);
    g_autofree char *named = pom_beside(file);
    g_autoptr(GError) problem = NULL;
    Pom *pom = read_beside(named, &problem);
    g_autofree char *folder = g_path_get_dirname(file);
    g_autofree char *plain = g_build_filename(folder, "pom.xml", NULL);
    if (pom == NULL && problem == NULL)
        pom = read_beside(plain, &problem);
    if (problem != NULL)
        g_propagate_error(error, g_steal_pointer(&problem));
    return pom;
}

/* The value of a line "version=…" of a properties file; NULL where there is none. */
static char *version_property(GByteArray *bytes) {
    g_autofree char *text = g_strndup((const char *)bytes->data, bytes->len);
    g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) pair = g_strsplit(*line, "=", 2);
        if (g_strv_length(pair) == 2 && g_str_equal(g_strstrip(pair[0]), "version") &&
            version_is_valid(g_strstrip(pair[1])))
            return g_strdup(pair[1]);
    }
    return NULL;
}

bool pom_built_version(const char *file, const Coordinate *coordinate, char **version, GError **error) {
    g_autofree char *wanted =
        g_strconcat(INNER_PREFIX, coordinate->group, "/", coordinate->artifact, INNER_PROPERTIES, NULL);
    struct archive_entry *entry = NULL;
    *version = NULL;
    if (archive_kind(file) != ARCHIVE_JAR)
        return true;
    g_autoptr(ArchiveReader) reader = archive_open(file, error);
    while (reader != NULL && archive_next(reader, file, &entry, error)) {
        if (entry == NULL)
            return true;
        if (g_strcmp0(archive_entry_pathname(entry), wanted) != 0)
            continue;
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        if (!archive_pour(reader, file, take_bytes, bytes, error))
            return false;
        *version = version_property(bytes);
        return true;
    }
    return false;
}

Pom *pom_make(const Coordinate *coordinate, const char *version) {
    char *text = g_markup_printf_escaped("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                         "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n"
                                         "  <modelVersion>4.0.0</modelVersion>\n"
                                         "  <groupId>%s</groupId>\n"
                                         "  <artifactId>%s</artifactId>\n"
                                         "  <version>%s</version>\n"
                                         "  <packaging>%s</packaging>\n"
                                         "</project>\n",
                                         coordinate->group, coordinate->artifact, version,
                                         g_str_equal(coordinate->extension, "jar") ? "jar" : "pom");
    Pom *pom = g_new0(Pom, 1);
    pom->text = g_bytes_new_take(text, strlen(text));
    pom->group = g_strdup(coordinate->group);
    pom->artifact = g_strdup(coordinate->artifact);
    pom->version = g_strdup(version);
    return pom;
}
