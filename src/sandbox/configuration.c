/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/configuration.h"

#include <string.h>

#include "base/files.h"

/* Everything once: there is one broker, and it keeps little. */
static const char broker_fixed[] = "process.roles=broker,controller\n"
                                   "node.id=1\n"
                                   "controller.listener.names=CONTROLLER\n"
                                   "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
                                   "num.partitions=1\n"
                                   "default.replication.factor=1\n"
                                   "min.insync.replicas=1\n"
                                   "offsets.topic.num.partitions=1\n"
                                   "offsets.topic.replication.factor=1\n"
                                   "transaction.state.log.num.partitions=1\n"
                                   "transaction.state.log.replication.factor=1\n"
                                   "transaction.state.log.min.isr=1\n"
                                   "share.coordinator.state.topic.num.partitions=1\n"
                                   "share.coordinator.state.topic.replication.factor=1\n"
                                   "share.coordinator.state.topic.min.isr=1\n"
                                   "group.initial.rebalance.delay.ms=0\n"
                                   "log.cleaner.dedupe.buffer.size=4194304\n";

/* Quick to notice a dead worker and to give its tasks to another; offsets are written every second. */
static const char worker_fixed[] =
    "key.converter=org.apache.kafka.connect.json.JsonConverter\n"
    "key.converter.schemas.enable=false\n"
    "value.converter=org.apache.kafka.connect.json.JsonConverter\n"
    "value.converter.schemas.enable=false\n"
    "config.storage.replication.factor=1\n"
    "offset.storage.replication.factor=1\n"
    "offset.storage.partitions=1\n"
    "status.storage.replication.factor=1\n"
    "status.storage.partitions=1\n"
    "offset.flush.interval.ms=1000\n"
    "scheduled.rebalance.max.delay.ms=1000\n"
    "heartbeat.interval.ms=1000\n"
    "session.timeout.ms=6000\n"
    "plugin.discovery=service_load\n"
    "config.providers=file\n"
    "config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider\n";

/* The log of requests would hold nothing but questions for the worker's health. */
static const char logging[] =
    "<Configuration status=\"warn\">\n"
    "  <Appenders><Console name=\"log\"><PatternLayout pattern=\"%d{ISO8601} %-5p %c{1} "
    "%m%n%throwable\"/></Console></Appenders>\n"
    "  <Loggers>\n"
    "    <Logger name=\"org.apache.kafka.connect.runtime.rest.RestServer\" level=\"warn\"/>\n"
    "    <Root level=\"info\"><AppenderRef ref=\"log\"/></Root>\n"
    "  </Loggers>\n"
    "</Configuration>\n";

/* A value as java.util.Properties reads it. */
static char *property_escape(const char *value) {
    g_autoptr(GString) escaped = g_string_new(value);
    g_string_replace(escaped, "\\", "\\\\", 0);
    g_string_replace(escaped, "\n", "\\n", 0);
    return g_string_free(g_steal_pointer(&escaped), FALSE);
}

static bool write_file(const SandboxRecord *record, const char *name, const char *text, GError **error) {
    g_autofree char *path = sandbox_record_path(record, name);
    return files_write(path, text, strlen(text), 0600, error);
}

static bool write_broker(const SandboxRecord *record, GError **error) {
    const Service *broker = record->broker;
    g_autofree char *data = sandbox_record_path(record, "data");
    g_autofree char *escaped = property_escape(data);
    g_autofree char *text =
        g_strdup_printf("%s"
                        "controller.quorum.voters=1@127.0.0.1:%u\n"
                        "listeners=PLAINTEXT://127.0.0.1:%u,CONTROLLER://127.0.0.1:%u\n"
                        "advertised.listeners=PLAINTEXT://127.0.0.1:%u\n"
                        "log.dirs=%s\n",
                        broker_fixed, broker->other, broker->port, broker->other, broker->port, escaped);
    return write_file(record, "broker.properties", text, error);
}

/* The sandbox's own plugins, and those that come with Kafka. */
static char *plugin_path(const SandboxRecord *record) {
    g_autofree char *own = sandbox_record_path(record, "plugins");
    g_autofree char *with_kafka = g_build_filename(record->kafka, "plugins", NULL);
    bool both = g_file_test(with_kafka, G_FILE_TEST_IS_DIR);
    g_autofree char *path = g_strjoin(",", own, both ? with_kafka : NULL, NULL);
    return property_escape(path);
}

static bool write_worker(const SandboxRecord *record, const Service *worker, GError **error) {
    g_autofree char *plugins = plugin_path(record);
    g_autofree char *file = g_strconcat(worker->name, ".properties", NULL);
    const char *group = record->name;
    g_autofree char *text = g_strdup_printf("%s"
                                            "bootstrap.servers=127.0.0.1:%u\n"
                                            "group.id=connect-%s\n"
                                            "config.storage.topic=connect-%s-configs\n"
                                            "offset.storage.topic=connect-%s-offsets\n"
                                            "status.storage.topic=connect-%s-status\n"
                                            "listeners=http://127.0.0.1:%u\n"
                                            "rest.advertised.host.name=127.0.0.1\n"
                                            "rest.advertised.port=%u\n"
                                            "plugin.path=%s\n",
                                            worker_fixed, record->broker->port, group, group, group, group,
                                            worker->port, worker->port, plugins);
    return write_file(record, file, text, error);
}

bool configuration_write(const SandboxRecord *record, GError **error) {
    bool written = write_file(record, "log4j2.xml", logging, error) && write_broker(record, error);
    for (guint i = 0; written && i < record->workers->len; i++)
        written = write_worker(record, g_ptr_array_index(record->workers, i), error);
    return written;
}
