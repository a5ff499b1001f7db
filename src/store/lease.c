/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lease.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "base/ulid.h"
#include "store/records.h"

#define POLL_MS 200

struct Lease {
    Store *store;
    guint heartbeat_ms;
    GThread *thread;
    GMutex lock; /* of all below */
    GCond wake;
    bool ending;
    char *lost;          /* why it is lost; NULL while it is ours */
    LeaseRecord *record; /* as it was last written */
    gint64 serial;
    gint64 beaten_at; /* when, by boot_clock() */
};

/* What a waiting observer knows of a lease: the last beat it saw, and since when it has not changed. */
typedef struct {
    char *nonce;
    gint64 beat;
    gint64 seen_at; /* g_get_monotonic_time() */
} Observation;

static void observation_clear(Observation *observation) {
    g_free(observation->nonce);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Observation, observation_clear)

/* Microseconds of a clock that goes on while the machine sleeps: a sleeper must notice that its time is over.
 */
static gint64 boot_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static gint64 ttl_us(const LeaseRecord *record) {
    return (gint64)(record->ttl_s * G_USEC_PER_SEC);
}

/* Owners */

static char *own_namespace(void) {
    return g_file_read_link("/proc/self/ns/pid", NULL);
}

static LeaseRecord *own_record(const LeaseRequest *request) {
    LeaseRecord *record = g_new0(LeaseRecord, 1);
    record->nonce = ulid_new();
    record->host = g_strdup(g_get_host_name());
    record->boot_id = process_boot_id();
    record->pid_namespace = own_namespace();
    record->pid = getpid();
    record->started = (gint64)process_identify(getpid()).started;
    record->by = g_strdup(request->by);
    record->command = g_strdup(request->command);
    record->since = files_now();
    record->ttl_s = request->ttl_ms / 1000.0;
    return record;
}

/* Whether its owner's pid means here what it means there. */
static bool is_neighbour(const LeaseRecord *record) {
    g_autofree char *boot_id = process_boot_id();
    g_autofree char *pid_namespace = own_namespace();
    return strcmp(record->host, g_get_host_name()) == 0 && g_strcmp0(record->boot_id, boot_id) == 0 &&
           g_strcmp0(record->pid_namespace, pid_namespace) == 0;
}

static bool process_lives(const LeaseRecord *record) {
    return process_is_alive((ProcessId){.pid = (GPid)record->pid, .started = (guint64)record->started});
}

static bool stood_still(const LeaseRecord *record, Observation *observation) {
    gint64 now = g_get_monotonic_time();
    if (g_strcmp0(observation->nonce, record->nonce) == 0 && observation->beat == record->beat)
        return now - observation->seen_at >= ttl_us(record);
    g_free(observation->nonce);
    *observation = (Observation){.nonce = g_strdup(record->nonce), .beat = record->beat, .seen_at = now};
    return false;
}

static char *describe(const LeaseRecord *record) {
    g_autofree char *since =
        record->since != NULL ? g_strconcat(", since ", record->since, NULL) : g_strdup("");
    return g_strdup_printf("'%s' of %s (process %" G_GINT64_FORMAT " on %s%s)", record->command, record->by,
                           record->pid, record->host, since);
}

/* *record is NULL where there is none. */
static bool find_lease(GHashTable *snapshot, LeaseRecord **record, gint64 *serial, GError **error) {
    *record = NULL;
    *serial = 0;
    const StoreRecord *stored = g_hash_table_lookup(snapshot, RECORD_LEASE);
    if (stored == NULL)
        return true;
    *serial = stored->serial;
    *record = lease_record_from_json(RECORD_LEASE, stored->value, error);
    return *record != NULL;
}

char *lease_describe(GHashTable *snapshot) {
    g_autoptr(LeaseRecord) record = NULL;
    gint64 serial;
    if (!find_lease(snapshot, &record, &serial, NULL) || record == NULL)
        return NULL;
    if (is_neighbour(record) && !process_lives(record))
        return NULL;
    return describe(record);
}

bool lease_break(Store *store, GError **error) {
    const StoreChange drop = {.key = RECORD_LEASE, .expected = STORE_ANY, .value = NULL};
    return store_commit(store, &drop, 1, NULL, error);
}

/* Writing */

/* Commits the lease's record, expected at `serial`, and then the changes. */
static bool write_with(Store *store, const LeaseRecord *record, gint64 *serial, const StoreChange *changes,
                       gsize count, gint64 *serials, GError **error) {
    g_autoptr(json_t) value = lease_record_to_json(record);
    g_autofree StoreChange *all = g_new0(StoreChange, count + 1);
    g_autofree gint64 *made = g_new0(gint64, count + 1);
    all[0] = (StoreChange){.key = RECORD_LEASE, .expected = *serial, .value = value};
    for (gsize i = 0; i < count; i++)
        all[i + 1] = changes[i];
    if (!store_commit(store, all, count + 1, made, error))
        return false;
    *serial = made[0];
    for (gsize i = 0; serials != NULL && i < count; i++)
        serials[i] = made[i + 1];
    return true;
}

/* After a conflict: whether the store still carries our nonce. Then the conflict was another's, or a commit
 * of ours that was reported as failed has happened, and *moved says so. */
static bool is_still_ours(Lease *lease, bool *moved, GError **error) {
    g_autoptr(GHashTable) snapshot = store_snapshot(lease->store, error);
    g_autoptr(LeaseRecord) found = NULL;
    gint64 serial;
    if (snapshot == NULL || !find_lease(snapshot, &found, &serial, error))
        return false;
    if (found == NULL || strcmp(found->nonce, lease->record->nonce) != 0) {
        g_autofree char *who = found != NULL ? describe(found) : g_strdup("nobody");
        lease->lost = g_strdup_printf("it is now held by %s", who);
        error_set(error, STORE_ERROR, STORE_ERROR_LOST, NULL, "the lease on the state was lost: %s",
                  lease->lost);
        return false;
    }
    *moved = serial != lease->serial;
    lease->serial = serial;
    return true;
}

/* With the lock held. */
static bool beat_with(Lease *lease, const StoreChange *changes, gsize count, gint64 *serials,
                      GError **error) {
    if (lease->lost != NULL) {
        error_set(error, STORE_ERROR, STORE_ERROR_LOST, NULL, "the lease on the state was lost: %s",
                  lease->lost);
        return false;
    }
    gint64 now = boot_clock();
    g_autoptr(GError) problem = NULL;
    lease->record->beat++;
    bool written = write_with(lease->store, lease->record, &lease->serial, changes, count, serials, &problem);
    if (!written && g_error_matches(problem, STORE_ERROR, STORE_ERROR_CONFLICT)) {
        bool moved = false;
        if (!is_still_ours(lease, &moved, error))
            return false;
        if (moved) {
            g_clear_error(&problem);
            written =
                write_with(lease->store, lease->record, &lease->serial, changes, count, serials, &problem);
        }
    }
    if (written)
        lease->beaten_at = now;
    else
        g_propagate_error(error, g_steal_pointer(&problem));
    return written;
}

bool lease_commit(Lease *lease, const StoreChange *changes, gsize count, gint64 *serials, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lease->lock);
    return beat_with(lease, changes, count, serials, error);
}

bool lease_check(Lease *lease, GError **error) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lease->lock);
    bool fresh = boot_clock() - lease->beaten_at < ttl_us(lease->record) / 2;
    if (lease->lost == NULL && fresh)
        return true;
    return beat_with(lease, NULL, 0, NULL, error);
}

static gpointer keep_beating(gpointer data) {
    Lease *lease = data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lease->lock);
    while (!lease->ending && lease->lost == NULL) {
        gint64 next = g_get_monotonic_time() + (gint64)lease->heartbeat_ms * 1000;
        while (!lease->ending && g_cond_wait_until(&lease->wake, &lease->lock, next))
            continue;
        if (!lease->ending)
            beat_with(lease, NULL, 0, NULL, NULL); /* lease_check() tells of a failure */
    }
    return NULL;
}

static Lease *lease_new(Store *store, guint heartbeat_ms, LeaseRecord *record, gint64 serial,
                        gint64 beaten_at) {
    Lease *lease = g_new0(Lease, 1);
    lease->store = store;
    lease->heartbeat_ms = heartbeat_ms;
    lease->record = record;
    lease->serial = serial;
    lease->beaten_at = beaten_at;
    g_mutex_init(&lease->lock);
    g_cond_init(&lease->wake);
    lease->thread = g_thread_new("lease", keep_beating, lease);
    return lease;
}

void lease_release(Lease *lease) {
    if (lease == NULL)
        return;
    g_mutex_lock(&lease->lock);
    lease->ending = true;
    g_cond_signal(&lease->wake);
    g_mutex_unlock(&lease->lock);
    g_thread_join(lease->thread);
    const StoreChange drop = {.key = RECORD_LEASE, .expected = lease->serial, .value = NULL};
    if (lease->lost == NULL)
        store_commit(lease->store, &drop, 1, NULL, NULL);
    g_mutex_clear(&lease->lock);
    g_cond_clear(&lease->wake);
    lease_record_free(lease->record);
    g_free(lease->lost);
    g_free(lease);
}

/* Taking it */

/* Sleeps, or fails when cancelled meanwhile. */
static bool pause_for(guint milliseconds, GCancellable *cancellable, GError **error) {
    GPollFD descriptor;
    if (cancellable != NULL && g_cancellable_make_pollfd(cancellable, &descriptor)) {
        g_poll(&descriptor, 1, (int)milliseconds);
        g_cancellable_release_fd(cancellable);
    } else {
        g_usleep((gulong)milliseconds * 1000);
    }
    if (!g_cancellable_is_cancelled(cancellable))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, NULL,
              "cancelled while waiting for the lease on the state");
    return false;
}

static bool set_held(const LeaseRecord *record, GError **error) {
    g_autofree char *who = describe(record);
    error_set(
        error, STORE_ERROR, STORE_ERROR_HELD,
        "wait for it to end; where it is gone for good, 'sluice state unlock' takes the lease away from it",
        "the state is in use by %s", who);
    return false;
}

typedef struct {
    const LeaseRequest *request;
    gint64 began; /* g_get_monotonic_time() */
    bool told;    /* request->waiting was called */
    Observation observation;
} Waiting;

static void waiting_clear(Waiting *waiting) {
    observation_clear(&waiting->observation);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Waiting, waiting_clear)

/* Whether a beat was seen to move, or the process to live here. */
static bool surely_lives(const LeaseRecord *record, const Observation *before) {
    return is_neighbour(record) ||
           (g_strcmp0(before->nonce, record->nonce) == 0 && before->beat != record->beat);
}

/* Decides about the lease that was found: *take it, or sleep a little before looking again; false gives up.
 */
static bool consider(Waiting *waiting, const LeaseRecord *found, bool *take, GError **error) {
    const LeaseRequest *request = waiting->request;
    *take = true;
    if (is_neighbour(found) && !process_lives(found))
        return true;
    bool lives = surely_lives(found, &waiting->observation);
    if (stood_still(found, &waiting->observation))
        return true;
    *take = false;
    gint64 waited_ms = (g_get_monotonic_time() - waiting->began) / 1000;
    if (lives && waited_ms >= (gint64)request->wait_ms)
        return set_held(found, error);
    if (!waiting->told && request->waiting != NULL) {
        g_autofree char *who = describe(found);
        request->waiting(who, request->user_data);
    }
    waiting->told = true;
    return pause_for(MIN(POLL_MS, request->heartbeat_ms), request->cancellable, error);
}

/* After a conflict: whether it was one of the changes that go along, which waiting does not heal. */
static bool conflicts(GHashTable *snapshot, const StoreChange *changes, gsize count) {
    for (gsize i = 0; i < count; i++) {
        const StoreRecord *record = g_hash_table_lookup(snapshot, changes[i].key);
        if (changes[i].expected != STORE_ANY && changes[i].expected != (record != NULL ? record->serial : 0))
            return true;
    }
    return false;
}

Lease *lease_acquire(Store *store, const LeaseRequest *request, const StoreChange *with, gsize count,
                     GError **error) {
    g_auto(Waiting) waiting = {.request = request, .began = g_get_monotonic_time()};
    g_autoptr(LeaseRecord) own = own_record(request);
    g_autoptr(GError) conflict = NULL;
    while (true) {
        g_autoptr(GHashTable) snapshot = store_snapshot(store, error);
        g_autoptr(LeaseRecord) found = NULL;
        gint64 serial;
        if (snapshot == NULL || !find_lease(snapshot, &found, &serial, error))
            return NULL;
        if (conflict != NULL && conflicts(snapshot, with, count)) {
            g_propagate_error(error, g_steal_pointer(&conflict));
            return NULL;
        }
        bool take = true;
        if (found != NULL && !consider(&waiting, found, &take, error))
            return NULL;
        if (!take)
            continue;
        gint64 now = boot_clock();
        g_clear_error(&conflict);
        if (write_with(store, own, &serial, with, count, NULL, &conflict))
            return lease_new(store, request->heartbeat_ms, g_steal_pointer(&own), serial, now);
        if (!g_error_matches(conflict, STORE_ERROR, STORE_ERROR_CONFLICT)) {
            g_propagate_error(error, g_steal_pointer(&conflict));
            return NULL;
        }
    }
}
