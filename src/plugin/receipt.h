/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in a plugin folder because of which lock: a file .sluice-receipt-ENVIRONMENT[.CONNECT].json per
 * lock. A folder that no receipt ever named is somebody else's.
 */
#pragma once

#include "plugin/plugin.h"

/* A folder that Sluice put there. */
typedef struct {
    char *plugin;
    char *version;
    char *sha256; /* of the artifact that it was unpacked from; NULL: unknown, it was being replaced */
} ReceiptEntry;

typedef struct {
    char *name; /* of its file */
    char *environment;
    char *connect;       /* NULL: all of the lock */
    GHashTable *current; /* folder → ReceiptEntry: what the lock lists */
    GHashTable *former;  /* folder → ReceiptEntry: what it listed once */
    bool changed;        /* since it was read */
} Receipt;

/* All receipts of a plugin folder; GPtrArray of Receipt. PLUGIN_ERROR_FORMAT for one that can't be read. */
GPtrArray *receipts_read(const char *folder, GError **error);

/* The receipt of an environment and Connect cluster (may be NULL), a new one where there is none. Owned by
 * the array. */
Receipt *receipts_get(GPtrArray *receipts, const char *environment, const char *connect);

/* Writes those that changed. */
bool receipts_write(GPtrArray *receipts, const char *folder, GError **error);

/* What is said of a folder: by a lock that lists it now, else by one that did; NULL where nothing is. */
const ReceiptEntry *receipts_find(GPtrArray *receipts, const char *folder);

/* The receipt that lists the folder now, `but` not asked; NULL where none does. */
const Receipt *receipts_find_user(GPtrArray *receipts, const char *folder, const GPtrArray *but);

/* Says that the lock of a receipt lists a folder. */
void receipt_list(Receipt *receipt, const char *folder, const char *plugin, const char *version,
                  const char *sha256);
/* Says that the lock lists a folder no more. */
void receipt_retire(Receipt *receipt, const char *folder);
/* Says, before a folder is put in place, that what is in it is ours and not known; noted in `in`, one of
 * `listing`: the receipts that no longer list it as it was. */
void receipts_begin(GPtrArray *receipts, GPtrArray *listing, Receipt *in, const char *folder,
                    const char *plugin, const char *version);
/* Forgets what was said of a folder that is not listed. */
void receipts_forget(GPtrArray *receipts, const char *folder);
