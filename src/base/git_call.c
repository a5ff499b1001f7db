/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/git_private.h"

enum {
    MESSAGE_LINES = 5,
    MESSAGE_SIZE = 1000,
};

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

static void add_all(GPtrArray *array, const char *const *texts) {
    for (; texts != NULL && *texts != NULL; texts++)
        g_ptr_array_add(array, (gpointer)*texts);
}

ProcessResult *git_run(const GitRepository *git, GitCall call, GError **error) {
    static const char *const always[] = {"LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
                                         "GIT_LITERAL_PATHSPECS=1", NULL};
    g_autoptr(GPtrArray) argv = g_ptr_array_new(), environment = g_ptr_array_new();
    g_autofree char *git_dir = g_strconcat("--git-dir=", git->root, NULL);
    g_auto(GStrv) names = environment_names();
    add_all(environment, always);
    add_all(environment, call.set_env);
    g_ptr_array_add(environment, NULL);
    add_all(argv, git->bare ? ARGUMENTS("git", git_dir) : ARGUMENTS("git", "-C", git->root));
    if (git->unhooked)
        add_all(argv, ARGUMENTS("-c", GIT_NO_HOOKS, "-c", "core.fsmonitor=false"));
    add_all(argv, call.arguments);
    g_ptr_array_add(argv, NULL);
    ProcessSpec spec = {
        .argv = (const char *const *)argv->pdata,
        .set_env = (const char *const *)environment->pdata,
        .clear_env_but = (const char *const *)names,
        .input = call.input,
        .timeout_ms = call.timeout_ms > 0 ? call.timeout_ms : LOCAL_TIMEOUT_MS,
    };
    return process_run(&spec, error);
}

ProcessResult *git_run_in(const char *folder, GitCall call, GError **error) {
    const GitRepository nowhere = {.root = (char *)folder};
    return git_run(&nowhere, call, error);
}

char *git_without_userinfo(const char *text) {
    g_autoptr(GRegex) userinfo = g_regex_new("([A-Za-z][A-Za-z0-9+.-]*://)[^/\\s]*@", 0, 0, NULL);
    char *clean = g_regex_replace(userinfo, text, -1, 0, "\\1", 0, NULL);
    return clean != NULL ? clean : g_strdup("");
}

/* What git said, as one line without its labels and advice. */
static char *said(const char *error_output) {
    static const char *const labels[] = {"fatal: ", "error: "};
    g_autoptr(GString) message = g_string_new(NULL);
    g_autofree char *clean = git_without_userinfo(error_output);
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
    {"Connection reset", BASE_ERROR_CONNECT, NULL},
    {"onnection timed out", BASE_ERROR_CONNECT, NULL},
    {"Operation timed out", BASE_ERROR_CONNECT, NULL},
    {"Operation too slow", BASE_ERROR_CONNECT, NULL},
    {"hung up unexpectedly", BASE_ERROR_CONNECT, NULL},
    {"requested URL returned error: 429", BASE_ERROR_CONNECT, NULL},
    {"requested URL returned error: 50", BASE_ERROR_CONNECT, NULL},
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

bool git_fail(const ProcessResult *result, const char *what, GError **error) {
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

void git_trim(ProcessResult *result) {
    if (result->length > 0 && result->output[result->length - 1] == '\n')
        result->output[--result->length] = '\0';
}

char *git_output(const GitRepository *git, const char *what, GitCall call, GError **error) {
    g_autoptr(ProcessResult) result = git_run(git, call, error);
    if (result == NULL)
        return NULL;
    if (result->status != 0) {
        git_fail(result, what, error);
        return NULL;
    }
    git_trim(result);
    return g_steal_pointer(&result->output);
}

bool git_succeed(const GitRepository *git, const char *what, GitCall call, GError **error) {
    g_autofree char *output = git_output(git, what, call, error);
    return output != NULL;
}

bool git_check_word(const char *word, const char *what, GError **error) {
    if (*word != '-' && strpbrk(word, "\r\n") == NULL)
        return true;
    g_autofree char *shown = git_without_userinfo(word);
    error_set(error, BASE_ERROR, BASE_ERROR_SYNTAX, NULL, "'%s' is no %s", shown, what);
    return false;
}

GitRepository *git_repository_new(const char *root, bool bare, bool unhooked) {
    GitRepository *git = g_new0(GitRepository, 1);
    git->root = g_strdup(root);
    git->bare = bare;
    git->unhooked = unhooked;
    return git;
}

bool git_branch_is_valid(const char *branch) {
    return *branch != '\0' && *branch != '-' && strpbrk(branch, ":*?[\\^~ \t\r\n") == NULL &&
           strstr(branch, "..") == NULL;
}

bool git_check_ref(const char *ref, GError **error) {
    if (git_branch_is_valid(ref))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_SYNTAX, "name a branch, a tag or a full commit",
              "'%s' is no name of a branch, tag or commit", ref);
    return false;
}

bool git_look_up(const GitRepository *git, const char *name, char **id, GError **error) {
    GitCall call = {.arguments = ARGUMENTS("rev-parse", "--verify", "--quiet", name)};
    g_autoptr(ProcessResult) result = git_run(git, call, error);
    if (result == NULL)
        return false;
    git_trim(result);
    *id = result->status == 0 ? g_steal_pointer(&result->output) : NULL;
    return true;
}

char *git_find_commit(const GitRepository *git, const char *commit, GError **error) {
    g_autofree char *name = g_strconcat(commit, "^{commit}", NULL);
    g_autofree char *id = NULL;
    if (!git_check_word(commit, "commit", error) || !git_look_up(git, name, &id, error))
        return NULL;
    if (id == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "fetch it, run: git fetch --all",
                  "the commit %s is not in %s", commit, git->root);
    return g_steal_pointer(&id);
}
