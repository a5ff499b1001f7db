/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "base/sensitive.h"

static void names_of_secrets_are_known(void) {
    static const char *const KEYS[] = {
        "password",
        "database.password",
        "connection.password",
        "ssl.keystore.password",
        "ssl.key.password",
        "sasl.jaas.config",
        "producer.override.sasl.jaas.config",
        "token",
        "orders.token",
        "auth_token",
        "oauth2.access.token",
        "client.secret",
        "clientSecret",
        "camel.sink.secretKey",
        "camel.sink.accessKey",
        "aws.secret.access.key",
        "aws.access.key.id",
        "api.key",
        "apiKey",
        "x-api-key",
        "private.key",
        "ssl.keystore.key",
        "passphrase",
        "snowflake.private.key.passphrase",
        "gcp.credentials.json",
        "schema.registry.basic.auth.user.info",
        "db_passwd",
        "http.authorization",
        "azure.account.key",
        "shared.key",
        "Password",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(KEYS); i++)
        if (!sensitive_key_name(KEYS[i]))
            g_error("'%s' should be sensitive", KEYS[i]);
}

static void harmless_names_are_not(void) {
    static const char *const KEYS[] = {
        "",
        "key.converter",
        "key.converter.schemas.enable",
        "tokens.max",
        "tokenizer",
        "token.endpoint.url",
        "password.file",
        "ssl.keystore.location",
        "ssl.truststore.type",
        "sasl.mechanism",
        "sasl.username",
        "message.key.columns",
        "key.field",
        "primary.key.mode",
        "transforms.createKey.fields",
        "secret.name",
        "credentials.provider.class",
        "basic.auth.credentials.source",
        "password.encoder.algorithm",
        "access.level",
        "api.version",
        "passwordless",
        "orders.url",
        "topics",
        "partition.key.name",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(KEYS); i++)
        if (sensitive_key_name(KEYS[i]))
            g_error("'%s' should not be sensitive", KEYS[i]);
}

static void a_reference_alone_is_told_from_a_text_with_one(void) {
    g_assert_true(sensitive_is_reference("${file:/etc/x.properties:token}"));
    g_assert_true(sensitive_is_reference("${env:TOKEN}"));
    g_assert_false(sensitive_is_reference("Bearer ${file:/x:y}"));
    g_assert_false(sensitive_is_reference("${file:/x:y}${file:/x:z}"));
    g_assert_false(sensitive_is_reference("${file:/x:y"));
    g_assert_false(sensitive_is_reference("${:x}"));
    g_assert_false(sensitive_is_reference("${var.x}"));
    g_assert_false(sensitive_is_reference(""));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sensitive/names of secrets are known", names_of_secrets_are_known);
    g_test_add_func("/sensitive/harmless names are not", harmless_names_are_not);
    g_test_add_func("/sensitive/a reference alone is told from a text with one",
                    a_reference_alone_is_told_from_a_text_with_one);
    return g_test_run();
}
