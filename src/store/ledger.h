/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's memory: runs, marks of environments, sources of plugins, deliveries of webhooks, and the audit
 * log, as records of a Store (so that whatever keeps a state can keep them). Runs, marks and sources are also
 * held in memory; the audit log is read page by page. All functions may be called from several threads.
 */
#pragma once

#include "store/ledger_records.h"
#include "store/store.h"

typedef struct Ledger Ledger;

/* Told after a commit, outside of all locks, of each run in it; may be NULL. */
typedef void (*LedgerListener)(const RunRecord *run, gpointer user_data);

/* Reads everything. The store is borrowed and must outlive it. */
Ledger *ledger_open(Store *store, GError **error);
void ledger_close(Ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_close)
void ledger_listen(Ledger *ledger, LedgerListener listener, gpointer user_data);

/* References; NULL where there is none. ledger_mark() gives a new empty mark where there is none. */
RunRecord *ledger_run(Ledger *ledger, const char *id);
MarkRecord *ledger_mark(Ledger *ledger, const char *environment);
SourceRecord *ledger_source(Ledger *ledger, const char *plugin);
/* All runs that are kept, the newest first: an array of references. */
GPtrArray *ledger_runs(Ledger *ledger);

/* Entries of the audit log, the newest first, older than `before` (an entry's id; NULL: from the newest on):
 * json_t. */
GPtrArray *ledger_audit(Ledger *ledger, const char *before, guint limit, GError **error);

/* Whether a delivery is new; it is remembered, among the newest 10,000, before this answers. An error of the
 * store counts as not new. */
bool ledger_take_delivery(Ledger *ledger, const char *provider, const char *id);

/* Changes that are made together or not at all; members may be NULL. Run and mark are compared with what is
 * stored: copy what the ledger gave. Borrowed. */
typedef struct {
    const RunRecord *run, *other; /* two runs: one that ends and one that follows, say */
    const MarkRecord *mark;
    const SourceRecord *source;
    json_t *audit; /* audit_record(); taken over */
} LedgerChange;

/* STORE_ERROR_CONFLICT when someone else changed one of them meanwhile: nothing was written then. */
bool ledger_commit(Ledger *ledger, const LedgerChange *change, GError **error);

/* Forgets ended runs (`has_ended` says which) beyond the newest `keep`; gives their ids, char *. */
GPtrArray *ledger_prune(Ledger *ledger, guint keep, bool (*has_ended)(const RunRecord *run), GError **error);
