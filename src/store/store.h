/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state store: records under keys, each with a serial, read in one snapshot and changed in one atomic
 * commit. SQLite is the first kind; a compacted Kafka topic implements the same operations. Records are
 * described in docs/state.md.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"

ERROR_DECLARE_DOMAIN(store);
#define STORE_ERROR (store_error_quark())
typedef enum {
    STORE_ERROR_FAILED,
    STORE_ERROR_CONFLICT, /* a serial is not the expected one: someone else wrote */
    STORE_ERROR_FORMAT,   /* a record can't be read, or is from a newer version */
    STORE_ERROR_HELD,     /* another holds the lease */
    STORE_ERROR_LOST,     /* the lease was lost */
    STORE_ERROR_USED,     /* the plan was applied before */
    STORE_ERROR_FOREIGN,  /* the state is another project's, environment's or cluster's */
} StoreError;

typedef struct {
    gint64 serial;
    json_t *value;
} StoreRecord;

/* One change of a commit. */
typedef struct {
    const char *key;
    gint64 expected; /* the serial it must have now; 0: must not be there; STORE_ANY: whatever */
    json_t *value;   /* borrowed; NULL deletes */
} StoreChange;
#define STORE_ANY (-1)

typedef struct Store Store;

/* Opens the store that `url` names: "sqlite:PATH", a relative path counting from `base`. Where there is no
 * file yet it reads as empty, and the file (0600) and its folder (0700) are made by the first commit. Safe to
 * use from several threads. */
Store *store_open(const char *url, const char *base, GError **error);
/* Whether `url` names a kind of store there is; *reason (static) says why not. */
bool store_url_is_valid(const char *url, const char **reason);
void store_close(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_close)

/* Every record: a new GHashTable key → StoreRecord, of one moment. */
GHashTable *store_snapshot(Store *store, GError **error);

/* The values of at most `limit` records whose keys begin with `prefix` and sort before `before` (NULL: all),
 * the last key first: json_t, free with g_ptr_array_unref(). For records under ULIDs: the newest. */
GPtrArray *store_scan(Store *store, const char *prefix, const char *before, guint limit, GError **error);

/* Applies all changes or none. STORE_ERROR_CONFLICT names the key whose serial differs. `serials` (may be
 * NULL) gets the new serial of each change (0 for a delete). A record's serial grows by 1 at each change; a
 * key that was deleted starts again above its last. */
bool store_commit(Store *store, const StoreChange *changes, gsize count, gint64 *serials, GError **error);
