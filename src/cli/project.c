/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/project.h"

#include "cli/session.h"

Project *project_read(const Invocation *invocation, const char *environment, GError **error) {
    g_autofree char *root = session_root(error);
    if (root == NULL)
        return NULL;
    const DeclareOptions options = {.resolve_secrets = true, .secrets_of = environment};
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GError) problem = NULL;
    Project *project = declare_read_project(root, &options, diagnostics, &problem);
    g_autofree char *text = diagnostics_format(diagnostics, invocation->colour_error);
    fputs(text, stderr);
    if (project == NULL && diagnostics_count(diagnostics, DIAGNOSTIC_ERROR) == 0 && problem != NULL)
        g_propagate_error(error, g_steal_pointer(&problem));
    return project;
}

void project_progress(const char *what, gpointer progress) {
    progress_update(progress, "%s", what);
}
