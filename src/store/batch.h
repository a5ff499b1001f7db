/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch from the inside: what state.c commits of it.
 */
#pragma once

#include "store/state.h"
#include "store/view.h"

/* A copy of what is in a batch now: key → json_t, or NULL for a record that is to be deleted. */
GHashTable *batch_changes(StateBatch *batch);
void batch_clear(StateBatch *batch);

/* Puts a record of history, or that a plan was used up; deletes any record. */
void batch_put_history(StateBatch *batch, const HistoryRecord *history);
void batch_put_plan(StateBatch *batch, const char *plan, const char *digest, const char *apply);
void batch_delete(StateBatch *batch, const char *key);

/* Adds the deletes that keep the offsets of each resource named in `changes` to the newest 20. */
void batch_prune_offsets(GHashTable *changes, const View *view);

/* Whether no two resources would stand at one address once `changes` are made, and every record can be read
 * again. */
bool batch_check(GHashTable *changes, const View *view, GError **error);
