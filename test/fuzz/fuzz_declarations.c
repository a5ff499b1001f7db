/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A declarations repository as one text: its files one after the other, each behind a line "%%% PATH". It
 * renders, or has mistakes that can be shown, on a person's machine and on a server that trusts nothing;
 * nothing is fetched, and no secret is read.
 */
#include <string.h>

#include "base/files.h"
#include "declare/declare.h"
#include "fuzz.h"

static const char *const PATHS[] = {"sluice.yaml",   "environments/dev.yaml", "modules/orders/module.yaml",
                                    "topics/a.yaml", "topics/b.yaml",         NULL};

static void write_file(const char *root, const char *path, const char *text) {
    g_autofree char *file = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(file);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents_full(file, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void write_repository(const char *root, const char *text) {
    g_auto(GStrv) parts = g_strsplit(text, "%%% ", -1);
    for (guint i = 0; parts[i] != NULL; i++) {
        char *newline = strchr(parts[i], '\n');
        if (newline == NULL)
            continue;
        *newline = '\0';
        if (g_strv_contains(PATHS, parts[i]))
            write_file(root, parts[i], newline + 1);
    }
}

static void check_values(GHashTable *config) {
    GHashTableIter iterator;
    gpointer value;
    g_hash_table_iter_init(&iterator, config);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        g_assert_true(g_utf8_validate(((Value *)value)->text, -1, NULL));
}

static void check_environment(const Environment *environment) {
    for (guint i = 0; i < environment->topics->len; i++) {
        const DesiredTopic *topic = environment->topics->pdata[i];
        g_assert_true(topic->partitions == -1 || topic->partitions > 0);
        check_values(topic->config);
    }
    for (guint i = 0; i < environment->connectors->len; i++) {
        const DesiredConnector *connector = environment->connectors->pdata[i];
        g_assert_nonnull(connector->class_name);
        g_assert_nonnull(environment_find_connect(environment, connector->connect));
        g_assert_null(strchr(connector->name, '/'));
        check_values(connector->config);
    }
}

/* Every setting is a text, and a server runs nothing. */
static void check_settings(const Environment *environment, const DeclareTrust *trust) {
    g_autoptr(json_t) settings = environment_settings_json(environment);
    g_autofree char *digest = environment_settings_digest(environment);
    const char *key;
    json_t *value;
    json_object_foreach (settings, key, value)
        g_assert_true(json_is_string(value));
    g_assert_true(g_str_has_prefix(digest, "sha256:"));
    for (guint i = 0; trust != NULL && i < environment->connect->len; i++)
        g_assert_null(((ConnectCluster *)environment->connect->pdata[i])->rollout.command);
}

static void load(const char *root, const DeclareTrust *trust) {
    const DeclareOptions options = {.trust = trust};
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(Environment) environment = declare_load(root, "dev", &options, diagnostics, &error);
    g_assert_true((environment == NULL) == (error != NULL));
    g_assert_true(environment == NULL || diagnostics_count(diagnostics, DIAGNOSTIC_ERROR) == 0);
    if (environment != NULL) {
        check_environment(environment);
        check_settings(environment, trust);
    }
    g_autofree char *text = diagnostics_format(diagnostics, false);
    g_assert_true(g_utf8_validate(text, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 64 * 1024 || memchr(data, 0, size) != NULL)
        return 0;
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *root = files_make_temporary(g_get_tmp_dir(), "sluice-fuzz-", NULL);
    write_repository(root, text);
    g_autoptr(DeclareTrust) nothing = declare_trust_new(root);
    load(root, NULL);
    load(root, nothing);
    g_assert_true(files_remove_tree(root, NULL));
    return 0;
}
