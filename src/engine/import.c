/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/import.h"

#include <string.h>

#include "base/files.h"
#include "engine/recover.h"
#include "engine/render.h"

#define VALIDATE_DEADLINE_MS 60000

static bool not_found(GError **error, const char *hint, const char *missing, const char *name) {
    error_set(error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND, hint, "%s '%s'", missing, name);
    return false;
}

static void stamp(Engine *engine, ResourceRecord *record) {
    record->at = files_now();
    record->by = g_strdup(engine->options.by);
    record->commit = g_strdup(engine->environment->commit);
    record->apply = g_strdup(state_apply(engine->state));
}

static ResourceRecord *import_topic(Engine *engine, const Live *live, const DesiredTopic *topic,
                                    GError **error) {
    const KafkaTopic *found = g_hash_table_lookup(live->topics, topic->name);
    if (found == NULL) {
        not_found(error, "'apply' creates it", "there is no topic", topic->name);
        return NULL;
    }
    ResourceRecord *record = resource_record_new(RESOURCE_TOPIC, topic->address, "kafka", topic->name);
    json_t *config = json_object();
    g_autoptr(GStrvBuilder) keys = g_strv_builder_new();
    GHashTableIter iterator;
    gpointer key, value;
    for (g_hash_table_iter_init(&iterator, found->config); g_hash_table_iter_next(&iterator, &key, &value);) {
        json_object_set_new(config, key, json_string(value));
        g_strv_builder_add(keys, key);
    }
    json_decref(record->applied);
    record->applied = json_pack("{s:i,s:i,s:o}", "partitions", found->partitions, "replication",
                                found->replication, "config", config);
    g_strfreev(record->keys_once_set);
    record->keys_once_set = g_strv_builder_end(keys);
    record->on_remove = topic->on_remove;
    record->protected = topic->protected;
    return record;
}

/* Asks which of the live config's keys are passwords; a worker that can't tell keeps the import from being
 * made. */
static GHashTable *passwords_of(Engine *engine, const DesiredConnector *connector, const Connector *found,
                                GError **error) {
    const char *class_name = json_get_string(found->config, "connector.class");
    g_autoptr(json_t) config = json_copy(found->config);
    json_object_set_new(config, "name", json_string(connector->name));
    const ConnectCall call = {.deadline_ms = VALIDATE_DEADLINE_MS, .cancellable = engine->options.abort};
    GHashTable *passwords = NULL;
    g_autoptr(GHashTable) sensitive = render_sensitive_keys(connector, NULL, NULL);
    g_autoptr(GPtrArray) problems = connect_validate(engine_cluster(engine, connector->connect)->connect,
                                                     class_name, config, sensitive, &passwords, &call, error);
    return problems != NULL ? passwords : NULL;
}

static ResourceRecord *import_connector(Engine *engine, const Live *live, const DesiredConnector *connector,
                                        GError **error) {
    const Connector *found =
        g_hash_table_lookup(live_cluster(live, connector->connect)->connectors, connector->name);
    if (found == NULL) {
        not_found(error, "'apply' creates it", "there is no connector", connector->name);
        return NULL;
    }
    g_autoptr(GHashTable) passwords = passwords_of(engine, connector, found, error);
    if (passwords == NULL)
        return NULL;
    g_autoptr(GHashTable) sensitive = render_sensitive_keys(connector, NULL, passwords);
    ResourceRecord *record =
        resource_record_new(RESOURCE_CONNECTOR, connector->address, connector->connect, connector->name);
    json_decref(record->applied);
    record->applied = json_pack("{s:o,s:s,s:n}", "config",
                                render_stored_config(found->config, sensitive, engine_key(engine)), "state",
                                live_target_state(found), "plugin");
    record->on_remove = connector->on_remove;
    record->protected = connector->protected;
    return record;
}

/* One live thing has one address. */
static bool check_unowned(Engine *engine, const ResourceRecord *record, GError **error) {
    g_autoptr(ResourceRecord) owned =
        state_resource_by_name(engine->state, record->kind, record->cluster, record->name);
    if (owned == NULL)
        return true;
    error_set(error, ENGINE_ERROR, ENGINE_ERROR_REFUSED,
              "keep it declared at that address, until addresses can be moved", "'%s' is ours already, at %s",
              record->name, owned->address);
    return false;
}

/* Of a create that was cut off: an address has one record, and its intent is answered. */
static void take_uid(Engine *engine, ResourceRecord *record, StateBatch *batch) {
    g_autofree char *uid = recovery_uid(engine, record->address);
    if (uid == NULL)
        return;
    state_drop_intent(batch, uid);
    g_free(record->uid);
    record->uid = g_steal_pointer(&uid);
}

static bool import_one(Engine *engine, const Live *live, const char *address, StateBatch *batch,
                       GPtrArray *imported, GError **error) {
    g_autoptr(ResourceRecord) owned = state_resource(engine->state, address);
    if (owned != NULL)
        return true;
    const DesiredTopic *topic = environment_find_topic(engine->environment, address);
    const DesiredConnector *connector = environment_find_connector(engine->environment, address);
    if (topic == NULL && connector == NULL)
        return not_found(error, "declare it first; 'sluice status ENV' lists the addresses",
                         "nothing is declared at", address);
    g_autoptr(ResourceRecord) record = topic != NULL ? import_topic(engine, live, topic, error)
                                                     : import_connector(engine, live, connector, error);
    if (record == NULL || !check_unowned(engine, record, error))
        return false;
    stamp(engine, record);
    take_uid(engine, record, batch);
    state_put_resource(batch, record);
    g_ptr_array_add(imported, g_strdup(address));
    return true;
}

static GPtrArray *import_all(Engine *engine, const char *const *addresses, GError **error) {
    g_autoptr(Live) live = live_observe(engine, error);
    g_autoptr(Recovery) recovery = live != NULL ? recovery_of(engine, live) : NULL;
    if (recovery == NULL || !recovery_commit(engine, recovery, error))
        return NULL;
    g_autoptr(GPtrArray) imported = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(StateBatch) batch = state_batch_new();
    for (; *addresses != NULL; addresses++)
        if (!import_one(engine, live, *addresses, batch, imported, error)) {
            g_prefix_error(error, "cannot import '%s': ", *addresses);
            return NULL;
        }
    return state_commit(engine->state, batch, error) ? g_steal_pointer(&imported) : NULL;
}

GPtrArray *import_resources(Engine *engine, const char *const *addresses, GError **error) {
    const Environment *environment = engine->environment;
    const StateCommand command = {.command = "import",
                                  .commit = environment->commit,
                                  .dirty = environment->dirty,
                                  .by = engine->options.by};
    if (!engine_begin(engine, &command, error))
        return NULL;
    g_autoptr(GPtrArray) imported = import_all(engine, addresses, error);
    bool ended = state_end(engine->state, imported != NULL ? HISTORY_OK : HISTORY_FAILED, NULL,
                           imported != NULL ? error : NULL);
    return imported != NULL && ended ? g_steal_pointer(&imported) : NULL;
}
