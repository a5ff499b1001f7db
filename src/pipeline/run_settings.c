/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/run_settings.h"

#include <string.h>

void run_settings_clear(RunSettings *settings) {
    g_clear_pointer(&settings->values, json_decref);
    g_clear_pointer(&settings->environment, environment_free);
    g_clear_pointer(&settings->digest, g_free);
    checkout_clear(&settings->checkout);
}

static bool set_gone(RunSettings *settings) {
    settings->values = json_object();
    settings->digest = g_strdup("gone");
    return true;
}

bool run_settings_read(Work *work, const char *environment, const char *commit, RunSettings *settings,
                       GError **error) {
    Pipeline *pipeline = work->pipeline;
    g_autoptr(GitRepository) mirror = declarations_mirror(pipeline);
    g_autofree char *folder = pipeline_path(pipeline, "runs", work->run->id, "settings", NULL);
    g_autoptr(GError) problem = NULL;
    if (!declarations_check_out(mirror, pipeline->settings, commit, folder, &settings->checkout, &problem)) {
        if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND))
            return set_gone(settings);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    settings->environment = declare_load(settings->checkout.root, environment, NULL, diagnostics, &problem);
    if (settings->environment == NULL) {
        declarations_log_mistakes(work->log, diagnostics);
        declarations_name_mistake(diagnostics, problem);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    settings->values = environment_settings_json(settings->environment);
    settings->digest = environment_settings_digest(settings->environment);
    return true;
}

static bool is_same_file(GitRepository *git, const char *one, const char *other, const char *path) {
    g_autoptr(GBytes) left = git_show(git, one, path, NULL), right = git_show(git, other, path, NULL);
    return left != NULL && right != NULL && g_bytes_equal(left, right);
}

bool run_settings_are_same(const Work *work, const char *environment, const char *one, const char *other) {
    const PipelineSettings *settings = work->pipeline->settings;
    g_autoptr(GitRepository) mirror = declarations_mirror(work->pipeline);
    g_autofree char *name = g_strconcat(environment, ".yaml", NULL);
    g_autofree char *project = declarations_path(settings, "sluice.yaml");
    g_autofree char *relative = g_build_filename("environments", name, NULL);
    g_autofree char *file = declarations_path(settings, relative);
    return is_same_file(mirror, one, other, project) && is_same_file(mirror, one, other, file);
}

/* --- Repositories --------------------------------------------------------------------------------------- */

static bool is_known_address(const Environment *environment, const RepositorySpec *repository) {
    for (guint i = 0; environment->repositories != NULL && i < environment->repositories->len; i++) {
        const RepositorySpec *known = environment->repositories->pdata[i];
        if (g_str_equal(known->id, repository->id))
            return g_strcmp0(known->url, repository->url) == 0;
    }
    return false;
}

bool run_settings_check_repositories(Work *work, const char *environment, const char *commit,
                                     const GPtrArray *repositories, GError **error) {
    g_autoptr(MarkRecord) mark = ledger_mark(work->pipeline->ledger, environment);
    g_auto(RunSettings) trusted = {0};
    if (mark->settings_commit == NULL ||
        run_settings_are_same(work, environment, mark->settings_commit, commit))
        return true;
    if (!run_settings_read(work, environment, mark->settings_commit, &trusted, error))
        return false;
    if (trusted.environment == NULL || trusted.environment->policy.approvals == 0)
        return true;
    for (guint i = 0; i < repositories->len; i++) {
        const RepositorySpec *repository = repositories->pdata[i];
        if (is_known_address(trusted.environment, repository))
            continue;
        error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_DENIED,
                  "approve the run that shows the new address, then retry this one",
                  "'%s' has not accepted the address of the repository '%s' yet", environment,
                  repository->id);
        return false;
    }
    return true;
}
