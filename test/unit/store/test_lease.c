/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lease.h"

#include "fixture.h"

static LeaseRequest request_of(guint wait_ms) {
    return (LeaseRequest){
        .by = "anna", .command = "apply dev", .ttl_ms = 400, .heartbeat_ms = 50, .wait_ms = wait_ms};
}

static Lease *acquire(Fixture *fixture, guint wait_ms, GError **error) {
    LeaseRequest request = request_of(wait_ms);
    return lease_acquire(fixture->store, &request, NULL, 0, error);
}

static gint64 stored_beat(Fixture *fixture) {
    g_autoptr(GHashTable) snapshot = store_snapshot(fixture->store, NULL);
    const StoreRecord *record = g_hash_table_lookup(snapshot, "lease");
    return record != NULL ? json_get_integer(record->value, "beat", -1) : -1;
}

static void beats_and_is_gone_after_release(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    Lease *lease = acquire(fixture, 0, &error);
    g_assert_no_error(error);
    gint64 first = stored_beat(fixture);
    for (int i = 0; i < 100 && stored_beat(fixture) < first + 2; i++)
        g_usleep(20000);
    g_assert_cmpint(stored_beat(fixture), >=, first + 2);
    g_assert_true(lease_check(lease, &error));
    lease_release(lease);
    g_assert_cmpint(stored_beat(fixture), ==, -1);
}

static void second_is_told_who_holds_it(Fixture *fixture, gconstpointer data) {
    g_autoptr(Lease) lease = acquire(fixture, 0, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(acquire(fixture, 0, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_HELD);
    g_assert_nonnull(strstr(error->message, "'apply dev' of anna"));
    g_assert_nonnull(error_hint(error));
    g_autoptr(GHashTable) snapshot = store_snapshot(fixture->store, NULL);
    g_autofree char *who = lease_describe(snapshot);
    g_assert_nonnull(strstr(who, "'apply dev' of anna"));
}

static gpointer release_soon(gpointer lease) {
    g_usleep(150000);
    lease_release(lease);
    return NULL;
}

static void remember(const char *who, gpointer user_data) {
    *(char **)user_data = g_strdup(who);
}

static void waits_for_its_end(Fixture *fixture, gconstpointer data) {
    Lease *first = acquire(fixture, 0, NULL);
    GThread *thread = g_thread_new("release", release_soon, first);
    g_autofree char *who = NULL;
    LeaseRequest request = request_of(30000);
    request.waiting = remember;
    request.user_data = &who;
    g_autoptr(GError) error = NULL;
    g_autoptr(Lease) second = lease_acquire(fixture->store, &request, NULL, 0, &error);
    g_assert_no_error(error);
    g_assert_nonnull(second);
    g_assert_nonnull(who);
    g_thread_join(thread);
}

static void waiting_is_cancelled(Fixture *fixture, gconstpointer data) {
    g_autoptr(Lease) first = acquire(fixture, 0, NULL);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_cancellable_cancel(cancellable);
    LeaseRequest request = request_of(30000);
    request.cancellable = cancellable;
    g_autoptr(GError) error = NULL;
    g_assert_null(lease_acquire(fixture->store, &request, NULL, 0, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
}

/* A child that holds the lease and is killed. */
static void leave_a_dead_owner(Fixture *fixture) {
    pid_t child = fork();
    if (child == 0) {
        Store *own = fixture_open(fixture);
        LeaseRequest request = request_of(0);
        request.ttl_ms = 3600 * 1000;
        _exit(lease_acquire(own, &request, NULL, 0, NULL) != NULL ? 0 : 1);
    }
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

static void dead_process_is_taken_over_at_once(Fixture *fixture, gconstpointer data) {
    leave_a_dead_owner(fixture);
    g_autoptr(GHashTable) snapshot = store_snapshot(fixture->store, NULL);
    g_assert_nonnull(g_hash_table_lookup(snapshot, "lease"));
    g_assert_null(lease_describe(snapshot));
    g_autoptr(GError) error = NULL;
    gint64 began = g_get_monotonic_time();
    g_autoptr(Lease) lease = acquire(fixture, 0, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_get_monotonic_time() - began, <, 5 * G_USEC_PER_SEC);
}

static void put_elsewhere(Fixture *fixture, int beat) {
    g_autofree char *text =
        g_strdup_printf("{\"v\":1,\"nonce\":\"N\",\"owner\":{\"host\":\"elsewhere\",\"boot_id\":\"b\","
                        "\"pid\":1,\"started\":1},"
                        "\"by\":\"bo\",\"command\":\"apply dev\",\"ttl_s\":0.3,\"beat\":%d}",
                        beat);
    fixture_put(fixture, "lease", text);
}

static void standing_beat_elsewhere_is_dead_after_its_ttl(Fixture *fixture, gconstpointer data) {
    put_elsewhere(fixture, 7);
    gint64 began = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    g_autoptr(Lease) lease = acquire(fixture, 0, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_get_monotonic_time() - began, >=, 300 * 1000);
}

static gpointer beat_elsewhere(gpointer data) {
    for (int beat = 2; beat < 60; beat++) {
        g_usleep(20000);
        put_elsewhere(data, beat);
    }
    return NULL;
}

static void moving_beat_elsewhere_is_alive(Fixture *fixture, gconstpointer data) {
    put_elsewhere(fixture, 1);
    GThread *thread = g_thread_new("elsewhere", beat_elsewhere, fixture);
    g_autoptr(GError) error = NULL;
    g_assert_null(acquire(fixture, 0, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_HELD);
    g_thread_join(thread);
}

static void loser_can_not_write(Fixture *fixture, gconstpointer data) {
    g_autoptr(Lease) lease = acquire(fixture, 0, NULL);
    g_assert_true(lease_break(fixture->store, NULL));
    g_autoptr(json_t) value = json_object();
    const StoreChange change = {"a", 0, value};
    g_autoptr(GError) error = NULL;
    g_assert_false(lease_commit(lease, &change, 1, NULL, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_LOST);
    g_clear_error(&error);
    g_assert_false(lease_check(lease, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_LOST);
    g_autoptr(GHashTable) snapshot = store_snapshot(fixture->store, NULL);
    g_assert_null(g_hash_table_lookup(snapshot, "a"));
}

static void release_leaves_anothers_lease(Fixture *fixture, gconstpointer data) {
    Lease *lease = acquire(fixture, 0, NULL);
    put_elsewhere(fixture, 1);
    lease_release(lease);
    g_assert_cmpint(stored_beat(fixture), ==, 1);
}

static void goes_along_with_changes(Fixture *fixture, gconstpointer data) {
    g_autoptr(json_t) value = json_object();
    const StoreChange change = {"plan/1", 0, value};
    LeaseRequest request = request_of(0);
    g_autoptr(GError) error = NULL;
    Lease *first = lease_acquire(fixture->store, &request, &change, 1, &error);
    g_assert_no_error(error);
    lease_release(first);
    g_assert_null(lease_acquire(fixture->store, &request, &change, 1, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_CONFLICT);
    g_assert_cmpint(stored_beat(fixture), ==, -1);
}

#define ADD(title, function) \
    g_test_add("/lease/" title, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("a dead process of this boot is taken over at once", dead_process_is_taken_over_at_once);
    ADD("it beats while it is held and is gone after release", beats_and_is_gone_after_release);
    ADD("a second one is told who holds it", second_is_told_who_holds_it);
    ADD("a second one waits for its end", waits_for_its_end);
    ADD("waiting ends when it is cancelled", waiting_is_cancelled);
    ADD("a standing beat elsewhere is dead after its ttl", standing_beat_elsewhere_is_dead_after_its_ttl);
    ADD("a moving beat elsewhere is alive", moving_beat_elsewhere_is_alive);
    ADD("who lost it can not write", loser_can_not_write);
    ADD("a release leaves another's lease alone", release_leaves_anothers_lease);
    ADD("changes are committed with it or not at all", goes_along_with_changes);
    return g_test_run();
}
