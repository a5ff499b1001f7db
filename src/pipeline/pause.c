/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/pause.h"

#define SECONDS_MOST 30
#define TIMES_MOST 124 /* about an hour in all */

typedef struct {
    guint times;
    gint64 until;
    bool store; /* what can't be stored is not tried earlier for anything */
} Pause;

GHashTable *pauses_new(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static Pause *find_or_add(Pipeline *pipeline, const char *run) {
    Pause *pause = g_hash_table_lookup(pipeline->pauses, run);
    if (pause == NULL) {
        pause = g_new0(Pause, 1);
        g_hash_table_insert(pipeline->pauses, g_strdup(run), pause);
    }
    return pause;
}

static void wait_for(Pause *pause, guint seconds) {
    pause->until = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
}

guint pause_again(Pipeline *pipeline, const char *run) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    Pause *pause = find_or_add(pipeline, run);
    if (++pause->times > TIMES_MOST) {
        g_hash_table_remove(pipeline->pauses, run);
        return 0;
    }
    pause->store = false;
    guint seconds = MIN(1U << MIN(pause->times - 1, 5), SECONDS_MOST);
    wait_for(pause, seconds);
    return seconds;
}

void pause_for_store(Pipeline *pipeline, const char *run) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    Pause *pause = find_or_add(pipeline, run);
    pause->store = true;
    wait_for(pause, SECONDS_MOST);
}

void pause_end(Pipeline *pipeline, const char *run) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->mutex);
    g_hash_table_remove(pipeline->pauses, run);
}

gint64 pause_until(const Pipeline *pipeline, const char *run) {
    const Pause *pause = g_hash_table_lookup(pipeline->pauses, run);
    return pause != NULL ? pause->until : 0;
}

bool pause_is_for_store(const Pipeline *pipeline, const char *run) {
    const Pause *pause = g_hash_table_lookup(pipeline->pauses, run);
    return pause != NULL && pause->store;
}
