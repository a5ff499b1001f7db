/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs that are done again and again, side by side in a few threads, none of them twice at once.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Ticker Ticker;
typedef void (*TickerJob)(gpointer data);

/* `threads` at most work at once. */
Ticker *ticker_new(guint threads);
/* Begins no job any more, and waits for those in flight; what is asked of it afterwards does nothing. */
void ticker_stop(Ticker *ticker);
void ticker_free(Ticker *ticker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ticker, ticker_free)

/* Does a job every `period_ms`, first now; one of the same name is left as it is. `data` is freed by
 * `release` (may be NULL) with the job. */
void ticker_add(Ticker *ticker, const char *name, guint period_ms, TickerJob job, gpointer data,
                GDestroyNotify release);

/* Ends a job; one in flight ends first. */
void ticker_remove(Ticker *ticker, const char *name);

/* Removes the jobs whose names begin with `prefix` and are not in `keep` (a set). */
void ticker_keep(Ticker *ticker, const char *prefix, GHashTable *keep);

/* Does it now, or once more where it is in flight. False where there is no such job. */
bool ticker_now(Ticker *ticker, const char *name);
