/* SPDX-License-Identifier: Apache-2.0 */
#include "git_home.h"

#include <glib.h>

#include "base/files.h"
#include "base/process.h"

char *shell(const char *folder, const char *script) {
    g_autoptr(GError) error = NULL;
    const char *const argv[] = {"sh", "-ec", script, NULL};
    char *output = process_output(&(ProcessSpec){.argv = argv, .directory = folder}, &error);
    g_assert_no_error(error);
    return output;
}

void sh(const char *folder, const char *script) {
    g_autofree char *output = shell(folder, script);
}

char *git_home(void) {
    static const char *const personal[] = {"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME",
                                           "GIT_COMMITTER_EMAIL", "EMAIL"};
    for (gsize i = 0; i < G_N_ELEMENTS(personal); i++)
        g_unsetenv(personal[i]);
    char *home = files_make_temporary(g_get_tmp_dir(), "sluice-home-", NULL);
    g_autofree char *config = g_build_filename(home, "gitconfig", NULL);
    g_file_set_contents(config, "[user]\nname = Ada Lovelace\nemail = ada@acme.example\n", -1, NULL);
    g_setenv("GIT_CONFIG_GLOBAL", config, TRUE);
    g_setenv("GIT_CONFIG_NOSYSTEM", "1", TRUE);
    g_setenv("no_proxy", "*", TRUE);
    return home;
}
