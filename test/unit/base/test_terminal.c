/* SPDX-License-Identifier: Apache-2.0 */
/* On a real pseudo-terminal, whose other end the test reads. */
#include "base/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

typedef struct {
    int screen; /* what a terminal would show comes out here */
    FILE *stream;
} Fixture;

static void fixture_start(Fixture *fixture, gconstpointer data) {
    g_setenv("TERM", "xterm", TRUE);
    g_unsetenv("NO_COLOR");
    fixture->screen = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert_cmpint(fixture->screen, >=, 0);
    g_assert_cmpint(grantpt(fixture->screen), ==, 0);
    g_assert_cmpint(unlockpt(fixture->screen), ==, 0);
    int terminal = open(ptsname(fixture->screen), O_RDWR | O_NOCTTY | O_CLOEXEC);
    fixture->stream = fdopen(terminal, "r+");
    g_assert_nonnull(fixture->stream);
}

static void fixture_stop(Fixture *fixture, gconstpointer data) {
    if (fixture->stream != NULL)
        fclose(fixture->stream);
    close(fixture->screen);
}

/* What came out within `ms`, or until `expected` did. */
static char *seen(Fixture *fixture, const char *expected, int ms) {
    g_autoptr(GString) text = g_string_new(NULL);
    gint64 deadline = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;
    while (g_get_monotonic_time() < deadline && (expected == NULL || strstr(text->str, expected) == NULL)) {
        struct pollfd polled = {.fd = fixture->screen, .events = POLLIN};
        char data[512];
        if (poll(&polled, 1, 10) <= 0)
            continue;
        ssize_t length = read(fixture->screen, data, sizeof data);
        if (length <= 0)
            break;
        g_string_append_len(text, data, length);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void colour_is_for_terminals(Fixture *fixture, gconstpointer data) {
    g_assert_true(terminal_is_interactive(fixture->stream));
    g_assert_true(terminal_has_colour(fixture->stream));
    FILE *file = tmpfile();
    g_assert_false(terminal_is_interactive(file));
    g_assert_false(terminal_has_colour(file));
    fclose(file);
}

static void colour_can_be_declined(Fixture *fixture, gconstpointer data) {
    g_setenv("NO_COLOR", "1", TRUE);
    g_assert_false(terminal_has_colour(fixture->stream));
    g_setenv("NO_COLOR", "", TRUE);
    g_assert_true(terminal_has_colour(fixture->stream));
    g_setenv("TERM", "dumb", TRUE);
    g_assert_false(terminal_has_colour(fixture->stream));
}

static void the_width_is_the_terminals(Fixture *fixture, gconstpointer data) {
    struct winsize size = {.ws_row = 24, .ws_col = 132};
    g_assert_cmpint(ioctl(fixture->screen, TIOCSWINSZ, &size), ==, 0);
    g_assert_cmpint(terminal_width(fixture->stream), ==, 132);
    FILE *file = tmpfile();
    g_assert_cmpint(terminal_width(file), ==, 80);
    fclose(file);
}

static void a_style_is_put_around(Fixture *fixture, gconstpointer data) {
    static const struct {
        bool colour;
        Style style;
        const char *expected;
    } rows[] = {{true, STYLE_RED, "\033[31mx\033[0m"},
                {true, STYLE_BOLD, "\033[1mx\033[0m"},
                {true, STYLE_NONE, "x"},
                {false, STYLE_RED, "x"}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *styled = terminal_style(rows[i].colour, rows[i].style, "x");
        g_assert_cmpstr(styled, ==, rows[i].expected);
    }
}

static void nothing_that_drives_a_terminal_gets_through(Fixture *fixture, gconstpointer data) {
    static const char *const rows[][2] = {
        {"\033[2Jx", "�[2Jx"},
        {"a\rb\bc\a", "a�b�c�"},
        {"two\nlines\tand", "two\nlines\tand"},
        {"\302\233"
         "31m",
         "�31m"},
        {"\377bad", "�bad"},
        {"\177", "�"},
        {"\342\200\256x", "�x"},
        {"grün ✓ 日本", "grün ✓ 日本"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *clean = terminal_clean(rows[i][0]);
        g_autofree char *styled = terminal_style(false, STYLE_RED, rows[i][0]);
        g_assert_cmpstr(clean, ==, rows[i][1]);
        g_assert_cmpstr(styled, ==, rows[i][1]);
    }
}

static void width_is_that_of_the_screen(Fixture *fixture, gconstpointer data) {
    g_assert_cmpint(terminal_text_width("abc"), ==, 3);
    g_assert_cmpint(terminal_text_width("grün"), ==, 4);
    g_assert_cmpint(terminal_text_width("日本"), ==, 4);
    g_assert_cmpint(terminal_text_width("e\314\201"), ==, 1);
    g_assert_cmpint(terminal_text_width(""), ==, 0);
}

static void short_work_shows_nothing(Fixture *fixture, gconstpointer data) {
    Progress *progress = progress_new(fixture->stream);
    progress_update(progress, "step %d", 1);
    progress_free(progress);
    g_autofree char *text = seen(fixture, NULL, 50);
    g_assert_cmpstr(text, ==, "");
}

static void long_work_is_shown_after_a_second_and_erased(Fixture *fixture, gconstpointer data) {
    Progress *progress = progress_new(fixture->stream);
    progress_update(progress, "step %d", 1);
    g_autofree char *early = seen(fixture, "step", 700);
    g_assert_cmpstr(early, ==, "");
    g_autofree char *first = seen(fixture, "step 1", 5000);
    g_assert_cmpstr(first, ==, "\r\033[Kstep 1");
    progress_update(progress, "step\n%d", 2);
    g_autofree char *second = seen(fixture, "step 2", 5000);
    g_assert_cmpstr(second, ==, "\r\033[Kstep 2");
    progress_free(progress);
    g_autofree char *end = seen(fixture, "\033[K", 5000);
    g_assert_cmpstr(end, ==, "\r\033[K");
}

static void a_progress_line_never_wraps(Fixture *fixture, gconstpointer data) {
    struct winsize size = {.ws_row = 24, .ws_col = 8};
    g_assert_cmpint(ioctl(fixture->screen, TIOCSWINSZ, &size), ==, 0);
    g_autoptr(Progress) progress = progress_new(fixture->stream);
    progress_update(progress, "日本日本日本");
    g_autofree char *text = seen(fixture, "日本日", 5000);
    g_assert_cmpstr(text, ==, "\r\033[K日本日");
}

static void a_line_goes_above_the_progress(Fixture *fixture, gconstpointer data) {
    Progress *progress = progress_new(fixture->stream);
    progress_update(progress, "working");
    g_autofree char *shown = seen(fixture, "working", 5000);
    progress_line(progress, "\033[1mdone:\033[0m one");
    g_autofree char *text = seen(fixture, "working", 5000);
    g_assert_cmpstr(text, ==, "\r\033[K\033[1mdone:\033[0m one\r\n\r\033[Kworking");
    progress_free(progress);
}

static void a_file_gets_the_lines_alone(Fixture *fixture, gconstpointer data) {
    FILE *file = tmpfile();
    Progress *progress = progress_new(file);
    progress_update(progress, "working");
    progress_line(progress, "a line");
    g_usleep(1200 * 1000);
    progress_free(progress);
    char text[64] = "";
    rewind(file);
    gsize length = fread(text, 1, sizeof text - 1, file);
    g_assert_cmpmem(text, length, "a line\n", 7);
    fclose(file);
}

enum { UPDATES = 200 };

static gpointer update_often(gpointer user_data) {
    for (int i = 0; i < UPDATES; i++) {
        progress_update(user_data, "update %d", i);
        if (i % 50 == 0)
            progress_line(user_data, "line");
    }
    return NULL;
}

static void threads_share_a_progress(Fixture *fixture, gconstpointer data) {
    GThread *threads[4];
    Progress *progress = progress_new(fixture->stream);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("update", update_often, progress);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_autofree char *text = seen(fixture, "update", 5000);
    progress_free(progress);
    g_assert_nonnull(strstr(text, "line\r\n"));
    g_assert_nonnull(strstr(text, "update"));
}

/* Asks with standard input and error at the terminal of the fixture. */
static bool ask(Fixture *fixture, const char *answer) {
    int input = dup(STDIN_FILENO);
    int error = dup(STDERR_FILENO);
    dup2(fileno(fixture->stream), STDIN_FILENO);
    dup2(fileno(fixture->stream), STDERR_FILENO);
    g_assert_cmpint(write(fixture->screen, answer, strlen(answer)), ==, (gssize)strlen(answer));
    bool confirmed = terminal_confirm("Apply it?");
    dup2(input, STDIN_FILENO);
    dup2(error, STDERR_FILENO);
    close(input);
    close(error);
    return confirmed;
}

static void only_yes_confirms(Fixture *fixture, gconstpointer data) {
    static const struct {
        const char *answer;
        bool confirmed;
    } rows[] = {{"yes\n", true}, {"y\n", true},     {" YES \n", true}, {"no\n", false},
                {"\n", false},   {"yess\n", false}, {"n\n", false}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(ask(fixture, rows[i].answer), ==, rows[i].confirmed);
    g_autofree char *text = seen(fixture, "Apply it? [y/N] ", 5000);
    g_assert_nonnull(strstr(text, "Apply it? [y/N] "));
}

static void nobody_there_confirms_nothing(Fixture *fixture, gconstpointer data) {
    int input = dup(STDIN_FILENO);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    g_assert_false(terminal_confirm("Apply it?"));
    dup2(input, STDIN_FILENO);
    close(input);
    close(null);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define CASE(name) g_test_add("/terminal/" #name, Fixture, NULL, fixture_start, name, fixture_stop)
    CASE(colour_is_for_terminals);
    CASE(colour_can_be_declined);
    CASE(the_width_is_the_terminals);
    CASE(a_style_is_put_around);
    CASE(nothing_that_drives_a_terminal_gets_through);
    CASE(width_is_that_of_the_screen);
    CASE(short_work_shows_nothing);
    CASE(long_work_is_shown_after_a_second_and_erased);
    CASE(a_progress_line_never_wraps);
    CASE(a_line_goes_above_the_progress);
    CASE(a_file_gets_the_lines_alone);
    CASE(threads_share_a_progress);
    CASE(only_yes_confirms);
    CASE(nobody_there_confirms_nothing);
    return g_test_run();
}
