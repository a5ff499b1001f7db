/* SPDX-License-Identifier: Apache-2.0 */
/* Against the real git program, in folders of the test's own. */
#include "base/git.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "git_home.h"

typedef struct {
    char *folder;
    char *work; /* a work tree with a first commit of a/one and a/deep/two */
    GitRepository *git;
} Fixture;

static void fixture_start(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    fixture->folder = files_make_temporary(g_get_tmp_dir(), "sluice-git-", &error);
    g_assert_no_error(error);
    fixture->work = g_build_filename(fixture->folder, "work", NULL);
    sh(fixture->folder, "git init -q -b main work; cd work; mkdir -p a/deep; echo one > a/one; "
                        "echo two > a/deep/two; chmod +x a/one; git add .; git commit -q -m first");
    fixture->git = git_open(fixture->work, &error);
    g_assert_no_error(error);
    g_assert_nonnull(fixture->git);
}

static void fixture_stop(Fixture *fixture, gconstpointer data) {
    git_free(fixture->git);
    g_assert_true(files_remove_tree(fixture->folder, NULL));
    g_free(fixture->work);
    g_free(fixture->folder);
}

static char *in_folder(const Fixture *fixture, const char *name) {
    return g_build_filename(fixture->folder, name, NULL);
}

static char *text_of(const char *folder, const char *name) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static char *head_of(Fixture *fixture) {
    char *commit = NULL;
    g_assert_true(git_head(fixture->git, &commit, NULL));
    return commit;
}

static void the_root_is_found_from_below(Fixture *fixture, gconstpointer data) {
    g_autofree char *below = g_build_filename(fixture->work, "a", "deep", NULL);
    g_autoptr(GitRepository) git = git_open(below, NULL);
    g_assert_cmpstr(git_root(git), ==, fixture->work);
}

static void no_repository_is_no_error(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_assert_null(git_open(fixture->folder, &error));
    g_assert_no_error(error);
}

static void no_folder_is_an_error(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_assert_null(git_open("/no/such/folder", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_EXIT);
}

static void no_git_is_no_error(Fixture *fixture, gconstpointer data) {
    g_autofree char *path = g_strdup(g_getenv("PATH"));
    g_autoptr(GError) error = NULL;
    g_setenv("PATH", fixture->folder, TRUE);
    g_assert_null(git_open(fixture->work, &error));
    g_setenv("PATH", path, TRUE);
    g_assert_no_error(error);
}

static void a_hooks_environment_doesnt_lead_astray(Fixture *fixture, gconstpointer data) {
    g_setenv("GIT_DIR", "/no/such/folder", TRUE);
    g_autoptr(GError) error = NULL;
    g_autoptr(GitRepository) git = git_open(fixture->work, &error);
    g_unsetenv("GIT_DIR");
    g_assert_no_error(error);
    g_assert_cmpstr(git_root(git), ==, fixture->work);
}

static void a_new_repository_has_no_head(Fixture *fixture, gconstpointer data) {
    g_autofree char *empty = in_folder(fixture, "empty");
    sh(fixture->folder, "git init -q empty; touch empty/new");
    g_autoptr(GitRepository) git = git_open(empty, NULL);
    g_autofree char *commit = g_strdup("before");
    g_free(g_steal_pointer(&commit));
    g_assert_true(git_head(git, &commit, NULL));
    g_assert_null(commit);
    g_assert_true(git_last_change(git, "", &commit, NULL));
    g_assert_null(commit);
    bool dirty = false;
    g_assert_true(git_is_dirty(git, "", &dirty, NULL));
    g_assert_true(dirty);
}

static void head_is_40_hex(Fixture *fixture, gconstpointer data) {
    g_autofree char *head = head_of(fixture);
    g_autofree char *expected = shell(fixture->work, "git rev-parse HEAD");
    g_assert_cmpuint(strlen(head), ==, 40);
    g_assert_cmpstr(head, ==, expected);
}

static bool is_dirty(Fixture *fixture, const char *path) {
    g_autoptr(GError) error = NULL;
    bool dirty = false;
    g_assert_true(git_is_dirty(fixture->git, path, &dirty, &error));
    g_assert_no_error(error);
    return dirty;
}

static void dirt_is_found_where_it_is(Fixture *fixture, gconstpointer data) {
    g_assert_false(is_dirty(fixture, ""));
    sh(fixture->work, "echo more >> a/one");
    g_assert_true(is_dirty(fixture, ""));
    g_assert_true(is_dirty(fixture, "a"));
    g_assert_true(is_dirty(fixture, "a/one"));
    g_assert_false(is_dirty(fixture, "a/deep"));
    sh(fixture->work, "git add a/one");
    g_assert_true(is_dirty(fixture, "a"));
}

static void untracked_is_dirty_but_ignored_is_not(Fixture *fixture, gconstpointer data) {
    sh(fixture->work, "echo '*.log' > .gitignore; git add .; git commit -qm ignore; touch a/x.log");
    g_assert_false(is_dirty(fixture, ""));
    sh(fixture->work, "touch a/new");
    g_assert_true(is_dirty(fixture, "a"));
}

static void a_path_is_no_pattern(Fixture *fixture, gconstpointer data) {
    sh(fixture->work, "echo more >> a/one");
    g_assert_false(is_dirty(fixture, "a/*"));
    g_assert_false(is_dirty(fixture, ":(top)a"));
    g_assert_false(is_dirty(fixture, "-a"));
}

static void the_last_change_of_a_path_is_found(Fixture *fixture, gconstpointer data) {
    g_autofree char *first = head_of(fixture);
    sh(fixture->work, "echo more >> a/one; git commit -qam second");
    g_autofree char *second = head_of(fixture);
    const struct {
        const char *path;
        const char *commit;
    } rows[] = {{"a/one", second}, {"a", second}, {"", second}, {"a/deep", first}, {"b", NULL}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *commit = NULL;
        g_assert_true(git_last_change(fixture->git, rows[i].path, &commit, NULL));
        g_assert_cmpstr(commit, ==, rows[i].commit);
    }
}

static void a_folder_of_a_commit_is_exported(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autofree char *commit = head_of(fixture);
    g_autofree char *to = in_folder(fixture, "to");
    sh(fixture->work, "echo later > a/one; git commit -qam second; echo 'not committed' > a/one; git add a");
    g_assert_true(git_export(fixture->git, commit, "a", to, &error));
    g_assert_no_error(error);
    g_autofree char *files = shell(to, "find . -type f | sort; test -x one; cat one deep/two");
    g_assert_cmpstr(files, ==, "./deep/two\n./one\none\ntwo");
    g_autofree char *status = shell(fixture->work, "git status --porcelain; cat a/one");
    g_assert_cmpstr(status, ==, "M  a/one\nnot committed");
}

static void all_of_a_commit_is_exported(Fixture *fixture, gconstpointer data) {
    g_autofree char *commit = head_of(fixture);
    g_autofree char *to = in_folder(fixture, "to");
    g_assert_true(git_export(fixture->git, commit, "", to, NULL));
    g_autofree char *text = text_of(to, "a/deep/two");
    g_assert_cmpstr(text, ==, "two\n");
}

static void an_export_keeps_bytes(Fixture *fixture, gconstpointer data) {
    g_autofree char *to = in_folder(fixture, "to");
    sh(fixture->work, "git config core.autocrlf true");
    g_autofree char *commit = head_of(fixture);
    g_assert_true(git_export(fixture->git, commit, "a", to, NULL));
    g_autofree char *text = text_of(to, "one");
    g_assert_cmpstr(text, ==, "one\n");
}

static void an_export_runs_no_hook(Fixture *fixture, gconstpointer data) {
    g_autofree char *to = in_folder(fixture, "to");
    g_autofree char *trace = in_folder(fixture, "work/ran");
    sh(fixture->work, "printf '#!/bin/sh\\ntouch %s/ran\\n' \"$PWD\" > .git/hooks/post-index-change; "
                      "chmod +x .git/hooks/post-index-change");
    g_autofree char *commit = head_of(fixture);
    g_assert_true(git_export(fixture->git, commit, "a", to, NULL));
    g_assert_false(g_file_test(trace, G_FILE_TEST_EXISTS));
}

static void what_cant_be_exported_leaves_nothing(Fixture *fixture, gconstpointer data) {
    g_autofree char *head = head_of(fixture);
    const struct {
        const char *commit;
        const char *path;
        int code;
        bool hint;
    } rows[] = {{"1111111111111111111111111111111111111111", "a", BASE_ERROR_NOT_FOUND, true},
                {head, "b", BASE_ERROR_NOT_FOUND, false},
                {head, "a/one", BASE_ERROR_NOT_FOUND, false},
                {head, "../work/a", BASE_ERROR_NOT_FOUND, false},
                {"--help", "a", BASE_ERROR_SYNTAX, false},
                {head, "--help", BASE_ERROR_SYNTAX, false}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *to = in_folder(fixture, "to");
        g_assert_false(git_export(fixture->git, rows[i].commit, rows[i].path, to, &error));
        g_assert_error(error, BASE_ERROR, rows[i].code);
        g_assert_cmpint(error_hint(error) != NULL, ==, rows[i].hint);
        g_assert_false(g_file_test(to, G_FILE_TEST_EXISTS));
    }
}

static void an_export_needs_an_empty_folder(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autofree char *head = head_of(fixture);
    sh(fixture->folder, "mkdir to; touch to/mine");
    g_autofree char *to = in_folder(fixture, "to");
    g_autofree char *mine = in_folder(fixture, "to/mine");
    g_assert_false(git_export(fixture->git, head, "a", to, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
    g_assert_true(g_file_test(mine, G_FILE_TEST_EXISTS));
}

static void one_file_is_shown(Fixture *fixture, gconstpointer data) {
    sh(fixture->work, "printf 'a\\0b' > raw; git add raw; git commit -qm raw");
    g_autofree char *head = head_of(fixture);
    g_autoptr(GBytes) bytes = git_show(fixture->git, head, "raw", NULL);
    g_assert_nonnull(bytes);
    gsize length = 0;
    const char *raw = g_bytes_get_data(bytes, &length);
    g_assert_cmpmem(raw, length, "a\0b", 3);
}

static void no_file_to_show_is_not_found(Fixture *fixture, gconstpointer data) {
    static const char *const paths[] = {"a", "none", ""};
    g_autofree char *head = head_of(fixture);
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(git_show(fixture->git, head, paths[i], &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    }
}

static char *fetch(Fixture *fixture, const char *ref, GError **error) {
    g_autofree char *cache = in_folder(fixture, "cache");
    g_autofree char *commit = NULL;
    g_autoptr(GitRepository) clone = git_fetch_remote(fixture->work, ref, cache, &commit, error);
    g_assert_cmpint(clone != NULL, ==, commit != NULL);
    return g_steal_pointer(&commit);
}

static void branches_tags_and_commits_are_fetched(Fixture *fixture, gconstpointer data) {
    g_autofree char *first = head_of(fixture);
    sh(fixture->work,
       "git tag plain; git tag -a -m note annotated; echo x > x; git add x; git commit -qm second");
    g_autofree char *second = head_of(fixture);
    const char *const rows[][2] = {
        {"main", second}, {"plain", first}, {"annotated", first}, {"HEAD", second}, {first, first}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *commit = fetch(fixture, rows[i][0], &error);
        g_assert_no_error(error);
        g_assert_cmpstr(commit, ==, rows[i][1]);
    }
}

static void a_branch_that_was_rewritten_is_fetched(Fixture *fixture, gconstpointer data) {
    g_autofree char *before = fetch(fixture, "main", NULL);
    sh(fixture->work, "git commit -q --amend -m rewritten");
    g_autofree char *expected = head_of(fixture);
    g_autofree char *after = fetch(fixture, "main", NULL);
    g_assert_cmpstr(after, ==, expected);
    g_assert_cmpstr(before, !=, after);
}

static void a_commit_in_the_cache_needs_no_network(Fixture *fixture, gconstpointer data) {
    g_autofree char *commit = fetch(fixture, "main", NULL);
    sh(fixture->folder, "mv work moved");
    g_autofree char *again = fetch(fixture, commit, NULL);
    g_assert_cmpstr(again, ==, commit);
    g_autoptr(GError) error = NULL;
    g_assert_null(fetch(fixture, "main", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void a_clone_can_be_exported(Fixture *fixture, gconstpointer data) {
    g_autofree char *cache = in_folder(fixture, "cache");
    g_autofree char *to = in_folder(fixture, "to");
    g_autofree char *commit = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GitRepository) clone = git_fetch_remote(fixture->work, "main", cache, &commit, &error);
    g_assert_no_error(error);
    g_assert_true(git_export(clone, commit, "a/deep", to, &error));
    g_assert_no_error(error);
    g_autofree char *text = text_of(to, "two");
    g_assert_cmpstr(text, ==, "two\n");
}

static void an_unknown_ref_is_not_found(Fixture *fixture, gconstpointer data) {
    static const char *const refs[] = {"none", "1111111111111111111111111111111111111111"};
    for (gsize i = 0; i < G_N_ELEMENTS(refs); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(fetch(fixture, refs[i], &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    }
}

static void a_ref_that_is_none_is_refused(Fixture *fixture, gconstpointer data) {
    static const char *const refs[] = {"", "--upload-pack=touch x", "a:b", "refs/*", "a b", "^main", "a..b"};
    for (gsize i = 0; i < G_N_ELEMENTS(refs); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(fetch(fixture, refs[i], &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_SYNTAX);
    }
}

static void an_address_runs_no_program(Fixture *fixture, gconstpointer data) {
    static const char *const urls[] = {"ext::sh -c touch% ran", "--upload-pack=touch ran",
                                       "http://127.0.0.1:1/x"};
    g_autofree char *cache = in_folder(fixture, "cache");
    for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *commit = NULL;
        g_assert_null(git_fetch_remote(urls[i], "main", cache, &commit, &error));
        g_assert_nonnull(error);
        g_assert_null(commit);
    }
    g_assert_false(g_file_test("ran", G_FILE_TEST_EXISTS));
}

static void credentials_are_in_no_message(Fixture *fixture, gconstpointer data) {
    g_autofree char *cache = in_folder(fixture, "cache");
    g_autofree char *commit = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_null(git_fetch_remote("https://ada:secret@127.0.0.1:1/x.git", "main", cache, &commit, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CONNECT);
    g_assert_null(strstr(error->message, "secret"));
    g_assert_null(strstr(error->message, "ada"));
    g_assert_nonnull(strstr(error->message, "https://127.0.0.1:1/x.git"));
}

static gpointer fetch_in_thread(gpointer user_data) {
    return fetch(user_data, "main", NULL);
}

static void threads_fetch_the_same_side_by_side(Fixture *fixture, gconstpointer data) {
    GThread *threads[4];
    g_autofree char *head = head_of(fixture);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("fetch", fetch_in_thread, fixture);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_autofree char *commit = g_thread_join(threads[i]);
        g_assert_cmpstr(commit, ==, head);
    }
}

static void an_identity_is_name_and_mail(Fixture *fixture, gconstpointer data) {
    g_autofree char *identity = git_identity(fixture->work);
    g_assert_cmpstr(identity, ==, "Ada Lovelace <ada@acme.example>");
    g_autofree char *anywhere = git_identity(NULL);
    g_assert_cmpstr(anywhere, ==, identity);
}

static void no_identity_is_guessed(Fixture *fixture, gconstpointer data) {
    g_autofree char *global = g_strdup(g_getenv("GIT_CONFIG_GLOBAL"));
    g_setenv("GIT_CONFIG_GLOBAL", "/dev/null", TRUE);
    g_autofree char *identity = git_identity(fixture->work);
    g_setenv("GIT_CONFIG_GLOBAL", global, TRUE);
    g_assert_null(identity);
}

static void a_commit_holds_exactly_its_paths(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autofree char *commit = NULL;
    sh(fixture->work, "echo more >> a/one; git add a/one; echo new > new; echo other > other; rm a/deep/two");
    g_assert_true(git_commit(fixture->git, (const char *const[]){"new", "a/deep", NULL},
                             "lock: new\n\n# why\n", &commit, &error));
    g_assert_no_error(error);
    g_autofree char *head = head_of(fixture);
    g_assert_cmpstr(commit, ==, head);
    g_autofree char *shown =
        shell(fixture->work, "git show --format=%B --name-status HEAD; git status --porcelain");
    g_assert_cmpstr(shown, ==, "lock: new\n\n# why\n\n\nD\ta/deep/two\nA\tnew\nM  a/one\n?? other");
}

static void a_first_commit_can_be_made(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autofree char *empty = in_folder(fixture, "empty");
    sh(fixture->folder, "git init -q empty; touch empty/new");
    g_autoptr(GitRepository) git = git_open(empty, NULL);
    g_assert_true(git_commit(git, (const char *const[]){"new", NULL}, "first", NULL, &error));
    g_assert_no_error(error);
}

static void nothing_to_commit_is_an_error(Fixture *fixture, gconstpointer data) {
    g_autofree char *before = head_of(fixture);
    const char *const *const rows[] = {(const char *const[]){"a/one", NULL}, (const char *const[]){NULL}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(git_commit(fixture->git, rows[i], "none", NULL, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
    }
    g_autofree char *after = head_of(fixture);
    g_assert_cmpstr(before, ==, after);
}

static void a_push_goes_to_origin_or_upstream(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autofree char *head = head_of(fixture);
    sh(fixture->work, "git init -q --bare ../hub.git; git remote add origin ../hub.git");
    g_assert_true(git_push(fixture->git, &error));
    g_assert_no_error(error);
    g_autofree char *pushed = shell(fixture->folder, "git --git-dir=hub.git rev-parse refs/heads/main");
    g_assert_cmpstr(pushed, ==, head);
    sh(fixture->work,
       "git push -q origin HEAD:other; git branch -q -u origin/other; git commit -q --allow-empty -m second");
    g_assert_true(git_push(fixture->git, &error));
    g_autofree char *upstream = shell(fixture->folder, "git --git-dir=hub.git rev-parse refs/heads/other");
    g_autofree char *second = head_of(fixture);
    g_assert_cmpstr(upstream, ==, second);
}

static void a_rejected_push_tells_what_to_do(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    sh(fixture->work,
       "git init -q --bare ../hub.git; git remote add origin ../hub.git; "
       "git commit -q --allow-empty -m theirs; git push -q origin main; git reset -q --hard HEAD^; "
       "git commit -q --allow-empty -m ours");
    g_assert_false(git_push(fixture->git, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
    g_assert_nonnull(error_hint(error));
}

static void a_push_needs_a_branch(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    sh(fixture->work, "git checkout -q --detach");
    g_assert_false(git_push(fixture->git, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_autofree char *home = git_home();
#define CASE(name) g_test_add("/git/" #name, Fixture, NULL, fixture_start, name, fixture_stop)
    CASE(the_root_is_found_from_below);
    CASE(no_repository_is_no_error);
    CASE(no_folder_is_an_error);
    CASE(no_git_is_no_error);
    CASE(a_hooks_environment_doesnt_lead_astray);
    CASE(a_new_repository_has_no_head);
    CASE(head_is_40_hex);
    CASE(dirt_is_found_where_it_is);
    CASE(untracked_is_dirty_but_ignored_is_not);
    CASE(a_path_is_no_pattern);
    CASE(the_last_change_of_a_path_is_found);
    CASE(a_folder_of_a_commit_is_exported);
    CASE(all_of_a_commit_is_exported);
    CASE(an_export_keeps_bytes);
    CASE(an_export_runs_no_hook);
    CASE(what_cant_be_exported_leaves_nothing);
    CASE(an_export_needs_an_empty_folder);
    CASE(one_file_is_shown);
    CASE(no_file_to_show_is_not_found);
    CASE(branches_tags_and_commits_are_fetched);
    CASE(a_branch_that_was_rewritten_is_fetched);
    CASE(a_commit_in_the_cache_needs_no_network);
    CASE(a_clone_can_be_exported);
    CASE(an_unknown_ref_is_not_found);
    CASE(a_ref_that_is_none_is_refused);
    CASE(an_address_runs_no_program);
    CASE(credentials_are_in_no_message);
    CASE(threads_fetch_the_same_side_by_side);
    CASE(an_identity_is_name_and_mail);
    CASE(no_identity_is_guessed);
    CASE(a_commit_holds_exactly_its_paths);
    CASE(a_first_commit_can_be_made);
    CASE(nothing_to_commit_is_an_error);
    CASE(a_push_goes_to_origin_or_upstream);
    CASE(a_rejected_push_tells_what_to_do);
    CASE(a_push_needs_a_branch);
    int status = g_test_run();
    files_remove_tree(home, NULL);
    return status;
}
