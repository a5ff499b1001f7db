/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "pipeline/rollout.h"

typedef struct {
    char *root;
    ConnectCluster cluster;
    Environment environment;
    Lock *lock;
    RolloutRequest request;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer unused) {
    fixture->root = files_make_temporary(g_get_tmp_dir(), "rollout-", NULL);
    fixture->cluster = (ConnectCluster){.name = (char *)"main", .rollout.kind = ROLLOUT_COMMAND};
    fixture->environment =
        (Environment){.root = fixture->root, .name = (char *)"dev", .repositories = g_ptr_array_new()};
    fixture->lock = lock_new("dev");
    fixture->request = (RolloutRequest){
        .environment = &fixture->environment,
        .cluster = &fixture->cluster,
        .lock = fixture->lock,
        .lock_path = "/somewhere/dev.lock",
    };
}

static void tear_down(Fixture *fixture, gconstpointer unused) {
    files_remove_tree(fixture->root, NULL);
    g_strfreev(fixture->cluster.rollout.command);
    g_ptr_array_unref(fixture->environment.repositories);
    lock_free(fixture->lock);
    g_free(fixture->root);
}

static bool begin_script(Fixture *fixture, const char *script, GError **error) {
    fixture->cluster.rollout.command = g_strdupv((char **)(const char *[]){"sh", "-c", script, NULL});
    return rollout_driver(fixture->cluster.rollout.kind)->begin(&fixture->request, error);
}

static void without_rollout_there_is_no_driver(void) {
    g_assert_null(rollout_driver(ROLLOUT_NONE));
    g_assert_nonnull(rollout_driver(ROLLOUT_LOCAL_SANDBOX));
    g_assert_nonnull(rollout_driver(ROLLOUT_LOCAL_FOLDER));
    g_assert_nonnull(rollout_driver(ROLLOUT_COMMAND));
}

static void a_command_knows_what_to_roll_out(Fixture *fixture, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(fixture->root, "said", NULL);
    g_assert_true(
        begin_script(fixture, "echo $SLUICE_ENVIRONMENT $SLUICE_CONNECT $SLUICE_LOCK > said", &error));
    g_assert_no_error(error);
    g_autofree char *said = files_read_text(path, 100, &error);
    g_assert_cmpstr(said, ==, "dev main /somewhere/dev.lock\n");
}

static void a_failing_command_is_quoted(Fixture *fixture, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    g_assert_false(begin_script(fixture, "seq 100 >&2; echo no chart >&2; exit 4", &error));
    g_assert_error(error, PIPELINE_ERROR, PIPELINE_ERROR_COMMAND);
    g_assert_nonnull(strstr(error->message, "'sh' of 'main' ended with status 4:\n92\n"));
    g_assert_true(g_str_has_suffix(error->message, "\n100\nno chart"));
    g_assert_nonnull(error_hint(error));
}

static void what_it_says_on_standard_output_serves_too(Fixture *fixture, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    g_assert_false(begin_script(fixture, "echo no chart; exit 1", &error));
    g_assert_true(g_str_has_suffix(error->message, "status 1:\nno chart"));
}

static void a_cancelled_command_ends(Fixture *fixture, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_cancellable_cancel(cancellable);
    fixture->request.cancellable = cancellable;
    g_assert_false(begin_script(fixture, "sleep 60", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
}

static void a_folder_is_filled_and_its_worker_restarted(Fixture *fixture, gconstpointer unused) {
    g_autoptr(GError) error = NULL;
    g_autofree char *plugins = g_build_filename(fixture->root, "plugins", NULL);
    fixture->cluster.rollout.kind = ROLLOUT_LOCAL_FOLDER;
    fixture->cluster.rollout.plugins = plugins;
    g_assert_true(begin_script(fixture, "test -d plugins && touch restarted", &error));
    g_assert_no_error(error);
    g_autofree char *mark = g_build_filename(fixture->root, "restarted", NULL);
    g_assert_true(g_file_test(mark, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/rollout/" #name, Fixture, NULL, set_up, name, tear_down)
    g_test_add_func("/rollout/without_rollout_there_is_no_driver", without_rollout_there_is_no_driver);
    ADD(a_command_knows_what_to_roll_out);
    ADD(a_failing_command_is_quoted);
    ADD(what_it_says_on_standard_output_serves_too);
    ADD(a_cancelled_command_ends);
    ADD(a_folder_is_filled_and_its_worker_restarted);
    return g_test_run();
}
