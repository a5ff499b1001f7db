/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/words.h"

static const struct {
    const char *doing, *done;
} verbs[] = {
    [PLAN_CREATE] = {"creating", "created"},        [PLAN_UPDATE] = {"updating", "updated"},
    [PLAN_STATE] = {"changing", "changed"},         [PLAN_DELETE] = {"deleting", "deleted"},
    [PLAN_ROLLOUT] = {"rolling out", "rolled out"},
};

char *words_subject(const PlanAction *action) {
    bool pin = g_str_has_suffix(action->id, "#pin");
    return g_strconcat(action->address, pin ? " (pin)" : "", NULL);
}

const char *words_doing(PlanOperation operation) {
    return verbs[operation].doing;
}

const char *words_done(PlanOperation operation) {
    return verbs[operation].done;
}

static const char *done_verb(const PlanAction *action) {
    return action->stop_only ? "stopped" : verbs[action->operation].done;
}

char *words_outcome(const ActionResult *result) {
    const char *done = done_verb(result->action);
    switch (result->outcome) {
    case OUTCOME_DONE:
        return g_strdup(done);
    case OUTCOME_FAILED:
        return g_strconcat("not ", done, NULL);
    case OUTCOME_ROLLED_BACK:
        return g_strdup("rolled back");
    case OUTCOME_STUCK:
        return g_strdup("stuck: the way back failed too");
    case OUTCOME_SKIPPED:
        break;
    }
    return result->skipped_for != NULL ? g_strdup_printf("skipped: %s failed", result->skipped_for)
                                       : g_strdup("skipped");
}

const char *words_mark(Outcome outcome) {
    static const char *const marks[] = {
        [OUTCOME_DONE] = "✓",  [OUTCOME_FAILED] = "✗",  [OUTCOME_ROLLED_BACK] = "↩",
        [OUTCOME_STUCK] = "✗", [OUTCOME_SKIPPED] = "–",
    };
    return marks[outcome];
}

char *words_duration(gint64 ms) {
    if (ms < 1000)
        return g_strdup_printf("%dms", (int)ms);
    if (ms < 60 * 1000)
        return g_strdup_printf("%d.%ds", (int)(ms / 1000), (int)(ms % 1000 / 100));
    return g_strdup_printf("%dm %ds", (int)(ms / 60000), (int)(ms / 1000 % 60));
}

char *words_of_result(const ActionResult *result) {
    g_autofree char *subject = words_subject(result->action), *outcome = words_outcome(result);
    g_autofree char *spent = words_duration(result->duration_ms);
    bool skipped = result->outcome == OUTCOME_SKIPPED;
    return g_strdup_printf("%s %s %s%s%s", words_mark(result->outcome), subject, outcome, skipped ? "" : " ",
                           skipped ? "" : spent);
}
