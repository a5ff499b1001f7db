/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"

#include "connect/connector.h"
#include "connect/validation.h"

static void test_list(void) {
    g_autoptr(json_t) answer = answer_json("list.json");
    g_autoptr(GHashTable) connectors = connectors_parse(answer);
    g_assert_cmpuint(g_hash_table_size(connectors), ==, 3);
    const Connector *running = g_hash_table_lookup(connectors, "src2");
    g_assert_cmpstr(running->type, ==, "source");
    g_assert_cmpstr(running->connector.state, ==, "RUNNING");
    g_assert_cmpint(running->connector.id, ==, -1);
    g_assert_cmpstr(running->connector.version, ==, "4.3.1");
    g_assert_cmpstr(json_get_string(running->config, "topic"), ==, "t1");
    g_assert_null(json_object_get(running->config, "name"));
    const Connector *failing = g_hash_table_lookup(connectors, "failing");
    const ConnectTask *task = g_ptr_array_index(failing->tasks, 0);
    g_assert_cmpint(task->id, ==, 0);
    g_assert_cmpstr(task->state, ==, "FAILED");
    g_assert_true(
        g_str_has_prefix(task->trace, "org.apache.kafka.connect.errors.ConnectException: Couldn't find"));
}

static void test_trace(void) {
    g_autoptr(json_t) info = json_pack("{s:{s:s}}", "config", "db.password", "hunter2");
    g_autoptr(json_t) status = json_pack("{s:[{s:i,s:s,s:s}]}", "tasks", "id", 0, "state", "FAILED", "trace",
                                         "no login with hunter2\n\tat x");
    g_autoptr(Connector) connector = connector_parse("x", info, status);
    const ConnectTask *task = g_ptr_array_index(connector->tasks, 0);
    g_assert_cmpstr(task->trace, ==, "no login with •••\n\tat x");
}

static void test_without_status(void) {
    g_autoptr(json_t) info = json_pack("{s:{s:s}}", "config", "a", "b");
    g_autoptr(Connector) connector = connector_parse("x", info, NULL);
    g_assert_null(connector->connector.state);
    g_assert_cmpuint(connector->tasks->len, ==, 0);
}

static void test_something_else(void) {
    g_autoptr(json_t) strange = json_pack("{s:{s:i}}", "x", "info", 1);
    g_assert_null(connectors_parse(strange));
    g_autoptr(json_t) tasks = json_pack("[{s:s}]", "id", "0");
    g_assert_null(task_ids_parse(tasks));
    g_assert_null(validation_parse(strange, NULL, NULL, NULL));
}

static void test_tasks(void) {
    g_autoptr(json_t) answer = answer_json("tasks.json");
    g_autoptr(GArray) ids = task_ids_parse(answer);
    g_assert_cmpuint(ids->len, ==, 1);
    g_assert_cmpint(g_array_index(ids, int, 0), ==, 0);
}

static void assert_problem(const GPtrArray *problems, guint index, const char *key, const char *message) {
    const ConfigProblem *problem = g_ptr_array_index(problems, index);
    g_assert_cmpstr(problem->key, ==, key);
    g_assert_cmpstr(problem->message, ==, message);
}

static void test_problems(void) {
    g_autoptr(json_t) answer = answer_json("validate-bad.json");
    g_autoptr(json_t) config = json_pack("{s:s,s:s,s:s,s:s}", "tasks.max", "hunter2", "batch.size",
                                         "swordfish", "value.converter", "a.B", "errors.tolerance", "zork");
    g_autoptr(GPtrArray) problems = validation_parse(answer, config, NULL, NULL);
    g_assert_cmpuint(problems->len, ==, 5);
    assert_problem(problems, 0, "tasks.max",
                   "Invalid value hunter2 for configuration tasks.max: Not a number of type INT");
    assert_problem(problems, 3, "topic",
                   "Missing required configuration \"topic\" which has no default value.");
    g_assert_null(validation_missing_version(problems));
}

static void test_secrets(void) {
    g_autoptr(json_t) answer = answer_json("validate-secrets.json");
    g_autoptr(json_t) config =
        json_pack("{s:s,s:s,s:s}", "tasks.max", "many", "replication.factor",
                  "${file:/srv/connect/secrets.properties:password}", "offset.lag.max", "swordfish");
    g_autoptr(GHashTable) sensitive = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_add(sensitive, (char *)"offset.lag.max");
    g_autoptr(GHashTable) passwords = NULL;
    g_autoptr(GPtrArray) problems = validation_parse(answer, config, sensitive, &passwords);
    g_assert_cmpuint(problems->len, ==, 3);
    assert_problem(problems, 1, "replication.factor",
                   "Invalid value ••• for configuration replication.factor: Not a number of type INT");
    assert_problem(problems, 2, "offset.lag.max",
                   "Invalid value ••• for configuration offset.lag.max: Not a number of type LONG");
    g_assert_true(g_hash_table_contains(passwords, "sasl.jaas.config"));
    g_assert_false(g_hash_table_contains(passwords, "tasks.max"));
}

static void test_resolved_elsewhere(void) {
    g_autoptr(json_t) answer = answer_json("validate-resolved.json");
    json_t *first = json_array_get(json_object_get(answer, "configs"), 0);
    json_array_append_new(json_object_get(json_object_get(first, "value"), "errors"),
                          json_string("there is no file s3cr3t-value"));
    g_autoptr(json_t) config = json_pack("{s:s}", "file", "${file:/srv/connect/secrets.properties:password}");
    g_autoptr(GPtrArray) problems = validation_parse(answer, config, NULL, NULL);
    assert_problem(problems, 0, "file", "there is no file •••");
}

static void test_missing_version(void) {
    g_autoptr(json_t) answer = answer_json("validate-missing-version.json");
    g_autoptr(GPtrArray) problems = validation_parse(answer, NULL, NULL, NULL);
    g_assert_nonnull(strstr(validation_missing_version(problems), "available versions: [4.3.1]"));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/answers/connectors-with-config-and-status", test_list);
    g_test_add_func("/answers/a-trace-is-cleaned-of-passwords", test_trace);
    g_test_add_func("/answers/a-connector-may-have-no-status-yet", test_without_status);
    g_test_add_func("/answers/something-else-is-refused", test_something_else);
    g_test_add_func("/answers/ids-of-tasks", test_tasks);
    g_test_add_func("/answers/validate-says-each-problem-once", test_problems);
    g_test_add_func("/answers/validate-shows-no-secret", test_secrets);
    g_test_add_func("/answers/validate-shows-nothing-that-was-resolved", test_resolved_elsewhere);
    g_test_add_func("/answers/a-version-that-is-not-installed", test_missing_version);
    return g_test_run();
}
