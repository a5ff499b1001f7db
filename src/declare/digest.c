/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/digest.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"

#define TREE_LIMIT 10000 /* files of a module's folder */
#define TREE_DEPTH 32

static char *finish(Hash *hash) {
    g_autofree char *hex = hash_finish(hash);
    return g_strconcat("sha256:", hex, NULL);
}

static void feed_text(Hash *hash, const char *text) {
    hash_update(hash, text, strlen(text) + 1);
}

char *digest_of_files(const Loader *loader) {
    g_autoptr(Hash) hash = hash_new(HASH_SHA256);
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(loader->files), (GCompareFunc)strcmp);
    for (GList *name = names; name != NULL; name = name->next) {
        GBytes *bytes = g_hash_table_lookup(loader->files, name->data);
        gsize length = 0;
        const void *data = g_bytes_get_data(bytes, &length);
        g_autofree char *size = g_strdup_printf("%" G_GSIZE_FORMAT, length);
        feed_text(hash, name->data);
        feed_text(hash, size);
        hash_update(hash, data, length);
    }
    const char *const *variables = loader->options.variables;
    for (guint i = 0; variables != NULL && variables[i] != NULL; i++)
        feed_text(hash, variables[i]);
    return finish(hash);
}

/* --- A folder ------------------------------------------------------------------------------------------- */

typedef struct {
    const char *root;
    GPtrArray *lines; /* "path\0mode hash\n": sorted at the end */
} Tree;

static bool add_file(Tree *tree, const char *path, const char *absolute, const struct stat *info,
                     GError **error) {
    g_autofree char *target = S_ISLNK(info->st_mode) ? g_file_read_link(absolute, error) : NULL;
    if (S_ISLNK(info->st_mode) && target == NULL)
        return false;
    g_autofree char *hash = target != NULL ? hash_bytes(HASH_SHA256, target, strlen(target))
                                           : hash_file(HASH_SHA256, absolute, error);
    if (hash == NULL)
        return false;
    const char *mode = target != NULL ? "120000" : info->st_mode & S_IXUSR ? "100755" : "100644";
    g_ptr_array_add(tree->lines, g_strdup_printf("%s\n%s %s\n", path, mode, hash));
    if (tree->lines->len <= TREE_LIMIT)
        return true;
    error_set(error, DECLARE_ERROR, DECLARE_ERROR_FAILED, NULL, "'%s' has more than %d files", tree->root,
              TREE_LIMIT);
    return false;
}

static bool add_folder(Tree *tree, const char *path, int depth, GError **error) {
    g_autofree char *folder = g_build_filename(tree->root, path, NULL);
    g_auto(GStrv) names = depth <= TREE_DEPTH ? files_list(folder, error) : NULL;
    if (depth > TREE_DEPTH)
        error_set(error, DECLARE_ERROR, DECLARE_ERROR_FAILED, NULL, "'%s' is nested too deep", tree->root);
    if (names == NULL)
        return false;
    for (guint i = 0; names[i] != NULL; i++) {
        g_autofree char *child =
            path[0] == '\0' ? g_strdup(names[i]) : g_build_filename(path, names[i], NULL);
        g_autofree char *absolute = g_build_filename(tree->root, child, NULL);
        struct stat info;
        if (g_str_equal(names[i], ".git") || lstat(absolute, &info) != 0)
            continue;
        bool added = true;
        if (S_ISDIR(info.st_mode))
            added = add_folder(tree, child, depth + 1, error);
        else if (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode))
            added = add_file(tree, child, absolute, &info, error);
        if (!added)
            return false;
    }
    return true;
}

static int compare_lines(gconstpointer a, gconstpointer b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *digest_of_tree(const char *folder, GError **error) {
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    Tree tree = {.root = folder, .lines = lines};
    if (!add_folder(&tree, "", 0, error))
        return NULL;
    g_ptr_array_sort(lines, compare_lines);
    g_autoptr(Hash) hash = hash_new(HASH_SHA256);
    for (guint i = 0; i < lines->len; i++)
        hash_update(hash, lines->pdata[i], strlen(lines->pdata[i]));
    return finish(hash);
}

char *digest_of_commit(GitRepository *git, const char *commit, const char *folder, GError **error) {
    g_autofree char *temporary = files_make_temporary(g_get_tmp_dir(), "sluice-module-", error);
    if (temporary == NULL)
        return NULL;
    char *digest =
        git_export(git, commit, folder, temporary, error) ? digest_of_tree(temporary, error) : NULL;
    files_remove_tree(temporary, NULL);
    return digest;
}
