/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/tasks.h"

#include "base/error.h"

enum { DEFAULT_LIMIT = 4 };

typedef struct {
    TaskFunction function;
    gpointer user_data;
    GCancellable *cancellable;
    gint failed;
    GPtrArray *items;
    GError **errors; /* one per item */
} Tasks;

static void run_one(gpointer data, gpointer user_data) {
    Tasks *tasks = user_data;
    guint index = GPOINTER_TO_UINT(data) - 1;
    if (g_atomic_int_get(&tasks->failed))
        return;
    if (g_cancellable_is_cancelled(tasks->cancellable))
        error_set(&tasks->errors[index], BASE_ERROR, BASE_ERROR_CANCELLED, NULL, "cancelled");
    else if (tasks->function(tasks->items->pdata[index], tasks->user_data, &tasks->errors[index]))
        return;
    g_atomic_int_set(&tasks->failed, 1);
}

static void run_all(Tasks *tasks, guint limit) {
    GThreadPool *pool = g_thread_pool_new(run_one, tasks, (gint)limit, FALSE, NULL);
    for (guint i = 0; i < tasks->items->len; i++)
        g_thread_pool_push(pool, GUINT_TO_POINTER(i + 1), NULL);
    g_thread_pool_free(pool, FALSE, TRUE);
}

static bool take_first(Tasks *tasks, GError **error) {
    bool worked = true;
    for (guint i = 0; i < tasks->items->len; i++) {
        if (tasks->errors[i] == NULL)
            continue;
        if (worked)
            g_propagate_error(error, g_steal_pointer(&tasks->errors[i]));
        g_clear_error(&tasks->errors[i]);
        worked = false;
    }
    return worked;
}

bool tasks_run(GPtrArray *items, guint limit, GCancellable *cancellable, TaskFunction function,
               gpointer user_data, GError **error) {
    g_autofree GError **errors = g_new0(GError *, items->len + 1);
    Tasks tasks = {.function = function,
                   .user_data = user_data,
                   .cancellable = cancellable,
                   .items = items,
                   .errors = errors};
    run_all(&tasks, limit > 0 ? limit : DEFAULT_LIMIT);
    return take_first(&tasks, error);
}
