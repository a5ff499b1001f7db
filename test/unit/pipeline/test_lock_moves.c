/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/lock_moves.h"

#include <string.h>

#define OLD "1111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222"

static void put_plugin(Lock *lock, const char *name, const char *resolved) {
    LockedPlugin *plugin = lock_add_plugin(lock, name);
    LockedVersion *version = g_new0(LockedVersion, 1);
    version->version = g_strdup(resolved);
    version->resolved = g_strdup(resolved);
    version->path = g_strdup("x.jar");
    version->sha256 = g_strdup(resolved);
    g_ptr_array_add(plugin->versions, version);
}

static Lock *make(const char *version, const char *pin) {
    Lock *lock = lock_new("prod");
    put_plugin(lock, "orders-source", version);
    put_plugin(lock, "same", "7.0");
    lock_set_module(lock, "orders", "../modules/orders", pin, "sha256:1");
    lock_set_module(lock, "other", "../modules/other", OLD, "sha256:1");
    return lock;
}

static const char *current(const Lock *lock) {
    return locked_plugin_current(lock_find_plugin(lock, "orders-source"))->resolved;
}

static void what_differs_moved(void) {
    g_autoptr(Lock) before = make("1.0.0", OLD), after = make("1.1.0", NEW);
    g_autoptr(json_t) moves = lock_moves(before, after);
    g_autofree char *text = json_canonical(moves);
    g_assert_cmpstr(text, ==,
                    "[{\"kind\":\"plugin\",\"name\":\"orders-source\",\"version\":\"1.1.0\"},"
                    "{\"kind\":\"module\",\"name\":\"orders\",\"version\":\"" NEW "\"}]");
}

static void what_is_new_can_not_go_back(void) {
    g_autoptr(Lock) before = make("1.0.0", OLD), after = make("1.0.0", OLD);
    put_plugin(after, "brand-new", "1.0");
    lock_set_module(after, "fresh", "../modules/fresh", NEW, "sha256:2");
    g_autoptr(json_t) moves = lock_moves(before, after);
    g_assert_cmpuint(json_array_size(moves), ==, 0);
}

static void builds_of_one_snapshot_are_told_apart(void) {
    g_autoptr(Lock) before = make("1.0-20260101.000000-1", OLD), after = make("1.0-20260102.000000-2", OLD);
    g_autoptr(json_t) moves = lock_moves(before, after);
    g_assert_cmpuint(json_array_size(moves), ==, 1);
    g_autofree char *said = lock_take_back(after, before, moves, "it failed", "r1");
    g_assert_cmpstr(current(after), ==, "1.0-20260101.000000-1");
    g_assert_true(lock_holds(after, "orders-source", "1.0-20260102.000000-2"));
    g_assert_false(lock_holds(after, "orders-source", "1.0-20260101.000000-1"));
}

static void what_is_taken_back_is_held(void) {
    g_autoptr(Lock) before = make("1.0.0", OLD), after = make("1.1.0", NEW);
    g_autoptr(json_t) moves = lock_moves(before, after);
    g_autofree char *said = lock_take_back(after, before, moves, "task failed", "r1");
    g_assert_cmpstr(said, ==, "orders-source to 1.0.0, orders to 1111111111");
    g_assert_cmpstr(current(after), ==, "1.0.0");
    g_assert_cmpstr(lock_find_module(after, "orders")->commit, ==, OLD);
    g_assert_cmpuint(after->holds->len, ==, 1);
    const LockHold *hold = after->holds->pdata[0];
    g_assert_cmpstr(hold->version, ==, "1.1.0");
    g_assert_cmpstr(hold->why, ==, "task failed");
    g_assert_cmpstr(hold->run, ==, "r1");
}

static void what_has_moved_on_stays(void) {
    g_autoptr(Lock) before = make("1.0.0", OLD), after = make("1.1.0", NEW), now = make("1.2.0", OLD);
    g_autoptr(json_t) moves = lock_moves(before, after);
    g_assert_null(lock_take_back(now, before, moves, "task failed", "r1"));
    g_assert_cmpstr(current(now), ==, "1.2.0");
    g_assert_cmpuint(now->holds->len, ==, 0);
}

static void taking_back_twice_changes_nothing(void) {
    g_autoptr(Lock) before = make("1.0.0", OLD), after = make("1.1.0", OLD);
    g_autoptr(json_t) moves = lock_moves(before, after);
    g_autofree char *said = lock_take_back(after, before, moves, "task failed", "r1");
    g_autofree char *digest = lock_digest(after);
    g_assert_null(lock_take_back(after, before, moves, "task failed", "r1"));
    g_autofree char *again = lock_digest(after);
    g_assert_cmpstr(digest, ==, again);
}

#define TEST(rule) g_test_add_func("/lock_moves/" #rule, rule)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    TEST(what_differs_moved);
    TEST(what_is_new_can_not_go_back);
    TEST(builds_of_one_snapshot_are_told_apart);
    TEST(what_is_taken_back_is_held);
    TEST(what_has_moved_on_stays);
    TEST(taking_back_twice_changes_nothing);
    return g_test_run();
}
