/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in a state, as types: the JSON records of docs/state.md, each under its key. Reading checks
 * every type, so that whoever holds a record need not; a record that is wrong is STORE_ERROR_FORMAT, which
 * names its key.
 *
 * Records are counted and shared between threads: one that a State gave out is never changed. To change a
 * resource, copy it. Texts and JSON in a record are its own.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/hash.h"
#include "base/json.h"

/* How the keys begin; those with a slash go on with an id. */
#define RECORD_META "meta"
#define RECORD_LEASE "lease"
#define RECORD_RESOURCE "resource/"
#define RECORD_INTENT "intent/"
#define RECORD_HISTORY "history/"
#define RECORD_PLAN "plan/"
#define RECORD_OFFSETS "offsets/"

/* Whether `key` is of a kind: RECORD_META and RECORD_LEASE are whole keys, the others beginnings. */
bool records_key_is(const char *key, const char *kind);

/* meta: whose state this is, which clusters it describes, and the key of its hashes. */
typedef struct {
    char *uid; /* ULID of the state */
    char *project;
    char *environment;
    char *kafka_cluster;       /* the cluster's id; NULL where none was met yet */
    GHashTable *connect;       /* name of a Connect cluster → id of its Kafka cluster */
    guint8 key[HASH_KEY_SIZE]; /* for hash_keyed() */
} MetaRecord;

typedef enum { RESOURCE_TOPIC, RESOURCE_CONNECTOR } ResourceKind;
typedef enum { ON_REMOVE_KEEP, ON_REMOVE_DELETE, ON_REMOVE_STOP } OnRemove;

/* resource/<uid>: a topic or a connector that Sluice owns, as it was last applied. */
typedef struct {
    char *uid;     /* ULID; stays when the address changes */
    gint64 serial; /* of the record in the store; 0: not stored yet. A State's answers tell it */
    char *address; /* orders/connector/source */
    ResourceKind kind;
    char *cluster; /* the Connect cluster's name; "kafka" for a topic */
    char *name;    /* on the cluster */
    /* Connector: {"config":{KEY: "text" |
     * {"hmac":"hmac:…"}},"state":"running|paused|stopped","plugin":{"id","version","sha256"}|null}; topic:
     * {"partitions":N,"replication":N,"config":{KEY: "text" | {"hmac":"hmac:…"}}}. */
    json_t *applied;
    char **keys_once_set; /* of a topic: config keys that Sluice ever set; NULL-terminated, never NULL */
    bool kept;            /* left the declarations and was not deleted */
    bool protected;
    OnRemove on_remove;
    char *at;     /* when it was last applied (files_now()) */
    char *by;     /* by whom */
    char *commit; /* of the declarations; NULL outside Git */
    char *plan;   /* the plan's id; NULL where there was none (import) */
    char *apply;  /* ULID of the history record */
} ResourceRecord;

typedef enum { INTENT_CREATE, INTENT_UPDATE, INTENT_STATE, INTENT_DELETE } IntentAction;

/* intent/<uid of its resource>: what is about to be done, stored before it is. Recovery: live == after →
 * commit record_after; live == before → drop the intent; else keep it and report drift. */
typedef struct {
    char *uid;     /* of the resource */
    gint64 serial; /* as above */
    char *apply;   /* ULID of the history record */
    IntentAction action;
    char *before;                 /* "absent" or "hmac:…" of what is live */
    char *after;                  /* as before */
    ResourceRecord *record_after; /* the resource once it is done; NULL: gone */
    char *at;
} IntentRecord;

typedef enum {
    HISTORY_RUNNING,
    HISTORY_OK,
    HISTORY_FAILED,
    HISTORY_ROLLED_BACK,
    HISTORY_INTERRUPTED,
} HistoryResult;

/* history/<ulid>: one command that changed the environment. */
typedef struct {
    char *id;      /* ULID */
    gint64 serial; /* as above */
    char *command; /* "apply" */
    char *plan;    /* id, or NULL */
    char *commit;  /* NULL outside Git */
    bool dirty;    /* the work tree had changes */
    char *lock;    /* "sha256:…", or NULL */
    char *by;
    char *started;
    char *ended; /* NULL while it runs */
    HistoryResult result;
    json_t *counts; /* {"create":1, …}: actions done, by operation */
    char *override; /* why a policy was overridden; NULL: it was not */
} HistoryRecord;

/* lease: who may write now. store/lease.h keeps it. */
typedef struct {
    char *nonce; /* tells this lease from any other */
    char *host;
    char *boot_id;
    char *pid_namespace; /* pids are compared within it only; NULL where unknown */
    gint64 pid;
    gint64 started; /* of the process, clock ticks since boot */
    char *by;
    char *command;
    char *since;  /* NULL where not said */
    double ttl_s; /* dead when `beat` stood still that long */
    gint64 beat;
} LeaseRecord;

/* "topic" and "connector"; "keep", "delete", "stop"; "create", …; "running", …, as in the records. Static. */
const char *resource_kind_name(ResourceKind kind);
const char *on_remove_name(OnRemove on_remove);
const char *intent_action_name(IntentAction action);
const char *history_result_name(HistoryResult result);

/* A new resource with a fresh uid; applied is {}, on_remove as the design's default for its kind (topics are
 * kept, connectors deleted). */
ResourceRecord *resource_record_new(ResourceKind kind, const char *address, const char *cluster,
                                    const char *name);
/* A copy to change, `applied` copied deeply; same uid and serial. */
ResourceRecord *resource_record_copy(const ResourceRecord *resource);
ResourceRecord *resource_record_ref(ResourceRecord *resource);
void resource_record_unref(ResourceRecord *resource);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ResourceRecord, resource_record_unref)

/* A new intent for the resource `uid`; `record_after` (may be NULL) gets a reference. `at` is now. */
IntentRecord *intent_record_new(const char *uid, const char *apply, IntentAction action, const char *before,
                                const char *after, ResourceRecord *record_after);
IntentRecord *intent_record_ref(IntentRecord *intent);
void intent_record_unref(IntentRecord *intent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IntentRecord, intent_record_unref)

HistoryRecord *history_record_ref(HistoryRecord *history);
void history_record_unref(HistoryRecord *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HistoryRecord, history_record_unref)

void meta_record_free(MetaRecord *meta);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MetaRecord, meta_record_free)

void lease_record_free(LeaseRecord *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LeaseRecord, lease_record_free)

/* The JSON of a record, a new reference. */
json_t *resource_record_to_json(const ResourceRecord *resource);
json_t *intent_record_to_json(const IntentRecord *intent);
json_t *history_record_to_json(const HistoryRecord *history);
json_t *meta_record_to_json(const MetaRecord *meta);
json_t *lease_record_to_json(const LeaseRecord *lease);

/* A record from the JSON under its key ("resource/<uid>"); the caller owns it. STORE_ERROR_FORMAT where
 * anything is missing or of a wrong type. Unknown members are let be. */
ResourceRecord *resource_record_from_json(const char *key, gint64 serial, const json_t *value,
                                          GError **error);
IntentRecord *intent_record_from_json(const char *key, gint64 serial, const json_t *value, GError **error);
HistoryRecord *history_record_from_json(const char *key, gint64 serial, const json_t *value, GError **error);
MetaRecord *meta_record_from_json(const char *key, const json_t *value, GError **error);
LeaseRecord *lease_record_from_json(const char *key, const json_t *value, GError **error);

/* plan/<id>: that a plan was used up, and by which apply. The second gives that apply; the caller frees it.
 */
json_t *plan_record_to_json(const char *digest, const char *apply);
char *plan_record_from_json(const char *key, const json_t *value, GError **error);

/* offsets/<uid>/<ulid>: a connector's offsets, as Connect gave them, before `why` changed them. */
json_t *offsets_record_to_json(const char *why, const json_t *offsets);
bool offsets_record_check(const char *key, const json_t *value, GError **error);

/* Whether the record under `key`, of whatever kind, can be read. Keys of kinds that are not known are let be.
 */
bool records_check(const char *key, const json_t *value, GError **error);
