/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Git, through the `git` program, so that a user's credentials, SSH and signing are as set up; it never asks
 * a person. Paths are relative to the repository's root unless said otherwise, and are no patterns. What git
 * says is the message, without the userinfo of addresses, with a hint where its words are known. A commit,
 * path, reference or address that git could take for an option is BASE_ERROR_SYNTAX.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct GitRepository GitRepository;

/* The repository that holds `directory`; NULL without an error when it lies in none (or there is no git
 * program), NULL with an error when git fails. */
GitRepository *git_open(const char *directory, GError **error);
void git_free(GitRepository *git);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GitRepository, git_free)

/* Absolute path of the work tree's root. Owned by the repository. */
const char *git_root(const GitRepository *git);

/* Commit of HEAD, 40 hex; *commit is NULL where there is no commit yet. Owned by the caller. */
bool git_head(GitRepository *git, char **commit, GError **error);

/* Whether anything under `path` (relative to the root; "" for all) differs from HEAD, untracked files too
 * (not ignored ones). */
bool git_is_dirty(GitRepository *git, const char *path, bool *dirty, GError **error);

/* The newest commit at or before HEAD that changed `path`; *commit NULL where none did. */
bool git_last_change(GitRepository *git, const char *path, char **commit, GError **error);

/* Writes the tree of folder `path` at `commit` into `to` (made if need be; must be empty).
 * BASE_ERROR_NOT_FOUND where the commit or the path in it is not there, with a hint to fetch it. Runs no
 * hook, changes no line endings, and leaves the user's index alone; links are written as links, submodules
 * are left empty. */
bool git_export(GitRepository *git, const char *commit, const char *path, const char *to, GError **error);

/* The bytes of one file at `commit`; NULL with BASE_ERROR_NOT_FOUND where it is not there. */
GBytes *git_show(GitRepository *git, const char *commit, const char *path, GError **error);

/* Fetches `ref` (branch, tag or commit) of a remote repository into a bare clone under `cache` and gives the
 * commit it names in *commit. A full commit that is in the cache already needs no network. The clone is
 * returned and can be given to git_export(). Only https, ssh, git and folders are fetched from.
 * BASE_ERROR_NOT_FOUND where the repository or the reference isn't there, BASE_ERROR_CONNECT where no
 * connection could be made. */
GitRepository *git_fetch_remote(const char *url, const char *ref, const char *cache, char **commit,
                                GError **error);

/* "Name <mail>" as git would sign a commit there; NULL where not set up. `directory` may be NULL. */
char *git_identity(const char *directory);

/* Stages exactly `paths` and commits them with `message`; BASE_ERROR_FAILED when there is nothing to commit.
 * *commit (may be NULL) is the new one. */
bool git_commit(GitRepository *git, const char *const *paths, const char *message, char **commit,
                GError **error);

/* The same by somebody else than the person that git is set up for: author and committer are `name` and
 * `email`. */
bool git_commit_as(GitRepository *git, const char *const *paths, const char *message, const char *name,
                   const char *email, char **commit, GError **error);

/* Pushes HEAD to its upstream (or origin's branch of the same name). BASE_ERROR_FAILED with a hint where
 * others pushed before. */
bool git_push(GitRepository *git, GError **error);

/* --- For a server, which looks after repositories of others ----------------------------------------------
 */
/* Addresses are https, http, ssh, git, file:// or an absolute folder. No hook runs in what these make. */

/* The commit of a remote branch, without fetching it; *commit is NULL where there is no such branch. Errors
 * as git_fetch_remote(). */
bool git_remote_head(const char *url, const char *branch, char **commit, GError **error);

/* A bare clone of one branch, with all of its history, at `folder`: made, or brought to where the branch is
 * now even if it was rewritten. Its remote "origin" is `url`. Gives the branch's commit. One at a time per
 * folder, of all threads and processes; nothing is ever pruned, so that workspaces can rely on it. Errors as
 * git_fetch_remote(). */
GitRepository *git_mirror(const char *url, const char *branch, const char *folder, char **commit,
                          GError **error);

/* The mirror at `folder` as it is, without a look at it; never NULL. */
GitRepository *git_open_bare(const char *folder);

/* A work tree of its own at `folder` (what is there is removed), on no branch, at a commit of the mirror,
 * whose objects it shares: it lasts as long as the mirror. Its "origin" is the mirror's. BASE_ERROR_NOT_FOUND
 * where the mirror has no such commit. */
GitRepository *git_workspace(GitRepository *mirror, const char *commit, const char *folder, GError **error);

/* Whether a text may name a branch. */
bool git_branch_is_valid(const char *branch);

/* Pushes HEAD to a branch of origin, never forced. *rejected (may be NULL; always set) tells that others
 * pushed before, which is BASE_ERROR_FAILED, from other failures. */
bool git_push_to(GitRepository *git, const char *branch, bool *rejected, GError **error);

/* Whether `descendant` holds `ancestor` (a commit holds itself). BASE_ERROR_NOT_FOUND where either isn't
 * there. */
bool git_is_ancestor(GitRepository *git, const char *ancestor, const char *descendant, bool *is,
                     GError **error);

typedef struct {
    char *id;
    char *author_name, *author_email;
    char *committer_email;
    char *at;      /* when it was committed: 2026-01-31T12:34:56Z */
    char *subject; /* the message's first paragraph, as one line */
    char *body;    /* what follows; "" where nothing does */
    bool merge;    /* of several parents */
} GitCommit;
void git_commit_free(GitCommit *commit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GitCommit, git_commit_free)

/* At most `most` commits that `to` holds and `from` (NULL: the beginning) doesn't, newest first; with a
 * `path` (may be NULL) those that `git log -- PATH` shows. A GPtrArray of GitCommit, maybe empty; texts are
 * UTF-8. BASE_ERROR_NOT_FOUND where either commit isn't there. */
GPtrArray *git_log(GitRepository *git, const char *from, const char *to, const char *path, guint most,
                   GError **error);

/* The value of a trailer ("Name: value" in the message's last paragraph, all of whose lines are such), the
 * last one of that name, in letters of either case; NULL where there is none. The caller frees it. */
char *git_trailer(const GitCommit *commit, const char *name);
