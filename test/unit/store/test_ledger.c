/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ledger.h"

#include <string.h>

#include "fixture.h"

#define BOUND 10000

static Ledger *open_ledger(const Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    Ledger *ledger = ledger_open(fixture->store, &error);
    g_assert_no_error(error);
    return ledger;
}

static void commit(Ledger *ledger, LedgerChange change) {
    g_autoptr(GError) error = NULL;
    ledger_commit(ledger, &change, &error);
    g_assert_no_error(error);
}

static void assert_conflict(Ledger *ledger, LedgerChange change) {
    g_autoptr(GError) error = NULL;
    g_assert_false(ledger_commit(ledger, &change, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_CONFLICT);
}

static char *add_run(Ledger *ledger, RunKind kind, const char *subject) {
    g_autoptr(RunRecord) run = run_record_new(kind, subject, "push", "queued");
    commit(ledger, (LedgerChange){.run = run});
    return g_strdup(run->id);
}

static void set_state(RunRecord *run, const char *state) {
    g_free(run->state);
    run->state = g_strdup(state);
}

/* --- Records -------------------------------------------------------------------------------------------- */

/* Every member that a run's JSON may have, each with something of its own in it. */
static json_t *full_run(void) {
    static const char *const texts[] = {
        "id",    "state",  "subject", "cause",   "created", "started",  "ended",   "commit",
        "title", "parent", "by",      "message", "hint",    "trace",    "git",     "branch",
        "lock",  "base",   "pushed",  "digest",  "locked",  "settings", "expires", "applying",
    };
    static const char *const lists[] = {"instances", "changes", "reverts", "given", "steps"};
    static const char *const objects[] = {"artifact", "plan", "needs"};
    json_t *value = json_pack("{s:i, s:s}", "v", 1, "kind", "deploy");
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        json_object_set_new(value, texts[i], json_sprintf("a %s", texts[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
        json_object_set_new(value, lists[i], json_pack("[{s:s}]", "name", lists[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(objects); i++)
        json_object_set_new(value, objects[i], json_pack("{s:s}", "name", objects[i]));
    return value;
}

static void every_member_of_a_run_comes_back(void) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = full_run();
    g_autoptr(RunRecord) run = run_record_from_json("run/x", 7, value, &error);
    g_assert_no_error(error);
    g_autoptr(RunRecord) copy = run_record_copy(run);
    g_assert_cmpint(copy->serial, ==, 7);
    g_autoptr(json_t) written = run_record_to_json(copy);
    g_assert_true(json_equal(written, value));
}

static void every_member_of_a_mark_comes_back(void) {
    static const char *const texts[] = {
        "environment", "seen_commit", "seen_digest", "seen_lock",       "good_commit",
        "good_digest", "good_lock",   "good_at",     "settings_commit", "behind_commit",
        "behind_run",  "behind_why",  "declined",
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = json_pack("{s:i}", "v", 1);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        json_object_set_new(value, texts[i], json_sprintf("a %s", texts[i]));
    g_autoptr(MarkRecord) mark = mark_record_from_json("mark/dev", 3, value, &error);
    g_assert_no_error(error);
    g_autoptr(MarkRecord) copy = mark_record_copy(mark);
    g_autoptr(json_t) written = mark_record_to_json(copy);
    g_assert_true(json_equal(written, value));
    g_assert_cmpint(copy->serial, ==, 3);
}

static SourceRecord *written_and_read(const char *commit) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SourceRecord) source = source_record_new("orders", "https://git/x", "main", commit);
    g_autoptr(json_t) value = source_record_to_json(source);
    SourceRecord *read = source_record_from_json("source/orders", 1, value, &error);
    g_assert_no_error(error);
    return read;
}

static void a_source_comes_back(void) {
    g_autoptr(SourceRecord) read = written_and_read("c1");
    g_assert_cmpstr(read->plugin, ==, "orders");
    g_assert_cmpstr(read->git, ==, "https://git/x");
    g_assert_cmpstr(read->branch, ==, "main");
    g_assert_cmpstr(read->commit, ==, "c1");
}

/* Of a repository that may not be looked at. */
static void a_source_without_a_commit_comes_back(void) {
    g_autoptr(SourceRecord) read = written_and_read("");
    g_assert_cmpstr(read->commit, ==, "");
}

/* A commit without a message, a program that speaks Latin-1: the record must be readable at the next start.
 */
static void any_text_can_be_read_again(void) {
    g_autoptr(GError) error = NULL;
    g_autoptr(RunRecord) run = run_record_new(RUN_DEPLOY, "dev", "push", "queued");
    run->title = g_strdup("");
    run->message = g_strdup("caf\xe9");
    g_autoptr(json_t) value = run_record_to_json(run);
    g_autoptr(RunRecord) read = run_record_from_json("run/x", 1, value, &error);
    g_assert_no_error(error);
    g_assert_null(read->title);
    g_assert_true(g_utf8_validate(read->message, -1, NULL));
    g_assert_true(g_str_has_prefix(read->message, "caf"));
}

static void a_wrong_record_is_an_error_that_names_it(void) {
    const struct {
        const char *member;
        json_t *value;
        const char *message;
    } wrong[] = {
        {"v", json_integer(2), "newer"},        {"state", json_null(), "'state'"},
        {"kind", json_string("x"), "'kind'"},   {"steps", json_null(), "'steps'"},
        {"plan", json_array(), "'plan'"},       {"given", json_object(), "'given'"},
        {"title", json_integer(1), "'title'"},  {"reverts", json_true(), "'reverts'"},
        {"needs", json_string("x"), "'needs'"}, {"id", json_string(""), "'id'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) value = full_run();
        json_object_set_new(value, wrong[i].member, wrong[i].value);
        g_assert_null(run_record_from_json("run/x", 1, value, &error));
        g_assert_error(error, STORE_ERROR, STORE_ERROR_FORMAT);
        g_assert_nonnull(strstr(error->message, "run/x"));
        if (strstr(error->message, wrong[i].message) == NULL)
            g_error("no %s in: %s", wrong[i].message, error->message);
    }
}

static void a_store_with_a_newer_record_is_refused(Fixture *fixture, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    fixture_put(fixture, "mark/dev", "{\"v\":2,\"environment\":\"dev\"}");
    g_assert_null(ledger_open(fixture->store, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FORMAT);
    g_assert_nonnull(strstr(error->message, "mark/dev"));
}

/* --- Commits -------------------------------------------------------------------------------------------- */

static void what_was_committed_is_there_after_a_restart(Fixture *fixture, gconstpointer unused) {
    g_autofree char *id = NULL;
    {
        g_autoptr(Ledger) ledger = open_ledger(fixture);
        id = add_run(ledger, RUN_DEPLOY, "dev");
        g_autoptr(MarkRecord) mark = mark_record_new("dev");
        mark->seen_commit = g_strdup("c1");
        g_autoptr(SourceRecord) source = source_record_new("orders", "g", "main", "c2");
        commit(ledger, (LedgerChange){.mark = mark, .source = source});
    }
    g_autoptr(Ledger) ledger = open_ledger(fixture);
    g_autoptr(RunRecord) run = ledger_run(ledger, id);
    g_autoptr(MarkRecord) mark = ledger_mark(ledger, "dev");
    g_autoptr(MarkRecord) other = ledger_mark(ledger, "prod");
    g_autoptr(SourceRecord) source = ledger_source(ledger, "orders");
    g_assert_cmpstr(run->subject, ==, "dev");
    g_assert_cmpint(run->serial, >, 0);
    g_assert_cmpstr(mark->seen_commit, ==, "c1");
    g_assert_cmpint(other->serial, ==, 0);
    g_assert_cmpstr(source->commit, ==, "c2");
    g_assert_null(ledger_source(ledger, "other"));
    g_assert_null(ledger_run(ledger, "other"));
}

static void a_run_that_others_changed_is_a_conflict(Fixture *fixture, gconstpointer unused) {
    g_autoptr(Ledger) ledger = open_ledger(fixture);
    g_autofree char *id = add_run(ledger, RUN_DEPLOY, "dev");
    g_autoptr(RunRecord) stored = ledger_run(ledger, id);
    g_autoptr(RunRecord) mine = run_record_copy(stored), others = run_record_copy(stored);
    set_state(others, "superseded");
    commit(ledger, (LedgerChange){.run = others});
    set_state(mine, "planning");
    assert_conflict(ledger, (LedgerChange){.run = mine});
    g_autoptr(RunRecord) now = ledger_run(ledger, id);
    g_assert_cmpstr(now->state, ==, "superseded");
}

static void two_runs_and_a_mark_are_written_together_or_not(Fixture *fixture, gconstpointer unused) {
    g_autoptr(Ledger) ledger = open_ledger(fixture);
    g_autofree char *id = add_run(ledger, RUN_DEPLOY, "dev");
    g_autoptr(RunRecord) stored = ledger_run(ledger, id);
    g_autoptr(RunRecord) older = run_record_copy(stored);
    g_autoptr(RunRecord) newer = run_record_new(RUN_DEPLOY, "dev", "push", "queued");
    g_autoptr(MarkRecord) mark = mark_record_new("dev");
    mark->seen_commit = g_strdup("c2");
    mark->serial = 9; /* not what is stored */
    set_state(older, "superseded");
    const LedgerChange change = {.run = newer, .other = older, .mark = mark};
    assert_conflict(ledger, change);
    g_assert_null(ledger_run(ledger, newer->id));
    mark->serial = 0;
    commit(ledger, change);
    g_autoptr(RunRecord) one = ledger_run(ledger, newer->id), other = ledger_run(ledger, id);
    g_autoptr(MarkRecord) marked = ledger_mark(ledger, "dev");
    g_assert_nonnull(one);
    g_assert_cmpstr(other->state, ==, "superseded");
    g_assert_cmpstr(marked->seen_commit, ==, "c2");
}

static void runs_come_newest_first(Fixture *fixture, gconstpointer unused) {
    g_autoptr(Ledger) ledger = open_ledger(fixture);
    g_autofree char *first = add_run(ledger, RUN_DEPLOY, "dev"), *second = add_run(ledger, RUN_BUILD, "x");
    g_autoptr(GPtrArray) runs = ledger_runs(ledger);
    g_assert_cmpuint(runs->len, ==, 2);
    g_assert_cmpstr(((RunRecord *)runs->pdata[0])->id, ==, second);
    g_assert_cmpstr(((RunRecord *)runs->pdata[1])->id, ==, first);
}

static void count_told(const RunRecord *run, gpointer told) {
    g_ptr_array_add(told, g_strdup(run->subject));
}

static void a_listener_is_told_of_what_was_stored_only(Fixture *fixture, gconstpointer unused) {
    g_autoptr(GPtrArray) told = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Ledger) ledger = open_ledger(fixture);
    ledger_listen(ledger, count_told, told);
    g_autofree char *id = add_run(ledger, RUN_DEPLOY, "dev");
    g_autoptr(RunRecord) again = run_record_new(RUN_DEPLOY, "prod", "push", "queued");
    again->serial = 5;
    assert_conflict(ledger, (LedgerChange){.run = again});
    g_assert_cmpuint(told->len, ==, 1);
    g_assert_cmpstr(told->pdata[0], ==, "dev");
}

/* --- The audit log -------------------------------------------------------------------------------------- */

static const char *id_of(const GPtrArray *entries, guint index) {
    return json_get_string(entries->pdata[index], "id");
}

static void the_audit_log_is_read_page_by_page(Fixture *fixture, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Ledger) ledger = open_ledger(fixture);
    for (int i = 0; i < 5; i++) {
        g_autofree char *detail = g_strdup_printf("%d", i);
        commit(ledger, (LedgerChange){.audit = audit_record("ada", "deploy", NULL, "dev", NULL, detail)});
    }
    g_autoptr(GPtrArray) first = ledger_audit(ledger, NULL, 2, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) second = ledger_audit(ledger, id_of(first, 1), 2, &error);
    g_autoptr(GPtrArray) third = ledger_audit(ledger, id_of(second, 1), 2, &error);
    g_autoptr(GPtrArray) none = ledger_audit(ledger, id_of(third, 0), 2, &error);
    g_assert_cmpuint(first->len, ==, 2);
    g_assert_cmpuint(third->len, ==, 1);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpstr(json_get_string(first->pdata[0], "detail"), ==, "4");
    g_assert_cmpstr(json_get_string(third->pdata[0], "detail"), ==, "0");
    g_assert_cmpstr(json_get_string(first->pdata[0], "by"), ==, "ada");
    g_assert_true(json_is_null(json_object_get(first->pdata[0], "run")));
}

static void an_entry_is_not_written_without_its_run(Fixture *fixture, gconstpointer unused) {
    g_autoptr(Ledger) ledger = open_ledger(fixture);
    g_autoptr(RunRecord) run = run_record_new(RUN_DEPLOY, "dev", "deploy", "queued");
    run->serial = 4;
    assert_conflict(ledger, (LedgerChange){
                                .run = run,
                                .audit = audit_record("ada", "deploy", run->id, "dev", NULL, NULL),
                            });
    g_autoptr(GPtrArray) entries = ledger_audit(ledger, NULL, 10, NULL);
    g_assert_cmpuint(entries->len, ==, 0);
}

/* --- Deliveries ----------------------------------------------------------------------------------------- */

static void a_delivery_is_taken_once_across_restarts(Fixture *fixture, gconstpointer unused) {
    {
        g_autoptr(Ledger) ledger = open_ledger(fixture);
        g_assert_true(ledger_take_delivery(ledger, "gitea", "1"));
        g_assert_false(ledger_take_delivery(ledger, "gitea", "1"));
        g_assert_true(ledger_take_delivery(ledger, "github", "1"));
    }
    g_autoptr(Ledger) ledger = open_ledger(fixture);
    g_assert_false(ledger_take_delivery(ledger, "gitea", "1"));
    g_assert_true(ledger_take_delivery(ledger, "gitea", "2"));
}

/* As many deliveries as are kept, the oldest of them "old 0", written in a few commits. */
static void fill_with_deliveries(const Fixture *fixture) {
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(StoreChange));
    for (int i = 0; i < BOUND; i++) {
        g_autofree char *name = g_strdup_printf("old %d", i);
        StoreChange change = {g_strdup_printf("delivery/00000000000000000000%06d", i), 0,
                              json_pack("{s:i, s:s}", "v", 1, "name", name)};
        g_array_append_val(changes, change);
    }
    g_autoptr(GError) error = NULL;
    store_commit(fixture->store, (StoreChange *)changes->data, changes->len, NULL, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < changes->len; i++) {
        StoreChange *change = &g_array_index(changes, StoreChange, i);
        g_free((char *)change->key);
        json_decref(change->value);
    }
}

static guint count_keys(const Fixture *fixture, const char *prefix) {
    g_autoptr(GHashTable) snapshot = store_snapshot(fixture->store, NULL);
    GHashTableIter iterator;
    gpointer key;
    guint count = 0;
    g_hash_table_iter_init(&iterator, snapshot);
    while (g_hash_table_iter_next(&iterator, &key, NULL))
        count += g_str_has_prefix(key, prefix);
    return count;
}

static void the_oldest_delivery_makes_room(Fixture *fixture, gconstpointer unused) {
    fill_with_deliveries(fixture);
    g_autoptr(Ledger) ledger = open_ledger(fixture);
    g_assert_false(ledger_take_delivery(ledger, "old", "0"));
    g_assert_true(ledger_take_delivery(ledger, "new", "1"));
    g_assert_cmpuint(count_keys(fixture, "delivery/"), ==, BOUND);
    g_assert_false(ledger_take_delivery(ledger, "old", "1"));
    g_assert_false(ledger_take_delivery(ledger, "new", "1"));
    g_assert_true(ledger_take_delivery(ledger, "old", "0"));
}

/* --- Forgetting ----------------------------------------------------------------------------------------- */

static bool is_done(const RunRecord *run) {
    return strcmp(run->state, "done") == 0;
}

static void end_run(Ledger *ledger, const char *id) {
    g_autoptr(RunRecord) stored = ledger_run(ledger, id);
    g_autoptr(RunRecord) run = run_record_copy(stored);
    set_state(run, "done");
    commit(ledger, (LedgerChange){.run = run});
}

static void old_runs_that_ended_are_forgotten(Fixture *fixture, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Ledger) ledger = open_ledger(fixture);
    g_autofree char *oldest = add_run(ledger, RUN_DEPLOY, "dev"), *open = add_run(ledger, RUN_DEPLOY, "prod"),
                    *newest = add_run(ledger, RUN_DEPLOY, "dev");
    end_run(ledger, oldest);
    end_run(ledger, newest);
    g_autoptr(GPtrArray) forgotten = ledger_prune(ledger, 1, is_done, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(forgotten->len, ==, 1);
    g_assert_cmpstr(forgotten->pdata[0], ==, oldest);
    g_assert_null(ledger_run(ledger, oldest));
    g_autoptr(RunRecord) kept = ledger_run(ledger, open);
    g_assert_nonnull(kept);
    g_assert_cmpuint(count_keys(fixture, "run/"), ==, 2);
}

#define WITH_STORE(rule) g_test_add("/ledger/" #rule, Fixture, NULL, fixture_set_up, rule, fixture_tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/every_member_of_a_run_comes_back", every_member_of_a_run_comes_back);
    g_test_add_func("/ledger/every_member_of_a_mark_comes_back", every_member_of_a_mark_comes_back);
    g_test_add_func("/ledger/a_source_comes_back", a_source_comes_back);
    g_test_add_func("/ledger/a_source_without_a_commit_comes_back", a_source_without_a_commit_comes_back);
    g_test_add_func("/ledger/any_text_can_be_read_again", any_text_can_be_read_again);
    g_test_add_func("/ledger/a_wrong_record_is_an_error_that_names_it",
                    a_wrong_record_is_an_error_that_names_it);
    WITH_STORE(a_store_with_a_newer_record_is_refused);
    WITH_STORE(what_was_committed_is_there_after_a_restart);
    WITH_STORE(a_run_that_others_changed_is_a_conflict);
    WITH_STORE(two_runs_and_a_mark_are_written_together_or_not);
    WITH_STORE(runs_come_newest_first);
    WITH_STORE(a_listener_is_told_of_what_was_stored_only);
    WITH_STORE(the_audit_log_is_read_page_by_page);
    WITH_STORE(an_entry_is_not_written_without_its_run);
    WITH_STORE(a_delivery_is_taken_once_across_restarts);
    WITH_STORE(the_oldest_delivery_makes_room);
    WITH_STORE(old_runs_that_ended_are_forgotten);
    return g_test_run();
}
