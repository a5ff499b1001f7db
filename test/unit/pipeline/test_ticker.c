/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/ticker.h"

#define LONG_MS (3600 * 1000)
#define PATIENCE (30 * G_USEC_PER_SEC)

/* A job that counts, and can be held. */
typedef struct {
    GMutex mutex;
    GCond changed;
    int done, at_once, most_at_once, released;
    bool held;
} Counter;

static void counter_init(Counter *counter) {
    g_mutex_init(&counter->mutex);
    g_cond_init(&counter->changed);
}

static void count(gpointer data) {
    Counter *counter = data;
    g_mutex_lock(&counter->mutex);
    counter->at_once++;
    counter->most_at_once = MAX(counter->most_at_once, counter->at_once);
    g_cond_broadcast(&counter->changed);
    while (counter->held)
        g_cond_wait(&counter->changed, &counter->mutex);
    counter->at_once--;
    counter->done++;
    g_cond_broadcast(&counter->changed);
    g_mutex_unlock(&counter->mutex);
}

static void release(gpointer data) {
    Counter *counter = data;
    g_mutex_lock(&counter->mutex);
    counter->released++;
    g_cond_broadcast(&counter->changed);
    g_mutex_unlock(&counter->mutex);
}

static void hold(Counter *counter, bool held) {
    g_mutex_lock(&counter->mutex);
    counter->held = held;
    g_cond_broadcast(&counter->changed);
    g_mutex_unlock(&counter->mutex);
}

static void wait_for(Counter *counter, const int *number, int least) {
    gint64 until = g_get_monotonic_time() + PATIENCE;
    g_mutex_lock(&counter->mutex);
    while (*number < least)
        g_assert_true(g_cond_wait_until(&counter->changed, &counter->mutex, until));
    g_mutex_unlock(&counter->mutex);
}

static void a_job_is_done_at_once_and_when_it_is_asked_for(void) {
    Counter counter = {0};
    counter_init(&counter);
    g_autoptr(Ticker) ticker = ticker_new(2);
    ticker_add(ticker, "count", LONG_MS, count, &counter, NULL);
    wait_for(&counter, &counter.done, 1);
    g_assert_true(ticker_now(ticker, "count"));
    wait_for(&counter, &counter.done, 2);
    g_assert_false(ticker_now(ticker, "other"));
}

static void a_job_is_done_again_after_its_period(void) {
    Counter counter = {0};
    counter_init(&counter);
    g_autoptr(Ticker) ticker = ticker_new(2);
    ticker_add(ticker, "count", 1, count, &counter, NULL);
    wait_for(&counter, &counter.done, 5);
}

static void a_job_that_is_asked_for_while_it_is_done_is_done_once_more(void) {
    Counter counter = {.held = true};
    counter_init(&counter);
    g_autoptr(Ticker) ticker = ticker_new(4);
    ticker_add(ticker, "count", LONG_MS, count, &counter, NULL);
    wait_for(&counter, &counter.at_once, 1);
    for (int i = 0; i < 5; i++)
        ticker_now(ticker, "count");
    hold(&counter, false);
    wait_for(&counter, &counter.done, 2);
    g_assert_cmpint(counter.most_at_once, ==, 1);
}

static void jobs_are_done_side_by_side(void) {
    Counter counter = {.held = true};
    counter_init(&counter);
    g_autoptr(Ticker) ticker = ticker_new(2);
    ticker_add(ticker, "one", LONG_MS, count, &counter, NULL);
    ticker_add(ticker, "two", LONG_MS, count, &counter, NULL);
    wait_for(&counter, &counter.at_once, 2);
    hold(&counter, false);
}

static void a_second_job_of_a_name_is_dropped(void) {
    Counter first = {0}, second = {0};
    counter_init(&first);
    counter_init(&second);
    g_autoptr(Ticker) ticker = ticker_new(1);
    ticker_add(ticker, "count", LONG_MS, count, &first, NULL);
    ticker_add(ticker, "count", LONG_MS, count, &second, release);
    g_assert_cmpint(second.released, ==, 1);
    wait_for(&first, &first.done, 1);
    g_assert_cmpint(second.done, ==, 0);
}

static void a_job_that_is_removed_while_it_is_done_ends_first(void) {
    Counter counter = {.held = true};
    counter_init(&counter);
    g_autoptr(Ticker) ticker = ticker_new(1);
    ticker_add(ticker, "count", LONG_MS, count, &counter, release);
    wait_for(&counter, &counter.at_once, 1);
    ticker_remove(ticker, "count");
    g_assert_cmpint(counter.released, ==, 0);
    hold(&counter, false);
    wait_for(&counter, &counter.released, 1);
    g_assert_cmpint(counter.done, ==, 1);
}

static void only_what_is_to_be_kept_stays(void) {
    Counter counter = {0};
    counter_init(&counter);
    g_autoptr(Ticker) ticker = ticker_new(1);
    g_autoptr(GHashTable) kept = g_hash_table_new(g_str_hash, g_str_equal);
    ticker_add(ticker, "source a", LONG_MS, count, &counter, NULL);
    ticker_add(ticker, "source b", LONG_MS, count, &counter, NULL);
    ticker_add(ticker, "other", LONG_MS, count, &counter, NULL);
    g_hash_table_add(kept, (gpointer) "source a");
    ticker_keep(ticker, "source ", kept);
    g_assert_true(ticker_now(ticker, "source a"));
    g_assert_false(ticker_now(ticker, "source b"));
    g_assert_true(ticker_now(ticker, "other"));
}

static gpointer stop(gpointer ticker) {
    ticker_stop(ticker);
    return NULL;
}

static void a_stop_waits_for_what_is_in_flight(void) {
    Counter counter = {.held = true};
    counter_init(&counter);
    g_autoptr(Ticker) ticker = ticker_new(1);
    ticker_add(ticker, "count", 1, count, &counter, NULL);
    wait_for(&counter, &counter.at_once, 1);
    GThread *thread = g_thread_new("stop", stop, ticker);
    hold(&counter, false);
    g_thread_join(thread);
    g_assert_cmpint(counter.at_once, ==, 0);
    int done = counter.done;
    g_assert_cmpint(done, >=, 1);
    ticker_now(ticker, "count");
    ticker_add(ticker, "late", 1, count, &counter, NULL);
    g_assert_cmpint(counter.done, ==, done);
}

#define TEST(rule) g_test_add_func("/ticker/" #rule, rule)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    TEST(a_job_is_done_at_once_and_when_it_is_asked_for);
    TEST(a_job_is_done_again_after_its_period);
    TEST(a_job_that_is_asked_for_while_it_is_done_is_done_once_more);
    TEST(jobs_are_done_side_by_side);
    TEST(a_second_job_of_a_name_is_dropped);
    TEST(a_job_that_is_removed_while_it_is_done_ends_first);
    TEST(only_what_is_to_be_kept_stays);
    TEST(a_stop_waits_for_what_is_in_flight);
    return g_test_run();
}
