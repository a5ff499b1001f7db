/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is worth another try, and when. One table says it for all answers of a worker.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "connect/connect.h"

typedef enum {
    VERDICT_OK,
    VERDICT_RETRY,   /* nothing was done, and it may be soon */
    VERDICT_UNKNOWN, /* whether it was done must be read */
    VERDICT_FAIL,
} Verdict;

typedef struct {
    Verdict verdict;
    ConnectError code;
    const char *why;  /* for a retry, as shown to people: "rebalancing" */
    const char *hint; /* or NULL */
} Judgement;

/* Judges an answer by its status and message (never NULL); `change` where the request changes something. */
Judgement retry_judge(bool change, long status, const char *message);

/* Judges a transport error of base/http.h. */
Judgement retry_judge_error(bool change, const GError *error);

/* How long to wait before try number `attempt` (from 1): doubles from 0.2 s to 5 s, with jitter of a half. */
guint retry_pause_ms(guint attempt);
