/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state.h"

#include <string.h>

#include "base/files.h"
#include "base/ulid.h"
#include "store/batch.h"
#include "store/view.h"

#define HISTORY_KEPT 200
#define META_TRIES 5

struct State {
    Store *store;
    GMutex lock; /* of all below, but for what is set before there are threads */
    View *view;
    GPtrArray *old_metas; /* what state_meta() gave out before */
    char *holder;
    Lease *lease;
    char *apply;
};

/* Reading */

/* Hands the meta record that callers may hold to the state, before another takes its place. */
static void keep_meta(State *state) {
    if (state->view != NULL && state->view->meta != NULL)
        g_ptr_array_add(state->old_metas, g_steal_pointer(&state->view->meta));
}

static bool read_again(State *state, GError **error) {
    g_autoptr(GHashTable) snapshot = store_snapshot(state->store, error);
    g_autoptr(View) view = snapshot != NULL ? view_new(snapshot, error) : NULL;
    if (view == NULL)
        return false;
    keep_meta(state);
    g_clear_pointer(&state->view, view_free);
    state->view = g_steal_pointer(&view);
    g_free(state->holder);
    state->holder = lease_describe(snapshot);
    return true;
}

State *state_read(Store *store, GError **error) {
    g_autoptr(State) state = g_new0(State, 1);
    state->store = store;
    g_mutex_init(&state->lock);
    state->old_metas = g_ptr_array_new_with_free_func((GDestroyNotify)meta_record_free);
    return read_again(state, error) ? g_steal_pointer(&state) : NULL;
}

void state_close(State *state) {
    if (state == NULL)
        return;
    lease_release(state->lease);
    g_ptr_array_unref(state->old_metas);
    view_free(state->view);
    g_mutex_clear(&state->lock);
    g_free(state->holder);
    g_free(state->apply);
    g_free(state);
}

/* Meta */

static bool write_meta(State *state, const MetaRecord *meta, GError **error) {
    g_autoptr(json_t) value = meta_record_to_json(meta);
    const StoreChange put = {
        .key = RECORD_META, .expected = view_serial(state->view, RECORD_META), .value = value};
    gint64 serial;
    if (!store_commit(state->store, &put, 1, &serial, error))
        return false;
    keep_meta(state);
    return view_put(state->view, RECORD_META, serial, value, error);
}

static MetaRecord *meta_new(const char *project, const char *environment, GError **error) {
    g_autoptr(MetaRecord) meta = g_new0(MetaRecord, 1);
    meta->uid = ulid_new();
    meta->project = g_strdup(project);
    meta->environment = g_strdup(environment);
    meta->connect = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return hash_random(meta->key, HASH_KEY_SIZE, error) ? g_steal_pointer(&meta) : NULL;
}

/* Where another makes it at the same moment, theirs counts. */
static bool make_meta(State *state, const char *project, const char *environment, GError **error) {
    g_autoptr(MetaRecord) meta = meta_new(project, environment, error);
    g_autoptr(GError) problem = NULL;
    if (meta == NULL)
        return false;
    if (write_meta(state, meta, &problem))
        return true;
    if (g_error_matches(problem, STORE_ERROR, STORE_ERROR_CONFLICT))
        return read_again(state, error);
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static bool check_owner(const MetaRecord *meta, const char *project, const char *environment,
                        GError **error) {
    if (strcmp(meta->project, project) == 0 && strcmp(meta->environment, environment) == 0)
        return true;
    error_set(error, STORE_ERROR, STORE_ERROR_FOREIGN, "give each environment a 'state:' of its own",
              "the state belongs to environment '%s' of project '%s', not to '%s' of '%s'", meta->environment,
              meta->project, environment, project);
    return false;
}

State *state_open(Store *store, const char *project, const char *environment, GError **error) {
    g_autoptr(State) state = state_read(store, error);
    if (state == NULL)
        return NULL;
    if (state->view->meta == NULL && !make_meta(state, project, environment, error))
        return NULL;
    return check_owner(state->view->meta, project, environment, error) ? g_steal_pointer(&state) : NULL;
}

const MetaRecord *state_meta(const State *state) {
    return state->view->meta;
}

static bool check_cluster(const char *what, const char *known, const char *found, GError **error) {
    if (known == NULL || strcmp(known, found) == 0)
        return true;
    error_set(error, STORE_ERROR, STORE_ERROR_FOREIGN,
              "check the address; a state goes with its cluster, and a new cluster needs a new state",
              "%s is another cluster than the state describes: '%s' answered, not '%s'", what, found, known);
    return false;
}

/* Compares with what is remembered, and puts what is new into `meta`, its copy; *changed where there was any.
 */
static bool merge_clusters(MetaRecord *meta, const char *kafka_cluster, GHashTable *connect, bool *changed,
                           GError **error) {
    if (kafka_cluster != NULL) {
        if (!check_cluster("the Kafka cluster", meta->kafka_cluster, kafka_cluster, error))
            return false;
        *changed |= meta->kafka_cluster == NULL;
        g_free(meta->kafka_cluster);
        meta->kafka_cluster = g_strdup(kafka_cluster);
    }
    GHashTableIter iterator;
    gpointer name, id;
    if (connect != NULL)
        g_hash_table_iter_init(&iterator, connect);
    while (connect != NULL && g_hash_table_iter_next(&iterator, &name, &id)) {
        const char *known = g_hash_table_lookup(meta->connect, name);
        g_autofree char *what =
            g_strdup_printf("the Kafka cluster of Connect cluster '%s'", (const char *)name);
        if (!check_cluster(what, known, id, error))
            return false;
        *changed |= known == NULL;
        g_hash_table_replace(meta->connect, g_strdup(name), g_strdup(id));
    }
    return true;
}

static MetaRecord *copy_meta(const MetaRecord *meta, GError **error) {
    g_autoptr(json_t) value = meta_record_to_json(meta);
    return meta_record_from_json(RECORD_META, value, error);
}

bool state_check_clusters(State *state, const char *kafka_cluster, GHashTable *connect, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    for (int tries = META_TRIES;; tries--) {
        bool changed = false;
        g_autoptr(GError) problem = NULL;
        g_autoptr(MetaRecord) meta = copy_meta(state->view->meta, error);
        if (meta == NULL || !merge_clusters(meta, kafka_cluster, connect, &changed, error))
            return false;
        if (!changed || write_meta(state, meta, &problem))
            return true;
        if (tries == 0 || !g_error_matches(problem, STORE_ERROR, STORE_ERROR_CONFLICT)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
        if (!read_again(state, error))
            return false;
    }
}

/* Finding */

ResourceRecord *state_resource(State *state, const char *address) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    ResourceRecord *found = g_hash_table_lookup(state->view->by_address, address);
    return found != NULL ? resource_record_ref(found) : NULL;
}

ResourceRecord *state_resource_by_name(State *state, ResourceKind kind, const char *cluster,
                                       const char *name) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    ResourceRecord *found = view_find_name(state->view, kind, cluster, name);
    return found != NULL ? resource_record_ref(found) : NULL;
}

ResourceRecord *state_resource_by_uid(State *state, const char *uid) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    ResourceRecord *found = g_hash_table_lookup(state->view->resources, uid);
    return found != NULL ? resource_record_ref(found) : NULL;
}

static gint by_address(gconstpointer left, gconstpointer right) {
    const ResourceRecord *const *one = left, *const *other = right;
    return strcmp((*one)->address, (*other)->address);
}

static gint by_uid(gconstpointer left, gconstpointer right) {
    const IntentRecord *const *one = left, *const *other = right;
    return strcmp((*one)->uid, (*other)->uid);
}

static gint newest_first(gconstpointer left, gconstpointer right) {
    const HistoryRecord *const *one = left, *const *other = right;
    return strcmp((*other)->id, (*one)->id);
}

static GPtrArray *list(GHashTable *table, gpointer (*ref)(gpointer), GDestroyNotify unref,
                       GCompareFunc compare) {
    GPtrArray *array = g_ptr_array_new_with_free_func(unref);
    GHashTableIter iterator;
    gpointer value;
    g_hash_table_iter_init(&iterator, table);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        g_ptr_array_add(array, ref(value));
    g_ptr_array_sort(array, compare);
    return array;
}

GPtrArray *state_resources(State *state) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    return list(state->view->resources, g_atomic_rc_box_acquire, (GDestroyNotify)resource_record_unref,
                by_address);
}

GPtrArray *state_intents(State *state) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    return list(state->view->intents, g_atomic_rc_box_acquire, (GDestroyNotify)intent_record_unref, by_uid);
}

static GPtrArray *history_of(State *state) {
    return list(state->view->history, g_atomic_rc_box_acquire, (GDestroyNotify)history_record_unref,
                newest_first);
}

GPtrArray *state_history(State *state) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    return history_of(state);
}

json_t *state_offsets(State *state, const char *uid) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    json_t *all = json_array();
    const GPtrArray *array = g_hash_table_lookup(state->view->offsets, uid);
    for (guint i = array != NULL ? array->len : 0; i > 0; i--) {
        const ViewOffsets *offsets = array->pdata[i - 1];
        json_t *item = json_deep_copy(offsets->value);
        json_object_del(item, "v");
        json_object_set_new(item, "id", json_string(offsets->id));
        json_array_append_new(all, item);
    }
    return all;
}

char *state_plan_used_by(State *state, const char *plan) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    return g_strdup(g_hash_table_lookup(state->view->plans, plan));
}

char *state_holder(State *state) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    return g_strdup(state->holder);
}

/* Committing */

/* The changes as the store takes them, at the serials that are known; borrows keys and values. */
static GArray *to_store(GHashTable *changes, const View *view) {
    GArray *array = g_array_new(FALSE, FALSE, sizeof(StoreChange));
    GHashTableIter iterator;
    gpointer key, value;
    g_hash_table_iter_init(&iterator, changes);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        StoreChange change = {.key = key, .expected = view_serial(view, key), .value = value};
        if (value != NULL || change.expected != 0)
            g_array_append_val(array, change);
    }
    return array;
}

/* First all go, then come back: addresses may have changed places. */
static bool apply_to_view(View *view, const StoreChange *changes, gsize count, const gint64 *serials,
                          GError **error) {
    for (gsize i = 0; i < count; i++)
        view_remove(view, changes[i].key);
    for (gsize i = 0; i < count; i++)
        if (changes[i].value != NULL && !view_put(view, changes[i].key, serials[i], changes[i].value, error))
            return false;
    return true;
}

static bool has_lease(const State *state, GError **error) {
    if (state->lease == NULL)
        error_set(error, STORE_ERROR, STORE_ERROR_LOST, NULL, "the state can't be changed without its lease");
    return state->lease != NULL;
}

static bool commit_locked(State *state, StateBatch *batch, GError **error) {
    if (!has_lease(state, error))
        return false;
    g_autoptr(GHashTable) changes = batch_changes(batch);
    batch_prune_offsets(changes, state->view);
    if (!batch_check(changes, state->view, error))
        return false;
    g_autoptr(GArray) array = to_store(changes, state->view);
    const StoreChange *all = (const StoreChange *)(gpointer)array->data;
    g_autofree gint64 *serials = g_new0(gint64, array->len + 1);
    if (array->len > 0 && !lease_commit(state->lease, all, array->len, serials, error))
        return false;
    batch_clear(batch);
    return apply_to_view(state->view, all, array->len, serials, error);
}

bool state_commit(State *state, StateBatch *batch, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    return commit_locked(state, batch, error);
}

/* Beginning and ending */

static HistoryRecord *history_new(const StateCommand *command) {
    HistoryRecord *history = g_atomic_rc_box_new0(HistoryRecord);
    history->id = ulid_new();
    history->command = g_strdup(command->command);
    history->plan = g_strdup(command->plan);
    history->commit = g_strdup(command->commit);
    history->dirty = command->dirty;
    history->lock = g_strdup(command->lock);
    history->by = g_strdup(command->by);
    history->started = files_now();
    history->result = HISTORY_RUNNING;
    history->counts = json_object();
    history->override = g_strdup(command->override);
    return history;
}

static bool set_used(const char *plan, const char *apply, GError **error) {
    error_set(error, STORE_ERROR, STORE_ERROR_USED, "make a new plan",
              "plan '%s' was applied before, by apply '%s'", plan, apply);
    return false;
}

/* The plan's record is there already: another has used it while we waited for the lease. */
static bool explain_conflict(State *state, const StateCommand *command, GError *problem, GError **error) {
    if (command->plan != NULL && g_error_matches(problem, STORE_ERROR, STORE_ERROR_CONFLICT)) {
        g_autoptr(GHashTable) snapshot = store_snapshot(state->store, NULL);
        g_autofree char *key = g_strconcat(RECORD_PLAN, command->plan, NULL);
        const StoreRecord *record = snapshot != NULL ? g_hash_table_lookup(snapshot, key) : NULL;
        g_autofree char *apply = record != NULL ? plan_record_from_json(key, record->value, NULL) : NULL;
        if (apply != NULL) {
            g_error_free(problem);
            return set_used(command->plan, apply, error);
        }
    }
    g_propagate_error(error, problem);
    return false;
}

static bool take_lease(State *state, const StateCommand *command, const LeaseRequest *request,
                       const HistoryRecord *history, GError **error) {
    g_autoptr(StateBatch) batch = state_batch_new();
    batch_put_history(batch, history);
    if (command->plan != NULL)
        batch_put_plan(batch, command->plan, command->digest, history->id);
    g_autoptr(GHashTable) changes = batch_changes(batch);
    if (!batch_check(changes, state->view, error))
        return false;
    g_autoptr(GArray) array = to_store(changes, state->view);
    GError *problem = NULL;
    state->lease = lease_acquire(state->store, request, (const StoreChange *)(gpointer)array->data,
                                 array->len, &problem);
    return state->lease != NULL || explain_conflict(state, command, problem, error);
}

static HistoryRecord *copy_history(const HistoryRecord *history, GError **error) {
    g_autofree char *key = g_strconcat(RECORD_HISTORY, history->id, NULL);
    g_autoptr(json_t) value = history_record_to_json(history);
    return history_record_from_json(key, history->serial, value, error);
}

static bool put_result(StateBatch *batch, const HistoryRecord *history, HistoryResult result,
                       const json_t *counts, GError **error) {
    g_autoptr(HistoryRecord) ended = copy_history(history, error);
    if (ended == NULL)
        return false;
    ended->result = result;
    ended->ended = files_now();
    if (counts != NULL) {
        json_decref(ended->counts);
        ended->counts = json_deep_copy(counts);
    }
    batch_put_history(batch, ended);
    return true;
}

/* Whoever is still "running" while we hold the lease is dead. */
static bool tidy_history(State *state, GError **error) {
    g_autoptr(StateBatch) batch = state_batch_new();
    g_autoptr(GPtrArray) history = history_of(state);
    for (guint i = 0; i < history->len; i++) {
        const HistoryRecord *record = history->pdata[i];
        g_autofree char *key = g_strconcat(RECORD_HISTORY, record->id, NULL);
        if (i >= HISTORY_KEPT)
            batch_delete(batch, key);
        else if (record->result == HISTORY_RUNNING && strcmp(record->id, state->apply) != 0 &&
                 !put_result(batch, record, HISTORY_INTERRUPTED, NULL, error))
            return false;
    }
    return commit_locked(state, batch, error);
}

static bool begin_locked(State *state, GError **error) {
    g_autofree char *uid = g_strdup(state->view->meta->uid);
    if (!read_again(state, error))
        return false;
    if (state->view->meta == NULL || strcmp(state->view->meta->uid, uid) != 0) {
        error_set(error, STORE_ERROR, STORE_ERROR_CONFLICT, "run the command again",
                  "the state was replaced meanwhile");
        return false;
    }
    return tidy_history(state, error);
}

bool state_begin(State *state, const StateCommand *command, const LeaseRequest *lease, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    g_return_val_if_fail(state->lease == NULL && state->view->meta != NULL, false);
    const char *used = command->plan != NULL ? g_hash_table_lookup(state->view->plans, command->plan) : NULL;
    if (used != NULL)
        return set_used(command->plan, used, error);
    g_autoptr(HistoryRecord) history = history_new(command);
    if (!take_lease(state, command, lease, history, error))
        return false;
    g_free(state->apply);
    state->apply = g_strdup(history->id);
    if (begin_locked(state, error))
        return true;
    g_clear_pointer(&state->lease, lease_release);
    return false;
}

const char *state_apply(const State *state) {
    return state->apply;
}

bool state_check_lease(State *state, GError **error) {
    /* Not under the state's lock, which a commit may hold for long: the lease has a lock of its own. */
    return has_lease(state, error) && lease_check(state->lease, error);
}

bool state_end(State *state, HistoryResult result, const json_t *counts, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    if (!has_lease(state, error))
        return false;
    g_autoptr(StateBatch) batch = state_batch_new();
    const HistoryRecord *history = g_hash_table_lookup(state->view->history, state->apply);
    bool written = put_result(batch, history, result, counts, error) && commit_locked(state, batch, error);
    g_clear_pointer(&state->lease, lease_release);
    return written;
}
