/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/hash.h"
#include "pipeline/builder.h"
#include "pipeline/pipeline_private.h"
#include "pipeline/poll.h"

#define SOURCE_JOB "source "
#define COMMITS_MOST 200

/* --- The declarations ----------------------------------------------------------------------------------- */

static void set_problem(Pipeline *pipeline, const GError *error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    g_free(pipeline->problem);
    pipeline->problem = error != NULL ? g_strdup(error->message) : NULL;
    pipeline->polls++;
    pipeline->poll_failures += error != NULL;
}

static bool is_known(Pipeline *pipeline, const char *commit) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    return g_strcmp0(pipeline->head, commit) == 0;
}

static void set_head(Pipeline *pipeline, const char *commit, const char *title, Project *project) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    g_free(pipeline->head);
    g_free(pipeline->head_title);
    pipeline->head = g_strdup(commit);
    pipeline->head_title = g_strdup(title);
    g_clear_pointer(&pipeline->project, project_free);
    pipeline->project = project;
}

/* A first environment whose lock lacks a plugin that we build waits for the first build, which locks it. */
static bool waits_for_build(const Environment *environment, const Project *project) {
    for (guint i = 0; environment->first && i < environment->plugins->len; i++) {
        const char *plugin = ((const PluginRequest *)environment->plugins->pdata[i])->name;
        if (lock_find_plugin(environment->lock, plugin) == NULL && declarations_build(project, plugin))
            return true;
    }
    return false;
}

/* What the run's environment is at its commit: digests of its files and its lock; of its mistakes where it
 * has some, so that the same ones are no news. False where there is nothing to run yet. */
static bool read_digests(const Pipeline *pipeline, const char *root, const Project *project, RunRecord *run) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Environment) environment =
        declarations_load(pipeline, root, run->subject, false, NULL, NULL, &error);
    if (environment != NULL) {
        run->digest = g_strdup(environment->digest);
        run->locked = lock_digest(environment->lock);
        return !waits_for_build(environment, project);
    }
    g_autofree char *mistakes = hash_bytes(HASH_SHA256, error->message, strlen(error->message));
    run->digest = g_strconcat("mistakes:", mistakes, NULL);
    run->locked = g_strdup("mistakes");
    return true;
}

/* The run that pushed what is new of the lock. */
static void find_parent(Pipeline *pipeline, GitRepository *git, const char *seen, RunRecord *run) {
    g_autofree char *path = declarations_lock_path(pipeline->settings, run->subject);
    g_autoptr(GPtrArray) commits = git_log(git, seen, run->commit, path, COMMITS_MOST, NULL);
    for (guint i = 0; commits != NULL && i < commits->len; i++) {
        g_autofree char *id = git_trailer(commits->pdata[i], TRAILER_RUN);
        g_autoptr(RunRecord) parent = id != NULL ? ledger_run(pipeline->ledger, id) : NULL;
        if (parent == NULL || parent->kind != RUN_BUILD)
            continue;
        run->parent = g_strdup(id);
        g_free(run->cause);
        run->cause = g_strdup("build");
        return;
    }
}

/* Whether the environment's own run pushed the commit, and a process was stopped before it could say so: that
 * run goes on. */
static bool is_being_committed(Pipeline *pipeline, GitRepository *git, const char *environment,
                               const char *commit) {
    g_autoptr(GPtrArray) newest = git_log(git, NULL, commit, NULL, 1, NULL);
    g_autofree char *id =
        newest != NULL && newest->len > 0 ? git_trailer(newest->pdata[0], TRAILER_RUN) : NULL;
    g_autoptr(RunRecord) run = id != NULL ? ledger_run(pipeline->ledger, id) : NULL;
    return run != NULL && run->kind == RUN_DEPLOY && g_str_equal(run->subject, environment) &&
           run_stage_of(run) == RUN_COMMITTING;
}

static bool consider_environment(Pipeline *pipeline, const Checkout *checkout, const Project *project,
                                 const char *environment, const char *commit, const char *title,
                                 GError **error) {
    g_autoptr(MarkRecord) mark = ledger_mark(pipeline->ledger, environment);
    g_autoptr(RunRecord) run = run_record_new(RUN_DEPLOY, environment, "push", run_stage_text(RUN_QUEUED));
    run->commit = g_strdup(commit);
    run->title = g_strdup(title);
    bool runs = read_digests(pipeline, checkout->root, project, run);
    bool seen =
        g_strcmp0(mark->seen_digest, run->digest) == 0 && g_strcmp0(mark->seen_lock, run->locked) == 0;
    if (!runs || seen || is_being_committed(pipeline, checkout->git, environment, commit))
        return true;
    find_parent(pipeline, checkout->git, mark->seen_commit, run);
    return runs_add(pipeline, run, mark_seen, NULL, error);
}

static bool consider_environments(Pipeline *pipeline, const Checkout *checkout, const Project *project,
                                  const char *commit, const char *title, GError **error) {
    for (char **environment = project->environments; *environment != NULL; environment++)
        if (!consider_environment(pipeline, checkout, project, *environment, commit, title, error))
            return false;
    return true;
}

static char *title_of(GitRepository *git, const char *commit) {
    g_autoptr(GPtrArray) commits = git_log(git, NULL, commit, NULL, 1, NULL);
    return commits != NULL && commits->len > 0 ? g_strdup(((GitCommit *)commits->pdata[0])->subject) : NULL;
}

/* Reads the branch where it has moved. The first look proposes what an interrupted process did not come to.
 */
static bool look_at_declarations(Pipeline *pipeline, bool *moved, bool *first, GError **error) {
    const PipelineSettings *settings = pipeline->settings;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->declarations);
    g_autofree char *remote = NULL, *commit = NULL;
    if (!git_remote_head(settings->git, settings->branch, &remote, error))
        return false;
    if (remote == NULL) {
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND, NULL, "there is no branch '%s'",
                  settings->branch);
        return false;
    }
    if (is_known(pipeline, remote))
        return true;
    g_autoptr(GitRepository) mirror = declarations_fetch(pipeline, &commit, error);
    g_autofree char *folder = pipeline_path(pipeline, "head", NULL);
    g_auto(Checkout) checkout = {0};
    if (mirror == NULL || !declarations_check_out(mirror, settings, commit, folder, &checkout, error))
        return false;
    g_autoptr(Project) project = declarations_project(pipeline, checkout.root, NULL, error);
    g_autofree char *title = title_of(mirror, commit);
    if (project == NULL || !consider_environments(pipeline, &checkout, project, commit, title, error))
        return false;
    *moved = true;
    *first = pipeline->head == NULL;
    observe_declared(pipeline, &checkout, project);
    set_head(pipeline, commit, title, g_steal_pointer(&project));
    return true;
}

void poll_declarations(gpointer data) {
    Pipeline *pipeline = data;
    g_autoptr(GError) error = NULL;
    bool moved = false, first = false;
    if (!look_at_declarations(pipeline, &moved, &first, &error))
        g_prefix_error(&error, "cannot read the declarations: ");
    set_problem(pipeline, error);
    if (!moved)
        return;
    poll_watch_sources(pipeline);
    observe_watch(pipeline);
    g_auto(GStrv) environments = pipeline_environments(pipeline);
    for (char **environment = environments; *environment != NULL; environment++) {
        g_autoptr(json_t) event = json_pack("{s:s}", "name", *environment);
        pipeline_tell(pipeline, "environment", event);
        if (first)
            promotion_propose(pipeline, *environment);
    }
}

/* --- Plugins -------------------------------------------------------------------------------------------- */

typedef struct {
    Pipeline *pipeline;
    char *plugin, *git, *branch;
} Source;

static void source_free(gpointer data) {
    Source *source = data;
    g_free(source->plugin);
    g_free(source->git);
    g_free(source->branch);
    g_free(source);
}

/* Whether the first environment's lock has been built from this commit: somebody else built it. */
static bool is_locked(const Source *source, const char *commit) {
    Pipeline *pipeline = source->pipeline;
    g_auto(GStrv) environments = pipeline_environments(pipeline);
    if (environments[0] == NULL)
        return false;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->declarations);
    g_autofree char *relative = declarations_lock_path(pipeline->settings, environments[0]);
    g_autofree char *path = pipeline_path(pipeline, "head", relative, NULL);
    g_autoptr(Lock) lock = lock_read(path, NULL);
    const LockedPlugin *plugin = lock != NULL ? lock_find_plugin(lock, source->plugin) : NULL;
    return plugin != NULL && g_strcmp0(locked_plugin_current(plugin)->commit, commit) == 0;
}

static bool remember(const Source *source, const char *commit, const RunRecord *run, GError **error) {
    Ledger *ledger = source->pipeline->ledger;
    g_autoptr(SourceRecord) record = source_record_new(source->plugin, source->git, source->branch, commit);
    const LedgerChange change = {.source = record};
    return (run == NULL || runs_add(source->pipeline, run, NULL, NULL, error)) &&
           ledger_commit(ledger, &change, error);
}

static RunRecord *build_run(const Source *source, const char *commit) {
    RunRecord *run = run_record_new(RUN_BUILD, source->plugin, "push", run_stage_text(RUN_QUEUED));
    run->commit = g_strdup(commit);
    run->git = g_strdup(source->git);
    run->branch = g_strdup(source->branch);
    return run;
}

/* A build that was begun for this commit before we could remember it. */
static bool has_run(const Source *source, const char *commit) {
    g_autoptr(GPtrArray) runs = ledger_runs(source->pipeline->ledger);
    for (guint i = 0; i < runs->len; i++) {
        const RunRecord *run = runs->pdata[i];
        if (run->kind == RUN_BUILD && g_str_equal(run->subject, source->plugin) &&
            g_strcmp0(run->git, source->git) == 0 && g_strcmp0(run->commit, commit) == 0)
            return true;
    }
    return false;
}

/* NULL: there is no such branch. What may not be built is not even looked at: the run that says why is of no
 * commit. */
static bool find_newest(const Source *source, char **commit, GError **error) {
    if (builder_may(source->pipeline->settings, source->git, NULL))
        return git_remote_head(source->git, source->branch, commit, error);
    *commit = g_strdup("");
    return true;
}

static bool look_at_source(const Source *source, GError **error) {
    g_autoptr(SourceRecord) known = ledger_source(source->pipeline->ledger, source->plugin);
    g_autofree char *commit = NULL;
    if (!find_newest(source, &commit, error))
        return false;
    if (commit == NULL ||
        (known != NULL && g_str_equal(known->commit, commit) && g_str_equal(known->git, source->git) &&
         g_str_equal(known->branch, source->branch)))
        return true;
    bool built = has_run(source, commit) || (known == NULL && is_locked(source, commit));
    g_autoptr(RunRecord) run = built ? NULL : build_run(source, commit);
    return remember(source, commit, run, error);
}

static void poll_source(gpointer data) {
    const Source *source = data;
    Pipeline *pipeline = source->pipeline;
    g_autoptr(GError) error = NULL;
    bool looked = look_at_source(source, &error);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    pipeline->polls++;
    pipeline->poll_failures += !looked;
}

static char *source_job(const PluginBuild *build) {
    return g_strdup_printf(SOURCE_JOB "%s %s %s", build->name, build->branch, build->git);
}

static void watch_source(Pipeline *pipeline, const PluginBuild *build, GHashTable *kept) {
    char *name = source_job(build);
    g_hash_table_add(kept, name);
    Source *source = g_new(Source, 1);
    *source = (Source){pipeline, g_strdup(build->name), g_strdup(build->git), g_strdup(build->branch)};
    ticker_add(pipeline->ticker, name, pipeline->settings->poll_ms, poll_source, source, source_free);
}

void poll_watch_sources(Pipeline *pipeline) {
    g_autoptr(GHashTable) kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    for (guint i = 0; i < pipeline->project->builds->len; i++)
        watch_source(pipeline, pipeline->project->builds->pdata[i], kept);
    ticker_keep(pipeline->ticker, SOURCE_JOB, kept);
}

/* --- Hints ---------------------------------------------------------------------------------------------- */

/* The place of an address in a text without how it is reached: host/path of https://user@host:443/path.git,
 * of git@host:path. A port is left out: a forge has one for each way. */
static char *place_of(const char *url) {
    const char *scheme = strstr(url, "://");
    g_autofree char *place = g_ascii_strdown(scheme != NULL ? scheme + 3 : url, -1);
    gsize authority = strcspn(place, "/");
    char *at = memchr(place, '@', authority);
    const char *host = at != NULL ? at + 1 : place;
    gsize length = strcspn(host, ":/");
    const char *path = host + length;
    if (*path == ':')
        path += scheme != NULL ? strcspn(path, "/") : 1;
    while (*path == '/' && length > 0)
        path++;
    g_autoptr(GString) plain = g_string_new_len(host, (gssize)length);
    g_string_append_printf(plain, "/%s", *path == '/' ? path + 1 : path);
    while (plain->len > 0 && plain->str[plain->len - 1] == '/')
        g_string_truncate(plain, plain->len - 1);
    if (g_str_has_suffix(plain->str, ".git"))
        g_string_truncate(plain, plain->len - 4);
    return g_strdup(plain->str);
}

bool poll_is_same_place(const char *left, const char *right) {
    g_autofree char *one = place_of(left), *other = place_of(right);
    return g_str_equal(one, other);
}

bool pipeline_hint(Pipeline *pipeline, const char *url) {
    bool meant = false;
    if (url == NULL || poll_is_same_place(url, pipeline->settings->git))
        meant = ticker_now(pipeline->ticker, "declarations");
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    for (guint i = 0; pipeline->project != NULL && i < pipeline->project->builds->len; i++) {
        const PluginBuild *build = pipeline->project->builds->pdata[i];
        g_autofree char *job = source_job(build);
        if (url == NULL || poll_is_same_place(url, build->git))
            meant = ticker_now(pipeline->ticker, job) || meant;
    }
    return meant;
}
