/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the daemon (src/server/openapi.yaml) and turns what it answers into JSON, or an error with its words
 * and hint.
 *
 *     g_auto(ServerOptions) options = {0};
 *     const GOptionEntry entries[] = {SERVER_ENTRY(options), …, {NULL}};
 *     …
 *     g_autoptr(ServerClient) client = server_client_open(invocation, &options, error);
 *     g_autoptr(json_t) run = client != NULL ? server_get(client, "/api/v1/runs/…", error) : NULL;
 */
#pragma once

#include "base/http.h"
#include "base/json.h"
#include "cli/command.h"

typedef struct {
    char *server; /* --server, owned */
} ServerOptions;
void server_options_clear(ServerOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ServerOptions, server_options_clear)

/* Row for a command's table of options. */
#define SERVER_ENTRY(options)                                                                            \
    {                                                                                                    \
        "server", 0, 0, G_OPTION_ARG_STRING, &(options).server,                                          \
            "The daemon's address (default: SLUICE_SERVER, or server: of ~/.config/sluice/config.yaml)", \
            "URL"                                                                                        \
    }

typedef struct ServerClient ServerClient;

/* Finds the server and the token (server_settings.h); sends nothing yet. From then on Ctrl-C ends the program
 * at once: nothing here has to be finished. */
ServerClient *server_client_open(const Invocation *invocation, const ServerOptions *options, GError **error);
void server_client_free(ServerClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ServerClient, server_client_free)

/* The object that GET gives at `path` ("/api/v1/…", escaped); a new reference. CLI_ERROR_UNREACHABLE where
 * the server can't be reached now, CLI_ERROR_CONFLICT for 409, CLI_ERROR_FAILED for all else. */
json_t *server_get(ServerClient *client, const char *path, GError **error);

/* As server_get(), by POST; `body` may be NULL. Sent once: where the answer is lost, the error says so. */
json_t *server_post(ServerClient *client, const char *path, const json_t *body, GError **error);

/* Streams what GET gives at `path` into `sink`; errors as server_get(), and those of the sink as they are,
 * which must be of CLI_ERROR. */
bool server_download(ServerClient *client, const char *path, HttpSink sink, gpointer user_data,
                     GError **error);
