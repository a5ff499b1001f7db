/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "fixture.h"

static Environment *load_with(Fixture *fixture, const char *name, const DeclareOptions *options,
                              GError **error) {
    diagnostics_free(fixture->diagnostics);
    fixture->diagnostics = diagnostics_new();
    return declare_load(fixture->root, name, options, fixture->diagnostics, error);
}

static void the_root_is_found_from_below(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *below = g_build_filename(fixture.root, "modules", "orders", NULL);
    g_autofree char *root = declare_find_root(below, NULL);
    g_assert_cmpstr(root, ==, fixture.root);
    g_autoptr(GError) error = NULL;
    g_assert_null(declare_find_root("/proc", &error));
    g_assert_error(error, DECLARE_ERROR, DECLARE_ERROR_NOT_FOUND);
    g_assert_cmpstr(error_hint(error), ==, "start one with: sluice init");
}

static void an_unknown_environment_has_a_near_one(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(GError) error = NULL;
    g_assert_null(load_with(&fixture, "prd", NULL, &error));
    g_assert_error(error, DECLARE_ERROR, DECLARE_ERROR_NOT_FOUND);
    g_assert_cmpstr(error_hint(error), ==, "did you mean 'prod'?");
}

static void the_command_line_is_over_the_file(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    const char *const variables[] = {"orders.url=http://mine?a=b", "orders.tasks=3", NULL};
    DeclareOptions options = {.variables = variables};
    g_autoptr(Environment) plain = load_with(&fixture, "dev", NULL, NULL);
    g_autoptr(Environment) environment = load_with(&fixture, "dev", &options, NULL);
    g_assert_cmpstr(fixture_config(environment, "orders/connector/source", "url"), ==, "http://mine?a=b");
    g_assert_cmpint(((DesiredConnector *)environment->connectors->pdata[0])->tasks, ==, 3);
    g_assert_cmpstr(environment->digest, !=, plain->digest);
}

static void wrong_arguments_are_mistakes(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    const char *const variables[] = {"orders.ulr=x", "nobody.url=x", "orders.tasks=many", "word", NULL};
    DeclareOptions options = {.variables = variables};
    g_assert_null(load_with(&fixture, "dev", &options, NULL));
    g_autofree char *said = fixture_said(&fixture);
    g_assert_nonnull(strstr(said, "--var: module 'orders' has no variable 'ulr'"));
    g_assert_nonnull(strstr(said, "--var: there is no instance 'nobody'"));
    g_assert_nonnull(strstr(said, "--var: variable 'tasks' must be a whole number, not 'many'"));
    g_assert_nonnull(strstr(said, "--var: an argument without an instance"));
}

static void secrets_are_read_only_when_asked_for(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    fixture_write(&fixture, "token", "from-a-file\n");
    fixture_write(&fixture, "modules/orders/module.yaml",
                  "variables: { url: { type: string }, retries: { type: integer } }\n"
                  "connectors:\n  source: { class: com.acme.X, config: { url: \"${var.url}\", retries: "
                  "\"${var.retries}\" } }\n");
    fixture_write(
        &fixture, "environments/dev.yaml",
        "connect: { main: { url: \"http://connect:8083\", username: me, password: \"${secret.command}\" } }\n"
        "secrets: { file: { file: token }, command: { command: [printf, from-a-command] } }\n"
        "state_key: { env: DECLARE_TEST_KEY }\n"
        "modules:\n"
        "  orders: { source: ../modules/orders, variables: { url: \"${secret.file}\", retries: "
        "\"${env.DECLARE_TEST_RETRIES}\" } }\n");
    g_autoptr(Environment) unread = load_with(&fixture, "dev", NULL, NULL);
    g_assert_nonnull(unread);
    g_assert_cmpstr(fixture_config(unread, "orders/connector/source", "url"), ==, "${secret.file}");
    g_assert_null(unread->state_key);
    g_setenv("DECLARE_TEST_RETRIES", "7", true);
    g_setenv("DECLARE_TEST_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", true);
    DeclareOptions options = {.resolve_secrets = true};
    g_autoptr(GError) error = NULL;
    g_autoptr(Environment) read = load_with(&fixture, "dev", &options, &error);
    g_autofree char *said = fixture_said(&fixture);
    g_assert_cmpstr(said, ==, "");
    g_assert_no_error(error);
    g_assert_cmpstr(fixture_config(read, "orders/connector/source", "url"), ==, "from-a-file");
    g_assert_cmpstr(fixture_config(read, "orders/connector/source", "retries"), ==, "7");
    g_assert_cmpstr(environment_find_connect(read, "main")->password, ==, "from-a-command");
    g_assert_cmpint(read->state_key[31], ==, 31);
    g_assert_cmpstr(read->digest, ==, unread->digest);
}

static void a_commands_secret_is_utf8(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    fixture_write(
        &fixture, "environments/dev.yaml",
        "connect: { main: { url: \"http://connect:8083\" } }\n"
        "secrets:\n  binary: { command: [printf, '\\377'] }\n"
        "modules:\n  orders: { source: ../modules/orders, variables: { url: \"${secret.binary}\" } }\n");
    DeclareOptions options = {.resolve_secrets = true};
    g_assert_null(load_with(&fixture, "dev", &options, NULL));
    g_autofree char *said = fixture_said(&fixture);
    g_assert_nonnull(strstr(said, "environments/dev.yaml:3:"));
    g_assert_nonnull(strstr(said, "what 'printf' writes is no UTF-8"));
}

static void the_digest_is_of_what_was_read(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autoptr(Environment) before = fixture_load(&fixture, "dev");
    fixture_write(&fixture, "environments/prod.yaml", "# other\n");
    g_autoptr(Environment) same = fixture_load(&fixture, "dev");
    g_assert_cmpstr(before->digest, ==, same->digest);
    fixture_write(&fixture, "environments/dev.yaml", "# other\n");
    g_autoptr(Environment) after = fixture_load(&fixture, "dev");
    g_assert_cmpstr(before->digest, !=, after->digest);
}

static void a_link_out_of_the_declarations_is_refused(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    fixture_write(&fixture, "environments/dev.yaml",
                  "kafka: { bootstrap.servers: x }\ntopics: [../topics.yaml]\n");
    g_autofree char *link = g_build_filename(fixture.root, "topics.yaml", NULL);
    g_autoptr(GFile) file = g_file_new_for_path(link);
    g_assert_true(g_file_make_symbolic_link(file, "/etc/passwd", NULL, NULL));
    g_assert_null(fixture_load(&fixture, "dev"));
    g_autofree char *said = fixture_said(&fixture);
    g_assert_nonnull(strstr(said, "'topics.yaml' is a link out of the declarations"));
    g_assert_null(strstr(said, "root:"));
}

static void sluice_yaml_alone_needs_no_environment(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    fixture_write(
        &fixture, "sluice.yaml",
        "name: acme\nenvironments: [dev]\nrepositories:\n"
        "  acme: { url: \"https://acme\", username: u, password: \"${secret.of-an-environment}\" }\n"
        "  folder: { url: maven }\nplugins: { x: { maven: \"a:b\", repository: acme } }\n");
    DeclareOptions options = {.resolve_secrets = true};
    g_autoptr(Project) project = declare_read_project(fixture.root, &options, fixture.diagnostics, NULL);
    g_assert_nonnull(project);
    const RepositorySpec *acme = project->repositories->pdata[0], *folder = project->repositories->pdata[1];
    g_assert_null(acme->username);
    g_assert_null(acme->password);
    g_assert_true(g_path_is_absolute(folder->url));
    g_assert_cmpstr(((PluginRequest *)g_hash_table_lookup(project->plugins, "x"))->maven, ==, "a:b");
}

static void sluice_yaml_takes_an_environments_secrets(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    fixture_write(&fixture, "password", "p\n");
    fixture_write(&fixture, "sluice.yaml",
                  "name: acme\nenvironments: [dev, prod]\nrepositories:\n"
                  "  acme: { url: \"https://acme\", username: u, password: \"${secret.repository}\" }\n");
    fixture_write(
        &fixture, "environments/dev.yaml",
        "secrets: { repository: { file: password }, other: { env: DECLARE_TEST_UNSET } }\n"
        "modules:\n  orders: { source: ../modules/orders, variables: { url: \"${secret.other}\" } }\n");
    DeclareOptions options = {.resolve_secrets = true, .secrets_of = "dev"};
    g_autoptr(Project) project = declare_read_project(fixture.root, &options, fixture.diagnostics, NULL);
    g_autofree char *said = fixture_said(&fixture);
    g_assert_cmpstr(said, ==, "");
    const RepositorySpec *acme = project->repositories->pdata[0];
    g_assert_cmpstr(acme->username, ==, "u");
    g_assert_cmpstr(acme->password, ==, "p");
    options.secrets_of = "prod";
    g_assert_null(declare_read_project(fixture.root, &options, fixture.diagnostics, NULL));
    g_autofree char *lacking = fixture_said(&fixture);
    g_assert_nonnull(strstr(lacking, "there is no secret 'repository'"));
}

static void init_writes_what_validates(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    g_autofree char *folder = g_build_filename(fixture.root, "fresh", NULL);
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) files = declare_init(folder, "my-streams", &error);
    g_assert_no_error(error);
    g_assert_true(g_strv_contains((const char *const *)files, "environments/prod.yaml"));
    for (gsize i = 0; i < 2; i++) {
        g_autoptr(Environment) environment =
            declare_load(folder, i == 0 ? "dev" : "prod", NULL, fixture.diagnostics, &error);
        g_autofree char *said = fixture_said(&fixture);
        g_assert_cmpstr(said, ==, "");
        g_assert_no_error(error);
        g_assert_cmpstr(environment->project, ==, "my-streams");
        g_assert_cmpuint(environment->connectors->len, ==, i == 0 ? 1 : 0);
    }
    g_assert_null(declare_init(folder, "again", &error));
    g_assert_error(error, DECLARE_ERROR, DECLARE_ERROR_FAILED);
}

static void init_keeps_what_a_repository_has(void) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    fixture_write(&fixture, "fresh/.gitignore", "target/");
    fixture_write(&fixture, "fresh/README.md", "# Mine\n");
    g_autofree char *folder = g_build_filename(fixture.root, "fresh", NULL);
    g_auto(GStrv) files = declare_init(folder, "acme", NULL);
    g_assert_false(g_strv_contains((const char *const *)files, "README.md"));
    g_autofree char *path = g_build_filename(folder, ".gitignore", NULL);
    g_autofree char *ignored = files_read_text(path, 1000, NULL);
    g_assert_true(g_str_has_prefix(ignored, "target/\n"));
    g_assert_true(g_str_has_suffix(ignored, "\n.sluice/\n"));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/load/the root is found from below", the_root_is_found_from_below);
    g_test_add_func("/load/an unknown environment has a near one", an_unknown_environment_has_a_near_one);
    g_test_add_func("/load/the command line is over the file", the_command_line_is_over_the_file);
    g_test_add_func("/load/wrong arguments are mistakes", wrong_arguments_are_mistakes);
    g_test_add_func("/load/secrets are read only when asked for", secrets_are_read_only_when_asked_for);
    g_test_add_func("/load/a command's secret is UTF-8", a_commands_secret_is_utf8);
    g_test_add_func("/load/the digest is of what was read", the_digest_is_of_what_was_read);
    g_test_add_func("/load/a link out of the declarations is refused",
                    a_link_out_of_the_declarations_is_refused);
    g_test_add_func("/load/sluice.yaml alone needs no environment", sluice_yaml_alone_needs_no_environment);
    g_test_add_func("/load/sluice.yaml takes an environment's secrets",
                    sluice_yaml_takes_an_environments_secrets);
    g_test_add_func("/load/init writes what validates", init_writes_what_validates);
    g_test_add_func("/load/init keeps what a repository has", init_keeps_what_a_repository_has);
    return g_test_run();
}
