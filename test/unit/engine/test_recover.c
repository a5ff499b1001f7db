/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

typedef enum { SETTLED, DROPPED, LATE, OPEN } Verdict;

/* A topic on its way (updated: from 6 partitions) to 8 when we were killed; it has `live` now, 0: it isn't
 * there. */
typedef struct {
    const char *title;
    IntentAction action;
    int live;
    Verdict verdict;
    bool ours; /* then */
} Case;

static const Case cases[] = {
    {"created", INTENT_CREATE, 8, SETTLED, true},
    {"not created so far", INTENT_CREATE, 0, LATE, false},
    {"created otherwise", INTENT_CREATE, 7, OPEN, true},
    {"updated", INTENT_UPDATE, 8, SETTLED, true},
    {"not updated", INTENT_UPDATE, 6, DROPPED, true},
    {"updated otherwise", INTENT_UPDATE, 7, OPEN, true},
    {"gone instead of updated", INTENT_UPDATE, 0, OPEN, true},
    {"deleted", INTENT_DELETE, 0, SETTLED, false},
    {"not deleted", INTENT_DELETE, 6, DROPPED, true},
    {"changed instead of deleted", INTENT_DELETE, 7, OPEN, true},
};

static char *hash_with(World *world, const DesiredTopic *topic, int partitions) {
    g_autoptr(KafkaTopic) live =
        partitions != 0 ? kafka_topic_new(topic->name, partitions, topic->replication) : NULL;
    return live_hash_topic(engine_key(world->engine), live);
}

static void leave_intent(World *world, DesiredTopic *topic, IntentAction action) {
    topic->partitions = 6;
    g_autoptr(ResourceRecord) record = world_topic_record(world, topic);
    topic->partitions = 8;
    g_autoptr(ResourceRecord) after = world_topic_record(world, topic);
    g_free(after->uid);
    after->uid = g_strdup(record->uid);
    g_autofree char *was = hash_with(world, topic, action == INTENT_CREATE ? 0 : 6);
    g_autofree char *becomes = hash_with(world, topic, action == INTENT_DELETE ? 0 : 8);
    g_autoptr(IntentRecord) intent =
        intent_record_new(record->uid, "A", action, was, becomes, action == INTENT_DELETE ? NULL : after);
    world_store(world, action == INTENT_CREATE ? NULL : record, intent);
}

static void settles_by_what_is_live(World *world, gconstpointer data) {
    const Case *row = data;
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    leave_intent(world, topic, row->action);
    if (row->live != 0)
        world_run_topic(world, topic)->partitions = row->live;
    g_autoptr(Recovery) recovery = recovery_of(world->engine, world->live);
    g_assert_cmpuint(recovery->settled->len, ==, row->verdict == SETTLED);
    g_assert_cmpuint(recovery->dropped->len, ==, row->verdict == DROPPED);
    g_assert_cmpuint(recovery->late->len, ==, row->verdict == LATE);
    g_assert_cmpuint(recovery->open->len, ==, row->verdict == OPEN);
    g_assert_cmpint(g_hash_table_contains(recovery->resources, topic->address), ==, row->ours);
}

static void commit(World *world) {
    State *state = world->engine->state;
    const StateCommand command = {.command = "apply", .by = "anna"};
    const LeaseRequest lease = {.by = "anna", .command = "apply dev", .ttl_ms = 30000, .heartbeat_ms = 5000};
    g_autoptr(GError) error = NULL;
    state_begin(state, &command, &lease, &error);
    g_assert_no_error(error);
    g_autoptr(Recovery) recovery = recovery_of(world->engine, world->live);
    recovery_commit(world->engine, recovery, &error);
    g_assert_no_error(error);
    state_end(state, HISTORY_OK, NULL, &error);
    g_assert_no_error(error);
}

static void settling_leaves_the_digest(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    leave_intent(world, topic, INTENT_UPDATE);
    world_run_topic(world, topic);
    topic->partitions = 9;
    g_autoptr(Plan) before = world_plan(world);
    commit(world);
    g_autoptr(Plan) after = world_plan(world);
    g_assert_cmpuint(before->actions->len, ==, 1);
    g_assert_cmpstr(before->digest, ==, after->digest);
    g_autoptr(GPtrArray) intents = state_intents(world->engine->state);
    g_assert_cmpuint(intents->len, ==, 0);
}

/* Whatever serial the store gives the record. */
static void settling_a_create_leaves_the_digest(World *world, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    leave_intent(world, topic, INTENT_CREATE);
    world_run_topic(world, topic);
    topic->partitions = 9;
    g_autoptr(Plan) before = world_plan(world);
    g_autoptr(Recovery) recovery = recovery_of(world->engine, world->live);
    commit(world);
    g_autoptr(Plan) after = plan_build(world->engine, world->live, recovery, PLAN_APPLY, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(before->actions->len, ==, 1);
    g_assert_cmpstr(before->digest, ==, after->digest);
}

/* Its Connect cluster left the declarations: nobody looked whether it is gone. */
static void what_was_not_looked_at_is_not_gone(World *world, gconstpointer data) {
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    g_autoptr(ResourceRecord) record = world_connector_record(world, connector);
    world_undeclare_connector(world);
    g_free(record->cluster);
    record->cluster = g_strdup("gone");
    g_autoptr(IntentRecord) intent =
        intent_record_new(record->uid, "A", INTENT_DELETE, "hmac:00", "absent", NULL);
    world_store(world, record, intent);
    g_autoptr(Recovery) recovery = recovery_of(world->engine, world->live);
    g_assert_cmpuint(recovery->settled->len, ==, 0);
    g_assert_true(g_hash_table_contains(recovery->resources, record->address));
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_cmpuint(plan->problems->len, ==, 1);
}

static void assert_nothing_to_do(World *world) {
    g_autoptr(Plan) plan = world_plan(world);
    g_assert_cmpuint(plan->problems->len, ==, 0);
    g_assert_true(plan_is_empty(plan));
}

static void created_by_us_is_no_conflict(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    leave_intent(world, topic, INTENT_CREATE);
    world_run_topic(world, topic);
    assert_nothing_to_do(world);
}

static void created_late_is_no_conflict(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    leave_intent(world, topic, INTENT_CREATE);
    commit(world);
    world_run_topic(world, topic);
    assert_nothing_to_do(world);
}

static void an_old_intent_is_dropped(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    g_autoptr(ResourceRecord) after = world_topic_record(world, topic);
    g_autofree char *becomes = hash_with(world, topic, topic->partitions);
    g_autoptr(IntentRecord) intent =
        intent_record_new(after->uid, "A", INTENT_CREATE, "absent", becomes, after);
    g_free(intent->at);
    intent->at = g_strdup("2024-01-01T00:00:00Z");
    world_store(world, NULL, intent);
    g_autoptr(Recovery) recovery = recovery_of(world->engine, world->live);
    g_assert_cmpuint(recovery->dropped->len, ==, 1);
}

/* What we asked for was not known to the last figure. */
static void default_of_the_broker_is_no_conflict(World *world, gconstpointer data) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    topic->partitions = -1;
    g_autoptr(ResourceRecord) after = world_topic_record(world, topic);
    g_autofree char *becomes = hash_with(world, topic, -1);
    g_autoptr(IntentRecord) intent =
        intent_record_new(after->uid, "A", INTENT_CREATE, "absent", becomes, after);
    world_store(world, NULL, intent);
    world_run_topic(world, topic)->partitions = 12;
    assert_nothing_to_do(world);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/engine/recover/", cases[i].title, NULL);
        g_test_add(path, World, &cases[i], world_set_up, settles_by_what_is_live, world_tear_down);
    }
    WORLD_TEST("/engine/recover/settling leaves the digest as it was", settling_leaves_the_digest);
    WORLD_TEST("/engine/recover/settling a create leaves the digest", settling_a_create_leaves_the_digest);
    WORLD_TEST("/engine/recover/what was not looked at is not gone", what_was_not_looked_at_is_not_gone);
    WORLD_TEST("/engine/recover/what we created is no conflict", created_by_us_is_no_conflict);
    WORLD_TEST("/engine/recover/what we created and came late is no conflict", created_late_is_no_conflict);
    WORLD_TEST("/engine/recover/a create that can't come any more is dropped", an_old_intent_is_dropped);
    WORLD_TEST("/engine/recover/a broker's default is no conflict", default_of_the_broker_is_no_conflict);
    return g_test_run();
}
