/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pipeline tells, handed to everyone who listens: server-sent events for browsers, and a nudge for
 * those who follow a log. A client that doesn't keep up is dropped; it comes back by itself and reads anew.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/json.h"

typedef struct Events Events;
typedef struct EventClient EventClient;

Events *events_new(void);
/* After events_stop(), when all clients were freed. */
void events_free(Events *events);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Events, events_free)

/* A PipelineListener, whose user data is the Events. Never blocks. Those of kind "log" are told at most twice
 * a second for each run, the last one always. */
void events_publish(const char *kind, const json_t *value, gpointer user_data);

/* Ends all streams and keeps new ones from beginning. */
void events_stop(Events *events);

/* A new stream for the client at `socket`; NULL where there are EVENTS_CLIENTS_MOST already. */
enum { EVENTS_CLIENTS_MOST = 200 };
EventClient *events_join(Events *events, int socket);
void event_client_free(EventClient *client);

/* The next bytes of a stream, at most `size`: waits for an event, and sends a comment every 15 seconds. 0 at
 * its end: the server stops, or the client is gone or too slow. */
gsize event_client_read(EventClient *client, char *buffer, gsize size);

guint events_clients(Events *events);

/* Waits until something was published after `*seen` (which is set), the server stops or `timeout_ms` is over;
 * false when it stops. */
bool events_wait(Events *events, guint64 *seen, guint timeout_ms);
guint64 events_now(Events *events);
