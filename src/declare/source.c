/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/source.h"

#include <string.h>

#include "base/files.h"

#define REMOTE "git::"
#define ENVIRONMENTS "environments"

void module_source_free(ModuleSource *source) {
    g_free(source->written);
    g_free(source->folder);
    g_free(source->url);
    g_free(source->ref);
    g_free(source);
}

static bool is_clean_folder(const char *folder) {
    g_auto(GStrv) parts = g_strsplit(folder, "/", -1);
    for (guint i = 0; parts[i] != NULL; i++)
        if (g_str_equal(parts[i], "..") || g_str_equal(parts[i], ".") ||
            (parts[i][0] == '\0' && folder[0] != '\0'))
            return false;
    return true;
}

static bool has_password(const char *url) {
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_PARSE_RELAXED, NULL);
    return uri != NULL && g_uri_get_password(uri) != NULL;
}

/* git::URL//FOLDER?ref=REF, where URL has a "//" of its own after its scheme. What would be taken for an
 * option of Git's is refused. NULL, or why it can't be split. */
static const char *split_remote(const char *text, ModuleSource *source) {
    const char *query = strrchr(text, '?');
    if (query == NULL || !g_str_has_prefix(query, "?ref=") || query[5] == '\0' || query[5] == '-')
        return "it names no tag, branch or commit";
    source->ref = g_strdup(query + 5);
    g_autofree char *address = g_strndup(text, (gsize)(query - text));
    char *scheme = strstr(address, "://");
    char *folder = strstr(scheme != NULL ? scheme + 3 : address, "//");
    source->folder = g_strdup(folder != NULL ? folder + 2 : "");
    if (folder != NULL)
        *folder = '\0';
    source->url = g_strdup(address);
    if (source->url[0] == '\0' || source->url[0] == '-')
        return "it has no URL";
    if (has_password(source->url))
        return "it holds a password, which belongs into Git's credential store";
    return is_clean_folder(source->folder) ? NULL : "its folder leaves the repository";
}

ModuleSource *module_source_parse(Loader *loader, const Datum *written) {
    g_autoptr(ModuleSource) source = g_new0(ModuleSource, 1);
    source->written = g_strdup(written->text);
    if (!g_str_has_prefix(written->text, REMOTE)) {
        source->folder = loader_relative(
            loader, ENVIRONMENTS, written->text, written->origin,
            "copy it into the declarations, or name a Git repository: git::URL//FOLDER?ref=TAG");
        return source->folder != NULL ? g_steal_pointer(&source) : NULL;
    }
    const char *why = split_remote(written->text + strlen(REMOTE), source);
    if (why == NULL)
        return g_steal_pointer(&source);
    if (source->url != NULL && has_password(source->url))
        diagnostics_hide_line(loader->diagnostics, written->position);
    loader_mistake(loader, written->position, "git::URL//FOLDER?ref=TAG",
                   "the module's source can't be understood: %s", why);
    return NULL;
}

bool module_source_matches(Loader *loader, const ModuleSource *source, const char *locked, bool with_ref) {
    if (g_str_equal(source->written, locked))
        return true;
    if (source->url == NULL) {
        g_autofree char *base = g_build_filename(loader->root, ENVIRONMENTS, NULL);
        g_autofree char *mine = files_resolve(loader->root, source->folder);
        g_autofree char *other = files_resolve(base, locked);
        return g_str_equal(mine, other);
    }
    g_autoptr(ModuleSource) other = g_new0(ModuleSource, 1);
    return g_str_has_prefix(locked, REMOTE) && split_remote(locked + strlen(REMOTE), other) == NULL &&
           g_str_equal(source->url, other->url) && g_str_equal(source->folder, other->folder) &&
           (!with_ref || g_str_equal(source->ref, other->ref));
}

static GitRepository *fetch(const char *url, const char *ref, char **commit, GError **error) {
    g_autofree char *cache = files_cache("modules");
    g_autofree char *found = NULL;
    GitRepository *git = git_fetch_remote(url, ref, cache, &found, error);
    if (git != NULL && commit != NULL)
        *commit = g_steal_pointer(&found);
    return git;
}

GitRepository *module_source_fetch(const ModuleSource *source, const char *ref, char **commit,
                                   GError **error) {
    return fetch(source->url, ref, commit, error);
}

GitRepository *instance_fetch_module(const Instance *instance, GError **error) {
    return fetch(instance->git, instance->commit, NULL, error);
}
