/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wave.h"

typedef enum { NEWS_BEGUN, NEWS_ENDED } NewsKind;

typedef struct {
    NewsKind kind;
    ActionRun *run;
} News;

typedef struct {
    Engine *engine;
    GAsyncQueue *news;
    gint stuck; /* atomic: a way back failed, nothing more begins */
} Wave;

static void tell(Wave *wave, NewsKind kind, ActionRun *run) {
    News *news = g_new0(News, 1);
    news->kind = kind;
    news->run = run;
    g_async_queue_push(wave->news, news);
}

static void skip_unbegun(ActionRun *run) {
    GError *error = NULL;
    error_set(&error, ENGINE_ERROR, ENGINE_ERROR_CANCELLED, "run it again to go on", "'%s' was not begun",
              run->action->id);
    action_end(run, OUTCOME_SKIPPED, RECORD_AS_BEFORE, error);
}

static void carry_out(ActionRun *run) {
    gint64 began = g_get_monotonic_time();
    if (run->action->phase == PHASE_ROLLOUTS)
        action_run_rollout(run);
    else if (phase_is_of_topics(run->action->phase))
        action_run_topic(run);
    else
        action_run_connector(run);
    run->result->duration_ms = (g_get_monotonic_time() - began) / 1000;
}

static void work(gpointer data, gpointer user_data) {
    ActionRun *run = data;
    Wave *wave = user_data;
    if (g_atomic_int_get(&wave->stuck) || g_cancellable_is_cancelled(wave->engine->options.stop)) {
        skip_unbegun(run);
    } else {
        tell(wave, NEWS_BEGUN, run);
        carry_out(run);
        if (run->result->outcome == OUTCOME_STUCK)
            g_atomic_int_set(&wave->stuck, 1);
    }
    tell(wave, NEWS_ENDED, run);
}

static IntentAction intent_of(const PlanAction *action) {
    switch (action->operation) {
    case PLAN_CREATE:
        return INTENT_CREATE;
    case PLAN_DELETE:
        return INTENT_DELETE;
    case PLAN_STATE:
        return INTENT_STATE;
    default:
        return INTENT_UPDATE;
    }
}

static bool has_intent(const ActionRun *run) {
    return run->action->phase != PHASE_ROLLOUTS && run->result->error == NULL;
}

static bool commit_intents(Engine *engine, const GPtrArray *runs, GError **error) {
    g_autoptr(StateBatch) batch = state_batch_new();
    for (guint i = 0; i < runs->len; i++) {
        const ActionRun *run = runs->pdata[i];
        if (!has_intent(run))
            continue;
        g_autoptr(IntentRecord) intent =
            intent_record_new(run->uid, state_apply(engine->state), intent_of(run->action), run->before,
                              run->after, run->record_after);
        state_put_intent(batch, intent);
    }
    return state_commit(engine->state, batch, error);
}

static void add_result(StateBatch *batch, const ActionRun *run) {
    if (run->action->phase == PHASE_ROLLOUTS || run->uid == NULL || run->fate == RECORD_UNKNOWN)
        return;
    if (run->fate == RECORD_AFTER && run->record_after != NULL)
        state_put_resource(batch, run->record_after);
    else if (run->fate == RECORD_AFTER)
        state_delete_resource(batch, run->uid);
    state_drop_intent(batch, run->uid);
}

/* All that is there without waiting, after the first: what ended meanwhile shares one transaction. */
static bool commit_group(Wave *wave, News *first, const ApplyEvents *events, GPtrArray *results, guint *left,
                         GError **error) {
    g_autoptr(StateBatch) batch = state_batch_new();
    g_autoptr(GPtrArray) ended = g_ptr_array_new();
    for (News *news = first; news != NULL; news = g_async_queue_try_pop(wave->news)) {
        if (news->kind == NEWS_ENDED) {
            add_result(batch, news->run);
            g_ptr_array_add(ended, news->run);
        } else if (events->begun != NULL) {
            events->begun(news->run->action, events->user_data);
        }
        g_free(news);
    }
    bool committed = state_commit(wave->engine->state, batch, error);
    for (guint i = 0; i < ended->len; i++) {
        ActionRun *run = ended->pdata[i];
        g_ptr_array_add(results, run->result);
        if (events->ended != NULL)
            events->ended(run->result, events->user_data);
    }
    *left -= ended->len;
    return committed;
}

bool wave_run(Engine *engine, GPtrArray *runs, const ApplyEvents *events, GPtrArray *results,
              GError **error) {
    if (!commit_intents(engine, runs, error)) {
        for (guint i = 0; i < runs->len; i++) {
            ActionRun *run = runs->pdata[i];
            if (run->result->error == NULL)
                skip_unbegun(run);
            g_ptr_array_add(results, run->result);
        }
        return false;
    }
    Wave wave = {.engine = engine, .news = g_async_queue_new()};
    GThreadPool *pool = g_thread_pool_new(work, &wave, (gint)engine->options.parallelism, TRUE, NULL);
    for (guint i = 0; i < runs->len; i++) {
        ActionRun *run = runs->pdata[i];
        if (run->result->error != NULL)
            tell(&wave, NEWS_ENDED, run);
        else
            g_thread_pool_push(pool, run, NULL);
    }
    bool written = true;
    for (guint left = runs->len; left > 0;)
        if (!commit_group(&wave, g_async_queue_pop(wave.news), events, results, &left,
                          written ? error : NULL)) {
            written = false;
            g_atomic_int_set(&wave.stuck, 1);
        }
    g_thread_pool_free(pool, FALSE, TRUE);
    g_async_queue_unref(wave.news);
    return written;
}
