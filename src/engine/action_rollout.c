/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/action.h"
#include "engine/installed.h"

#define POLL_MS 500
#define ASK_DEADLINE_MS 3000

/* What one look at a worker showed. */
typedef struct {
    bool answered;
    const char *lacking; /* the first plugin that it lacks a locked version of; NULL: it has all */
    char *guess;         /* then: installed_guess() */
} WorkerLook;

static void worker_look_clear(WorkerLook *look) {
    g_clear_pointer(&look->guess, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WorkerLook, worker_look_clear)

static bool look_at(ActionRun *run, Connect *connect, WorkerLook *look, GError **error) {
    const ConnectCall call = {.deadline_ms = ASK_DEADLINE_MS, .cancellable = run->engine->options.abort};
    g_autoptr(GPtrArray) plugins = connect_plugins(connect, &call, NULL);
    const char *url = connect_url(connect);
    const LiveWorker worker = {
        .url = url, .plugins = plugins, .before = live_worker_plugins(run->live, run->action->cluster, url)};
    const Lock *lock = run->engine->environment->lock;
    *look = (WorkerLook){.answered = plugins != NULL};
    for (guint i = 0; look->answered && look->lacking == NULL && i < lock->plugins->len; i++) {
        const LockedPlugin *plugin = lock->plugins->pdata[i];
        bool complete = true;
        if (installed_is_for(plugin, run->action->cluster) &&
            !installed_is_complete(run->engine, lock, &worker, plugin, &complete, &look->guess, error))
            return false;
        if (!complete)
            look->lacking = plugin->name;
    }
    return true;
}

static bool time_out(const ActionRun *run, Connect *connect, const WorkerLook *look, GError **error) {
    g_autofree char *hint = installed_hint(
        look->answered ? INSTALLED_SAME_VERSION_HINT
                       : "look at the worker's log; a longer time can be given: timing: { deadline: … }",
        look->guess);
    error_set(error, ENGINE_ERROR, ENGINE_ERROR_UNHEALTHY, hint,
              look->answered ? "worker %s of '%s' does not report every locked version of '%s' in time"
                             : "worker %s of '%s' does not answer after the rollout",
              connect_url(connect), run->action->cluster, look->lacking);
    return false;
}

static bool wait_for_worker(ActionRun *run, Connect *connect, gint64 deadline, GError **error) {
    for (;;) {
        g_auto(WorkerLook) look = {0};
        if (!look_at(run, connect, &look, error))
            return false;
        if (look.answered && look.lacking == NULL)
            return true;
        if (g_cancellable_set_error_if_cancelled(run->engine->options.abort, error))
            return false;
        if (g_get_monotonic_time() > deadline)
            return time_out(run, connect, &look, error);
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
