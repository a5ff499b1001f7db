/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <string.h>

#include "base/files.h"
#include "base/process.h"

static const char *const FILES[][2] = {
    {"sluice.yaml", "name: acme\nenvironments: [dev, prod]\nrepositories: { acme: { url: "
                    "\"https://maven.acme.example\" } }\n"},
    {"modules/orders/module.yaml", "variables:\n"
                                   "  url: { type: string }\n"
                                   "  tasks: { type: integer, default: 1 }\n"
                                   "plugins:\n"
                                   "  orders-source: { maven: \"com.acme:orders-source\" }\n"
                                   "connectors:\n"
                                   "  source:\n"
                                   "    class: com.acme.OrdersSource\n"
                                   "    plugins: [orders-source]\n"
                                   "    tasks: \"${var.tasks}\"\n"
                                   "    config: { url: \"${var.url}\", step: one }\n"},
    {"environments/dev.yaml",
     "connect: { main: { url: \"http://connect:8083\" } }\n"
     "modules:\n"
     "  orders: { source: ../modules/orders, variables: { url: \"http://dev\" } }\n"},
    {"environments/prod.yaml",
     "connect: { main: { url: \"http://connect:8083\" } }\n"
     "modules:\n"
     "  orders: { source: ../modules/orders, variables: { url: \"http://prod\" } }\n"
     "  returns: { source: ../modules/orders, variables: { url: \"http://returns\" } }\n"},
};

void fixture_init(Fixture *fixture) {
    fixture->diagnostics = diagnostics_new();
    fixture->root = files_make_temporary(g_get_tmp_dir(), "sluice-declare-", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(FILES); i++)
        fixture_write(fixture, FILES[i][0], FILES[i][1]);
}

void fixture_clear(Fixture *fixture) {
    files_remove_tree(fixture->root, NULL);
    g_free(fixture->root);
    diagnostics_free(fixture->diagnostics);
}

void fixture_write(const Fixture *fixture, const char *path, const char *text) {
    g_autofree char *file = g_build_filename(fixture->root, path, NULL);
    g_autoptr(GError) error = NULL;
    files_write(file, text, strlen(text), 0644, &error);
    g_assert_no_error(error);
}

char *fixture_git(const Fixture *fixture, const char *first, ...) {
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    static const char *const IDENTITY[] = {"git",
                                           "-c",
                                           "user.name=A Test",
                                           "-c",
                                           "user.email=test@acme.example",
                                           "-c",
                                           "init.defaultBranch=main",
                                           "-c",
                                           "commit.gpgsign=false"};
    for (gsize i = 0; i < G_N_ELEMENTS(IDENTITY); i++)
        g_ptr_array_add(argv, (gpointer)IDENTITY[i]);
    va_list arguments;
    va_start(arguments, first);
    for (const char *argument = first; argument != NULL; argument = va_arg(arguments, const char *))
        g_ptr_array_add(argv, (gpointer)argument);
    va_end(arguments);
    g_ptr_array_add(argv, NULL);
    ProcessSpec spec = {.argv = (const char *const *)argv->pdata, .directory = fixture->root};
    g_autoptr(GError) error = NULL;
    char *output = process_output(&spec, &error);
    g_assert_no_error(error);
    return output;
}

char *fixture_commit(const Fixture *fixture) {
    g_autofree char *init = fixture_git(fixture, "init", "-q", NULL);
    g_autofree char *add = fixture_git(fixture, "add", "-A", NULL);
    g_autofree char *commit = fixture_git(fixture, "commit", "-q", "--allow-empty", "-m", "a change", NULL);
    return fixture_git(fixture, "rev-parse", "HEAD", NULL);
}

Environment *fixture_load(Fixture *fixture, const char *name) {
    diagnostics_free(fixture->diagnostics);
    fixture->diagnostics = diagnostics_new();
    g_autoptr(GError) error = NULL;
    Environment *environment = declare_load(fixture->root, name, NULL, fixture->diagnostics, &error);
    if (environment == NULL && !g_error_matches(error, DECLARE_ERROR, DECLARE_ERROR_INVALID))
        g_assert_no_error(error);
    return environment;
}

char *fixture_said(const Fixture *fixture) {
    return diagnostics_format(fixture->diagnostics, false);
}

const char *fixture_config(const Environment *environment, const char *address, const char *key) {
    for (guint i = 0; i < environment->connectors->len; i++) {
        const DesiredConnector *connector = environment->connectors->pdata[i];
        const Value *value =
            g_str_equal(connector->address, address) ? g_hash_table_lookup(connector->config, key) : NULL;
        if (value != NULL)
            return value->text;
    }
    return NULL;
}
