/* SPDX-License-Identifier: Apache-2.0 */
#include "base/files.h"
#include "cli/commands.h"
#include "server/server.h"

#include <string.h>
#include <unistd.h>

int command_serve(Invocation *invocation, GError **error) {
    g_autofree char *path = NULL;
    const GOptionEntry entries[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &path, "The server's file", "FILE"},
        {NULL},
    };
    if (!command_parse(invocation, entries, 0, 0, error))
        return command_status(invocation);
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(ServerConfig) config = server_config_read(path, diagnostics, error);
    g_autofree char *text = diagnostics_format(diagnostics, invocation->colour_error);
    fputs(text, stderr);
    if (config == NULL)
        return EXIT_ERROR;
    g_autoptr(Pipeline) pipeline = pipeline_open(config->pipeline, error);
    if (pipeline == NULL)
        return EXIT_ERROR;
    Server *server = server_start(config, pipeline, error);
    if (server == NULL)
        return EXIT_ERROR;
    pipeline_start(pipeline);
    g_autofree char *address = g_build_filename(config->pipeline->data, "address", NULL);
    files_write(address, server_url(server), strlen(server_url(server)), 0644, error);
    fprintf(stderr, "listening on %s\n", server_url(server));
    while (!g_cancellable_is_cancelled(invocation->stop))
        g_usleep(100000);
    pipeline_stop(pipeline);
    server_stop(server);
    return EXIT_DONE;
}
