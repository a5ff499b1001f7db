/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/recover.h"

#include <string.h>

#define LATE_S 120 /* a worker ends a call after 90 s at most */

void recovery_free(Recovery *recovery) {
    if (recovery == NULL)
        return;
    g_hash_table_unref(recovery->resources);
    g_ptr_array_unref(recovery->settled);
    g_ptr_array_unref(recovery->dropped);
    g_ptr_array_unref(recovery->late);
    g_ptr_array_unref(recovery->open);
    g_free(recovery);
}

/* NULL: its cluster is declared no more, and nobody looked. */
static char *live_hash(Engine *engine, const Live *live, const ResourceRecord *resource) {
    const guint8 *key = engine_key(engine);
    if (resource->kind == RESOURCE_TOPIC)
        return engine->kafka != NULL ? live_hash_topic(key, g_hash_table_lookup(live->topics, resource->name))
                                     : NULL;
    const LiveCluster *cluster = live_cluster(live, resource->cluster);
    return cluster != NULL
               ? live_hash_connector(key, g_hash_table_lookup(cluster->connectors, resource->name))
               : NULL;
}

static void take(Recovery *recovery, ResourceRecord *resource) {
    g_hash_table_replace(recovery->resources, resource->address, resource_record_ref(resource));
}

/* With the serial that committing it will give: a plan made before that has the same bases. */
static void take_settled(Recovery *recovery, const ResourceRecord *after, const ResourceRecord *stored) {
    g_autoptr(ResourceRecord) settled = resource_record_copy(after);
    settled->serial = (stored != NULL ? stored->serial : 0) + 1;
    take(recovery, settled);
}

static bool may_come_late(const IntentRecord *intent) {
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) at = g_date_time_new_from_iso8601(intent->at, utc);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    return intent->action == INTENT_CREATE && at != NULL &&
           g_date_time_difference(now, at) < LATE_S * G_TIME_SPAN_SECOND;
}

/* Keys that were ours before and may not have been reset yet stay ours. */
static void take_open(Recovery *recovery, const ResourceRecord *after, const ResourceRecord *stored) {
    g_autoptr(ResourceRecord) open = resource_record_copy(after);
    g_autoptr(GStrvBuilder) keys = g_strv_builder_new();
    g_strv_builder_addv(keys, (const char **)open->keys_once_set);
    for (char **key = stored != NULL ? stored->keys_once_set : NULL; key != NULL && *key != NULL; key++)
        if (!g_strv_contains((const char *const *)open->keys_once_set, *key))
            g_strv_builder_add(keys, *key);
    g_strfreev(open->keys_once_set);
    open->keys_once_set = g_strv_builder_end(keys);
    take(recovery, open);
}

static void settle(Engine *engine, const Live *live, Recovery *recovery, IntentRecord *intent) {
    g_autoptr(ResourceRecord) stored = state_resource_by_uid(engine->state, intent->uid);
    const ResourceRecord *subject = intent->record_after != NULL ? intent->record_after : stored;
    g_autofree char *now = subject != NULL ? live_hash(engine, live, subject) : g_strdup("absent");
    if (g_strcmp0(now, intent->after) == 0) {
        g_ptr_array_add(recovery->settled, intent_record_ref(intent));
        if (intent->record_after != NULL)
            take_settled(recovery, intent->record_after, stored);
        else if (stored != NULL)
            g_hash_table_remove(recovery->resources, stored->address);
    } else if (g_strcmp0(now, intent->before) == 0) {
        g_ptr_array_add(may_come_late(intent) ? recovery->late : recovery->dropped,
                        intent_record_ref(intent));
    } else {
        g_ptr_array_add(recovery->open, intent_record_ref(intent));
        if (intent->record_after != NULL)
            take_open(recovery, intent->record_after, stored);
    }
}

Recovery *recovery_of(Engine *engine, const Live *live) {
    Recovery *recovery = g_new0(Recovery, 1);
    recovery->resources =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)resource_record_unref);
    recovery->settled = g_ptr_array_new_with_free_func((GDestroyNotify)intent_record_unref);
    recovery->dropped = g_ptr_array_new_with_free_func((GDestroyNotify)intent_record_unref);
    recovery->late = g_ptr_array_new_with_free_func((GDestroyNotify)intent_record_unref);
    recovery->open = g_ptr_array_new_with_free_func((GDestroyNotify)intent_record_unref);
    g_autoptr(GPtrArray) resources = state_resources(engine->state);
    for (guint i = 0; i < resources->len; i++)
        take(recovery, resources->pdata[i]);
    g_autoptr(GPtrArray) intents = state_intents(engine->state);
    for (guint i = 0; i < intents->len; i++)
        settle(engine, live, recovery, intents->pdata[i]);
    return recovery;
}

char *recovery_uid(Engine *engine, const char *address) {
    g_autoptr(GPtrArray) intents = state_intents(engine->state);
    for (guint i = 0; i < intents->len; i++) {
        const IntentRecord *intent = intents->pdata[i];
        if (intent->action == INTENT_CREATE && intent->record_after != NULL &&
            strcmp(intent->record_after->address, address) == 0)
            return g_strdup(intent->uid);
    }
    return NULL;
}

bool recovery_commit(Engine *engine, const Recovery *recovery, GError **error) {
    g_autoptr(StateBatch) batch = state_batch_new();
    for (guint i = 0; i < recovery->settled->len; i++) {
        IntentRecord *intent = recovery->settled->pdata[i];
        if (intent->record_after != NULL)
            state_put_resource(batch, intent->record_after);
        else
            state_delete_resource(batch, intent->uid);
        state_drop_intent(batch, intent->uid);
    }
    for (guint i = 0; i < recovery->dropped->len; i++)
        state_drop_intent(batch, ((IntentRecord *)recovery->dropped->pdata[i])->uid);
    return state_commit(engine->state, batch, error);
}
