/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/health.h"

#include <string.h>

#include "engine/live.h"

#define POLL_LEAST_MS 100
#define POLL_MOST_MS 500
/* How long at least, where the settle time is not shorter: FAILED; FAILED that was there before the change;
 * no tasks at all, since they may come late. */
#define FAILED_LEAST_MS 1000
#define STILL_FAILED_LEAST_MS 5000
#define NO_TASKS_LEAST_MS 5000
#define UNSURE_TIMES 2
#define BUSY_PARTS 4 /* of the settle time: one look counts for no more than a part */
#define TRACE_LINES 6
#define CALL_DEADLINE_MS 20000

typedef enum { LOOKS_PENDING, LOOKS_HEALTHY, LOOKS_FAILED } Looks;

/* What one look showed: `signature` is all that must not change for the settle time. */
typedef struct {
    Looks looks;
    Connector *connector; /* NULL: the worker could not answer */
    char *signature;
    char *summary; /* for a person, when the deadline passes */
    char *trace;
    bool without_tasks;
} Look;

static void look_clear(Look *look) {
    connector_free(look->connector);
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

static const ConnectTask *find_task(const Connector *connector, int id) {
    if (id == connector->connector.id)
        return &connector->connector;
    for (guint i = 0; i < connector->tasks->len; i++)
        if (((const ConnectTask *)connector->tasks->pdata[i])->id == id)
            return connector->tasks->pdata[i];
    return NULL;
}

/* Whether the status speaks of exactly the tasks that there are configs for. */
static bool tasks_agree(const Connector *connector, const GArray *ids, const HealthWatch *watch) {
    if (watch->state == RUN_STATE_STOPPED)
        return connector->tasks->len == 0;
    if (connector->tasks->len != ids->len)
        return false;
    for (guint i = 0; i < ids->len; i++)
        if (find_task(connector, g_array_index(ids, int, i)) == NULL)
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

static void judge(Look *look, const GArray *ids, const char *configs, const HealthWatch *watch) {
    const Connector *connector = look->connector;
    GString *signature = g_string_new(configs), *summary = g_string_new(NULL);
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

/* The task configs first: a worker that stops tasks answers for them only when that is over, so that the
 * status is of after it. A worker that can't answer just now is no verdict: pending. */
static bool look_at(Connect *connect, const HealthWatch *watch, Look *look, GError **error) {
    const ConnectCall call = {.deadline_ms = CALL_DEADLINE_MS, .cancellable = watch->abort};
    g_autoptr(GError) problem = NULL;
    g_autofree char *configs = NULL;
    g_autoptr(GArray) ids = connect_task_ids(connect, watch->name, &call, &configs, &problem);
    look->connector = ids != NULL ? connect_get(connect, watch->name, &call, &problem) : NULL;
    if (look->connector != NULL) {
        judge(look, ids, configs, watch);
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

/* ---- how long it holds ---- */

/* How long it has looked the same. */
typedef struct {
    char *signature;
    gint64 held, last;  /* µs; `last`: when the latest look ended */
    GHashTable *unsure; /* id → ConnectTask, borrowed: as before the change at every look so far */
} Hold;

static void hold_start(Hold *hold, const HealthWatch *watch) {
    const Connector *before = watch->before;
    *hold = (Hold){.last = g_get_monotonic_time(), .unsure = g_hash_table_new(NULL, NULL)};
    if (before == NULL)
        return;
    g_hash_table_insert(hold->unsure, GINT_TO_POINTER(before->connector.id), (gpointer)&before->connector);
    for (guint i = 0; i < before->tasks->len; i++) {
        ConnectTask *task = before->tasks->pdata[i];
        g_hash_table_insert(hold->unsure, GINT_TO_POINTER(task->id), task);
    }
}

static void hold_clear(Hold *hold) {
    g_free(hold->signature);
    g_hash_table_unref(hold->unsure);
}

static gboolean is_new(gpointer id, gpointer value, gpointer connector) {
    const ConnectTask *before = value, *now = find_task(connector, GPOINTER_TO_INT(id));
    return now == NULL || g_strcmp0(now->state, before->state) != 0 ||
           g_strcmp0(now->version, before->version) != 0 || g_strcmp0(now->trace, before->trace) != 0;
}

static bool is_unsure(const Hold *hold, const ConnectTask *task) {
    return g_hash_table_contains(hold->unsure, GINT_TO_POINTER(task->id));
}

static bool is_any_unsure(const Hold *hold, const Connector *connector) {
    for (guint i = 0; i < connector->tasks->len; i++)
        if (is_unsure(hold, connector->tasks->pdata[i]))
            return true;
    return false;
}

static bool has_newly_failed(const Hold *hold, const Connector *connector) {
    if (is_failed(&connector->connector) && !is_unsure(hold, &connector->connector))
        return true;
    for (guint i = 0; i < connector->tasks->len; i++)
        if (is_failed(connector->tasks->pdata[i]) && !is_unsure(hold, connector->tasks->pdata[i]))
            return true;
    return false;
}

/* A worker that answers late was busy, with stopping tasks perhaps: what it was asked in that time says
 * little of how long the answer has been true. */
static void hold_look(Hold *hold, const Look *look, gint64 began, const HealthWatch *watch) {
    gint64 ended = g_get_monotonic_time();
    gint64 most = (gint64)watch->timing->settle_ms * 1000 / BUSY_PARTS;
    hold->held += began - hold->last + MIN(ended - began, most);
    hold->last = ended;
    if (g_strcmp0(hold->signature, look->signature) != 0) {
        hold->held = 0;
        g_free(hold->signature);
        hold->signature = g_strdup(look->signature);
    }
    if (look->connector != NULL)
        g_hash_table_foreach_remove(hold->unsure, is_new, look->connector);
}

static gint64 needed_ms(const Hold *hold, const Look *look, const HealthWatch *watch) {
    gint64 settle = watch->timing->settle_ms;
    gint64 unsure = MAX(settle, MIN(UNSURE_TIMES * settle, (gint64)watch->timing->deadline_ms / 2));
    if (look->looks == LOOKS_FAILED)
        return has_newly_failed(hold, look->connector) ? MIN(settle, FAILED_LEAST_MS)
                                                       : MAX(unsure, STILL_FAILED_LEAST_MS);
    if (look->without_tasks)
        return MAX(settle, NO_TASKS_LEAST_MS);
    return watch->state == RUN_STATE_RUNNING && is_any_unsure(hold, look->connector) ? unsure : settle;
}

static bool is_settled(const Hold *hold, const Look *look, const HealthWatch *watch) {
    return look->looks != LOOKS_PENDING && hold->held >= needed_ms(hold, look, watch) * 1000;
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

static bool watch_it(Connect *connect, const HealthWatch *watch, Hold *hold, char **trace, GError **error) {
    gint64 deadline = g_get_monotonic_time() + (gint64)watch->timing->deadline_ms * 1000;
    for (guint pause = POLL_LEAST_MS;; pause = MIN(pause * 3 / 2, POLL_MOST_MS)) {
        Look look = {0};
        gint64 began = g_get_monotonic_time();
        if (!look_at(connect, watch, &look, error)) {
            look_clear(&look);
            return false;
        }
        hold_look(hold, &look, began, watch);
        bool settled = is_settled(hold, &look, watch);
        bool healthy = settled && look.looks == LOOKS_HEALTHY;
        bool over = settled || hold->last >= deadline;
        if (over && !healthy)
            fail(watch, &look, trace, error);
        look_clear(&look);
        if (over)
            return healthy;
        g_usleep(pause * 1000);
    }
}

bool health_wait(Connect *connect, const HealthWatch *watch, char **trace, GError **error) {
    Hold hold;
    hold_start(&hold, watch);
    bool healthy = watch_it(connect, watch, &hold, trace, error);
    hold_clear(&hold);
    return healthy;
}
