/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of an environment: what Sluice owns there. A typed view on a store's records (docs/state.md),
 * read in one snapshot, and the only way to change them.
 *
 * A command that only looks: state_open() (or state_read()), then state_resources() and the like. A command
 * that changes:
 *
 *     state_open → … plan … → state_begin              takes the lease, reads everything again
 *       for each wave of actions:
 *         batch of state_put_intent()                  → state_commit(): one transaction
 *         for each action, in parallel:                state_check_lease(), then the call to Kafka or Connect
 *         batch of state_put_resource(), state_drop_intent() → state_commit(): one transaction
 *     state_end                                        writes the result, gives the lease back
 *
 * All functions may be called from several threads at once. Commits carry the lease: a writer that lost it
 * can't write.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/json.h"
#include "store/lease.h"
#include "store/records.h"
#include "store/store.h"

typedef struct State State;

/* Reads the state and, where there is none yet, makes its meta record with a uid and a key, in one
 * conditional commit that needs no lease. STORE_ERROR_FOREIGN when it belongs to another project or
 * environment; STORE_ERROR_FORMAT for a record that can't be read, or a state that asks for a newer Sluice.
 * The store is borrowed and must outlive the state. */
State *state_open(Store *store, const char *project, const char *environment, GError **error);

/* As state_open(), but makes nothing and checks no owner: a store without a state is an empty one whose
 * state_meta() is NULL. */
State *state_read(Store *store, GError **error);

/* Gives the lease back where state_end() was not called; the history record then stays "running" until the
 * next state_begin() marks it interrupted. NULL is allowed. */
void state_close(State *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(State, state_close)

/* Whose it is and the key for hash_keyed(). Owned by the state; unchanged by others' calls but
 * state_check_clusters()'s, so call that before there are threads. */
const MetaRecord *state_meta(const State *state);

/* The guard against a wrong cluster: compares the ids that answered with those remembered, and remembers new
 * ones (no lease needed). `kafka_cluster` NULL: not asked; `connect`: name → id of its Kafka cluster, may be
 * NULL. STORE_ERROR_FOREIGN names both ids. */
bool state_check_clusters(State *state, const char *kafka_cluster, GHashTable *connect, GError **error);

/* The resource at an address, or of a name on a cluster; NULL where there is none. A new reference. */
ResourceRecord *state_resource(State *state, const char *address);
ResourceRecord *state_resource_by_name(State *state, ResourceKind kind, const char *cluster,
                                       const char *name);
ResourceRecord *state_resource_by_uid(State *state, const char *uid);

/* All of them as a new array of references: resources by address, intents by uid, history newest first. Free
 * with g_ptr_array_unref(). */
GPtrArray *state_resources(State *state);
GPtrArray *state_intents(State *state);
GPtrArray *state_history(State *state);

/* Offsets that were recorded of a resource, newest first: [{"id","why","offsets"}, …], a new reference. */
json_t *state_offsets(State *state, const char *uid);

/* The apply that used up this plan, or NULL where none did. The caller frees it. */
char *state_plan_used_by(State *state, const char *plan);

/* Who held the lease when the state was read, as a sentence; NULL: nobody that is alive. The caller frees it.
 */
char *state_holder(State *state);

/* What a command that changes things is. Borrowed; texts may be NULL but for command and by. */
typedef struct {
    const char *command; /* "apply" */
    const char *plan;    /* the plan's id: used up now, once and for all */
    const char *digest;  /* of the plan */
    const char *commit;
    bool dirty;
    const char *lock; /* "sha256:…" */
    const char *by;
    const char *override;
} StateCommand;

/* Takes the lease; in the same transaction writes the history record (result "running") and the plan's, and
 * in the next marks the history of those who died as interrupted. Then reads everything again: serials may
 * have moved since the plan was made. The newest 200 history records are kept. STORE_ERROR_HELD: another has
 * it; STORE_ERROR_USED: the plan was applied before. */
bool state_begin(State *state, const StateCommand *command, const LeaseRequest *lease, GError **error);

/* The ULID of the history record that state_begin() made; owned by the state. */
const char *state_apply(const State *state);

/* Whether the lease is still ours; cheap: ask before each call that changes something. STORE_ERROR_LOST. */
bool state_check_lease(State *state, GError **error);

/* Writes how it ended and gives the lease back, which is done even where writing fails. `counts` may be NULL,
 * borrowed. */
bool state_end(State *state, HistoryResult result, const json_t *counts, GError **error);

/* Changes to be committed together. Several threads may add to one. The last one wins where a record is named
 * twice. */
typedef struct StateBatch StateBatch;

StateBatch *state_batch_new(void);
void state_batch_free(StateBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StateBatch, state_batch_free)

/* Stores a resource, new or changed; the batch keeps a copy. Its serial does not matter: state_commit()
 * knows. */
void state_put_resource(StateBatch *batch, const ResourceRecord *resource);
void state_delete_resource(StateBatch *batch, const char *uid);
/* Stores an intent, in the place of one that its resource may have; drops it, where there is one. */
void state_put_intent(StateBatch *batch, const IntentRecord *intent);
void state_drop_intent(StateBatch *batch, const char *uid);
/* Records a connector's offsets before `why` ("stop", "delete", "rename", "reset") changes them; the newest
 * 20 of a resource are kept. */
void state_put_offsets(StateBatch *batch, const char *uid, const char *why, const json_t *offsets);

/* Commits all of a batch or nothing, in one transaction, and then brings what the functions above answer up
 * to date. Asks for the serials that this state has read or written: STORE_ERROR_CONFLICT when someone else
 * wrote, STORE_ERROR_LOST without the lease. An empty batch is success. The batch is empty afterwards; on
 * failure it is as it was. */
bool state_commit(State *state, StateBatch *batch, GError **error);
