/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's own file: what it says, and test/golden/server/NAME.yaml with the NAME.txt of everything that
 * is said about it. UPDATE_GOLDEN=1 rewrites the latter.
 */
#include "server/config.h"

#include <string.h>

#include "base/files.h"
#include "pipeline/person.h"
#include "server/error.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LEAST "data: data\ndeclarations: { git: repository }\n"

/* Reads a text as server.yaml of a temporary folder, which is removed; *said is all that is said. */
static ServerConfig *read_text(const char *text, char **folder, char **said) {
    g_autoptr(GError) error = NULL;
    g_autofree char *parent = files_make_temporary(g_get_tmp_dir(), "sluice-config-", &error);
    g_autofree char *path = g_build_filename(parent, "server.yaml", NULL);
    g_assert_true(files_write(path, text, strlen(text), 0600, &error));
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    ServerConfig *config = server_config_read(path, diagnostics, &error);
    g_assert_cmpint(config == NULL, ==, g_error_matches(error, SERVER_ERROR, SERVER_ERROR_INVALID));
    g_autofree char *all = diagnostics_format(diagnostics, false);
    g_autoptr(GString) relative = g_string_new(all);
    g_autofree char *prefix = g_strconcat(parent, "/", NULL);
    g_string_replace(relative, prefix, "", 0);
    if (said != NULL)
        *said = g_strdup(relative->str);
    if (folder != NULL)
        *folder = g_strdup(parent);
    files_remove_tree(parent, NULL);
    return config;
}

static ServerConfig *read_good(const char *text, char **folder) {
    g_autofree char *said = NULL;
    ServerConfig *config = read_text(text, folder, &said);
    g_assert_cmpstr(said, ==, "");
    return config;
}

static void test_least(void) {
    g_autofree char *folder = NULL;
    g_autoptr(ServerConfig) config = read_good(LEAST, &folder);
    g_autofree char *data = g_build_filename(folder, "data", NULL);
    g_autofree char *git = g_build_filename(folder, "repository", NULL);
    const PipelineSettings *settings = config->pipeline;
    g_assert_cmpstr(config->host, ==, "127.0.0.1");
    g_assert_cmpuint(config->port, ==, 8080);
    g_assert_null(config->public_url);
    g_assert_null(config->webhook_secrets[WEBHOOK_GITEA]);
    g_assert_cmpstr(settings->data, ==, data);
    g_assert_cmpstr(settings->git, ==, git);
    g_assert_cmpstr(settings->branch, ==, "main");
    g_assert_cmpstr(settings->folder, ==, "");
    g_assert_cmpuint(settings->poll_ms, ==, 30000);
    g_assert_cmpuint(settings->observe_ms, ==, 30000);
    g_assert_null(settings->build_from[0]);
    g_assert_cmpuint(settings->builds_at_once, ==, 1);
    g_assert_cmpstr(settings->committer_name, ==, "Sluice");
    g_assert_true(g_str_has_prefix(settings->committer_email, "sluice@"));
}

static const char everything[] =
    "listen: '[::1]:0'\n"
    "data: /var/lib/sluice\n"
    "declarations: { git: 'git@git.acme.example:streaming.git', branch: trunk, folder: kafka, poll: 1m }\n"
    "observe: 10s\n"
    "public_url: https://sluice.acme.example/\n"
    "webhooks: { gitea: { secret: { env: SLUICE_TEST_HOOK } }, github: { secret: { command: [printf, quiet] "
    "} } }\n"
    "users:\n"
    "  - { name: alice, emails: [alice@acme.example], groups: [release-managers], roles: [approver, "
    "operator],\n"
    "      token_sha256: " HASH_A " }\n"
    "build: { env: [MAVEN_OPTS], from: ['https://git.acme.example/'], at_once: 3, "
    "run: [/etc/sluice/cage] }\n"
    "committer: { name: Delivery, email: delivery@acme.example }\n"
    "environments:\n"
    "  dev:\n"
    "    env: [REPO_USER]\n"
    "    secrets: { db: { file: db.txt }, api: { env: API }, vault: { command: [vault, get] } }\n"
    "    rollout: { main: { command: [helm, upgrade] } }\n";

static void test_everything(void) {
    g_autofree char *folder = NULL;
    g_setenv("SLUICE_TEST_HOOK", "hush", true);
    g_autoptr(ServerConfig) config = read_good(everything, &folder);
    const PipelineSettings *settings = config->pipeline;
    g_assert_cmpstr(config->host, ==, "::1");
    g_assert_cmpuint(config->port, ==, 0);
    g_assert_cmpstr(config->public_url, ==, "https://sluice.acme.example");
    g_assert_cmpstr(config->webhook_secrets[WEBHOOK_GITEA], ==, "hush");
    g_assert_cmpstr(config->webhook_secrets[WEBHOOK_GITHUB], ==, "quiet");
    g_assert_cmpstr(settings->git, ==, "git@git.acme.example:streaming.git");
    g_assert_cmpstr(settings->branch, ==, "trunk");
    g_assert_cmpstr(settings->folder, ==, "kafka");
    g_assert_cmpuint(settings->poll_ms, ==, 60000);
    g_assert_cmpuint(settings->observe_ms, ==, 10000);
    g_assert_cmpstr(settings->build_from[0], ==, "https://git.acme.example/");
    g_assert_cmpstr(settings->build_env[0], ==, "MAVEN_OPTS");
    g_assert_cmpstr(settings->build_run[0], ==, "/etc/sluice/cage");
    g_assert_cmpuint(settings->builds_at_once, ==, 3);
    g_assert_cmpstr(settings->committer_email, ==, "delivery@acme.example");
    const Person *alice = settings->people->pdata[0];
    g_assert_cmpint(alice->roles, ==, ROLE_VIEWER | ROLE_OPERATOR | ROLE_APPROVER);
    g_assert_true(person_has_email(alice, "Alice@acme.example"));
    g_assert_cmpstr(alice->groups[0], ==, "release-managers");
}

static void test_trust(void) {
    g_autofree char *folder = NULL;
    g_setenv("SLUICE_TEST_HOOK", "hush", true);
    g_autoptr(ServerConfig) config = read_good(everything, &folder);
    const DeclareTrust *dev = pipeline_settings_trust(config->pipeline, "dev");
    g_assert_cmpstr(dev->state_folder, ==, "/var/lib/sluice");
    g_assert_cmpstr(dev->env[0], ==, "REPO_USER");
    g_autofree char *file = g_build_filename(folder, "db.txt", NULL);
    g_assert_cmpstr(((const SecretSource *)g_hash_table_lookup(dev->secrets, "db"))->file, ==, file);
    g_assert_cmpstr(((const SecretSource *)g_hash_table_lookup(dev->secrets, "api"))->env, ==, "API");
    g_assert_cmpstr(((const SecretSource *)g_hash_table_lookup(dev->secrets, "vault"))->command[1], ==,
                    "get");
    char **rollout = g_hash_table_lookup(dev->rollouts, "main");
    g_assert_cmpstr(rollout[1], ==, "upgrade");
}

static void test_trusts_nothing(void) {
    g_autoptr(ServerConfig) config = read_good(LEAST, NULL);
    const DeclareTrust *other = pipeline_settings_trust(config->pipeline, "prod");
    g_assert_cmpstr(other->state_folder, ==, config->pipeline->data);
    g_assert_null(other->env);
    g_assert_cmpuint(g_hash_table_size(other->secrets) + g_hash_table_size(other->rollouts), ==, 0);
}

static void test_no_file(void) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GError) error = NULL;
    g_assert_null(server_config_read("/nowhere/server.yaml", diagnostics, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

/* --- Mistakes ------------------------------------------------------------------------------------------- */

static char *golden_folder(void) {
    return g_test_build_filename(G_TEST_DIST, "..", "..", "golden", "server", NULL);
}

static void check_golden(gconstpointer data) {
    const char *source = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = files_read_text(source, (gsize)1024 * 1024, &error);
    g_assert_no_error(error);
    g_autofree char *said = NULL;
    g_autoptr(ServerConfig) config = read_text(text, NULL, &said);
    g_assert_null(config);
    g_autoptr(GString) path = g_string_new(source);
    g_string_replace(path, ".yaml", ".txt", 1);
    if (g_strcmp0(g_getenv("UPDATE_GOLDEN"), "1") == 0)
        g_assert_true(files_write(path->str, said, strlen(said), 0644, NULL));
    g_autofree char *expected = files_read_text(path->str, (gsize)1024 * 1024, &error);
    g_assert_cmpstr(said, ==, expected);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/only two keys are needed", test_least);
    g_test_add_func("/config/everything", test_everything);
    g_test_add_func("/config/what an environment may use", test_trust);
    g_test_add_func("/config/an environment that isn't named may use nothing", test_trusts_nothing);
    g_test_add_func("/config/no file", test_no_file);
    g_autofree char *folder = golden_folder();
    g_auto(GStrv) names = files_list(folder, NULL);
    g_assert_nonnull(names[0]);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *title = g_strconcat("/config/mistakes/", *name, NULL);
        if (g_str_has_suffix(*name, ".yaml"))
            g_test_add_data_func_full(title, g_build_filename(folder, *name, NULL), check_golden, g_free);
    }
    return g_test_run();
}
