/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipeline/builder.h"
#include "pipeline/run_settings.h"

/* What the newest declarations say of the plugin; NULL with an error where they build it no more. */
static PluginBuild *declared_build(Pipeline *pipeline, const char *plugin, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    for (guint i = 0; pipeline->project != NULL && i < pipeline->project->builds->len; i++) {
        const PluginBuild *build = pipeline->project->builds->pdata[i];
        if (g_str_equal(build->name, plugin))
            return plugin_build_copy(build);
    }
    if (pipeline->project == NULL)
        pipeline_set_unread(error);
    else
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_NOT_FOUND, NULL, "sluice.yaml builds no plugin '%s'",
                  plugin);
    return NULL;
}

static char *checkout_folder(const Work *work) {
    return pipeline_path(work->pipeline, "runs", work->run->id, "plugin", NULL);
}

/* --- Check out ------------------------------------------------------------------------------------------ */

static void remember_title(Work *work, GitRepository *mirror) {
    g_autoptr(GPtrArray) commits = git_log(mirror, NULL, work->run->commit, NULL, 1, NULL);
    const GitCommit *commit = commits != NULL && commits->len > 0 ? commits->pdata[0] : NULL;
    if (commit == NULL)
        return;
    g_free(work->run->title);
    work->run->title = g_strdup(commit->subject);
    run_log_line(work->log, "%.10s %s", commit->id, commit->subject);
}

RunEvent step_check_out(Work *work, GError **error) {
    const RunRecord *run = work->run;
    if (!builder_may(work->pipeline->settings, run->git, error))
        return RUN_EVENT_FAILED;
    g_autofree char *name = g_strconcat(run->subject, ".git", NULL);
    g_autofree char *folder = pipeline_path(work->pipeline, "plugins", name, NULL);
    g_autofree char *head = NULL, *checkout = checkout_folder(work);
    run_log_line(work->log, "branch %s of %s", run->branch, run->git);
    g_autoptr(GitRepository) mirror = git_mirror(run->git, run->branch, folder, &head, error);
    if (mirror == NULL)
        return RUN_EVENT_FAILED;
    remember_title(work, mirror);
    return builder_checkout(mirror, run->commit, checkout, error) ? RUN_EVENT_OK : RUN_EVENT_FAILED;
}

/* --- Build ---------------------------------------------------------------------------------------------- */

static json_t *artifact_to_json(const BuiltArtifact *artifact) {
    g_autofree char *name = g_path_get_basename(artifact->file);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "name", name, "maven", artifact->maven, "version",
                     artifact->version, "resolved", artifact->version, "sha256", artifact->sha256, "size",
                     (json_int_t)artifact->size);
}

/* A process that was stopped in its build starts it anew, from a fresh checkout. */
static bool check_out_again(Work *work, const char *folder, GError **error) {
    g_autofree char *name = g_strconcat(work->run->subject, ".git", NULL);
    g_autofree char *path = pipeline_path(work->pipeline, "plugins", name, NULL);
    g_autoptr(GitRepository) mirror = git_open_bare(path);
    return builder_checkout(mirror, work->run->commit, folder, error);
}

RunEvent step_build(Work *work, GError **error) {
    Pipeline *pipeline = work->pipeline;
    g_autoptr(PluginBuild) declared = declared_build(pipeline, work->run->subject, error);
    g_autofree char *folder = checkout_folder(work);
    g_autofree char *home = pipeline_path(pipeline, "home", work->run->subject, NULL);
    if (declared == NULL || !check_out_again(work, folder, error))
        return RUN_EVENT_FAILED;
    const BuildRequest request = {
        .folder = folder,
        .maven = declared->maven,
        .env = (const char *const *)pipeline->settings->build_env,
        .run = (const char *const *)pipeline->settings->build_run,
        .home = home,
        .log = work->log,
        .cancellable = pipeline->stop,
    };
    g_autoptr(BuiltArtifact) artifact = builder_build(&request, error);
    if (artifact == NULL && g_cancellable_is_cancelled(pipeline->stop)) {
        g_clear_error(error);
        return RUN_EVENTS;
    }
    if (artifact == NULL || !builder_keep(artifact, pipeline->settings->data, error))
        return RUN_EVENT_FAILED;
    json_decref(work->run->artifact);
    work->run->artifact = artifact_to_json(artifact);
    return RUN_EVENT_OK;
}

/* --- Publish -------------------------------------------------------------------------------------------- */

/* sluice.yaml of a checkout of `commit` with the credentials that the environment may use, where it has
 * accepted to which addresses they go. */
static Project *accepted_project(Work *work, const Checkout *checkout, const char *commit,
                                 const char *environment, GError **error) {
    g_autoptr(Project) project = declarations_project(work->pipeline, checkout->root, environment, error);
    bool accepted = project != NULL &&
                    run_settings_check_repositories(work, environment, commit, project->repositories, error);
    return accepted ? g_steal_pointer(&project) : NULL;
}

/* sluice.yaml as the branch has it now, with the credentials that the first environment may use. */
static Project *read_project(Work *work, GError **error) {
    Pipeline *pipeline = work->pipeline;
    g_autofree char *commit = pipeline_head(pipeline);
    g_auto(GStrv) environments = pipeline_environments(pipeline);
    if (commit == NULL || environments[0] == NULL) {
        pipeline_set_unread(error);
        return NULL;
    }
    g_autoptr(GitRepository) mirror = declarations_mirror(pipeline);
    g_autofree char *folder = pipeline_path(pipeline, "runs", work->run->id, "declarations", NULL);
    g_auto(Checkout) checkout = {0};
    if (!declarations_check_out(mirror, pipeline->settings, commit, folder, &checkout, error))
        return NULL;
    return accepted_project(work, &checkout, commit, environments[0], error);
}

RunEvent step_publish(Work *work, GError **error) {
    const json_t *kept = work->run->artifact;
    g_autoptr(PluginBuild) declared = declared_build(work->pipeline, work->run->subject, error);
    g_autoptr(Project) project = declared != NULL ? read_project(work, error) : NULL;
    g_autoptr(BuiltArtifact) artifact =
        project != NULL ? builder_kept(work->pipeline->settings->data, json_get_string(kept, "sha256"),
                                       json_get_string(kept, "name"), error)
                        : NULL;
    g_autoptr(Published) published = NULL;
    if (artifact == NULL || !builder_publish(artifact, project->repositories, declared->repository, work->log,
                                             work->pipeline->stop, &published, error))
        return RUN_EVENT_FAILED;
    json_object_set_new(work->run->artifact, "resolved", json_string(published->resolved));
    return RUN_EVENT_OK;
}

/* --- Lock ----------------------------------------------------------------------------------------------- */

/* Says in the lock which commit the artifact was built from; false where the lock has taken another one. */
static bool note_commit(const Work *work, Lock *lock) {
    const char *sha256 = json_get_string(work->run->artifact, "sha256");
    const LockedPlugin *plugin = lock_find_plugin(lock, work->run->subject);
    for (guint i = 0; plugin != NULL && i < plugin->versions->len; i++) {
        LockedVersion *version = plugin->versions->pdata[i];
        if (g_strcmp0(version->sha256, sha256) != 0)
            continue;
        if (version->commit == NULL)
            version->commit = g_strdup(work->run->commit);
        return i == 0;
    }
    return false;
}

/* What the environment asks for, but for what another build of ours has yet to publish and lock. */
static GPtrArray *requests_without_unbuilt(const Work *work, const Environment *environment,
                                           const Project *project) {
    GPtrArray *requests = g_ptr_array_new();
    for (guint i = 0; i < environment->plugins->len; i++) {
        const char *plugin = ((const PluginRequest *)environment->plugins->pdata[i])->name;
        if (g_str_equal(plugin, work->run->subject) || lock_find_plugin(environment->lock, plugin) != NULL ||
            !declarations_build(project, plugin))
            g_ptr_array_add(requests, environment->plugins->pdata[i]);
    }
    return requests;
}

/* The lock with the newest of this plugin. The first builds of several plugins end one after the other: who
 * is first finds nothing of the others in the repository, and leaves them to lock themselves. */
static Lock *resolve_lock(Work *work, const Checkout *checkout, const Environment *environment,
                          const Project *project, GError **error) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(GPtrArray) without = requests_without_unbuilt(work, environment, project);
    const char *const plugins[] = {work->run->subject, NULL};
    LockRequest request = {
        .requests = environment->plugins,
        .repositories = project->repositories,
        .upgrade = plugins,
        .root = checkout->root,
        .cancellable = work->pipeline->stop,
    };
    g_autoptr(Lock) lock = lock_copy(environment->lock);
    g_autoptr(GPtrArray) changes = lock_resolve(lock, &request, &problem);
    if (changes == NULL && without->len < environment->plugins->len &&
        g_error_matches(problem, PLUGIN_ERROR, PLUGIN_ERROR_NOT_FOUND)) {
        g_clear_error(&problem);
        lock_free(lock);
        lock = lock_copy(environment->lock);
        request.requests = without;
        changes = lock_resolve(lock, &request, &problem);
    }
    if (changes != NULL)
        return g_steal_pointer(&lock);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static bool resolve(Work *work, const Checkout *checkout, const char *head, const char *name,
                    GError **error) {
    Pipeline *pipeline = work->pipeline;
    g_autoptr(Environment) environment =
        declarations_load(pipeline, checkout->root, name, false, NULL, work->log, error);
    g_autoptr(Project) project =
        environment != NULL ? accepted_project(work, checkout, head, name, error) : NULL;
    g_autoptr(Lock) lock = project != NULL ? resolve_lock(work, checkout, environment, project, error) : NULL;
    if (lock == NULL)
        return false;
    if (!note_commit(work, lock))
        run_log_line(work->log, "'%s' does not ask for this version: its lock keeps what it has", name);
    g_autofree char *before = lock_digest(environment->lock), *after = lock_digest(lock);
    return g_str_equal(before, after) || lock_write(lock, environment->lock_path, error);
}

/* One try: *rejected where others pushed meanwhile. */
static bool lock_once(Work *work, gpointer data, bool *rejected, GError **error) {
    const char *environment = data;
    Pipeline *pipeline = work->pipeline;
    g_autofree char *head = NULL, *commit = NULL;
    g_autoptr(GitRepository) mirror = declarations_fetch(pipeline, &head, error);
    g_autofree char *folder = pipeline_path(pipeline, "runs", work->run->id, "declarations", NULL);
    g_auto(Checkout) checkout = {0};
    if (mirror == NULL)
        return false;
    g_autofree char *pushed = declarations_find_push(work, mirror, head, environment, "lock", error);
    if (pushed == NULL) {
        g_autofree char *message =
            g_strdup_printf("lock %s %s in %s", work->run->subject,
                            json_get_string(work->run->artifact, "resolved"), environment);
        if (!declarations_check_out(mirror, pipeline->settings, head, folder, &checkout, error) ||
            !resolve(work, &checkout, head, environment, error) ||
            !declarations_push_lock(work, &checkout, environment, "lock", message, &commit, rejected, error))
            return false;
    }
    g_free(work->run->pushed);
    work->run->pushed = pushed != NULL ? g_strdup(pushed) : g_strdup(commit);
    return true;
}

RunEvent step_lock(Work *work, GError **error) {
    Pipeline *pipeline = work->pipeline;
    g_auto(GStrv) environments = pipeline_environments(pipeline);
    if (environments[0] == NULL) {
        pipeline_set_unread(error);
        return RUN_EVENT_FAILED;
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->declarations);
    bool locked = declarations_push(work, lock_once, environments[0], error);
    ticker_now(pipeline->ticker, "declarations");
    return locked ? RUN_EVENT_OK : RUN_EVENT_FAILED;
}
