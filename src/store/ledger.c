/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ledger.h"

#include <string.h>

#include "base/files.h"
#include "base/ulid.h"

#define RUN "run/"
#define MARK "mark/"
#define SOURCE "source/"
#define AUDIT "audit/"
#define DELIVERY "delivery/"
#define DELIVERIES_MOST 10000
#define CHANGES_MOST 5

struct Ledger {
    Store *store;
    GMutex lock;
    GTree *runs;            /* id → RunRecord */
    GHashTable *marks;      /* environment → MarkRecord */
    GHashTable *sources;    /* plugin → SourceRecord */
    GHashTable *deliveries; /* "provider id" → its key in the store */
    GQueue order;           /* of deliveries' names, the oldest first; borrowed from the table */
    LedgerListener listener;
    gpointer user_data;
};

static void free_run(gpointer run) {
    run_record_unref(run);
}

static void free_mark(gpointer mark) {
    mark_record_unref(mark);
}

static void free_source(gpointer source) {
    source_record_unref(source);
}

static int compare_ids(gconstpointer left, gconstpointer right, gpointer user_data) {
    return strcmp(left, right);
}

/* --- Reading -------------------------------------------------------------------------------------------- */

static void hold_run(Ledger *ledger, RunRecord *run) {
    g_tree_replace(ledger->runs, run->id, run);
}

static void hold_mark(Ledger *ledger, MarkRecord *mark) {
    g_hash_table_replace(ledger->marks, mark->environment, mark);
}

static void hold_source(Ledger *ledger, SourceRecord *source) {
    g_hash_table_replace(ledger->sources, source->plugin, source);
}

static void hold_delivery(Ledger *ledger, const char *name, const char *key) {
    char *held = g_strdup(name);
    g_hash_table_insert(ledger->deliveries, held, g_strdup(key));
    g_queue_push_tail(&ledger->order, held);
}

static bool read_record(Ledger *ledger, const char *key, const StoreRecord *record, GError **error) {
    if (g_str_has_prefix(key, RUN)) {
        RunRecord *run = run_record_from_json(key, record->serial, record->value, error);
        if (run != NULL)
            hold_run(ledger, run);
        return run != NULL;
    }
    if (g_str_has_prefix(key, MARK)) {
        MarkRecord *mark = mark_record_from_json(key, record->serial, record->value, error);
        if (mark != NULL)
            hold_mark(ledger, mark);
        return mark != NULL;
    }
    if (g_str_has_prefix(key, SOURCE)) {
        SourceRecord *source = source_record_from_json(key, record->serial, record->value, error);
        if (source != NULL)
            hold_source(ledger, source);
        return source != NULL;
    }
    return true;
}

static bool read_all(Ledger *ledger, GError **error) {
    g_autoptr(GHashTable) snapshot = store_snapshot(ledger->store, error);
    if (snapshot == NULL)
        return false;
    g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(snapshot), (GCompareFunc)strcmp);
    for (const GList *link = keys; link != NULL; link = link->next) {
        const char *key = link->data;
        const StoreRecord *record = g_hash_table_lookup(snapshot, key);
        const char *name = json_get_string(record->value, "name");
        if (g_str_has_prefix(key, DELIVERY) && name != NULL)
            hold_delivery(ledger, name, key);
        else if (!read_record(ledger, key, record, error))
            return false;
    }
    return true;
}

Ledger *ledger_open(Store *store, GError **error) {
    g_autoptr(Ledger) ledger = g_new0(Ledger, 1);
    ledger->store = store;
    g_mutex_init(&ledger->lock);
    ledger->runs = g_tree_new_full(compare_ids, NULL, NULL, free_run);
    ledger->marks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_mark);
    ledger->sources = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_source);
    ledger->deliveries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return read_all(ledger, error) ? g_steal_pointer(&ledger) : NULL;
}

void ledger_close(Ledger *ledger) {
    if (ledger == NULL)
        return;
    g_tree_unref(ledger->runs);
    g_hash_table_unref(ledger->marks);
    g_hash_table_unref(ledger->sources);
    g_queue_clear(&ledger->order);
    g_hash_table_unref(ledger->deliveries);
    g_mutex_clear(&ledger->lock);
    g_free(ledger);
}

void ledger_listen(Ledger *ledger, LedgerListener listener, gpointer user_data) {
    ledger->listener = listener;
    ledger->user_data = user_data;
}

RunRecord *ledger_run(Ledger *ledger, const char *id) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ledger->lock);
    RunRecord *run = g_tree_lookup(ledger->runs, id);
    return run != NULL ? run_record_ref(run) : NULL;
}

MarkRecord *ledger_mark(Ledger *ledger, const char *environment) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ledger->lock);
    MarkRecord *mark = g_hash_table_lookup(ledger->marks, environment);
    return mark != NULL ? mark_record_ref(mark) : mark_record_new(environment);
}

SourceRecord *ledger_source(Ledger *ledger, const char *plugin) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ledger->lock);
    SourceRecord *source = g_hash_table_lookup(ledger->sources, plugin);
    return source != NULL ? source_record_ref(source) : NULL;
}

static gboolean add_first(gpointer id, gpointer run, gpointer runs) {
    g_ptr_array_insert(runs, 0, run_record_ref(run));
    return FALSE;
}

GPtrArray *ledger_runs(Ledger *ledger) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ledger->lock);
    GPtrArray *runs = g_ptr_array_new_with_free_func(free_run);
    g_tree_foreach(ledger->runs, add_first, runs);
    return runs;
}

GPtrArray *ledger_audit(Ledger *ledger, const char *before, guint limit, GError **error) {
    g_autofree char *key = before != NULL ? g_strconcat(AUDIT, before, NULL) : NULL;
    return store_scan(ledger->store, AUDIT, key, limit, error);
}

/* --- Writing -------------------------------------------------------------------------------------------- */

/* The changes of one commit, with keys and values of their own. */
typedef struct {
    StoreChange changes[CHANGES_MOST];
    gsize count;
} Commit;

static void commit_clear(Commit *commit) {
    for (gsize i = 0; i < commit->count; i++) {
        g_free((char *)commit->changes[i].key);
        json_decref(commit->changes[i].value);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Commit, commit_clear)

static void add(Commit *commit, const char *kind, const char *id, gint64 expected, json_t *value) {
    commit->changes[commit->count++] = (StoreChange){g_strconcat(kind, id, NULL), expected, value};
}

static void fill(Commit *commit, const LedgerChange *change) {
    if (change->run != NULL)
        add(commit, RUN, change->run->id, change->run->serial, run_record_to_json(change->run));
    if (change->other != NULL)
        add(commit, RUN, change->other->id, change->other->serial, run_record_to_json(change->other));
    if (change->mark != NULL)
        add(commit, MARK, change->mark->environment, change->mark->serial, mark_record_to_json(change->mark));
    if (change->source != NULL)
        add(commit, SOURCE, change->source->plugin, STORE_ANY, source_record_to_json(change->source));
    if (change->audit != NULL)
        add(commit, AUDIT, json_get_string(change->audit, "id"), 0, json_incref(change->audit));
}

static void hold_run_copy(Ledger *ledger, const RunRecord *run, gint64 serial) {
    RunRecord *held = run_record_copy(run);
    held->serial = serial;
    hold_run(ledger, held);
}

/* What was written, in the order of fill(). */
static void hold(Ledger *ledger, const LedgerChange *change, const gint64 *serials) {
    gsize next = 0;
    if (change->run != NULL)
        hold_run_copy(ledger, change->run, serials[next++]);
    if (change->other != NULL)
        hold_run_copy(ledger, change->other, serials[next++]);
    if (change->mark != NULL) {
        MarkRecord *mark = mark_record_copy(change->mark);
        mark->serial = serials[next++];
        hold_mark(ledger, mark);
    }
    if (change->source != NULL)
        hold_source(ledger, source_record_new(change->source->plugin, change->source->git,
                                              change->source->branch, change->source->commit));
}

static bool write_change(Ledger *ledger, const LedgerChange *change, GError **error) {
    g_auto(Commit) commit = {0};
    gint64 serials[CHANGES_MOST];
    fill(&commit, change);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ledger->lock);
    if (!store_commit(ledger->store, commit.changes, commit.count, serials, error))
        return false;
    hold(ledger, change, serials);
    return true;
}

static void tell(Ledger *ledger, const RunRecord *run) {
    if (run != NULL && ledger->listener != NULL)
        ledger->listener(run, ledger->user_data);
}

bool ledger_commit(Ledger *ledger, const LedgerChange *change, GError **error) {
    g_autoptr(json_t) audit = change->audit;
    if (!write_change(ledger, change, error))
        return false;
    tell(ledger, change->run);
    tell(ledger, change->other);
    return true;
}

/* --- Deliveries ----------------------------------------------------------------------------------------- */

bool ledger_take_delivery(Ledger *ledger, const char *provider, const char *id) {
    g_autofree char *name = g_strdup_printf("%s %s", provider, id);
    g_autofree char *ulid = ulid_new();
    g_autofree char *key = g_strconcat(DELIVERY, ulid, NULL);
    g_autoptr(json_t) value = json_pack("{s:i, s:s}", "v", 1, "name", name);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ledger->lock);
    if (value == NULL || g_hash_table_contains(ledger->deliveries, name))
        return false;
    bool full = g_queue_get_length(&ledger->order) >= DELIVERIES_MOST;
    const char *oldest = full ? g_queue_peek_head(&ledger->order) : NULL;
    const StoreChange changes[] = {
        {key, 0, value},
        {full ? g_hash_table_lookup(ledger->deliveries, oldest) : NULL, STORE_ANY, NULL},
    };
    if (!store_commit(ledger->store, changes, full ? 2 : 1, NULL, NULL))
        return false;
    if (full)
        g_hash_table_remove(ledger->deliveries, g_queue_pop_head(&ledger->order));
    hold_delivery(ledger, name, key);
    return true;
}

/* --- Forgetting ----------------------------------------------------------------------------------------- */

static bool forget(Ledger *ledger, const char *id, GError **error) {
    g_autofree char *key = g_strconcat(RUN, id, NULL);
    const StoreChange change = {key, STORE_ANY, NULL};
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ledger->lock);
    if (!store_commit(ledger->store, &change, 1, NULL, error))
        return false;
    g_tree_remove(ledger->runs, id);
    return true;
}

GPtrArray *ledger_prune(Ledger *ledger, guint keep, bool (*has_ended)(const RunRecord *run), GError **error) {
    g_autoptr(GPtrArray) runs = ledger_runs(ledger);
    g_autoptr(GPtrArray) forgotten = g_ptr_array_new_with_free_func(g_free);
    for (guint i = keep; i < runs->len; i++) {
        const RunRecord *run = runs->pdata[i];
        if (!has_ended(run))
            continue;
        if (!forget(ledger, run->id, error))
            return NULL;
        g_ptr_array_add(forgotten, g_strdup(run->id));
    }
    return g_steal_pointer(&forgotten);
}
