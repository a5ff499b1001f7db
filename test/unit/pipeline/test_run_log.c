/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/run_log.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

#define STAMP "0000-00-00T00:00:00.000Z " /* as long as a time and its blank */
#define FULL "the log is full: what follows is not kept"

typedef struct {
    char *folder, *path;
    RunLog *log;
} Setup;

static RunLog *open_log(const Setup *setup) {
    g_autoptr(GError) error = NULL;
    RunLog *log = run_log_open(setup->path, "build", &error);
    g_assert_no_error(error);
    return log;
}

static void set_up(Setup *setup, gconstpointer unused) {
    setup->folder = g_dir_make_tmp("sluice-log-XXXXXX", NULL);
    setup->path = g_build_filename(setup->folder, "runs", "01", "log", NULL);
    setup->log = open_log(setup);
}

static void tear_down(Setup *setup, gconstpointer unused) {
    run_log_free(setup->log);
    g_assert_true(files_remove_tree(setup->folder, NULL));
    g_free(setup->folder);
    g_free(setup->path);
}

static char *content(const Setup *setup) {
    char *text = NULL;
    g_assert_true(g_file_get_contents(setup->path, &text, NULL, NULL));
    return text;
}

/* All lines without their times, which must look like times. */
static char *lines_in(const Setup *setup) {
    g_autofree char *text = content(setup);
    g_autoptr(GString) lines = g_string_new(NULL);
    g_auto(GStrv) split = g_strsplit(text, "\n", -1);
    for (char **line = split; *line != NULL && **line != '\0'; line++) {
        g_assert_true(
            g_regex_match_simple("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z ", *line, 0, 0));
        g_string_append_printf(lines, "%s\n", *line + strlen(STAMP));
    }
    return g_string_free(g_steal_pointer(&lines), FALSE);
}

static void assert_lines(const Setup *setup, const char *expected) {
    g_autofree char *lines = lines_in(setup);
    g_assert_cmpstr(lines, ==, expected);
}

static void a_line_has_time_step_and_text(Setup *setup, gconstpointer unused) {
    run_log_line(setup->log, "%s %d", "number", 7);
    run_log_step(setup->log, "publish");
    run_log_line(setup->log, "done");
    assert_lines(setup, "build  number 7\npublish  done\n");
}

static void lines_of_a_text_are_lines_of_the_log(Setup *setup, gconstpointer unused) {
    run_log_line(setup->log, "one\ntwo\r\n\nfour\n");
    run_log_line(setup->log, "%s", "");
    assert_lines(setup, "build  one\nbuild  two\nbuild  \nbuild  four\nbuild  \n");
}

static void only_we_may_read_it(Setup *setup, gconstpointer unused) {
    struct stat information;
    g_assert_cmpint(stat(setup->path, &information), ==, 0);
    g_assert_cmpint(information.st_mode & 0777, ==, 0600);
}

static void nothing_drives_a_terminal(Setup *setup, gconstpointer unused) {
    run_log_line(setup->log, "a\033[2Jclear\a b\377c\xe2\x80\xae tab\there");
    assert_lines(setup, "build  a\uFFFD[2Jclear\uFFFD b\uFFFDc\uFFFD tab\there\n");
}

static void colours_are_left_out(Setup *setup, gconstpointer unused) {
    run_log_mask(setup->log, "hunter22");
    run_log_line(setup->log, "[\033[1;31mERROR\033[m] hun\033[0mter22\033[");
    assert_lines(setup, "build  [ERROR] •••\uFFFD[\n");
}

static void a_line_of_a_build_cannot_pose_as_another(Setup *setup, gconstpointer unused) {
    run_log_line(setup->log, "x\r2026-01-31T12:34:56.789Z approve  by all");
    assert_lines(setup, "build  x\uFFFD2026-01-31T12:34:56.789Z approve  by all\n");
}

static void secrets_are_masked(Setup *setup, gconstpointer unused) {
    run_log_mask(setup->log, "hunter22");
    run_log_mask(setup->log, "hunter22-and-more");
    run_log_mask(setup->log, "abc");
    run_log_line(setup->log, "hunter22, xhunter22y hunter22hunter22 hunter22-and-more abc hunter2");
    assert_lines(setup, "build  •••, x•••y •••••• ••• abc hunter2\n");
}

static void every_line_of_a_secret_is_masked(Setup *setup, gconstpointer unused) {
    run_log_mask(setup->log, "first line\r\n  second \n\nxyz\n");
    run_log_line(setup->log, "first line");
    run_log_line(setup->log, "[second] xyz");
    assert_lines(setup, "build  •••\nbuild  [•••] xyz\n");
}

static void a_secret_of_odd_bytes_is_masked(Setup *setup, gconstpointer unused) {
    run_log_mask(setup->log, "p\033\377ss");
    run_log_line(setup->log, "<p\033\377ss>");
    assert_lines(setup, "build  <•••>\n");
}

static void a_message_is_masked_too(Setup *setup, gconstpointer unused) {
    run_log_mask(setup->log, "hunter22");
    g_autofree char *text = run_log_masked(setup->log, "the password\nis \ahunter22");
    g_assert_cmpstr(text, ==, "the password\nis \uFFFD•••");
}

static void a_long_line_is_cut_at_a_character(Setup *setup, gconstpointer unused) {
    g_autofree char *half = g_strnfill(8191, 'e');
    g_autofree char *fits = g_strnfill(8192, 'f');
    run_log_line(setup->log, "%s€€€", half);
    run_log_line(setup->log, "%s", fits);
    g_autofree char *lines = lines_in(setup);
    g_auto(GStrv) split = g_strsplit(lines, "\n", -1);
    g_assert_true(g_str_has_suffix(split[0], "ee…"));
    g_assert_cmpuint(strlen(split[0]), ==, strlen("build  ") + 8192);
    g_assert_true(g_str_has_suffix(split[1], "ff"));
    g_assert_true(g_utf8_validate(lines, -1, NULL));
}

/* Masks shorten a line, so that its end, cut off in the middle of a secret, would be shown. */
static void half_a_secret_at_a_cut_is_masked(Setup *setup, gconstpointer unused) {
    g_autofree char *secret = g_strnfill(5000, 's');
    secret[0] = 'a';
    run_log_mask(setup->log, secret);
    run_log_line(setup->log, "%s%s%.4000s", secret, secret, secret);
    assert_lines(setup, "build  •••••••••\n");
}

static void it_goes_on_where_it_was(Setup *setup, gconstpointer unused) {
    run_log_line(setup->log, "before");
    run_log_free(setup->log);
    setup->log = open_log(setup);
    run_log_line(setup->log, "after");
    assert_lines(setup, "build  before\nbuild  after\n");
}

static void a_torn_line_is_ended_first(Setup *setup, gconstpointer unused) {
    run_log_free(setup->log);
    g_assert_true(g_file_set_contents(setup->path, STAMP "build  hal", -1, NULL));
    setup->log = open_log(setup);
    run_log_line(setup->log, "after");
    assert_lines(setup, "build  hal\nbuild  after\n");
}

static void a_line_cut_off_by_a_full_disk_is_ended(Setup *setup, gconstpointer unused) {
    struct rlimit before;
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = {strlen(STAMP "build  ha"), before.rlim_max};
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    run_log_line(setup->log, "half a line");
    run_log_line(setup->log, "lost");
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    run_log_line(setup->log, "after");
    signal(SIGXFSZ, handler);
    assert_lines(setup, "build  ha\nbuild  after\n");
}

static void a_link_is_not_followed(Setup *setup, gconstpointer unused) {
    g_autofree char *path = g_build_filename(setup->folder, "link", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(symlink(setup->path, path), ==, 0);
    g_assert_null(run_log_open(path, "", &error));
    g_assert_nonnull(error);
}

static guint64 size_of(const Setup *setup) {
    GStatBuf information;
    g_assert_cmpint(g_stat(setup->path, &information), ==, 0);
    return (guint64)information.st_size;
}

static void reopen(Setup *setup) {
    run_log_free(setup->log);
    setup->log = open_log(setup);
}

/* A long log, mostly a hole. */
static void the_file_has_an_end_that_says_so(Setup *setup, gconstpointer unused) {
    static const off_t limit = (off_t)64 * 1024 * 1024;
    g_autofree char *line = g_strnfill(4000, 'l');
    g_assert_cmpint(truncate(setup->path, limit - 6000), ==, 0);
    reopen(setup);
    run_log_line(setup->log, "%s", line);
    g_assert_cmpuint(size_of(setup), >, (guint64)limit - 2000);
    run_log_line(setup->log, "%s", line);
    guint64 size = size_of(setup);
    g_assert_cmpuint(size, <, (guint64)limit);
    run_log_line(setup->log, "more");
    reopen(setup);
    run_log_line(setup->log, "more");
    g_assert_cmpuint(size_of(setup), ==, size);
    g_autofree char *end = g_malloc0(5000);
    int file = open(setup->path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(pread(file, end, 4999, (off_t)size - 4999), ==, 4999);
    close(file);
    g_auto(GStrv) lines = g_strsplit(memchr(end, 'l', 4999), "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 3);
    g_assert_true(g_str_has_suffix(lines[1], "build  " FULL));
}

static void a_build_cannot_end_it(Setup *setup, gconstpointer unused) {
    run_log_line(setup->log, FULL);
    run_log_free(setup->log);
    setup->log = open_log(setup);
    run_log_line(setup->log, "more");
    assert_lines(setup, "build  " FULL "\nbuild  more\n");
}

static void remember_size(guint64 size, gpointer user_data) {
    guint64 *last = user_data;
    g_assert_cmpuint(size, >, *last);
    *last = size;
}

static void who_listens_is_told_the_size(Setup *setup, gconstpointer unused) {
    guint64 size = 0;
    run_log_listen(setup->log, remember_size, &size);
    run_log_line(setup->log, "one");
    g_assert_cmpuint(size, ==, strlen(STAMP "build  one\n"));
    run_log_line(setup->log, "two\nthree");
    g_assert_cmpuint(size, ==, size_of(setup));
}

static gpointer write_many(gpointer user_data) {
    for (int i = 0; i < 200; i++)
        run_log_line(user_data, "first of a pair\nsecond of a pair");
    return NULL;
}

static void threads_write_whole_texts(Setup *setup, gconstpointer unused) {
    GThread *threads[4];
    g_autoptr(GString) expected = g_string_new(NULL);
    guint64 size = 0;
    run_log_listen(setup->log, remember_size, &size);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("write", write_many, setup->log);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    for (int i = 0; i < 800; i++)
        g_string_append(expected, "build  first of a pair\nbuild  second of a pair\n");
    assert_lines(setup, expected->str);
}

#define CASE(name) g_test_add("/run_log/" #name, Setup, NULL, set_up, name, tear_down)

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    CASE(a_line_has_time_step_and_text);
    CASE(lines_of_a_text_are_lines_of_the_log);
    CASE(only_we_may_read_it);
    CASE(nothing_drives_a_terminal);
    CASE(colours_are_left_out);
    CASE(a_line_of_a_build_cannot_pose_as_another);
    CASE(secrets_are_masked);
    CASE(every_line_of_a_secret_is_masked);
    CASE(a_secret_of_odd_bytes_is_masked);
    CASE(a_message_is_masked_too);
    CASE(a_long_line_is_cut_at_a_character);
    CASE(half_a_secret_at_a_cut_is_masked);
    CASE(it_goes_on_where_it_was);
    CASE(a_torn_line_is_ended_first);
    CASE(a_line_cut_off_by_a_full_disk_is_ended);
    CASE(a_link_is_not_followed);
    CASE(the_file_has_an_end_that_says_so);
    CASE(a_build_cannot_end_it);
    CASE(who_listens_is_told_the_size);
    CASE(threads_write_whole_texts);
    return g_test_run();
}
