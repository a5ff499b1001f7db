/* SPDX-License-Identifier: Apache-2.0 */
/* What a real worker shows by chance only, told by a fake one. What it really does: test_rollback.py. */
#include "engine/health.h"

#include "../connect/fake_worker.h"

#define TASKS "[{\"id\":{\"connector\":\"x\",\"task\":0},\"config\":{\"topic\":\"t\"}}]"
#define INFO "{\"name\":\"x\",\"type\":\"source\",\"config\":{\"connector.class\":\"com.acme.Source\"}}"
#define STATUS(task)                                                                                \
    "{\"name\":\"x\",\"type\":\"source\",\"connector\":{\"state\":\"RUNNING\",\"worker_id\":\"w\"," \
    "\"version\":\"1.0\"},\"tasks\":[{\"id\":0,\"worker_id\":\"w\"," task "}]}"
#define RUNNING STATUS("\"state\":\"RUNNING\",\"version\":\"1.0\"")
#define FAILED(trace) STATUS("\"state\":\"FAILED\",\"version\":\"1.0\",\"trace\":\"" trace "\"")

/* The answers to the three questions of one look: task configs, config, status. */
#define LOOK(status)             \
    {200, TASKS}, {200, INFO}, { \
        200, status              \
    }
#define LATE_LOOK(status, delay)        \
    {200, TASKS, delay}, {200, INFO}, { \
        200, status                     \
    }
#define LOOKS_MOST 12

static const struct {
    const char *title, *trace;      /* NULL: it becomes healthy */
    FakeAnswer answers[LOOKS_MOST]; /* the first look is of before the change */
} cases[] = {
    {"runs as it ran", NULL, {LOOK(RUNNING), LOOK(RUNNING)}},
    {"an old failure shows for a while", NULL, {LOOK(FAILED("old")), LOOK(FAILED("old")), LOOK(RUNNING)}},
    {"fails anew", "new", {LOOK(FAILED("old")), LOOK(FAILED("old")), LOOK(FAILED("new"))}},
    {"fails", "new", {LOOK(RUNNING), LOOK(FAILED("new"))}},
    {"what was not looked at does not count",
     "new",
     {LOOK(RUNNING), LOOK(RUNNING), LATE_LOOK(RUNNING, 2300), LOOK(FAILED("new"))}},
};

/* The fake repeats its last answer alone, and a look has three questions: looks are repeated here. */
static FakeAnswer *with_last_look_repeated(const FakeAnswer *answers, guint times) {
    GArray *all = g_array_new(TRUE, TRUE, sizeof(FakeAnswer));
    guint count = 0;
    while (count < LOOKS_MOST && answers[count].status != 0)
        count++;
    g_array_append_vals(all, answers, count);
    for (guint i = 0; i < times; i++)
        g_array_append_vals(all, &answers[count - 3], 3);
    return (FakeAnswer *)(void *)g_array_free(all, FALSE);
}

static void watch(gconstpointer data) {
    gsize index = GPOINTER_TO_SIZE(data);
    g_autofree FakeAnswer *answers = with_last_look_repeated(cases[index].answers, 60);
    g_autoptr(FakeWorker) worker = fake_worker_new(answers);
    g_autoptr(Connect) connect = connect_new(fake_worker_url(worker), NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) ids = connect_task_ids(connect, "x", NULL, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(Connector) before = connect_get(connect, "x", NULL, &error);
    g_assert_no_error(error);
    const Timing timing = {.settle_ms = 1000, .deadline_ms = 60000};
    const HealthWatch health = {
        .name = "x", .before = before, .state = RUN_STATE_RUNNING, .version = "1.0", .timing = &timing};
    g_autofree char *trace = NULL;
    bool healthy = health_wait(connect, &health, &trace, &error);
    g_assert_cmpstr(trace, ==, cases[index].trace);
    g_assert_cmpint(healthy, ==, cases[index].trace == NULL);
    if (!healthy)
        g_assert_error(error, ENGINE_ERROR, ENGINE_ERROR_UNHEALTHY);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/engine/health/", cases[i].title, NULL);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), watch);
    }
    return g_test_run();
}
