/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a state in memory, found by what people and the engine ask for. It belongs to one State,
 * whose lock guards it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "store/records.h"

/* Recorded offsets of a resource. */
typedef struct {
    char *id;
    json_t *value;
} ViewOffsets;

typedef struct {
    GHashTable *serials;    /* key → gint64 *, of every record that is known */
    MetaRecord *meta;       /* NULL where there is none */
    GHashTable *resources;  /* uid → ResourceRecord, owns them */
    GHashTable *by_address; /* address → the same, borrowed */
    GHashTable *by_name;    /* "kind cluster name" → the same, borrowed */
    GHashTable *intents;    /* uid → IntentRecord */
    GHashTable *history;    /* id → HistoryRecord */
    GHashTable *plans;      /* id → the apply's id */
    GHashTable *offsets;    /* uid → GPtrArray of ViewOffsets, oldest first */
} View;

/* Reads a snapshot. STORE_ERROR_FORMAT for a record that can't be read, or two resources at one address. */
View *view_new(GHashTable *snapshot, GError **error);
void view_free(View *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(View, view_free)

/* The serial of a record; 0 where there is none. */
gint64 view_serial(const View *view, const char *key);

/* Puts a record in the place of what is there under its key. */
bool view_put(View *view, const char *key, gint64 serial, const json_t *value, GError **error);
void view_remove(View *view, const char *key);

/* The resource of that name, borrowed; NULL where there is none. */
ResourceRecord *view_find_name(const View *view, ResourceKind kind, const char *cluster, const char *name);
