/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

#define SHELL(script) ((const char *const[]){"sh", "-c", script, NULL})

static ProcessResult *run(ProcessSpec spec) {
    g_autoptr(GError) error = NULL;
    ProcessResult *result = process_run(&spec, &error);
    g_assert_no_error(error);
    g_assert_nonnull(result);
    return result;
}

static void assert_fails(ProcessSpec spec, int code) {
    g_autoptr(GError) error = NULL;
    g_assert_null(process_run(&spec, &error));
    g_assert_error(error, BASE_ERROR, code);
}

/* A pid that a script wrote; it may take a moment. */
static GPid pid_in(const char *path) {
    for (int tries = 0; tries < 200; tries++) {
        g_autofree char *text = NULL;
        if (g_file_get_contents(path, &text, NULL, NULL) && strchr(text, '\n') != NULL)
            return (GPid)g_ascii_strtoll(text, NULL, 10);
        g_usleep(20 * 1000);
    }
    g_assert_not_reached();
}

static bool is_gone_soon(GPid pid) {
    for (int tries = 0; tries < 200; tries++) {
        if (process_identify(pid).started == 0)
            return true;
        g_usleep(20 * 1000);
    }
    return false;
}

static char *folder_make(void) {
    char *folder = g_dir_make_tmp("sluice-process-XXXXXX", NULL);
    g_assert_nonnull(folder);
    return folder;
}

static void folder_remove(const char *folder) {
    g_autoptr(ProcessResult) removed =
        run((ProcessSpec){.argv = (const char *const[]){"rm", "-r", folder, NULL}});
    g_assert_cmpint(removed->status, ==, 0);
}

static void output_error_and_status_come_back(void) {
    g_autoptr(ProcessResult) result = run((ProcessSpec){.argv = SHELL("printf out; printf err >&2; exit 7")});
    g_assert_cmpint(result->status, ==, 7);
    g_assert_cmpstr(result->output, ==, "out");
    g_assert_cmpuint(result->length, ==, 3);
    g_assert_cmpstr(result->error_output, ==, "err");
}

static void a_signal_is_128_and_its_number(void) {
    g_autoptr(ProcessResult) result = run((ProcessSpec){.argv = SHELL("kill -9 $$")});
    g_assert_cmpint(result->status, ==, 137);
}

static void a_missing_program_is_not_found(void) {
    assert_fails((ProcessSpec){.argv = (const char *const[]){"sluice-no-such-program", NULL}},
                 BASE_ERROR_NOT_FOUND);
}

static void a_missing_folder_is_another_failure(void) {
    assert_fails((ProcessSpec){.argv = SHELL("true"), .directory = "/no/such/folder"}, BASE_ERROR_FAILED);
}

static void it_runs_in_its_folder(void) {
    g_autoptr(ProcessResult) result = run((ProcessSpec){.argv = SHELL("pwd"), .directory = "/usr"});
    g_assert_cmpstr(result->output, ==, "/usr\n");
}

static void input_is_read_to_its_end(void) {
    g_autofree char *text = g_strnfill(3 * 1024 * 1024, 'i');
    g_autoptr(ProcessResult) result = run((ProcessSpec){.argv = SHELL("cat"), .input = text});
    g_assert_cmpstr(result->output, ==, text);
}

static void input_that_nobody_reads_does_no_harm(void) {
    g_autofree char *text = g_strnfill(3 * 1024 * 1024, 'i');
    g_autoptr(ProcessResult) result = run((ProcessSpec){.argv = SHELL("true"), .input = text});
    g_assert_cmpint(result->status, ==, 0);
}

static void no_input_is_an_empty_one(void) {
    g_autoptr(ProcessResult) result = run((ProcessSpec){.argv = SHELL("cat")});
    g_assert_cmpuint(result->length, ==, 0);
}

static void much_on_both_pipes_is_no_deadlock(void) {
    static const char script[] =
        "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo out$i; echo error$i >&2; done; "
        "head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero";
    g_autoptr(ProcessResult) result = run((ProcessSpec){.argv = SHELL(script)});
    g_assert_cmpint(result->status, ==, 0);
    g_assert_cmpuint(result->length, >, 1000000);
}

static void the_end_of_standard_error_is_kept(void) {
    g_autoptr(ProcessResult) result =
        run((ProcessSpec){.argv = SHELL("head -c 300000 /dev/zero | tr '\\0' e >&2; printf last >&2")});
    g_assert_cmpuint(strlen(result->error_output), ==, 64 * 1024);
    g_assert_true(g_str_has_suffix(result->error_output, "eelast"));
}

static void standard_error_is_made_valid_text(void) {
    g_autoptr(ProcessResult) result = run((ProcessSpec){.argv = SHELL("printf 'a\\377b' >&2")});
    g_assert_cmpstr(result->error_output, ==, "a\357\277\275b");
}

static void output_has_a_limit(void) {
    g_autoptr(ProcessResult) fits = run((ProcessSpec){.argv = SHELL("printf 12345"), .limit = 5});
    g_assert_cmpstr(fits->output, ==, "12345");
    assert_fails((ProcessSpec){.argv = SHELL("printf 123456"), .limit = 5}, BASE_ERROR_LIMIT);
    assert_fails((ProcessSpec){.argv = SHELL("yes"), .limit = 100000}, BASE_ERROR_LIMIT);
}

static void a_flood_of_errors_meets_the_deadline(void) {
    assert_fails((ProcessSpec){.argv = SHELL("yes >&2"), .timeout_ms = 300}, BASE_ERROR_TIMEOUT);
}

static void a_timeout_ends_children_too(void) {
    g_autofree char *folder = folder_make();
    g_autofree char *path = g_build_filename(folder, "pid", NULL);
    assert_fails((ProcessSpec){.argv = SHELL("sleep 60 & echo $! > pid; wait"),
                               .directory = folder,
                               .timeout_ms = 500},
                 BASE_ERROR_TIMEOUT);
    g_assert_true(is_gone_soon(pid_in(path)));
    folder_remove(folder);
}

static void who_ignores_sigterm_is_killed(void) {
    gint64 begun = g_get_monotonic_time();
    assert_fails((ProcessSpec){.argv = SHELL("trap '' TERM; while :; do sleep 1; done"), .timeout_ms = 200},
                 BASE_ERROR_TIMEOUT);
    gint64 took = g_get_monotonic_time() - begun;
    g_assert_cmpint(took, >=, 2 * G_USEC_PER_SEC);
    g_assert_cmpint(took, <, 10 * G_USEC_PER_SEC);
}

static void who_heeds_sigterm_can_tidy_up(void) {
    g_autofree char *folder = folder_make();
    g_autofree char *path = g_build_filename(folder, "tidied", NULL);
    assert_fails(
        (ProcessSpec){.argv = SHELL("trap 'echo done > tidied; exit' TERM; while :; do sleep 0.1; done"),
                      .directory = folder,
                      .timeout_ms = 500},
        BASE_ERROR_TIMEOUT);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    folder_remove(folder);
}

static gpointer cancel_soon(gpointer user_data) {
    g_usleep(200 * 1000);
    g_cancellable_cancel(user_data);
    return NULL;
}

static void a_cancel_ends_it_at_once(void) {
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    GThread *thread = g_thread_new("cancel", cancel_soon, cancellable);
    gint64 begun = g_get_monotonic_time();
    assert_fails((ProcessSpec){.argv = SHELL("sleep 60"), .cancellable = cancellable}, BASE_ERROR_CANCELLED);
    g_assert_cmpint(g_get_monotonic_time() - begun, <, 2 * G_USEC_PER_SEC);
    g_thread_join(thread);
}

static void what_stays_in_the_background_is_not_waited_for(void) {
    g_autofree char *folder = folder_make();
    g_autofree char *path = g_build_filename(folder, "pid", NULL);
    gint64 begun = g_get_monotonic_time();
    g_autoptr(ProcessResult) result =
        run((ProcessSpec){.argv = SHELL("sleep 60 & echo $! > pid; echo begun"), .directory = folder});
    g_assert_cmpint(g_get_monotonic_time() - begun, <, 5 * G_USEC_PER_SEC);
    g_assert_cmpstr(result->output, ==, "begun\n");
    GPid pid = pid_in(path);
    g_assert_cmpuint(process_identify(pid).started, >, 0);
    kill(pid, SIGKILL);
    folder_remove(folder);
}

static void no_zombie_is_left(void) {
    g_autoptr(ProcessResult) result = run((ProcessSpec){.argv = SHELL("true")});
    assert_fails((ProcessSpec){.argv = SHELL("sleep 60"), .timeout_ms = 100}, BASE_ERROR_TIMEOUT);
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
    g_assert_cmpint(errno, ==, ECHILD);
}

static void the_environment_can_be_added_to(void) {
    static const char *const added[] = {"SLUICE_TEST_A=new=1", NULL};
    g_setenv("SLUICE_TEST_A", "old", TRUE);
    g_setenv("SLUICE_TEST_B", "kept", TRUE);
    g_autoptr(ProcessResult) result =
        run((ProcessSpec){.argv = SHELL("echo $SLUICE_TEST_A $SLUICE_TEST_B"), .set_env = added});
    g_assert_cmpstr(result->output, ==, "new=1 kept\n");
}

static void the_environment_can_be_cleared(void) {
    static const char *const kept[] = {"SLUICE_TEST_B", "SLUICE_TEST_UNSET", NULL};
    static const char *const added[] = {"C=3", NULL};
    g_setenv("SLUICE_TEST_A", "secret", TRUE);
    g_setenv("SLUICE_TEST_B", "kept", TRUE);
    g_autoptr(ProcessResult) result = run(
        (ProcessSpec){.argv = (const char *const[]){"env", NULL}, .set_env = added, .clear_env_but = kept});
    g_assert_cmpstr(result->output, ==, "SLUICE_TEST_B=kept\nC=3\n");
}

static void a_blocked_signal_is_not_passed_on(void) {
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    gint64 begun = g_get_monotonic_time();
    assert_fails((ProcessSpec){.argv = SHELL("sleep 60"), .timeout_ms = 100}, BASE_ERROR_TIMEOUT);
    g_assert_cmpint(g_get_monotonic_time() - begun, <, 1900 * 1000);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void there_is_no_terminal_to_wait_at(void) {
    g_autoptr(ProcessResult) result =
        run((ProcessSpec){.argv = SHELL("read x < /dev/tty"), .timeout_ms = 5000});
    g_assert_cmpint(result->status, !=, 0);
}

static void our_files_are_not_passed_on(void) {
    int ours = dup(STDERR_FILENO);
    g_autofree char *script = g_strdup_printf("[ ! -e /proc/self/fd/%d ]", ours);
    g_autoptr(ProcessResult) result = run((ProcessSpec){.argv = SHELL(script)});
    g_assert_cmpint(result->status, ==, 0);
    close(ours);
}

static void add_line(const char *text, gpointer user_data) {
    g_string_append_printf(user_data, "<%s>", text);
}

static ProcessResult *run_lines(const char *script, GString *lines) {
    return run((ProcessSpec){.argv = SHELL(script), .line = add_line, .user_data = lines});
}

static void lines_of_both_streams_come_in_their_order(void) {
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autoptr(ProcessResult) result =
        run_lines("echo one; echo two >&2; echo three; printf 'fo'; printf 'ur' >&2; exit 3", lines);
    g_assert_cmpstr(lines->str, ==, "<one><two><three><four>");
    g_assert_cmpint(result->status, ==, 3);
    g_assert_cmpstr(result->output, ==, "");
    g_assert_cmpstr(result->error_output, ==, "one\ntwo\nthree\nfour");
}

static void a_line_ends_in_three_ways(void) {
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autoptr(ProcessResult) result = run_lines("printf 'a\\r\\nb\\n\\nc 10%%\\rc 20%%\\rd\\000d\\n'", lines);
    g_assert_cmpstr(lines->str, ==, "<a><b><><c 10%><c 20%><dd>");
}

static void a_line_has_a_limit_and_the_rest_goes(void) {
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autoptr(ProcessResult) result =
        run_lines("head -c 300000 /dev/zero | tr '\\0' e; echo; echo next", lines);
    g_assert_cmpuint(lines->len, ==, PROCESS_LINE_LIMIT + strlen("<><next>"));
    g_assert_true(g_str_has_suffix(lines->str, "e><next>"));
}

static void touch_on_line(const char *text, gpointer user_data) {
    g_assert_cmpstr(text, ==, "begun");
    g_assert_true(g_file_set_contents(user_data, "", 0, NULL));
}

static void lines_come_while_the_program_runs(void) {
    g_autofree char *folder = folder_make();
    g_autofree char *go = g_build_filename(folder, "go", NULL);
    g_autoptr(ProcessResult) result =
        run((ProcessSpec){.argv = SHELL("echo begun; while [ ! -e go ]; do sleep 0.05; done"),
                          .directory = folder,
                          .line = touch_on_line,
                          .user_data = go,
                          .timeout_ms = 60000});
    g_assert_cmpint(result->status, ==, 0);
    folder_remove(folder);
}

static void a_cancel_keeps_no_line_back(void) {
    g_autoptr(GString) lines = g_string_new(NULL);
    assert_fails((ProcessSpec){.argv = SHELL("printf unended; sleep 60"),
                               .line = add_line,
                               .user_data = lines,
                               .timeout_ms = 500},
                 BASE_ERROR_TIMEOUT);
    g_assert_cmpstr(lines->str, ==, "<unended>");
}

static void what_stays_in_the_background_can_be_ended(void) {
    g_autofree char *folder = folder_make();
    g_autofree char *path = g_build_filename(folder, "pid", NULL);
    g_autoptr(ProcessResult) result = run((ProcessSpec){
        .argv = SHELL("sleep 60 & echo $! > pid; exit 4"), .directory = folder, .end_group = true});
    g_assert_cmpint(result->status, ==, 4);
    g_assert_true(is_gone_soon(pid_in(path)));
    folder_remove(folder);
}

static void output_comes_without_its_newline(void) {
    g_autofree char *output = process_output(&(ProcessSpec){.argv = SHELL("echo one")}, NULL);
    g_assert_cmpstr(output, ==, "one");
}

static void a_failure_tells_the_last_lines(void) {
    g_autoptr(GError) error = NULL;
    ProcessSpec spec = {.argv = SHELL("for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 3")};
    g_assert_null(process_output(&spec, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_EXIT);
    g_assert_cmpstr(error->message, ==, "'sh' ended with status 3: line 3\nline 4\nline 5\nline 6\nline 7");
}

static void a_failure_without_words_is_told(void) {
    g_autoptr(GError) error = NULL;
    g_assert_null(process_output(&(ProcessSpec){.argv = SHELL("exit 3")}, &error));
    g_assert_cmpstr(error->message, ==, "'sh' ended with status 3");
}

static void a_long_line_is_cut(void) {
    g_autoptr(GError) error = NULL;
    ProcessSpec spec = {.argv = SHELL("head -c 50000 /dev/zero | tr '\\0' e >&2; exit 3")};
    g_assert_null(process_output(&spec, &error));
    g_assert_cmpuint(strlen(error->message), <, 1100);
}

static gpointer run_many(gpointer user_data) {
    int good = 0;
    for (int i = 0; i < 10; i++) {
        g_autofree char *output =
            process_output(&(ProcessSpec){.argv = SHELL("cat"), .input = user_data}, NULL);
        good += g_strcmp0(output, user_data) == 0;
    }
    return GINT_TO_POINTER(good);
}

static void threads_run_programs_side_by_side(void) {
    static char inputs[][8] = {"one", "two", "three", "four"};
    GThread *threads[G_N_ELEMENTS(inputs)];
    for (gsize i = 0; i < G_N_ELEMENTS(inputs); i++)
        threads[i] = g_thread_new("run", run_many, inputs[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(inputs); i++)
        g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(threads[i])), ==, 10);
}

static GPid start_daemon(const char *folder, const char *script) {
    g_autoptr(GError) error = NULL;
    g_autofree char *log = g_build_filename(folder, "log", NULL);
    GPid pid = process_spawn_daemon(&(ProcessSpec){.argv = SHELL(script), .directory = folder}, log, &error);
    g_assert_no_error(error);
    g_assert_cmpint(pid, >, 0);
    return pid;
}

static void a_daemon_leads_a_session_and_writes_its_log(void) {
    g_autofree char *folder = folder_make();
    g_autofree char *log = g_build_filename(folder, "log", NULL);
    g_autofree char *ready = g_build_filename(folder, "pid", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_set_contents(log, "before\n", -1, NULL));
    GPid pid = start_daemon(folder, "echo out; echo err >&2; echo $$ > pid; exec sleep 60");
    g_assert_cmpint(pid_in(ready), ==, pid);
    g_assert_cmpint(getsid(pid), ==, pid);
    ProcessId id = process_identify(pid);
    g_assert_true(process_is_alive(id));
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "before\nout\nerr\n");
    g_assert_true(process_end(id, 1000, NULL));
    g_assert_false(process_is_alive(id));
    folder_remove(folder);
}

static void the_end_of_a_daemon_is_that_of_its_children(void) {
    g_autofree char *folder = folder_make();
    g_autofree char *path = g_build_filename(folder, "pid", NULL);
    GPid pid = start_daemon(folder, "(trap '' TERM; sleep 60) & echo $! > pid; wait");
    GPid child = pid_in(path);
    g_assert_true(process_end(process_identify(pid), 300, NULL));
    g_assert_cmpuint(process_identify(child).started, ==, 0);
    folder_remove(folder);
}

static void a_daemon_that_ends_by_itself_is_gone(void) {
    g_autofree char *folder = folder_make();
    GPid pid = start_daemon(folder, "exit 0");
    g_assert_true(is_gone_soon(pid));
    folder_remove(folder);
}

static void a_daemon_without_program_is_not_found(void) {
    g_autoptr(GError) error = NULL;
    ProcessSpec spec = {.argv = (const char *const[]){"sluice-no-such-program", NULL}};
    g_assert_cmpint(process_spawn_daemon(&spec, "/dev/null", &error), ==, 0);
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void a_recycled_pid_is_another_process(void) {
    ProcessId id = process_identify(getpid());
    g_assert_true(process_is_alive(id));
    id.started++;
    g_assert_false(process_is_alive(id));
    g_assert_true(process_end(id, 0, NULL));
}

static void a_zombie_counts_as_gone(void) {
    GPid pid = fork();
    if (pid == 0)
        _exit(0);
    g_assert_true(is_gone_soon(pid));
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static void only_a_leader_is_ended(void) {
    GPid pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    g_autoptr(GError) error = NULL;
    g_assert_false(process_end(process_identify(pid), 100, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void a_boot_has_an_id(void) {
    g_autofree char *first = process_boot_id();
    g_autofree char *second = process_boot_id();
    g_assert_cmpuint(strlen(first), >, 0);
    g_assert_cmpstr(first, ==, second);
    g_assert_null(strchr(first, '\n'));
}

static void free_ports_are_distinct(void) {
    guint16 ports[8] = {0};
    g_assert_true(process_free_ports(8, ports, NULL));
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < i; j++)
            g_assert_cmpuint(ports[i], !=, ports[j]);
    g_assert_true(process_free_ports(0, ports, NULL));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
#define CASE(name) g_test_add_func("/process/" #name, name)
    CASE(output_error_and_status_come_back);
    CASE(a_signal_is_128_and_its_number);
    CASE(a_missing_program_is_not_found);
    CASE(a_missing_folder_is_another_failure);
    CASE(it_runs_in_its_folder);
    CASE(input_is_read_to_its_end);
    CASE(input_that_nobody_reads_does_no_harm);
    CASE(no_input_is_an_empty_one);
    CASE(much_on_both_pipes_is_no_deadlock);
    CASE(the_end_of_standard_error_is_kept);
    CASE(standard_error_is_made_valid_text);
    CASE(output_has_a_limit);
    CASE(a_flood_of_errors_meets_the_deadline);
    CASE(a_timeout_ends_children_too);
    CASE(who_ignores_sigterm_is_killed);
    CASE(who_heeds_sigterm_can_tidy_up);
    CASE(a_cancel_ends_it_at_once);
    CASE(what_stays_in_the_background_is_not_waited_for);
    CASE(no_zombie_is_left);
    CASE(the_environment_can_be_added_to);
    CASE(the_environment_can_be_cleared);
    CASE(a_blocked_signal_is_not_passed_on);
    CASE(there_is_no_terminal_to_wait_at);
    CASE(our_files_are_not_passed_on);
    CASE(lines_of_both_streams_come_in_their_order);
    CASE(a_line_ends_in_three_ways);
    CASE(a_line_has_a_limit_and_the_rest_goes);
    CASE(lines_come_while_the_program_runs);
    CASE(a_cancel_keeps_no_line_back);
    CASE(what_stays_in_the_background_can_be_ended);
    CASE(output_comes_without_its_newline);
    CASE(a_failure_tells_the_last_lines);
    CASE(a_failure_without_words_is_told);
    CASE(a_long_line_is_cut);
    CASE(threads_run_programs_side_by_side);
    CASE(a_daemon_leads_a_session_and_writes_its_log);
    CASE(the_end_of_a_daemon_is_that_of_its_children);
    CASE(a_daemon_that_ends_by_itself_is_gone);
    CASE(a_daemon_without_program_is_not_found);
    CASE(a_recycled_pid_is_another_process);
    CASE(a_zombie_counts_as_gone);
    CASE(only_a_leader_is_ended);
    CASE(a_boot_has_an_id);
    CASE(free_ports_are_distinct);
    return g_test_run();
}
