/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client from the inside: librdkafka's handle, what it last complained of, and how its errors become
 * ours.
 */
#pragma once

#include <librdkafka/rdkafka.h>

#include "kafka/kafka.h"

struct Kafka {
    rd_kafka_t *handle;
    GPtrArray *hidden; /* values of properties that no message may show */
    char *servers;     /* bootstrap.servers, for messages */
    GMutex lock;       /* of all below */
    char *problem;     /* librdkafka's last complaint about a connection; NULL so far */
    rd_kafka_resp_err_t problem_code;
};

/* librdkafka's configuration with these properties, and in `hidden` the values that no message may show. */
rd_kafka_conf_t *properties_apply(GHashTable *properties, GPtrArray *hidden, GError **error);

/* `text` with every hidden value replaced; the caller frees it. */
char *properties_scrub(const GPtrArray *hidden, const char *text);

/* Waits until a broker answers, at most until `deadline` (g_get_monotonic_time()); gives up at once where a
 * wait heals nothing: a refused password or certificate. */
bool client_connect(Kafka *kafka, gint64 deadline, GError **error);

/* Milliseconds until a deadline, at least 1. */
int client_remaining_ms(gint64 deadline);

/* Sets `error` for librdkafka's `code`, with `message` (the broker's, or NULL) after "cannot …", what was
 * tried. */
void client_fail(Kafka *kafka, GError **error, rd_kafka_resp_err_t code, const char *message,
                 const char *format, ...) G_GNUC_PRINTF(5, 6);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(rd_kafka_event_t, rd_kafka_event_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rd_kafka_queue_t, rd_kafka_queue_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy)

/* An administrative call: options and a queue of its own for the answer. */
typedef struct {
    rd_kafka_AdminOptions_t *options;
    rd_kafka_queue_t *queue;
    guint timeout_ms;
} AdminCall;

AdminCall admin_call_new(Kafka *kafka, rd_kafka_admin_op_t operation, guint timeout_ms);
void admin_call_clear(AdminCall *call);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AdminCall, admin_call_clear)

/* Waits for the answer of a call that was sent, and gives it when the call as a whole was well; else sets
 * `error`, with `what` after "cannot". */
rd_kafka_event_t *admin_call_wait(Kafka *kafka, AdminCall *call, const char *what, GError **error);
