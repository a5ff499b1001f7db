/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of store implements. A driver does as store.h says of the function of the same name; `self` is
 * what its open() made, and may be used by several threads at once.
 */
#pragma once

#include "store/store.h"

/* Longest key and value, whatever the kind. */
#define STORE_KEY_LIMIT 512
#define STORE_VALUE_LIMIT ((gsize)16 * 1024 * 1024)

typedef struct {
    const char *scheme; /* before the colon of a URL */
    /* NULL, or why `rest`, what follows the colon, is no good. */
    const char *(*refusal)(const char *rest);
    gpointer (*open)(const char *rest, const char *base, GError **error);
    GHashTable *(*snapshot)(gpointer self, GError **error);
    GPtrArray *(*scan)(gpointer self, const char *prefix, const char *before, guint limit, GError **error);
    bool (*commit)(gpointer self, const StoreChange *changes, gsize count, gint64 *serials, GError **error);
    void (*close)(gpointer self);
} StoreDriver;

extern const StoreDriver sqlite_driver;

/* An empty snapshot. */
GHashTable *store_snapshot_new(void);
/* Puts a record that was read as text into a snapshot. STORE_ERROR_FORMAT where it is not JSON. */
bool store_snapshot_add(GHashTable *snapshot, const char *key, gint64 serial, const char *text, gsize length,
                        GError **error);
/* STORE_ERROR_CONFLICT that names the change's key. */
void store_set_conflict(GError **error, const StoreChange *change, gint64 found);
