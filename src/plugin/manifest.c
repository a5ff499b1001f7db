/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/manifest.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plugin/archive_reader.h"

#define SERVICES "META-INF/services/"
#define NESTED_LIMIT ((guint64)4 * 1024 * 1024 * 1024)

enum { NAMES_LIMIT = 1000 * 1000, NAME_LIMIT = 1024, SERVICE_FILE_LIMIT = 64 * 1024 };

struct Manifest {
    GHashTable *classes;  /* set of char * */
    GHashTable *services; /* set of char * */
    const char **sorted;  /* keys of `services`, NULL-terminated */
};

static const char *const service_types[] = {
    "org.apache.kafka.connect.source.SourceConnector",
    "org.apache.kafka.connect.sink.SinkConnector",
    "org.apache.kafka.connect.storage.Converter",
    "org.apache.kafka.connect.storage.HeaderConverter",
    "org.apache.kafka.connect.transforms.Transformation",
    "org.apache.kafka.connect.transforms.predicates.Predicate",
    NULL,
};

/* Reading one artifact. */
typedef struct {
    const char *name;
    Manifest *into; /* where names go */
    guint64 nested_bytes;
    int descriptor; /* of the jar inside that is being copied out */
    GString *text;  /* of the service file that is being read */
} Reading;

static Manifest *manifest_new(void) {
    Manifest *manifest = g_new0(Manifest, 1);
    manifest->classes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    manifest->services = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return manifest;
}

void manifest_free(Manifest *manifest) {
    if (manifest == NULL)
        return;
    g_hash_table_unref(manifest->classes);
    g_hash_table_unref(manifest->services);
    g_free(manifest->sorted);
    g_free(manifest);
}

static bool fail_limit(const Reading *reading, const char *what, GError **error) {
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_HOSTILE, NULL, "'%s' is refused: %s", reading->name, what);
    return false;
}

static bool add_name(const Reading *reading, GHashTable *names, char *name, GError **error) {
    if (strlen(name) > NAME_LIMIT || g_hash_table_size(names) >= NAMES_LIMIT) {
        g_free(name);
        return fail_limit(reading, "its class names are too long or too many", error);
    }
    g_hash_table_add(names, name);
    return true;
}

static bool is_class(const char *path) {
    return g_str_has_suffix(path, ".class") && !g_str_has_prefix(path, "META-INF/");
}

static bool add_class(const Reading *reading, const char *path, GError **error) {
    char *name = g_strndup(path, strlen(path) - strlen(".class"));
    return add_name(reading, reading->into->classes, g_strdelimit(name, "/", '.'), error);
}

static bool is_class_name(const char *text) {
    if (text[0] == '\0' || !g_utf8_validate(text, -1, NULL))
        return false;
    for (; *text != '\0'; text++)
        if (g_ascii_iscntrl(*text) || strchr(" /;[<>:'\"", *text) != NULL)
            return false;
    return true;
}

/* A line is a class name; '#' begins a comment. */
static bool add_services(const Reading *reading, const char *text, GError **error) {
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        (*line)[strcspn(*line, "#")] = '\0';
        g_strstrip(*line);
        if (is_class_name(*line) && !add_name(reading, reading->into->services, g_strdup(*line), error))
            return false;
    }
    return true;
}

static bool take_text(const void *data, gsize length, gpointer user_data, GError **error) {
    const Reading *reading = user_data;
    if (reading->text->len + length > SERVICE_FILE_LIMIT)
        return fail_limit(reading, "a service file is larger than 64 KiB", error);
    g_string_append_len(reading->text, data, (gssize)length);
    return true;
}

static bool read_service(Reading *reading, ArchiveReader *reader, GError **error) {
    g_autoptr(GString) text = g_string_new(NULL);
    reading->text = text;
    return archive_pour(reader, reading->name, take_text, reading, error) &&
           add_services(reading, text->str, error);
}

static bool take_nested(const void *data, gsize length, gpointer user_data, GError **error) {
    Reading *reading = user_data;
    reading->nested_bytes += length;
    if (reading->nested_bytes > NESTED_LIMIT)
        return fail_limit(reading, "the jars in it are too large", error);
    for (const char *at = data; length > 0;) {
        ssize_t written = TEMP_FAILURE_RETRY(write(reading->descriptor, at, length));
        if (written < 0) {
            error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED, NULL, "cannot write a temporary file: %s",
                      g_strerror(errno));
            return false;
        }
        at += written;
        length -= (gsize)written;
    }
    return true;
}

/* A file without a name. */
static int open_temporary(GError **error) {
    g_autofree char *path = NULL;
    g_autoptr(GError) problem = NULL;
    int descriptor = g_file_open_tmp("sluice-jar-XXXXXX", &path, &problem);
    if (descriptor >= 0)
        unlink(path);
    else
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FAILED, NULL, "%s", problem->message);
    return descriptor;
}

static bool read_jar(Reading *reading, ArchiveReader *reader, GError **error);

/* A zip can only be read right where one can seek in it. */
static bool read_nested_at(Reading *reading, ArchiveReader *outer, int descriptor, GError **error) {
    reading->descriptor = descriptor;
    if (!archive_pour(outer, reading->name, take_nested, reading, error))
        return false;
    lseek(descriptor, 0, SEEK_SET);
    g_autoptr(ArchiveReader) inner = archive_open_descriptor(descriptor, reading->name, error);
    return inner != NULL && read_jar(reading, inner, error);
}

static bool read_nested(Reading *reading, ArchiveReader *outer, Manifest *into, GError **error) {
    int descriptor = open_temporary(error);
    if (descriptor < 0)
        return false;
    Manifest *own = reading->into;
    reading->into = into;
    bool is_read = read_nested_at(reading, outer, descriptor, error);
    reading->into = own;
    close(descriptor);
    return is_read;
}

static bool is_service_file(const char *path) {
    return g_str_has_prefix(path, SERVICES) && g_strv_contains(service_types, path + strlen(SERVICES));
}

static bool read_entry(Reading *reading, ArchiveReader *reader, const char *path, GError **error) {
    if (is_class(path))
        return add_class(reading, path, error);
    return is_service_file(path) ? read_service(reading, reader, error) : true;
}

/* Takes what a jar itself carries. */
static bool read_jar(Reading *reading, ArchiveReader *reader, GError **error) {
    for (;;) {
        struct archive_entry *entry = NULL;
        if (!archive_next(reader, reading->name, &entry, error))
            return false;
        if (entry == NULL)
            return true;
        const char *path = archive_entry_pathname(entry);
        if (path != NULL && !read_entry(reading, reader, path, error))
            return false;
    }
}

static void add_all(GHashTable *to, GHashTable *from) {
    GHashTableIter iterator;
    g_hash_table_iter_init(&iterator, from);
    for (gpointer key; g_hash_table_iter_next(&iterator, &key, NULL);)
        g_hash_table_add(to, g_strdup(key));
}

/* Jars in a jar are no plugin to Connect, jars in any other archive are. */
static bool read_artifact(Reading *reading, ArchiveReader *reader, GError **error) {
    g_autoptr(Manifest) nested = manifest_new();
    bool is_jar = false;
    for (;;) {
        struct archive_entry *entry = NULL;
        if (!archive_next(reader, reading->name, &entry, error))
            return false;
        if (entry == NULL)
            break;
        const char *path = archive_entry_pathname(entry);
        if (path == NULL)
            continue;
        is_jar = is_jar || g_str_equal(path, "META-INF/MANIFEST.MF");
        bool is_nested = g_str_has_suffix(path, ".jar") && archive_entry_filetype(entry) == AE_IFREG;
        if (is_nested ? !read_nested(reading, reader, nested, error)
                      : !read_entry(reading, reader, path, error))
            return false;
    }
    if (!is_jar) {
        add_all(reading->into->classes, nested->classes);
        add_all(reading->into->services, nested->services);
    }
    return true;
}

static int compare_names(gconstpointer left, gconstpointer right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void sort_services(Manifest *manifest) {
    guint count;
    manifest->sorted = (const char **)g_hash_table_get_keys_as_array(manifest->services, &count);
    qsort(manifest->sorted, count, sizeof(char *), compare_names);
}

Manifest *manifest_read(const char *path, GError **error) {
    g_autoptr(ArchiveReader) reader = archive_open(path, error);
    if (reader == NULL)
        return NULL;
    g_autoptr(Manifest) manifest = manifest_new();
    Reading reading = {.name = path, .into = manifest};
    if (!read_artifact(&reading, reader, error))
        return NULL;
    sort_services(manifest);
    return g_steal_pointer(&manifest);
}

bool manifest_has_class(const Manifest *manifest, const char *class_name) {
    return g_hash_table_contains(manifest->classes, class_name);
}

const char *const *manifest_services(const Manifest *manifest) {
    return manifest->sorted;
}
