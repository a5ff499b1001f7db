/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "pipeline/pipeline_private.h"

#define MIRROR "declarations.git"
#define TRAILER_ACT "Sluice-Act"
#define COMMITS_MOST 500
#define PUSHES_MOST 30

void checkout_clear(Checkout *checkout) {
    g_clear_pointer(&checkout->git, git_free);
    g_clear_pointer(&checkout->root, g_free);
}

/* --- Git ------------------------------------------------------------------------------------------------ */

GitRepository *declarations_fetch(Pipeline *pipeline, char **commit, GError **error) {
    const PipelineSettings *settings = pipeline->settings;
    g_autofree char *folder = pipeline_path(pipeline, MIRROR, NULL);
    return git_mirror(settings->git, settings->branch, folder, commit, error);
}

GitRepository *declarations_mirror(const Pipeline *pipeline) {
    g_autofree char *folder = pipeline_path(pipeline, MIRROR, NULL);
    return git_open_bare(folder);
}

bool declarations_check_out(GitRepository *mirror, const PipelineSettings *settings, const char *commit,
                            const char *folder, Checkout *checkout, GError **error) {
    checkout_clear(checkout);
    checkout->git = git_workspace(mirror, commit, folder, error);
    checkout->root = g_build_filename(folder, settings->folder, NULL);
    return checkout->git != NULL;
}

char *declarations_path(const PipelineSettings *settings, const char *file) {
    return settings->folder[0] != '\0' ? g_build_filename(settings->folder, file, NULL) : g_strdup(file);
}

char *declarations_lock_path(const PipelineSettings *settings, const char *environment) {
    g_autofree char *file = g_strdup_printf("environments/%s.lock", environment);
    return declarations_path(settings, file);
}

bool declarations_build(const Project *project, const char *plugin) {
    for (guint i = 0; i < project->builds->len; i++)
        if (g_str_equal(((const PluginBuild *)project->builds->pdata[i])->name, plugin))
            return true;
    return false;
}

Lock *declarations_lock_at(GitRepository *git, const PipelineSettings *settings, const char *commit,
                           const char *environment, GError **error) {
    g_autofree char *path = declarations_lock_path(settings, environment);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes = git_show(git, commit, path, &problem);
    if (bytes != NULL)
        return lock_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), path, error);
    if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return lock_new(environment);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static bool write_lock_in_hand(const Work *work, const Checkout *checkout, GError **error) {
    if (work->run->lock == NULL)
        return true;
    g_autofree char *path = g_strdup_printf("%s/environments/%s.lock", checkout->root, work->run->subject);
    return files_write(path, work->run->lock, strlen(work->run->lock), 0644, error);
}

bool work_check_out(Work *work, Checkout *checkout, GError **error) {
    g_autoptr(GitRepository) mirror = declarations_mirror(work->pipeline);
    g_autofree char *folder = pipeline_path(work->pipeline, "runs", work->run->id, "declarations", NULL);
    return declarations_check_out(mirror, work->pipeline->settings, work->run->commit, folder, checkout,
                                  error) &&
           write_lock_in_hand(work, checkout, error);
}

/* --- Loading -------------------------------------------------------------------------------------------- */

void declarations_log_mistakes(RunLog *log, const Diagnostics *diagnostics) {
    g_autofree char *text = diagnostics_format(diagnostics, false);
    if (log != NULL && text[0] != '\0')
        run_log_line(log, "%s", g_strchomp(text));
}

void declarations_name_mistake(const Diagnostics *diagnostics, GError *error) {
    g_autoptr(json_t) all = diagnostics_to_json(diagnostics);
    const json_t *mistake;
    size_t index;
    json_array_foreach (all, index, mistake) {
        if (strcmp(json_get_string(mistake, "severity"), "error") != 0)
            continue;
        char *message =
            g_strdup_printf("%s: %s:%d: %s", error->message, json_get_string(mistake, "file"),
                            (int)json_get_integer(mistake, "line", 0), json_get_string(mistake, "message"));
        g_free(error->message);
        error->message = message;
        const char *hint = json_get_string(mistake, "hint");
        if (hint != NULL)
            error_add_hint(error, "%s", hint);
        return;
    }
}

Environment *declarations_load(const Pipeline *pipeline, const char *root, const char *environment,
                               bool secrets, const char *lock_text, RunLog *log, GError **error) {
    const DeclareOptions options = {
        .resolve_secrets = secrets,
        .lock_text = lock_text,
        .trust = pipeline_settings_trust(pipeline->settings, environment),
    };
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GError) problem = NULL;
    Environment *loaded = declare_load(root, environment, &options, diagnostics, &problem);
    for (guint i = 0; loaded != NULL && log != NULL && i < loaded->secret_texts->len; i++)
        run_log_mask(log, loaded->secret_texts->pdata[i]);
    declarations_log_mistakes(log, diagnostics);
    if (loaded == NULL) {
        if (g_error_matches(problem, DECLARE_ERROR, DECLARE_ERROR_INVALID))
            declarations_name_mistake(diagnostics, problem);
        g_propagate_error(error, g_steal_pointer(&problem));
    }
    return loaded;
}

Project *declarations_project(const Pipeline *pipeline, const char *root, const char *environment,
                              GError **error) {
    const DeclareOptions options = {
        .resolve_secrets = environment != NULL,
        .trust = environment != NULL ? pipeline_settings_trust(pipeline->settings, environment) : NULL,
    };
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GError) problem = NULL;
    Project *project = declare_read_project(root, &options, diagnostics, &problem);
    if (project == NULL) {
        declarations_name_mistake(diagnostics, problem);
        g_propagate_error(error, g_steal_pointer(&problem));
    }
    return project;
}

/* --- Pushing -------------------------------------------------------------------------------------------- */

/* So that the mirror has it, for the steps that follow. */
static bool fetch_pushed(Work *work, GError **error) {
    g_autofree char *head = NULL;
    g_autoptr(GitRepository) mirror = declarations_fetch(work->pipeline, &head, error);
    return mirror != NULL;
}

bool declarations_push_lock(Work *work, Checkout *checkout, const char *environment, const char *act,
                            const char *message, char **commit, bool *rejected, GError **error) {
    const PipelineSettings *settings = work->pipeline->settings;
    g_autofree char *path = declarations_lock_path(settings, environment);
    g_autofree char *text =
        g_strdup_printf("%s\n\n" TRAILER_RUN ": %s\n" TRAILER_ACT ": %s\n", message, work->run->id, act);
    const char *const paths[] = {path, NULL};
    bool dirty = false;
    *commit = NULL;
    *rejected = false;
    if (!git_is_dirty(checkout->git, path, &dirty, error))
        return false;
    if (!dirty)
        return true;
    if (!git_commit_as(checkout->git, paths, text, settings->committer_name, settings->committer_email,
                       commit, error))
        return false;
    bool pushed = git_push_to(checkout->git, settings->branch, rejected, error) && fetch_pushed(work, error);
    if (pushed)
        run_log_line(work->log, "pushed %.10s: %.*s", *commit, (int)strcspn(message, "\n"), message);
    else
        g_clear_pointer(commit, g_free);
    return pushed;
}

bool declarations_push(Work *work, PushTry once, gpointer data, GError **error) {
    bool rejected = true, pushed = false;
    for (guint i = 0; i < PUSHES_MOST && rejected && !pushed; i++) {
        if (i > 0)
            run_log_line(work->log, "others pushed meanwhile: once more, from what they pushed");
        g_clear_error(error);
        rejected = false;
        pushed = once(work, data, &rejected, error);
    }
    return pushed;
}

char *declarations_find_push(Work *work, GitRepository *git, const char *head, const char *environment,
                             const char *act, GError **error) {
    g_autofree char *path = declarations_lock_path(work->pipeline->settings, environment);
    g_autoptr(GPtrArray) commits = git_log(git, NULL, head, path, COMMITS_MOST, error);
    for (guint i = 0; commits != NULL && i < commits->len; i++) {
        g_autofree char *run = git_trailer(commits->pdata[i], TRAILER_RUN);
        g_autofree char *done = git_trailer(commits->pdata[i], TRAILER_ACT);
        if (g_strcmp0(run, work->run->id) == 0 && g_strcmp0(done, act) == 0)
            return g_strdup(((GitCommit *)commits->pdata[i])->id);
    }
    return NULL;
}
