/* SPDX-License-Identifier: Apache-2.0 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "store/store.h"

#include "fixture.h"

static gint64 serial_of(GHashTable *snapshot, const char *key) {
    const StoreRecord *record = g_hash_table_lookup(snapshot, key);
    return record != NULL ? record->serial : 0;
}

static gint64 stored_serial(Fixture *fixture, const char *key) {
    g_autoptr(GHashTable) snapshot = store_snapshot(fixture->store, NULL);
    return serial_of(snapshot, key);
}

static void assert_mode(const char *path, mode_t mode) {
    struct stat information;
    g_assert_cmpint(stat(path, &information), ==, 0);
    g_assert_cmphex(information.st_mode & 0777, ==, mode);
}

static void reads_as_empty_and_makes_no_file(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) snapshot = store_snapshot(fixture->store, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_hash_table_size(snapshot), ==, 0);
    g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
}

static void first_commit_makes_a_private_file(Fixture *fixture, gconstpointer data) {
    fixture_put(fixture, "meta", "{\"v\":1}");
    assert_mode(fixture->path, 0600);
    g_autofree char *folder = g_path_get_dirname(fixture->path);
    assert_mode(folder, 0700);
    g_auto(GStrv) names = files_list(folder, NULL);
    for (gsize i = 0; names[i] != NULL; i++)
        g_assert_true(g_str_has_prefix(names[i], "dev.db"));
}

static void gives_back_what_was_put(Fixture *fixture, gconstpointer data) {
    fixture_put(fixture, "resource/1", "{\"v\":1,\"name\":\"Größe\"}");
    g_autoptr(Store) other = fixture_open(fixture);
    g_autoptr(GHashTable) snapshot = store_snapshot(other, NULL);
    const StoreRecord *record = g_hash_table_lookup(snapshot, "resource/1");
    g_assert_cmpstr(json_get_string(record->value, "name"), ==, "Größe");
}

static void serials_grow_by_one(Fixture *fixture, gconstpointer data) {
    gint64 first = fixture_put(fixture, "a", "{}");
    g_assert_cmpint(fixture_put(fixture, "a", "{}"), ==, first + 1);
    g_assert_cmpint(stored_serial(fixture, "a"), ==, first + 1);
}

static void deleted_key_starts_above_its_last(Fixture *fixture, gconstpointer data) {
    for (int i = 0; i < 5; i++)
        fixture_put(fixture, "a", "{}");
    g_assert_cmpint(fixture_put(fixture, "a", NULL), ==, 0);
    g_assert_cmpint(fixture_put(fixture, "a", "{}"), ==, 6);
    g_assert_cmpint(fixture_put(fixture, "a", NULL), ==, 0);
    g_autoptr(Store) other = fixture_open(fixture);
    g_assert_cmpint(fixture_put(fixture, "a", "{}"), ==, 7);
}

static void commits_all_or_nothing(Fixture *fixture, gconstpointer data) {
    gint64 serial = fixture_put(fixture, "a", "{\"n\":1}");
    g_autoptr(json_t) value = json_pack("{s:i}", "n", 2);
    const StoreChange changes[] = {{"a", serial, value}, {"b", 0, value}, {"c", 9, value}};
    gint64 serials[3] = {-7, -7, -7};
    g_autoptr(GError) error = NULL;
    g_assert_false(store_commit(fixture->store, changes, 3, serials, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_CONFLICT);
    g_assert_nonnull(strstr(error->message, "'c'"));
    g_assert_cmpint(serials[0], ==, -7);
    g_assert_cmpint(stored_serial(fixture, "a"), ==, serial);
    g_assert_cmpint(stored_serial(fixture, "b"), ==, 0);
    g_assert_true(store_commit(fixture->store, changes, 2, serials, NULL));
    g_assert_cmpint(serials[0], ==, serial + 1);
}

static void absent_must_be_absent(Fixture *fixture, gconstpointer data) {
    fixture_put(fixture, "a", "{}");
    g_autoptr(json_t) value = json_object();
    const StoreChange change = {"a", 0, value};
    g_autoptr(GError) error = NULL;
    g_assert_false(store_commit(fixture->store, &change, 1, NULL, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_CONFLICT);
}

#define WRITERS 4
#define ROUNDS 25

static gpointer count_up(gpointer data) {
    Store *store = fixture_open(data);
    for (int done = 0; done < ROUNDS;) {
        g_autoptr(GHashTable) snapshot = store_snapshot(store, NULL);
        const StoreRecord *record = g_hash_table_lookup(snapshot, "n");
        gint64 number = record != NULL ? json_get_integer(record->value, "n", 0) : 0;
        g_autoptr(json_t) value = json_pack("{s:I}", "n", (json_int_t)number + 1);
        const StoreChange change = {"n", record != NULL ? record->serial : 0, value};
        done += store_commit(store, &change, 1, NULL, NULL);
    }
    store_close(store);
    return NULL;
}

static void writers_lose_no_update(Fixture *fixture, gconstpointer data) {
    GThread *threads[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        threads[i] = g_thread_new("writer", count_up, fixture);
    for (int i = 0; i < WRITERS; i++)
        g_thread_join(threads[i]);
    g_autoptr(GHashTable) snapshot = store_snapshot(fixture->store, NULL);
    const StoreRecord *record = g_hash_table_lookup(snapshot, "n");
    g_assert_cmpint(json_get_integer(record->value, "n", 0), ==, WRITERS * ROUNDS);
}

static void refuses_a_foreign_file(Fixture *fixture, gconstpointer data) {
    g_autofree char *folder = g_path_get_dirname(fixture->path);
    g_mkdir(folder, 0700);
    g_assert_true(
        g_file_set_contents(fixture->path, "no database at all, but long enough to be one", -1, NULL));
    g_autoptr(GError) error = NULL;
    g_assert_null(store_snapshot(fixture->store, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FORMAT);
    g_clear_error(&error);
    g_assert_true(g_file_set_contents(fixture->path, "", 0, NULL));
    g_assert_null(store_snapshot(fixture->store, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FORMAT);
}

static void refuses_unknown_kinds_without_showing_them(void) {
    const char *reason = NULL;
    g_assert_true(store_url_is_valid("sqlite:x.db", &reason));
    g_assert_false(store_url_is_valid("sqlite:", &reason));
    g_assert_nonnull(reason);
    g_autoptr(GError) error = NULL;
    g_assert_null(store_open("oracle://me:s3cret@host", "/tmp", &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FAILED);
    g_assert_null(strstr(error->message, "s3cret"));
}

#define ADD(title, function) \
    g_test_add("/store/" title, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("a store without a file reads as empty and makes none", reads_as_empty_and_makes_no_file);
    ADD("the first commit makes a file and a folder for the owner only", first_commit_makes_a_private_file);
    ADD("a record comes back as it was put", gives_back_what_was_put);
    ADD("a record's serial grows by one", serials_grow_by_one);
    ADD("a deleted key starts again above its last serial", deleted_key_starts_above_its_last);
    ADD("a commit does all or nothing", commits_all_or_nothing);
    ADD("a record that must be absent is a conflict", absent_must_be_absent);
    ADD("several writers lose no update", writers_lose_no_update);
    ADD("a file that is no state is refused", refuses_a_foreign_file);
    g_test_add_func("/store/an unknown kind is refused without showing the url",
                    refuses_unknown_kinds_without_showing_them);
    return g_test_run();
}
