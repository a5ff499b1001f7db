/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/builder.h"
#include "pipeline/pipeline_private.h"

#define COMMITS_MOST 1000

typedef struct {
    Work *work;
    const Checkout *checkout;
    const Environment *environment;
    char *good;   /* the commit that runs; NULL: nothing does yet */
    Lock *before; /* its lock */
    GPtrArray *emails;
} Authors;

static void authors_clear(Authors *authors) {
    g_free(authors->good);
    g_clear_pointer(&authors->before, lock_free);
    g_clear_pointer(&authors->emails, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Authors, authors_clear)

/* The server itself is nobody. */
static void add(Authors *authors, const char *email) {
    if (g_ascii_strcasecmp(email, authors->work->pipeline->settings->committer_email) != 0 &&
        !g_ptr_array_find_with_equal_func(authors->emails, email, g_str_equal, NULL))
        g_ptr_array_add(authors->emails, g_strdup(email));
}

/* Who wrote `from`..`to` of a path. A `from` that is not there any more (a branch was rewritten) is no bound.
 */
static bool add_range(Authors *authors, GitRepository *git, const char *from, const char *to,
                      const char *path, GError **error) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(GPtrArray) commits = git_log(git, from, to, path, COMMITS_MOST, &problem);
    if (commits == NULL && from != NULL && g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return add_range(authors, git, NULL, to, path, error);
    if (commits == NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    for (guint i = 0; i < commits->len; i++) {
        const GitCommit *commit = commits->pdata[i];
        add(authors, commit->author_email);
        add(authors, commit->committer_email);
    }
    return true;
}

static bool add_files(Authors *authors, GError **error) {
    const PipelineSettings *settings = authors->work->pipeline->settings;
    for (char **file = authors->environment->files; *file != NULL; file++) {
        g_autofree char *path = declarations_path(settings, *file);
        if (!add_range(authors, authors->checkout->git, authors->good, authors->work->run->commit, path,
                       error))
            return false;
    }
    g_autofree char *lock = declarations_lock_path(settings, authors->environment->name);
    return add_range(authors, authors->checkout->git, authors->good, authors->work->run->commit, lock, error);
}

/* Where `from` is of another repository, or gone, all who ever wrote the module count. */
static bool add_remote_module(Authors *authors, const Instance *instance, const char *from, GError **error) {
    const char *path = instance->folder[0] != '\0' ? instance->folder : NULL;
    g_autoptr(GitRepository) git = instance_fetch_module(instance, error);
    return git != NULL && add_range(authors, git, from, instance->commit, path, error);
}

static bool add_local_module(Authors *authors, const Instance *instance, const char *from, GError **error) {
    g_autofree char *path = declarations_path(authors->work->pipeline->settings, instance->folder);
    return add_range(authors, authors->checkout->git, from, instance->commit, path, error);
}

static bool add_modules(Authors *authors, GError **error) {
    const Environment *environment = authors->environment;
    for (guint i = 0; i < environment->instances->len; i++) {
        const Instance *instance = environment->instances->pdata[i];
        const LockedModule *before = lock_find_module(authors->before, instance->name);
        const char *from = before != NULL ? before->commit : NULL;
        if (instance->commit == NULL || g_strcmp0(from, instance->commit) == 0)
            continue;
        bool added = instance->git != NULL ? add_remote_module(authors, instance, from, error)
                                           : add_local_module(authors, instance, from, error);
        if (!added)
            return false;
    }
    return true;
}

static bool add_plugin(Authors *authors, const PluginBuild *build, GError **error) {
    const LockedPlugin *now = lock_find_plugin(authors->environment->lock, build->name);
    const LockedPlugin *then = lock_find_plugin(authors->before, build->name);
    const char *to = now != NULL ? locked_plugin_current(now)->commit : NULL;
    const char *from = then != NULL ? locked_plugin_current(then)->commit : NULL;
    if (to == NULL || g_strcmp0(from, to) == 0)
        return true;
    if (!builder_may(authors->work->pipeline->settings, build->git, error))
        return false;
    g_autofree char *name = g_strconcat(build->name, ".git", NULL);
    g_autofree char *folder = pipeline_path(authors->work->pipeline, "plugins", name, NULL);
    g_autofree char *head = NULL;
    g_autoptr(GitRepository) git = git_mirror(build->git, build->branch, folder, &head, error);
    return git != NULL && add_range(authors, git, from, to, NULL, error);
}

static bool add_plugins(Authors *authors, GError **error) {
    g_autoptr(Project) project =
        declarations_project(authors->work->pipeline, authors->checkout->root, NULL, error);
    for (guint i = 0; project != NULL && i < project->builds->len; i++)
        if (!add_plugin(authors, project->builds->pdata[i], error))
            return false;
    return project != NULL;
}

GPtrArray *authors_of(Work *work, const Checkout *checkout, const Environment *environment, GError **error) {
    Pipeline *pipeline = work->pipeline;
    g_autoptr(MarkRecord) mark = ledger_mark(pipeline->ledger, environment->name);
    g_auto(Authors) authors = {.work = work, .checkout = checkout, .environment = environment};
    authors.good = g_strdup(mark->good_commit);
    authors.emails = g_ptr_array_new_with_free_func(g_free);
    authors.before = authors.good != NULL ? declarations_lock_at(checkout->git, pipeline->settings,
                                                                 authors.good, environment->name, error)
                                          : lock_new(environment->name);
    if (authors.before == NULL || !add_files(&authors, error) || !add_modules(&authors, error) ||
        !add_plugins(&authors, error))
        return NULL;
    return g_steal_pointer(&authors.emails);
}
