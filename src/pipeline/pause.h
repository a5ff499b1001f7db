/* SPDX-License-Identifier: Apache-2.0 */
/* Runs whose step is tried again later: what they need doesn't answer. Not stored: a restart tries at once.
 */
#pragma once

#include "pipeline/pipeline_private.h"

GHashTable *pauses_new(void);

/* Pauses a run once more; gives the seconds, 0 when it was paused for long enough. */
guint pause_again(Pipeline *pipeline, const char *run);
/* Pauses a run whose end can't be stored, however often that was: there is nowhere to say that it failed. */
void pause_for_store(Pipeline *pipeline, const char *run);
void pause_end(Pipeline *pipeline, const char *run);

/* When a run may go on (monotonic); 0: now. With pipeline->mutex held. */
gint64 pause_until(const Pipeline *pipeline, const char *run);
/* Whether it waits for the store: then nothing is a reason to try earlier. The same. */
bool pause_is_for_store(const Pipeline *pipeline, const char *run);
