/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sensitive.h"
#include "connect/secrets.h"

#include "answers.h"
#include "connect/message.h"

static const char *const secret_keys[] = {
    "password",
    "database.password",
    "connection.password",
    "dbPassword",
    "DB_PASSWORD",
    "orders.token",
    "api.key",
    "apiKey",
    "aws.access.key.id",
    "aws.secret.access.key",
    "sasl.jaas.config",
    "producer.override.sasl.jaas.config",
    "ssl.keystore.password",
    "ssl.keystore.key",
    "ssl.key.password",
    "http.headers.authorization",
    "basic.auth.credentials",
    "private-key",
    "gcs.credentials.json",
    "oauth2.client.secret",
    "ssh.passphrase",
};

static const char *const plain_keys[] = {
    "key.converter",
    "topic",
    "key.ignore",
    "primary.key",
    "pk.fields",
    "ssl.truststore.location",
    "password.file",
    "oauth.token.url",
    "token.endpoint",
    "tasks.max",
    "message.key.columns",
    "connector.class",
    "monkey",
    "keystore.type",
    "name",
    "",
};

static void test_key_names(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(secret_keys); i++) {
        if (!sensitive_key_name(secret_keys[i]))
            g_error("'%s' is no secret", secret_keys[i]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(plain_keys); i++) {
        if (sensitive_key_name(plain_keys[i]))
            g_error("'%s' is a secret", plain_keys[i]);
    }
}

static void test_references(void) {
    g_assert_true(sensitive_is_reference("${file:/etc/x.properties:token}"));
    g_assert_true(sensitive_is_reference("${env:TOKEN}"));
    g_assert_false(sensitive_is_reference("Bearer ${env:TOKEN}"));
    g_assert_false(sensitive_is_reference("${env:A}${env:B}"));
    g_assert_false(sensitive_is_reference("${token}"));
    g_assert_false(sensitive_is_reference("${:x}"));
    g_assert_false(sensitive_is_reference(""));
}

/* A config as JSON, a further sensitive key or NULL, what a worker says, what is shown. */
static const struct {
    const char *config;
    const char *sensitive;
    const char *text;
    const char *shown;
} cases[] = {
    {"{'password':'hunter2'}", NULL, "cannot log in with hunter2!", "cannot log in with •••!"},
    {"{'password':'hunter2'}", NULL, "hunter2hunter2", "••••••"},
    {"{'a.b':'hunter2'}", "a.b", "cannot log in with hunter2", "cannot log in with •••"},
    {"{'a.b':'hunter2'}", NULL, "cannot log in with hunter2", "cannot log in with hunter2"},
    {"{'password':'abc','token':'abcdef'}", NULL, "abcdef abc", "••• •••"},
    {"{'password':' hunter2 '}", NULL, "'hunter2'", "'•••'"},
    {"{'password':'x'}", NULL, "max exceeded", "max exceeded"},
    {"{'url':'jdbc:postgresql://me:hunter2@db/x'}", NULL, "no route to me with hunter2",
     "no route to me with •••"},
    {"{'url':'jdbc:db://db/x?user=me&password=hunter2'}", NULL, "hunter2 of me", "••• of me"},
    {"{'sasl.jaas.config':'Plain required username=\\'me\\' password=\\'hunter2\\';'}", NULL, "me: hunter2",
     "me: •••"},
    {"{'tasks.max':'many'}", NULL, "Invalid value many for configuration tasks.max: Not a number",
     "Invalid value many for configuration tasks.max: Not a number"},
    {"{'tasks.max':'${file:/x:y}'}", NULL,
     "Invalid value resolved for configuration tasks.max: resolved is no number",
     "Invalid value ••• for configuration tasks.max: ••• is no number"},
    {"{'a':'${file:/x:y}'}", NULL, "Invalid value two\nlines for configuration a: no",
     "Invalid value ••• for configuration a: no"},
    {"{'token':'ab'}", NULL, "Invalid value ab for configuration token: too short",
     "Invalid value ••• for configuration token: too short"},
    {"{'password':'${file:/x:y}'}", NULL, "could not read ${file:/x:y}", "could not read ${file:/x:y}"},
    {"{'a':'b'}", NULL, "Invalid value null for configuration c: Value must be non-null",
     "Invalid value null for configuration c: Value must be non-null"},
};

static json_t *config_of(const char *text) {
    g_autoptr(GString) json = g_string_new(text);
    g_string_replace(json, "\\'", "\\\"", 0);
    for (char *at = json->str; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    g_autoptr(GError) error = NULL;
    json_t *config = json_read(json->str, json->len, "config", &error);
    g_assert_no_error(error);
    return config;
}

static void test_redact(void) {
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(json_t) config = config_of(cases[i].config);
        g_autoptr(GHashTable) sensitive = g_hash_table_new(g_str_hash, g_str_equal);
        if (cases[i].sensitive != NULL)
            g_hash_table_add(sensitive, (char *)cases[i].sensitive);
        g_autoptr(Secrets) secrets = secrets_new(config, sensitive);
        g_autofree char *shown = secrets_redact(secrets, cases[i].text);
        g_assert_cmpstr(shown, ==, cases[i].shown);
    }
}

static void test_one_line(void) {
    g_autoptr(Secrets) secrets = secrets_new(NULL, NULL);
    g_autofree char *line = secrets_redact_line(secrets, "a\n\tb\x1b[31m  c\xff\n");
    g_assert_cmpstr(line, ==, "a b [31m c\xef\xbf\xbd");
    g_autofree char *many = g_strnfill(2000, 'x');
    g_autofree char *cut = secrets_redact_line(secrets, many);
    g_assert_cmpuint(strlen(cut), <, 610);
    g_assert_true(g_str_has_suffix(cut, "…"));
}

static char *shown_of(const char *answer, const char *config_text) {
    g_autoptr(json_t) config = config_of(config_text);
    g_autoptr(Secrets) secrets = secrets_new(config, NULL);
    g_autofree char *message = answer_message(answer);
    return message_show(message, secrets);
}

static void test_recorded(void) {
    g_autofree char *invalid =
        shown_of("create-invalid.400.json", "{'tasks.max':'hunter2','batch.size':'swordfish'}");
    g_assert_cmpstr(
        invalid, ==,
        "the config is refused: Invalid value hunter2 for configuration tasks.max: Not a number of type INT; "
        "Invalid value null for configuration tasks.max: Value must be non-null; "
        "Missing required configuration \"topic\" which has no default value.; "
        "Invalid value swordfish for configuration batch.size: Not a number of type INT");
    g_autofree char *resolved =
        shown_of("create-resolved-secret.400.json", "{'batch.size':'${file:/x:password}'}");
    g_assert_cmpstr(
        resolved, ==,
        "the config is refused: Invalid value ••• for configuration batch.size: Not a number of type INT");
    g_autofree char *class = shown_of("create-unknown-class.400.json", "{'connector.class':'x.Y'}");
    g_assert_cmpstr(class, ==,
                    "Failed to find any class that implements Connector and which name matches x.Y");
}

static void test_own_words(void) {
    const char *message =
        "Connector configuration is invalid and contains the following 2 error(s):\n"
        "cannot log in with s3cret\nMissing required configuration \"a\" which has no default value.\n"
        "You can also find the above list of errors at the endpoint `/x`";
    g_autoptr(json_t) config = config_of("{'b':'${file:/x:y}'}");
    g_autoptr(Secrets) secrets = secrets_new(config, NULL);
    g_autofree char *shown = message_show(message, secrets);
    g_assert_cmpstr(shown, ==,
                    "the config is refused: (a message that may hold a resolved secret); "
                    "Missing required configuration \"a\" which has no default value.");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/secrets/names-of-keys", test_key_names);
    g_test_add_func("/secrets/a-reference-is-no-secret", test_references);
    g_test_add_func("/secrets/values-are-masked-keys-and-reasons-stay", test_redact);
    g_test_add_func("/secrets/one-line-of-limited-length", test_one_line);
    g_test_add_func("/secrets/recorded-messages", test_recorded);
    g_test_add_func("/secrets/a-connectors-own-words-stay-hidden-where-secrets-were-resolved",
                    test_own_words);
    return g_test_run();
}
