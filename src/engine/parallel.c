/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/parallel.h"

typedef struct {
    gpointer *items;
    guint count;
    guint next; /* atomic */
    GCancellable *stop;
    GFunc function;
    gpointer user_data;
} Work;

static gpointer work_on(gpointer data) {
    Work *work = data;
    for (;;) {
        guint index = g_atomic_int_add(&work->next, 1);
        if (index >= work->count || g_cancellable_is_cancelled(work->stop))
            return NULL;
        work->function(work->items[index], work->user_data);
    }
}

void parallel_each(gpointer *items, guint count, guint most, GCancellable *stop, GFunc function,
                   gpointer user_data) {
    Work work = {items, count, 0, stop, function, user_data};
    g_autoptr(GPtrArray) threads = g_ptr_array_new();
    for (guint i = 1; i < MIN(most, count); i++)
        g_ptr_array_add(threads, g_thread_new("parallel", work_on, &work));
    work_on(&work);
    for (guint i = 0; i < threads->len; i++)
        g_thread_join(threads->pdata[i]);
}
