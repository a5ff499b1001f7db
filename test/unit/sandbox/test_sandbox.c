/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real broker and real workers, and Kafka Connect's REST API through src/connect. Runs where
 * SLUICE_TEST_SANDBOX is set.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "connect/connect.h"
#include "sandbox/sandbox.h"

#define NAME "unit"
#define SOURCE "org.apache.kafka.connect.file.FileStreamSourceConnector"
#define WAIT_US (30 * G_USEC_PER_SEC)

/* One sandbox for all tests, which run in their order. */
typedef struct {
    char *state;
    Sandbox *sandbox;
    Connect *first;
    Connect *second;
} Fixture;

static void show(const char *what, gpointer user_data) {
    g_test_message("%s", what);
}

static void up(Fixture *fixture, guint workers) {
    g_autoptr(GError) error = NULL;
    SandboxOptions options = {.name = NAME, .workers = workers, .heap_mb = 256, .progress = show};
    g_clear_pointer(&fixture->sandbox, sandbox_free);
    g_clear_pointer(&fixture->first, connect_free);
    g_clear_pointer(&fixture->second, connect_free);
    fixture->sandbox = sandbox_up(&options, &error);
    g_assert_no_error(error);
    const GPtrArray *all = fixture->sandbox->workers;
    fixture->first = connect_new(((SandboxWorker *)g_ptr_array_index(all, 0))->url, NULL);
    if (all->len > 1)
        fixture->second = connect_new(((SandboxWorker *)g_ptr_array_index(all, 1))->url, NULL);
}

static const SandboxWorker *worker_at(const Fixture *fixture, guint index) {
    return g_ptr_array_index(fixture->sandbox->workers, index);
}

static json_t *config_for(const Fixture *fixture, const char *topic) {
    g_autofree char *file = g_build_filename(fixture->state, "input.txt", NULL);
    files_write(file, "one\ntwo\n", 8, 0600, NULL);
    return json_pack("{s:s,s:s,s:s,s:s}", "connector.class", SOURCE, "tasks.max", "1", "topic", topic, "file",
                     file);
}

/* Reads a connector until it and all its tasks are in a state, with `tasks` of them. */
static void wait_for(Connect *connect, const char *name, const char *state, guint tasks) {
    for (gint64 end = g_get_monotonic_time() + WAIT_US; g_get_monotonic_time() < end; g_usleep(100000)) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Connector) connector = connect_get(connect, name, NULL, &error);
        g_assert_no_error(error);
        bool all = g_strcmp0(connector->connector.state, state) == 0 && connector->tasks->len == tasks;
        for (guint i = 0; all && i < tasks; i++)
            all = g_strcmp0(((ConnectTask *)g_ptr_array_index(connector->tasks, i))->state, state) == 0;
        if (all)
            return;
    }
    g_error("connector '%s' doesn't get %s", name, state);
}

static void test_up(Fixture *fixture) {
    up(fixture, 1);
    g_assert_true(fixture->sandbox->alive);
    g_assert_true(worker_at(fixture, 0)->ready);
    GPid broker = fixture->sandbox->broker;
    GPid worker = worker_at(fixture, 0)->pid;
    up(fixture, 1);
    g_assert_cmpint(fixture->sandbox->broker, ==, broker);
    g_assert_cmpint(worker_at(fixture, 0)->pid, ==, worker);
    g_auto(GStrv) names = sandbox_names(NULL);
    g_assert_true(g_strv_contains((const char *const *)names, NAME));
}

static void test_info(Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    g_autoptr(ConnectInfo) info = connect_info(fixture->first, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(connect_version_at_least(info->version, 4, 1));
    g_assert_cmpuint(strlen(info->cluster), ==, 22);
    g_autoptr(GPtrArray) plugins = connect_plugins(fixture->first, NULL, &error);
    g_assert_no_error(error);
    bool found = false;
    for (guint i = 0; i < plugins->len; i++) {
        const ConnectPlugin *plugin = g_ptr_array_index(plugins, i);
        found |= strcmp(plugin->class_name, SOURCE) == 0 && strcmp(plugin->type, "source") == 0;
    }
    g_assert_true(found);
}

static void test_life(Fixture *fixture) {
    Connect *connect = fixture->first;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) config = config_for(fixture, "life");
    g_assert_true(connect_create(connect, "life", config, "STOPPED", NULL, NULL, &error));
    wait_for(connect, "life", "STOPPED", 0);
    g_assert_true(connect_set_state(connect, "life", "RUNNING", NULL, &error));
    wait_for(connect, "life", "RUNNING", 1);
    g_autoptr(GArray) ids = connect_task_ids(connect, "life", NULL, NULL, &error);
    g_assert_cmpuint(ids->len, ==, 1);
    g_assert_true(connect_restart(connect, "life", false, NULL, &error));
    wait_for(connect, "life", "RUNNING", 1);
    g_assert_true(connect_set_state(connect, "life", "PAUSED", NULL, &error));
    wait_for(connect, "life", "PAUSED", 1);
    json_object_set_new(config, "batch.size", json_string("10"));
    g_assert_true(connect_configure(connect, "life", config, NULL, NULL, &error));
    g_autoptr(GHashTable) all = connect_list(connect, NULL, &error);
    const Connector *listed = g_hash_table_lookup(all, "life");
    g_assert_cmpstr(json_get_string(listed->config, "batch.size"), ==, "10");
    g_assert_true(json_equal(listed->config, config));
    g_assert_true(connect_delete(connect, "life", NULL, &error));
    g_assert_true(connect_delete(connect, "life", NULL, &error));
    g_assert_no_error(error);
}

static void test_errors(Fixture *fixture) {
    Connect *connect = fixture->first;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) config = config_for(fixture, "errors");
    g_assert_true(connect_create(connect, "errors", config, "RUNNING", NULL, NULL, &error));
    g_assert_false(connect_create(connect, "errors", config, "RUNNING", NULL, NULL, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_EXISTS);
    g_clear_error(&error);
    json_object_set_new(config, "batch.size", json_string("top-secret"));
    g_autoptr(GHashTable) sensitive = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_add(sensitive, (char *)"batch.size");
    g_assert_false(connect_configure(connect, "errors", config, sensitive, NULL, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "Invalid value ••• for configuration batch.size"));
    g_clear_error(&error);
    g_assert_null(connect_get(connect, "nothing", NULL, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    json_object_set_new(config, "connector.class", json_string("no.such.Class"));
    g_assert_false(connect_create(connect, "other", config, "RUNNING", NULL, NULL, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_NOT_FOUND);
    connect_delete(connect, "errors", NULL, NULL);
}

static void test_validate(Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    g_autofree char *secrets = g_build_filename(fixture->state, "secrets.properties", NULL);
    files_write(secrets, "size=resolved-secret\n", 21, 0600, NULL);
    g_autoptr(json_t) config = config_for(fixture, "validate");
    json_object_set_new(config, "name", json_string("validate"));
    g_autoptr(GPtrArray) none = connect_validate(fixture->first, SOURCE, config, NULL, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(none->len, ==, 0);
    g_autofree char *reference = g_strdup_printf("${file:%s:size}", secrets);
    json_object_set_new(config, "batch.size", json_string(reference));
    g_autoptr(GPtrArray) problems =
        connect_validate(fixture->first, SOURCE, config, NULL, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(problems->len, ==, 1);
    const ConfigProblem *problem = g_ptr_array_index(problems, 0);
    g_assert_cmpstr(problem->key, ==, "batch.size");
    g_assert_null(strstr(problem->message, "resolved-secret"));
    json_object_set_new(config, "connector.plugin.version", json_string("99"));
    g_assert_null(connect_validate(fixture->first, SOURCE, config, NULL, NULL, NULL, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    json_object_set_new(config, "connector.class", json_string("no.such.Class"));
    g_assert_null(connect_validate(fixture->first, "no.such.Class", config, NULL, NULL, NULL, &error));
    g_assert_error(error, CONNECT_ERROR, CONNECT_ERROR_NOT_FOUND);
}

static void test_offsets(Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) config = config_for(fixture, "offsets");
    g_assert_true(connect_create(fixture->first, "offsets", config, "RUNNING", NULL, NULL, &error));
    wait_for(fixture->first, "offsets", "RUNNING", 1);
    g_usleep(2 * G_USEC_PER_SEC);
    connect_set_state(fixture->first, "offsets", "STOPPED", NULL, &error);
    wait_for(fixture->first, "offsets", "STOPPED", 0);
    g_autoptr(json_t) offsets = connect_offsets(fixture->first, "offsets", NULL, &error);
    g_assert_no_error(error);
    const json_t *offset = json_object_get(json_array_get(offsets, 0), "offset");
    g_assert_cmpint(json_get_integer(offset, "position", -1), ==, 8);
    connect_delete(fixture->first, "offsets", NULL, NULL);
}

static void test_two(Fixture *fixture) {
    g_autofree char *url = g_strdup(worker_at(fixture, 0)->url);
    up(fixture, 2);
    g_assert_cmpstr(worker_at(fixture, 0)->url, ==, url);
    g_assert_true(worker_at(fixture, 1)->ready);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) config = config_for(fixture, "two");
    connect_create(fixture->second, "two", config, "RUNNING", NULL, NULL, &error);
    g_assert_no_error(error);
    wait_for(fixture->second, "two", "RUNNING", 1);
}

static gpointer kill_second(gpointer data) {
    const Fixture *fixture = data;
    g_usleep(300000);
    kill(worker_at(fixture, 1)->pid, SIGKILL);
    return NULL;
}

static void test_killed(Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    GThread *thread = g_thread_new("kill", kill_second, fixture);
    for (int i = 0; i < 8; i++) {
        g_autofree char *name = g_strdup_printf("killed-%d", i);
        g_autoptr(json_t) config = config_for(fixture, name);
        bool created = connect_create(fixture->first, name, config, "STOPPED", NULL, NULL, &error);
        if (!created && g_error_matches(error, CONNECT_ERROR, CONNECT_ERROR_UNKNOWN))
            g_clear_error(&error);
        g_assert_no_error(error);
        connect_delete(fixture->first, name, NULL, NULL);
    }
    g_thread_join(thread);
    wait_for(fixture->first, "two", "RUNNING", 1);
    g_autofree char *url = g_strdup(worker_at(fixture, 1)->url);
    up(fixture, 2);
    g_assert_cmpstr(worker_at(fixture, 1)->url, ==, url);
    g_assert_true(worker_at(fixture, 1)->ready);
}

static gpointer list_all_the_time(gpointer data) {
    const Fixture *fixture = data;
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < 20; i++) {
        g_autoptr(GHashTable) all = connect_list(fixture->first, NULL, &error);
        g_assert_no_error(error);
        g_usleep(300000);
    }
    return NULL;
}

static void test_roll(Fixture *fixture) {
    GPid before[] = {worker_at(fixture, 0)->pid, worker_at(fixture, 1)->pid};
    g_autoptr(GError) error = NULL;
    GThread *thread = g_thread_new("list", list_all_the_time, fixture);
    sandbox_roll(NAME, NULL, &error);
    g_assert_no_error(error);
    g_thread_join(thread);
    g_autoptr(Sandbox) after = sandbox_inspect(NAME, &error);
    for (guint i = 0; i < 2; i++) {
        const SandboxWorker *worker = g_ptr_array_index(after->workers, i);
        g_assert_cmpint(worker->pid, !=, before[i]);
        g_assert_true(worker->ready);
        g_assert_cmpstr(worker->url, ==, worker_at(fixture, i)->url);
    }
    wait_for(fixture->first, "two", "RUNNING", 1);
}

static void test_down(Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    g_autofree char *bootstrap = g_strdup(fixture->sandbox->bootstrap);
    sandbox_down(NAME, false, &error);
    g_assert_no_error(error);
    g_autoptr(Sandbox) down = sandbox_inspect(NAME, &error);
    g_assert_false(down->alive);
    g_assert_false(((SandboxWorker *)g_ptr_array_index(down->workers, 0))->alive);
    up(fixture, 1);
    g_assert_cmpstr(fixture->sandbox->bootstrap, ==, bootstrap);
    wait_for(fixture->first, "two", "RUNNING", 1);
}

/* What a sluice leaves that was killed between starting a process and writing its id down. */
static void test_lost(Fixture *fixture) {
    g_autofree char *path = g_build_filename(fixture->sandbox->folder, "sandbox.json", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) record = json_read_file(path, 1 << 20, &error);
    g_assert_no_error(error);
    json_object_set_new(json_object_get(record, "broker"), "started", json_integer(0));
    g_autofree char *text = json_pretty(record);
    files_write(path, text, strlen(text), 0600, NULL);
    g_autoptr(Sandbox) found = sandbox_inspect(NAME, &error);
    g_assert_cmpint(found->broker, ==, fixture->sandbox->broker);
    g_assert_true(found->alive);
}

static void test_died(Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    SandboxOptions options = {.name = "tiny", .workers = 1, .heap_mb = 1};
    g_assert_null(sandbox_up(&options, &error));
    g_assert_error(error, SANDBOX_ERROR, SANDBOX_ERROR_DIED);
    g_test_message("%s", error->message);
    g_clear_error(&error);
    sandbox_down("tiny", true, &error);
    g_assert_no_error(error);
}

static void test_purge(Fixture *fixture) {
    g_autoptr(GError) error = NULL;
    GPid broker = fixture->sandbox->broker;
    sandbox_down(NAME, true, &error);
    g_assert_no_error(error);
    g_assert_false(g_file_test(fixture->sandbox->folder, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(process_identify(broker).started, ==, 0);
    g_assert_null(sandbox_inspect(NAME, &error));
    g_assert_error(error, SANDBOX_ERROR, SANDBOX_ERROR_NOT_FOUND);
}

static const struct {
    const char *path;
    void (*run)(Fixture *fixture);
} tests[] = {
    {"/sandbox/up-twice-is-up-once", test_up},
    {"/sandbox/a-worker-says-who-it-is", test_info},
    {"/sandbox/the-life-of-a-connector", test_life},
    {"/sandbox/errors-without-secrets", test_errors},
    {"/sandbox/validate-without-secrets", test_validate},
    {"/sandbox/offsets", test_offsets},
    {"/sandbox/a-second-worker", test_two},
    {"/sandbox/a-worker-killed-during-calls", test_killed},
    {"/sandbox/a-roll-keeps-addresses", test_roll},
    {"/sandbox/down-keeps-data-and-ports", test_down},
    {"/sandbox/a-process-that-no-record-knows-is-found", test_lost},
    {"/sandbox/a-process-that-dies-shows-its-log", test_died},
    {"/sandbox/purge", test_purge},
};

static Fixture fixture;

static void run_test(gconstpointer data) {
    gsize index = GPOINTER_TO_SIZE(data);
    if (g_getenv("SLUICE_TEST_SANDBOX") == NULL) {
        g_test_skip("SLUICE_TEST_SANDBOX is not set");
        return;
    }
    tests[index].run(&fixture);
}

static int run_all(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add_data_func(tests[i].path, GSIZE_TO_POINTER(i), run_test);
    int status = g_test_run();
    sandbox_free(fixture.sandbox);
    connect_free(fixture.first);
    connect_free(fixture.second);
    return status;
}

/* The tests run in a child, so that the sandboxes are ended after a failed assertion, too. */
int main(int argc, char **argv) {
    fixture.state = g_dir_make_tmp("sluice-sandbox-XXXXXX", NULL);
    g_setenv("XDG_STATE_HOME", fixture.state, TRUE);
    pid_t child = fork();
    if (child == 0)
        return run_all(argc, argv);
    int status = 0;
    waitpid(child, &status, 0);
    sandbox_down(NAME, true, NULL);
    sandbox_down("tiny", true, NULL);
    files_remove_tree(fixture.state, NULL);
    g_free(fixture.state);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
