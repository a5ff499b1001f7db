/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/parallel.h"

#define ITEMS 200

typedef struct {
    gint done[ITEMS], running, most, stop_after, begun;
    GCancellable *stop;
} Work;

static void work_on(gpointer item, gpointer data) {
    Work *work = data;
    int running = g_atomic_int_add(&work->running, 1) + 1;
    for (int most = g_atomic_int_get(&work->most); running > most; most = g_atomic_int_get(&work->most))
        g_atomic_int_compare_and_exchange(&work->most, most, running);
    if (g_atomic_int_add(&work->begun, 1) + 1 == work->stop_after)
        g_cancellable_cancel(work->stop);
    g_usleep(200);
    g_atomic_int_inc(&work->done[GPOINTER_TO_UINT(item)]);
    g_atomic_int_add(&work->running, -1);
}

static void run(Work *work, guint count, guint most) {
    gpointer items[ITEMS];
    for (guint i = 0; i < ITEMS; i++)
        items[i] = GUINT_TO_POINTER(i);
    parallel_each(items, count, most, work->stop, work_on, work);
}

static void each_once_within_the_bound(void) {
    static const struct {
        guint count, most;
    } cases[] = {{ITEMS, 8}, {ITEMS, 1}, {ITEMS, 0}, {3, 100}, {1, 8}, {0, 8}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%u items, %u at once", cases[i].count, cases[i].most);
        Work work = {0};
        run(&work, cases[i].count, cases[i].most);
        for (guint item = 0; item < ITEMS; item++)
            g_assert_cmpint(work.done[item], ==, item < cases[i].count);
        g_assert_cmpint(work.most, <=, MAX(cases[i].most, 1));
    }
}

static void stopped_begins_nothing_more(void) {
    g_autoptr(GCancellable) stop = g_cancellable_new();
    Work work = {.stop = stop, .stop_after = 10};
    run(&work, ITEMS, 4);
    g_assert_cmpint(work.begun, >=, 10);
    g_assert_cmpint(work.begun, <=, 13);
    g_assert_cmpint(work.running, ==, 0);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/parallel/each once, within the bound", each_once_within_the_bound);
    g_test_add_func("/engine/parallel/stopped, it begins nothing more", stopped_begins_nothing_more);
    return g_test_run();
}
