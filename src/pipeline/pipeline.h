/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a merge to what runs: watches Git, builds plugins, deploys environments, waits for people's approval,
 * promotes, goes back.
 *
 *     pipeline_open → pipeline_start → … → pipeline_stop → pipeline_close
 *
 * Repositories are polled by threads of its own; runs are worked on side by side, one at a time for each
 * plugin and for each environment. Everything is in its store before it is done, so that a process that was
 * killed goes on where it stood. All functions may be called from several threads. What is told as JSON has
 * the shapes of src/server/openapi.yaml.
 */
#pragma once

#include "base/json.h"
#include "pipeline/error.h"
#include "pipeline/person.h"
#include "pipeline/settings.h"

typedef struct Pipeline Pipeline;

/* Something changed; called from any thread, must not block and not call back into the pipeline. `kind`:
 * "run" (a Run), "environment"
 * ({"name"}), "log" ({"run","size"}); `value` is borrowed. */
typedef void (*PipelineListener)(const char *kind, const json_t *value, gpointer user_data);

/* Opens the store in the data folder (made if need be) and reads what is there. Settings are borrowed and
 * outlive it. Another process that has the same data folder open is an error. */
Pipeline *pipeline_open(const PipelineSettings *settings, GError **error);
void pipeline_close(Pipeline *pipeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pipeline, pipeline_close)

/* One listener; to be set before pipeline_start(). */
void pipeline_listen(Pipeline *pipeline, PipelineListener listener, gpointer user_data);

/* Begins to work: what was interrupted first. */
void pipeline_start(Pipeline *pipeline);

/* Begins nothing new and waits for what is in flight: an action of an apply ends, a build is ended. The rest
 * goes on at the next start. */
void pipeline_stop(Pipeline *pipeline);

/* NULL: ready; else why not yet, the caller frees it. */
char *pipeline_not_ready(Pipeline *pipeline);

/* A hint that the repository at `url` changed (any of the addresses that a forge gives for it), or all for
 * NULL: looked at now. False where no repository of ours is meant. */
bool pipeline_hint(Pipeline *pipeline, const char *url);

/* Whether a delivery of a webhook is new; remembered (the newest 10,000) from then on. */
bool pipeline_take_delivery(Pipeline *pipeline, const char *provider, const char *id);

/* Overview, Environment, {"runs": […]}, RunDetail (`reader`: whose `may` is told), {"entries": […]}; new
 * references. */
json_t *pipeline_overview(Pipeline *pipeline);
json_t *pipeline_environment(Pipeline *pipeline, const char *environment, GError **error);

typedef struct {
    const char *subject; /* NULL: all */
    bool open_only;
    guint limit;
    const char *before; /* a run's id; NULL: from the newest on */
} RunFilter;
json_t *pipeline_runs(Pipeline *pipeline, const RunFilter *filter);
json_t *pipeline_run(Pipeline *pipeline, const char *id, const Person *reader, GError **error);
json_t *pipeline_audit(Pipeline *pipeline, guint limit, const char *before, GError **error);

/* The path of a run's log, a text file that only grows; *open says whether the run goes on. The caller frees
 * it. */
char *pipeline_log_path(Pipeline *pipeline, const char *id, bool *open, GError **error);

/* What people do. Each checks the person's roles, is in the audit log, and gives a RunDetail (approve,
 * reject) or the new Run. */
json_t *pipeline_approve(Pipeline *pipeline, const char *id, const char *digest, const Person *person,
                         GError **error);
json_t *pipeline_reject(Pipeline *pipeline, const char *id, const char *reason, const Person *person,
                        GError **error);
json_t *pipeline_retry(Pipeline *pipeline, const char *id, const Person *person, GError **error);
json_t *pipeline_deploy(Pipeline *pipeline, const char *environment, const Person *person, GError **error);
json_t *pipeline_promote(Pipeline *pipeline, const char *environment, const char *const *instances,
                         const Person *person, GError **error);
json_t *pipeline_unhold(Pipeline *pipeline, const char *environment, const char *plugin, const Person *person,
                        GError **error);

/* Puts a person's act that is no run's into the audit log: "sign_in". */
void pipeline_note(Pipeline *pipeline, const char *act, const Person *person);

/* Counts for monitors: {"runs": {"build": {"done": 3, …}, …}, "waiting": 1, "behind": {"dev": false},
 * "healthy": {"dev": true}, "polls": …, "poll_failures": …, "build_seconds_sum"/"_count",
 * "deploy_seconds_sum"/"_count"}; a new reference. */
json_t *pipeline_counts(Pipeline *pipeline);
