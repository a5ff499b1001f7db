/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/record.h"

#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "sandbox/configuration.h"
#include "sandbox/kafka_home.h"
#include "sandbox/ports.h"
#include "sandbox/sandbox.h"
#include "sandbox/service.h"

static void test_names(void) {
    static const char *const bad[] = {"", "..", "a/b", "1a", "-a", "a b", "ä", "a.b"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(sandbox_folder(bad[i], &error));
        g_assert_error(error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED);
    }
    g_autofree char *folder = sandbox_folder("dev-1_a", NULL);
    g_assert_true(g_str_has_suffix(folder, "/sluice/sandbox/dev-1_a"));
}

static SandboxRecord *record_for(const char *name) {
    g_autoptr(GError) error = NULL;
    SandboxRecord *record = sandbox_record_new(name, &error);
    g_assert_no_error(error);
    record->kafka = g_strdup("/opt/kafka");
    record->broker->port = 20001;
    record->broker->other = 20002;
    sandbox_record_add_worker(record, 128)->port = 20003;
    return record;
}

static void test_kept(void) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SandboxRecord) record = record_for("kept");
    Service *worker = g_ptr_array_index(record->workers, 0);
    worker->id = process_identify(getpid());
    record->formatted = true;
    sandbox_record_write(record, &error);
    g_assert_no_error(error);
    g_autoptr(SandboxRecord) read = sandbox_record_read("kept", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(read->cluster, ==, record->cluster);
    g_assert_cmpuint(strlen(read->cluster), ==, 22);
    g_assert_true(read->formatted);
    g_assert_cmpuint(read->broker->other, ==, 20002);
    const Service *same = g_ptr_array_index(read->workers, 0);
    g_assert_cmpstr(same->name, ==, "worker-1");
    g_assert_cmpuint(same->heap_mb, ==, 128);
    g_assert_true(service_is_alive(same));
    g_assert_false(service_is_alive(read->broker));
}

static void test_other_boot(void) {
    g_autoptr(SandboxRecord) record = record_for("rebooted");
    record->broker->id = process_identify(getpid());
    sandbox_record_write(record, NULL);
    g_autofree char *path = sandbox_record_path(record, "sandbox.json");
    g_autofree char *text = files_read_text(path, 1 << 20, NULL);
    g_autofree char *boot = process_boot_id();
    g_autoptr(GString) changed = g_string_new(text);
    g_string_replace(changed, boot, "another", 0);
    files_write(path, changed->str, changed->len, 0600, NULL);
    g_autoptr(SandboxRecord) read = sandbox_record_read("rebooted", NULL);
    g_assert_false(service_is_alive(read->broker));
}

static void test_recycled(void) {
    g_autoptr(SandboxRecord) record = record_for("recycled");
    g_autoptr(GError) error = NULL;
    record->broker->id = process_identify(getpid());
    record->broker->id.started++;
    g_assert_false(service_is_alive(record->broker));
    service_end(record->broker, &error); /* must not end this test */
    g_assert_no_error(error);
}

static void test_broken(void) {
    g_autofree char *folder = sandbox_folder("broken", NULL);
    g_autofree char *path = g_build_filename(folder, "sandbox.json", NULL);
    g_autoptr(GError) error = NULL;
    files_write(path, "{", 1, 0600, NULL);
    g_assert_null(sandbox_inspect("broken", &error));
    g_assert_error(error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED);
    g_clear_error(&error);
    g_assert_false(sandbox_down("broken", false, &error));
    g_clear_error(&error);
    sandbox_down("broken", true, &error);
    g_assert_no_error(error);
    g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
}

static void test_missing(void) {
    g_autoptr(GError) error = NULL;
    g_assert_null(sandbox_inspect("nowhere", &error));
    g_assert_error(error, SANDBOX_ERROR, SANDBOX_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_false(sandbox_roll("nowhere", NULL, &error));
    g_assert_error(error, SANDBOX_ERROR, SANDBOX_ERROR_NOT_FOUND);
    g_clear_error(&error);
    sandbox_down("nowhere", true, &error);
    g_assert_no_error(error);
}

static gpointer cancel_soon(gpointer cancellable) {
    g_usleep(150000);
    g_cancellable_cancel(cancellable);
    return NULL;
}

static void test_lock(void) {
    g_auto(SandboxLock) first = -1;
    g_auto(SandboxLock) second = -1;
    g_autoptr(GError) error = NULL;
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_assert_true(sandbox_lock("locked", true, NULL, &first, &error));
    GThread *thread = g_thread_new("cancel", cancel_soon, cancellable);
    g_assert_false(sandbox_lock("locked", true, cancellable, &second, &error));
    g_assert_error(error, SANDBOX_ERROR, SANDBOX_ERROR_CANCELLED);
    g_thread_join(thread);
}

static void test_configuration(void) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SandboxRecord) record = record_for("configured");
    configuration_write(record, &error);
    g_assert_no_error(error);
    g_autofree char *path = sandbox_record_path(record, "worker-1.properties");
    g_autofree char *text = files_read_text(path, 1 << 20, NULL);
    g_assert_nonnull(strstr(text, "bootstrap.servers=127.0.0.1:20001\n"));
    g_assert_nonnull(strstr(text, "listeners=http://127.0.0.1:20003\n"));
    g_assert_nonnull(strstr(text, "group.id=connect-configured\n"));
    g_assert_null(strstr(text, "0.0.0.0"));
}

static void test_no_kafka(void) {
    g_autoptr(GError) error = NULL;
    g_autofree char *root = sandbox_root();
    SandboxOptions options = {.name = "kafkaless", .kafka = root, .workers = 1};
    g_assert_null(sandbox_up(&options, &error));
    g_assert_error(error, SANDBOX_ERROR, SANDBOX_ERROR_NO_KAFKA);
    g_assert_nonnull(error_hint(error));
}

static void test_ports(void) {
    g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(guint16));
    guint16 port = 0;
    g_assert_true(ports_find(taken, &port, NULL));
    g_assert_cmpuint(port, >=, 20000);
    g_assert_cmpuint(port, <, 32768);
    g_assert_true(ports_is_free(port));
    g_assert_false(ports_is_listening(port));
}

int main(int argc, char **argv) {
    g_autofree char *state = g_dir_make_tmp("sluice-record-XXXXXX", NULL);
    g_setenv("XDG_STATE_HOME", state, TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sandbox/names", test_names);
    g_test_add_func("/sandbox/what-is-kept", test_kept);
    g_test_add_func("/sandbox/processes-of-another-boot-are-gone", test_other_boot);
    g_test_add_func("/sandbox/a-recycled-pid-is-not-ended", test_recycled);
    g_test_add_func("/sandbox/a-broken-record-can-be-purged", test_broken);
    g_test_add_func("/sandbox/none-of-that-name", test_missing);
    g_test_add_func("/sandbox/one-command-at-a-time", test_lock);
    g_test_add_func("/sandbox/configuration", test_configuration);
    g_test_add_func("/sandbox/a-folder-without-jars", test_no_kafka);
    g_test_add_func("/sandbox/ports", test_ports);
    int status = g_test_run();
    files_remove_tree(state, NULL);
    return status;
}
