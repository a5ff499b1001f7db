/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/files.h"
#include "declare/declare.h"

typedef struct {
    const char *path;
    const char *text; /* NAME stands for the project's name */
} Template;

/* One line of text per line of code. */
/* clang-format off */
static const Template TEMPLATES[] = {
    {"sluice.yaml",
     "# The project: its environments in the order of promotion, the repositories that plugins come from.\n"
     "name: NAME\n"
     "environments: [dev, prod]\n"
     "\n"
     "# Maven-layout repositories: Artifactory, Nexus, Reposilite, Gitea, or a folder.\n"
     "# repositories:\n"
     "#   releases:\n"
     "#     url: \"https://maven.example.com/releases\"\n"
     "#     username: \"${env.REPOSITORY_USER}\"\n"
     "#     password: \"${env.REPOSITORY_PASSWORD}\"\n"},
    {"modules/file-source/module.yaml",
     "# A module: typed variables, and the topics and connectors made of them. Environments instantiate it as\n"
     "# often as they like. This one reads the lines of a file with a connector that comes with Kafka.\n"
     "description: Reads the lines of a file into a topic.\n"
     "\n"
     "variables:\n"
     "  file:  { type: string, description: The file to read on the worker. }\n"
     "  topic: { type: string, default: lines.raw }\n"
     "\n"
     "# Plugins of your own come from a repository, in a version that each environment asks for:\n"
     "# plugins:\n"
     "#   orders-source: { maven: \"com.example:orders-source\" }\n"
     "\n"
     "topics:\n"
     "  raw:\n"
     "    name: \"${var.topic}\"\n"
     "    partitions: 1\n"
     "    config: { cleanup.policy: delete, retention.ms: 604800000 }\n"
     "\n"
     "connectors:\n"
     "  source:                        # on the worker its name is INSTANCE-source\n"
     "    class: org.apache.kafka.connect.file.FileStreamSourceConnector\n"
     "    # plugins: [orders-source]   # the one that carries the class first\n"
     "    tasks: 1\n"
     "    config:\n"
     "      file: \"${var.file}\"\n"
     "      topic: \"${var.topic}\"\n"},
    {"environments/dev.yaml",
     "# The first environment is rendered from the work tree: a change of a module is seen here at once.\n"
     "# `sluice sandbox up dev` starts a Kafka and a Connect on this machine, and says what to write here.\n"
     "kafka:\n"
     "  bootstrap.servers: \"127.0.0.1:9092\"\n"
     "connect:\n"
     "  main:\n"
     "    url: \"http://127.0.0.1:8083\"\n"
     "    # rollout: { local: { sandbox: dev } }   # how new plugins reach its workers\n"
     "\n"
     "topics: [../topics/shared.yaml]\n"
     "\n"
     "modules:\n"
     "  hello:\n"
     "    source: ../modules/file-source\n"
     "    variables:\n"
     "      file: /tmp/hello.txt\n"},
    {"environments/prod.yaml",
     "# An environment after the first is rendered from the commits in its lock (environments/prod.lock), which\n"
     "# `sluice promote dev prod` writes: a change of a module arrives by promotion only. Until then it waits.\n"
     "kafka:\n"
     "  bootstrap.servers: \"kafka.prod.example.com:9092\"\n"
     "connect:\n"
     "  main:\n"
     "    url: \"https://connect.prod.example.com:8083\"\n"
     "    username: sluice\n"
     "    password: \"${secret.connect-password}\"\n"
     "\n"
     "secrets:                         # or { file: PATH }, or { command: [vault, kv, get, ...] }\n"
     "  connect-password: { env: CONNECT_PASSWORD }\n"
     "\n"
     "# policy: { approvals: 2, approvers: [release-managers] }\n"
     "\n"
     "topics: [../topics/shared.yaml]\n"
     "\n"
     "modules:\n"
     "  hello:\n"
     "    source: ../modules/file-source\n"
     "    variables:\n"
     "      file: /var/lib/hello/hello.txt\n"},
    {"topics/shared.yaml",
     "# Topics that belong to no module. -1, or nothing, is the broker's default.\n"
     "audit.log:\n"
     "  partitions: 3\n"
     "  replication: -1\n"
     "  config: { retention.ms: 2592000000 }\n"},
    {".gitignore",
     "# States that are kept on this machine.\n"
     ".sluice/\n"},
    {"README.md",
     "# NAME\n"
     "\n"
     "Kafka topics and connectors, as declarations for Sluice: what is in Git is what runs.\n"
     "\n"
     "| file | what |\n"
     "|---|---|\n"
     "| `sluice.yaml` | the project: environments in the order of promotion, repositories |\n"
     "| `modules/*/module.yaml` | modules: variables, plugins, topics, connectors |\n"
     "| `environments/*.yaml` | which modules run where, with which values |\n"
     "| `environments/*.lock` | exact versions and commits, written by `sluice lock` and `sluice promote` |\n"
     "| `topics/shared.yaml` | topics that belong to no module |\n"
     "\n"
     "    sluice validate              # checks everything, without a network\n"
     "    sluice plan dev              # what would change\n"
     "    sluice apply dev             # makes it so\n"
     "    sluice promote dev prod      # takes dev's modules and versions to prod\n"},
};
/* clang-format on */

static bool check_folder(const char *folder, GError **error) {
    for (gsize i = 0; i < G_N_ELEMENTS(TEMPLATES); i++) {
        g_autofree char *path = g_build_filename(folder, TEMPLATES[i].path, NULL);
        bool keepable =
            g_str_equal(TEMPLATES[i].path, "README.md") || g_str_equal(TEMPLATES[i].path, ".gitignore");
        if (keepable || !g_file_test(path, G_FILE_TEST_EXISTS))
            continue;
        error_set(error, DECLARE_ERROR, DECLARE_ERROR_FAILED, "give another folder: sluice init FOLDER",
                  "'%s' is there already", path);
        return false;
    }
    return true;
}

/* A project's own .gitignore gets our line too, for a state must not be committed. */
static char *keep_text(const char *path, const char *ours) {
    g_autofree char *theirs = files_read_text(path, 1024 * 1024, NULL);
    if (theirs == NULL || strstr(theirs, ".sluice/") != NULL)
        return theirs == NULL ? g_strdup(ours) : NULL;
    bool ended = theirs[0] == '\0' || g_str_has_suffix(theirs, "\n");
    return g_strconcat(theirs, ended ? "" : "\n", ours, NULL);
}

/* What to write into a file; NULL: leave it as it is. */
static char *text_for(const Template *template, const char *path, const char *name) {
    if (g_str_equal(template->path, ".gitignore"))
        return keep_text(path, template->text);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return NULL;
    g_auto(GStrv) parts = g_strsplit(template->text, "NAME", -1);
    bool named = g_str_equal(template->path, "sluice.yaml") || g_str_equal(template->path, "README.md");
    return named ? g_strjoinv(name, parts) : g_strdup(template->text);
}

char **declare_init(const char *folder, const char *name, GError **error) {
    if (!files_make_folder(folder, error) || !check_folder(folder, error))
        return NULL;
    g_autoptr(GPtrArray) written = g_ptr_array_new_with_free_func(g_free);
    for (gsize i = 0; i < G_N_ELEMENTS(TEMPLATES); i++) {
        g_autofree char *path = g_build_filename(folder, TEMPLATES[i].path, NULL);
        g_autofree char *text = text_for(&TEMPLATES[i], path, name);
        if (text == NULL)
            continue;
        if (!files_write(path, text, strlen(text), 0644, error))
            return NULL;
        g_ptr_array_add(written, g_strdup(TEMPLATES[i].path));
    }
    g_ptr_array_add(written, NULL);
    return (char **)g_ptr_array_steal(written, NULL);
}
