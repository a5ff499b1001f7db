/* SPDX-License-Identifier: Apache-2.0 */
#include <glib/gstdio.h>
#include <malloc.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "server/server.h"

#define ADDRESS_FILE "address"

/* Every thread would have an arena of its own that keeps what the largest environment once took there. */
#define ARENAS 2

/* Where scripts find the port that was taken, and that it listens. */
static bool write_address(const char *path, const Server *server, GError **error) {
    g_autofree char *line = g_strconcat(server_url(server), "\n", NULL);
    return files_write(path, line, strlen(line), 0644, error);
}

static void announce(const ServerConfig *config, const Server *server) {
    fprintf(stderr, "sluice: listening at %s", server_url(server));
    if (config->public_url != NULL)
        fprintf(stderr, ", for people at %s", config->public_url);
    fputc('\n', stderr);
}

/* Until the first signal; from then on another one ends the program at once, which loses nothing. */
static void wait_for_end(GCancellable *stop) {
    GPollFD poller;
    if (g_cancellable_make_pollfd(stop, &poller)) {
        while (!g_cancellable_is_cancelled(stop))
            g_poll(&poller, 1, -1);
        g_cancellable_release_fd(stop);
    }
    interrupt_ends_at_once(true);
}

static bool serve(const Invocation *invocation, const ServerConfig *config, GError **error) {
    /* What a build starts runs as our user: it must not read our environment and memory through /proc. */
    prctl(PR_SET_DUMPABLE, 0);
    mallopt(M_ARENA_MAX, ARENAS);
    g_autofree char *address = g_build_filename(config->pipeline->data, ADDRESS_FILE, NULL);
    g_autoptr(Pipeline) pipeline = pipeline_open(config->pipeline, error);
    g_autoptr(Server) server = pipeline != NULL ? server_start(config, pipeline, error) : NULL;
    if (server == NULL || !write_address(address, server, error))
        return false;
    pipeline_start(pipeline);
    announce(config, server);
    wait_for_end(invocation->stop);
    pipeline_stop(pipeline);
    g_unlink(address);
    return true;
}

int command_serve(Invocation *invocation, GError **error) {
    g_autofree char *file = NULL;
    const GOptionEntry options[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &file, "The server's own file (default: server.yaml)",
         "FILE"},
        {NULL},
    };
    if (!command_parse(invocation, options, 0, 0, error))
        return command_status(invocation);
    g_autoptr(Diagnostics) diagnostics = diagnostics_new();
    g_autoptr(ServerConfig) config =
        server_config_read(file != NULL ? file : "server.yaml", diagnostics, error);
    command_print_diagnostics(invocation, diagnostics);
    return config != NULL && serve(invocation, config, error) ? EXIT_DONE : EXIT_ERROR;
}
