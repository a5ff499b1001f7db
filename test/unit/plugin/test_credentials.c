/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "fixture.h"
#include "plugin/credentials.h"

#define URL "https://repo.acme.example/maven"

static const char settings_text[] =
    "<settings xmlns='http://maven.apache.org/SETTINGS/1.0.0'><servers>"
    "<server><id>acme</id><username>maven</username><password>${env.SLUICE_TEST_SECRET}!</password></server>"
    "<server><id>sealed</id><username>maven</username><password>{COQLCE6DU6GtcS5P=}</password></server>"
    "</servers><mirrors>"
    "<mirror><id>m1</id><url>https://one.example</url><mirrorOf>*,!private</mirrorOf></mirror>"
    "<mirror><id>m2</id><url>https://two.example</url><mirrorOf>exact</mirrorOf></mirror>"
    "</mirrors></settings>";

static Settings *settings(void) {
    g_autoptr(GError) error = NULL;
    Settings *parsed = settings_parse(settings_text, strlen(settings_text), "settings.xml", &error);
    g_assert_no_error(error);
    return parsed;
}

static Credentials *find(const char *id, const RepositorySpec *spec) {
    g_autoptr(Settings) from = settings();
    g_autoptr(GError) error = NULL;
    Credentials *credentials = credentials_find(id, URL, spec, from, &error);
    g_assert_no_error(error);
    return credentials;
}

static void test_order(void) {
    const RepositorySpec declared = {.id = (char *)"acme", .username = (char *)"declared"};
    fixture_write(g_get_home_dir(), ".netrc", "machine repo.acme.example login netrc password n\n");
    g_autoptr(Credentials) of_netrc = find("other", NULL);
    g_assert_cmpstr(of_netrc->username, ==, "netrc");
    g_setenv("SLUICE_TEST_SECRET", "s3", TRUE);
    g_autoptr(Credentials) of_settings = find("acme", NULL);
    g_assert_cmpstr(of_settings->username, ==, "maven");
    g_assert_cmpstr(of_settings->password, ==, "s3!");
    g_setenv("SLUICE_REPOSITORY_ACME_USERNAME", "variable", TRUE);
    g_autoptr(Credentials) of_environment = find("acme", NULL);
    g_assert_cmpstr(of_environment->username, ==, "variable");
    g_autoptr(Credentials) of_declarations = find("acme", &declared);
    g_assert_cmpstr(of_declarations->username, ==, "declared");
    g_unsetenv("SLUICE_REPOSITORY_ACME_USERNAME");
    g_unsetenv("SLUICE_TEST_SECRET");
}

static void test_variable_names(void) {
    g_autofree char *folder = fixture_folder("secret");
    g_autofree char *file = g_build_filename(folder, "token", NULL);
    fixture_write(folder, "token", "t0ken\n");
    g_setenv("SLUICE_REPOSITORY_ACME_PUBLIC_TOKEN_FILE", file, TRUE);
    g_autoptr(Credentials) credentials = find("acme-public", NULL);
    g_assert_cmpstr(credentials->token, ==, "t0ken");
    g_unsetenv("SLUICE_REPOSITORY_ACME_PUBLIC_TOKEN_FILE");
}

static void test_encrypted(void) {
    g_autoptr(Settings) from = settings();
    g_autoptr(GError) error = NULL;
    g_assert_null(credentials_find("sealed", URL, NULL, from, &error));
    g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_DENIED);
    g_assert_null(strstr(error->message, "COQLCE"));
    g_assert_nonnull(strstr(error_hint(error), "SLUICE_REPOSITORY_SEALED_USERNAME"));
}

static void test_netrc(void) {
    static const struct {
        const char *text;
        const char *username;
        const char *password;
    } cases[] = {
        {"machine a login x password y\nmachine repo login me password \"a \\\" b\"", "me", "a \" b"},
        {"default login anyone password p", "anyone", "p"},
        {"macdef x\nmachine repo login no\n\nmachine repo password p login me", "me", "p"},
        {"machine other login x password y", NULL, NULL},
        {"machine repo login", NULL, NULL},
        {"machine repo login me machine b password p", "me", NULL},
        {"", NULL, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Credentials) credentials = g_new0(Credentials, 1);
        g_test_message("%s", cases[i].text);
        bool found = credentials_parse_netrc(cases[i].text, "repo", credentials);
        g_assert_cmpint(found, ==, cases[i].username != NULL);
        g_assert_cmpstr(credentials->username, ==, cases[i].username);
        g_assert_cmpstr(credentials->password, ==, cases[i].password);
    }
}

static void test_mirrors(void) {
    g_autoptr(Settings) from = settings();
    g_assert_cmpstr(settings_find_mirror(from, "any", URL)->id, ==, "m1");
    g_assert_cmpstr(settings_find_mirror(from, "exact", URL)->id, ==, "m2");
    g_assert_null(settings_find_mirror(from, "private", URL));
}

static void test_urls(void) {
    static const char *const refused[] = {
        "https://me:s3cret@repo.example/",
        "http://me@repo.example",
        "ftp://repo.example/",
        "repo",
        "../repo",
        "https://",
        "https://repo.example/a b",
        "",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        const RepositorySpec spec = {.id = (char *)"acme", .url = (char *)refused[i]};
        g_autoptr(GError) error = NULL;
        g_assert_null(repository_open(&spec, &error));
        g_assert_error(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT);
        g_assert_null(strstr(error->message, "s3cret"));
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    fixture_start();
    g_test_add_func("/plugin/credentials/declarations, environment, settings.xml, netrc", test_order);
    g_test_add_func("/plugin/credentials/a variable is named after the repository, or names a file",
                    test_variable_names);
    g_test_add_func("/plugin/credentials/Maven's encrypted passwords can't be read", test_encrypted);
    g_test_add_func("/plugin/credentials/netrc as curl reads it", test_netrc);
    g_test_add_func("/plugin/credentials/a mirror stands in, an exact one first", test_mirrors);
    g_test_add_func("/plugin/credentials/never in a URL", test_urls);
    int status = g_test_run();
    fixture_end();
    return status;
}
