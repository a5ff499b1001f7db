/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "base/hash.h"
#include "engine/plan.h"

#define PLAN_FORMAT "sluice.plan/1"
#define PLAN_FILE_LIMIT ((gsize)64 * 1024 * 1024)

static json_t *change_to_json(const PlanChange *change) {
    json_t *json =
        json_pack("{s:s,s:s?,s:s?}", "key", change->key, "old", change->old_value, "new", change->new_value);
    if (change->sensitive)
        json_object_set_new(json, "sensitive", json_true());
    if (change->deferred != NULL)
        json_object_set_new(json, "deferred", json_string(change->deferred));
    return json;
}

static json_t *action_to_json(const PlanAction *action) {
    json_t *changes = json_array();
    for (guint i = 0; i < action->changes->len; i++)
        json_array_append_new(changes, change_to_json(action->changes->pdata[i]));
    json_t *after = json_array();
    for (guint i = 0; i < action->after->len; i++)
        json_array_append_new(after, json_string(action->after->pdata[i]));
    return json_pack("{s:s,s:s,s:s,s:{s:s,s:I},s:o,s:o}", "id", action->id, "address", action->address, "op",
                     plan_operation_name(action->operation), "base", "live", action->base_live, "serial",
                     (json_int_t)action->base_serial, "changes", changes, "after", after);
}

json_t *plan_actions_to_json(const Plan *plan) {
    json_t *actions = json_array();
    for (guint i = 0; i < plan->actions->len; i++)
        json_array_append_new(actions, action_to_json(plan->actions->pdata[i]));
    return actions;
}

static void seal(json_t *json, const guint8 *key) {
    g_autofree char *text = json_canonical(json);
    g_autofree char *mac = hash_mac(key, text, strlen(text));
    json_object_set_new(json, "mac", json_string(mac));
}

json_t *plan_to_json(const Plan *plan, const guint8 *key) {
    json_t *json = json_pack("{s:s,s:s,s:s,s:s?,s:s,s:s?,s:b,s:s,s:s,s:o,s:s,s:s}", "format", PLAN_FORMAT,
                             "id", plan->id, "environment", plan->environment, "kafka_cluster",
                             plan->kafka_cluster, "state", plan->state, "commit", plan->commit, "dirty",
                             plan->dirty, "declarations", plan->declarations, "lock", plan->lock, "actions",
                             plan_actions_to_json(plan), "digest", plan->digest, "created", plan->created);
    seal(json, key);
    return json;
}

void plan_file_free(PlanFile *file) {
    if (file == NULL)
        return;
    g_free(file->id);
    g_free(file->environment);
    json_decref(file->json);
    g_free(file);
}

PlanFile *plan_file_parse(const char *text, gsize length, const char *name, GError **error) {
    g_autoptr(json_t) json = json_read(text, length, name, error);
    if (json == NULL)
        return NULL;
    const char *format = json_get_string(json, "format");
    const char *id = json_get_string(json, "id");
    const char *environment = json_get_string(json, "environment");
    if (g_strcmp0(format, PLAN_FORMAT) != 0 || id == NULL || environment == NULL ||
        !json_is_array(json_object_get(json, "actions"))) {
        error_set(error, ENGINE_ERROR, ENGINE_ERROR_REFUSED, "make one with: sluice plan ENV --out FILE",
                  "'%s' is not a plan file of this version", name);
        return NULL;
    }
    PlanFile *file = g_new0(PlanFile, 1);
    file->id = g_strdup(id);
    file->environment = g_strdup(environment);
    file->json = g_steal_pointer(&json);
    return file;
}

PlanFile *plan_file_read(const char *path, GError **error) {
    g_autoptr(GBytes) bytes = files_read(path, PLAN_FILE_LIMIT, error);
    if (bytes == NULL)
        return NULL;
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    return plan_file_parse(text != NULL ? text : "", length, path, error);
}

static bool refuse(GError **error, int code, const char *subject, const char *problem) {
    error_set(error, ENGINE_ERROR, code, "make a new plan: sluice plan ENV --out FILE", "%s %s", subject,
              problem);
    return false;
}

static bool check_seal(const PlanFile *file, const guint8 *key, GError **error) {
    g_autoptr(json_t) copy = json_copy(file->json);
    g_autofree char *mac = g_strdup(json_get_string(copy, "mac"));
    json_object_del(copy, "mac");
    seal(copy, key);
    return g_strcmp0(mac, json_get_string(copy, "mac")) == 0 ||
           refuse(error, ENGINE_ERROR_REFUSED, "the plan file", "was changed, or is another state's");
}

/* Members that must be what they were when the plan was made. */
static bool check_member(const PlanFile *file, const char *member, const char *now, const char *what,
                         GError **error) {
    return g_strcmp0(json_get_string(file->json, member), now) == 0 ||
           refuse(error, ENGINE_ERROR_MOVED, what, "changed since the plan was made");
}

/* The file's actions by id, borrowed from it. */
static GHashTable *index_actions(const PlanFile *file, GError **error) {
    g_autoptr(GHashTable) actions = g_hash_table_new(g_str_hash, g_str_equal);
    gsize index;
    json_t *action;
    json_array_foreach (json_object_get(file->json, "actions"), index, action) {
        const char *id = json_get_string(action, "id");
        if (id == NULL || !g_hash_table_insert(actions, (gpointer)id, action)) {
            refuse(error, ENGINE_ERROR_REFUSED, "the plan file", "has actions that can't be told apart");
            return NULL;
        }
    }
    return g_steal_pointer(&actions);
}

static bool is_as_planned(const PlanAction *action, const json_t *planned) {
    g_autoptr(json_t) now = action_to_json(action);
    json_object_del(now, "after");
    g_autoptr(json_t) then = json_copy((json_t *)planned);
    json_object_del(then, "after");
    return json_equal(now, then);
}

/* What is dropped is waited for no more. */
static void take_order(PlanAction *action, const json_t *planned) {
    gsize index;
    json_t *id;
    g_ptr_array_set_size(action->after, 0);
    json_array_foreach (json_object_get(planned, "after"), index, id)
        if (json_is_string(id))
            g_ptr_array_add(action->after, g_strdup(json_string_value(id)));
}

/* Drops what the file lacks, and refuses what differs from it; takes what is as planned out of `planned`. */
static bool narrow_actions(Plan *plan, GHashTable *planned, GError **error) {
    for (guint i = plan->actions->len; i-- > 0;) {
        PlanAction *action = plan->actions->pdata[i];
        const json_t *then = g_hash_table_lookup(planned, action->id);
        if (then == NULL) {
            g_ptr_array_remove_index(plan->actions, i);
            continue;
        }
        if (!is_as_planned(action, then))
            return refuse(
                error, ENGINE_ERROR_MOVED, action->id,
                "was planned on what is no longer live or declared: it changed since the plan was made");
        take_order(action, then);
        g_hash_table_remove(planned, action->id);
    }
    return true;
}

static bool check_all_there(const PlanFile *file, GHashTable *left, GError **error) {
    gsize index;
    json_t *planned;
    json_array_foreach (json_object_get(file->json, "actions"), index, planned) {
        const char *id = json_get_string(planned, "id");
        if (g_hash_table_contains(left, id))
            return refuse(error, ENGINE_ERROR_MOVED, id,
                          "is no longer to be done: it changed since the plan was made");
    }
    return true;
}

bool plan_narrow(Plan *plan, const PlanFile *file, const guint8 *key, GError **error) {
    if (!check_seal(file, key, error) || !check_member(file, "state", plan->state, "the state", error) ||
        !check_member(file, "kafka_cluster", plan->kafka_cluster, "the Kafka cluster", error) ||
        !check_member(file, "declarations", plan->declarations, "a declaration", error) ||
        !check_member(file, "lock", plan->lock, "the lock", error))
        return false;
    g_autoptr(GHashTable) planned = index_actions(file, error);
    if (planned == NULL || !narrow_actions(plan, planned, error) || !check_all_there(file, planned, error))
        return false;
    g_free(plan->id);
    plan->id = g_strdup(file->id);
    plan_seal(plan);
    return true;
}
