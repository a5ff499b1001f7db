/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "world.h"

/* The plan as a file, with a member set anew (and nothing sealed again) where `member` is not NULL. */
static PlanFile *file_of(World *world, const Plan *plan, const char *member, json_t *value) {
    g_autoptr(json_t) json = plan_to_json(plan, engine_key(world->engine));
    if (member != NULL)
        json_object_set_new(json, member, value);
    g_autofree char *text = json_pretty(json);
    g_autoptr(GError) error = NULL;
    PlanFile *file = plan_file_parse(text, strlen(text), "dev.plan", &error);
    g_assert_no_error(error);
    return file;
}

static void declare(World *world) {
    DesiredTopic *topic = world_declare_topic(world, "orders/topic/raw", "raw");
    world_own_topic(world, topic);
    world_run_topic(world, topic)->partitions = 3;
    DesiredConnector *connector = world_declare_connector(world, "orders/connector/source", "source");
    world_config(connector->config, "password", "secret", true);
}

static void assert_refused(World *world, const PlanFile *file, int code, const char *part) {
    g_autoptr(Plan) now = world_plan(world);
    g_autofree char *id = g_strdup(now->id);
    g_autoptr(GError) error = NULL;
    g_assert_false(plan_narrow(now, file, engine_key(world->engine), &error));
    g_assert_error(error, ENGINE_ERROR, code);
    g_assert_nonnull(strstr(error->message, part));
    g_assert_cmpstr(now->id, ==, id);
}

static void fits_an_unchanged_world(World *world, gconstpointer data) {
    declare(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_autoptr(PlanFile) file = file_of(world, plan, NULL, NULL);
    g_autoptr(Plan) now = world_plan(world);
    g_autoptr(GError) error = NULL;
    plan_narrow(now, file, engine_key(world->engine), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(now->id, ==, plan->id);
    g_assert_cmpstr(now->digest, ==, plan->digest);
}

static void holds_no_secret(World *world, gconstpointer data) {
    declare(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_autoptr(json_t) json = plan_to_json(plan, engine_key(world->engine));
    g_autofree char *text = json_pretty(json);
    g_assert_null(strstr(text, "secret"));
    g_assert_nonnull(strstr(text, "hmac:"));
}

static void seal_finds_any_change(World *world, gconstpointer data) {
    static const char *const members[] = {"id", "state", "commit", "declarations", "lock", "digest", "mac"};
    declare(world);
    g_autoptr(Plan) plan = world_plan(world);
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        g_test_message("%s", members[i]);
        g_autoptr(PlanFile) file = file_of(world, plan, members[i], json_string("sha256:ff"));
        assert_refused(world, file, ENGINE_ERROR_REFUSED, "was changed");
    }
    g_autoptr(PlanFile) fewer = file_of(world, plan, "actions", json_array());
    assert_refused(world, fewer, ENGINE_ERROR_REFUSED, "was changed");
}

static void seal_is_of_one_state(World *world, gconstpointer data) {
    const guint8 other[HASH_KEY_SIZE] = {1};
    declare(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_autoptr(PlanFile) file = file_of(world, plan, NULL, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_false(plan_narrow(plan, file, other, &error));
    g_assert_error(error, ENGINE_ERROR, ENGINE_ERROR_REFUSED);
}

static void declarations_must_be_the_same(World *world, gconstpointer data) {
    declare(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_autoptr(PlanFile) file = file_of(world, plan, NULL, NULL);
    g_free(world->environment->digest);
    world->environment->digest = g_strdup("sha256:11");
    assert_refused(world, file, ENGINE_ERROR_MOVED, "a declaration changed");
}

static void lock_must_be_the_same(World *world, gconstpointer data) {
    declare(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_autoptr(PlanFile) file = file_of(world, plan, NULL, NULL);
    lock_set_module(world->environment->lock, "orders", "../modules/orders",
                    "0123456789012345678901234567890123456789", "sha256:00");
    assert_refused(world, file, ENGINE_ERROR_MOVED, "the lock changed");
}

static void moved_base_is_named(World *world, gconstpointer data) {
    declare(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_autoptr(PlanFile) file = file_of(world, plan, NULL, NULL);
    ((KafkaTopic *)g_hash_table_lookup(world->live->topics, "raw"))->partitions = 4;
    assert_refused(world, file, ENGINE_ERROR_MOVED, "orders/topic/raw was planned on");
}

static void moved_record_is_named(World *world, gconstpointer data) {
    declare(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_autoptr(PlanFile) file = file_of(world, plan, NULL, NULL);
    g_autoptr(ResourceRecord) record = state_resource(world->engine->state, "orders/topic/raw");
    world_store(world, record, NULL);
    assert_refused(world, file, ENGINE_ERROR_MOVED, "orders/topic/raw was planned on");
}

static void what_was_done_meanwhile_is_named(World *world, gconstpointer data) {
    declare(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_autoptr(PlanFile) file = file_of(world, plan, NULL, NULL);
    ((KafkaTopic *)g_hash_table_lookup(world->live->topics, "raw"))->partitions = 6;
    assert_refused(world, file, ENGINE_ERROR_MOVED, "orders/topic/raw is no longer to be done");
}

static void what_came_since_is_left_out(World *world, gconstpointer data) {
    declare(world);
    g_autoptr(Plan) plan = world_plan(world);
    g_autoptr(PlanFile) file = file_of(world, plan, NULL, NULL);
    DesiredTopic *drifted = world_declare_topic(world, "orders/topic/other", "other");
    world_own_topic(world, drifted);
    world_run_topic(world, drifted)->partitions = 1;
    g_autoptr(Plan) now = world_plan(world);
    g_assert_cmpuint(now->actions->len, ==, 3);
    g_autoptr(GError) error = NULL;
    plan_narrow(now, file, engine_key(world->engine), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(now->actions->len, ==, 2);
    g_assert_null(world_action(now, "orders/topic/other"));
    g_assert_cmpstr(now->digest, ==, plan->digest);
}

static void other_files_are_refused(void) {
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"format\":\"sluice.plan/2\",\"id\":\"P\",\"environment\":\"dev\",\"actions\":[]}",
        "{\"format\":\"sluice.plan/1\",\"environment\":\"dev\",\"actions\":[]}",
        "{\"format\":\"sluice.plan/1\",\"id\":\"P\",\"environment\":\"dev\",\"actions\":{}}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", texts[i]);
        g_assert_null(plan_file_parse(texts[i], strlen(texts[i]), "x.plan", &error));
        g_assert_nonnull(strstr(error->message, "x.plan"));
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    WORLD_TEST("/engine/plan file/fits an unchanged world", fits_an_unchanged_world);
    WORLD_TEST("/engine/plan file/holds no secret", holds_no_secret);
    WORLD_TEST("/engine/plan file/its seal finds any change", seal_finds_any_change);
    WORLD_TEST("/engine/plan file/its seal is of one state", seal_is_of_one_state);
    WORLD_TEST("/engine/plan file/declarations must be the same", declarations_must_be_the_same);
    WORLD_TEST("/engine/plan file/the lock must be the same", lock_must_be_the_same);
    WORLD_TEST("/engine/plan file/a moved base is named", moved_base_is_named);
    WORLD_TEST("/engine/plan file/a moved record is named", moved_record_is_named);
    WORLD_TEST("/engine/plan file/what was done meanwhile is named", what_was_done_meanwhile_is_named);
    WORLD_TEST("/engine/plan file/what came since is left out", what_came_since_is_left_out);
    g_test_add_func("/engine/plan file/other files are refused", other_files_are_refused);
    return g_test_run();
}
