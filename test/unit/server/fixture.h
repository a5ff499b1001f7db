/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real server on the fake pipeline, at a free port, with its data in a temporary folder.
 *
 * Who is known: "alice" (all roles, token "alice-token"), "vic" (viewer, "vic-token"). The secret of Gitea's
 * webhooks is "hush"; GitHub's are not configured.
 */
#pragma once

#include "base/http.h"
#include "fake_pipeline.h"
#include "server/server.h"

#define ALICE "alice-token"
#define VIC "vic-token"
#define SECRET "hush"

typedef struct {
    char *folder;
    ServerConfig *config;
    Pipeline *pipeline;
    Server *server;
    HttpClient *client;
} Fixture;

void fixture_init(Fixture *fixture);
void fixture_clear(Fixture *fixture);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

/* A request, as JSON where there is a body, of whoever has the token (NULL: nobody); its status, and the
 * answer's body in *answer (may be NULL), which the caller frees. */
long fixture_ask(const Fixture *fixture, const char *method, const char *path, const char *token,
                 const char *body, char **answer);

/* The same, the answer read as JSON; expects `status`. A new reference. */
json_t *fixture_json(const Fixture *fixture, const char *method, const char *path, const char *token,
                     const char *body, long status);

/* A connection of bytes, to say what no client would: opens one, sends text, reads until the answer holds
 * `until` or, for NULL, to its end; the caller frees it. */
GSocketConnection *fixture_connect(const Fixture *fixture);
void fixture_send(GSocketConnection *connection, const char *text);
char *fixture_read(GSocketConnection *connection, const char *until);

/* One request of bytes, "Connection: close" among its headers, and the whole answer; owned by the caller. */
char *fixture_say(const Fixture *fixture, const char *text);
