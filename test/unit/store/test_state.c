/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/ulid.h"
#include "store/state.h"

#include "fixture.h"

static const LeaseRequest lease_request = {
    .by = "anna", .command = "apply dev", .ttl_ms = 30000, .heartbeat_ms = 5000};

static State *open_state(Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    State *state = state_open(fixture->store, "acme", "dev", &error);
    g_assert_no_error(error);
    return state;
}

static void begin(State *state, const char *plan) {
    const StateCommand command = {.command = "apply", .plan = plan, .digest = "sha256:00", .by = "anna"};
    g_autoptr(GError) error = NULL;
    state_begin(state, &command, &lease_request, &error);
    g_assert_no_error(error);
}

static void end(State *state, HistoryResult result) {
    g_autoptr(GError) error = NULL;
    state_end(state, result, NULL, &error);
    g_assert_no_error(error);
}

static void commit(State *state, StateBatch *batch) {
    g_autoptr(GError) error = NULL;
    state_commit(state, batch, &error);
    g_assert_no_error(error);
}

static ResourceRecord *topic_new(const char *address, const char *name) {
    ResourceRecord *topic = resource_record_new(RESOURCE_TOPIC, address, "kafka", name);
    json_decref(topic->applied);
    topic->applied = json_pack("{s:i,s:i,s:{s:s}}", "partitions", 6, "replication", 3, "config",
                               "cleanup.policy", "compact");
    return topic;
}

static void put(State *state, const ResourceRecord *resource) {
    g_autoptr(StateBatch) batch = state_batch_new();
    state_put_resource(batch, resource);
    commit(state, batch);
}

static void makes_its_meta_once(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) first = open_state(fixture);
    g_autoptr(State) second = open_state(fixture);
    g_assert_cmpuint(strlen(state_meta(first)->uid), ==, 26);
    g_assert_cmpstr(state_meta(first)->uid, ==, state_meta(second)->uid);
    g_assert_cmpmem(state_meta(first)->key, HASH_KEY_SIZE, state_meta(second)->key, HASH_KEY_SIZE);
    const guint8 zeroes[HASH_KEY_SIZE] = {0};
    g_assert_true(memcmp(state_meta(first)->key, zeroes, HASH_KEY_SIZE) != 0);
}

static void reading_makes_nothing(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = state_read(fixture->store, NULL);
    g_assert_null(state_meta(state));
    g_autoptr(GPtrArray) resources = state_resources(state);
    g_assert_cmpuint(resources->len, ==, 0);
    g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
}

static void is_of_one_environment(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    g_autoptr(GError) error = NULL;
    g_assert_null(state_open(fixture->store, "acme", "prod", &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FOREIGN);
}

static void remembers_its_clusters(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    g_autoptr(State) other = open_state(fixture);
    g_autoptr(GHashTable) connect = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(connect, (char *)"main", (char *)"K1");
    g_autoptr(GError) error = NULL;
    g_assert_true(state_check_clusters(state, "K1", connect, &error));
    g_assert_true(state_check_clusters(state, "K1", connect, &error));
    g_hash_table_insert(connect, (char *)"second", (char *)"K1");
    g_assert_true(state_check_clusters(other, NULL, connect, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(state_meta(other)->kafka_cluster, ==, "K1");
    g_hash_table_insert(connect, (char *)"main", (char *)"K2");
    g_assert_false(state_check_clusters(other, "K1", connect, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FOREIGN);
    g_assert_nonnull(strstr(error->message, "'main'"));
    g_clear_error(&error);
    g_assert_false(state_check_clusters(state, "K2", NULL, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FOREIGN);
}

static void keeps_what_was_put(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    begin(state, NULL);
    g_autoptr(ResourceRecord) topic = topic_new("orders/topic/raw", "orders.raw");
    put(state, topic);
    end(state, HISTORY_OK);
    g_autoptr(State) again = open_state(fixture);
    g_autoptr(ResourceRecord) found = state_resource(again, "orders/topic/raw");
    g_assert_cmpstr(found->uid, ==, topic->uid);
    g_assert_cmpint(found->serial, >, 0);
    g_assert_true(json_equal(found->applied, topic->applied));
    g_autoptr(ResourceRecord) named = state_resource_by_name(again, RESOURCE_TOPIC, "kafka", "orders.raw");
    g_assert_true(named == found);
    g_assert_null(state_resource_by_name(again, RESOURCE_CONNECTOR, "kafka", "orders.raw"));
}

static void moves_keep_the_uid(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    begin(state, NULL);
    g_autoptr(ResourceRecord) one = topic_new("a", "1");
    g_autoptr(ResourceRecord) two = topic_new("b", "2");
    put(state, one);
    put(state, two);
    g_autoptr(StateBatch) batch = state_batch_new();
    g_autoptr(ResourceRecord) moved_one = resource_record_copy(one);
    g_autoptr(ResourceRecord) moved_two = resource_record_copy(two);
    g_free(moved_one->address);
    g_free(moved_two->address);
    moved_one->address = g_strdup("b");
    moved_two->address = g_strdup("a");
    state_put_resource(batch, moved_one);
    state_put_resource(batch, moved_two);
    commit(state, batch);
    g_autoptr(ResourceRecord) found = state_resource(state, "b");
    g_assert_cmpstr(found->uid, ==, one->uid);
    g_autoptr(GPtrArray) all = state_resources(state);
    g_assert_cmpuint(all->len, ==, 2);
}

static void one_address_is_one_resource(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    begin(state, NULL);
    g_autoptr(ResourceRecord) one = topic_new("a", "1");
    g_autoptr(ResourceRecord) two = topic_new("a", "2");
    put(state, one);
    g_autoptr(StateBatch) batch = state_batch_new();
    state_put_resource(batch, two);
    g_autoptr(GError) error = NULL;
    g_assert_false(state_commit(state, batch, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FAILED);
    state_delete_resource(batch, one->uid);
    commit(state, batch);
    g_autoptr(ResourceRecord) found = state_resource(state, "a");
    g_assert_cmpstr(found->uid, ==, two->uid);
}

static void unreadable_records_are_not_written(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    begin(state, NULL);
    g_autoptr(ResourceRecord) connector = resource_record_new(RESOURCE_CONNECTOR, "a", "main", "a");
    g_autoptr(StateBatch) batch = state_batch_new();
    state_put_resource(batch, connector);
    g_autoptr(GError) error = NULL;
    g_assert_false(state_commit(state, batch, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FORMAT);
}

static void intents_come_and_go(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    begin(state, NULL);
    g_autoptr(ResourceRecord) topic = topic_new("a", "1");
    g_autoptr(IntentRecord) intent =
        intent_record_new(topic->uid, state_apply(state), INTENT_CREATE, "absent", "hmac:00", topic);
    g_autoptr(StateBatch) batch = state_batch_new();
    state_put_intent(batch, intent);
    commit(state, batch);
    g_autoptr(State) observer = open_state(fixture);
    g_autoptr(GPtrArray) found = state_intents(observer);
    g_assert_cmpuint(found->len, ==, 1);
    const IntentRecord *read = found->pdata[0];
    g_assert_cmpstr(read->record_after->uid, ==, topic->uid);
    g_assert_cmpstr(read->record_after->name, ==, "1");
    state_put_resource(batch, topic);
    state_drop_intent(batch, topic->uid);
    state_drop_intent(batch, "never was");
    commit(state, batch);
    g_autoptr(GPtrArray) none = state_intents(state);
    g_assert_cmpuint(none->len, ==, 0);
}

static void plan_is_used_once(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    g_autoptr(State) late = open_state(fixture);
    begin(state, "P1");
    end(state, HISTORY_OK);
    g_autofree char *used_by = state_plan_used_by(state, "P1");
    g_assert_cmpstr(used_by, ==, state_apply(state));
    const StateCommand command = {.command = "apply", .plan = "P1", .by = "anna"};
    State *const states[] = {state, late}; /* one that knows, one that learns it from the store */
    for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(state_begin(states[i], &command, &lease_request, &error));
        g_assert_error(error, STORE_ERROR, STORE_ERROR_USED);
        g_assert_nonnull(strstr(error->message, used_by));
    }
    begin(late, "P2");
}

static void history_tells_how_it_ended(Fixture *fixture, gconstpointer data) {
    State *killed = open_state(fixture);
    begin(killed, NULL);
    state_close(killed);
    g_autoptr(State) state = open_state(fixture);
    begin(state, "P");
    g_autoptr(json_t) counts = json_pack("{s:i}", "create", 2);
    g_assert_true(state_end(state, HISTORY_ROLLED_BACK, counts, NULL));
    g_autoptr(State) again = open_state(fixture);
    g_autoptr(GPtrArray) history = state_history(again);
    g_assert_cmpuint(history->len, ==, 2);
    const HistoryRecord *last = history->pdata[0], *first = history->pdata[1];
    g_assert_cmpint(last->result, ==, HISTORY_ROLLED_BACK);
    g_assert_cmpint(json_get_integer(last->counts, "create", 0), ==, 2);
    g_assert_nonnull(last->ended);
    g_assert_cmpint(first->result, ==, HISTORY_INTERRUPTED);
}

static void newest_of_history_are_kept(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    for (int i = 0; i < 203; i++) {
        begin(state, NULL);
        end(state, HISTORY_OK);
    }
    g_autoptr(GPtrArray) history = state_history(state);
    g_assert_cmpuint(history->len, ==, 200);
    const HistoryRecord *newest = history->pdata[0];
    g_assert_cmpstr(newest->id, ==, state_apply(state));
}

static void newest_offsets_are_kept(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    begin(state, NULL);
    for (int i = 0; i < 23; i++) {
        g_autoptr(StateBatch) batch = state_batch_new();
        g_autoptr(json_t) offsets = json_pack("[{s:i}]", "n", i);
        state_put_offsets(batch, "01A", i == 22 ? "delete" : "stop", offsets);
        state_put_offsets(batch, "01B", "reset", offsets);
        commit(state, batch);
    }
    g_autoptr(State) again = open_state(fixture);
    g_autoptr(json_t) all = state_offsets(again, "01A");
    g_assert_cmpuint(json_array_size(all), ==, 20);
    const json_t *newest = json_array_get(all, 0);
    g_assert_cmpstr(json_get_string(newest, "why"), ==, "delete");
    g_assert_cmpint(json_get_integer(json_array_get(json_object_get(newest, "offsets"), 0), "n", -1), ==, 22);
}

static void nothing_is_written_without_the_lease(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    g_autoptr(StateBatch) batch = state_batch_new();
    g_autoptr(ResourceRecord) topic = topic_new("a", "1");
    state_put_resource(batch, topic);
    g_autoptr(GError) error = NULL;
    g_assert_false(state_commit(state, batch, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_LOST);
    g_clear_error(&error);
    begin(state, NULL);
    g_assert_true(lease_break(fixture->store, NULL));
    g_assert_false(state_commit(state, batch, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_LOST);
    g_assert_null(state_resource(state, "a"));
}

static void holder_is_told(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    begin(state, NULL);
    g_autoptr(State) observer = open_state(fixture);
    g_autofree char *who = state_holder(observer);
    g_assert_nonnull(strstr(who, "anna"));
    end(state, HISTORY_OK);
    g_autoptr(State) later = open_state(fixture);
    g_assert_null(state_holder(later));
}

#define WORKERS 4
#define EACH 20

static gpointer put_some(gpointer state) {
    for (int i = 0; i < EACH; i++) {
        g_autofree char *address = ulid_new();
        g_autoptr(ResourceRecord) topic = topic_new(address, address);
        g_autoptr(GError) error = NULL;
        g_assert_true(state_check_lease(state, &error));
        put(state, topic);
        g_autoptr(ResourceRecord) found = state_resource(state, address);
        g_assert_nonnull(found);
    }
    return NULL;
}

static void threads_may_commit_at_once(Fixture *fixture, gconstpointer data) {
    g_autoptr(State) state = open_state(fixture);
    begin(state, NULL);
    GThread *threads[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        threads[i] = g_thread_new("worker", put_some, state);
    for (int i = 0; i < WORKERS; i++)
        g_thread_join(threads[i]);
    g_autoptr(State) again = open_state(fixture);
    g_autoptr(GPtrArray) all = state_resources(again);
    g_assert_cmpuint(all->len, ==, WORKERS * EACH);
}

static void wrong_records_are_named(Fixture *fixture, gconstpointer data) {
    fixture_put(fixture, "resource/01A", "{\"v\":1,\"address\":5}");
    g_autoptr(GError) error = NULL;
    g_assert_null(state_open(fixture->store, "acme", "dev", &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FORMAT);
    g_assert_nonnull(strstr(error->message, "resource/01A"));
}

#define ADD(title, function) \
    g_test_add("/state/" title, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    ADD("its meta is made once", makes_its_meta_once);
    ADD("reading makes nothing", reading_makes_nothing);
    ADD("it is of one environment", is_of_one_environment);
    ADD("it remembers its clusters and refuses others", remembers_its_clusters);
    ADD("a resource is kept", keeps_what_was_put);
    ADD("addresses may change places", moves_keep_the_uid);
    ADD("an address is of one resource", one_address_is_one_resource);
    ADD("what could not be read is not written", unreadable_records_are_not_written);
    ADD("intents are stored and dropped", intents_come_and_go);
    ADD("a plan is used once", plan_is_used_once);
    ADD("history tells how it ended, also of the dead", history_tells_how_it_ended);
    ADD("the newest 200 of history are kept", newest_of_history_are_kept);
    ADD("the newest 20 offsets of a resource are kept", newest_offsets_are_kept);
    ADD("nothing is written without the lease", nothing_is_written_without_the_lease);
    ADD("who holds the lease is told", holder_is_told);
    ADD("threads may commit at once", threads_may_commit_at_once);
    ADD("a wrong record is named", wrong_records_are_named);
    return g_test_run();
}
