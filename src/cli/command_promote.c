/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/git.h"
#include "cli/commands.h"
#include "cli/session.h"

typedef struct {
    gboolean dry_run;
    gboolean push;
} PromoteOptions;

/* A commit is shown as Git abbreviates it. */
static char *shown(const char *version, bool commit) {
    if (version == NULL)
        return NULL;
    return commit && strlen(version) == 40 ? g_strndup(version, 10) : g_strdup(version);
}

static void add_row(Table *table, const PromotionChange *change) {
    bool commit = change->plugin == NULL;
    g_autofree char *before = shown(change->before, commit);
    g_autofree char *after = shown(change->after, commit);
    g_autoptr(GString) others = g_string_new(NULL);
    for (guint i = 0; change->also_moves != NULL && i < change->also_moves->len; i++)
        g_string_append_printf(others, "%s%s", i > 0 ? ", " : "", (const char *)change->also_moves->pdata[i]);
    table_row(table);
    table_cell(table, STYLE_NONE, commit ? "module" : "plugin");
    table_cell(table, STYLE_BOLD, commit ? change->instance : change->plugin);
    table_cell(table, STYLE_NONE, before);
    table_cell(table, STYLE_GREEN, after);
    table_cell(table, STYLE_YELLOW, others->len > 0 ? others->str : NULL);
}

static void print_changes(const Invocation *invocation, const GPtrArray *changes) {
    static const char *const columns[] = {"KIND", "NAME", "BEFORE", "AFTER", "ALSO MOVES", NULL};
    g_autoptr(Table) table = table_new(columns);
    for (guint i = 0; i < changes->len; i++)
        add_row(table, changes->pdata[i]);
    if (changes->len > 0 || invocation->output != OUTPUT_TABLE)
        table_print(table, stdout, invocation->output);
}

static char *commit_message(const char *from, const char *to, const GPtrArray *changes) {
    GString *message = g_string_new(NULL);
    g_string_printf(message, "promote %s to %s\n", from, to);
    for (guint i = 0; i < changes->len; i++) {
        const PromotionChange *change = changes->pdata[i];
        g_autofree char *after = shown(change->after, change->plugin == NULL);
        g_string_append_printf(message, "\n%s %s", change->plugin != NULL ? change->plugin : change->instance,
                               after != NULL ? after : "");
    }
    return g_string_free(message, FALSE);
}

/* The lock's path in its Git repository. */
static char *lock_in_git(const GitRepository *git, const char *root, const char *to) {
    g_autofree char *path = g_strdup_printf("%s/environments/%s.lock", root, to);
    g_autoptr(GFile) top = g_file_new_for_path(git_root(git));
    g_autoptr(GFile) lock = g_file_new_for_path(path);
    return g_file_get_relative_path(top, lock);
}

static bool commit_lock(GitRepository *git, const char *path, const char *message, GError **error) {
    const char *const paths[] = {path, NULL};
    bool dirty = false;
    if (!git_is_dirty(git, path, &dirty, error))
        return false;
    return !dirty || git_commit(git, paths, message, NULL, error);
}

/* Commits the lock, and nothing else, where it differs from HEAD; then pushes. */
static bool push(const char *root, const char *from, const char *to, const GPtrArray *changes,
                 GError **error) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(GitRepository) git = git_open(root, &problem);
    if (git == NULL) {
        if (problem != NULL)
            g_propagate_error(error, g_steal_pointer(&problem));
        else
            error_set(error, CLI_ERROR, CLI_ERROR_FAILED, "leave out --push", "'%s' is in no Git repository",
                      root);
        return false;
    }
    g_autofree char *path = lock_in_git(git, root, to);
    g_autofree char *message = commit_message(from, to, changes);
    if (commit_lock(git, path, message, error) && git_push(git, error))
        return true;
    g_prefix_error(error, "'%s' is promoted in this folder, but cannot be pushed: ", to);
    return false;
}

static GPtrArray *promote(const Invocation *invocation, const char *root, const PromoteOptions *options,
                          bool *written, GError **error) {
    char **arguments = invocation->arguments;
    const char *const *instances = arguments[2] != NULL ? (const char *const *)arguments + 2 : NULL;
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GError) problem = NULL;
    GPtrArray *changes = declare_promote(root, arguments[0], arguments[1], instances, options->dry_run,
                                         written, diagnostics, &problem);
    g_autofree char *text = diagnostics_format(diagnostics, invocation->colour_error);
    fputs(text, stderr);
    if (changes == NULL && !g_error_matches(problem, DECLARE_ERROR, DECLARE_ERROR_INVALID)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        g_prefix_error(error, "cannot promote '%s' to '%s': ", arguments[0], arguments[1]);
    }
    return changes;
}

static const char *last_words(const GPtrArray *changes, bool written, const PromoteOptions *options) {
    if (options->dry_run)
        return changes->len > 0 ? "nothing was written" : "nothing to promote";
    if (options->push)
        return changes->len > 0 ? "committed and pushed" : "nothing new to promote; pushed";
    if (written && changes->len == 0)
        return "nothing moves, but the lock has learnt: commit it";
    return written ? "the lock is written: commit it" : "nothing to promote";
}

int command_promote(Invocation *invocation, GError **error) {
    PromoteOptions options = {0};
    const GOptionEntry entries[] = {
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &options.dry_run, "Show what would change, write nothing", NULL},
        {"push", 0, 0, G_OPTION_ARG_NONE, &options.push, "Commit the lock, nothing else, and push", NULL},
        {NULL},
    };
    if (!command_parse(invocation, entries, 2, -1, error))
        return command_status(invocation);
    if (options.dry_run && options.push) {
        error_set(error, CLI_ERROR, CLI_ERROR_USAGE, "give one of them",
                  "--dry-run and --push don't go together");
        return EXIT_ERROR;
    }
    g_autofree char *root = session_root(error);
    bool written = false;
    g_autoptr(GPtrArray) changes = root != NULL ? promote(invocation, root, &options, &written, error) : NULL;
    if (changes == NULL)
        return EXIT_ERROR;
    print_changes(invocation, changes);
    const char *from = invocation->arguments[0], *to = invocation->arguments[1];
    if (options.push && !push(root, from, to, changes, error))
        return EXIT_ERROR;
    fprintf(stderr, "%s\n", last_words(changes, written, &options));
    return EXIT_DONE;
}
