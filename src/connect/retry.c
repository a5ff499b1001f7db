/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/retry.h"

#include <string.h>

#include "base/error.h"

#define FIRST_PAUSE_MS 200
#define LONGEST_PAUSE_MS 5000

/* The first row that fits decides: the status, and a part of the message ("" fits all). A time-out in the
 * worker or in a proxy before it leaves a change's outcome open; the others were refused before anything was
 * done. */
typedef struct {
    long status;
    const char *text;
    Verdict read;
    Verdict change;
    ConnectError code;
    const char *why;
    const char *hint;
} Rule;

static const Rule rules[] = {
    {409, "already exists", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_EXISTS, NULL, NULL},
    {409, "rebalanc", VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY, "rebalancing", NULL},
    {409, "stale configuration", VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY,
     "another change is being taken in", NULL},
    {409, "conflicting operation", VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY, "rebalancing", NULL},
    {409, "momentarily", VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY, "rebalancing", NULL},
    {500, "forward REST request: java.net.ConnectException", VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY,
     "the leader is down", NULL},
    {500, "forward REST request", VERDICT_RETRY, VERDICT_UNKNOWN, CONNECT_ERROR_BUSY, "the leader is down",
     NULL},
    {500, "Request timed out", VERDICT_RETRY, VERDICT_UNKNOWN, CONNECT_ERROR_BUSY, "the worker is busy",
     NULL},
    {500, "stale configuration", VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY,
     "another change is being taken in", NULL},
    {500, "rebalanc", VERDICT_RETRY, VERDICT_UNKNOWN, CONNECT_ERROR_BUSY, "rebalancing", NULL},
    {500, "find any class that implements", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_NOT_FOUND, NULL,
     "is the plugin that carries the class installed on this worker?"},
    {500, "VersionedPluginLoadingException", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_INVALID, NULL,
     "a version that the config asks for is not installed on this worker"},
    {500, "BadRequestException", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_INVALID, NULL, NULL},
    {500, "ConfigException", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_INVALID, NULL, NULL},
    {400, "find any class that implements", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_NOT_FOUND, NULL,
     "is the plugin that carries the class installed on this worker?"},
    {400, "", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_INVALID, NULL, NULL},
    {401, "", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_DENIED, NULL,
     "check the user name and password of this Connect cluster"},
    {403, "", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_DENIED, NULL, NULL},
    /* Jetty's own answer: the worker listens, and has not put up its REST API yet. */
    {404, "Error 404", VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_FAILED, "the worker is starting",
     "does this address belong to Kafka Connect?"},
    {404, "HTTP 404", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_FAILED, NULL,
     "does this address belong to Kafka Connect?"},
    {404, " not found", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_NOT_FOUND, NULL, NULL},
    {404, "No status found", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_NOT_FOUND, NULL, NULL},
    {404, "Unknown connector", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_NOT_FOUND, NULL, NULL},
    {404, "", VERDICT_FAIL, VERDICT_FAIL, CONNECT_ERROR_FAILED, NULL,
     "does this address belong to Kafka Connect?"},
    {429, "", VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY, "too many requests", NULL},
    {502, "", VERDICT_RETRY, VERDICT_UNKNOWN, CONNECT_ERROR_UNREACHABLE, "the proxy has no worker", NULL},
    {503, "", VERDICT_RETRY, VERDICT_RETRY, CONNECT_ERROR_BUSY, "the worker is starting", NULL},
    {504, "", VERDICT_RETRY, VERDICT_UNKNOWN, CONNECT_ERROR_UNREACHABLE, "the worker is busy", NULL},
};

static Judgement judgement_of(Verdict verdict, ConnectError code, const char *why, const char *hint) {
    if (verdict == VERDICT_UNKNOWN)
        code = CONNECT_ERROR_UNKNOWN;
    return (Judgement){.verdict = verdict, .code = code, .why = why, .hint = hint};
}

Judgement retry_judge(bool change, long status, const char *message) {
    if (status >= 200 && status < 300)
        return (Judgement){.verdict = VERDICT_OK};
    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
        const Rule *rule = &rules[i];
        if (rule->status == status && strstr(message, rule->text) != NULL)
            return judgement_of(change ? rule->change : rule->read, rule->code, rule->why, rule->hint);
    }
    return judgement_of(VERDICT_FAIL, CONNECT_ERROR_FAILED, NULL, NULL);
}

Judgement retry_judge_error(bool change, const GError *error) {
    if (g_error_matches(error, BASE_ERROR, BASE_ERROR_CANCELLED))
        return judgement_of(VERDICT_FAIL, CONNECT_ERROR_CANCELLED, NULL, NULL);
    if (g_error_matches(error, BASE_ERROR, BASE_ERROR_CONNECT))
        return judgement_of(VERDICT_RETRY, CONNECT_ERROR_UNREACHABLE, "no connection", NULL);
    if (g_error_matches(error, BASE_ERROR, BASE_ERROR_BROKEN) ||
        g_error_matches(error, BASE_ERROR, BASE_ERROR_TIMEOUT))
        return judgement_of(change ? VERDICT_UNKNOWN : VERDICT_RETRY, CONNECT_ERROR_UNREACHABLE, "no answer",
                            NULL);
    return judgement_of(change && g_error_matches(error, BASE_ERROR, BASE_ERROR_LIMIT) ? VERDICT_UNKNOWN
                                                                                       : VERDICT_FAIL,
                        CONNECT_ERROR_FAILED, NULL, NULL);
}

guint retry_pause_ms(guint attempt) {
    guint shift = MIN(MAX(attempt, 1) - 1, 8);
    guint longest = MIN(FIRST_PAUSE_MS << shift, LONGEST_PAUSE_MS);
    return longest / 2 + (guint)g_random_int_range(0, (gint32)(longest / 2) + 1);
}
