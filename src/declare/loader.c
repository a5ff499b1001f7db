/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/loader.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/sensitive.h"

ERROR_DEFINE_DOMAIN(declare)

static void free_datum(gpointer datum) {
    datum_free(datum);
}

static void free_document(gpointer document) {
    document_free(document);
}

/* Overwrites what was read before its memory is given back. */
static void free_secret(gpointer text) {
    explicit_bzero(text, strlen(text));
    g_free(text);
}

Loader *loader_new(const char *root, const DeclareOptions *options, Diagnostics *diagnostics) {
    Loader *loader = g_new0(Loader, 1);
    loader->root = g_canonicalize_filename(root, NULL);
    if (options != NULL)
        loader->options = *options;
    loader->diagnostics = diagnostics;
    loader->documents = g_ptr_array_new_with_free_func(free_document);
    loader->data = g_ptr_array_new_with_free_func(free_datum);
    loader->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    loader->secret_texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_secret);
    return loader;
}

void loader_free(Loader *loader) {
    g_free(loader->root);
    g_free(loader->environment);
    g_ptr_array_unref(loader->documents);
    g_ptr_array_unref(loader->data);
    g_hash_table_unref(loader->files);
    g_clear_pointer(&loader->secrets, g_hash_table_unref);
    g_hash_table_unref(loader->secret_texts);
    g_clear_pointer(&loader->git, git_free);
    g_free(loader->git_prefix);
    g_free(loader);
}

/* `path` below `folder`, both absolute, as a relative path; NULL where it isn't below. */
static const char *below(const char *folder, const char *path) {
    gsize length = strlen(folder);
    if (!g_str_has_prefix(path, folder))
        return NULL;
    if (path[length] == '\0')
        return path + length;
    return g_str_has_suffix(folder, "/") ? path + length : path[length] == '/' ? path + length + 1 : NULL;
}

bool loader_open_git(Loader *loader, GError **error) {
    GError *failure = NULL;
    loader->git = git_open(loader->root, &failure);
    if (failure != NULL) {
        g_propagate_error(error, failure);
        return false;
    }
    if (loader->git == NULL)
        return true;
    g_autofree char *real_root = realpath(loader->root, NULL);
    g_autofree char *real_git = realpath(git_root(loader->git), NULL);
    const char *prefix = real_root != NULL && real_git != NULL ? below(real_git, real_root) : NULL;
    loader->git_prefix = g_strdup(prefix != NULL ? prefix : "");
    return true;
}

void loader_mistake(Loader *loader, Position at, const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    diagnostics_add(loader->diagnostics, DIAGNOSTIC_ERROR, at, hint, "%s", message);
}

void loader_warn(Loader *loader, Position at, const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    diagnostics_add(loader->diagnostics, DIAGNOSTIC_WARNING, at, hint, "%s", message);
}

bool loader_has_mistakes(const Loader *loader) {
    return diagnostics_count(loader->diagnostics, DIAGNOSTIC_ERROR) > 0;
}

static void hide_lines(Loader *loader, const Node *scalar) {
    Position line = scalar->position;
    diagnostics_hide_line(loader->diagnostics, line);
    for (gsize i = 0; i < scalar->raw_length; i++)
        if (scalar->raw[i] == '\n') {
            line.line++;
            diagnostics_hide_line(loader->diagnostics, line);
        }
}

/* A password written right into a file must not be shown because another mistake stands on its line. */
static void hide_literal_secrets(Loader *loader, const Node *node) {
    if (node->items == NULL)
        return;
    for (guint i = 0; i < node->items->len; i++) {
        const Node *item = node->items->pdata[i];
        const Node *key = node->keys != NULL ? node->keys->pdata[i] : NULL;
        bool literal =
            item->kind == NODE_SCALAR && item->text[0] != '\0' && !g_str_has_prefix(item->text, "${");
        if (key != NULL && literal && sensitive_key_name(key->text))
            hide_lines(loader, item);
        hide_literal_secrets(loader, item);
    }
}

const Document *loader_read_bytes(Loader *loader, const char *path, const char *shown, GBytes *bytes) {
    gsize length = 0;
    const char *text = g_bytes_get_data(bytes, &length);
    Document *document = document_parse(shown, text != NULL ? text : "", length, loader->diagnostics);
    if (document == NULL)
        return NULL;
    g_ptr_array_add(loader->documents, document);
    g_hash_table_replace(loader->files, g_strdup(path), g_bytes_ref(bytes));
    hide_literal_secrets(loader, document_root(document));
    return document;
}

char **loader_file_names(const Loader *loader) {
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(loader->files), (GCompareFunc)strcmp);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (const GList *name = names; name != NULL; name = name->next)
        g_strv_builder_add(builder, name->data);
    return g_strv_builder_end(builder);
}

/* Git may bring a link to any file of this machine, whose lines would be shown. */
static bool stays_inside(Loader *loader, const char *path) {
    g_autofree char *real_root = realpath(loader->root, NULL);
    g_autofree char *real_path = realpath(path, NULL);
    return real_path == NULL || (real_root != NULL && below(real_root, real_path) != NULL);
}

/* Whether a part of the path is a symbolic link. */
static bool leads_over_link(const Loader *loader, const char *path) {
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    g_autofree char *place = g_strdup(loader->root);
    for (char **part = parts; *part != NULL; part++) {
        g_autofree char *parent = g_steal_pointer(&place);
        place = g_build_filename(parent, *part, NULL);
        if (g_file_test(place, G_FILE_TEST_IS_SYMLINK))
            return true;
    }
    return false;
}

bool loader_may_read(Loader *loader, const char *path, Position at) {
    g_autofree char *absolute = g_build_filename(loader->root, path, NULL);
    if (!stays_inside(loader, absolute)) {
        loader_mistake(loader, at, NULL, "'%s' is a link out of the declarations", path);
        return false;
    }
    if (loader->options.trust == NULL || !leads_over_link(loader, path))
        return true;
    loader_mistake(loader, at, "commit the file itself: who changes what a link leads to would not be seen",
                   "'%s' is a link, which a server doesn't follow", path);
    return false;
}

/* "did you mean 'topics/shared.yaml'?": the first part of the path that isn't there, against its neighbours.
 */
static char *near_path(Loader *loader, const char *path) {
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    g_autofree char *folder = g_strdup("");
    for (guint i = 0; parts[i] != NULL; i++) {
        g_autofree char *child = g_build_filename(folder, parts[i], NULL);
        g_autofree char *absolute = g_build_filename(loader->root, child, NULL);
        if (!g_file_test(absolute, G_FILE_TEST_EXISTS)) {
            g_autofree char *parent = g_build_filename(loader->root, folder, NULL);
            g_auto(GStrv) names = files_list(parent, NULL);
            const char *near = diagnostics_nearest(parts[i], (const char *const *)names);
            g_autofree char *found = near != NULL ? g_build_filename(folder, near, NULL) : NULL;
            return found != NULL ? g_strdup_printf("did you mean '%s'?", found) : NULL;
        }
        g_free(folder);
        folder = g_steal_pointer(&child);
    }
    return NULL;
}

const Document *loader_read(Loader *loader, const char *path, Position at) {
    if (!loader_may_read(loader, path, at))
        return NULL;
    g_autofree char *absolute = g_build_filename(loader->root, path, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = files_read(absolute, DOCUMENT_LIMIT, &error);
    if (bytes != NULL)
        return loader_read_bytes(loader, path, path, bytes);
    g_autofree char *near = near_path(loader, path);
    if (g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        loader_mistake(loader, at, near, "there is no file '%s'", path);
    else
        loader_mistake(loader, at, error_hint(error), "%s", error->message);
    return NULL;
}

char *loader_relative(Loader *loader, const char *base, const char *written, Position at, const char *hint) {
    g_autofree char *folder = g_build_filename(loader->root, base, NULL);
    g_autofree char *absolute = files_resolve(folder, written);
    const char *relative = below(loader->root, absolute);
    if (relative == NULL) {
        loader_mistake(loader, at, hint, "'%s' lies outside of the declarations", written);
        return NULL;
    }
    return g_strdup(relative);
}

Datum *loader_datum(Loader *loader, DatumKind kind, Position position) {
    Datum *datum = g_new0(Datum, 1);
    datum->kind = kind;
    datum->position = datum->origin = position;
    if (kind == DATUM_LIST || kind == DATUM_MAP)
        datum->items = g_ptr_array_new();
    if (kind == DATUM_MAP)
        datum->keys = g_ptr_array_new();
    g_ptr_array_add(loader->data, datum);
    return datum;
}

const Datum *loader_text(Loader *loader, const char *text, Position position) {
    Datum *datum = loader_datum(loader, DATUM_SCALAR, position);
    datum->text = g_strdup(text);
    return datum;
}
