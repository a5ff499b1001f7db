/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/changes.h"

void promotion_change_free(PromotionChange *change) {
    g_free(change->instance);
    g_free(change->plugin);
    g_free(change->before);
    g_free(change->after);
    g_ptr_array_unref(change->also_moves);
    g_free(change);
}

static void free_change(gpointer change) {
    promotion_change_free(change);
}

GPtrArray *changes_new(void) {
    return g_ptr_array_new_with_free_func(free_change);
}

PromotionChange *changes_add(GPtrArray *changes, const char *instance, const char *plugin, const char *before,
                             const char *after) {
    PromotionChange *change = g_new0(PromotionChange, 1);
    change->instance = g_strdup(instance);
    change->plugin = g_strdup(plugin);
    change->before = g_strdup(before);
    change->after = g_strdup(after);
    change->also_moves = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(changes, change);
    return change;
}
