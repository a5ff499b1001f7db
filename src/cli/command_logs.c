/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/run_view.h"
#include "cli/server_run.h"

#define POLL_MS 500
#define PATIENCE_MS (2 * 60 * 1000) /* with a server that went away: a restart takes less */
#define LINE_MOST ((gsize)64 * 1024)

/* A log as it comes. To a terminal only whole lines go, cleaned; to anything else every byte as it is. */
typedef struct {
    ServerClient *client;
    const char *id;
    guint64 offset; /* of what has come */
    GString *line;  /* what waits for the end of its line; NULL where standard output is no terminal */
} Log;

static void log_clear(Log *log) {
    if (log->line != NULL)
        g_string_free(log->line, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Log, log_clear)

static bool write_out(const char *data, gsize length, GError **error) {
    if (fwrite(data, 1, length, stdout) == length && fflush(stdout) == 0)
        return true;
    error_set(error, CLI_ERROR, CLI_ERROR_FAILED, NULL, "cannot write the log: %s", g_strerror(errno));
    return false;
}

/* Writes the first bytes of what waits. */
static bool write_clean(Log *log, gsize length, GError **error) {
    g_autofree char *part = g_strndup(log->line->str, length);
    g_autofree char *clean = terminal_clean(part);
    g_string_erase(log->line, 0, (gssize)length);
    return write_out(clean, strlen(clean), error);
}

/* Of type HttpSink. */
static bool take_part(const guint8 *data, gsize length, gpointer user_data, GError **error) {
    Log *log = user_data;
    log->offset += length;
    if (log->line == NULL)
        return write_out((const char *)data, length, error);
    for (gsize i = 0; i < length; i++) /* a NUL would end the text; another control character stands for it */
        g_string_append_c(log->line, data[i] != '\0' ? (char)data[i] : '\1');
    const char *end = strrchr(log->line->str, '\n');
    if (end != NULL)
        return write_clean(log, (gsize)(end + 1 - log->line->str), error);
    return log->line->len < LINE_MOST || write_clean(log, log->line->len, error);
}

/* What there is by now, from where the log stands. */
static bool read_on(Log *log, GError **error) {
    g_autofree char *rest = g_strdup_printf("/log?offset=%" G_GUINT64_FORMAT, log->offset);
    g_autofree char *path = server_run_path(log->id, rest);
    return server_download(log->client, path, take_part, log, error);
}

static bool finish(Log *log, GError **error) {
    return log->line == NULL || log->line->len == 0 || write_clean(log, log->line->len, error);
}

/* Whether a server that can't be reached has time left to come back; says once that it is waited for. */
static bool may_come_back(const GError *problem, gint64 heard, bool *told) {
    if (!g_error_matches(problem, CLI_ERROR, CLI_ERROR_UNREACHABLE) ||
        g_get_monotonic_time() - heard > (gint64)PATIENCE_MS * G_TIME_SPAN_MILLISECOND)
        return false;
    g_autofree char *clean = terminal_clean(problem->message);
    if (!*told)
        fprintf(stderr, "%s; trying again\n", clean);
    *told = true;
    return true;
}

/* Reads on until the run has ended; gives it as it is then. The run is asked first, so that nothing that was
 * written before its end is missed. */
static json_t *follow(Log *log, GError **error) {
    gint64 heard = g_get_monotonic_time();
    for (bool told = false;; g_usleep((gulong)POLL_MS * 1000)) {
        g_autoptr(GError) problem = NULL;
        g_autoptr(json_t) run = server_run_get(log->client, log->id, &problem);
        bool read = run != NULL && read_on(log, &problem);
        if (read && !json_get_boolean(run, "open", false))
            return g_steal_pointer(&run);
        if (read) {
            heard = g_get_monotonic_time();
            told = false;
        } else if (!may_come_back(problem, heard, &told)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
    }
}

static int follow_to_end(const Invocation *invocation, Log *log, GError **error) {
    g_autoptr(json_t) run = follow(log, error);
    if (run == NULL || !finish(log, error))
        return EXIT_ERROR;
    if (json_get_boolean(run, "good", false)) {
        run_view_print_state(stderr, invocation->colour_error, run);
        return EXIT_DONE;
    }
    run_view_set_error(run, error);
    return EXIT_ERROR;
}

int command_logs(Invocation *invocation, GError **error) {
    g_auto(ServerOptions) options = {0};
    gboolean following = FALSE;
    const GOptionEntry entries[] = {
        {"follow", 'f', 0, G_OPTION_ARG_NONE, &following,
         "Go on until the run has ended; exit with 0 where it ended well, else 1", NULL},
        SERVER_ENTRY(options),
        {NULL},
    };
    if (!command_parse(invocation, entries, 1, 1, error))
        return command_status(invocation);
    g_autoptr(ServerClient) client = server_client_open(invocation, &options, error);
    g_autofree char *id =
        client != NULL ? server_run_find(client, invocation->arguments[0], RUN_NEWEST, error) : NULL;
    g_autoptr(json_t) run = id != NULL ? server_run_get(client, id, error) : NULL;
    if (run == NULL)
        return EXIT_ERROR;
    g_auto(Log) log = {.client = client, .id = id};
    if (terminal_is_interactive(stdout))
        log.line = g_string_new(NULL);
    if (following)
        return follow_to_end(invocation, &log, error);
    return read_on(&log, error) && finish(&log, error) ? EXIT_DONE : EXIT_ERROR;
}
