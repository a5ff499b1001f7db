/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/action.h"
#include "engine/installed.h"

#define POLL_MS 500
#define ASK_DEADLINE_MS 3000

/* What a locked plugin's name is in a worker that reports all of its versions: nothing. Else the name of the
 * first that it lacks; *answered says whether it could be asked at all. */
static bool find_lacking(ActionRun *run, Connect *connect, bool *answered, const char **lacking,
                         GError **error) {
    const ConnectCall call = {.deadline_ms = ASK_DEADLINE_MS, .cancellable = run->engine->options.abort};
    g_autoptr(GPtrArray) plugins = connect_plugins(connect, &call, NULL);
    const char *url = connect_url(connect);
    const LiveWorker worker = {.url = url,
                               .plugins = plugins,
                               .has_all = true,
                               .before = live_worker_plugins(run->live, run->action->cluster, url)};
    const Lock *lock = run->engine->environment->lock;
    *answered = plugins != NULL;
    *lacking = NULL;
    for (guint i = 0; *answered && *lacking == NULL && i < lock->plugins->len; i++) {
        const LockedPlugin *plugin = lock->plugins->pdata[i];
        bool complete = true;
        if (installed_is_for(plugin, run->action->cluster) &&
            !installed_is_complete(run->engine, lock, &worker, plugin, &complete, error))
            return false;
        if (!complete)
            *lacking = plugin->name;
    }
    return true;
}

static bool time_out(const ActionRun *run, Connect *connect, bool answered, const char *lacking,
                     GError **error) {
    error_set(error, ENGINE_ERROR, ENGINE_ERROR_UNHEALTHY,
              answered ? "does the new version() still say what an earlier release said? Connect tells "
                         "versions apart by it alone"
                       : "look at the worker's log; a longer time can be given: timing: { deadline: … }",
              answered ? "worker %s of '%s' does not report every locked version of '%s' in time"
                       : "worker %s of '%s' does not answer after the rollout",
              connect_url(connect), run->action->cluster, lacking);
    return false;
}

static bool wait_for_worker(ActionRun *run, Connect *connect, gint64 deadline, GError **error) {
    for (;;) {
        bool answered;
        const char *lacking;
        if (!find_lacking(run, connect, &answered, &lacking, error))
            return false;
        if (answered && lacking == NULL)
            return true;
        if (g_cancellable_set_error_if_cancelled(run->engine->options.abort, error))
            return false;
        if (g_get_monotonic_time() > deadline)
            return time_out(run, connect, answered, lacking, error);
        engine_progress(run->engine, "waiting for worker %s to report the new versions",
                        connect_url(connect));
        g_usleep(POLL_MS * 1000);
    }
}

/* Every worker may take its own deadline, since they roll one after the other. */
static bool wait_for_workers(ActionRun *run, const EngineCluster *cluster, GError **error) {
    gint64 each = (gint64)run->engine->environment->timing.deadline_ms * 1000;
    gint64 deadline = g_get_monotonic_time() + each * cluster->workers->len;
    for (guint i = 0; i < cluster->workers->len; i++)
        if (!wait_for_worker(run, cluster->workers->pdata[i], deadline, error))
            return false;
    return true;
}

static bool roll_out(ActionRun *run, GError **error) {
    const Engine *engine = run->engine;
    const EngineCluster *cluster = engine_cluster(engine, run->action->cluster);
    const RolloutDriver *driver = engine->options.rollout_drivers(cluster->declared->rollout.kind);
    const RolloutRequest request = {
        .environment = engine->environment,
        .cluster = cluster->declared,
        .lock = engine->environment->lock,
        .lock_path = engine->environment->lock_path,
        .progress = engine->options.progress,
        .user_data = engine->options.user_data,
        .cancellable = engine->options.abort,
    };
    return state_check_lease(engine->state, error) && driver->begin(&request, error) &&
           wait_for_workers(run, cluster, error);
}

void action_run_rollout(ActionRun *run) {
    GError *error = NULL;
    bool done = roll_out(run, &error);
    action_end(run, done ? OUTCOME_DONE : OUTCOME_FAILED, RECORD_AS_BEFORE, error);
}
