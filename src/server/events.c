/* SPDX-License-Identifier: Apache-2.0 */
#include "server/events.h"

#include <string.h>

#include "server/request.h"

enum {
    QUEUE_MOST = 256, /* frames that wait for a client */
    HEARTBEAT_S = 15,
    GONE_CHECK_S = 5,      /* how soon a client that left is noticed */
    LOG_INTERVAL_MS = 500, /* between two events of one log */
};

/* The log of a run that grew lately. */
typedef struct {
    gint64 sent;     /* monotonic microseconds */
    GBytes *pending; /* the newest frame that was not sent; NULL: none */
} LogPace;

struct Events {
    GMutex lock;
    GCond changed;
    GPtrArray *clients; /* EventClient, borrowed */
    GHashTable *paces;  /* run → LogPace */
    GThread *pacer;
    guint64 published;
    bool stopping;
};

struct EventClient {
    Events *events;
    int socket;
    GQueue frames; /* GBytes; under the lock of events */
    bool dropped;
    GBytes *current; /* of its own thread alone */
    gsize offset;
};

static void free_pace(gpointer data) {
    LogPace *pace = data;
    g_clear_pointer(&pace->pending, g_bytes_unref);
    g_free(pace);
}

/* --- Telling -------------------------------------------------------------------------------------------- */

static GBytes *frame_of(const char *kind, const json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT);
    char *frame = g_strdup_printf("event: %s\ndata: %s\n\n", kind, text != NULL ? text : "{}");
    free(text);
    return g_bytes_new_take(frame, strlen(frame));
}

static void broadcast(Events *events, GBytes *frame) {
    for (guint i = 0; i < events->clients->len; i++) {
        EventClient *client = events->clients->pdata[i];
        if (client->frames.length >= QUEUE_MOST)
            client->dropped = true;
        else
            g_queue_push_tail(&client->frames, g_bytes_ref(frame));
    }
}

/* The first is told at once, what follows within the interval at its end. */
static void publish_log(Events *events, const char *run, GBytes *frame) {
    LogPace *pace = g_hash_table_lookup(events->paces, run);
    if (pace != NULL) {
        g_clear_pointer(&pace->pending, g_bytes_unref);
        pace->pending = g_bytes_ref(frame);
        return;
    }
    pace = g_new0(LogPace, 1);
    pace->sent = g_get_monotonic_time();
    g_hash_table_insert(events->paces, g_strdup(run), pace);
    broadcast(events, frame);
}

void events_publish(const char *kind, const json_t *value, gpointer user_data) {
    Events *events = user_data;
    g_autoptr(GBytes) frame = frame_of(kind, value);
    const char *log = g_str_equal(kind, "log") ? json_get_string(value, "run") : NULL;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);
    events->published++;
    if (log != NULL)
        publish_log(events, log, frame);
    else
        broadcast(events, frame);
    g_cond_broadcast(&events->changed);
}

static gboolean settle_pace(gpointer run, gpointer data, gpointer user_data) {
    LogPace *pace = data;
    Events *events = user_data;
    gint64 now = g_get_monotonic_time();
    if (now - pace->sent < LOG_INTERVAL_MS * G_TIME_SPAN_MILLISECOND)
        return false;
    if (pace->pending == NULL)
        return true;
    broadcast(events, pace->pending);
    g_clear_pointer(&pace->pending, g_bytes_unref);
    pace->sent = now;
    g_cond_broadcast(&events->changed);
    return false;
}

static gpointer run_pacer(gpointer data) {
    Events *events = data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);
    while (!events->stopping) {
        g_hash_table_foreach_remove(events->paces, settle_pace, events);
        if (g_hash_table_size(events->paces) == 0)
            g_cond_wait(&events->changed, &events->lock);
        else
            g_cond_wait_until(&events->changed, &events->lock,
                              g_get_monotonic_time() + LOG_INTERVAL_MS / 2 * G_TIME_SPAN_MILLISECOND);
    }
    return NULL;
}

Events *events_new(void) {
    Events *events = g_new0(Events, 1);
    g_mutex_init(&events->lock);
    g_cond_init(&events->changed);
    events->clients = g_ptr_array_new();
    events->paces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_pace);
    events->pacer = g_thread_new("log-events", run_pacer, events);
    return events;
}

void events_stop(Events *events) {
    g_mutex_lock(&events->lock);
    events->stopping = true;
    g_cond_broadcast(&events->changed);
    g_mutex_unlock(&events->lock);
}

void events_free(Events *events) {
    if (events == NULL)
        return;
    events_stop(events);
    g_thread_join(events->pacer);
    g_ptr_array_unref(events->clients);
    g_hash_table_unref(events->paces);
    g_cond_clear(&events->changed);
    g_mutex_clear(&events->lock);
    g_free(events);
}

/* --- Listening ------------------------------------------------------------------------------------------ */

EventClient *events_join(Events *events, int socket) {
    static const char hello[] = "retry: 2000\n\n";
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);
    if (events->clients->len >= EVENTS_CLIENTS_MOST)
        return NULL;
    EventClient *client = g_new0(EventClient, 1);
    client->events = events;
    client->socket = socket;
    g_queue_init(&client->frames);
    g_queue_push_tail(&client->frames, g_bytes_new_static(hello, strlen(hello)));
    g_ptr_array_add(events->clients, client);
    return client;
}

void event_client_free(EventClient *client) {
    g_mutex_lock(&client->events->lock);
    g_ptr_array_remove_fast(client->events->clients, client);
    g_mutex_unlock(&client->events->lock);
    g_queue_clear_full(&client->frames, (GDestroyNotify)g_bytes_unref);
    g_clear_pointer(&client->current, g_bytes_unref);
    g_free(client);
}

static GBytes *heartbeat(void) {
    static const char comment[] = ": still here\n\n";
    return g_bytes_new_static(comment, strlen(comment));
}

/* The next frame, or NULL at the end. */
static GBytes *wait_for_frame(EventClient *client) {
    Events *events = client->events;
    gint64 heartbeat_at = g_get_monotonic_time() + HEARTBEAT_S * G_TIME_SPAN_SECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);
    while (!events->stopping && !client->dropped) {
        if (client->frames.length > 0)
            return g_queue_pop_head(&client->frames);
        gint64 now = g_get_monotonic_time();
        if (now >= heartbeat_at)
            return heartbeat();
        if (connection_is_gone(client->socket))
            return NULL;
        g_cond_wait_until(&events->changed, &events->lock,
                          MIN(heartbeat_at, now + GONE_CHECK_S * G_TIME_SPAN_SECOND));
    }
    return NULL;
}

gsize event_client_read(EventClient *client, char *buffer, gsize size) {
    if (client->current == NULL) {
        client->current = wait_for_frame(client);
        client->offset = 0;
    }
    if (client->current == NULL)
        return 0;
    gsize length;
    const char *data = g_bytes_get_data(client->current, &length);
    gsize piece = MIN(size, length - client->offset);
    memcpy(buffer, data + client->offset, piece);
    client->offset += piece;
    if (client->offset == length)
        g_clear_pointer(&client->current, g_bytes_unref);
    return piece;
}

guint events_clients(Events *events) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);
    return events->clients->len;
}

guint64 events_now(Events *events) {
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);
    return events->published;
}

bool events_wait(Events *events, guint64 *seen, guint timeout_ms) {
    gint64 until = g_get_monotonic_time() + timeout_ms * G_TIME_SPAN_MILLISECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);
    while (!events->stopping && events->published == *seen)
        if (!g_cond_wait_until(&events->changed, &events->lock, until))
            break;
    *seen = events->published;
    return !events->stopping;
}
