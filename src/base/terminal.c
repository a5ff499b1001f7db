/* SPDX-License-Identifier: Apache-2.0 */
#include "base/terminal.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    UNKNOWN_WIDTH = 80,
    DELAY_MS = 1000, /* before the progress line is shown */
    REDRAW_MS = 100, /* at least, between two drawings */
    ANSWER_SIZE = 64,
};
#define REPLACEMENT 0xFFFD
#define ERASE_LINE "\r\033[K"

static bool is_dumb(void) {
    return g_strcmp0(g_getenv("TERM"), "dumb") == 0;
}

bool terminal_is_interactive(FILE *stream) {
    return isatty(fileno(stream)) == 1;
}

bool terminal_has_colour(FILE *stream) {
    const char *no_colour = g_getenv("NO_COLOR");
    return terminal_is_interactive(stream) && !is_dumb() && (no_colour == NULL || *no_colour == '\0');
}

int terminal_width(FILE *stream) {
    struct winsize size;
    bool known = ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : UNKNOWN_WIDTH;
}

/* Control characters, and those that turn the direction of what follows. */
static bool drives_terminal(gunichar c) {
    return (g_unichar_iscntrl(c) && c != '\n' && c != '\t') || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

char *terminal_clean(const char *text) {
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autoptr(GString) clean = g_string_sized_new(strlen(valid));
    for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c)) {
        gunichar character = g_utf8_get_char(c);
        g_string_append_unichar(clean, drives_terminal(character) ? REPLACEMENT : character);
    }
    return g_string_free(g_steal_pointer(&clean), FALSE);
}

char *terminal_style(bool colour, Style style, const char *text) {
    static const char *const codes[] = {
        [STYLE_BOLD] = "1",    [STYLE_DIM] = "2",   [STYLE_RED] = "31",  [STYLE_GREEN] = "32",
        [STYLE_YELLOW] = "33", [STYLE_BLUE] = "34", [STYLE_CYAN] = "36",
    };
    g_autofree char *clean = terminal_clean(text);
    if (!colour || style == STYLE_NONE)
        return g_steal_pointer(&clean);
    return g_strdup_printf("\033[%sm%s\033[0m", codes[style], clean);
}

static int character_width(gunichar c) {
    if (g_unichar_iszerowidth(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

int terminal_text_width(const char *text) {
    int width = 0;
    for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c))
        width += character_width(g_utf8_get_char(c));
    return width;
}

struct Progress {
    FILE *stream;
    GThread *thread; /* draws; NULL where there is no terminal */
    GMutex lock;
    GCond changed;
    char *text;
    bool shown;
    bool stale; /* the text differs from what is shown */
    bool ended;
};

/* As much of `text`, which is one line, as fits. */
static char *cut_to_width(const char *text, int width) {
    const char *end = text;
    for (int used = 0; *end != '\0'; end = g_utf8_next_char(end)) {
        used += character_width(g_utf8_get_char(end));
        if (used > width)
            break;
    }
    return g_strndup(text, (gsize)(end - text));
}

static void draw(Progress *progress) {
    /* The last column stays free: some terminals wrap when it is written. */
    g_autofree char *line = cut_to_width(progress->text, terminal_width(progress->stream) - 1);
    fprintf(progress->stream, ERASE_LINE "%s", line);
    fflush(progress->stream);
    progress->shown = true;
    progress->stale = false;
}

static void erase(Progress *progress) {
    if (!progress->shown)
        return;
    fputs(ERASE_LINE, progress->stream);
    fflush(progress->stream);
    progress->shown = false;
}

/* Waits until `until` or the end, whatever changes meanwhile. */
static void wait_until(Progress *progress, gint64 until) {
    while (!progress->ended && g_cond_wait_until(&progress->changed, &progress->lock, until))
        ;
}

static gpointer draw_until_ended(gpointer user_data) {
    Progress *progress = user_data;
    g_mutex_lock(&progress->lock);
    wait_until(progress, g_get_monotonic_time() + DELAY_MS * G_TIME_SPAN_MILLISECOND);
    while (!progress->ended) {
        if (progress->stale)
            draw(progress);
        wait_until(progress, g_get_monotonic_time() + REDRAW_MS * G_TIME_SPAN_MILLISECOND);
        while (!progress->ended && !progress->stale)
            g_cond_wait(&progress->changed, &progress->lock);
    }
    g_mutex_unlock(&progress->lock);
    return NULL;
}

Progress *progress_new(FILE *stream) {
    Progress *progress = g_new0(Progress, 1);
    progress->stream = stream;
    progress->text = g_strdup("");
    g_mutex_init(&progress->lock);
    g_cond_init(&progress->changed);
    if (terminal_is_interactive(stream) && !is_dumb())
        progress->thread = g_thread_new("progress", draw_until_ended, progress);
    return progress;
}

void progress_update(Progress *progress, const char *format, ...) {
    if (progress->thread == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    char *clean = g_strdelimit(terminal_clean(text), "\n\t", ' ');
    g_mutex_lock(&progress->lock);
    g_free(progress->text);
    progress->text = clean;
    progress->stale = true;
    g_cond_signal(&progress->changed);
    g_mutex_unlock(&progress->lock);
}

void progress_line(Progress *progress, const char *line) {
    g_mutex_lock(&progress->lock);
    bool was_shown = progress->shown;
    erase(progress);
    fprintf(progress->stream, "%s\n", line);
    fflush(progress->stream);
    if (was_shown)
        draw(progress);
    g_mutex_unlock(&progress->lock);
}

void progress_free(Progress *progress) {
    if (progress == NULL)
        return;
    g_mutex_lock(&progress->lock);
    progress->ended = true;
    g_cond_signal(&progress->changed);
    g_mutex_unlock(&progress->lock);
    if (progress->thread != NULL)
        g_thread_join(progress->thread);
    erase(progress);
    g_mutex_clear(&progress->lock);
    g_cond_clear(&progress->changed);
    g_free(progress->text);
    g_free(progress);
}

bool terminal_confirm(const char *question) {
    char answer[ANSWER_SIZE];
    if (!terminal_is_interactive(stdin))
        return false;
    g_autofree char *clean = terminal_clean(question);
    fprintf(stderr, "%s [y/N] ", clean);
    fflush(stderr);
    if (fgets(answer, sizeof answer, stdin) == NULL)
        return false;
    g_strstrip(answer);
    return g_ascii_strcasecmp(answer, "y") == 0 || g_ascii_strcasecmp(answer, "yes") == 0;
}
