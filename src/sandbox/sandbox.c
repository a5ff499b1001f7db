/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/files.h"
#include "base/process.h"
#include "sandbox/configuration.h"
#include "sandbox/kafka_home.h"
#include "sandbox/ports.h"
#include "sandbox/record.h"
#include "sandbox/service.h"
#include "sandbox/shared_archive.h"

#define WORKER_HEAP_MB 512
#define INSPECT_MS 2000
#define FORMAT_MS 120000

static void worker_free(SandboxWorker *worker) {
    g_free(worker->url);
    g_free(worker);
}

void sandbox_free(Sandbox *sandbox) {
    if (sandbox == NULL)
        return;
    g_free(sandbox->name);
    g_free(sandbox->folder);
    g_free(sandbox->bootstrap);
    g_free(sandbox->plugins);
    g_ptr_array_unref(sandbox->workers);
    g_free(sandbox);
}

static Sandbox *describe(const SandboxRecord *record) {
    Sandbox *sandbox = g_new0(Sandbox, 1);
    sandbox->name = g_strdup(record->name);
    sandbox->folder = g_strdup(record->folder);
    sandbox->bootstrap = g_strdup_printf("127.0.0.1:%u", record->broker->port);
    sandbox->broker = record->broker->id.pid;
    sandbox->alive = service_is_alive(record->broker);
    sandbox->plugins = sandbox_record_path(record, "plugins");
    sandbox->workers = g_ptr_array_new_with_free_func((GDestroyNotify)worker_free);
    for (guint i = 0; i < record->workers->len; i++) {
        const Service *service = g_ptr_array_index(record->workers, i);
        SandboxWorker *worker = g_new0(SandboxWorker, 1);
        worker->url = g_strdup_printf("http://127.0.0.1:%u", service->port);
        worker->pid = service->id.pid;
        worker->alive = service_is_alive(service);
        worker->ready = service_is_ready(service, INSPECT_MS);
        g_ptr_array_add(sandbox->workers, worker);
    }
    return sandbox;
}

static void tell(const SandboxOptions *options, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void tell(const SandboxOptions *options, const char *format, ...) {
    if (options == NULL || options->progress == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    options->progress(what, options->user_data);
}

/* What there is on this machine to run a sandbox with. */
static bool find_java(SandboxRecord *record, const char *kafka, Java *java, GError **error) {
    g_autofree char *home = kafka_home_find(kafka, record->kafka, error);
    if (home == NULL)
        return false;
    g_free(record->kafka);
    record->kafka = g_steal_pointer(&home);
    java->program = kafka_home_java(error);
    if (java->program == NULL)
        return false;
    java->class_path = kafka_home_class_path(record->kafka, error);
    if (java->class_path == NULL)
        return false;
    java->archive = shared_archive_find(java);
    return true;
}

static SandboxRecord *read_or_make(const char *name, GError **error) {
    g_autoptr(GError) problem = NULL;
    SandboxRecord *record = sandbox_record_read(name, &problem);
    if (record != NULL)
        return record;
    if (g_error_matches(problem, SANDBOX_ERROR, SANDBOX_ERROR_NOT_FOUND))
        return sandbox_record_new(name, error);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static void find_all(SandboxRecord *record) {
    service_find(record, record->broker);
    for (guint i = 0; i < record->workers->len; i++)
        service_find(record, g_ptr_array_index(record->workers, i));
}

/* Gives a port that isn't free any more, or not chosen yet, a new number; says whether it did. */
static bool renew_port(GArray *taken, guint16 *port, bool *renewed, GError **error) {
    if (*port == 0 || !ports_is_free(*port)) {
        if (!ports_find(taken, port, error))
            return false;
        *renewed = true;
    }
    g_array_append_val(taken, *port);
    return true;
}

static bool end_workers(SandboxRecord *record, GError **error) {
    for (guint i = 0; i < record->workers->len; i++)
        service_ask_to_end(g_ptr_array_index(record->workers, i));
    for (guint i = 0; i < record->workers->len; i++) {
        if (!service_end(g_ptr_array_index(record->workers, i), error))
            return false;
    }
    return true;
}

/* Chooses ports for what isn't running. Workers know the broker by its port: with a new one they start again.
 */
static bool choose_ports(SandboxRecord *record, GError **error) {
    g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(guint16));
    Service *broker = record->broker;
    bool broker_moved = false;
    bool moved = false;
    for (guint i = 0; i < record->workers->len; i++)
        g_array_append_val(taken, ((Service *)g_ptr_array_index(record->workers, i))->port);
    if (!service_is_alive(broker) && (!renew_port(taken, &broker->port, &broker_moved, error) ||
                                      !renew_port(taken, &broker->other, &moved, error)))
        return false;
    if (broker_moved && !end_workers(record, error))
        return false;
    for (guint i = 0; i < record->workers->len; i++) {
        Service *worker = g_ptr_array_index(record->workers, i);
        if (!service_is_alive(worker) && !renew_port(taken, &worker->port, &moved, error))
            return false;
    }
    return true;
}

/* Everything that is to be on disk before a process starts. */
static bool prepare(SandboxRecord *record, const SandboxOptions *options, GError **error) {
    guint heap_mb = options->heap_mb > 0 ? options->heap_mb : WORKER_HEAP_MB;
    while (record->workers->len < MAX(options->workers, 1))
        sandbox_record_add_worker(record, heap_mb);
    g_autofree char *plugins = sandbox_record_path(record, "plugins");
    return choose_ports(record, error) && files_make_folder(plugins, error) &&
           sandbox_record_write(record, error) && configuration_write(record, error);
}

/* Makes the broker's storage, once; what an interrupted attempt left is removed. */
static bool format_storage(SandboxRecord *record, const Java *java, const SandboxOptions *options,
                           GError **error) {
    if (record->formatted)
        return true;
    tell(options, "formatting the broker's storage");
    g_autofree char *data = sandbox_record_path(record, "data");
    g_autofree char *configuration = sandbox_record_path(record, "broker.properties");
    const char *const arguments[] = {"kafka.tools.StorageTool",
                                     "format",
                                     "--cluster-id",
                                     record->cluster,
                                     "--config",
                                     configuration,
                                     NULL};
    g_auto(GStrv) command = java_command(java, record, "format", record->broker->heap_mb, arguments);
    ProcessSpec spec = {
        .argv = (const char *const *)command, .timeout_ms = FORMAT_MS, .cancellable = options->cancellable};
    if (!files_remove_tree(data, error))
        return false;
    g_autofree char *said = process_output(&spec, error);
    if (said == NULL) {
        g_prefix_error(error, "cannot format the broker's storage: ");
        return false;
    }
    record->formatted = true;
    return sandbox_record_write(record, error);
}

static bool start_if_down(SandboxRecord *record, Service *service, const Java *java,
                          const SandboxOptions *options, GError **error) {
    if (service_is_alive(service))
        return true;
    tell(options, "starting %s", service->name);
    return service_start(record, service, java, error) && sandbox_record_write(record, error);
}

static bool start_workers(SandboxRecord *record, const Java *java, const SandboxOptions *options,
                          GError **error) {
    for (guint i = 0; i < record->workers->len; i++) {
        if (!start_if_down(record, g_ptr_array_index(record->workers, i), java, options, error))
            return false;
    }
    for (guint i = 0; i < record->workers->len; i++) {
        const Service *worker = g_ptr_array_index(record->workers, i);
        if (!service_is_ready(worker, INSPECT_MS))
            tell(options, "waiting for %s", worker->name);
        if (!service_wait(record, worker, options->cancellable, error))
            return false;
    }
    return true;
}

/* The folder that was made for its lock, where nothing came of it. */
static void remove_if_empty(const char *name) {
    g_autofree char *folder = sandbox_folder(name, NULL);
    if (folder != NULL)
        g_rmdir(folder);
}

Sandbox *sandbox_up(const SandboxOptions *options, GError **error) {
    g_auto(SandboxLock) lock = -1;
    g_auto(Java) java = {0};
    if (!sandbox_lock(options->name, true, options->cancellable, &lock, error))
        return NULL;
    g_autoptr(SandboxRecord) record = read_or_make(options->name, error);
    if (record == NULL || !find_java(record, options->kafka, &java, error)) {
        remove_if_empty(options->name);
        return NULL;
    }
    find_all(record);
    if (!prepare(record, options, error) || !format_storage(record, &java, options, error) ||
        !start_if_down(record, record->broker, &java, options, error) ||
        !service_wait(record, record->broker, options->cancellable, error) ||
        !start_workers(record, &java, options, error))
        return NULL;
    if (java.archive == NULL) {
        tell(options, "making later starts quicker");
        shared_archive_make(&java, record, options->cancellable);
    }
    return describe(record);
}

/* Ends the workers before the broker that they talk to, then what no record knows. */
static bool end_all(SandboxRecord *record, GError **error) {
    find_all(record);
    return end_workers(record, error) && service_end(record->broker, error) &&
           sandbox_record_write(record, error);
}

bool sandbox_down(const char *name, bool remove, GError **error) {
    g_auto(SandboxLock) lock = -1;
    g_autoptr(GError) problem = NULL;
    g_autofree char *folder = sandbox_folder(name, error);
    if (folder == NULL || !sandbox_lock(name, false, NULL, &lock, error))
        return false;
    if (lock < 0)
        return true;
    g_autoptr(SandboxRecord) record = sandbox_record_read(name, &problem);
    if ((record != NULL && !end_all(record, error)) || !service_end_strays(folder, error))
        return false;
    if (remove)
        return files_remove_tree(folder, error);
    if (record != NULL || g_error_matches(problem, SANDBOX_ERROR, SANDBOX_ERROR_NOT_FOUND))
        return true;
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

Sandbox *sandbox_inspect(const char *name, GError **error) {
    g_autoptr(SandboxRecord) record = sandbox_record_read(name, error);
    if (record == NULL)
        return NULL;
    find_all(record);
    return describe(record);
}

char **sandbox_names(GError **error) {
    g_autofree char *root = sandbox_root();
    g_auto(GStrv) entries = files_list(root, error);
    if (entries == NULL)
        return NULL;
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    for (char **entry = entries; *entry != NULL; entry++) {
        g_autofree char *path = g_build_filename(root, *entry, "sandbox.json", NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            g_strv_builder_add(names, *entry);
    }
    return g_strv_builder_end(names);
}

static bool restart(SandboxRecord *record, Service *worker, const Java *java, const SandboxOptions *options,
                    GError **error) {
    tell(options, "restarting %s", worker->name);
    return service_end(worker, error) && service_start(record, worker, java, error) &&
           sandbox_record_write(record, error) && service_wait(record, worker, options->cancellable, error);
}

bool sandbox_roll(const char *name, const SandboxOptions *given, GError **error) {
    static const SandboxOptions none = {0};
    const SandboxOptions *options = given != NULL ? given : &none;
    g_auto(SandboxLock) lock = -1;
    g_auto(Java) java = {0};
    if (!sandbox_lock(name, false, options->cancellable, &lock, error))
        return false;
    g_autoptr(SandboxRecord) record = sandbox_record_read(name, error);
    if (record == NULL || !find_java(record, NULL, &java, error))
        return false;
    find_all(record);
    if (!service_is_alive(record->broker)) {
        error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED, "sluice sandbox up starts it",
                  "the broker of sandbox '%s' is down", name);
        return false;
    }
    for (guint i = 0; i < record->workers->len; i++) {
        Service *worker = g_ptr_array_index(record->workers, i);
        if (options->heap_mb > 0)
            worker->heap_mb = options->heap_mb;
        if (!restart(record, worker, &java, options, error))
            return false;
    }
    return true;
}
