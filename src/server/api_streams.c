/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that go on: events, and logs that are followed. Each blocks its connection's own thread. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/api.h"
#include "server/config.h"
#include "server/error.h"
#include "server/events.h"

#define LOG_TYPE "text/plain; charset=utf-8"
enum { FOLLOW_WAIT_MS = 5000 };

/* --- Events --------------------------------------------------------------------------------------------- */

typedef struct {
    EventClient *client;
    struct MHD_Connection *connection;
    guint idle_s;
} Stream;

static ssize_t read_events(void *state, uint64_t position, char *buffer, size_t size) {
    Stream *stream = state;
    gsize length = event_client_read(stream->client, buffer, size);
    connection_touch(stream->connection, stream->idle_s);
    return length > 0 ? (ssize_t)length : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_stream(gpointer state) {
    Stream *stream = state;
    event_client_free(stream->client);
    g_free(stream);
}

Answer *api_events(const Request *request, GError **error) {
    EventClient *client = events_join(request->context->events, request_socket(request));
    if (client == NULL) {
        error_set(error, SERVER_ERROR, SERVER_ERROR_UNAVAILABLE, "close other windows of the page",
                  "there are %d event streams already", EVENTS_CLIENTS_MOST);
        return NULL;
    }
    Stream *stream = g_new0(Stream, 1);
    *stream = (Stream){client, request->connection, request->context->config->idle_s};
    return answer_stream("text/event-stream", read_events, stream, free_stream);
}

/* --- Logs ----------------------------------------------------------------------------------------------- */

typedef struct {
    const Context *context;
    struct MHD_Connection *connection;
    char *run;
    char *path;
    int file; /* -1 until it is there */
    int socket;
    guint64 offset;
    guint64 seen; /* of events */
    bool ended;   /* the run had ended before the last read */
} Follower;

/* A run that waits for its turn has no log yet: -1, and no error. */
static bool open_log(const char *path, int *file, GError **error) {
    *file = open(path, O_RDONLY | O_CLOEXEC);
    if (*file >= 0 || errno == ENOENT)
        return true;
    error_set(error, SERVER_ERROR, SERVER_ERROR_FAILED, NULL, "cannot read the log: %s", g_strerror(errno));
    return false;
}

static void free_follower(gpointer data) {
    Follower *follower = data;
    if (follower->file >= 0)
        close(follower->file);
    g_free(follower->run);
    g_free(follower->path);
    g_free(follower);
}

/* A run that was forgotten meanwhile has ended. */
static bool run_has_ended(const Follower *follower) {
    bool open = false;
    g_autofree char *path = pipeline_log_path(follower->context->pipeline, follower->run, &open, NULL);
    return path == NULL || !open;
}

/* As pread(): 0 where nothing more is there now. */
static ssize_t read_more(Follower *follower, char *buffer, size_t size) {
    if (follower->file < 0 && !open_log(follower->path, &follower->file, NULL))
        return -1;
    if (follower->file < 0)
        return 0;
    ssize_t length;
    do
        length = pread(follower->file, buffer, size, (off_t)follower->offset);
    while (length < 0 && errno == EINTR);
    return length;
}

/* What is there, else what comes; the end only when nothing more was there after the run had ended. */
static ssize_t read_log(void *state, uint64_t position, char *buffer, size_t size) {
    Follower *follower = state;
    while (true) {
        ssize_t length = read_more(follower, buffer, size);
        if (length > 0) {
            follower->offset += (guint64)length;
            connection_touch(follower->connection, follower->context->config->idle_s);
            return length;
        }
        if (length < 0 || follower->ended)
            return MHD_CONTENT_READER_END_OF_STREAM;
        follower->ended = run_has_ended(follower);
        if (follower->ended)
            continue;
        if (!events_wait(follower->context->events, &follower->seen, FOLLOW_WAIT_MS) ||
            connection_is_gone(follower->socket))
            return MHD_CONTENT_READER_END_OF_STREAM;
    }
}

static Answer *follow(const Request *request, char *path, int file, guint64 offset, guint64 seen) {
    Follower *follower = g_new0(Follower, 1);
    follower->context = request->context;
    follower->connection = request->connection;
    follower->run = g_strdup(request->parameter);
    follower->path = path;
    follower->file = file;
    follower->socket = request_socket(request);
    follower->offset = offset;
    follower->seen = seen;
    return answer_stream(LOG_TYPE, read_log, follower, free_follower);
}

static Answer *answer_log(int file, guint64 offset) {
    struct stat status;
    if (file < 0)
        return answer_text(MHD_HTTP_OK, LOG_TYPE, "");
    guint64 size = fstat(file, &status) == 0 ? (guint64)status.st_size : 0;
    offset = MIN(offset, size);
    return answer_file(LOG_TYPE, file, offset, size - offset);
}

Answer *api_log(const Request *request, GError **error) {
    gint64 offset = 0;
    bool following = false, open = false;
    int file;
    if (!request_integer(request, "offset", 0, G_MAXINT64, &offset, error) ||
        !request_boolean(request, "follow", &following, error))
        return NULL;
    guint64 seen = events_now(request->context->events);
    g_autofree char *path = pipeline_log_path(request->context->pipeline, request->parameter, &open, error);
    if (path == NULL || !open_log(path, &file, error))
        return NULL;
    return following ? follow(request, g_steal_pointer(&path), file, (guint64)offset, seen)
                     : answer_log(file, (guint64)offset);
}
