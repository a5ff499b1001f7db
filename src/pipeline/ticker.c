/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/ticker.h"

#include <string.h>

typedef struct {
    char *name;
    gint64 period; /* microseconds */
    gint64 due;    /* monotonic */
    bool busy;     /* in a thread, or on the way there */
    bool removed;  /* while busy */
    TickerJob job;
    gpointer data;
    GDestroyNotify release;
} Job;

struct Ticker {
    GMutex mutex;
    GCond changed;
    bool ending;
    GHashTable *jobs; /* name → Job */
    GThreadPool *pool;
    GThread *clock;
};

static void job_free(gpointer data) {
    Job *job = data;
    if (job->release != NULL)
        job->release(job->data);
    g_free(job->name);
    g_free(job);
}

/* A busy one is freed by its thread. */
static void job_drop(gpointer data) {
    Job *job = data;
    if (job->busy)
        job->removed = true;
    else
        job_free(job);
}

static void do_job(gpointer data, gpointer user_data) {
    Job *job = data;
    Ticker *ticker = user_data;
    job->job(job->data);
    g_mutex_lock(&ticker->mutex);
    job->busy = false;
    bool removed = job->removed;
    g_cond_signal(&ticker->changed);
    g_mutex_unlock(&ticker->mutex);
    if (removed)
        job_free(job);
}

/* Begins what is due; gives when the next is. */
static gint64 begin_due(Ticker *ticker) {
    GHashTableIter iterator;
    gpointer value;
    gint64 now = g_get_monotonic_time(), next = G_MAXINT64;
    g_hash_table_iter_init(&iterator, ticker->jobs);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        Job *job = value;
        if (job->busy)
            continue;
        if (job->due <= now) {
            job->busy = true;
            job->due = now + job->period;
            g_thread_pool_push(ticker->pool, job, NULL);
        } else {
            next = MIN(next, job->due);
        }
    }
    return next;
}

static gpointer tick(gpointer data) {
    Ticker *ticker = data;
    g_mutex_lock(&ticker->mutex);
    while (!ticker->ending) {
        gint64 next = begin_due(ticker);
        if (next == G_MAXINT64)
            g_cond_wait(&ticker->changed, &ticker->mutex);
        else
            g_cond_wait_until(&ticker->changed, &ticker->mutex, next);
    }
    g_mutex_unlock(&ticker->mutex);
    return NULL;
}

Ticker *ticker_new(guint threads) {
    Ticker *ticker = g_new0(Ticker, 1);
    g_mutex_init(&ticker->mutex);
    g_cond_init(&ticker->changed);
    ticker->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, job_drop);
    ticker->pool = g_thread_pool_new(do_job, ticker, (int)threads, FALSE, NULL);
    ticker->clock = g_thread_new("ticker", tick, ticker);
    return ticker;
}

void ticker_stop(Ticker *ticker) {
    g_mutex_lock(&ticker->mutex);
    ticker->ending = true;
    g_cond_signal(&ticker->changed);
    g_mutex_unlock(&ticker->mutex);
    g_thread_join(ticker->clock);
    g_thread_pool_free(ticker->pool, FALSE, TRUE);
}

void ticker_free(Ticker *ticker) {
    if (ticker == NULL)
        return;
    if (!ticker->ending)
        ticker_stop(ticker);
    g_hash_table_unref(ticker->jobs);
    g_cond_clear(&ticker->changed);
    g_mutex_clear(&ticker->mutex);
    g_free(ticker);
}

void ticker_add(Ticker *ticker, const char *name, guint period_ms, TickerJob job, gpointer data,
                GDestroyNotify release) {
    Job *made = g_new0(Job, 1);
    *made = (Job){g_strdup(name), (gint64)period_ms * 1000, 0, false, false, job, data, release};
    g_mutex_lock(&ticker->mutex);
    bool known = g_hash_table_contains(ticker->jobs, name);
    if (!known)
        g_hash_table_insert(ticker->jobs, made->name, made);
    g_cond_signal(&ticker->changed);
    g_mutex_unlock(&ticker->mutex);
    if (known)
        job_free(made);
}

void ticker_remove(Ticker *ticker, const char *name) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ticker->mutex);
    g_hash_table_remove(ticker->jobs, name);
}

void ticker_keep(Ticker *ticker, const char *prefix, GHashTable *keep) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ticker->mutex);
    GHashTableIter iterator;
    gpointer name;
    g_hash_table_iter_init(&iterator, ticker->jobs);
    while (g_hash_table_iter_next(&iterator, &name, NULL))
        if (g_str_has_prefix(name, prefix) && !g_hash_table_contains(keep, name))
            g_hash_table_iter_remove(&iterator);
}

bool ticker_now(Ticker *ticker, const char *name) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ticker->mutex);
    Job *job = g_hash_table_lookup(ticker->jobs, name);
    if (job == NULL)
        return false;
    job->due = 0;
    g_cond_signal(&ticker->changed);
    return true;
}
