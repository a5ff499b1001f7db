/* SPDX-License-Identifier: Apache-2.0 */
#include "base/files.h"
#include "cli/commands.h"
#include "declare/declare.h"

/* The folder's name as a project's: a letter, then letters, digits, '_' and '-'. */
static char *project_name(const char *folder) {
    g_autofree char *current = g_get_current_dir();
    g_autofree char *absolute = files_resolve(current, folder);
    g_autofree char *base = g_path_get_basename(absolute);
    g_strcanon(base, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-", '-');
    return g_ascii_isalpha(*base) ? g_steal_pointer(&base) : g_strdup("streaming");
}

static void print_files(const Invocation *invocation, char *const *files) {
    if (invocation->output != OUTPUT_TABLE) {
        g_autoptr(json_t) json = json_array();
        for (char *const *file = files; *file != NULL; file++)
            json_array_append_new(json, json_string(*file));
        output_json(stdout, invocation->output, json);
        return;
    }
    for (char *const *file = files; *file != NULL; file++)
        printf("%s\n", *file);
}

int command_init(Invocation *invocation, GError **error) {
    if (!command_parse(invocation, NULL, 0, 1, error))
        return command_status(invocation);
    const char *folder = invocation->arguments[0] != NULL ? invocation->arguments[0] : ".";
    g_autofree char *name = project_name(folder);
    g_auto(GStrv) files = declare_init(folder, name, error);
    if (files == NULL)
        return EXIT_ERROR;
    print_files(invocation, files);
    bool here = g_str_equal(folder, ".");
    fprintf(
        stderr,
        "\nNext:\n  sluice%s%s validate\n  sluice sandbox up dev      a Kafka and a Connect to try it on\n",
        here ? "" : " -C ", here ? "" : folder);
    return EXIT_DONE;
}
