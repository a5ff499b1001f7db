/* SPDX-License-Identifier: Apache-2.0 */
#include "base/git.h"

#include <string.h>

#include "base/files.h"
#include "base/git_private.h"

GitRepository *git_open(const char *directory, GError **error) {
    g_autoptr(GError) cause = NULL;
    GitCall call = {.arguments = ARGUMENTS("rev-parse", "--show-toplevel")};
    g_autoptr(ProcessResult) result = git_run_in(directory, call, &cause);
    if (result == NULL) {
        if (!g_error_matches(cause, BASE_ERROR, BASE_ERROR_NOT_FOUND))
            g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    if (result->status != 0) {
        if (strstr(result->error_output, "not a git repository") == NULL)
            git_fail(result, "open the repository", error);
        return NULL;
    }
    git_trim(result);
    return git_repository_new(result->output, false, false);
}

GitRepository *git_open_bare(const char *folder) {
    return git_repository_new(folder, true, true);
}

void git_free(GitRepository *git) {
    if (git == NULL)
        return;
    g_free(git->root);
    g_free(git);
}

const char *git_root(const GitRepository *git) {
    return git->root;
}

bool git_head(GitRepository *git, char **commit, GError **error) {
    return git_look_up(git, "HEAD^{commit}", commit, error);
}

bool git_is_dirty(GitRepository *git, const char *path, bool *dirty, GError **error) {
    const char *const arguments[] = {
        "status", "--porcelain", "--untracked-files=normal", "--", *path != '\0' ? path : NULL, NULL};
    g_autofree char *changes =
        git_output(git, "read the work tree", (GitCall){.arguments = arguments}, error);
    if (changes == NULL)
        return false;
    *dirty = *changes != '\0';
    return true;
}

bool git_last_change(GitRepository *git, const char *path, char **commit, GError **error) {
    g_autofree char *head = NULL;
    if (!git_head(git, &head, error))
        return false;
    if (head == NULL) {
        *commit = NULL;
        return true;
    }
    const char *const arguments[] = {"rev-list", "-1", head, "--", *path != '\0' ? path : NULL, NULL};
    g_autofree char *found = git_output(git, "read the history", (GitCall){.arguments = arguments}, error);
    if (found == NULL)
        return false;
    *commit = *found != '\0' ? g_steal_pointer(&found) : NULL;
    return true;
}

/* The object at `path` of `commit`; NULL with BASE_ERROR_NOT_FOUND where either isn't there. */
static char *find_object(const GitRepository *git, const char *commit, const char *path, GError **error) {
    g_autofree char *object_id = NULL;
    g_autofree char *commit_id =
        git_check_word(path, "path", error) ? git_find_commit(git, commit, error) : NULL;
    if (commit_id == NULL)
        return NULL;
    g_autofree char *object_name = g_strconcat(commit_id, ":", path, NULL);
    if (!git_look_up(git, object_name, &object_id, error))
        return NULL;
    if (object_id == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, NULL, "there is no '%s' in the commit %s of %s",
                  path, commit, git->root);
    return g_steal_pointer(&object_id);
}

static char *find_tree(const GitRepository *git, const char *commit, const char *path, GError **error) {
    g_autofree char *id = find_object(git, commit, path, error);
    if (id == NULL)
        return NULL;
    g_autofree char *name = g_strconcat(id, "^{tree}", NULL);
    g_autofree char *tree = NULL;
    if (!git_look_up(git, name, &tree, error))
        return NULL;
    if (tree == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, NULL, "'%s' is no folder in the commit %s of %s",
                  path, commit, git->root);
    return g_steal_pointer(&tree);
}

static bool make_empty_folder(const char *path, GError **error) {
    if (!files_make_folder(path, error))
        return false;
    g_auto(GStrv) entries = files_list(path, error);
    if (entries == NULL)
        return false;
    if (*entries == NULL)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "the folder '%s' is not empty", path);
    return false;
}

/* Through an index of its own, so that neither the user's index nor the work tree is touched. */
static bool write_tree(const GitRepository *git, const char *tree, const char *index, const char *to,
                       GError **error) {
    g_autofree char *set_index = g_strconcat("GIT_INDEX_FILE=", index, NULL);
    g_autofree char *work_tree = g_strconcat("--work-tree=", to, NULL);
    GitCall read = {.arguments = ARGUMENTS("-c", GIT_NO_HOOKS, "read-tree", tree),
                    .set_env = ARGUMENTS(set_index)};
    GitCall write = {.arguments = ARGUMENTS(work_tree, "-c", GIT_NO_HOOKS, "-c", "core.autocrlf=false",
                                            "checkout-index", "--all", "--quiet"),
                     .set_env = ARGUMENTS(set_index)};
    return git_succeed(git, "read the tree", read, error) && git_succeed(git, "write the tree", write, error);
}

bool git_export(GitRepository *git, const char *commit, const char *path, const char *to, GError **error) {
    g_autofree char *tree = find_tree(git, commit, path, error);
    g_autofree char *target = g_canonicalize_filename(to, NULL);
    if (tree == NULL || !make_empty_folder(target, error))
        return false;
    g_autofree char *temporary = files_make_temporary(g_get_tmp_dir(), "sluice-index-", error);
    if (temporary == NULL)
        return false;
    g_autofree char *index = g_build_filename(temporary, "index", NULL);
    bool written = write_tree(git, tree, index, target, error);
    files_remove_tree(temporary, NULL);
    if (!written)
        files_remove_tree(target, NULL);
    return written;
}

GBytes *git_show(GitRepository *git, const char *commit, const char *path, GError **error) {
    g_autofree char *id = find_object(git, commit, path, error);
    if (id == NULL)
        return NULL;
    g_autoptr(ProcessResult) result =
        git_run(git, (GitCall){.arguments = ARGUMENTS("cat-file", "blob", id)}, error);
    if (result == NULL)
        return NULL;
    if (result->status != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, NULL, "'%s' is no file in the commit %s of %s",
                  path, commit, git->root);
        return NULL;
    }
    gsize length = result->length;
    return g_bytes_new_take(g_steal_pointer(&result->output), length);
}

char *git_identity(const char *directory) {
    GitCall call = {.arguments = ARGUMENTS("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT")};
    g_autoptr(ProcessResult) result = git_run_in(directory != NULL ? directory : ".", call, NULL);
    char *end = result != NULL && result->status == 0 ? strrchr(result->output, '>') : NULL;
    return end != NULL ? g_strndup(result->output, end + 1 - result->output) : NULL;
}

/* One call over paths. */
typedef struct {
    const char *what;
    const char *const *words;
    const char *const *paths;
    const char *const *set_env;
    const char *input;
} PathsCall;

static bool succeed_with_paths(const GitRepository *git, PathsCall call, GError **error) {
    g_autoptr(GStrvBuilder) arguments = g_strv_builder_new();
    g_strv_builder_addv(arguments, (const char **)call.words);
    g_strv_builder_addv(arguments, (const char **)call.paths);
    g_auto(GStrv) list = g_strv_builder_end(arguments);
    GitCall plain = {.arguments = (const char *const *)list, .set_env = call.set_env, .input = call.input};
    return git_succeed(git, call.what, plain, error);
}

static bool commit_paths(GitRepository *git, const char *const *paths, const char *message,
                         const char *const *identity, char **commit, GError **error) {
    PathsCall stage = {.what = "stage", .words = ARGUMENTS("add", "--all", "--"), .paths = paths};
    PathsCall compare = {
        .what = "compare", .words = ARGUMENTS("diff", "--cached", "--quiet", "--"), .paths = paths};
    PathsCall make = {.what = "commit",
                      .words = ARGUMENTS("commit", "--quiet", "--only", "--file=-", "--"),
                      .paths = paths,
                      .set_env = identity,
                      .input = message};
    g_autofree char *made = NULL;
    bool any = *paths != NULL;
    if (any && !succeed_with_paths(git, stage, error))
        return false;
    if (!any || succeed_with_paths(git, compare, NULL)) {
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "there is nothing to commit in %s", git->root);
        return false;
    }
    if (!succeed_with_paths(git, make, error) || !git_head(git, &made, error))
        return false;
    if (commit != NULL)
        *commit = g_steal_pointer(&made);
    return true;
}

bool git_commit(GitRepository *git, const char *const *paths, const char *message, char **commit,
                GError **error) {
    return commit_paths(git, paths, message, NULL, commit, error);
}

bool git_commit_as(GitRepository *git, const char *const *paths, const char *message, const char *name,
                   const char *email, char **commit, GError **error) {
    g_autofree char *author_name = g_strconcat("GIT_AUTHOR_NAME=", name, NULL);
    g_autofree char *author_email = g_strconcat("GIT_AUTHOR_EMAIL=", email, NULL);
    g_autofree char *committer_name = g_strconcat("GIT_COMMITTER_NAME=", name, NULL);
    g_autofree char *committer_email = g_strconcat("GIT_COMMITTER_EMAIL=", email, NULL);
    return commit_paths(git, paths, message,
                        ARGUMENTS(author_name, author_email, committer_name, committer_email), commit, error);
}
