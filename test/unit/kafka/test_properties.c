/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kafka/kafka.h"

static GHashTable *properties_of(const char *const *pairs) {
    GHashTable *properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (gsize i = 0; pairs[i] != NULL; i += 2)
        g_hash_table_insert(properties, g_strdup(pairs[i]), g_strdup(pairs[i + 1]));
    return properties;
}

static Kafka *open_with(const char *name, const char *value, GError **error) {
    const char *const pairs[] = {"bootstrap.servers", "127.0.0.1:1", name, value, NULL};
    g_autoptr(GHashTable) properties = properties_of(pairs);
    return kafka_open(properties, error);
}

static void dangerous_ones_are_refused(void) {
    static const char *const names[] = {"plugin.library.paths",
                                        "ssl.engine.location",
                                        "ssl.providers",
                                        "sasl.kerberos.kinit.cmd",
                                        "transactional.id",
                                        "isolation.level",
                                        "debug",
                                        "log_level",
                                        "test.mock.num.brokers",
                                        "oauthbearer_token_refresh_cb"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_assert_nonnull(kafka_property_refusal(names[i]));
        g_autoptr(GError) error = NULL;
        g_assert_null(open_with(names[i], "1", &error));
        g_assert_error(error, KAFKA_ERROR, KAFKA_ERROR_PROPERTY);
        g_assert_nonnull(strstr(error->message, names[i]));
    }
}

static void usual_ones_are_taken(void) {
    static const char *const names[] = {"bootstrap.servers", "security.protocol", "sasl.mechanism",
                                        "sasl.username",     "sasl.password",     "ssl.ca.location",
                                        "ssl.key.location",  "client.id",         "socket.timeout.ms"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_null(kafka_property_refusal(names[i]));
}

static void unknown_ones_are_named(void) {
    g_autoptr(GError) error = NULL;
    g_assert_null(open_with("sasl.jaas.konfig", "s3cret-value", &error));
    g_assert_error(error, KAFKA_ERROR, KAFKA_ERROR_PROPERTY);
    g_assert_nonnull(strstr(error->message, "'sasl.jaas.konfig'"));
}

/* Each of them would be shown by librdkafka's own message. */
static void no_value_is_shown(void) {
    static const char *const names[] = {"sasl.jaas.konfig", "socket.timeout.ms", "security.protocol",
                                        "ssl.key.pem", "ssl.ca.location"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Kafka) kafka = open_with(names[i], "s3cret-value", &error);
        if (kafka == NULL)
            g_assert_null(strstr(error->message, "s3cret-value"));
    }
}

static void servers_are_needed(void) {
    const char *const none[] = {NULL};
    g_autoptr(GHashTable) properties = properties_of(none);
    g_autoptr(GError) error = NULL;
    g_assert_null(kafka_open(properties, &error));
    g_assert_error(error, KAFKA_ERROR, KAFKA_ERROR_PROPERTY);
    g_assert_nonnull(error_hint(error));
}

static void nobody_there_is_said(void) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Kafka) kafka = open_with("sasl.username", "anna-secret", &error);
    g_assert_no_error(error);
    g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);
    g_assert_null(kafka_observe(kafka, wanted, NULL, 700, &error));
    g_assert_error(error, KAFKA_ERROR, KAFKA_ERROR_UNREACHABLE);
    g_assert_nonnull(strstr(error->message, "127.0.0.1:1"));
    g_assert_nonnull(strstr(error->message, "Connection refused"));
    g_assert_nonnull(error_hint(error));
    g_clear_error(&error);
    g_assert_null(kafka_cluster_id(kafka, 300, &error));
    g_assert_error(error, KAFKA_ERROR, KAFKA_ERROR_UNREACHABLE);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/properties/those that load code or that sluice relies on are refused",
                    dangerous_ones_are_refused);
    g_test_add_func("/properties/the usual ones are taken", usual_ones_are_taken);
    g_test_add_func("/properties/one that there is not is named", unknown_ones_are_named);
    g_test_add_func("/properties/no value is in a message", no_value_is_shown);
    g_test_add_func("/properties/bootstrap.servers is needed", servers_are_needed);
    g_test_add_func("/client/a broker that is not there is said, with why", nobody_there_is_said);
    return g_test_run();
}
