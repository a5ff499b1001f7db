/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server on the fake pipeline, alive, to look at the page and to measure: FAKE_SERVER SERVER.YAML. It
 * says where it listens and ends at the end of its standard input or with a signal.
 */
#include <signal.h>
#include <stdio.h>

#include "fake_pipeline.h"
#include "server/server.h"

static ServerConfig *read_config(const char *path) {
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(GError) error = NULL;
    ServerConfig *config = server_config_read(path, diagnostics, &error);
    g_autofree char *mistakes = diagnostics_format(diagnostics, false);
    fputs(mistakes, stderr);
    if (error != NULL)
        fprintf(stderr, "error: %s\n", error->message);
    return config;
}

static int serve(const ServerConfig *config) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Pipeline) pipeline = pipeline_open(config->pipeline, &error);
    Server *server = server_start(config, pipeline, &error);
    if (server == NULL) {
        fprintf(stderr, "error: %s\n", error->message);
        return 1;
    }
    pipeline_start(pipeline);
    puts(server_url(server));
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    pipeline_stop(pipeline);
    server_stop(server);
    return 0;
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    if (argc != 2) {
        fprintf(stderr, "usage: %s SERVER.YAML\n", argv[0]);
        return 2;
    }
    g_autoptr(ServerConfig) config = read_config(argv[1]);
    return config != NULL ? serve(config) : 1;
}
