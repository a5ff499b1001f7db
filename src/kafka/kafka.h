/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topics of a Kafka cluster, observed and changed in bulk over librdkafka's admin client.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

ERROR_DECLARE_DOMAIN(kafka);
#define KAFKA_ERROR (kafka_error_quark())
typedef enum {
    KAFKA_ERROR_FAILED,
    KAFKA_ERROR_PROPERTY,    /* a property is refused or not understood */
    KAFKA_ERROR_UNREACHABLE, /* no broker answers */
    KAFKA_ERROR_TIMEOUT,     /* outcome unknown */
    KAFKA_ERROR_EXISTS,
    KAFKA_ERROR_NOT_FOUND,
    KAFKA_ERROR_INVALID, /* the cluster refuses a value */
    KAFKA_ERROR_DENIED,
} KafkaError;

typedef struct Kafka Kafka;

/* Opens a client with librdkafka's properties (name → value, both char *). No network yet. Refused:
 * properties that load code, name programs, or change what Sluice relies on (plugin.library.paths,
 * transactional.id, isolation.level, debug, …). Values are in no message. Safe to use from several threads.
 */
Kafka *kafka_open(GHashTable *properties, GError **error);
void kafka_close(Kafka *kafka);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kafka, kafka_close)

/* NULL when a property may be set by declarations, else why not; a static string. */
const char *kafka_property_refusal(const char *name);

/* The cluster's id; the caller frees it. */
char *kafka_cluster_id(Kafka *kafka, guint timeout_ms, GError **error);

/* A topic as it is, or as it shall be. */
typedef struct {
    char *name;
    int partitions;     /* -1: the broker's default (only when creating) */
    int replication;    /* -1: the broker's default; observed: of the first partition */
    GHashTable *config; /* char * → char *; observed: of the keys asked for, those set on this topic */
} KafkaTopic;

KafkaTopic *kafka_topic_new(const char *name, int partitions, int replication);
void kafka_topic_free(KafkaTopic *topic);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KafkaTopic, kafka_topic_free)

/* Observes in one metadata request, and batched DescribeConfigs for exactly the topics and keys of `wanted`
 * (topic name → GHashTable used as a set of key names, may be empty; only topics that exist are asked). Gives
 * a new GHashTable name → KafkaTopic of all topics of `wanted` that exist. Where `all_names` is not NULL it
 * gets a set (GHashTable, owned by the caller) of the names of every topic. */
GHashTable *kafka_observe(Kafka *kafka, GHashTable *wanted, GHashTable **all_names, guint timeout_ms,
                          GError **error);

/* Each of the following does one thing to one topic and blocks until the cluster's controller has answered.
 */
bool kafka_create_topic(Kafka *kafka, const KafkaTopic *topic, guint timeout_ms, GError **error);
bool kafka_add_partitions(Kafka *kafka, const char *name, int total, guint timeout_ms, GError **error);
/* Sets the keys of `set` (char * → char *) and resets those of `unset` (char *, NULL-terminated; may be
 * NULL), incrementally. */
bool kafka_alter_config(Kafka *kafka, const char *name, GHashTable *set, const char *const *unset,
                        guint timeout_ms, GError **error);
/* A topic that is not there is success. */
bool kafka_delete_topic(Kafka *kafka, const char *name, guint timeout_ms, GError **error);
