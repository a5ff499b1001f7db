/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a kill: intents that have no result are settled by what is live. Live is as it was to become: its
 * record is committed. Live is as it was before: the intent is dropped. Anything else: it stays ours, with
 * what we meant to do as the last applied, so that the plan shows the rest as drift.
 */
#pragma once

#include "engine/live.h"

typedef struct {
    GHashTable
        *resources;     /* address → ResourceRecord: what is ours, with settled and open intents taken in */
    GPtrArray *settled; /* IntentRecord whose record_after holds */
    GPtrArray *dropped; /* IntentRecord that never happened */
    GPtrArray *open;    /* IntentRecord that is neither */
} Recovery;

/* Looks, and changes nothing. */
Recovery *recovery_of(Engine *engine, const Live *live);
void recovery_free(Recovery *recovery);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recovery, recovery_free)

/* Commits what was settled and dropped; needs the lease. */
bool recovery_commit(Engine *engine, const Recovery *recovery, GError **error);
