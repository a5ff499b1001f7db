/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lease: one writer per environment. Its record (key "lease") names the owner; a thread beats while it is
 * held. Dead is a lease whose beat stood still for its ttl on the observer's monotonic clock, or whose owner
 * is a dead process of this boot of this host.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

#include "store/store.h"

typedef struct {
    const char *by;      /* the person */
    const char *command; /* "apply dev" */
    guint ttl_ms;
    guint heartbeat_ms;
    /* How long to wait for a living owner; 0: no longer than it takes to see that it lives, which for one on
     * another host is until its next beat. */
    guint wait_ms;
    /* Called once when waiting begins, with a sentence that says who holds it and since when; may be NULL. */
    void (*waiting)(const char *who, gpointer user_data);
    gpointer user_data;
    GCancellable *cancellable;
} LeaseRequest;

typedef struct Lease Lease;

/* Takes the lease together with `with` (may be NULL): changes that are committed in the same transaction,
 * such as the plan's id. STORE_ERROR_HELD names the owner, with a hint (`sluice state unlock`). */
Lease *lease_acquire(Store *store, const LeaseRequest *request, const StoreChange *with, gsize count,
                     GError **error);

/* Whether it is still ours: checked before each call that changes something. STORE_ERROR_LOST otherwise. */
bool lease_check(Lease *lease, GError **error);

/* Commits changes together with a beat, and so only while the lease is ours: STORE_ERROR_LOST otherwise. Else
 * as store_commit(). */
bool lease_commit(Lease *lease, const StoreChange *changes, gsize count, gint64 *serials, GError **error);

/* Takes the lease from whoever holds it: what a person does who knows that the owner is gone. */
bool lease_break(Store *store, GError **error);

/* Who holds the lease now, as a sentence; NULL when free or dead (a living one can't be told from one whose
 * process died on another host before its ttl). The caller frees it. */
char *lease_describe(GHashTable *snapshot);

/* Deletes the record if it is still ours and ends the beating. NULL is allowed. */
void lease_release(Lease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lease, lease_release)
