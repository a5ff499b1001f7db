/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What apply tells while it works: a line for each action when it ends, a progress line meanwhile, a last
 * line that counts.
 *
 *     ✓ orders/connector/source updated 1.2s
 *     ✗ orders/connector/source not updated 12s
 *         error: …
 *     ↩ orders/connector/source rolled back 12s
 *     – stock/connector/source skipped: orders/topic/raw failed
 */
#pragma once

#include "cli/session.h"
#include "engine/apply.h"

/* Lines go through the session's progress line. */
typedef struct {
    Session *session;
    bool colour;
    guint total; /* actions of the plan; 0: not known */
    guint ended;
    gint64 started; /* monotonic, microseconds */
} ApplyView;

/* For ApplyRequest; borrows the view. */
ApplyEvents apply_view_events(ApplyView *view);

/* The last line: how many of what were done, and what was not. */
void apply_view_print_summary(FILE *stream, const ApplyView *view, const ApplyReport *report);

/* {"result","actions":[{"id","operation","outcome","duration_ms","error","hint","trace","skipped_for"}],"learnt"},
 * a new reference. */
json_t *apply_view_to_json(const ApplyReport *report);
