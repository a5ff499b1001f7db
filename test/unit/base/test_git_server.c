/* SPDX-License-Identifier: Apache-2.0 */
/* What a server asks of Git, against the real git program and real remotes in folders of the test's own. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/git.h"
#include "git_home.h"

typedef struct {
    char *folder;
    char *hub;    /* the remote: a bare repository with one commit of a/one on main */
    char *theirs; /* a person's clone of it */
} Fixture;

static char *in_folder(const Fixture *fixture, const char *name) {
    return g_build_filename(fixture->folder, name, NULL);
}

static void fixture_start(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    fixture->folder = files_make_temporary(g_get_tmp_dir(), "sluice-git-", &error);
    g_assert_no_error(error);
    fixture->hub = in_folder(fixture, "hub.git");
    fixture->theirs = in_folder(fixture, "theirs");
    sh(fixture->folder, "git init -q --bare -b main hub.git; git init -q -b main theirs; cd theirs; "
                        "git remote add origin ../hub.git; mkdir a; echo one > a/one; git add .; "
                        "git commit -q -m first; git push -q origin main");
}

static void fixture_stop(Fixture *fixture, gconstpointer data) {
    g_assert_true(files_remove_tree(fixture->folder, NULL));
    g_free(fixture->hub);
    g_free(fixture->theirs);
    g_free(fixture->folder);
}

static char *their_head(const Fixture *fixture) {
    return shell(fixture->theirs, "git rev-parse HEAD");
}

static char *hub_head(const Fixture *fixture) {
    return shell(fixture->hub, "git rev-parse refs/heads/main");
}

static GitRepository *mirror_of(const Fixture *fixture, char **commit) {
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = in_folder(fixture, "data/mirror.git");
    g_autofree char *found = NULL;
    GitRepository *mirror = git_mirror(fixture->hub, "main", folder, &found, &error);
    g_assert_no_error(error);
    g_assert_nonnull(mirror);
    if (commit != NULL)
        *commit = g_steal_pointer(&found);
    return mirror;
}

/* A workspace of the newest commit. */
static GitRepository *workspace_of(const Fixture *fixture, const char *name) {
    g_autoptr(GError) error = NULL;
    g_autofree char *commit = NULL;
    g_autofree char *folder = in_folder(fixture, name);
    g_autoptr(GitRepository) mirror = mirror_of(fixture, &commit);
    GitRepository *workspace = git_workspace(mirror, commit, folder, &error);
    g_assert_no_error(error);
    g_assert_nonnull(workspace);
    return workspace;
}

/* Changes a file of a workspace and commits it as the server; gives the commit. */
static char *change(GitRepository *workspace, const char *text) {
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_build_filename(git_root(workspace), "a", "one", NULL);
    char *commit = NULL;
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    git_commit_as(workspace, (const char *const[]){"a/one", NULL}, text, "Sluice", "sluice@acme.example",
                  &commit, &error);
    g_assert_no_error(error);
    return commit;
}

/* ---- remote heads ---- */

static void the_head_of_a_branch_is_known(Fixture *fixture, gconstpointer data) {
    g_autofree char *head = their_head(fixture);
    g_autofree char *file_url = g_strconcat("file://", fixture->hub, NULL);
    const char *const urls[] = {fixture->hub, file_url};
    for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *commit = NULL;
        g_assert_true(git_remote_head(urls[i], "main", &commit, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(commit, ==, head);
    }
}

static void no_branch_is_no_error(Fixture *fixture, gconstpointer data) {
    sh(fixture->theirs, "git push -q origin HEAD:refs/heads/x/refs/heads/none HEAD:refs/heads/feature/main");
    g_autoptr(GError) error = NULL;
    g_autofree char *commit = g_strdup("before");
    g_free(g_steal_pointer(&commit));
    g_assert_true(git_remote_head(fixture->hub, "none", &commit, &error));
    g_assert_no_error(error);
    g_assert_null(commit);
}

static void what_is_no_remote_is_an_error(Fixture *fixture, gconstpointer data) {
    g_autofree char *none = in_folder(fixture, "none");
    const struct {
        const char *url, *branch;
        int code;
    } rows[] = {
        {none, "main", BASE_ERROR_NOT_FOUND},
        {"https://ada:secret@127.0.0.1:1/x.git", "main", BASE_ERROR_CONNECT},
        {"--upload-pack=touch ran", "main", BASE_ERROR_SYNTAX},
        {fixture->hub, "--all", BASE_ERROR_SYNTAX},
        {fixture->hub, "*", BASE_ERROR_SYNTAX},
        {"ext::sh -c touch% ran", "main", BASE_ERROR_FAILED},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *folder = in_folder(fixture, "mirror.git");
        for (int way = 0; way < 2; way++) {
            g_autoptr(GError) error = NULL;
            g_autofree char *commit = NULL;
            g_autoptr(GitRepository) mirror = NULL;
            if (way == 0)
                g_assert_false(git_remote_head(rows[i].url, rows[i].branch, &commit, &error));
            else
                mirror = git_mirror(rows[i].url, rows[i].branch, folder, &commit, &error);
            g_assert_error(error, BASE_ERROR, rows[i].code);
            g_assert_null(strstr(error->message, "secret"));
            g_assert_null(commit);
            g_assert_null(mirror);
        }
    }
    g_assert_false(g_file_test("ran", G_FILE_TEST_EXISTS));
}

/* ---- mirrors ---- */

static void a_mirror_has_the_branch_and_its_history(Fixture *fixture, gconstpointer data) {
    sh(fixture->theirs, "git commit -q --allow-empty -m second; git push -q origin main; "
                        "git push -q origin HEAD:other");
    g_autofree char *head = their_head(fixture);
    g_autofree char *commit = NULL;
    g_autoptr(GitRepository) mirror = mirror_of(fixture, &commit);
    g_assert_cmpstr(commit, ==, head);
    g_autofree char *of_head = NULL;
    g_autoptr(GitRepository) opened = git_open_bare(git_root(mirror));
    g_assert_true(git_head(opened, &of_head, NULL));
    g_assert_cmpstr(of_head, ==, head);
    g_autofree char *shown = shell(git_root(mirror), "git for-each-ref --format='%(refname)'; "
                                                     "git log --format=%s; git config remote.origin.url");
    g_autofree char *expected = g_strconcat("refs/heads/main\nsecond\nfirst\n", fixture->hub, NULL);
    g_assert_cmpstr(shown, ==, expected);
}

static void a_mirror_follows_a_rewritten_branch(Fixture *fixture, gconstpointer data) {
    g_autofree char *before = NULL, *after = NULL;
    git_free(mirror_of(fixture, &before));
    sh(fixture->theirs, "git commit -q --amend -m rewritten; git push -q --force origin main");
    g_autofree char *head = their_head(fixture);
    g_autoptr(GitRepository) mirror = mirror_of(fixture, &after);
    g_assert_cmpstr(after, ==, head);
    g_autofree char *type = NULL, *ask = g_strconcat("git cat-file -t ", before, NULL);
    type = shell(git_root(mirror), ask);
    g_assert_cmpstr(type, ==, "commit");
}

static void a_mirror_of_no_branch_is_not_found(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = in_folder(fixture, "mirror.git");
    g_autofree char *commit = NULL;
    g_assert_null(git_mirror(fixture->hub, "none", folder, &commit, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_assert_null(commit);
}

static gpointer mirror_in_thread(gpointer fixture) {
    char *commit = NULL;
    git_free(mirror_of(fixture, &commit));
    return commit;
}

static void threads_mirror_the_same_side_by_side(Fixture *fixture, gconstpointer data) {
    GThread *threads[4];
    g_autofree char *head = their_head(fixture);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("mirror", mirror_in_thread, fixture);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_autofree char *commit = g_thread_join(threads[i]);
        g_assert_cmpstr(commit, ==, head);
    }
}

/* ---- workspaces ---- */

static void a_workspace_has_the_files_of_its_commit(Fixture *fixture, gconstpointer data) {
    g_autofree char *first = their_head(fixture);
    sh(fixture->theirs, "echo later > a/one; git commit -qam second; git push -q origin main");
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = in_folder(fixture, "work/here");
    g_autoptr(GitRepository) mirror = mirror_of(fixture, NULL);
    g_autoptr(GitRepository) workspace = git_workspace(mirror, first, folder, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(git_root(workspace), ==, folder);
    g_autofree char *shown = shell(folder, "cat a/one; git status --porcelain; git rev-parse HEAD; "
                                           "git remote; git config remote.origin.url; "
                                           "git symbolic-ref -q HEAD || echo detached");
    g_autofree char *expected = g_strdup_printf("one\n%s\norigin\n%s\ndetached", first, fixture->hub);
    g_assert_cmpstr(shown, ==, expected);
}

static void a_workspace_is_made_anew(Fixture *fixture, gconstpointer data) {
    g_autoptr(GitRepository) first = workspace_of(fixture, "work");
    sh(git_root(first), "echo junk > junk; echo changed > a/one");
    g_autoptr(GitRepository) second = workspace_of(fixture, "work");
    g_autofree char *shown = shell(git_root(second), "ls; cat a/one");
    g_assert_cmpstr(shown, ==, "a\none");
}

static void a_workspace_of_no_commit_is_not_found(Fixture *fixture, gconstpointer data) {
    static const struct {
        const char *commit;
        int code;
    } rows[] = {{"1111111111111111111111111111111111111111", BASE_ERROR_NOT_FOUND},
                {"--orphan", BASE_ERROR_SYNTAX}};
    g_autoptr(GitRepository) mirror = mirror_of(fixture, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *folder = in_folder(fixture, "work");
        g_assert_null(git_workspace(mirror, rows[i].commit, folder, &error));
        g_assert_error(error, BASE_ERROR, rows[i].code);
        g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
    }
}

/* Hooks of the user's template, of the user's core.hooksPath and of the repository itself. (Those of the
 * remote are its own affair.) */
static void no_hook_runs_in_a_workspace(Fixture *fixture, gconstpointer data) {
    g_autofree char *ran = in_folder(fixture, "ran");
    g_autofree char *config = in_folder(fixture, "gitconfig");
    g_autofree char *settings =
        g_strdup_printf("[user]\nname = Ada Lovelace\nemail = ada@acme.example\n"
                        "[init]\ntemplateDir = %s/template\n[core]\nhooksPath = %s/template/hooks\n",
                        fixture->folder, fixture->folder);
    sh(fixture->folder,
       "mkdir -p template/hooks; for name in post-checkout post-index-change pre-commit prepare-commit-msg "
       "commit-msg post-commit pre-push reference-transaction; do "
       "printf '#!/bin/sh\\necho %s >> %s/ran\\n' $name \"$PWD\" > template/hooks/$name; "
       "chmod +x template/hooks/$name; done");
    sh(fixture->hub, "git config core.hooksPath hooks");
    g_assert_true(g_file_set_contents(config, settings, -1, NULL));
    g_autofree char *global = g_strdup(g_getenv("GIT_CONFIG_GLOBAL"));
    g_setenv("GIT_CONFIG_GLOBAL", config, TRUE);
    g_autoptr(GitRepository) workspace = workspace_of(fixture, "work");
    sh(fixture->folder, "mkdir -p work/.git/hooks; cp template/hooks/* work/.git/hooks/; rm -f ran");
    g_free(change(workspace, "two"));
    g_assert_true(git_push_to(workspace, "main", NULL, NULL));
    g_autoptr(GitRepository) again = git_open(git_root(workspace), NULL);
    g_free(change(again, "three"));
    bool still = g_file_test(ran, G_FILE_TEST_EXISTS);
    g_setenv("GIT_CONFIG_GLOBAL", global, TRUE);
    g_assert_false(still);
    sh(git_root(workspace), "git config --unset core.hooksPath; git commit -q --allow-empty -m hooked");
    g_assert_true(g_file_test(ran, G_FILE_TEST_EXISTS));
}

static void a_commit_is_by_whom_it_is_said_to_be(Fixture *fixture, gconstpointer data) {
    g_autoptr(GitRepository) workspace = workspace_of(fixture, "work");
    g_setenv("GIT_AUTHOR_NAME", "Somebody Else", TRUE);
    g_autofree char *commit = change(workspace, "two");
    g_unsetenv("GIT_AUTHOR_NAME");
    g_autofree char *shown = shell(git_root(workspace), "git log -1 --format='%H %an <%ae> %cn <%ce>'");
    g_autofree char *expected =
        g_strconcat(commit, " Sluice <sluice@acme.example> Sluice <sluice@acme.example>", NULL);
    g_assert_cmpstr(shown, ==, expected);
}

/* ---- pushes ---- */

static void a_push_reaches_the_remote(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GitRepository) workspace = workspace_of(fixture, "work");
    g_autofree char *commit = change(workspace, "two");
    bool rejected = true;
    g_assert_true(git_push_to(workspace, "main", &rejected, &error));
    g_assert_no_error(error);
    g_assert_false(rejected);
    g_autofree char *head = hub_head(fixture);
    g_assert_cmpstr(head, ==, commit);
}

static void others_that_were_first_are_told_apart(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GitRepository) workspace = workspace_of(fixture, "work");
    g_free(change(workspace, "two"));
    sh(fixture->theirs, "git commit -q --allow-empty -m theirs; git push -q origin main");
    g_autofree char *theirs = their_head(fixture);
    bool rejected = false;
    g_assert_false(git_push_to(workspace, "main", &rejected, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
    g_assert_nonnull(error_hint(error));
    g_assert_true(rejected);
    g_autofree char *head = hub_head(fixture);
    g_assert_cmpstr(head, ==, theirs);
}

/* The remote's branch moves after it has told us where it is. */
static void others_that_push_at_the_same_time_are_too(Fixture *fixture, gconstpointer data) {
    sh(fixture->theirs, "git commit -q --allow-empty -m theirs; git push -q origin HEAD:other");
    sh(fixture->hub,
       "printf '#!/bin/sh\\ngit update-ref refs/heads/main refs/heads/other\\n' > hooks/update; "
       "chmod +x hooks/update");
    g_autoptr(GError) error = NULL;
    g_autoptr(GitRepository) workspace = workspace_of(fixture, "work");
    g_free(change(workspace, "two"));
    bool rejected = false;
    g_assert_false(git_push_to(workspace, "main", &rejected, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
    g_assert_true(rejected);
}

static void a_push_that_is_not_allowed_is_no_rejection(Fixture *fixture, gconstpointer data) {
    sh(fixture->hub, "printf '#!/bin/sh\\necho protected; exit 1\\n' > hooks/pre-receive; "
                     "chmod +x hooks/pre-receive");
    g_autoptr(GitRepository) workspace = workspace_of(fixture, "work");
    g_free(change(workspace, "two"));
    static const BaseError codes[] = {BASE_ERROR_EXIT, BASE_ERROR_NOT_FOUND};
    for (gsize way = 0; way < G_N_ELEMENTS(codes); way++) {
        g_autoptr(GError) error = NULL;
        bool rejected = true;
        g_assert_false(git_push_to(workspace, "main", &rejected, &error));
        g_assert_error(error, BASE_ERROR, codes[way]);
        g_assert_false(rejected);
        sh(fixture->folder, "rm -rf hub.git");
    }
}

/* ---- history ---- */

static GPtrArray *log_of(const char *folder, const char *from, const char *to, const char *path, guint most) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GitRepository) git = git_open(folder, NULL);
    GPtrArray *commits = git_log(git, from, to, path, most, &error);
    g_assert_no_error(error);
    return commits;
}

static void assert_subjects(GPtrArray *commits, const char *expected) {
    g_autoptr(GString) subjects = g_string_new(NULL);
    for (guint i = 0; i < commits->len; i++)
        g_string_append_printf(subjects, "%s%s", i > 0 ? "," : "", ((GitCommit *)commits->pdata[i])->subject);
    g_assert_cmpstr(subjects->str, ==, expected);
    g_ptr_array_unref(commits);
}

static void the_log_is_newest_first_and_bounded(Fixture *fixture, gconstpointer data) {
    sh(fixture->theirs,
       "echo x > b; git add b; git commit -qm second; echo y > a/one; git commit -qam third");
    assert_subjects(log_of(fixture->theirs, NULL, "HEAD", NULL, 10), "third,second,first");
    assert_subjects(log_of(fixture->theirs, NULL, "HEAD", NULL, 2), "third,second");
    assert_subjects(log_of(fixture->theirs, "HEAD~1", "HEAD", NULL, 10), "third");
    assert_subjects(log_of(fixture->theirs, NULL, "HEAD", "a", 10), "third,first");
    assert_subjects(log_of(fixture->theirs, "HEAD~2", "HEAD", "b", 10), "second");
    assert_subjects(log_of(fixture->theirs, "HEAD", "HEAD", NULL, 10), "");
    assert_subjects(log_of(fixture->theirs, NULL, "HEAD", "none*", 10), "");
}

static void a_commit_says_who_when_and_what(Fixture *fixture, gconstpointer data) {
    sh(fixture->theirs,
       "printf 'lock: orders 1.4\\non two lines\\n\\nWhy,\\nat length.\\n\\nSluice-Run: 7\\n' > message; "
       "GIT_COMMITTER_EMAIL=bot@acme.example GIT_COMMITTER_DATE='2026-01-31T13:34:56+0100' "
       "git commit -q --allow-empty -F message --author='Grace Hopper <grace@acme.example>'");
    sh(fixture->theirs, "git config log.showSignature true; git config color.ui always; "
                        "git config log.date relative");
    g_autofree char *head = their_head(fixture);
    g_autoptr(GPtrArray) commits = log_of(fixture->theirs, NULL, "HEAD", NULL, 1);
    const GitCommit *commit = commits->pdata[0];
    g_assert_cmpstr(commit->id, ==, head);
    g_assert_cmpstr(commit->author_name, ==, "Grace Hopper");
    g_assert_cmpstr(commit->author_email, ==, "grace@acme.example");
    g_assert_cmpstr(commit->committer_email, ==, "bot@acme.example");
    g_assert_cmpstr(commit->at, ==, "2026-01-31T12:34:56Z");
    g_assert_cmpstr(commit->subject, ==, "lock: orders 1.4 on two lines");
    g_assert_cmpstr(commit->body, ==, "Why,\nat length.\n\nSluice-Run: 7");
    g_assert_false(commit->merge);
}

static void a_merge_is_told(Fixture *fixture, gconstpointer data) {
    sh(fixture->theirs, "git checkout -q -b side; git commit -q --allow-empty -m side; git checkout -q main; "
                        "git merge -q --no-ff -m merged side");
    g_autoptr(GPtrArray) commits = log_of(fixture->theirs, NULL, "HEAD", NULL, 10);
    g_assert_cmpuint(commits->len, ==, 3);
    g_assert_true(((GitCommit *)commits->pdata[0])->merge);
    g_assert_false(((GitCommit *)commits->pdata[1])->merge);
}

static void what_is_no_utf8_is_made_so(Fixture *fixture, gconstpointer data) {
    sh(fixture->theirs, "printf 'caf\\351\\n' > message; git commit -q --allow-empty -F message");
    g_autoptr(GPtrArray) commits = log_of(fixture->theirs, NULL, "HEAD", NULL, 1);
    const GitCommit *commit = commits->pdata[0];
    g_assert_true(g_utf8_validate(commit->subject, -1, NULL));
    g_assert_true(g_str_has_prefix(commit->subject, "caf"));
    g_assert_cmpstr(commit->body, ==, "");
}

static void unknown_commits_are_not_found(Fixture *fixture, gconstpointer data) {
    static const char *const none = "1111111111111111111111111111111111111111";
    g_autoptr(GitRepository) git = git_open(fixture->theirs, NULL);
    const char *const rows[][2] = {{NULL, none}, {none, "HEAD"}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL, other = NULL;
        g_assert_null(git_log(git, rows[i][0], rows[i][1], NULL, 10, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
        bool is = false;
        g_assert_false(
            git_is_ancestor(git, rows[i][0] != NULL ? rows[i][0] : "HEAD", rows[i][1], &is, &other));
        g_assert_error(other, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    }
}

static void ancestors_are_known(Fixture *fixture, gconstpointer data) {
    sh(fixture->theirs, "git commit -q --allow-empty -m second");
    static const struct {
        const char *ancestor, *descendant;
        bool is;
    } rows[] = {{"HEAD~1", "HEAD", true}, {"HEAD", "HEAD~1", false}, {"HEAD", "HEAD", true}};
    g_autoptr(GitRepository) git = git_open(fixture->theirs, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        bool is = !rows[i].is;
        g_assert_true(git_is_ancestor(git, rows[i].ancestor, rows[i].descendant, &is, &error));
        g_assert_no_error(error);
        g_assert_cmpint(is, ==, rows[i].is);
    }
}

static void trailers_stand_in_the_last_paragraph(void) {
    static const struct {
        const char *body, *name, *value;
    } rows[] = {
        {"Sluice-Run: 7", "Sluice-Run", "7"},
        {"Why.\n\nSluice-Run: 7\nSigned-off-by: A <a@b>", "sluice-run", "7"},
        {"Why.\n\nSluice-Run:7\nSluice-Run: 8", "Sluice-Run", "8"},
        {"Why.\n\nNote: a long\n  one\nSluice-Run: 7", "Note", "a long one"},
        {"Why.\n\nNote: a long\n  one\nSluice-Run: 7", "Sluice-Run", "7"},
        {"Sluice-Run: 7\n\nWhy.", "Sluice-Run", NULL},
        {"Why.\nSluice-Run: 7", "Sluice-Run", NULL},
        {"Why.\n\nSluice-Run: 7", "Sluice", NULL},
        {"Why.\n\nSluice-Run: 7", "Sluice-Runs", NULL},
        {"Sluice-Run:", "Sluice-Run", ""},
        {"", "Sluice-Run", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const GitCommit commit = {.body = (char *)rows[i].body};
        g_autofree char *value = git_trailer(&commit, rows[i].name);
        g_assert_cmpstr(value, ==, rows[i].value);
    }
}

static void names_of_branches_are_known(void) {
    static const char *const good[] = {"main", "feature/x", "v1.4"}, *const bad[] = {"",     "-x",  "a b",
                                                                                     "a..b", "a:b", "x*"};
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(git_branch_is_valid(good[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(git_branch_is_valid(bad[i]));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_autofree char *home = git_home();
#define CASE(name) g_test_add("/git-server/" #name, Fixture, NULL, fixture_start, name, fixture_stop)
    CASE(the_head_of_a_branch_is_known);
    CASE(no_branch_is_no_error);
    CASE(what_is_no_remote_is_an_error);
    CASE(a_mirror_has_the_branch_and_its_history);
    CASE(a_mirror_follows_a_rewritten_branch);
    CASE(a_mirror_of_no_branch_is_not_found);
    CASE(a_workspace_has_the_files_of_its_commit);
    CASE(a_workspace_is_made_anew);
    CASE(a_workspace_of_no_commit_is_not_found);
    CASE(no_hook_runs_in_a_workspace);
    CASE(a_commit_is_by_whom_it_is_said_to_be);
    CASE(a_push_reaches_the_remote);
    CASE(others_that_were_first_are_told_apart);
    CASE(others_that_push_at_the_same_time_are_too);
    CASE(a_push_that_is_not_allowed_is_no_rejection);
    CASE(the_log_is_newest_first_and_bounded);
    CASE(a_commit_says_who_when_and_what);
    CASE(a_merge_is_told);
    CASE(what_is_no_utf8_is_made_so);
    CASE(unknown_commits_are_not_found);
    CASE(ancestors_are_known);
    g_test_add_func("/git-server/trailers_stand_in_the_last_paragraph", trailers_stand_in_the_last_paragraph);
    g_test_add_func("/git-server/names_of_branches_are_known", names_of_branches_are_known);
    CASE(threads_mirror_the_same_side_by_side);
    int status = g_test_run();
    files_remove_tree(home, NULL);
    return status;
}
