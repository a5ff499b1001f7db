/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/transitions.h"

#include <string.h>

static const struct {
    const char *text;
    const char *step;
    bool ended;
    int verdict;
} states[] = {
    [RUN_QUEUED] = {"queued"},
    [RUN_CHECKING_OUT] = {"checking_out", "checkout"},
    [RUN_BUILDING] = {"building", "build"},
    [RUN_PUBLISHING] = {"publishing", "publish"},
    [RUN_LOCKING] = {"locking", "lock"},
    [RUN_PLANNING] = {"planning", "plan"},
    [RUN_WAITING] = {"waiting", "approval"},
    [RUN_COMMITTING] = {"committing", "commit"},
    [RUN_APPLYING] = {"applying", "apply"},
    [RUN_VERIFYING] = {"verifying", "verify"},
    [RUN_REVERTING] = {"reverting", "revert"},
    [RUN_DONE] = {"done", NULL, true, 1},
    [RUN_FAILED] = {"failed", NULL, true, -1},
    [RUN_BEHIND] = {"behind", NULL, true, -1},
    [RUN_ROLLED_BACK] = {"rolled_back", NULL, true, -1},
    [RUN_REJECTED] = {"rejected", NULL, true, 0},
    [RUN_EXPIRED] = {"expired", NULL, true, 0},
    [RUN_SUPERSEDED] = {"superseded", NULL, true, 0},
};

static const struct {
    RunKind kind;
    RunStage from;
    RunEvent event;
    RunStage to;
    const char *why;
} transitions[] = {
    {RUN_BUILD, RUN_QUEUED, RUN_EVENT_OK, RUN_CHECKING_OUT, "its turn"},
    {RUN_BUILD, RUN_QUEUED, RUN_EVENT_SUPERSEDED, RUN_SUPERSEDED, "a newer commit"},
    {RUN_BUILD, RUN_CHECKING_OUT, RUN_EVENT_OK, RUN_BUILDING, "checked out"},
    {RUN_BUILD, RUN_CHECKING_OUT, RUN_EVENT_FAILED, RUN_FAILED, "not to be had, or not trusted"},
    {RUN_BUILD, RUN_CHECKING_OUT, RUN_EVENT_SUPERSEDED, RUN_SUPERSEDED, "not to be had, and a newer commit"},
    {RUN_BUILD, RUN_BUILDING, RUN_EVENT_OK, RUN_PUBLISHING, "built and kept"},
    {RUN_BUILD, RUN_BUILDING, RUN_EVENT_FAILED, RUN_FAILED, "the build failed"},
    {RUN_BUILD, RUN_PUBLISHING, RUN_EVENT_OK, RUN_LOCKING, "in the repository"},
    {RUN_BUILD, RUN_PUBLISHING, RUN_EVENT_FAILED, RUN_FAILED, "refused, the version must be raised"},
    {RUN_BUILD, RUN_LOCKING, RUN_EVENT_OK, RUN_DONE, "locked, committed, pushed"},
    {RUN_BUILD, RUN_LOCKING, RUN_EVENT_FAILED, RUN_FAILED, "can't be locked"},

    {RUN_DEPLOY, RUN_QUEUED, RUN_EVENT_OK, RUN_PLANNING, "its turn"},
    {RUN_DEPLOY, RUN_QUEUED, RUN_EVENT_SUPERSEDED, RUN_SUPERSEDED, "a newer commit"},
    {RUN_DEPLOY, RUN_PLANNING, RUN_EVENT_NOTHING, RUN_VERIFYING, "nothing to change"},
    {RUN_DEPLOY, RUN_PLANNING, RUN_EVENT_ASK, RUN_WAITING, "the policy asks"},
    {RUN_DEPLOY, RUN_PLANNING, RUN_EVENT_LOCK, RUN_COMMITTING, "a lock in hand, and nobody to ask"},
    {RUN_DEPLOY, RUN_PLANNING, RUN_EVENT_OK, RUN_APPLYING, "nobody to ask"},
    {RUN_DEPLOY, RUN_PLANNING, RUN_EVENT_FAILED, RUN_BEHIND, "what would fail"},
    {RUN_DEPLOY, RUN_PLANNING, RUN_EVENT_SUPERSEDED, RUN_SUPERSEDED, "a newer commit"},
    {RUN_DEPLOY, RUN_PLANNING, RUN_EVENT_DROPPED, RUN_FAILED, "what would fail, of a lock in hand"},
    {RUN_DEPLOY, RUN_WAITING, RUN_EVENT_APPROVED, RUN_APPLYING, "approved"},
    {RUN_DEPLOY, RUN_WAITING, RUN_EVENT_LOCK, RUN_COMMITTING, "approved, with a lock in hand"},
    {RUN_DEPLOY, RUN_WAITING, RUN_EVENT_MOVED, RUN_PLANNING, "settings were approved, now what they make"},
    {RUN_DEPLOY, RUN_WAITING, RUN_EVENT_REJECTED, RUN_REJECTED, "a person said no"},
    {RUN_DEPLOY, RUN_WAITING, RUN_EVENT_EXPIRED, RUN_EXPIRED, "its time is over"},
    {RUN_DEPLOY, RUN_WAITING, RUN_EVENT_SUPERSEDED, RUN_SUPERSEDED, "something newer"},
    {RUN_DEPLOY, RUN_COMMITTING, RUN_EVENT_OK, RUN_APPLYING, "pushed"},
    {RUN_DEPLOY, RUN_COMMITTING, RUN_EVENT_MOVED, RUN_PLANNING, "Git moved, planned anew"},
    {RUN_DEPLOY, RUN_COMMITTING, RUN_EVENT_FAILED, RUN_FAILED, "can't be pushed"},
    {RUN_DEPLOY, RUN_APPLYING, RUN_EVENT_OK, RUN_VERIFYING, "applied"},
    {RUN_DEPLOY, RUN_APPLYING, RUN_EVENT_MOVED, RUN_PLANNING, "the world moved, planned anew"},
    {RUN_DEPLOY, RUN_APPLYING, RUN_EVENT_WENT_BACK, RUN_REVERTING, "went back, of a version"},
    {RUN_DEPLOY, RUN_APPLYING, RUN_EVENT_FAILED, RUN_BEHIND, "went back, of a person's change"},
    {RUN_DEPLOY, RUN_VERIFYING, RUN_EVENT_OK, RUN_DONE, "healthy"},
    {RUN_DEPLOY, RUN_VERIFYING, RUN_EVENT_WENT_BACK, RUN_REVERTING, "not healthy, of a version"},
    {RUN_DEPLOY, RUN_VERIFYING, RUN_EVENT_FAILED, RUN_BEHIND, "not healthy, of a person's change"},
    {RUN_DEPLOY, RUN_REVERTING, RUN_EVENT_OK, RUN_ROLLED_BACK, "reverted and held, pushed"},
    {RUN_DEPLOY, RUN_REVERTING, RUN_EVENT_FAILED, RUN_BEHIND, "can't be pushed"},
};

static const char *const build_steps[] = {"checkout", "build", "publish", "lock", NULL};
static const char *const deploy_steps[] = {"plan", "approval", "commit", "apply", "verify", "revert", NULL};

const char *run_stage_text(RunStage state) {
    return states[state].text;
}

RunStage run_stage_parse(const char *text) {
    for (RunStage state = 0; state < RUN_STAGES; state++)
        if (strcmp(states[state].text, text) == 0)
            return state;
    return RUN_STAGES;
}

RunStage run_stage_of(const RunRecord *run) {
    RunStage state = run_stage_parse(run->state);
    return state != RUN_STAGES ? state : RUN_FAILED;
}

bool run_stage_has_ended(RunStage state) {
    return states[state].ended;
}

bool run_stage_is_open(RunStage state) {
    return !states[state].ended;
}

bool run_stage_is_working(RunStage state) {
    return state != RUN_QUEUED && state != RUN_WAITING && !states[state].ended;
}

bool run_stage_can_be_superseded(RunStage state) {
    return state == RUN_QUEUED || state == RUN_WAITING;
}

int run_stage_verdict(RunStage state) {
    return states[state].verdict;
}

const char *run_stage_step(RunStage state) {
    return states[state].step;
}

const char *const *run_steps(RunKind kind) {
    return kind == RUN_BUILD ? build_steps : deploy_steps;
}

RunStage run_next(RunKind kind, RunStage state, RunEvent event) {
    for (gsize i = 0; i < G_N_ELEMENTS(transitions); i++)
        if (transitions[i].kind == kind && transitions[i].from == state && transitions[i].event == event)
            return transitions[i].to;
    return RUN_STAGES;
}

char *run_drawing(RunKind kind) {
    GString *drawing = g_string_new("stateDiagram-v2\n    [*] --> queued\n");
    for (gsize i = 0; i < G_N_ELEMENTS(transitions); i++)
        if (transitions[i].kind == kind)
            g_string_append_printf(drawing, "    %s --> %s: %s\n", states[transitions[i].from].text,
                                   states[transitions[i].to].text, transitions[i].why);
    for (RunStage state = 0; state < RUN_STAGES; state++)
        for (gsize i = 0; i < G_N_ELEMENTS(transitions); i++)
            if (states[state].ended && transitions[i].kind == kind && transitions[i].to == state) {
                g_string_append_printf(drawing, "    %s --> [*]\n", states[state].text);
                break;
            }
    return g_string_free(drawing, FALSE);
}
