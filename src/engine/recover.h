/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a kill: intents that have no result are settled by what is live. Live is as it was to become: its
 * record is committed. Live is as it was before: the intent is dropped. Anything else: it stays ours, with
 * what we meant to do as the last applied, so that the plan shows the rest as drift. So does what could not
 * be looked at, since its cluster is declared no more.
 *
 * The call that a kill cut off may be in a worker's queue still. So the intent of a create that has not
 * happened is kept for a while: what lands later is ours, no conflict.
 */
#pragma once

#include "engine/live.h"

typedef struct {
    GHashTable
        *resources;     /* address → ResourceRecord: what is ours, with settled and open intents taken in */
    GPtrArray *settled; /* IntentRecord whose record_after holds */
    GPtrArray *dropped; /* IntentRecord that never happened */
    GPtrArray *late;    /* IntentRecord of a create that has not happened so far */
    GPtrArray *open;    /* IntentRecord that is neither */
} Recovery;

/* Looks, and changes nothing. What is settled has the serial that a fresh record gets: bases of plans are
 * those of a recovery made before its commit. */
Recovery *recovery_of(Engine *engine, const Live *live);
void recovery_free(Recovery *recovery);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recovery, recovery_free)

/* The uid that a create of this address would have given it, had it not been cut off; NULL: there was none.
 * Who creates it now takes that, so that an address has one record. The caller frees it. */
char *recovery_uid(Engine *engine, const char *address);

/* Commits what was settled and dropped; needs the lease. */
bool recovery_commit(Engine *engine, const Recovery *recovery, GError **error);
