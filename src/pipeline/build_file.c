/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/build_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/document.h"
#include "base/files.h"
#include "declare/duration.h"
#include "plugin/names.h"

#define MAVEN_FILE "pom.xml"
#define COMMAND_HINT "a list of words: [mvn, -B, package]"
#define ARTIFACT_HINT "a path in the checkout, '*' for what changes: target/orders-source-*.jar"
#define NO_TOOL_HINT                                                                               \
    "there is no pom.xml and no build.gradle: say it in " BUILD_FILE ", build: { command: [make]," \
    " artifact: \"…\" }"

enum {
    DEFAULT_TIMEOUT_MS = 20 * 60 * 1000,
    LEAST_TIMEOUT_MS = 1000,
    MOST_TIMEOUT_MS = 24 * 60 * 60 * 1000,
};

/* One pass over a file. */
typedef struct {
    const char *folder;
    const Coordinate *coordinate;
    Diagnostics *diagnostics;
    Position place; /* of the whole, for what isn't there */
    BuildFile *file;
} Reader;

void build_file_free(BuildFile *file) {
    if (file == NULL)
        return;
    g_strfreev(file->command);
    g_free(file->artifact);
    g_free(file->pom);
    g_free(file);
}

char *build_file_find(const char *folder, const char *path) {
    g_autofree char *joined = g_build_filename(folder, path, NULL);
    g_autofree char *root = realpath(folder, NULL);
    g_autofree char *real = realpath(joined, NULL);
    struct stat information;
    if (root == NULL || real == NULL || stat(real, &information) != 0 || !S_ISREG(information.st_mode))
        return NULL;
    gsize length = g_str_equal(root, "/") ? 0 : strlen(root);
    bool inside = strncmp(real, root, length) == 0 && real[length] == '/';
    return inside ? g_steal_pointer(&real) : NULL;
}

static bool has(const Reader *reader, const char *path) {
    g_autofree char *found = build_file_find(reader->folder, path);
    return found != NULL;
}

static void mistake(Reader *reader, Position at, const char *hint, const char *message) {
    diagnostics_add(reader->diagnostics, DIAGNOSTIC_ERROR, at, hint, "%s", message);
}

/* --- Its keys ------------------------------------------------------------------------------------------- */

static bool is_text(const Node *node) {
    return node->kind == NODE_SCALAR && !node_is_null(node) && node->text[0] != '\0';
}

/* A path's text; NULL with a mistake where it is none that stays in the checkout. */
static const char *read_path(Reader *reader, const Node *node, const char *key, const char *hint) {
    if (is_text(node) && path_is_contained(node->text))
        return node->text;
    diagnostics_add(reader->diagnostics, DIAGNOSTIC_ERROR, node->position, hint,
                    "'%s' must be a path in the checkout, without a step up", key);
    return NULL;
}

static void read_command(Reader *reader, const Node *node) {
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    if (node->kind != NODE_SEQUENCE || node->items->len == 0) {
        mistake(reader, node->position, COMMAND_HINT, "'command' must be a list of words");
        return;
    }
    for (guint i = 0; i < node->items->len; i++) {
        const Node *word = node->items->pdata[i];
        if (word->kind != NODE_SCALAR || (i == 0 && !is_text(word))) {
            mistake(reader, word->position, COMMAND_HINT, "a word of 'command' must be text");
            return;
        }
        g_strv_builder_add(words, word->text);
    }
    reader->file->command = g_strv_builder_end(words);
}

static void read_artifact(Reader *reader, const Node *node) {
    const char *path = read_path(reader, node, "artifact", ARTIFACT_HINT);
    if (path == NULL)
        return;
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *suffix = g_strconcat(".", reader->coordinate->extension, NULL);
    if (strpbrk(folder, "*?") != NULL)
        mistake(reader, node->position, ARTIFACT_HINT, "'*' and '?' may stand in the file's name only");
    if (!g_str_has_suffix(path, suffix))
        diagnostics_add(reader->diagnostics, DIAGNOSTIC_ERROR, node->position, NULL,
                        "'artifact' must end in '%s', as the plugin's coordinates say", suffix);
    reader->file->artifact = g_strdup(path);
    reader->file->artifact_said = true;
}

static void read_pom(Reader *reader, const Node *node) {
    const char *path = read_path(reader, node, "pom", MAVEN_FILE);
    if (path != NULL && !has(reader, path))
        mistake(reader, node->position, NULL, "there is no file of that name in the checkout");
    reader->file->pom = g_strdup(path);
}

static void read_timeout(Reader *reader, const Node *node) {
    gint64 milliseconds = 0;
    if (node->kind == NODE_SCALAR && duration_parse(node->text, &milliseconds) &&
        milliseconds >= LEAST_TIMEOUT_MS && milliseconds <= MOST_TIMEOUT_MS)
        reader->file->timeout_ms = (guint)milliseconds;
    else
        mistake(reader, node->position, DURATION_HINT, "'timeout' must be a duration from 1s to 24h");
}

static const struct {
    const char *name;
    void (*read)(Reader *reader, const Node *node);
} KEYS[] = {
    {"command", read_command}, {"artifact", read_artifact}, {"pom", read_pom}, {"timeout", read_timeout}};

static void report_unknown(Reader *reader, const Node *key, const char *const *known) {
    g_autofree char *hint = diagnostics_did_you_mean(key->text, known);
    diagnostics_add(reader->diagnostics, DIAGNOSTIC_ERROR, key->position, hint, "unknown key '%s'",
                    key->text);
}

static void read_build(Reader *reader, const Node *build) {
    const char *names[G_N_ELEMENTS(KEYS) + 1] = {NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(KEYS); i++)
        names[i] = KEYS[i].name;
    for (guint i = 0; i < build->items->len; i++) {
        const Node *key = build->keys->pdata[i], *value = build->items->pdata[i];
        gsize k = 0;
        while (k < G_N_ELEMENTS(KEYS) && !g_str_equal(KEYS[k].name, key->text))
            k++;
        if (k == G_N_ELEMENTS(KEYS))
            report_unknown(reader, key, names);
        else if (value->kind != NODE_UNKNOWN && !node_is_null(value))
            KEYS[k].read(reader, value);
    }
}

static void read_root(Reader *reader, const Node *root) {
    static const char *const known[] = {"build", NULL};
    if (root->kind != NODE_MAPPING) {
        mistake(reader, root->position, "build: { … }", "it must be a mapping");
        return;
    }
    for (guint i = 0; i < root->keys->len; i++)
        if (!g_str_equal(((const Node *)root->keys->pdata[i])->text, "build"))
            report_unknown(reader, root->keys->pdata[i], known);
    const Node *build = node_get(root, "build");
    if (build == NULL || build->kind == NODE_UNKNOWN || node_is_null(build))
        return;
    if (build->kind == NODE_MAPPING)
        read_build(reader, build);
    else
        mistake(reader, build->position, COMMAND_HINT, "'build' must be a mapping");
}

/* --- Its defaults --------------------------------------------------------------------------------------- */

static char **words(const char *first, const char *second, const char *third) {
    const char *const all[] = {first, second, third, NULL};
    return g_strdupv((char **)all);
}

static bool has_gradle(const Reader *reader) {
    return has(reader, "build.gradle") || has(reader, "build.gradle.kts");
}

/* No daemon of Gradle's: it would outlive the build. */
static char **gradle_command(const Reader *reader) {
    g_autofree char *wrapper = build_file_find(reader->folder, "gradlew");
    bool has_wrapper = wrapper != NULL && access(wrapper, X_OK) == 0;
    return words(has_wrapper ? "./gradlew" : "gradle", "--no-daemon", "build");
}

static char *default_artifact(const Reader *reader, const char *folder) {
    const Coordinate *coordinate = reader->coordinate;
    g_autofree char *name =
        g_strdup_printf("%s-*%s%s.%s", coordinate->artifact, coordinate->classifier != NULL ? "-" : "",
                        coordinate->classifier != NULL ? coordinate->classifier : "", coordinate->extension);
    return g_build_filename(folder, name, NULL);
}

/* Maven's `target` is beside the POM. */
static char *maven_target(const BuildFile *file) {
    g_autofree char *folder = g_path_get_dirname(file->pom);
    return g_str_equal(folder, ".") ? g_strdup("target") : g_build_filename(folder, "target", NULL);
}

static void fill_in(Reader *reader) {
    BuildFile *file = reader->file;
    if (file->pom == NULL && has(reader, MAVEN_FILE))
        file->pom = g_strdup(MAVEN_FILE);
    bool gradle = file->pom == NULL && has_gradle(reader);
    g_autofree char *target = file->pom != NULL ? maven_target(file) : NULL;
    if (file->command == NULL && file->pom != NULL)
        file->command = words("mvn", "-B", "package");
    if (file->command == NULL && gradle)
        file->command = gradle_command(reader);
    if (file->artifact == NULL && (target != NULL || gradle))
        file->artifact = default_artifact(reader, target != NULL ? target : "build/libs");
    if (file->command == NULL)
        mistake(reader, reader->place, NO_TOOL_HINT, "nothing says how to build this");
    else if (file->artifact == NULL)
        mistake(reader, reader->place, NO_TOOL_HINT, "nothing says where the artifact will be");
}

BuildFile *build_file_parse(const char *text, gsize length, const char *folder, const Coordinate *coordinate,
                            Diagnostics *diagnostics) {
    g_autoptr(BuildFile) file = g_new0(BuildFile, 1);
    Position place = {g_intern_static_string(BUILD_FILE), 0, 0};
    Reader reader = {folder, coordinate, diagnostics, place, file};
    file->timeout_ms = DEFAULT_TIMEOUT_MS;
    g_autoptr(Document) document = document_parse(BUILD_FILE, text, length, diagnostics);
    if (document == NULL)
        return NULL;
    read_root(&reader, document_root(document));
    if (diagnostics_count(diagnostics, DIAGNOSTIC_ERROR) == 0)
        fill_in(&reader);
    return diagnostics_count(diagnostics, DIAGNOSTIC_ERROR) == 0 ? g_steal_pointer(&file) : NULL;
}

/* Git may bring a link to any file of this machine, whose lines would be shown. */
BuildFile *build_file_read(const char *folder, const Coordinate *coordinate, Diagnostics *diagnostics) {
    g_autofree char *path = g_build_filename(folder, BUILD_FILE, NULL);
    g_autofree char *found = build_file_find(folder, BUILD_FILE);
    Position place = {g_intern_static_string(BUILD_FILE), 0, 0};
    struct stat information;
    if (found == NULL && lstat(path, &information) == 0) {
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place, NULL, "it is no file of the checkout");
        return NULL;
    }
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes = found != NULL ? files_read(found, DOCUMENT_LIMIT, &problem) : NULL;
    if (problem != NULL) {
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place, NULL, "%s", problem->message);
        return NULL;
    }
    gsize length = 0;
    const char *text = bytes != NULL ? g_bytes_get_data(bytes, &length) : NULL;
    return build_file_parse(text != NULL ? text : "", length, folder, coordinate, diagnostics);
}
