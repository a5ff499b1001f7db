/* SPDX-License-Identifier: Apache-2.0 */
#include "base/git.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"

enum {
    LOCAL_TIMEOUT_MS = 2 * 60 * 1000,
    NETWORK_TIMEOUT_MS = 10 * 60 * 1000,
    MESSAGE_LINES = 5,
    MESSAGE_SIZE = 1000,
};

struct GitRepository {
    char *root;
    bool bare;
};

/* One call of git. */
typedef struct {
    const char *const *arguments; /* after `git` and where it works */
    const char *set_env;          /* one more "NAME=value", or NULL */
    const char *input;
    guint timeout_ms; /* 0: LOCAL_TIMEOUT_MS */
} GitCall;

#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The names of our environment without what points git at another repository, as in a hook. */
static char **environment_names(void) {
    static const char *const pointing[] = {"GIT_DIR",
                                           "GIT_WORK_TREE",
                                           "GIT_INDEX_FILE",
                                           "GIT_OBJECT_DIRECTORY",
                                           "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                           "GIT_COMMON_DIR",
                                           "GIT_NAMESPACE",
                                           "GIT_PREFIX",
                                           "GIT_SHALLOW_FILE",
                                           "GIT_QUARANTINE_PATH",
                                           NULL};
    g_auto(GStrv) all = g_listenv();
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (char **name = all; *name != NULL; name++)
        if (!g_strv_contains(pointing, *name))
            g_ptr_array_add(names, g_strdup(*name));
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static ProcessResult *run_at(const char *root, bool bare, GitCall call, GError **error) {
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *git_dir = g_strconcat("--git-dir=", root, NULL);
    g_auto(GStrv) names = environment_names();
    const char *const environment[] = {
        "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_LITERAL_PATHSPECS=1", call.set_env,
        NULL};
    g_ptr_array_add(argv, (gpointer) "git");
    if (!bare)
        g_ptr_array_add(argv, (gpointer) "-C");
    g_ptr_array_add(argv, bare ? git_dir : (gpointer)root);
    for (const char *const *argument = call.arguments; *argument != NULL; argument++)
        g_ptr_array_add(argv, (gpointer)*argument);
    g_ptr_array_add(argv, NULL);
    ProcessSpec spec = {
        .argv = (const char *const *)argv->pdata,
        .set_env = environment,
        .clear_env_but = (const char *const *)names,
        .input = call.input,
        .timeout_ms = call.timeout_ms > 0 ? call.timeout_ms : LOCAL_TIMEOUT_MS,
    };
    return process_run(&spec, error);
}

static ProcessResult *run(const GitRepository *git, GitCall call, GError **error) {
    return run_at(git->root, git->bare, call, error);
}

/* `text` with the userinfo of all addresses in it taken out. */
static char *without_userinfo(const char *text) {
    g_autoptr(GRegex) userinfo = g_regex_new("([A-Za-z][A-Za-z0-9+.-]*://)[^/\\s]*@", 0, 0, NULL);
    char *clean = g_regex_replace(userinfo, text, -1, 0, "\\1", 0, NULL);
    return clean != NULL ? clean : g_strdup("");
}

/* What git said, as one line without its labels and advice. */
static char *said(const char *error_output) {
    static const char *const labels[] = {"fatal: ", "error: "};
    g_autoptr(GString) message = g_string_new(NULL);
    g_autofree char *clean = without_userinfo(error_output);
    g_auto(GStrv) lines = g_strsplit(clean, "\n", -1);
    int count = 0;
    for (char **line = lines; *line != NULL && count < MESSAGE_LINES; line++) {
        const char *text = g_strstrip(*line);
        if (*text == '\0' || g_str_has_prefix(text, "hint:"))
            continue;
        for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
            if (g_str_has_prefix(text, labels[i]))
                text += strlen(labels[i]);
        g_string_append_printf(message, "%s%s", count++ > 0 ? "; " : "", text);
    }
    if (message->len > MESSAGE_SIZE)
        g_string_truncate(message, MESSAGE_SIZE);
    return g_utf8_make_valid(message->str, (gssize)message->len);
}

/* Known words of git, and what they mean. */
static const struct Meaning {
    const char *words;
    BaseError code;
    const char *hint;
} meanings[] = {
    {"couldn't find remote ref", BASE_ERROR_NOT_FOUND,
     "name a branch, a tag or a full commit of that repository"},
    {"not our ref", BASE_ERROR_NOT_FOUND, "name a branch, a tag or a full commit of that repository"},
    {"does not appear to be a git repository", BASE_ERROR_NOT_FOUND, "check the address of the repository"},
    {"epository not found", BASE_ERROR_NOT_FOUND,
     "check the address of the repository, and that you may read it"},
    {"Could not resolve host", BASE_ERROR_CONNECT, "check the host name in the address"},
    {"Failed to connect", BASE_ERROR_CONNECT, NULL},
    {"Connection refused", BASE_ERROR_CONNECT, NULL},
    {"could not read Username", BASE_ERROR_FAILED, "set up a credential helper of git, or use SSH"},
    {"could not read Password", BASE_ERROR_FAILED, "set up a credential helper of git, or use SSH"},
    {"Authentication failed", BASE_ERROR_FAILED, "check what git's credential helper gives for this server"},
    {"Permission denied (", BASE_ERROR_FAILED,
     "check your SSH key: is it in ssh-agent, and known to the server?"},
    {"Host key verification failed", BASE_ERROR_FAILED,
     "connect once by ssh, or add the host to known_hosts"},
    {"[rejected]", BASE_ERROR_FAILED, "others have pushed: pull first"},
    {"lease tell me who you are", BASE_ERROR_FAILED, "set git's user.name and user.email"},
    {"not allowed", BASE_ERROR_FAILED, "a repository is fetched over https, ssh, git or from a folder"},
};

/* Fails with what git said while doing `what`. */
static bool fail(const ProcessResult *result, const char *what, GError **error) {
    static const struct Meaning unknown = {.code = BASE_ERROR_EXIT};
    const struct Meaning *meaning = &unknown;
    for (gsize i = 0; i < G_N_ELEMENTS(meanings) && meaning == &unknown; i++)
        if (strstr(result->error_output, meanings[i].words) != NULL)
            meaning = &meanings[i];
    g_autofree char *message = said(result->error_output);
    if (*message != '\0')
        error_set(error, BASE_ERROR, meaning->code, meaning->hint, "git cannot %s: %s", what, message);
    else
        error_set(error, BASE_ERROR, meaning->code, meaning->hint, "git cannot %s: it ended with status %d",
                  what, result->status);
    return false;
}

static void trim_newline(ProcessResult *result) {
    if (result->length > 0 && result->output[result->length - 1] == '\n')
        result->output[--result->length] = '\0';
}

/* Standard output of a call that must succeed; `what` it does is said when it doesn't. */
static char *output_of(const GitRepository *git, const char *what, GitCall call, GError **error) {
    g_autoptr(ProcessResult) result = run(git, call, error);
    if (result == NULL)
        return NULL;
    if (result->status != 0) {
        fail(result, what, error);
        return NULL;
    }
    trim_newline(result);
    return g_steal_pointer(&result->output);
}

static bool succeed(const GitRepository *git, const char *what, GitCall call, GError **error) {
    g_autofree char *output = output_of(git, what, call, error);
    return output != NULL;
}

/* Nothing of ours may be taken for an option. */
static bool check_word(const char *word, const char *what, GError **error) {
    if (*word != '-' && strpbrk(word, "\r\n") == NULL)
        return true;
    g_autofree char *shown = without_userinfo(word);
    error_set(error, BASE_ERROR, BASE_ERROR_SYNTAX, NULL, "'%s' is no %s", shown, what);
    return false;
}

static GitRepository *repository_new(const char *root, bool bare) {
    GitRepository *git = g_new0(GitRepository, 1);
    git->root = g_strdup(root);
    git->bare = bare;
    return git;
}

GitRepository *git_open(const char *directory, GError **error) {
    g_autoptr(GError) cause = NULL;
    GitCall call = {.arguments = ARGUMENTS("rev-parse", "--show-toplevel")};
    g_autoptr(ProcessResult) result = run_at(directory, false, call, &cause);
    if (result == NULL) {
        if (!g_error_matches(cause, BASE_ERROR, BASE_ERROR_NOT_FOUND))
            g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    if (result->status != 0) {
        if (strstr(result->error_output, "not a git repository") == NULL)
            fail(result, "open the repository", error);
        return NULL;
    }
    trim_newline(result);
    return repository_new(result->output, false);
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

/* The id of what `name` stands for; *id is NULL where it stands for nothing. */
static bool look_up(const GitRepository *git, const char *name, char **id, GError **error) {
    GitCall call = {.arguments = ARGUMENTS("rev-parse", "--verify", "--quiet", name)};
    g_autoptr(ProcessResult) result = run(git, call, error);
    if (result == NULL)
        return false;
    trim_newline(result);
    *id = result->status == 0 ? g_steal_pointer(&result->output) : NULL;
    return true;
}

bool git_head(GitRepository *git, char **commit, GError **error) {
    return look_up(git, "HEAD^{commit}", commit, error);
}

bool git_is_dirty(GitRepository *git, const char *path, bool *dirty, GError **error) {
    const char *const arguments[] = {
        "status", "--porcelain", "--untracked-files=normal", "--", *path != '\0' ? path : NULL, NULL};
    g_autofree char *changes = output_of(git, "read the work tree", (GitCall){.arguments = arguments}, error);
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
    g_autofree char *found = output_of(git, "read the history", (GitCall){.arguments = arguments}, error);
    if (found == NULL)
        return false;
    *commit = *found != '\0' ? g_steal_pointer(&found) : NULL;
    return true;
}

/* The object at `path` of `commit`; NULL with BASE_ERROR_NOT_FOUND where either isn't there. */
static char *find_object(const GitRepository *git, const char *commit, const char *path, GError **error) {
    g_autofree char *commit_name = g_strconcat(commit, "^{commit}", NULL);
    g_autofree char *commit_id = NULL;
    g_autofree char *object_id = NULL;
    if (!check_word(commit, "commit", error) || !check_word(path, "path", error) ||
        !look_up(git, commit_name, &commit_id, error))
        return NULL;
    if (commit_id == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "fetch it, run: git fetch --all",
                  "the commit %s is not in %s", commit, git->root);
        return NULL;
    }
    g_autofree char *object_name = g_strconcat(commit_id, ":", path, NULL);
    if (!look_up(git, object_name, &object_id, error))
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
    if (!look_up(git, name, &tree, error))
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
    GitCall read = {.arguments = ARGUMENTS("-c", "core.hooksPath=/dev/null", "read-tree", tree),
                    .set_env = set_index};
    GitCall write = {.arguments = ARGUMENTS(work_tree, "-c", "core.hooksPath=/dev/null", "-c",
                                            "core.autocrlf=false", "checkout-index", "--all", "--quiet"),
                     .set_env = set_index};
    return succeed(git, "read the tree", read, error) && succeed(git, "write the tree", write, error);
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
        run(git, (GitCall){.arguments = ARGUMENTS("cat-file", "blob", id)}, error);
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

static bool is_full_commit(const char *ref) {
    gsize length = strlen(ref);
    return (length == 40 || length == 64) && strspn(ref, "0123456789abcdef") == length;
}

static bool check_ref(const char *ref, GError **error) {
    if (*ref != '\0' && *ref != '-' && strpbrk(ref, ":*?[\\^~ \t\r\n") == NULL && strstr(ref, "..") == NULL)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_SYNTAX, "name a branch, a tag or a full commit",
              "'%s' is no name of a branch, tag or commit", ref);
    return false;
}

static bool fetch(const GitRepository *git, const char *url, const char *const *refspecs, GError **error) {
    g_autofree char *shown = without_userinfo(url);
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
    GitCall call = {.arguments = arguments,
                    .set_env = "GIT_ALLOW_PROTOCOL=https:ssh:file:git",
                    .timeout_ms = NETWORK_TIMEOUT_MS};
    return succeed(git, what, call, error);
}

/* Fetches `ref` to `local`. A server may refuse a commit that is no tip: then it comes with all branches and
 * tags. */
static bool fetch_ref(const GitRepository *git, const char *url, const char *ref, const char *local,
                      GError **error) {
    g_autoptr(GError) cause = NULL;
    g_autofree char *refspec = g_strconcat("+", ref, ":", local, NULL);
    if (fetch(git, url, ARGUMENTS(refspec), &cause))
        return true;
    if (is_full_commit(ref) && g_error_matches(cause, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return fetch(git, url,
                     ARGUMENTS("+refs/heads/*:refs/remote/heads/*", "+refs/tags/*:refs/remote/tags/*"),
                     error);
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
    if (full && !look_up(git, name, &found, error))
        return false;
    if (found == NULL && (!fetch_ref(git, url, ref, local, error) || !look_up(git, name, &found, error)))
        return false;
    if (found == NULL) {
        g_autofree char *shown = without_userinfo(url);
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, NULL, "'%s' is no commit of %s", ref, shown);
        return false;
    }
    *commit = g_steal_pointer(&found);
    return true;
}

/* Makes the clone, or takes the one that is there. */
static GitRepository *clone_open(const char *folder, GError **error) {
    g_autofree char *root = g_canonicalize_filename(folder, NULL);
    g_autoptr(GitRepository) clone = repository_new(root, true);
    GitCall call = {.arguments = ARGUMENTS("init", "--quiet", "--bare")};
    return succeed(clone, "make a cache", call, error) ? g_steal_pointer(&clone) : NULL;
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
    if (!check_word(url, "address of a repository", error) || !check_ref(ref, error) ||
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

char *git_identity(const char *directory) {
    GitCall call = {.arguments = ARGUMENTS("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT")};
    g_autoptr(ProcessResult) result = run_at(directory != NULL ? directory : ".", false, call, NULL);
    char *end = result != NULL && result->status == 0 ? strrchr(result->output, '>') : NULL;
    return end != NULL ? g_strndup(result->output, end + 1 - result->output) : NULL;
}

static bool succeed_with_paths(const GitRepository *git, const char *what, const char *const *words,
                               const char *const *paths, const char *input, GError **error) {
    g_autoptr(GStrvBuilder) arguments = g_strv_builder_new();
    g_strv_builder_addv(arguments, (const char **)words);
    g_strv_builder_addv(arguments, (const char **)paths);
    g_auto(GStrv) list = g_strv_builder_end(arguments);
    return succeed(git, what, (GitCall){.arguments = (const char *const *)list, .input = input}, error);
}

bool git_commit(GitRepository *git, const char *const *paths, const char *message, char **commit,
                GError **error) {
    g_autofree char *made = NULL;
    bool any = *paths != NULL;
    if (any && !succeed_with_paths(git, "stage", ARGUMENTS("add", "--all", "--"), paths, NULL, error))
        return false;
    if (!any || succeed_with_paths(git, "compare", ARGUMENTS("diff", "--cached", "--quiet", "--"), paths,
                                   NULL, NULL)) {
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "there is nothing to commit in %s", git->root);
        return false;
    }
    if (!succeed_with_paths(git, "commit", ARGUMENTS("commit", "--quiet", "--only", "--file=-", "--"), paths,
                            message, error) ||
        !git_head(git, &made, error))
        return false;
    if (commit != NULL)
        *commit = g_steal_pointer(&made);
    return true;
}

/* A setting's value; NULL where it isn't set. */
static char *setting(const GitRepository *git, const char *branch, const char *name) {
    g_autofree char *key = g_strdup_printf("branch.%s.%s", branch, name);
    g_autofree char *value =
        output_of(git, "read a setting", (GitCall){.arguments = ARGUMENTS("config", "--get", key)}, NULL);
    return value != NULL && *value != '\0' ? g_steal_pointer(&value) : NULL;
}

bool git_push(GitRepository *git, GError **error) {
    GitCall ask = {.arguments = ARGUMENTS("symbolic-ref", "--quiet", "--short", "HEAD")};
    g_autoptr(ProcessResult) result = run(git, ask, error);
    if (result == NULL)
        return false;
    if (result->status != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED,
                  "check out the branch to push, run: git switch BRANCH", "%s is on no branch", git->root);
        return false;
    }
    trim_newline(result);
    const char *branch = result->output;
    g_autofree char *remote = setting(git, branch, "remote");
    g_autofree char *upstream = setting(git, branch, "merge");
    bool tracks = remote != NULL && upstream != NULL;
    g_autofree char *refspec =
        tracks ? g_strconcat("HEAD:", upstream, NULL) : g_strconcat("HEAD:refs/heads/", branch, NULL);
    GitCall push = {.arguments = ARGUMENTS("push", "--quiet", "--", tracks ? remote : "origin", refspec),
                    .timeout_ms = NETWORK_TIMEOUT_MS};
    return succeed(git, "push", push, error);
}
