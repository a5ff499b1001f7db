/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How git is called: what the parts of git.h share. Only git*.c includes this.
 */
#pragma once

#include "base/error.h"
#include "base/git.h"
#include "base/process.h"

enum {
    LOCAL_TIMEOUT_MS = 2 * 60 * 1000,
    NETWORK_TIMEOUT_MS = 10 * 60 * 1000,
};

struct GitRepository {
    char *root;
    bool bare;
    bool unhooked; /* of a server: nothing that the repository has set up for itself runs */
};

/* One call of git. */
typedef struct {
    const char *const *arguments; /* after `git` and where it works */
    const char *const *set_env;   /* more "NAME=value", or NULL */
    const char *input;
    guint timeout_ms; /* 0: LOCAL_TIMEOUT_MS */
} GitCall;

#define GIT_NO_HOOKS "core.hooksPath=/dev/null"

#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

GitRepository *git_repository_new(const char *root, bool bare, bool unhooked);

/* Runs git, whatever its status. */
ProcessResult *git_run(const GitRepository *git, GitCall call, GError **error);
/* The same in a folder that need be no repository. */
ProcessResult *git_run_in(const char *folder, GitCall call, GError **error);

/* Fails with what git said while doing `what`, and a hint where its words are known. Returns false. */
bool git_fail(const ProcessResult *result, const char *what, GError **error);

/* Standard output, without its last newline, of a call that must succeed; `what` it does is said when it
 * doesn't. The caller frees it. */
char *git_output(const GitRepository *git, const char *what, GitCall call, GError **error);
bool git_succeed(const GitRepository *git, const char *what, GitCall call, GError **error);

/* Takes the newline at the end of the output away. */
void git_trim(ProcessResult *result);

/* `text` with the userinfo of all addresses in it taken out; the caller frees it. */
char *git_without_userinfo(const char *text);

/* Nothing of ours may be taken for an option: false with BASE_ERROR_SYNTAX. */
bool git_check_word(const char *word, const char *what, GError **error);
/* The same for the name of a branch, a tag or a commit that is fetched. */
bool git_check_ref(const char *ref, GError **error);

/* The id of what `name` stands for; *id is NULL where it stands for nothing. */
bool git_look_up(const GitRepository *git, const char *name, char **id, GError **error);
/* The id of a commit; NULL with BASE_ERROR_NOT_FOUND where there is none. */
char *git_find_commit(const GitRepository *git, const char *commit, GError **error);
