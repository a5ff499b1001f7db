/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which daemon the commands talk to, and the token that proves who asks: from options, the environment, or
 * ${XDG_CONFIG_HOME:-~/.config}/sluice/config.yaml:
 *
 *     server: https://sluice.acme.example
 *     token: { file: /run/secrets/sluice }        or { env: NAME }, or the token itself
 *
 * A token is only sent over TLS or within this machine, and that of the file only to the file's server.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *url;    /* without a slash at its end */
    char *token;  /* in no output */
    char *source; /* where the token is from, for messages: "SLUICE_TOKEN", the file's path */
} ServerSettings;
void server_settings_free(ServerSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ServerSettings, server_settings_free)

/* `server` is what --server said, or NULL. NULL with CLI_ERROR_USAGE where something is missing, wrong, or
 * not safe to use. */
ServerSettings *server_settings_read(const char *server, GError **error);
