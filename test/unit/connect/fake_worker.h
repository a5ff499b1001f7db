/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fake worker: it answers one request after the other with what it was told, whatever the request is. For
 * what a real one shows only by chance: rebalances, time-outs, broken connections.
 */
#pragma once

#include <glib.h>

/* How it answers one request. */
typedef struct {
    int status;       /* 0: the connection is closed without an answer */
    const char *body; /* NULL: empty */
    guint delay_ms;   /* before it answers */
} FakeAnswer;

typedef struct FakeWorker FakeWorker;

/* Answers with these, the last one (before a row of zeros) again and again. */
FakeWorker *fake_worker_new(const FakeAnswer *answers);
void fake_worker_free(FakeWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeWorker, fake_worker_free)

const char *fake_worker_url(const FakeWorker *worker);

/* "METHOD PATH BODY" of each request so far; the caller frees it. */
char **fake_worker_requests(FakeWorker *worker);
