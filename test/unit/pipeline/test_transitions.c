/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/transitions.h"

#include <string.h>

#include "base/files.h"

#define DOCS_LIMIT ((gsize)1024 * 1024)

static const RunKind kinds[] = {RUN_BUILD, RUN_DEPLOY};

/* Whether a run of a kind can ever be in a state. */
static bool reaches(RunKind kind, RunStage wanted) {
    bool reached[RUN_STAGES] = {[RUN_QUEUED] = true};
    for (RunStage round = 0; round < RUN_STAGES; round++)
        for (RunStage from = 0; from < RUN_STAGES; from++)
            for (RunEvent event = 0; reached[from] && event < RUN_EVENTS; event++) {
                RunStage to = run_next(kind, from, event);
                if (to != RUN_STAGES)
                    reached[to] = true;
            }
    return reached[wanted];
}

static bool has_any_row(RunKind kind, RunStage from) {
    for (RunEvent event = 0; event < RUN_EVENTS; event++)
        if (run_next(kind, from, event) != RUN_STAGES)
            return true;
    return false;
}

static void every_state_is_reached(void) {
    for (RunStage state = 0; state < RUN_STAGES; state++)
        g_assert_true(reaches(RUN_BUILD, state) || reaches(RUN_DEPLOY, state));
}

static void an_ended_run_goes_nowhere(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        for (RunStage state = 0; state < RUN_STAGES; state++)
            if (run_stage_has_ended(state))
                g_assert_false(has_any_row(kinds[i], state));
}

static void work_can_be_done_and_can_fail(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        for (RunStage state = 0; state < RUN_STAGES; state++) {
            if (!run_stage_is_working(state) || !reaches(kinds[i], state))
                continue;
            g_assert_cmpint(run_next(kinds[i], state, RUN_EVENT_OK), !=, RUN_STAGES);
            RunStage failed = run_next(kinds[i], state, RUN_EVENT_FAILED);
            g_assert_cmpint(failed, !=, RUN_STAGES);
            g_assert_cmpint(run_stage_verdict(failed), ==, -1);
            g_assert_nonnull(run_stage_step(state));
        }
}

/* What may be superseded from where it stands, and what makes room where nobody answers. */
static void only_what_changed_nothing_yet_is_superseded(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        for (RunStage state = 0; state < RUN_STAGES; state++) {
            bool may = run_next(kinds[i], state, RUN_EVENT_SUPERSEDED) != RUN_STAGES;
            if (run_stage_can_be_superseded(state) && reaches(kinds[i], state))
                g_assert_true(may);
            if (may)
                g_assert_true(run_stage_can_be_superseded(state) || state == RUN_PLANNING ||
                              state == RUN_CHECKING_OUT);
        }
}

static void a_person_decides_only_while_a_run_waits(void) {
    for (RunStage state = 0; state < RUN_STAGES; state++) {
        bool waits = state == RUN_WAITING;
        g_assert_true((run_next(RUN_DEPLOY, state, RUN_EVENT_APPROVED) != RUN_STAGES) == waits);
        g_assert_true((run_next(RUN_DEPLOY, state, RUN_EVENT_REJECTED) != RUN_STAGES) == waits);
        g_assert_true((run_next(RUN_DEPLOY, state, RUN_EVENT_EXPIRED) != RUN_STAGES) == waits);
    }
}

static void words_and_states_go_both_ways(void) {
    for (RunStage state = 0; state < RUN_STAGES; state++)
        g_assert_cmpint(run_stage_parse(run_stage_text(state)), ==, state);
    g_assert_cmpint(run_stage_parse("dancing"), ==, RUN_STAGES);
}

static void every_step_is_one_of_its_kind(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        for (RunStage state = 0; state < RUN_STAGES; state++)
            if (run_stage_step(state) != NULL && reaches(kinds[i], state))
                g_assert_true(g_strv_contains(run_steps(kinds[i]), run_stage_step(state)));
}

/* The drawing between <!-- NAME --> and <!-- end --> of a page, in its fence. */
static char *drawn(const char *page, const char *name) {
    g_autofree char *begin = g_strdup_printf("<!-- %s -->\n```mermaid\n", name);
    const char *start = strstr(page, begin);
    g_assert_nonnull(start);
    start += strlen(begin);
    const char *end = strstr(start, "```\n<!-- end -->");
    g_assert_nonnull(end);
    return g_strndup(start, (gsize)(end - start));
}

static void the_documentation_draws_the_table(void) {
    g_autofree char *path = g_build_filename(g_getenv("SLUICE_DOCS"), "pipeline.md", NULL);
    g_autofree char *page = files_read_text(path, DOCS_LIMIT, NULL);
    g_assert_nonnull(page);
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *expected = run_drawing(kinds[i]);
        g_autofree char *there = drawn(page, run_kind_name(kinds[i]));
        g_assert_cmpstr(there, ==, expected);
    }
}

/* A label ends at a second colon, or a semicolon. */
static void every_label_can_be_drawn(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *drawing = run_drawing(kinds[i]);
        g_auto(GStrv) lines = g_strsplit(drawing, "\n", -1);
        for (char **line = lines; *line != NULL; line++) {
            g_assert_true(strchr(*line, ':') == strrchr(*line, ':'));
            g_assert_null(strchr(*line, ';'));
        }
    }
}

/* How docs/pipeline.md is brought up to date. */
static int draw(const char *kind) {
    g_autofree char *drawing = run_drawing(strcmp(kind, "build") == 0 ? RUN_BUILD : RUN_DEPLOY);
    g_print("%s", drawing);
    return 0;
}

#define TEST(rule) g_test_add_func("/transitions/" #rule, rule)

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "draw") == 0)
        return draw(argv[2]);
    g_test_init(&argc, &argv, NULL);
    TEST(every_state_is_reached);
    TEST(an_ended_run_goes_nowhere);
    TEST(work_can_be_done_and_can_fail);
    TEST(only_what_changed_nothing_yet_is_superseded);
    TEST(a_person_decides_only_while_a_run_waits);
    TEST(words_and_states_go_both_ways);
    TEST(every_step_is_one_of_its_kind);
    TEST(every_label_can_be_drawn);
    TEST(the_documentation_draws_the_table);
    return g_test_run();
}
