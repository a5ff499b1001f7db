/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/shared_archive.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/process.h"

#define LIST_LIMIT ((gsize)16 * 1024 * 1024)
#define DUMP_MS 120000

/* Name, size and time of a file into a digest: what Java checks of an archive's jars, too. */
static void add_file(Hash *hash, const char *path) {
    GStatBuf information = {0};
    g_stat(path, &information);
    g_autofree char *text = g_strdup_printf("%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", path,
                                            (gint64)information.st_size, (gint64)information.st_mtime);
    hash_update(hash, text, strlen(text));
}

static char *archive_path(const Java *java) {
    g_autoptr(Hash) hash = hash_new(HASH_SHA256);
    g_auto(GStrv) jars = g_strsplit(java->class_path, ":", -1);
    add_file(hash, java->program);
    for (char **jar = jars; *jar != NULL; jar++)
        add_file(hash, *jar);
    g_autofree char *digest = hash_finish(hash);
    g_autofree char *name = g_strdup_printf("kafka-classes-%.16s.jsa", digest);
    return files_cache(name);
}

char *shared_archive_find(const Java *java) {
    g_autofree char *path = archive_path(java);
    return g_file_test(path, G_FILE_TEST_EXISTS) ? g_steal_pointer(&path) : NULL;
}

/* A line is "CLASS id: N", with more for classes of plugins; ids count per process, and must not be mixed. */
static void add_classes(GHashTable *classes, const char *path) {
    g_autofree char *text = files_read_text(path, LIST_LIMIT, NULL);
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        bool is_class = **line != '\0' && **line != '#' && **line != '@' && strstr(*line, " source:") == NULL;
        if (is_class)
            g_hash_table_add(classes, g_strndup(*line, strcspn(*line, " ")));
    }
}

/* The classes that the sandbox's processes have loaded, as one list. */
static char *write_list(const SandboxRecord *record) {
    g_autoptr(GHashTable) classes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const Service *services[] = {record->broker, g_ptr_array_index(record->workers, 0)};
    for (gsize i = 0; i < G_N_ELEMENTS(services); i++) {
        g_autofree char *path = service_class_list(record, services[i]);
        add_classes(classes, path);
    }
    g_autofree char **names = (char **)g_hash_table_get_keys_as_array(classes, NULL);
    g_autofree char *text = g_strjoinv("\n", names);
    g_autofree char *path = sandbox_record_path(record, "logs/all.classes");
    bool written = g_hash_table_size(classes) > 0 && files_write(path, text, strlen(text), 0600, NULL);
    return written ? g_steal_pointer(&path) : NULL;
}

void shared_archive_make(const Java *java, const SandboxRecord *record, GCancellable *cancellable) {
    g_autofree char *list = write_list(record);
    if (list == NULL)
        return;
    g_autofree char *path = archive_path(java);
    g_autofree char *fresh = g_strdup_printf("%s.%d", path, (int)getpid());
    g_autofree char *list_option = g_strconcat("-XX:SharedClassListFile=", list, NULL);
    g_autofree char *archive_option = g_strconcat("-XX:SharedArchiveFile=", fresh, NULL);
    const char *const command[] = {java->program,  "-Xshare:dump", "-XX:+UseSerialGC", list_option,
                                   archive_option, "-cp",          java->class_path,   NULL};
    ProcessSpec spec = {.argv = command, .timeout_ms = DUMP_MS, .cancellable = cancellable};
    g_autofree char *said = process_output(&spec, NULL);
    if (said == NULL || g_rename(fresh, path) != 0)
        g_unlink(fresh);
}
