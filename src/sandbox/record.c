/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "sandbox/sandbox.h"

#define FORMAT "sluice.sandbox/1"
#define RECORD_LIMIT (1024 * 1024)
#define LOCK_PAUSE_US 100000
#define BROKER_HEAP_MB 256
#define CLUSTER_ID_BYTES 16

ERROR_DEFINE_DOMAIN(sandbox)

static void service_free(Service *service) {
    g_free(service->name);
    g_free(service);
}

static Service *service_new(const char *name, guint heap_mb) {
    Service *service = g_new0(Service, 1);
    service->name = g_strdup(name);
    service->heap_mb = heap_mb;
    return service;
}

void sandbox_record_free(SandboxRecord *record) {
    if (record == NULL)
        return;
    g_free(record->name);
    g_free(record->folder);
    g_free(record->kafka);
    g_free(record->cluster);
    service_free(record->broker);
    g_ptr_array_unref(record->workers);
    g_free(record);
}

char *sandbox_root(void) {
    return g_build_filename(g_get_user_state_dir(), "sluice", "sandbox", NULL);
}

static bool name_is_valid(const char *name) {
    static const char letters[] = G_CSET_A_2_Z G_CSET_a_2_z;
    return *name != '\0' && strchr(letters, *name) != NULL && strlen(name) <= 64 &&
           strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-") == strlen(name);
}

char *sandbox_folder(const char *name, GError **error) {
    if (!name_is_valid(name)) {
        error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED,
                  "a letter, then letters, digits, '-' and '_', 64 at most", "'%s' is no name for a sandbox",
                  name);
        return NULL;
    }
    g_autofree char *root = sandbox_root();
    return g_build_filename(root, name, NULL);
}

char *sandbox_record_path(const SandboxRecord *record, const char *file) {
    return g_build_filename(record->folder, file, NULL);
}

/* As Kafka makes them: 16 random bytes in URL-safe base 64, no '-' first. */
static char *new_cluster_id(GError **error) {
    guint8 bytes[CLUSTER_ID_BYTES];
    for (;;) {
        if (!hash_random(bytes, sizeof bytes, error))
            return NULL;
        g_autofree char *text = g_base64_encode(bytes, sizeof bytes);
        g_strdelimit(text, "+", '-');
        g_strdelimit(text, "/", '_');
        *strchr(text, '=') = '\0';
        if (*text != '-')
            return g_steal_pointer(&text);
    }
}

static SandboxRecord *record_alloc(const char *name, char *folder) {
    SandboxRecord *record = g_new0(SandboxRecord, 1);
    record->name = g_strdup(name);
    record->folder = folder;
    record->broker = service_new("broker", BROKER_HEAP_MB);
    record->workers = g_ptr_array_new_with_free_func((GDestroyNotify)service_free);
    return record;
}

SandboxRecord *sandbox_record_new(const char *name, GError **error) {
    char *folder = sandbox_folder(name, error);
    if (folder == NULL)
        return NULL;
    g_autoptr(SandboxRecord) record = record_alloc(name, folder);
    record->cluster = new_cluster_id(error);
    return record->cluster != NULL ? g_steal_pointer(&record) : NULL;
}

Service *sandbox_record_add_worker(SandboxRecord *record, guint heap_mb) {
    g_autofree char *name = g_strdup_printf("worker-%u", record->workers->len + 1);
    Service *worker = service_new(name, heap_mb);
    g_ptr_array_add(record->workers, worker);
    return worker;
}

static void service_read(Service *service, const json_t *value, bool same_boot) {
    service->port = (guint16)json_get_integer(value, "port", 0);
    service->other = (guint16)json_get_integer(value, "controller", 0);
    service->heap_mb = (guint)json_get_integer(value, "heap_mb", service->heap_mb);
    if (same_boot) {
        service->id.pid = (GPid)json_get_integer(value, "pid", 0);
        service->id.started = (guint64)json_get_integer(value, "started", 0);
    }
}

static json_t *service_write(const Service *service) {
    json_t *value =
        json_pack("{s:i,s:i,s:i,s:I}", "port", (int)service->port, "heap_mb", (int)service->heap_mb, "pid",
                  (int)service->id.pid, "started", (json_int_t)service->id.started);
    if (service->other != 0)
        json_object_set_new(value, "controller", json_integer(service->other));
    return value;
}

static void record_fill(SandboxRecord *record, const json_t *value) {
    g_autofree char *boot = process_boot_id();
    bool same_boot = g_strcmp0(json_get_string(value, "boot_id"), boot) == 0;
    record->kafka = g_strdup(json_get_string(value, "kafka"));
    record->cluster = g_strdup(json_get_string(value, "cluster"));
    record->formatted = json_get_boolean(value, "formatted", false);
    service_read(record->broker, json_object_get(value, "broker"), same_boot);
    gsize index;
    json_t *entry;
    json_array_foreach (json_object_get(value, "workers"), index, entry)
        service_read(sandbox_record_add_worker(record, 0), entry, same_boot);
}

SandboxRecord *sandbox_record_read(const char *name, GError **error) {
    char *folder = sandbox_folder(name, error);
    if (folder == NULL)
        return NULL;
    g_autoptr(SandboxRecord) record = record_alloc(name, folder);
    g_autofree char *path = sandbox_record_path(record, "sandbox.json");
    g_autoptr(GError) problem = NULL;
    g_autoptr(json_t) value = json_read_file(path, RECORD_LIMIT, &problem);
    if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_NOT_FOUND,
                  "sluice sandbox status shows those that there are", "there is no sandbox '%s'", name);
        return NULL;
    }
    if (value == NULL || g_strcmp0(json_get_string(value, "format"), FORMAT) != 0 ||
        json_get_string(value, "cluster") == NULL) {
        g_autofree char *hint = g_strdup_printf("sluice sandbox down %s --purge removes it", name);
        error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED, hint, "'%s' is not what this sluice writes%s%s",
                  path, problem != NULL ? ": " : "", problem != NULL ? problem->message : "");
        return NULL;
    }
    record_fill(record, value);
    return g_steal_pointer(&record);
}

bool sandbox_record_write(const SandboxRecord *record, GError **error) {
    g_autofree char *boot = process_boot_id();
    g_autoptr(json_t) value =
        json_pack("{s:s,s:s,s:s,s:s,s:b,s:s,s:o,s:[]}", "format", FORMAT, "name", record->name, "kafka",
                  record->kafka, "cluster", record->cluster, "formatted", (int)record->formatted, "boot_id",
                  boot, "broker", service_write(record->broker), "workers");
    for (guint i = 0; i < record->workers->len; i++)
        json_array_append_new(json_object_get(value, "workers"),
                              service_write(g_ptr_array_index(record->workers, i)));
    g_autofree char *text = json_pretty(value);
    g_autofree char *path = sandbox_record_path(record, "sandbox.json");
    return files_write(path, text, strlen(text), 0600, error);
}

/* Whether the open folder is still the one at the path: another process may have removed it while we waited.
 */
static bool is_same(int descriptor, const char *path) {
    struct stat opened;
    struct stat named;
    return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

static bool take_lock(int descriptor, GCancellable *cancellable, GError **error) {
    while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (g_cancellable_is_cancelled(cancellable)) {
            error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_CANCELLED, NULL,
                      "cancelled while another sluice uses the sandbox");
            return false;
        }
        g_usleep(LOCK_PAUSE_US);
    }
    return true;
}

bool sandbox_lock(const char *name, bool make, GCancellable *cancellable, int *lock, GError **error) {
    g_autofree char *folder = sandbox_folder(name, error);
    if (folder == NULL)
        return false;
    for (;;) {
        if (make && !files_make_folder(folder, error))
            return false;
        int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (descriptor < 0 && errno == ENOENT && !make) {
            *lock = -1;
            return true;
        }
        if (descriptor < 0) {
            error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_FAILED, NULL, "cannot open '%s': %s", folder,
                      g_strerror(errno));
            return false;
        }
        bool taken = take_lock(descriptor, cancellable, error);
        if (taken && is_same(descriptor, folder)) {
            *lock = descriptor;
            return true;
        }
        close(descriptor);
        if (!taken)
            return false;
    }
}

void sandbox_unlock(int lock) {
    close(lock);
}
