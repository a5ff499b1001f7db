/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "pipeline/pause.h"
#include "pipeline/pipeline_private.h"

#define LOOKS_AT_ONCE 4
#define RUNS_KEPT 1000
#define LONGEST_WAIT (60 * G_USEC_PER_SEC)
#define DECLARATIONS_JOB "declarations"

char *pipeline_path(const Pipeline *pipeline, ...) {
    va_list parts;
    va_start(parts, pipeline);
    g_autofree char *path = g_build_filename_valist(pipeline->settings->data, &parts);
    va_end(parts);
    return g_steal_pointer(&path);
}

void pipeline_set_unread(GError **error) {
    error_set(error, BASE_ERROR, BASE_ERROR_CONNECT, NULL, "the declarations have not been read yet");
}

/* --- Opening -------------------------------------------------------------------------------------------- */

/* Two processes would work on the same runs. */
static bool lock_data(Pipeline *pipeline, GError **error) {
    g_autofree char *path = pipeline_path(pipeline, "in-use", NULL);
    if (!files_make_folder(pipeline->settings->data, error))
        return false;
    /* It holds what builds made and what is said of every environment. */
    chmod(pipeline->settings->data, 0700);
    pipeline->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (pipeline->lock_file >= 0 && flock(pipeline->lock_file, LOCK_EX | LOCK_NB) == 0)
        return true;
    bool used = pipeline->lock_file >= 0 && errno == EWOULDBLOCK;
    error_set(error, PIPELINE_ERROR, used ? PIPELINE_ERROR_CONFLICT : PIPELINE_ERROR_FAILED,
              used ? "end the other one first, or give this one a data folder of its own" : NULL,
              used ? "another sluice serves from '%s'" : "cannot lock '%s': %s", pipeline->settings->data,
              g_strerror(errno));
    return false;
}

static void tell_run(const RunRecord *run, gpointer user_data) {
    Pipeline *pipeline = user_data;
    g_autoptr(json_t) value = view_run(run);
    pipeline_tell(pipeline, "run", value);
    if (run->kind == RUN_DEPLOY) {
        g_autoptr(json_t) environment = json_pack("{s:s}", "name", run->subject);
        pipeline_tell(pipeline, "environment", environment);
    }
    pipeline_wake(pipeline);
}

static void free_observed(gpointer value) {
    json_decref(value);
}

Pipeline *pipeline_open(const PipelineSettings *settings, GError **error) {
    g_autoptr(Pipeline) pipeline = g_new0(Pipeline, 1);
    pipeline->settings = settings;
    pipeline->lock_file = -1;
    g_mutex_init(&pipeline->declarations);
    g_mutex_init(&pipeline->mutex);
    g_cond_init(&pipeline->wake);
    pipeline->stop = g_cancellable_new();
    pipeline->ticker = ticker_new(LOOKS_AT_ONCE);
    pipeline->lanes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    pipeline->pauses = pauses_new();
    pipeline->checkouts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    pipeline->observed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_observed);
    pipeline->repairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_observed);
    pipeline->declared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_observed);
    if (!lock_data(pipeline, error))
        return NULL;
    pipeline->store = store_open("sqlite:server.db", settings->data, error);
    pipeline->ledger = pipeline->store != NULL ? ledger_open(pipeline->store, error) : NULL;
    if (pipeline->ledger == NULL)
        return NULL;
    ledger_listen(pipeline->ledger, tell_run, pipeline);
    return g_steal_pointer(&pipeline);
}

void pipeline_close(Pipeline *pipeline) {
    if (pipeline == NULL)
        return;
    pipeline_stop(pipeline);
    ticker_free(pipeline->ticker);
    ledger_close(pipeline->ledger);
    store_close(pipeline->store);
    if (pipeline->lock_file >= 0)
        close(pipeline->lock_file);
    project_free(pipeline->project);
    g_free(pipeline->head);
    g_free(pipeline->head_title);
    g_free(pipeline->problem);
    g_hash_table_unref(pipeline->lanes);
    g_hash_table_unref(pipeline->pauses);
    g_hash_table_unref(pipeline->checkouts);
    g_hash_table_unref(pipeline->observed);
    g_hash_table_unref(pipeline->repairs);
    g_hash_table_unref(pipeline->declared);
    g_object_unref(pipeline->stop);
    g_cond_clear(&pipeline->wake);
    g_mutex_clear(&pipeline->mutex);
    g_mutex_clear(&pipeline->declarations);
    g_free(pipeline);
}

void pipeline_listen(Pipeline *pipeline, PipelineListener listener, gpointer user_data) {
    pipeline->listener = listener;
    pipeline->listener_data = user_data;
}

void pipeline_tell(Pipeline *pipeline, const char *kind, const json_t *value) {
    if (pipeline->listener != NULL)
        pipeline->listener(kind, value, pipeline->listener_data);
}

void pipeline_wake(Pipeline *pipeline) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    g_cond_broadcast(&pipeline->wake);
}

char **pipeline_environments(Pipeline *pipeline) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    return pipeline->project != NULL ? g_strdupv(pipeline->project->environments) : g_new0(char *, 1);
}

char *pipeline_head(Pipeline *pipeline) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    return g_strdup(pipeline->head);
}

/* --- The scheduler -------------------------------------------------------------------------------------- */

/* One run at a time for each plugin and each environment. */
static char *lane_of(const RunRecord *run) {
    return g_strdup_printf("%s %s", run_kind_name(run->kind), run->subject);
}

typedef struct {
    Pipeline *pipeline;
    RunRecord *run; /* as it was when the work began */
} Worker;

static gpointer work(gpointer data) {
    Worker *worker = data;
    Pipeline *pipeline = worker->pipeline;
    g_autofree char *lane = lane_of(worker->run);
    work_on(pipeline, worker->run->id);
    g_mutex_lock(&pipeline->mutex);
    g_hash_table_remove(pipeline->lanes, lane);
    if (worker->run->kind == RUN_DEPLOY)
        observe_now(pipeline, worker->run->subject);
    g_cond_broadcast(&pipeline->wake);
    g_mutex_unlock(&pipeline->mutex);
    run_record_unref(worker->run);
    g_free(worker);
    return NULL;
}

static void begin_work(Pipeline *pipeline, RunRecord *run, const char *lane) {
    Worker *worker = g_new(Worker, 1);
    *worker = (Worker){pipeline, run_record_ref(run)};
    g_hash_table_insert(pipeline->lanes, g_strdup(lane), g_strdup(run->id));
    g_thread_unref(g_thread_new("run", work, worker));
}

static guint count_builds(Pipeline *pipeline) {
    guint count = 0;
    GHashTableIter iterator;
    gpointer lane;
    g_hash_table_iter_init(&iterator, pipeline->lanes);
    while (g_hash_table_iter_next(&iterator, &lane, NULL))
        count += g_str_has_prefix(lane, run_kind_name(RUN_BUILD));
    return count;
}

/* Whether a run is to try again at once what it waits to try again: it makes room for a newer one where that
 * is in vain. */
static bool is_in_the_way(Pipeline *pipeline, const RunRecord *run) {
    if (run_next(run->kind, run_stage_of(run), RUN_EVENT_SUPERSEDED) == RUN_STAGES ||
        pause_is_for_store(pipeline, run->id))
        return false;
    g_autoptr(RunRecord) newer = runs_newer(pipeline, run);
    return newer != NULL;
}

/* Begins those that work already, or those that are queued, where they may; the oldest first. A paused one
 * keeps its lane (`kept`, a set of them), and *next is brought forward to when it may. */
static void begin_those(Pipeline *pipeline, const GPtrArray *runs, bool queued, GHashTable *kept,
                        gint64 *next) {
    for (guint i = runs->len; i-- > 0;) {
        RunRecord *run = runs->pdata[i];
        RunStage stage = run_stage_of(run);
        if (queued ? stage != RUN_QUEUED : !run_stage_is_working(stage))
            continue;
        g_autofree char *lane = lane_of(run);
        gint64 until = pause_until(pipeline, run->id);
        bool full = run->kind == RUN_BUILD && count_builds(pipeline) >= pipeline->settings->builds_at_once;
        if (g_hash_table_contains(pipeline->lanes, lane) || g_hash_table_contains(kept, lane) || full)
            continue;
        if (until <= g_get_monotonic_time() || is_in_the_way(pipeline, run)) {
            begin_work(pipeline, run, lane);
        } else {
            *next = MIN(*next, until);
            g_hash_table_add(kept, g_steal_pointer(&lane));
        }
    }
}

static void wait_for_lanes(Pipeline *pipeline) {
    while (g_hash_table_size(pipeline->lanes) > 0)
        g_cond_wait(&pipeline->wake, &pipeline->mutex);
}

static gpointer schedule(gpointer data) {
    Pipeline *pipeline = data;
    while (true) {
        gint64 next = MIN(approval_expire(pipeline), g_get_monotonic_time() + LONGEST_WAIT);
        g_mutex_lock(&pipeline->mutex);
        if (g_cancellable_is_cancelled(pipeline->stop))
            break;
        g_autoptr(GPtrArray) runs = ledger_runs(pipeline->ledger);
        g_autoptr(GHashTable) kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        begin_those(pipeline, runs, false, kept, &next);
        begin_those(pipeline, runs, true, kept, &next);
        g_cond_wait_until(&pipeline->wake, &pipeline->mutex, next);
        g_mutex_unlock(&pipeline->mutex);
    }
    wait_for_lanes(pipeline);
    g_mutex_unlock(&pipeline->mutex);
    return NULL;
}

static bool has_ended(const RunRecord *run) {
    return run_stage_has_ended(run_stage_of(run));
}

static void forget_old_runs(gpointer data) {
    Pipeline *pipeline = data;
    g_autoptr(GPtrArray) forgotten = ledger_prune(pipeline->ledger, RUNS_KEPT, has_ended, NULL);
    for (guint i = 0; forgotten != NULL && i < forgotten->len; i++) {
        g_autofree char *folder = pipeline_path(pipeline, "runs", forgotten->pdata[i], NULL);
        files_remove_tree(folder, NULL);
    }
}

void pipeline_start(Pipeline *pipeline) {
    pipeline->scheduler = g_thread_new("scheduler", schedule, pipeline);
    ticker_add(pipeline->ticker, DECLARATIONS_JOB, pipeline->settings->poll_ms, poll_declarations, pipeline,
               NULL);
    ticker_add(pipeline->ticker, "forget", 3600 * 1000, forget_old_runs, pipeline, NULL);
}

void pipeline_stop(Pipeline *pipeline) {
    if (pipeline->scheduler == NULL)
        return;
    g_cancellable_cancel(pipeline->stop);
    pipeline_wake(pipeline);
    g_thread_join(g_steal_pointer(&pipeline->scheduler));
    ticker_stop(pipeline->ticker);
}

char *pipeline_not_ready(Pipeline *pipeline) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    if (pipeline->project != NULL)
        return NULL;
    return g_strdup(pipeline->problem != NULL ? pipeline->problem : "the declarations are being read");
}
