/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of `sluice serve` that is HTTP: the API that src/server/openapi.yaml describes, webhooks, event
 * streams, metrics and the page, on top of a pipeline.
 *
 *     pipeline_open → server_start → pipeline_start → … → pipeline_stop → server_stop → pipeline_close
 *
 * Each connection has a thread of its own, so that whoever is slow waits alone.
 */
#pragma once

#include "pipeline/pipeline.h"
#include "server/config.h"

typedef struct Server Server;

/* Listens and answers from now on, and becomes the pipeline's listener. Both are borrowed and outlive it. */
Server *server_start(const ServerConfig *config, Pipeline *pipeline, GError **error);

/* Ends all streams, waits for the answers that are under way, and frees it. */
void server_stop(Server *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_stop)

/* "http://127.0.0.1:8080", with the port that was taken; owned by the server. */
const char *server_url(const Server *server);
