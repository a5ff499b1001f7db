/* SPDX-License-Identifier: Apache-2.0 */
/* What became of an action, in words for people: of a terminal, of a run's log. */
#pragma once

#include "engine/apply.h"

/* "orders/connector/source", with " (pin)" after it for a pin; the caller frees it. */
char *words_subject(const PlanAction *action);
/* "creating" and "created". Static. */
const char *words_doing(PlanOperation operation);
const char *words_done(PlanOperation operation);
/* "updated", "not updated", "rolled back", "skipped: … failed"; the caller frees it. */
char *words_outcome(const ActionResult *result);
/* "✓", "✗", "↩", "–". Static. */
const char *words_mark(Outcome outcome);
/* "240ms", "1.2s", "2m 5s"; the caller frees it. */
char *words_duration(gint64 ms);

/* "✓ orders/connector/source updated 1.2s"; the caller frees it. */
char *words_of_result(const ActionResult *result);
