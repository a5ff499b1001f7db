/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state file in a temporary folder, for the tests of this folder.
 */
#pragma once

#include "base/files.h"
#include "store/store.h"

typedef struct {
    char *folder;
    char *path;
    Store *store;
} Fixture;

static inline Store *fixture_open(Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    Store *store = store_open("sqlite:.sluice/dev.db", fixture->folder, &error);
    g_assert_no_error(error);
    return store;
}

static inline void fixture_set_up(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    fixture->folder = files_make_temporary(g_get_tmp_dir(), "sluice-store-", &error);
    g_assert_no_error(error);
    fixture->path = g_build_filename(fixture->folder, ".sluice", "dev.db", NULL);
    fixture->store = fixture_open(fixture);
}

static inline void fixture_tear_down(Fixture *fixture, gconstpointer data) {
    store_close(fixture->store);
    files_remove_tree(fixture->folder, NULL);
    g_free(fixture->path);
    g_free(fixture->folder);
}

/* Writes one record whatever its serial, and gives the new one. */
static inline gint64 fixture_put(Fixture *fixture, const char *key, const char *text) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = text != NULL ? json_read(text, strlen(text), key, &error) : NULL;
    g_assert_no_error(error);
    const StoreChange change = {.key = key, .expected = STORE_ANY, .value = value};
    gint64 serial = -1;
    store_commit(fixture->store, &change, 1, &serial, &error);
    g_assert_no_error(error);
    return serial;
}
