/* SPDX-License-Identifier: Apache-2.0 */
/* Other repositories: fetched from, mirrored and pushed to. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/files.h"
#include "base/git_private.h"

static bool is_full_commit(const char *ref) {
    gsize length = strlen(ref);
    return (length == 40 || length == 64) && strspn(ref, "0123456789abcdef") == length;
}

/* What modules come by; and what a server's own file may name besides. Never a remote helper, which runs a
 * program. */
#define MODULE_PROTOCOLS "GIT_ALLOW_PROTOCOL=https:ssh:file:git"
#define SERVER_PROTOCOLS "GIT_ALLOW_PROTOCOL=https:http:ssh:file:git"

static bool fetch(const GitRepository *git, const char *url, const char *const *refspecs,
                  const char *protocols, GError **error) {
    g_autofree char *shown = git_without_userinfo(url);
    g_autofree char *what = g_strconcat("fetch from ", shown, NULL);
    /* No FETCH_HEAD, which is shared; no collection of garbage, which would run on in the background. */
    const char *const arguments[] = {"-c",
                                     "gc.auto=0",
                                     "-c",
                                     "maintenance.auto=false",
                                     "fetch",
                                     "--quiet",
                                     "--no-tags",
                                     "--no-write-fetch-head",
                                     "--no-recurse-submodules",
                                     "--",
                                     url,
                                     refspecs[0],
                                     refspecs[1],
                                     NULL};
    GitCall call = {
        .arguments = arguments, .set_env = ARGUMENTS(protocols), .timeout_ms = NETWORK_TIMEOUT_MS};
    return git_succeed(git, what, call, error);
}

/* Fetches `ref` to `local`. A server may refuse a commit that is no tip: then it comes with all branches and
 * tags. */
static bool fetch_ref(const GitRepository *git, const char *url, const char *ref, const char *local,
                      GError **error) {
    g_autoptr(GError) cause = NULL;
    g_autofree char *refspec = g_strconcat("+", ref, ":", local, NULL);
    if (fetch(git, url, ARGUMENTS(refspec), MODULE_PROTOCOLS, &cause))
        return true;
    if (is_full_commit(ref) && g_error_matches(cause, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return fetch(git, url,
                     ARGUMENTS("+refs/heads/*:refs/remote/heads/*", "+refs/tags/*:refs/remote/tags/*"),
                     MODULE_PROTOCOLS, error);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool fetch_commit(const GitRepository *git, const char *url, const char *ref, char **commit,
                         GError **error) {
    bool full = is_full_commit(ref);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA1, ref, -1);
    g_autofree char *local = g_strconcat("refs/sluice/", digest, NULL);
    g_autofree char *name = g_strconcat(full ? ref : local, "^{commit}", NULL);
    g_autofree char *found = NULL;
    if (full && !git_look_up(git, name, &found, error))
        return false;
    if (found == NULL && (!fetch_ref(git, url, ref, local, error) || !git_look_up(git, name, &found, error)))
        return false;
    if (found == NULL) {
        g_autofree char *shown = git_without_userinfo(url);
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, NULL, "'%s' is no commit of %s", ref, shown);
        return false;
    }
    *commit = g_steal_pointer(&found);
    return true;
}

/* Makes the clone, or takes the one that is there. */
static GitRepository *clone_open(const char *folder, GError **error) {
    g_autofree char *root = g_canonicalize_filename(folder, NULL);
    g_autoptr(GitRepository) clone = git_repository_new(root, true, true);
    GitCall call = {.arguments = ARGUMENTS("init", "--quiet", "--bare", "--template=")};
    return git_succeed(clone, "make a clone", call, error) ? g_steal_pointer(&clone) : NULL;
}

/* One fetch into a clone at a time, of all threads and processes. The lock ends with the descriptor. */
static int clone_lock(const char *folder, GError **error) {
    g_autofree char *path = g_strconcat(folder, ".lock", NULL);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock >= 0 && TEMP_FAILURE_RETRY(flock(lock, LOCK_EX)) == 0)
        return lock;
    error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot lock '%s': %s", path, g_strerror(errno));
    if (lock >= 0)
        close(lock);
    return -1;
}

GitRepository *git_fetch_remote(const char *url, const char *ref, const char *cache, char **commit,
                                GError **error) {
    if (!git_check_word(url, "address of a repository", error) || !git_check_ref(ref, error) ||
        !files_make_folder(cache, error))
        return NULL;
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, url, -1);
    g_autofree char *folder = g_strdup_printf("%s/%.32s.git", cache, digest);
    int lock = clone_lock(folder, error);
    if (lock < 0)
        return NULL;
    g_autoptr(GitRepository) clone = clone_open(folder, error);
    bool fetched = clone != NULL && fetch_commit(clone, url, ref, commit, error);
    close(lock);
    return fetched ? g_steal_pointer(&clone) : NULL;
}

/* A setting's value; NULL where it isn't set. */
static char *setting(const GitRepository *git, const char *branch, const char *name) {
    g_autofree char *key = g_strdup_printf("branch.%s.%s", branch, name);
    g_autofree char *value =
        git_output(git, "read a setting", (GitCall){.arguments = ARGUMENTS("config", "--get", key)}, NULL);
    return value != NULL && *value != '\0' ? g_steal_pointer(&value) : NULL;
}

bool git_push(GitRepository *git, GError **error) {
    GitCall ask = {.arguments = ARGUMENTS("symbolic-ref", "--quiet", "--short", "HEAD")};
    g_autoptr(ProcessResult) result = git_run(git, ask, error);
    if (result == NULL)
        return false;
    if (result->status != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED,
                  "check out the branch to push, run: git switch BRANCH", "%s is on no branch", git->root);
        return false;
    }
    git_trim(result);
    const char *branch = result->output;
    g_autofree char *remote = setting(git, branch, "remote");
    g_autofree char *upstream = setting(git, branch, "merge");
    bool tracks = remote != NULL && upstream != NULL;
    g_autofree char *refspec =
        tracks ? g_strconcat("HEAD:", upstream, NULL) : g_strconcat("HEAD:refs/heads/", branch, NULL);
    GitCall call = {.arguments = ARGUMENTS("push", "--quiet", "--", tracks ? remote : "origin", refspec),
                    .timeout_ms = NETWORK_TIMEOUT_MS};
    return git_succeed(git, "push", call, error);
}

/* --- Mirrors and workspaces ----------------------------------------------------------------------------- */

/* The commit of a line "COMMIT<tab>REFERENCE" that names exactly this one; NULL where none does. */
static char *find_head(const char *lines, const char *reference) {
    g_auto(GStrv) list = g_strsplit(lines, "\n", -1);
    for (char **line = list; *line != NULL; line++) {
        const char *tab = strchr(*line, '\t');
        if (tab != NULL && g_str_equal(tab + 1, reference))
            return g_strndup(*line, (gsize)(tab - *line));
    }
    return NULL;
}

bool git_remote_head(const char *url, const char *branch, char **commit, GError **error) {
    if (!git_check_word(url, "address of a repository", error) || !git_check_ref(branch, error))
        return false;
    g_autofree char *reference = g_strconcat("refs/heads/", branch, NULL);
    g_autofree char *shown = git_without_userinfo(url);
    g_autofree char *what = g_strconcat("ask ", shown, NULL);
    GitCall call = {.arguments = ARGUMENTS("ls-remote", "--quiet", "--", url, reference),
                    .set_env = ARGUMENTS(SERVER_PROTOCOLS),
                    .timeout_ms = NETWORK_TIMEOUT_MS};
    /* Not where we are: that may be a repository whose settings bend addresses. */
    g_autoptr(GitRepository) nowhere = git_repository_new("/", false, true);
    g_autofree char *lines = git_output(nowhere, what, call, error);
    if (lines == NULL)
        return false;
    *commit = find_head(lines, reference);
    return true;
}

static bool configure(const GitRepository *git, const char *name, const char *value, GError **error) {
    return git_succeed(git, "set up the repository", (GitCall){.arguments = ARGUMENTS("config", name, value)},
                       error);
}

static bool update_mirror(const GitRepository *mirror, const char *url, const char *branch, char **commit,
                          GError **error) {
    g_autofree char *reference = g_strconcat("refs/heads/", branch, NULL);
    g_autofree char *refspec = g_strconcat("+", reference, ":", reference, NULL);
    GitCall head = {.arguments = ARGUMENTS("symbolic-ref", "HEAD", reference)};
    g_autofree char *found = NULL;
    if (!configure(mirror, "remote.origin.url", url, error) ||
        !configure(mirror, "core.hooksPath", "/dev/null", error) ||
        !git_succeed(mirror, "set up the repository", head, error) ||
        !fetch(mirror, url, ARGUMENTS(refspec), SERVER_PROTOCOLS, error))
        return false;
    found = git_find_commit(mirror, reference, error);
    if (found == NULL)
        return false;
    *commit = g_steal_pointer(&found);
    return true;
}

GitRepository *git_mirror(const char *url, const char *branch, const char *folder, char **commit,
                          GError **error) {
    g_autofree char *root = g_canonicalize_filename(folder, NULL);
    g_autofree char *parent = g_path_get_dirname(root);
    if (!git_check_word(url, "address of a repository", error) || !git_check_ref(branch, error) ||
        !files_make_folder(parent, error))
        return NULL;
    int lock = clone_lock(root, error);
    if (lock < 0)
        return NULL;
    g_autoptr(GitRepository) mirror = clone_open(root, error);
    bool updated = mirror != NULL && update_mirror(mirror, url, branch, commit, error);
    close(lock);
    return updated ? g_steal_pointer(&mirror) : NULL;
}

/* No template, which may bring hooks; and none of the user's either. */
static bool clone_shared(const GitRepository *mirror, const char *folder, GError **error) {
    g_autofree char *parent = g_path_get_dirname(folder);
    GitCall call = {.arguments =
                        ARGUMENTS("clone", "--quiet", "--shared", "--no-checkout", "--no-tags",
                                  "--template=", "--config", GIT_NO_HOOKS, "--", mirror->root, folder)};
    g_autoptr(GitRepository) beside = git_repository_new(parent, false, true);
    return files_make_folder(parent, error) && git_succeed(beside, "make a workspace", call, error);
}

static bool fill_workspace(const GitRepository *mirror, const GitRepository *workspace, const char *commit,
                           GError **error) {
    GitCall ask = {.arguments = ARGUMENTS("config", "--get", "remote.origin.url")};
    GitCall checkout = {.arguments = ARGUMENTS("checkout", "--quiet", "--detach", commit, "--")};
    g_autofree char *url = git_output(mirror, "read the mirror's origin", ask, error);
    return url != NULL && configure(workspace, "remote.origin.url", url, error) &&
           git_succeed(workspace, "check out the commit", checkout, error);
}

GitRepository *git_workspace(GitRepository *mirror, const char *commit, const char *folder, GError **error) {
    g_autofree char *root = g_canonicalize_filename(folder, NULL);
    g_autofree char *id = git_find_commit(mirror, commit, error);
    if (id == NULL || !files_remove_tree(root, error))
        return NULL;
    g_autoptr(GitRepository) workspace = git_repository_new(root, false, true);
    if (clone_shared(mirror, root, error) && fill_workspace(mirror, workspace, id, error))
        return g_steal_pointer(&workspace);
    files_remove_tree(root, NULL);
    return NULL;
}

/* Whether the branch was not where we thought; the last ones are said when it moves during the push. */
static bool others_were_first(const char *error_output) {
    static const char *const words[] = {"[rejected]", "cannot lock ref", "failed to update ref",
                                        "incorrect old value", "reference already exists"};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strstr(error_output, words[i]) != NULL)
            return true;
    return false;
}

bool git_push_to(GitRepository *git, const char *branch, bool *rejected, GError **error) {
    bool ignored = false;
    if (rejected == NULL)
        rejected = &ignored;
    *rejected = false;
    if (!git_check_ref(branch, error))
        return false;
    g_autofree char *refspec = g_strconcat("HEAD:refs/heads/", branch, NULL);
    GitCall call = {.arguments = ARGUMENTS("push", "--quiet", "--no-follow-tags", "--recurse-submodules=no",
                                           "--", "origin", refspec),
                    .set_env = ARGUMENTS(SERVER_PROTOCOLS),
                    .timeout_ms = NETWORK_TIMEOUT_MS};
    g_autoptr(ProcessResult) result = git_run(git, call, error);
    if (result == NULL || result->status == 0)
        return result != NULL;
    *rejected = others_were_first(result->error_output);
    if (!*rejected)
        return git_fail(result, "push", error);
    error_set(error, BASE_ERROR, BASE_ERROR_FAILED, "fetch, make the change again, and push that",
              "the branch '%s' moved: others have pushed", branch);
    return false;
}
