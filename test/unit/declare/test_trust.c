/* SPDX-License-Identifier: Apache-2.0 */
/* What a server lets declarations read and run, and what it is told of their settings. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "fixture.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

typedef struct {
    Fixture declarations;
    char *data; /* the server's folder */
    DeclareTrust *trust;
} Server;

static void server_start(Server *server, gconstpointer data) {
    fixture_init(&server->declarations);
    server->data = files_make_temporary(g_get_tmp_dir(), "sluice-server-", NULL);
    server->trust = declare_trust_new(server->data);
}

static void server_stop(Server *server, gconstpointer data) {
    fixture_clear(&server->declarations);
    files_remove_tree(server->data, NULL);
    g_free(server->data);
    declare_trust_free(server->trust);
}

static void allow_env(Server *server, const char *name) {
    g_strfreev(server->trust->env);
    server->trust->env = g_strsplit(name, " ", -1);
}

static void give_secret(Server *server, const char *name, SecretSource *source) {
    g_hash_table_replace(server->trust->secrets, g_strdup(name), source);
}

static void give_rollout(Server *server, const char *connect, const char *command) {
    g_hash_table_replace(server->trust->rollouts, g_strdup(connect), g_strsplit(command, " ", -1));
}

static Environment *load(Server *server, bool resolve) {
    Fixture *fixture = &server->declarations;
    diagnostics_free(fixture->diagnostics);
    fixture->diagnostics = diagnostics_new();
    const DeclareOptions options = {.resolve_secrets = resolve, .trust = server->trust};
    g_autoptr(GError) error = NULL;
    Environment *environment = declare_load(fixture->root, "dev", &options, fixture->diagnostics, &error);
    if (environment == NULL)
        g_assert_error(error, DECLARE_ERROR, DECLARE_ERROR_INVALID);
    return environment;
}

static void assert_loads(Server *server) {
    g_autoptr(Environment) environment = load(server, true);
    g_autofree char *said = fixture_said(&server->declarations);
    g_assert_cmpstr(said, ==, "");
    g_assert_nonnull(environment);
}

/* Whether secrets are read or not: the same mistake, with its hint. */
static void assert_mistake(Server *server, const char *message, const char *hint) {
    for (int resolve = 0; resolve < 2; resolve++) {
        g_assert_null(load(server, resolve));
        g_autofree char *said = fixture_said(&server->declarations);
        g_test_message("%s", said);
        g_assert_nonnull(strstr(said, message));
        g_assert_nonnull(strstr(said, hint));
    }
}

/* environments/dev.yaml with one Connect cluster, `cluster` being more of its keys, and `more` sections. */
static void declare(const Server *server, const char *cluster, const char *more) {
    g_autofree char *text =
        g_strdup_printf("connect: { main: { url: \"http://connect:8083\"%s } }\n%s", cluster, more);
    fixture_write(&server->declarations, "environments/dev.yaml", text);
}

static const ConnectCluster *main_of(const Environment *environment) {
    return environment_find_connect(environment, "main");
}

/* A command that leaves a file in the declarations' folder where it is run. */
static bool something_ran(const Server *server) {
    g_autofree char *ran = g_build_filename(server->declarations.root, "ran", NULL);
    return g_file_test(ran, G_FILE_TEST_EXISTS);
}

/* ---- variables ---- */

static void a_variable_must_be_listed(Server *server, gconstpointer data) {
    g_setenv("TRUST_TEST_A", "from-env", true);
    declare(server, ", token: \"${env.TRUST_TEST_A}\"", "");
    allow_env(server, "TRUST_TEST_B TRUST_TEST");
    assert_mistake(server,
                   "environments/dev.yaml:1:56: the server lets declarations read no environment "
                   "variable TRUST_TEST_A",
                   "list it in the server's file: environments: { dev: { env: [TRUST_TEST_A] } }");
    allow_env(server, "TRUST_TEST_B TRUST_TEST_A");
    g_autoptr(Environment) environment = load(server, true);
    g_assert_cmpstr(main_of(environment)->bearer, ==, "from-env");
}

static void without_a_list_no_variable_is_read(Server *server, gconstpointer data) {
    declare(server, ", token: \"${env.HOME}\"", "");
    assert_mistake(server, "read no environment variable HOME", "env: [HOME]");
}

static void repositories_follow_the_list(Server *server, gconstpointer data) {
    Fixture *fixture = &server->declarations;
    g_setenv("TRUST_TEST_A", "from-env", true);
    fixture_write(fixture, "sluice.yaml",
                  "name: acme\nenvironments: [dev]\nrepositories: { acme: { url: \"https://acme\", "
                  "username: u, password: \"${env.TRUST_TEST_A}\" } }\n");
    declare(server, "", "");
    assert_mistake(server, "sluice.yaml:3:70: the server lets",
                   "environments: { dev: { env: [TRUST_TEST_A] } }");
    const DeclareOptions options = {.resolve_secrets = true, .trust = server->trust};
    g_autoptr(GError) error = NULL;
    g_assert_null(declare_read_project(fixture->root, &options, fixture->diagnostics, &error));
    g_assert_error(error, DECLARE_ERROR, DECLARE_ERROR_INVALID);
    allow_env(server, "TRUST_TEST_A");
    assert_loads(server);
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(Project) project = declare_read_project(fixture->root, &options, diagnostics, NULL);
    g_assert_cmpstr(((RepositorySpec *)project->repositories->pdata[0])->password, ==, "from-env");
}

/* ---- secrets ---- */

static void a_secret_must_be_the_servers(Server *server, gconstpointer data) {
    declare(server, ", token: \"${secret.vault}\"", "secrets: { vault: { command: [touch, ran] } }\n");
    assert_mistake(server, "environments/dev.yaml:1:56: the server has no secret 'vault'",
                   "environments: { dev: { secrets: { vault: { file: PATH } } } }");
    give_secret(server, "vaults", secret_source_new("HOME", NULL, NULL));
    assert_mistake(server, "the server has no secret 'vault'", "did you mean 'vaults'?");
    g_assert_false(something_ran(server));
}

static void a_secret_comes_from_the_server_alone(Server *server, gconstpointer data) {
    g_autofree char *file = g_build_filename(server->data, "token", NULL);
    g_assert_true(files_write(file, "from-the-server\n", strlen("from-the-server\n"), 0600, NULL));
    fixture_write(&server->declarations, "token", "from-git");
    g_setenv("TRUST_TEST_A", "from-env", true);
    const struct {
        SecretSource *source;
        const char *value;
    } rows[] = {
        {secret_source_new(NULL, file, NULL), "from-the-server"},
        {secret_source_new(NULL, "token", NULL), "from-the-server"},
        {secret_source_new("TRUST_TEST_A", NULL, NULL), "from-env"},
        {secret_source_new(NULL, NULL, (const char *const[]){"cat", "token", NULL}), "from-the-server"},
    };
    declare(server, ", token: \"${secret.x}\"", "secrets: { x: { file: token } }\n");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        give_secret(server, "x", rows[i].source);
        g_autoptr(Environment) environment = load(server, true);
        g_autofree char *said = fixture_said(&server->declarations);
        g_assert_cmpstr(said, ==, "");
        g_assert_cmpstr(main_of(environment)->bearer, ==, rows[i].value);
        g_autoptr(Environment) unread = load(server, false);
        g_assert_cmpstr(main_of(unread)->bearer, ==, "${secret.x}");
    }
}

static void a_secret_needs_no_declaration(Server *server, gconstpointer data) {
    declare(server, ", token: \"${secret.x}\"", "");
    give_secret(server, "x", secret_source_new(NULL, NULL, (const char *const[]){"printf", "given", NULL}));
    assert_loads(server);
}

static void what_the_server_cant_read_is_a_mistake(Server *server, gconstpointer data) {
    g_unsetenv("TRUST_TEST_UNSET");
    declare(server, ", token: \"${secret.x}\"", "");
    give_secret(server, "x", secret_source_new("TRUST_TEST_UNSET", NULL, NULL));
    g_autoptr(Environment) unread = load(server, false);
    g_assert_nonnull(unread);
    g_assert_null(load(server, true));
    g_autofree char *said = fixture_said(&server->declarations);
    g_assert_nonnull(strstr(said, "dev.yaml:1:56: the environment variable TRUST_TEST_UNSET is not set"));
    g_assert_nonnull(strstr(said, "set it where the server is started"));
}

static void a_secret_that_nothing_uses_is_not_read(Server *server, gconstpointer data) {
    give_secret(server, "x", secret_source_new(NULL, NULL, (const char *const[]){"false", NULL}));
    declare(server, "", "secrets: { x: { command: [touch, ran] } }\n");
    assert_loads(server);
    g_assert_false(something_ran(server));
}

/* ---- the state ---- */

static void the_states_key_is_of_a_listed_variable(Server *server, gconstpointer data) {
    static const char *const sources[] = {"{ command: [touch, ran] }", "{ file: key }"};
    fixture_write(&server->declarations, "key", KEY);
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        g_autofree char *more = g_strconcat("state_key: ", sources[i], "\n", NULL);
        declare(server, "", more);
        assert_mistake(server, "a server takes the state's key from no file and no command of declarations",
                       "environments: { dev: { env: [NAME] } }");
    }
    g_assert_false(something_ran(server));
    g_setenv("TRUST_TEST_KEY", KEY, true);
    declare(server, "", "state_key: { env: TRUST_TEST_KEY }\n");
    assert_mistake(server, "read no environment variable TRUST_TEST_KEY", "env: [TRUST_TEST_KEY]");
    allow_env(server, "TRUST_TEST_KEY");
    g_autoptr(Environment) environment = load(server, true);
    g_assert_cmpint(environment->state_key[31], ==, 31);
}

static void a_states_path_counts_from_the_servers_folder(Server *server, gconstpointer data) {
    g_autoptr(Environment) environment = load(server, false);
    g_assert_cmpstr(environment->state_base, ==, server->data);
    g_assert_cmpstr(environment->root, ==, server->declarations.root);
    g_autoptr(Environment) mine = fixture_load(&server->declarations, "dev");
    g_assert_cmpstr(mine->state_base, ==, mine->root);
}

/* ---- rollouts ---- */

static const struct {
    const char *declared, *given;
    RolloutKind kind;
    const char *command; /* joined; NULL: none */
    bool trusted, refused;
} rollouts[] = {
    {"", NULL, ROLLOUT_NONE, NULL, false, false},
    {"", "helm upgrade", ROLLOUT_COMMAND, "helm upgrade", true, false},
    {", rollout: { command: [touch, ran] }", NULL, ROLLOUT_COMMAND, NULL, false, true},
    {", rollout: { command: [touch, ran] }", "helm upgrade", ROLLOUT_COMMAND, "helm upgrade", true, false},
    {", rollout: { local: { sandbox: dev } }", NULL, ROLLOUT_LOCAL_SANDBOX, NULL, false, false},
    {", rollout: { local: { sandbox: dev } }", "helm", ROLLOUT_LOCAL_SANDBOX, NULL, false, false},
    {", rollout: { local: { plugins: p } }", NULL, ROLLOUT_LOCAL_FOLDER, NULL, false, false},
    {", rollout: { local: { plugins: p, restart: [] } }", NULL, ROLLOUT_LOCAL_FOLDER, NULL, false, false},
    {", rollout: { local: { plugins: p, restart: [touch, ran] } }", NULL, ROLLOUT_LOCAL_FOLDER, NULL, false,
     true},
    {", rollout: { local: { plugins: p, restart: [touch, ran] } }", "restart it", ROLLOUT_LOCAL_FOLDER,
     "restart it", true, false},
};

static void a_rollout_runs_the_servers_command(Server *server, gconstpointer data) {
    give_rollout(server, "other", "not mine");
    for (gsize i = 0; i < G_N_ELEMENTS(rollouts); i++) {
        g_test_message("%s, given %s", rollouts[i].declared, rollouts[i].given);
        g_hash_table_remove(server->trust->rollouts, "main");
        if (rollouts[i].given != NULL)
            give_rollout(server, "main", rollouts[i].given);
        declare(server, rollouts[i].declared, "");
        g_autoptr(Environment) environment = load(server, true);
        const RolloutSpec *rollout = &main_of(environment)->rollout;
        g_autofree char *command = rollout->command != NULL ? g_strjoinv(" ", rollout->command) : NULL;
        g_assert_cmpint(rollout->kind, ==, rollouts[i].kind);
        g_assert_cmpstr(command, ==, rollouts[i].command);
        g_assert_cmpint(rollout->trusted, ==, rollouts[i].trusted);
        g_assert_cmpint(rollout->refused != NULL, ==, rollouts[i].refused);
    }
    g_assert_false(something_ran(server));
}

/* ---- what a log must mask ---- */

static bool has_text(const Environment *environment, const char *text) {
    return g_ptr_array_find_with_equal_func(environment->secret_texts, text, g_str_equal, NULL);
}

static void what_was_read_is_known(Server *server, gconstpointer data) {
    g_setenv("TRUST_TEST_A", "from-env", true);
    g_setenv("TRUST_TEST_EMPTY", "", true);
    g_setenv("TRUST_TEST_KEY", KEY, true);
    fixture_write(&server->declarations, "token", "from-a-file\n");
    declare(server, ", username: \"u${env.TRUST_TEST_EMPTY}\", password: \"${env.TRUST_TEST_A}-${secret.x}\"",
            "secrets: { x: { file: token }, y: { command: [printf, from-env] }, unused: { file: none } }\n"
            "kafka: { bootstrap.servers: \"${secret.y}\" }\nstate_key: { env: TRUST_TEST_KEY }\n");
    g_clear_pointer(&server->trust, declare_trust_free);
    g_autoptr(Environment) environment = load(server, true);
    g_assert_cmpstr(main_of(environment)->password, ==, "from-env-from-a-file");
    g_assert_true(has_text(environment, "from-env"));
    g_assert_true(has_text(environment, "from-a-file"));
    g_assert_true(has_text(environment, KEY));
    g_assert_cmpuint(environment->secret_texts->len, ==, 3);
    g_autoptr(Environment) unread = load(server, false);
    g_assert_cmpuint(unread->secret_texts->len, ==, 0);
}

/* ---- settings ---- */

static const char SETTINGS[] =
    "connect:\n"
    "  main:\n"
    "    url: \"https://user:literal-1@${env.HOST}\"\n"
    "    workers: [\"https://a:8083\", \"https://a:literal-2@${env.HOST}\"]\n"
    "    username: me\n"
    "    password: literal-3\n"
    "    ca: certs/ca.pem\n"
    "    rollout: { command: [helm, upgrade] }\n"
    "  other: { url: \"http://other\", token: \"${secret.token}\", rollout: { local: { sandbox: dev } } }\n"
    "  third: { url: \"http://third\", token: \"literal-4${env.X}\", rollout: { local: { plugins: p, "
    "restart: "
    "[a, b] } } }\n"
    "kafka: { bootstrap.servers: \"${env.BROKERS}\", sasl.password: literal-5, ssl.key.pem: literal-6, "
    "sasl.username: \"${env.U}\" }\n"
    "policy: { approvals: 2, approvers: [release, ada], expires: 36h, drift: hold }\n"
    "secrets: { token: { file: token } }\n"
    "state_key: { env: STATE_KEY }\n";

static const char *const SHOWN[][2] = {
    {"connect.main.ca", "certs/ca.pem"},
    {"connect.main.password", "•••"},
    {"connect.main.rollout", "command: helm upgrade"},
    {"connect.main.url", "https://•••@${env.HOST}"},
    {"connect.main.username", "me"},
    {"connect.main.workers", "https://a:8083, https://•••@${env.HOST}"},
    {"connect.other.rollout", "local sandbox dev"},
    {"connect.other.token", "${secret.token}"},
    {"connect.other.url", "http://other"},
    {"connect.other.workers", "http://other"},
    {"connect.third.rollout", "local plugins p, restart: a b"},
    {"connect.third.token", "•••"},
    {"connect.third.url", "http://third"},
    {"connect.third.workers", "http://third"},
    {"kafka.bootstrap.servers", "${env.BROKERS}"},
    {"kafka.sasl.password", "•••"},
    {"kafka.sasl.username", "${env.U}"},
    {"kafka.ssl.key.pem", "•••"},
    {"policy.approvals", "2"},
    {"policy.approvers", "release, ada"},
    {"policy.drift", "hold"},
    {"policy.expires", "36h"},
    {"policy.promotion", "propose"},
    {"project", "acme"},
    {"repositories.acme.url", "https://maven.acme.example"},
    {"state", "sqlite:.sluice/dev.db"},
    {"state_key", "env:STATE_KEY"},
};

static void settings_are_shown_as_written(Server *server, gconstpointer data) {
    fixture_write(&server->declarations, "environments/dev.yaml", SETTINGS);
    g_autoptr(Environment) environment = fixture_load(&server->declarations, "dev");
    g_assert_nonnull(environment);
    g_autoptr(json_t) settings = environment_settings_json(environment), expected = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(SHOWN); i++)
        json_object_set_new(expected, SHOWN[i][0], json_string(SHOWN[i][1]));
    g_autofree char *shown = json_pretty(settings), *wanted = json_pretty(expected);
    g_assert_cmpstr(shown, ==, wanted);
}

static void no_resolved_secret_is_shown(Server *server, gconstpointer data) {
    g_setenv("TRUST_TEST_A", "from-env", true);
    declare(server, ", username: \"x-${env.TRUST_TEST_A}\", password: \"${env.TRUST_TEST_A}\"",
            "kafka: { bootstrap.servers: \"${env.TRUST_TEST_A}:9092\" }\n");
    g_clear_pointer(&server->trust, declare_trust_free);
    g_autoptr(Environment) environment = load(server, true);
    g_autoptr(json_t) settings = environment_settings_json(environment);
    g_autofree char *shown = json_pretty(settings);
    g_assert_null(strstr(shown, "from-env"));
    g_assert_cmpstr(json_get_string(settings, "connect.main.url"), ==, "http://connect:8083");
    g_assert_cmpstr(json_get_string(settings, "kafka.bootstrap.servers"), ==, "•••");
}

static char *digest_of(const char *text) {
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture);
    fixture_write(&fixture, "environments/dev.yaml", text);
    g_autoptr(Environment) environment = fixture_load(&fixture, "dev");
    g_assert_nonnull(environment);
    return environment_settings_digest(environment);
}

static void the_digest_is_of_settings_alone(Server *server, gconstpointer data) {
    static const struct {
        const char *from, *to;
        bool counts;
    } rows[] = {
        {"approvals: 2", "approvals: 1", true},
        {"literal-1", "changed", true},
        {"literal-3", "changed", true},
        {"literal-5", "changed", true},
        {"${secret.token}", "${env.OTHER}", true},
        {"certs/ca.pem", "certs/other.pem", true},
        {"[helm, upgrade]", "[helm, install]", true},
        {"[release, ada]", "[release]", true},
        {"STATE_KEY", "OTHER_KEY", true},
        {"policy: {", "state: \"sqlite:other.db\"\npolicy: {", true},
        {"policy: {", "timing: { settle: 1s }\npolicy: {", false},
        {"{ file: token }", "{ file: other }", false},
        {"expires: 36h", "expires: 2160m", false},
        {"policy: {", "# said otherwise\npolicy: {", false},
        {"policy: {", "defaults: { connector: { errors.log.enable: true } }\npolicy: {", false},
    };
    fixture_write(&server->declarations, "environments/dev.yaml", SETTINGS);
    g_autoptr(Environment) environment = fixture_load(&server->declarations, "dev");
    g_autofree char *before = environment_settings_digest(environment);
    g_assert_true(g_str_has_prefix(before, "sha256:"));
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s → %s", rows[i].from, rows[i].to);
        g_auto(GStrv) parts = g_strsplit(SETTINGS, rows[i].from, 2);
        g_assert_cmpuint(g_strv_length(parts), ==, 2);
        g_autofree char *changed = g_strjoinv(rows[i].to, parts);
        g_autofree char *after = digest_of(changed);
        g_assert_cmpint(strcmp(before, after) != 0, ==, rows[i].counts);
    }
}

/* A change of what a server never runs is none; nor is one of its own file. */
static void the_servers_command_is_no_setting(Server *server, gconstpointer data) {
    declare(server, ", rollout: { command: [a] }", "");
    give_rollout(server, "main", "helm --token hunter2");
    g_autoptr(Environment) before = load(server, false);
    g_autoptr(json_t) settings = environment_settings_json(before);
    g_assert_cmpstr(json_get_string(settings, "connect.main.rollout"), ==, "command: the server's command");
    give_rollout(server, "main", "helm --token hunter3");
    declare(server, ", rollout: { command: [b] }", "");
    g_autoptr(Environment) after = load(server, false);
    g_autofree char *old = environment_settings_digest(before), *new = environment_settings_digest(after);
    g_assert_cmpstr(old, ==, new);
}

/* ---- what plugins are built from ---- */

static Project *project_of(Server *server, const char *plugins) {
    Fixture *fixture = &server->declarations;
    g_autofree char *text = g_strconcat("name: acme\nenvironments: [dev]\nrepositories: { acme: { url: "
                                        "\"https://maven.acme.example\" } }\nplugins:\n",
                                        plugins, NULL);
    fixture_write(fixture, "sluice.yaml", text);
    diagnostics_free(fixture->diagnostics);
    fixture->diagnostics = diagnostics_new();
    return declare_read_project(fixture->root, NULL, fixture->diagnostics, NULL);
}

static void builds_are_known_by_name(Server *server, gconstpointer data) {
    g_autoptr(Project) project =
        project_of(server, "  z: { git: \"https://git.acme.example/z.git\", maven: \"a:z\" }\n"
                           "  bought: { maven: \"a:bought\" }\n"
                           "  a: { git: \"ssh://git@git.acme.example/a.git\", branch: release/1, url: "
                           "\"https://x/a.jar\", repository: other }\n");
    g_assert_nonnull(project);
    g_assert_cmpuint(project->builds->len, ==, 2);
    const PluginBuild *a = project->builds->pdata[0], *z = project->builds->pdata[1];
    g_assert_cmpstr(a->name, ==, "a");
    g_assert_cmpstr(a->git, ==, "ssh://git@git.acme.example/a.git");
    g_assert_cmpstr(a->branch, ==, "release/1");
    g_assert_null(a->maven);
    g_assert_cmpstr(a->repository, ==, "other");
    g_assert_cmpstr(z->git, ==, "https://git.acme.example/z.git");
    g_assert_cmpstr(z->branch, ==, "main");
    g_assert_cmpstr(z->maven, ==, "a:z");
    g_assert_cmpstr(z->repository, ==, "acme");
    g_assert_cmpint(z->position.line, ==, 5);
}

static void builds_of_nowhere_are_mistakes(Server *server, gconstpointer data) {
    static const char *const rows[][2] = {
        {"branch: main", "plugin 'x' has a branch, but of no repository"},
        {"git: \"https://g/x\", branch: \"a..b\"", "'a..b' can't be the name of a branch"},
        {"git: \"https://u:hunter2@g/x\"", "credentials in the address of a repository"},
        {"git: \"--upload-pack=x\"", "'git' is no address of a repository"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *plugin = g_strdup_printf("  x: { maven: \"a:b\", %s }\n", rows[i][0]);
        g_assert_null(project_of(server, plugin));
        g_autofree char *said = fixture_said(&server->declarations);
        g_assert_nonnull(strstr(said, rows[i][1]));
        g_assert_null(strstr(said, "hunter2"));
    }
}

/* Git's history of a link says nothing of who changes what it leads to. */
static void a_link_is_refused(Server *server, gconstpointer data) {
    static const char *const files[] = {"environments/dev.yaml", "sluice.yaml", "environments/dev.lock"};
    declare(server, "", "");
    g_autoptr(Lock) lock = lock_new("dev");
    g_autofree char *place = g_build_filename(server->declarations.root, "environments/dev.lock", NULL);
    g_assert_true(lock_write(lock, place, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(server->declarations.root, files[i], NULL);
        g_autofree char *real = g_build_filename(server->declarations.root, "real", NULL);
        g_assert_cmpint(rename(path, real), ==, 0);
        g_assert_cmpint(symlink(real, path), ==, 0);
        g_autofree char *message = g_strdup_printf("'%s' is a link", files[i]);
        assert_mistake(server, message, "commit the file itself");
        DeclareTrust *trust = g_steal_pointer(&server->trust);
        assert_loads(server);
        server->trust = trust;
        g_assert_cmpint(rename(real, path), ==, 0);
    }
    assert_loads(server);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define CASE(name) g_test_add("/trust/" #name, Server, NULL, server_start, name, server_stop)
    CASE(a_link_is_refused);
    CASE(a_variable_must_be_listed);
    CASE(without_a_list_no_variable_is_read);
    CASE(repositories_follow_the_list);
    CASE(a_secret_must_be_the_servers);
    CASE(a_secret_comes_from_the_server_alone);
    CASE(a_secret_needs_no_declaration);
    CASE(what_the_server_cant_read_is_a_mistake);
    CASE(a_secret_that_nothing_uses_is_not_read);
    CASE(the_states_key_is_of_a_listed_variable);
    CASE(a_states_path_counts_from_the_servers_folder);
    CASE(a_rollout_runs_the_servers_command);
    CASE(what_was_read_is_known);
    CASE(settings_are_shown_as_written);
    CASE(no_resolved_secret_is_shown);
    CASE(the_digest_is_of_settings_alone);
    CASE(the_servers_command_is_no_setting);
    CASE(builds_are_known_by_name);
    CASE(builds_of_nowhere_are_mistakes);
    return g_test_run();
}
