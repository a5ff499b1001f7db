/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/run_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/terminal.h"
#include "pipeline/error.h"

#define LINE_LIMIT ((gsize)8 * 1024)
#define FILE_LIMIT ((guint64)64 * 1024 * 1024)
#define MASK "•••"
#define MASK_LEAST 4 /* characters of a secret's line that is masked */
#define CUT "…"
#define FULL_LINE "the log is full: what follows is not kept"

struct RunLog {
    GMutex lock;
    int descriptor;
    guint64 size;
    bool torn; /* the file's last line has no end */
    bool full;
    char *step;
    GPtrArray *secrets; /* char *: one line each, the longest first */
    RunLogListener listener;
    gpointer user_data;
};

static bool fail(const char *path, GError **error) {
    error_set(error, PIPELINE_ERROR, PIPELINE_ERROR_FAILED, NULL, "cannot write the log '%s': %s", path,
              g_strerror(errno));
    return false;
}

/* How the file ends, as a killed process left it. */
static void read_end(RunLog *log) {
    char end[sizeof FULL_LINE + 1] = {0};
    gsize length = MIN(log->size, sizeof end - 1);
    if (pread(log->descriptor, end, length, (off_t)(log->size - length)) != (ssize_t)length)
        return;
    log->torn = length > 0 && end[length - 1] != '\n';
    log->full = log->size > FILE_LIMIT - 2 * LINE_LIMIT && strcmp(end, FULL_LINE "\n") == 0;
}

static bool open_file(RunLog *log, const char *path, GError **error) {
    g_autofree char *folder = g_path_get_dirname(path);
    struct stat information;
    if (!files_make_folder(folder, error))
        return false;
    log->descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log->descriptor < 0 || fstat(log->descriptor, &information) != 0)
        return fail(path, error);
    log->size = (guint64)information.st_size;
    read_end(log);
    return true;
}

RunLog *run_log_open(const char *path, const char *step, GError **error) {
    RunLog *log = g_new0(RunLog, 1);
    g_mutex_init(&log->lock);
    log->step = g_strdup(step);
    log->secrets = g_ptr_array_new_with_free_func(g_free);
    log->descriptor = -1;
    if (open_file(log, path, error))
        return log;
    run_log_free(log);
    return NULL;
}

void run_log_free(RunLog *log) {
    if (log == NULL)
        return;
    if (log->descriptor >= 0)
        close(log->descriptor);
    g_ptr_array_unref(log->secrets);
    g_mutex_clear(&log->lock);
    g_free(log->step);
    g_free(log);
}

void run_log_listen(RunLog *log, RunLogListener listener, gpointer user_data) {
    log->listener = listener;
    log->user_data = user_data;
}

void run_log_step(RunLog *log, const char *step) {
    g_mutex_lock(&log->lock);
    g_free(log->step);
    log->step = g_strdup(step);
    g_mutex_unlock(&log->lock);
}

/* --- Masks ---------------------------------------------------------------------------------------------- */

/* A secret that holds another one is masked whole. */
static int compare_lengths(gconstpointer left, gconstpointer right) {
    gsize left_length = strlen(*(char *const *)left), right_length = strlen(*(char *const *)right);
    return left_length < right_length ? 1 : left_length > right_length ? -1 : 0;
}

static bool is_masked_already(const RunLog *log, const char *secret) {
    return g_ptr_array_find_with_equal_func(log->secrets, secret, g_str_equal, NULL);
}

void run_log_mask(RunLog *log, const char *secret) {
    g_auto(GStrv) lines = g_strsplit_set(secret, "\r\n", -1);
    g_mutex_lock(&log->lock);
    for (char **line = lines; *line != NULL; line++) {
        const char *core = g_strstrip(*line);
        g_autofree char *valid = g_utf8_make_valid(core, -1);
        if (g_utf8_strlen(valid, -1) >= MASK_LEAST && !is_masked_already(log, core))
            g_ptr_array_add(log->secrets, g_strdup(core));
    }
    g_ptr_array_sort(log->secrets, compare_lengths);
    g_mutex_unlock(&log->lock);
}

/* The length of the secret that `text` begins with, 0 for none. With `cut`, the text's end may be in the
 * middle of one. */
static gsize secret_at(const RunLog *log, const char *text, gsize left, bool cut) {
    for (guint i = 0; i < log->secrets->len; i++) {
        const char *secret = log->secrets->pdata[i];
        gsize length = strlen(secret);
        if (*text != *secret)
            continue;
        if (left >= length && memcmp(text, secret, length) == 0)
            return length;
        if (cut && left < length && memcmp(text, secret, left) == 0)
            return left;
    }
    return 0;
}

/* What is masked is the bytes as they come, before anything in them is made harmless. */
static char *masked(const RunLog *log, const char *text, bool cut) {
    if (log->secrets->len == 0)
        return g_strdup(text);
    const char *end = text + strlen(text);
    GString *result = g_string_sized_new((gsize)(end - text));
    while (text < end) {
        gsize length = secret_at(log, text, (gsize)(end - text), cut);
        if (length > 0)
            g_string_append(result, MASK);
        else
            g_string_append_c(result, *text);
        text += MAX(length, 1);
    }
    return g_string_free(result, FALSE);
}

/* Colours are noise here, and could stand in the middle of a secret. */
static char *without_colours(const char *text) {
    GString *plain = g_string_sized_new(strlen(text));
    while (*text != '\0') {
        gsize length = g_str_has_prefix(text, "\033[") ? 2 + strspn(text + 2, "0123456789;") : 0;
        if (length > 0 && text[length] == 'm')
            text += length + 1;
        else
            g_string_append_c(plain, *text++);
    }
    return g_string_free(plain, FALSE);
}

/* One line, masked, harmless and cut. A line this long was cut before it came here, maybe in a secret. */
static char *shown(const RunLog *log, const char *line) {
    g_autofree char *plain = without_colours(line);
    g_autofree char *safe = masked(log, plain, strlen(line) > LINE_LIMIT);
    char *clean = terminal_clean(safe);
    if (strlen(clean) <= LINE_LIMIT)
        return clean;
    gsize length = LINE_LIMIT - strlen(CUT);
    while (((guchar)clean[length] & 0xC0) == 0x80)
        length--;
    clean[length] = '\0';
    g_autofree char *whole = clean;
    return g_strconcat(whole, CUT, NULL);
}

char *run_log_masked(RunLog *log, const char *text) {
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_mutex_lock(&log->lock);
    for (char **line = lines; *line != NULL; line++) {
        char *safe = shown(log, *line);
        g_free(*line);
        *line = safe;
    }
    g_mutex_unlock(&log->lock);
    return g_strjoinv("\n", lines);
}

/* --- Writing -------------------------------------------------------------------------------------------- */

/* Appends as much as can be: a line that is cut off by a full disk is ended before the next one. */
static void append(RunLog *log, const char *text, gsize length) {
    while (length > 0) {
        ssize_t written = write(log->descriptor, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        text += written;
        length -= (gsize)written;
        log->size += (guint64)written;
        log->torn = text[-1] != '\n';
    }
}

static char *full_line(const RunLog *log, const char *text) {
    g_autofree char *now = files_now();
    return g_strdup_printf("%s%s %s  %s\n", log->torn ? "\n" : "", now, log->step, text);
}

static void write_line(RunLog *log, const char *line) {
    if (log->full)
        return;
    g_autofree char *text = shown(log, line);
    g_autofree char *whole = full_line(log, text);
    log->full = log->size + strlen(whole) > FILE_LIMIT;
    g_autofree char *last = log->full ? full_line(log, FULL_LINE) : NULL;
    const char *written = log->full ? last : whole;
    append(log, written, strlen(written));
}

static void write_lines(RunLog *log, const char *text) {
    for (const char *line = text; line != NULL;) {
        const char *end = strchr(line, '\n');
        g_autofree char *one = g_strndup(line, end != NULL ? (gsize)(end - line) : strlen(line));
        write_line(log, g_strchomp(one));
        line = end != NULL && end[1] != '\0' ? end + 1 : NULL;
    }
}

void run_log_line(RunLog *log, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_mutex_lock(&log->lock);
    guint64 before = log->size;
    write_lines(log, text);
    if (log->listener != NULL && log->size > before)
        log->listener(log->size, log->user_data);
    g_mutex_unlock(&log->lock);
}
