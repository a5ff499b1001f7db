/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/planner.h"

#include <string.h>

#include "base/hash.h"

static const char *const operation_names[] = {
    [PLAN_CREATE] = "create", [PLAN_UPDATE] = "update",   [PLAN_STATE] = "state",
    [PLAN_DELETE] = "delete", [PLAN_ROLLOUT] = "rollout",
};

const char *plan_operation_name(PlanOperation operation) {
    return operation_names[operation];
}

static void change_free(PlanChange *change) {
    g_free(change->key);
    g_free(change->old_value);
    g_free(change->new_value);
    g_free(change->deferred);
    g_free(change);
}

static void action_free(PlanAction *action) {
    g_free(action->id);
    g_free(action->address);
    g_free(action->base_live);
    g_ptr_array_unref(action->changes);
    g_ptr_array_unref(action->after);
    g_clear_pointer(&action->record, resource_record_unref);
    g_clear_pointer(&action->passwords, g_hash_table_unref);
    g_free(action);
}

static void refresh_free(PlanRefresh *refresh) {
    g_clear_pointer(&refresh->record, resource_record_unref);
    g_free(refresh->uid);
    g_free(refresh->address);
    g_free(refresh->note);
    g_free(refresh);
}

static void note_free(PlanNote *note) {
    g_free(note->address);
    g_free(note->message);
    g_free(note->hint);
    g_free(note);
}

Plan *plan_empty(void) {
    Plan *plan = g_new0(Plan, 1);
    plan->actions = g_ptr_array_new_with_free_func((GDestroyNotify)action_free);
    plan->refreshes = g_ptr_array_new_with_free_func((GDestroyNotify)refresh_free);
    plan->problems = g_ptr_array_new_with_free_func((GDestroyNotify)note_free);
    plan->warnings = g_ptr_array_new_with_free_func((GDestroyNotify)note_free);
    return plan;
}

void plan_free(Plan *plan) {
    if (plan == NULL)
        return;
    g_ptr_array_unref(plan->actions);
    g_ptr_array_unref(plan->refreshes);
    g_ptr_array_unref(plan->problems);
    g_ptr_array_unref(plan->warnings);
    g_free(plan->id);
    g_free(plan->environment);
    g_free(plan->kafka_cluster);
    g_free(plan->state);
    g_free(plan->commit);
    g_free(plan->declarations);
    g_free(plan->lock);
    g_free(plan->digest);
    g_free(plan->created);
    g_free(plan);
}

PlanAction *plan_action_new(const char *address, PlanOperation operation, PlanPhase phase) {
    PlanAction *action = g_new0(PlanAction, 1);
    action->id = g_strdup(address);
    action->address = g_strdup(address);
    action->operation = operation;
    action->phase = phase;
    action->changes = g_ptr_array_new_with_free_func((GDestroyNotify)change_free);
    action->after = g_ptr_array_new_with_free_func(g_free);
    return action;
}

PlanChange *plan_add_change(PlanAction *action, const char *key, const char *old_value,
                            const char *new_value) {
    PlanChange *change = g_new0(PlanChange, 1);
    change->key = g_strdup(key);
    change->old_value = g_strdup(old_value);
    change->new_value = g_strdup(new_value);
    g_ptr_array_add(action->changes, change);
    return change;
}

static int by_key(gconstpointer left, gconstpointer right) {
    return strcmp((*(PlanChange *const *)left)->key, (*(PlanChange *const *)right)->key);
}

static int by_text(gconstpointer left, gconstpointer right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void plan_seal(Plan *plan) {
    for (guint i = 0; i < plan->actions->len; i++) {
        PlanAction *action = plan->actions->pdata[i];
        g_ptr_array_sort(action->changes, by_key);
        g_ptr_array_sort(action->after, by_text);
        for (guint j = 0; j < action->changes->len; j++)
            action->cause |= ((PlanChange *)action->changes->pdata[j])->cause;
    }
    g_autoptr(json_t) actions = plan_actions_to_json(plan);
    g_autofree char *text = json_canonical(actions);
    g_autofree char *hex = hash_bytes(HASH_SHA256, text, strlen(text));
    g_free(plan->digest);
    plan->digest = g_strconcat("sha256:", hex, NULL);
}

guint plan_count(const Plan *plan, PlanOperation operation) {
    guint count = 0;
    for (guint i = 0; i < plan->actions->len; i++)
        count += ((PlanAction *)plan->actions->pdata[i])->operation == operation;
    return count;
}

bool plan_is_empty(const Plan *plan) {
    return plan->actions->len == 0;
}
