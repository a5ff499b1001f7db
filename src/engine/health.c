/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/health.h"

#include <string.h>

#include "engine/live.h"

#define POLL_LEAST_MS 100
#define POLL_MOST_MS 500
#define FAILED_LEAST_MS                                                                 \
    1000 /* a FAILED must be seen for so long, or the settle time where that is shorter \
          */
#define NO_TASKS_LEAST_MS 5000 /* tasks may come late: none at all must hold for so long */
#define UNWAVERING_TIMES 2
#define TRACE_LINES 6
#define CALL_DEADLINE_MS 20000

typedef enum { LOOKS_PENDING, LOOKS_HEALTHY, LOOKS_FAILED } Looks;

/* What one look showed: `signature` is all that must not change for the settle time. */
typedef struct {
    Looks looks;
    char *signature;
    char *summary; /* for a person, when the deadline passes */
    char *trace;
    bool without_tasks;
} Look;

static void look_clear(Look *look) {
    g_free(look->signature);
    g_free(look->summary);
    g_free(look->trace);
    *look = (Look){0};
}

static char *first_lines(const char *trace) {
    g_auto(GStrv) lines = g_strsplit(trace, "\n", TRACE_LINES + 1);
    if (g_strv_length(lines) > TRACE_LINES) {
        g_free(lines[TRACE_LINES]);
        lines[TRACE_LINES] = NULL;
    }
    return g_strchomp(g_strjoinv("\n", lines));
}

static bool is_failed(const ConnectTask *task) {
    return g_strcmp0(task->state, "FAILED") == 0;
}

bool health_has_failed(const Connector *connector, char **trace) {
    const ConnectTask *failed = is_failed(&connector->connector) ? &connector->connector : NULL;
    for (guint i = 0; i < connector->tasks->len && failed == NULL; i++)
        if (is_failed(connector->tasks->pdata[i]))
            failed = connector->tasks->pdata[i];
    if (failed != NULL && trace != NULL)
        *trace = failed->trace != NULL ? first_lines(failed->trace) : NULL;
    return failed != NULL;
}

static bool is_right(const ConnectTask *task, const HealthWatch *watch) {
    return g_strcmp0(task->state, live_state_name(watch->state)) == 0 &&
           (watch->version == NULL || task->version == NULL || strcmp(task->version, watch->version) == 0);
}

static bool has_task(const Connector *connector, int id) {
    for (guint i = 0; i < connector->tasks->len; i++)
        if (((const ConnectTask *)connector->tasks->pdata[i])->id == id)
            return true;
    return false;
}

/* Whether the status speaks of exactly the tasks that there are configs for. */
static bool tasks_agree(const Connector *connector, const GArray *ids, const HealthWatch *watch) {
    if (watch->state == RUN_STATE_STOPPED)
        return connector->tasks->len == 0;
    if (connector->tasks->len != ids->len)
        return false;
    for (guint i = 0; i < ids->len; i++)
        if (!has_task(connector, g_array_index(ids, int, i)))
            return false;
    return true;
}

static void describe(const ConnectTask *task, GString *signature, GString *summary) {
    const char *state = task->state != NULL ? task->state : "unknown";
    g_string_append_printf(signature, "%d %s %s %s;", task->id, state, task->worker, task->version);
    if (task->id < 0)
        g_string_append_printf(summary, "connector %s", state);
    else
        g_string_append_printf(summary, ", task %d %s", task->id, state);
    if (task->version != NULL)
        g_string_append_printf(summary, " in %s", task->version);
}

static void take_look(const Connector *connector, const GArray *ids, const HealthWatch *watch, Look *look) {
    GString *signature = g_string_new(NULL), *summary = g_string_new(NULL);
    bool right = is_right(&connector->connector, watch) && tasks_agree(connector, ids, watch);
    describe(&connector->connector, signature, summary);
    for (guint i = 0; i < connector->tasks->len; i++) {
        const ConnectTask *task = connector->tasks->pdata[i];
        describe(task, signature, summary);
        right = right && is_right(task, watch);
    }
    look->looks = health_has_failed(connector, &look->trace) ? LOOKS_FAILED
                  : right                                    ? LOOKS_HEALTHY
                                                             : LOOKS_PENDING;
    look->signature = g_string_free(signature, FALSE);
    look->summary = g_string_free(summary, FALSE);
    look->without_tasks = watch->state == RUN_STATE_RUNNING && connector->tasks->len == 0;
}

/* A worker that can't answer just now is no verdict: pending. */
static bool look_at(Connect *connect, const HealthWatch *watch, Look *look, GError **error) {
    const ConnectCall call = {.deadline_ms = CALL_DEADLINE_MS, .cancellable = watch->abort};
    g_autoptr(GError) problem = NULL;
    g_autoptr(Connector) connector = connect_get(connect, watch->name, &call, &problem);
    g_autoptr(GArray) ids =
        connector != NULL ? connect_task_ids(connect, watch->name, &call, &problem) : NULL;
    if (ids != NULL) {
        take_look(connector, ids, watch, look);
        return true;
    }
    if (g_error_matches(problem, CONNECT_ERROR, CONNECT_ERROR_CANCELLED) ||
        g_error_matches(problem, CONNECT_ERROR, CONNECT_ERROR_DENIED)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    look->looks = LOOKS_PENDING;
    look->signature = g_strdup("");
    look->summary = g_strdup(problem->message);
    return true;
}

/* RUNNING that never wavered since the change may be that of a task which is still being shut down: it must
 * hold twice as long, by default longer than the 5 s that a worker gives a task to end. */
static gint64 needed_ms(const Look *look, const HealthWatch *watch, bool wavered) {
    gint64 settle = watch->timing->settle_ms;
    if (look->looks == LOOKS_FAILED)
        return watch->was_failing ? settle : MIN(settle, FAILED_LEAST_MS);
    if (look->without_tasks)
        return MAX(settle, NO_TASKS_LEAST_MS);
    if (wavered || watch->state != RUN_STATE_RUNNING)
        return settle;
    return MAX(settle, MIN(UNWAVERING_TIMES * settle, (gint64)watch->timing->deadline_ms / 2));
}

static bool fail(const HealthWatch *watch, Look *look, char **trace, GError **error) {
    if (look->looks == LOOKS_FAILED)
        error_set(error, ENGINE_ERROR, ENGINE_ERROR_UNHEALTHY, NULL, "'%s' failed: %s", watch->name,
                  look->summary);
    else
        error_set(error, ENGINE_ERROR, ENGINE_ERROR_UNHEALTHY,
                  "a longer time can be given: timing: { deadline: … }",
                  "'%s' was not healthy within %u s: %s", watch->name, watch->timing->deadline_ms / 1000,
                  look->summary);
    if (trace != NULL)
        *trace = g_steal_pointer(&look->trace);
    return false;
}

bool health_wait(Connect *connect, const HealthWatch *watch, char **trace, GError **error) {
    gint64 deadline = g_get_monotonic_time() + (gint64)watch->timing->deadline_ms * 1000;
    gint64 since = 0;
    bool wavered = false;
    g_autofree char *settling = NULL;
    for (guint pause = POLL_LEAST_MS;; pause = MIN(pause * 3 / 2, POLL_MOST_MS)) {
        Look look = {0};
        if (!look_at(connect, watch, &look, error))
            return false;
        gint64 now = g_get_monotonic_time();
        if (g_strcmp0(settling, look.signature) != 0) {
            wavered = settling != NULL;
            since = now;
            g_free(settling);
            settling = g_strdup(look.signature);
        }
        bool settled = look.looks != LOOKS_PENDING && now - since >= needed_ms(&look, watch, wavered) * 1000;
        bool healthy = settled && look.looks == LOOKS_HEALTHY;
        bool over = settled || now >= deadline;
        if (over && !healthy)
            fail(watch, &look, trace, error);
        look_clear(&look);
        if (over)
            return healthy;
        g_usleep(pause * 1000);
    }
}
