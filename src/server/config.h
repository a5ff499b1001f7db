/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's own file, server.yaml (docs/server.md): where to listen, whose declarations, who may do what,
 * and what declarations may use. Git decides nothing of it.
 */
#pragma once

#include "base/diagnostics.h"
#include "pipeline/settings.h"
#include "server/webhook.h"

typedef struct ServerConfig {
    char *host;       /* an address or a name, without brackets */
    guint16 port;     /* 0: a free one */
    char *public_url; /* where people reach it, without a slash at the end; NULL: not said */
    char *webhook_secrets[WEBHOOK_PROVIDERS]; /* NULL: no webhooks of it */
    PipelineSettings *pipeline;
    guint idle_s; /* after which a connection that nothing goes over is ended; not of the file */
} ServerConfig;

/* Reads the file; what it names relatively counts from its folder. Secrets of webhooks are read now. NULL
 * with the mistakes in the diagnostics and SERVER_ERROR_INVALID, or another error where it can't be read. */
ServerConfig *server_config_read(const char *path, Diagnostics *diagnostics, GError **error);
void server_config_free(ServerConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ServerConfig, server_config_free)
