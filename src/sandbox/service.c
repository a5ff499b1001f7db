/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/service.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/http.h"
#include "sandbox/ports.h"
#include "sandbox/sandbox.h"

#define FIRST_HEAP_MB 64
#define GRACE_MS 15000
#define START_MS 180000
#define HEALTH_MS 3000
#define PAUSE_US 100000
#define LOG_END 4096 /* bytes of a log looked at for its last lines */
#define LOG_LINES 8
#define TAG "-Dsluice.sandbox="

void java_clear(Java *java) {
    g_clear_pointer(&java->program, g_free);
    g_clear_pointer(&java->class_path, g_free);
    g_clear_pointer(&java->archive, g_free);
}

static char *tag_of(const SandboxRecord *record, const char *name) {
    return g_strdup_printf(TAG "%s/%s", record->folder, name);
}

static char *log_of(const SandboxRecord *record, const Service *service) {
    return g_strdup_printf("%s/logs/%s.log", record->folder, service->name);
}

char **java_command(const Java *java, const SandboxRecord *record, const char *name, guint heap_mb,
                    const char *const *arguments) {
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_ptr_array_add(words, g_strdup(java->program));
    g_ptr_array_add(words, tag_of(record, name));
    g_ptr_array_add(words, g_strdup_printf("-Xms%um", MIN(heap_mb, FIRST_HEAP_MB)));
    g_ptr_array_add(words, g_strdup_printf("-Xmx%um", heap_mb));
    g_ptr_array_add(words, g_strdup("-XX:+UseSerialGC"));
    g_ptr_array_add(words, g_strdup("-XX:TieredStopAtLevel=1"));
    g_ptr_array_add(words, g_strdup("-XX:-UsePerfData"));
    if (java->archive != NULL) {
        g_ptr_array_add(words, g_strdup("-Xshare:auto"));
        g_ptr_array_add(words, g_strconcat("-XX:SharedArchiveFile=", java->archive, NULL));
    }
    g_ptr_array_add(words, g_strdup_printf("-Dlog4j2.configurationFile=%s/log4j2.xml", record->folder));
    g_ptr_array_add(words, g_strdup("-cp"));
    g_ptr_array_add(words, g_strdup(java->class_path));
    for (; arguments != NULL && *arguments != NULL; arguments++)
        g_ptr_array_add(words, g_strdup(*arguments));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_steal(words, NULL);
}

bool service_is_alive(const Service *service) {
    return process_is_alive(service->id);
}

/* Whether an argument of a process is `tag`, or begins with it where it ends with '/'. */
static bool has_tag(const char *pid, const char *tag) {
    g_autofree char *path = g_build_filename("/proc", pid, "cmdline", NULL);
    g_autofree char *line = NULL;
    gsize length = 0;
    if (!g_ascii_isdigit(*pid) || !g_file_get_contents(path, &line, &length, NULL))
        return false;
    bool prefix = g_str_has_suffix(tag, "/");
    for (const char *argument = line; argument < line + length; argument += strlen(argument) + 1) {
        if (prefix ? g_str_has_prefix(argument, tag) : strcmp(argument, tag) == 0)
            return true;
    }
    return false;
}

/* The first process with a tag; one that isn't there has started 0. */
static ProcessId find_tag(const char *tag) {
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    const char *pid = NULL;
    while (processes != NULL && (pid = g_dir_read_name(processes)) != NULL) {
        ProcessId id =
            has_tag(pid, tag) ? process_identify((GPid)g_ascii_strtoll(pid, NULL, 10)) : (ProcessId){0};
        if (id.started != 0)
            return id;
    }
    return (ProcessId){0};
}

void service_find(const SandboxRecord *record, Service *service) {
    if (service_is_alive(service))
        return;
    g_autofree char *tag = tag_of(record, service->name);
    service->id = find_tag(tag);
}

bool service_end_strays(const char *folder, GError **error) {
    g_autofree char *tag = g_strdup_printf(TAG "%s/", folder);
    for (ProcessId id = find_tag(tag); id.started != 0; id = find_tag(tag)) {
        if (!process_end(id, GRACE_MS, error))
            return false;
    }
    return true;
}

static void keep_former_log(const char *log) {
    g_autofree char *former = g_strconcat(log, ".1", NULL);
    g_rename(log, former);
}

char *service_class_list(const SandboxRecord *record, const Service *service) {
    return g_strdup_printf("%s/logs/%s.classes", record->folder, service->name);
}

static char **command_of(const SandboxRecord *record, const Service *service, const Java *java) {
    bool is_broker = service == record->broker;
    g_autofree char *configuration = g_strdup_printf("%s/%s.properties", record->folder, service->name);
    g_autofree char *classes = service_class_list(record, service);
    g_autofree char *list = g_strconcat("-XX:DumpLoadedClassList=", classes, NULL);
    const char *main_class = is_broker ? "kafka.Kafka" : "org.apache.kafka.connect.cli.ConnectDistributed";
    const char *const plain[] = {main_class, configuration, NULL};
    const char *const listing[] = {list, main_class, configuration, NULL};
    return java_command(java, record, service->name, service->heap_mb,
                        java->archive != NULL ? plain : listing);
}

bool service_start(const SandboxRecord *record, Service *service, const Java *java, GError **error) {
    g_autofree char *logs = sandbox_record_path(record, "logs");
    g_autofree char *log = log_of(record, service);
    g_auto(GStrv) command = command_of(record, service, java);
    ProcessSpec spec = {.argv = (const char *const *)command, .directory = record->folder};
    if (!files_make_folder(logs, error))
        return false;
    keep_former_log(log);
    GPid pid = process_spawn_daemon(&spec, log, error);
    if (pid == 0)
        return false;
    service->id = process_identify(pid);
    return true;
}

void service_ask_to_end(const Service *service) {
    if (service_is_alive(service))
        kill(service->id.pid, SIGTERM);
}

bool service_end(Service *service, GError **error) {
    if (!process_end(service->id, GRACE_MS, error))
        return false;
    service->id = (ProcessId){0};
    return true;
}

bool service_is_ready(const Service *service, guint timeout_ms) {
    if (!service_is_alive(service))
        return false;
    if (service->other != 0)
        return ports_is_listening(service->port);
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/health", service->port);
    g_autoptr(HttpClient) client = http_client_new(NULL);
    HttpRequest request = {.method = "GET", .url = url, .timeout_ms = timeout_ms, .limit = 64 * 1024};
    g_autoptr(HttpResponse) response = http_send(client, &request, NULL);
    return response != NULL && response->status == 200;
}

/* The last lines of a log, for a message. */
static char *log_end(const char *log) {
    g_autofree char *tail = g_malloc0(LOG_END + 1);
    FILE *file = fopen(log, "rbe");
    if (file == NULL)
        return g_strdup("(no log)");
    if (fseek(file, -LOG_END, SEEK_END) != 0)
        rewind(file);
    tail[fread(tail, 1, LOG_END, file)] = '\0';
    fclose(file);
    g_autofree char *text = g_utf8_make_valid(g_strchomp(tail), -1);
    const char *start = text + strlen(text);
    for (int lines = 0; start > text; start--) {
        if (start[-1] == '\n' && ++lines == LOG_LINES)
            break;
    }
    return g_strdup(start);
}

static bool set_died(const SandboxRecord *record, const Service *service, GError **error) {
    g_autofree char *log = log_of(record, service);
    g_autofree char *end = log_end(log);
    g_autofree char *hint = g_strdup_printf("all of its log: %s", log);
    error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_DIED, hint,
              "%s of sandbox '%s' ended while it started:\n%s", service->name, record->name, end);
    return false;
}

static bool set_late(const SandboxRecord *record, const Service *service, GError **error) {
    g_autofree char *log = log_of(record, service);
    g_autofree char *hint = g_strdup_printf("what it does is in its log: %s", log);
    error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_TIMEOUT, hint, "%s of sandbox '%s' isn't ready after %d s",
              service->name, record->name, START_MS / 1000);
    return false;
}

bool service_wait(const SandboxRecord *record, const Service *service, GCancellable *cancellable,
                  GError **error) {
    gint64 deadline = g_get_monotonic_time() + (gint64)START_MS * 1000;
    while (!service_is_ready(service, HEALTH_MS)) {
        if (!service_is_alive(service))
            return set_died(record, service, error);
        if (g_get_monotonic_time() > deadline)
            return set_late(record, service, error);
        if (g_cancellable_is_cancelled(cancellable)) {
            error_set(error, SANDBOX_ERROR, SANDBOX_ERROR_CANCELLED,
                      "what was started runs on: sluice sandbox down ends it",
                      "cancelled while %s of sandbox '%s' started", service->name, record->name);
            return false;
        }
        g_usleep(PAUSE_US);
    }
    return true;
}
