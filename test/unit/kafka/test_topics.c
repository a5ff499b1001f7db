/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against a real broker, whose address is in SLUICE_TEST_BOOTSTRAP; skipped where there is none.
 */
#include <stdio.h>
#include <string.h>

#include "base/ulid.h"
#include "kafka/kafka.h"

#define TIMEOUT_MS 20000
#define POLL_US 20000
#define HANDSHAKE_MS 8000 /* in which a busy machine has tried one */

typedef struct {
    Kafka *kafka;
    char *name; /* of a topic of its own */
} Fixture;

static GHashTable *properties_of(const char *servers) {
    GHashTable *properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert(properties, g_strdup("bootstrap.servers"), g_strdup(servers));
    return properties;
}

static void set_up(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) properties = properties_of(g_getenv("SLUICE_TEST_BOOTSTRAP"));
    fixture->kafka = kafka_open(properties, &error);
    g_assert_no_error(error);
    g_autofree char *id = ulid_new();
    fixture->name = g_strconcat("sluice-test-", id, NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data) {
    kafka_delete_topic(fixture->kafka, fixture->name, TIMEOUT_MS, NULL);
    kafka_close(fixture->kafka);
    g_free(fixture->name);
}

/* What is live, asked for these keys; a KafkaTopic in the table that is returned. */
static GHashTable *observe(Fixture *fixture, const char *const *keys, GHashTable **names) {
    g_autoptr(GHashTable) wanted =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_hash_table_unref);
    GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);
    for (gsize i = 0; keys != NULL && keys[i] != NULL; i++)
        g_hash_table_add(set, (char *)keys[i]);
    g_hash_table_insert(wanted, fixture->name, set);
    g_autoptr(GError) error = NULL;
    GHashTable *found = kafka_observe(fixture->kafka, wanted, names, TIMEOUT_MS, &error);
    g_assert_no_error(error);
    return found;
}

typedef bool (*Expectation)(const KafkaTopic *topic); /* NULL: there is none */

static const char *const two_keys[] = {"cleanup.policy", "retention.ms", NULL};

/* A broker tells of a change a moment after its controller has made it. */
static void expect(Fixture *fixture, Expectation holds) {
    gint64 deadline = g_get_monotonic_time() + TIMEOUT_MS * (gint64)1000;
    for (;;) {
        g_autoptr(GHashTable) found = observe(fixture, two_keys, NULL);
        if (holds(g_hash_table_lookup(found, fixture->name)))
            return;
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(POLL_US);
    }
}

static bool is_there(const KafkaTopic *topic) {
    return topic != NULL;
}

static bool has_partitions(const KafkaTopic *topic) {
    return topic != NULL && topic->partitions >= 1;
}

static bool is_gone(const KafkaTopic *topic) {
    return topic == NULL;
}

static bool is_kept_and_compacted(const KafkaTopic *topic) {
    return g_strcmp0(g_hash_table_lookup(topic->config, "retention.ms"), "60000") == 0 &&
           g_strcmp0(g_hash_table_lookup(topic->config, "cleanup.policy"), "compact") == 0;
}

static bool has_one_key(const KafkaTopic *topic) {
    return g_hash_table_size(topic->config) == 1;
}

static bool has_five_partitions(const KafkaTopic *topic) {
    return topic->partitions == 5;
}

static void create(Fixture *fixture, const char *key, const char *value) {
    g_autoptr(KafkaTopic) topic = kafka_topic_new(fixture->name, 2, 1);
    if (key != NULL)
        g_hash_table_insert(topic->config, g_strdup(key), g_strdup(value));
    g_autoptr(GError) error = NULL;
    kafka_create_topic(fixture->kafka, topic, TIMEOUT_MS, &error);
    g_assert_no_error(error);
    expect(fixture, is_there);
}

static void cluster_has_an_id(Fixture *fixture, gconstpointer data) {
    g_autoptr(GError) error = NULL;
    g_autofree char *id = kafka_cluster_id(fixture->kafka, TIMEOUT_MS, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(strlen(id), >, 0);
}

static void is_seen_as_created(Fixture *fixture, gconstpointer data) {
    create(fixture, "cleanup.policy", "compact");
    g_autoptr(GHashTable) names = NULL;
    g_autoptr(GHashTable) found = observe(fixture, two_keys, &names);
    const KafkaTopic *topic = g_hash_table_lookup(found, fixture->name);
    g_assert_nonnull(topic);
    g_assert_cmpint(topic->partitions, ==, 2);
    g_assert_cmpint(topic->replication, ==, 1);
    g_assert_cmpstr(g_hash_table_lookup(topic->config, "cleanup.policy"), ==, "compact");
    g_assert_cmpuint(g_hash_table_size(topic->config), ==, 1);
    g_assert_true(g_hash_table_contains(names, fixture->name));
}

static void only_asked_keys_are_read(Fixture *fixture, gconstpointer data) {
    create(fixture, "cleanup.policy", "compact");
    static const char *const other[] = {"retention.ms", NULL};
    g_autoptr(GHashTable) found = observe(fixture, other, NULL);
    const KafkaTopic *topic = g_hash_table_lookup(found, fixture->name);
    g_assert_cmpuint(g_hash_table_size(topic->config), ==, 0);
    g_autoptr(GHashTable) again = observe(fixture, NULL, NULL);
    topic = g_hash_table_lookup(again, fixture->name);
    g_assert_cmpuint(g_hash_table_size(topic->config), ==, 0);
}

static void takes_the_brokers_defaults(Fixture *fixture, gconstpointer data) {
    g_autoptr(KafkaTopic) topic = kafka_topic_new(fixture->name, -1, -1);
    g_autoptr(GError) error = NULL;
    kafka_create_topic(fixture->kafka, topic, TIMEOUT_MS, &error);
    g_assert_no_error(error);
    expect(fixture, has_partitions);
}

static void config_changes_incrementally(Fixture *fixture, gconstpointer data) {
    create(fixture, "cleanup.policy", "compact");
    g_autoptr(GHashTable) set = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(set, (char *)"retention.ms", (char *)"60000");
    g_autoptr(GError) error = NULL;
    kafka_alter_config(fixture->kafka, fixture->name, set, NULL, TIMEOUT_MS, &error);
    g_assert_no_error(error);
    expect(fixture, is_kept_and_compacted);
    static const char *const unset[] = {"cleanup.policy", NULL};
    kafka_alter_config(fixture->kafka, fixture->name, NULL, unset, TIMEOUT_MS, &error);
    g_assert_no_error(error);
    expect(fixture, has_one_key);
}

static void partitions_are_added(Fixture *fixture, gconstpointer data) {
    create(fixture, NULL, NULL);
    g_autoptr(GError) error = NULL;
    kafka_add_partitions(fixture->kafka, fixture->name, 5, TIMEOUT_MS, &error);
    g_assert_no_error(error);
    expect(fixture, has_five_partitions);
    g_assert_false(kafka_add_partitions(fixture->kafka, fixture->name, 3, TIMEOUT_MS, &error));
    g_assert_error(error, KAFKA_ERROR, KAFKA_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, fixture->name));
}

static void what_is_there_exists(Fixture *fixture, gconstpointer data) {
    create(fixture, NULL, NULL);
    g_autoptr(KafkaTopic) topic = kafka_topic_new(fixture->name, 1, 1);
    g_autoptr(GError) error = NULL;
    g_assert_false(kafka_create_topic(fixture->kafka, topic, TIMEOUT_MS, &error));
    g_assert_error(error, KAFKA_ERROR, KAFKA_ERROR_EXISTS);
    g_assert_nonnull(strstr(error->message, fixture->name));
}

static void refused_values_are_invalid(Fixture *fixture, gconstpointer data) {
    g_autoptr(KafkaTopic) wide = kafka_topic_new(fixture->name, 1, 99);
    g_autoptr(GError) error = NULL;
    g_assert_false(kafka_create_topic(fixture->kafka, wide, TIMEOUT_MS, &error));
    g_assert_error(error, KAFKA_ERROR, KAFKA_ERROR_INVALID);
    g_clear_error(&error);
    g_autoptr(KafkaTopic) misspelt = kafka_topic_new(fixture->name, 1, 1);
    g_hash_table_insert(misspelt->config, g_strdup("cleanup.polizy"), g_strdup("compact"));
    g_assert_false(kafka_create_topic(fixture->kafka, misspelt, TIMEOUT_MS, &error));
    g_assert_error(error, KAFKA_ERROR, KAFKA_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "cleanup.polizy"));
}

static void deleted_is_gone_and_again_is_success(Fixture *fixture, gconstpointer data) {
    create(fixture, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        kafka_delete_topic(fixture->kafka, fixture->name, TIMEOUT_MS, &error);
        g_assert_no_error(error);
        expect(fixture, is_gone);
    }
}

static void missing_topic_is_not_found(Fixture *fixture, gconstpointer data) {
    static const char *const unset[] = {"cleanup.policy", NULL};
    g_autoptr(GError) error = NULL;
    g_assert_false(kafka_alter_config(fixture->kafka, fixture->name, NULL, unset, TIMEOUT_MS, &error));
    g_assert_error(error, KAFKA_ERROR, KAFKA_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, fixture->name));
}

#define WORKERS 4

static gpointer come_and_go(gpointer data) {
    Fixture *fixture = data;
    g_autofree char *id = ulid_new();
    g_autofree char *name = g_strconcat("sluice-test-", id, NULL);
    g_autoptr(KafkaTopic) topic = kafka_topic_new(name, 1, 1);
    g_autoptr(GError) error = NULL;
    kafka_create_topic(fixture->kafka, topic, TIMEOUT_MS, &error);
    g_assert_no_error(error);
    kafka_delete_topic(fixture->kafka, name, TIMEOUT_MS, &error);
    g_assert_no_error(error);
    return NULL;
}

static void threads_share_a_client(Fixture *fixture, gconstpointer data) {
    GThread *threads[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        threads[i] = g_thread_new("worker", come_and_go, fixture);
    for (int i = 0; i < WORKERS; i++)
        g_thread_join(threads[i]);
}

static void wrong_protocol_is_said(Fixture *fixture, gconstpointer data) {
    g_autoptr(GHashTable) properties = properties_of(g_getenv("SLUICE_TEST_BOOTSTRAP"));
    g_hash_table_insert(properties, g_strdup("security.protocol"), g_strdup("ssl"));
    g_autoptr(GError) error = NULL;
    g_autoptr(Kafka) kafka = kafka_open(properties, &error);
    g_assert_no_error(error);
    g_assert_null(kafka_cluster_id(kafka, HANDSHAKE_MS, &error));
    g_assert_error(error, KAFKA_ERROR, KAFKA_ERROR_UNREACHABLE);
    /* "SSL handshake failed: …", or on a busy machine "Disconnected" alone. */
    g_assert_nonnull(strstr(error->message, "no broker answers (ssl://"));
    g_assert_nonnull(strstr(error_hint(error), "security.protocol"));
}

#define ADD(title, function) g_test_add("/topics/" title, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    if (g_getenv("SLUICE_TEST_BOOTSTRAP") == NULL) {
        puts("1..0 # SKIP SLUICE_TEST_BOOTSTRAP names no broker");
        return 0;
    }
    ADD("the cluster has an id", cluster_has_an_id);
    ADD("a topic is seen as it was created", is_seen_as_created);
    ADD("only the keys asked for are read", only_asked_keys_are_read);
    ADD("-1 takes the broker's defaults", takes_the_brokers_defaults);
    ADD("config changes key by key", config_changes_incrementally);
    ADD("partitions are added, never taken", partitions_are_added);
    ADD("creating what is there is said", what_is_there_exists);
    ADD("what the broker refuses is invalid", refused_values_are_invalid);
    ADD("what is deleted is gone, and deleting it again is success", deleted_is_gone_and_again_is_success);
    ADD("a change of a topic that is not there is said", missing_topic_is_not_found);
    ADD("threads share a client", threads_share_a_client);
    ADD("a wrong protocol is said", wrong_protocol_is_said);
    return g_test_run();
}
