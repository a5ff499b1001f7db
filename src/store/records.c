/* SPDX-License-Identifier: Apache-2.0 */
#include "store/records.h"

#include <string.h>

#include "base/files.h"
#include "base/ulid.h"
#include "store/reader.h"
#include "store/store.h"

#define RECORD_VERSION 1

static const char *const kind_names[] = {
    [RESOURCE_TOPIC] = "topic", [RESOURCE_CONNECTOR] = "connector", NULL};
static const char *const on_remove_names[] = {
    [ON_REMOVE_KEEP] = "keep", [ON_REMOVE_DELETE] = "delete", [ON_REMOVE_STOP] = "stop", NULL};
static const char *const action_names[] = {[INTENT_CREATE] = "create",
                                           [INTENT_UPDATE] = "update",
                                           [INTENT_STATE] = "state",
                                           [INTENT_DELETE] = "delete",
                                           NULL};
static const char *const result_names[] = {
    [HISTORY_RUNNING] = "running",         [HISTORY_OK] = "ok",
    [HISTORY_FAILED] = "failed",           [HISTORY_ROLLED_BACK] = "rolled_back",
    [HISTORY_INTERRUPTED] = "interrupted", NULL};
static const char *const connector_state_names[] = {"running", "paused", "stopped", NULL};
static const char *const offsets_why_names[] = {"stop", "delete", "rename", "reset", NULL};

bool records_key_is(const char *key, const char *kind) {
    return g_str_has_suffix(kind, "/") ? g_str_has_prefix(key, kind) : strcmp(key, kind) == 0;
}

const char *resource_kind_name(ResourceKind kind) {
    return kind_names[kind];
}

const char *on_remove_name(OnRemove on_remove) {
    return on_remove_names[on_remove];
}

const char *intent_action_name(IntentAction action) {
    return action_names[action];
}

const char *history_result_name(HistoryResult result) {
    return result_names[result];
}

/* Resources */

static void resource_clear(gpointer data) {
    ResourceRecord *resource = data;
    g_free(resource->uid);
    g_free(resource->address);
    g_free(resource->cluster);
    g_free(resource->name);
    json_decref(resource->applied);
    g_strfreev(resource->keys_once_set);
    g_free(resource->at);
    g_free(resource->by);
    g_free(resource->commit);
    g_free(resource->plan);
    g_free(resource->apply);
}

ResourceRecord *resource_record_new(ResourceKind kind, const char *address, const char *cluster,
                                    const char *name) {
    ResourceRecord *resource = g_atomic_rc_box_new0(ResourceRecord);
    resource->uid = ulid_new();
    resource->address = g_strdup(address);
    resource->kind = kind;
    resource->cluster = g_strdup(cluster);
    resource->name = g_strdup(name);
    resource->applied = json_object();
    resource->keys_once_set = g_new0(char *, 1);
    resource->on_remove = kind == RESOURCE_TOPIC ? ON_REMOVE_KEEP : ON_REMOVE_DELETE;
    return resource;
}

ResourceRecord *resource_record_copy(const ResourceRecord *resource) {
    ResourceRecord *copy = g_atomic_rc_box_new(ResourceRecord);
    *copy = *resource;
    copy->uid = g_strdup(resource->uid);
    copy->address = g_strdup(resource->address);
    copy->cluster = g_strdup(resource->cluster);
    copy->name = g_strdup(resource->name);
    copy->applied = json_deep_copy(resource->applied);
    copy->keys_once_set = g_strdupv(resource->keys_once_set);
    copy->at = g_strdup(resource->at);
    copy->by = g_strdup(resource->by);
    copy->commit = g_strdup(resource->commit);
    copy->plan = g_strdup(resource->plan);
    copy->apply = g_strdup(resource->apply);
    return copy;
}

ResourceRecord *resource_record_ref(ResourceRecord *resource) {
    return g_atomic_rc_box_acquire(resource);
}

void resource_record_unref(ResourceRecord *resource) {
    if (resource != NULL)
        g_atomic_rc_box_release_full(resource, resource_clear);
}

static json_t *texts_to_json(char *const *texts) {
    json_t *array = json_array();
    for (gsize i = 0; texts[i] != NULL; i++)
        json_array_append_new(array, json_string(texts[i]));
    return array;
}

json_t *resource_record_to_json(const ResourceRecord *resource) {
    json_t *value = json_object();
    json_object_set_new(value, "v", json_integer(RECORD_VERSION));
    json_object_set_new(value, "address", json_string_or_null(resource->address));
    json_object_set_new(value, "kind", json_string(kind_names[resource->kind]));
    json_object_set_new(value, "cluster", json_string_or_null(resource->cluster));
    json_object_set_new(value, "name", json_string_or_null(resource->name));
    json_object_set_new(value, "applied", json_deep_copy(resource->applied));
    if (resource->kind == RESOURCE_TOPIC)
        json_object_set_new(value, "keys_once_set", texts_to_json(resource->keys_once_set));
    json_object_set_new(value, "kept", json_boolean(resource->kept));
    json_object_set_new(value, "protected", json_boolean(resource->protected));
    json_object_set_new(value, "on_remove", json_string(on_remove_names[resource->on_remove]));
    json_object_set_new(value, "at", json_string_or_null(resource->at));
    json_object_set_new(value, "by", json_string_or_null(resource->by));
    json_object_set_new(value, "commit", json_string_or_null(resource->commit));
    json_object_set_new(value, "plan", json_string_or_null(resource->plan));
    json_object_set_new(value, "apply", json_string_or_null(resource->apply));
    return value;
}

/* A value of `applied.config` is text, or the keyed hash that stands for a secret. */
static void check_config(Reader *reader) {
    Reader config = reader_enter(reader, "config");
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)config.object, key, value) {
        bool good = json_is_string(value) || json_get_string(value, "hmac") != NULL;
        if (!good)
            reader_fail(&config, key, "text or a hash");
    }
    reader_leave(reader, &config);
}

static void check_plugin(Reader *reader) {
    const json_t *plugin = json_object_get(reader->object, "plugin");
    if (plugin == NULL || json_is_null(plugin))
        return;
    Reader member = reader_enter(reader, "plugin");
    g_free(reader_text(&member, "id"));
    g_free(reader_text(&member, "version"));
    g_free(reader_optional_text(&member, "sha256"));
    reader_leave(reader, &member);
}

static json_t *read_applied(Reader *reader, ResourceKind kind) {
    Reader applied = reader_enter(reader, "applied");
    check_config(&applied);
    if (kind == RESOURCE_TOPIC) {
        reader_integer(&applied, "partitions", -1, G_MAXINT);
        reader_integer(&applied, "replication", -1, G_MAXINT);
    } else {
        reader_choice(&applied, "state", connector_state_names);
        check_plugin(&applied);
    }
    reader_leave(reader, &applied);
    return json_deep_copy(applied.object);
}

/* What stands in resource/<uid>, and in an intent's record_after. */
static ResourceRecord *read_resource(Reader *reader, const char *uid) {
    ResourceRecord *resource = g_atomic_rc_box_new0(ResourceRecord);
    resource->uid = g_strdup(uid);
    resource->address = reader_text(reader, "address");
    resource->kind = (ResourceKind)reader_choice(reader, "kind", kind_names);
    resource->cluster = reader_text(reader, "cluster");
    resource->name = reader_text(reader, "name");
    resource->applied = read_applied(reader, resource->kind);
    resource->keys_once_set = reader_texts(reader, "keys_once_set");
    resource->kept = reader_boolean(reader, "kept");
    resource->protected = reader_boolean(reader, "protected");
    resource->on_remove = (OnRemove)reader_choice(reader, "on_remove", on_remove_names);
    resource->at = reader_optional_text(reader, "at");
    resource->by = reader_optional_text(reader, "by");
    resource->commit = reader_optional_text(reader, "commit");
    resource->plan = reader_optional_text(reader, "plan");
    resource->apply = reader_optional_text(reader, "apply");
    return resource;
}

/* What follows the last '/' of a record's key. */
static const char *last_part(const char *key) {
    const char *slash = strrchr(key, '/');
    return slash != NULL ? slash + 1 : key;
}

ResourceRecord *resource_record_from_json(const char *key, gint64 serial, const json_t *value,
                                          GError **error) {
    Reader reader = reader_start(key, value, RECORD_VERSION);
    g_autoptr(ResourceRecord) resource = read_resource(&reader, last_part(key));
    resource->serial = serial;
    return reader_end(&reader, error) ? g_steal_pointer(&resource) : NULL;
}

/* Intents */

static void intent_clear(gpointer data) {
    IntentRecord *intent = data;
    g_free(intent->uid);
    g_free(intent->apply);
    g_free(intent->before);
    g_free(intent->after);
    resource_record_unref(intent->record_after);
    g_free(intent->at);
}

IntentRecord *intent_record_new(const char *uid, const char *apply, IntentAction action, const char *before,
                                const char *after, ResourceRecord *record_after) {
    IntentRecord *intent = g_atomic_rc_box_new0(IntentRecord);
    intent->uid = g_strdup(uid);
    intent->apply = g_strdup(apply);
    intent->action = action;
    intent->before = g_strdup(before);
    intent->after = g_strdup(after);
    intent->record_after = record_after != NULL ? resource_record_ref(record_after) : NULL;
    intent->at = files_now();
    return intent;
}

IntentRecord *intent_record_ref(IntentRecord *intent) {
    return g_atomic_rc_box_acquire(intent);
}

void intent_record_unref(IntentRecord *intent) {
    if (intent != NULL)
        g_atomic_rc_box_release_full(intent, intent_clear);
}

json_t *intent_record_to_json(const IntentRecord *intent) {
    json_t *value = json_object();
    json_object_set_new(value, "v", json_integer(RECORD_VERSION));
    json_object_set_new(value, "apply", json_string_or_null(intent->apply));
    json_object_set_new(value, "action", json_string(action_names[intent->action]));
    json_object_set_new(value, "before", json_string_or_null(intent->before));
    json_object_set_new(value, "after", json_string_or_null(intent->after));
    json_object_set_new(value, "record_after",
                        intent->record_after != NULL ? resource_record_to_json(intent->record_after)
                                                     : json_null());
    json_object_set_new(value, "at", json_string_or_null(intent->at));
    return value;
}

static ResourceRecord *read_record_after(Reader *reader, const char *uid) {
    if (json_is_null(json_object_get(reader->object, "record_after")))
        return NULL;
    Reader member = reader_enter(reader, "record_after");
    ResourceRecord *resource = read_resource(&member, uid);
    reader_leave(reader, &member);
    return resource;
}

IntentRecord *intent_record_from_json(const char *key, gint64 serial, const json_t *value, GError **error) {
    Reader reader = reader_start(key, value, RECORD_VERSION);
    g_autoptr(IntentRecord) intent = g_atomic_rc_box_new0(IntentRecord);
    intent->uid = g_strdup(last_part(key));
    intent->serial = serial;
    intent->apply = reader_text(&reader, "apply");
    intent->action = (IntentAction)reader_choice(&reader, "action", action_names);
    intent->before = reader_text(&reader, "before");
    intent->after = reader_text(&reader, "after");
    intent->record_after = read_record_after(&reader, intent->uid);
    intent->at = reader_text(&reader, "at");
    return reader_end(&reader, error) ? g_steal_pointer(&intent) : NULL;
}

/* History */

static void history_clear(gpointer data) {
    HistoryRecord *history = data;
    g_free(history->id);
    g_free(history->command);
    g_free(history->plan);
    g_free(history->commit);
    g_free(history->lock);
    g_free(history->by);
    g_free(history->started);
    g_free(history->ended);
    json_decref(history->counts);
    g_free(history->override);
}

HistoryRecord *history_record_ref(HistoryRecord *history) {
    return g_atomic_rc_box_acquire(history);
}

void history_record_unref(HistoryRecord *history) {
    if (history != NULL)
        g_atomic_rc_box_release_full(history, history_clear);
}

json_t *history_record_to_json(const HistoryRecord *history) {
    json_t *value = json_object();
    json_object_set_new(value, "v", json_integer(RECORD_VERSION));
    json_object_set_new(value, "command", json_string_or_null(history->command));
    json_object_set_new(value, "plan", json_string_or_null(history->plan));
    json_object_set_new(value, "commit", json_string_or_null(history->commit));
    json_object_set_new(value, "dirty", json_boolean(history->dirty));
    json_object_set_new(value, "lock", json_string_or_null(history->lock));
    json_object_set_new(value, "by", json_string_or_null(history->by));
    json_object_set_new(value, "started", json_string_or_null(history->started));
    json_object_set_new(value, "ended", json_string_or_null(history->ended));
    json_object_set_new(value, "result", json_string(result_names[history->result]));
    json_object_set_new(value, "counts", json_copy(history->counts));
    json_object_set_new(value, "override", json_string_or_null(history->override));
    return value;
}

static json_t *read_counts(Reader *reader) {
    Reader counts = reader_enter(reader, "counts");
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)counts.object, key, value) {
        if (!json_is_integer(value))
            reader_fail(&counts, key, "a whole number");
    }
    reader_leave(reader, &counts);
    return json_copy((json_t *)counts.object);
}

HistoryRecord *history_record_from_json(const char *key, gint64 serial, const json_t *value, GError **error) {
    Reader reader = reader_start(key, value, RECORD_VERSION);
    g_autoptr(HistoryRecord) history = g_atomic_rc_box_new0(HistoryRecord);
    history->id = g_strdup(last_part(key));
    history->serial = serial;
    history->command = reader_text(&reader, "command");
    history->plan = reader_optional_text(&reader, "plan");
    history->commit = reader_optional_text(&reader, "commit");
    history->dirty = reader_boolean(&reader, "dirty");
    history->lock = reader_optional_text(&reader, "lock");
    history->by = reader_text(&reader, "by");
    history->started = reader_text(&reader, "started");
    history->ended = reader_optional_text(&reader, "ended");
    history->result = (HistoryResult)reader_choice(&reader, "result", result_names);
    history->counts = read_counts(&reader);
    history->override = reader_optional_text(&reader, "override");
    return reader_end(&reader, error) ? g_steal_pointer(&history) : NULL;
}

/* Meta */

void meta_record_free(MetaRecord *meta) {
    if (meta == NULL)
        return;
    g_free(meta->uid);
    g_free(meta->project);
    g_free(meta->environment);
    g_free(meta->kafka_cluster);
    g_clear_pointer(&meta->connect, g_hash_table_unref);
    g_free(meta);
}

json_t *meta_record_to_json(const MetaRecord *meta) {
    json_t *connect = json_object();
    GHashTableIter iterator;
    gpointer name, id;
    g_hash_table_iter_init(&iterator, meta->connect);
    while (g_hash_table_iter_next(&iterator, &name, &id))
        json_object_set_new(connect, name, json_string(id));
    g_autofree char *key = g_base64_encode(meta->key, HASH_KEY_SIZE);
    json_t *value = json_object();
    json_object_set_new(value, "v", json_integer(RECORD_VERSION));
    json_object_set_new(value, "uid", json_string(meta->uid));
    json_object_set_new(value, "project", json_string(meta->project));
    json_object_set_new(value, "environment", json_string(meta->environment));
    json_object_set_new(value, "kafka_cluster", json_string_or_null(meta->kafka_cluster));
    json_object_set_new(value, "connect", connect);
    json_object_set_new(value, "hmac_key", json_string(key));
    json_object_set_new(value, "min_reader", json_integer(RECORD_VERSION));
    return value;
}

static GHashTable *read_connect(Reader *reader) {
    GHashTable *connect = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Reader member = reader_enter(reader, "connect");
    const char *name;
    json_t *id;
    json_object_foreach ((json_t *)member.object, name, id) {
        g_hash_table_insert(connect, g_strdup(name), reader_text(&member, name));
    }
    reader_leave(reader, &member);
    return connect;
}

static void read_key(Reader *reader, guint8 *key) {
    g_autofree char *text = reader_text(reader, "hmac_key");
    gsize length = 0;
    g_autofree guint8 *bytes = text != NULL ? g_base64_decode(text, &length) : NULL;
    if (length == HASH_KEY_SIZE)
        memcpy(key, bytes, HASH_KEY_SIZE);
    else
        reader_fail(reader, "hmac_key", "32 bytes in base64");
}

MetaRecord *meta_record_from_json(const char *key, const json_t *value, GError **error) {
    if (json_get_integer(value, "min_reader", RECORD_VERSION) > RECORD_VERSION) {
        error_set(error, STORE_ERROR, STORE_ERROR_FORMAT, "use a newer sluice",
                  "the state was written by a newer sluice that this one does not understand");
        return NULL;
    }
    Reader reader = reader_start(key, value, RECORD_VERSION);
    g_autoptr(MetaRecord) meta = g_new0(MetaRecord, 1);
    meta->uid = reader_text(&reader, "uid");
    meta->project = reader_text(&reader, "project");
    meta->environment = reader_text(&reader, "environment");
    meta->kafka_cluster = reader_optional_text(&reader, "kafka_cluster");
    meta->connect = read_connect(&reader);
    read_key(&reader, meta->key);
    reader_integer(&reader, "min_reader", 1, RECORD_VERSION);
    return reader_end(&reader, error) ? g_steal_pointer(&meta) : NULL;
}

/* The lease */

void lease_record_free(LeaseRecord *lease) {
    if (lease == NULL)
        return;
    g_free(lease->nonce);
    g_free(lease->host);
    g_free(lease->boot_id);
    g_free(lease->pid_namespace);
    g_free(lease->by);
    g_free(lease->command);
    g_free(lease->since);
    g_free(lease);
}

json_t *lease_record_to_json(const LeaseRecord *lease) {
    json_t *owner = json_object();
    json_object_set_new(owner, "host", json_string(lease->host));
    json_object_set_new(owner, "boot_id", json_string(lease->boot_id));
    json_object_set_new(owner, "pid_namespace", json_string_or_null(lease->pid_namespace));
    json_object_set_new(owner, "pid", json_integer(lease->pid));
    json_object_set_new(owner, "started", json_integer(lease->started));
    json_t *value = json_object();
    json_object_set_new(value, "v", json_integer(RECORD_VERSION));
    json_object_set_new(value, "nonce", json_string(lease->nonce));
    json_object_set_new(value, "owner", owner);
    json_object_set_new(value, "by", json_string(lease->by));
    json_object_set_new(value, "command", json_string(lease->command));
    json_object_set_new(value, "since", json_string_or_null(lease->since));
    bool whole = lease->ttl_s == (double)(gint64)lease->ttl_s;
    json_object_set_new(value, "ttl_s", whole ? json_integer((gint64)lease->ttl_s) : json_real(lease->ttl_s));
    json_object_set_new(value, "beat", json_integer(lease->beat));
    return value;
}

LeaseRecord *lease_record_from_json(const char *key, const json_t *value, GError **error) {
    Reader reader = reader_start(key, value, RECORD_VERSION);
    g_autoptr(LeaseRecord) lease = g_new0(LeaseRecord, 1);
    lease->nonce = reader_text(&reader, "nonce");
    Reader owner = reader_enter(&reader, "owner");
    lease->host = reader_text(&owner, "host");
    lease->boot_id = reader_text(&owner, "boot_id");
    lease->pid_namespace = reader_optional_text(&owner, "pid_namespace");
    lease->pid = reader_integer(&owner, "pid", 1, G_MAXINT);
    lease->started = reader_integer(&owner, "started", 0, G_MAXINT64);
    reader_leave(&reader, &owner);
    lease->by = reader_text(&reader, "by");
    lease->command = reader_text(&reader, "command");
    lease->since = reader_optional_text(&reader, "since");
    lease->ttl_s = reader_number(&reader, "ttl_s", 0, 86400);
    lease->beat = reader_integer(&reader, "beat", 0, G_MAXINT64);
    return reader_end(&reader, error) ? g_steal_pointer(&lease) : NULL;
}

/* Plans and offsets have no type of their own: the view keeps what it needs of them. */

json_t *plan_record_to_json(const char *digest, const char *apply) {
    json_t *value = json_object();
    json_object_set_new(value, "v", json_integer(RECORD_VERSION));
    json_object_set_new(value, "digest", json_string_or_null(digest));
    json_object_set_new(value, "apply", json_string(apply));
    return value;
}

char *plan_record_from_json(const char *key, const json_t *value, GError **error) {
    Reader reader = reader_start(key, value, RECORD_VERSION);
    g_free(reader_optional_text(&reader, "digest"));
    g_autofree char *apply = reader_text(&reader, "apply");
    return reader_end(&reader, error) ? g_steal_pointer(&apply) : NULL;
}

json_t *offsets_record_to_json(const char *why, const json_t *offsets) {
    json_t *value = json_object();
    json_object_set_new(value, "v", json_integer(RECORD_VERSION));
    json_object_set_new(value, "why", json_string(why));
    json_object_set_new(value, "offsets", json_deep_copy(offsets));
    return value;
}

bool offsets_record_check(const char *key, const json_t *value, GError **error) {
    Reader reader = reader_start(key, value, RECORD_VERSION);
    reader_choice(&reader, "why", offsets_why_names);
    if (!json_is_array(json_object_get(reader.object, "offsets")))
        reader_fail(&reader, "offsets", "a list");
    return reader_end(&reader, error);
}

/* Any record */

static bool check_resource(const char *key, const json_t *value, GError **error) {
    g_autoptr(ResourceRecord) record = resource_record_from_json(key, 0, value, error);
    return record != NULL;
}

static bool check_intent(const char *key, const json_t *value, GError **error) {
    g_autoptr(IntentRecord) record = intent_record_from_json(key, 0, value, error);
    return record != NULL;
}

static bool check_history(const char *key, const json_t *value, GError **error) {
    g_autoptr(HistoryRecord) record = history_record_from_json(key, 0, value, error);
    return record != NULL;
}

static bool check_meta(const char *key, const json_t *value, GError **error) {
    g_autoptr(MetaRecord) record = meta_record_from_json(key, value, error);
    return record != NULL;
}

static bool check_lease(const char *key, const json_t *value, GError **error) {
    g_autoptr(LeaseRecord) record = lease_record_from_json(key, value, error);
    return record != NULL;
}

static bool check_plan(const char *key, const json_t *value, GError **error) {
    g_autofree char *apply = plan_record_from_json(key, value, error);
    return apply != NULL;
}

bool records_check(const char *key, const json_t *value, GError **error) {
    static const struct {
        const char *kind;
        bool (*check)(const char *key, const json_t *value, GError **error);
    } kinds[] = {
        {RECORD_RESOURCE, check_resource},
        {RECORD_INTENT, check_intent},
        {RECORD_HISTORY, check_history},
        {RECORD_META, check_meta},
        {RECORD_LEASE, check_lease},
        {RECORD_PLAN, check_plan},
        {RECORD_OFFSETS, offsets_record_check},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (records_key_is(key, kinds[i].kind))
            return kinds[i].check(key, value, error);
    return true;
}
