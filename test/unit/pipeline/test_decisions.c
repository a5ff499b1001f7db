/* SPDX-License-Identifier: Apache-2.0 */
/* Who may approve, what a change of settings is, what is proposed again, what an end means for an
 * environment: decisions that need nothing but records. */
#include <string.h>

#include "pipeline/pipeline_private.h"
#include "pipeline/plan_document.h"
#include "pipeline/poll.h"

/* --- Who may approve ------------------------------------------------------------------------------------ */

static Person *person(const char *name, const char *email, const char *group, int roles) {
    Person *made = person_new(name);
    g_strfreev(made->emails);
    g_strfreev(made->groups);
    const char *const emails[] = {email, NULL}, *const groups[] = {group, NULL};
    made->emails = g_strdupv((char **)emails);
    made->groups = g_strdupv((char **)groups);
    made->roles = roles;
    return made;
}

static RunRecord *waiting_run(void) {
    RunRecord *run = run_record_new(RUN_DEPLOY, "prod", "promotion", "waiting");
    run->needs = json_pack("{s:i, s:[s,s], s:[s]}", "approvals", 2, "approvers", "managers", "boss",
                           "authors", "writer@acme.example");
    run->given = json_pack("[{s:s}]", "by", "first");
    run->by = g_strdup("asker");
    return run;
}

static void who_may_approve(void) {
    const struct {
        const char *name, *email, *group;
        int roles;
        const char *refusal; /* part of it; NULL: may */
    } people[] = {
        {"second", "s@acme.example", "managers", ROLE_APPROVER, NULL},
        {"boss", "b@acme.example", NULL, ROLE_APPROVER | ROLE_OPERATOR, NULL},
        {"second", "s@acme.example", "managers", ROLE_OPERATOR, "role"},
        {"other", "o@acme.example", "developers", ROLE_APPROVER, "names others"},
        {"writer", "WRITER@acme.example", "managers", ROLE_APPROVER, "wrote"},
        {"asker", "a@acme.example", "managers", ROLE_APPROVER, "asked"},
        {"first", "f@acme.example", "managers", ROLE_APPROVER, "already"},
    };
    g_autoptr(RunRecord) run = waiting_run();
    for (gsize i = 0; i < G_N_ELEMENTS(people); i++) {
        g_autoptr(Person) asked = person(people[i].name, people[i].email, people[i].group, people[i].roles);
        g_autofree char *refusal = approval_refusal(run, asked);
        if (people[i].refusal == NULL)
            g_assert_cmpstr(refusal, ==, NULL);
        else
            g_assert_nonnull(strstr(refusal, people[i].refusal));
    }
}

static void without_a_list_every_approver_may(void) {
    g_autoptr(RunRecord) run = waiting_run();
    json_object_set_new(run->needs, "approvers", json_array());
    g_autoptr(Person) other = person("other", "o@acme.example", NULL, ROLE_APPROVER);
    g_assert_null(approval_refusal(run, other));
}

static void needs_are_those_of_the_policy(void) {
    char managers[] = "managers", *approvers[] = {managers, NULL};
    const Policy policy = {.approvals = 2, .approvers = approvers};
    g_autoptr(GPtrArray) authors = g_ptr_array_new();
    g_ptr_array_add(authors, (gpointer) "ada@acme.example");
    g_autoptr(json_t) needs = approval_needs(&policy, policy.approvals, authors);
    g_autofree char *text = json_canonical(needs);
    g_assert_cmpstr(text, ==,
                    "{\"approvals\":2,\"approvers\":[\"managers\"],\"authors\":[\"ada@acme.example\"]}");
}

static void what_takes_back_by_hand_is_held(void) {
    static const struct {
        const char *policy;
        PlanCause cause;
        bool recreate, held;
    } cases[] = {
        {"hold", PLAN_DECLARED, false, false}, {"hold", PLAN_DECLARED | PLAN_DRIFT, false, true},
        {"hold", PLAN_DECLARED, true, true},   {"report", PLAN_DRIFT, true, false},
        {"repair", PLAN_DRIFT, true, false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *drift = g_strdup(cases[i].policy);
        g_autoptr(GPtrArray) changes = g_ptr_array_new(), actions = g_ptr_array_new();
        PlanChange change = {.cause = cases[i].cause};
        PlanAction action = {.changes = changes, .recreate = cases[i].recreate};
        g_ptr_array_add(changes, &change);
        g_ptr_array_add(actions, &action);
        const Policy policy = {.drift = drift};
        const Plan plan = {.actions = actions};
        g_assert_true(drift_is_held(&policy, &plan) == cases[i].held);
    }
}

/* --- Settings ------------------------------------------------------------------------------------------- */

static void a_change_of_settings_is_shown_key_by_key(void) {
    g_autoptr(json_t) before =
        json_pack("{s:s, s:s, s:s}", "policy.approvals", "1", "connect.main.url", "a", "state", "x");
    g_autoptr(json_t) after = json_pack("{s:s, s:s, s:s}", "policy.approvals", "0", "connect.main.url", "a",
                                        "connect.two.url", "b");
    g_autoptr(json_t) plan = plan_document_of_settings(before, after, "sha256:1", "sha256:2");
    g_assert_true(json_is_true(json_object_get(plan, "settings")));
    const json_t *changes = json_object_get(json_array_get(json_object_get(plan, "actions"), 0), "changes");
    g_autofree char *text = json_canonical(changes);
    g_assert_cmpstr(
        text, ==,
        "[{\"deferred\":null,\"key\":\"policy.approvals\",\"new\":\"0\",\"old\":\"1\",\"sensitive\":"
        "false},"
        "{\"deferred\":null,\"key\":\"state\",\"new\":null,\"old\":\"x\",\"sensitive\":false},"
        "{\"deferred\":null,\"key\":\"connect.two.url\",\"new\":\"b\",\"old\":null,\"sensitive\":"
        "false}]");
}

static void the_digest_of_settings_is_of_both(void) {
    g_autoptr(json_t) values = json_pack("{s:s}", "a", "1"), other = json_pack("{s:s}", "a", "2");
    g_autoptr(json_t) there = plan_document_of_settings(values, other, "sha256:1", "sha256:2");
    g_autoptr(json_t) again = plan_document_of_settings(values, other, "sha256:1", "sha256:2");
    g_autoptr(json_t) back = plan_document_of_settings(other, values, "sha256:2", "sha256:1");
    g_assert_cmpstr(json_get_string(there, "digest"), ==, json_get_string(again, "digest"));
    g_assert_cmpstr(json_get_string(there, "digest"), !=, json_get_string(back, "digest"));
    g_assert_null(plan_document_of_settings(values, values, "sha256:1", "sha256:1"));
}

static void another_password_is_a_change_that_is_not_shown(void) {
    g_autoptr(json_t) values = json_pack("{s:s}", "connect.main.password", "•••");
    g_autoptr(json_t) plan = plan_document_of_settings(values, values, "sha256:1", "sha256:2");
    const json_t *change =
        json_array_get(json_object_get(json_array_get(json_object_get(plan, "actions"), 0), "changes"), 0);
    g_assert_cmpstr(json_get_string(change, "key"), ==, "a password");
    g_assert_true(json_is_true(json_object_get(change, "sensitive")));
}

/* --- Addresses ------------------------------------------------------------------------------------------ */

static void one_repository_has_many_addresses(void) {
    const char *const same[] = {
        "https://git.acme.example/streaming/orders.git",
        "https://git.acme.example/streaming/orders",
        "https://git.acme.example/streaming/orders/",
        "http://me:secret@git.acme.example/streaming/orders.git",
        "https://git.acme.example:443/streaming/orders",
        "ssh://git@git.acme.example:2222/streaming/orders.git",
        "git@git.acme.example:streaming/orders.git",
        "git.acme.example:/streaming/orders",
        "https://GIT.acme.example/Streaming/Orders.git",
    };
    const char *const others[] = {
        "https://git.acme.example/streaming/orders2.git", "https://git.acme.example/orders.git",
        "https://other.example/streaming/orders.git",     "https://git.acme.example.evil/streaming/orders",
        "https://evil/git.acme.example/streaming/orders", "",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(same); i++)
        g_assert_true(poll_is_same_place(same[0], same[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(poll_is_same_place(same[0], others[i]));
    g_assert_true(poll_is_same_place("/srv/git/orders.git", "file:///srv/git/orders"));
    g_assert_false(poll_is_same_place("/srv/git/orders.git", "/srv/git/other.git"));
}

/* --- What is proposed again ----------------------------------------------------------------------------- */

static RunRecord *promotion(const char *after) {
    RunRecord *run = run_record_new(RUN_DEPLOY, "prod", "promotion", "waiting");
    run->commit = g_strdup("c9");
    run->lock = g_strdup("{}");
    run->changes = json_pack("[{s:s, s:s, s:s, s:s}]", "kind", "plugin", "name", "orders-source", "before",
                             "1.0.0", "after", after);
    return run;
}

static void a_fingerprint_is_of_where_things_go(void) {
    g_autoptr(RunRecord) one = promotion("1.1.0"), same = promotion("1.1.0"), other = promotion("1.2.0");
    json_object_set_new(json_array_get(same->changes, 0), "before", json_string("0.9"));
    g_autofree char *first = promotion_fingerprint(one), *second = promotion_fingerprint(same),
                    *third = promotion_fingerprint(other);
    g_assert_cmpstr(first, ==, "plugin orders-source 1.1.0\n");
    g_assert_cmpstr(first, ==, second);
    g_assert_cmpstr(first, !=, third);
    g_autoptr(RunRecord) push = run_record_new(RUN_DEPLOY, "prod", "push", "waiting");
    g_assert_null(promotion_fingerprint(push));
}

/* --- Marks ---------------------------------------------------------------------------------------------- */

static RunRecord *ended(const char *cause, const char *commit) {
    RunRecord *run = run_record_new(RUN_DEPLOY, "prod", cause, "done");
    run->commit = g_strdup(commit);
    run->digest = g_strconcat("files of ", commit, NULL);
    run->locked = g_strconcat("lock of ", commit, NULL);
    run->settings = g_strdup(commit);
    run->message = g_strdup("why");
    return run;
}

static void a_newer_commit_stays_seen_when_an_older_one_ends_well(void) {
    g_autoptr(MarkRecord) mark = mark_record_new("prod");
    g_autoptr(RunRecord) older = ended("push", "c1"), newer = ended("push", "c2");
    mark_seen(mark, older);
    mark_seen(mark, newer);
    mark_good(mark, older);
    g_assert_cmpstr(mark->seen_digest, ==, "files of c2");
    g_assert_cmpstr(mark->good_digest, ==, "files of c1");
    g_assert_cmpstr(mark->good_commit, ==, "c1");
    g_assert_cmpstr(mark->settings_commit, ==, "c1");
}

/* Of an environment that runs what was looked at last. */
static MarkRecord *mark_at_rest(const RunRecord *good) {
    MarkRecord *mark = mark_record_new("prod");
    mark_seen(mark, good);
    mark_good(mark, good);
    return mark;
}

static void a_good_end_is_no_longer_behind(void) {
    g_autoptr(MarkRecord) mark = mark_record_new("prod");
    g_autoptr(RunRecord) bad = ended("push", "c1"), good = ended("push", "c2");
    mark_behind(mark, bad);
    g_assert_cmpstr(mark->behind_commit, ==, "c1");
    g_assert_cmpstr(mark->behind_why, ==, "why");
    mark_good(mark, good);
    g_assert_null(mark->behind_commit);
    g_assert_null(mark->behind_run);
    g_assert_null(mark->behind_why);
}

static void a_dropped_promotion_is_declined_and_nothing_is_behind(void) {
    g_autoptr(RunRecord) good = ended("push", "c1"), dropped = promotion("1.1.0");
    g_autoptr(MarkRecord) mark = mark_at_rest(good);
    mark_dropped(mark, dropped);
    g_assert_cmpstr(mark->declined, ==, "plugin orders-source 1.1.0\n");
    g_assert_null(mark->behind_commit);
}

/* The promotion's run had a commit of a person's in it that never ran by itself. */
static void a_dropped_promotion_over_a_commit_leaves_it_behind(void) {
    g_autoptr(MarkRecord) mark = mark_record_new("prod");
    g_autoptr(RunRecord) good = ended("push", "c1"), newer = ended("push", "c2"),
                         dropped = promotion("1.1.0");
    mark_good(mark, good);
    mark_seen(mark, newer);
    mark_dropped(mark, dropped);
    g_assert_cmpstr(mark->behind_commit, ==, "c9");
}

static void a_failed_promotion_over_a_commit_leaves_it_behind(void) {
    g_autoptr(RunRecord) good = ended("push", "c1"), newer = ended("push", "c2"), failed = promotion("1.1.0");
    g_autoptr(MarkRecord) mark = mark_at_rest(good);
    mark_lost(mark, failed);
    g_assert_null(mark->behind_commit);
    mark_seen(mark, newer);
    mark_lost(mark, failed);
    g_assert_cmpstr(mark->behind_commit, ==, "c9");
    g_assert_null(mark->declined);
}

static void what_only_repairs_leaves_nothing_behind(void) {
    g_autoptr(RunRecord) good = ended("push", "c1"), repair = ended("drift", "c1");
    g_autoptr(MarkRecord) mark = mark_at_rest(good);
    mark_dropped(mark, repair);
    mark_behind(mark, repair);
    g_assert_null(mark->behind_commit);
}

static void a_dropped_commit_is_behind(void) {
    g_autoptr(MarkRecord) mark = mark_record_new("prod");
    g_autoptr(RunRecord) run = ended("push", "c1");
    mark->declined = g_strdup("plugin x 1\n");
    mark_dropped(mark, run);
    g_assert_cmpstr(mark->behind_commit, ==, "c1");
    g_assert_cmpstr(mark->declined, ==, "plugin x 1\n");
}

static void what_is_let_in_is_proposed_again(void) {
    g_autoptr(MarkRecord) mark = mark_record_new("prod");
    g_autoptr(RunRecord) dropped = promotion("1.1.0"), push = ended("push", "c1"),
                         unhold = ended("unhold", "c2");
    mark_declined(mark, dropped);
    mark_good(mark, push);
    g_assert_nonnull(mark->declined);
    mark_good(mark, unhold);
    g_assert_null(mark->declined);
}

static void a_reverted_lock_is_what_runs(void) {
    g_autoptr(MarkRecord) mark = mark_record_new("prod");
    g_autoptr(RunRecord) good = ended("push", "c1"), reverted = promotion("1.1.0");
    reverted->digest = g_strdup("files");
    reverted->locked = g_strdup("reverted lock");
    mark_seen(mark, good);
    mark_good(mark, good);
    mark_reverted(mark, reverted);
    g_assert_cmpstr(mark->seen_lock, ==, "reverted lock");
    g_assert_cmpstr(mark->good_lock, ==, "reverted lock");
    g_assert_cmpstr(mark->good_commit, ==, "c1");
    g_assert_nonnull(mark->declined);
}

/* --- Ends ----------------------------------------------------------------------------------------------- */

static void a_run_keeps_its_steps(void) {
    g_autoptr(RunRecord) run = run_record_new(RUN_DEPLOY, "dev", "push", "queued");
    g_assert_true(run_advance(run, RUN_EVENT_OK));
    g_assert_nonnull(run->started);
    g_assert_true(run_advance(run, RUN_EVENT_OK));
    g_assert_true(run_advance(run, RUN_EVENT_FAILED));
    g_assert_cmpstr(run->state, ==, "behind");
    g_assert_nonnull(run->ended);
    g_assert_cmpuint(json_array_size(run->steps), ==, 2);
    g_assert_cmpstr(json_get_string(json_array_get(run->steps, 0), "state"), ==, "done");
    g_assert_cmpstr(json_get_string(json_array_get(run->steps, 1), "state"), ==, "failed");
    g_assert_false(run_advance(run, RUN_EVENT_OK));
    g_assert_cmpstr(run->state, ==, "behind");
}

static void what_passes_by_itself_is_told_apart(void) {
    g_autoptr(GError) passing = g_error_new(BASE_ERROR, BASE_ERROR_CONNECT, "x"),
                      held = g_error_new(STORE_ERROR, STORE_ERROR_HELD, "x"),
                      lasting = g_error_new(STORE_ERROR, STORE_ERROR_FORMAT, "x");
    g_assert_true(work_is_transient(passing));
    g_assert_true(work_is_transient(held));
    g_assert_false(work_is_transient(lasting));
    g_autoptr(GError) unread = NULL;
    pipeline_set_unread(&unread);
    g_assert_true(work_is_transient(unread));
}

#define TEST(rule) g_test_add_func("/decisions/" #rule, rule)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    TEST(who_may_approve);
    TEST(without_a_list_every_approver_may);
    TEST(needs_are_those_of_the_policy);
    TEST(what_takes_back_by_hand_is_held);
    TEST(a_change_of_settings_is_shown_key_by_key);
    TEST(the_digest_of_settings_is_of_both);
    TEST(another_password_is_a_change_that_is_not_shown);
    TEST(one_repository_has_many_addresses);
    TEST(a_fingerprint_is_of_where_things_go);
    TEST(a_newer_commit_stays_seen_when_an_older_one_ends_well);
    TEST(a_good_end_is_no_longer_behind);
    TEST(a_dropped_promotion_is_declined_and_nothing_is_behind);
    TEST(a_dropped_promotion_over_a_commit_leaves_it_behind);
    TEST(a_failed_promotion_over_a_commit_leaves_it_behind);
    TEST(what_only_repairs_leaves_nothing_behind);
    TEST(a_dropped_commit_is_behind);
    TEST(what_is_let_in_is_proposed_again);
    TEST(a_reverted_lock_is_what_runs);
    TEST(a_run_keeps_its_steps);
    TEST(what_passes_by_itself_is_told_apart);
    return g_test_run();
}
