/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

enum {
    ERROR_OUTPUT_SIZE = 64 * 1024,
    READ_SIZE = 16 * 1024,
    GRACE_MS = 2000,  /* between SIGTERM and SIGKILL */
    KILL_MS = 5000,   /* after which a killed process is given up */
    PAUSE_US = 50000, /* between two looks at a process that is ending */
    READS = 64,       /* at a time, more than a pipe holds, so that a flood doesn't keep us from the clock */
    MESSAGE_LINES = 5,
    MESSAGE_SIZE = 1000,
};
#define DEFAULT_LIMIT ((gsize)16 * 1024 * 1024)

typedef struct {
    char state;
    GPid group;
    guint64 started;
} Stat;

/* Fields 3, 5 and 22 of /proc/PID/stat. The name in field 2 may hold anything, brackets and blanks too. */
static bool stat_read(const char *pid, Stat *stat) {
    g_autofree char *path = g_build_filename("/proc", pid, "stat", NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return false;
    const char *after_name = strrchr(text, ')');
    if (after_name == NULL)
        return false;
    g_auto(GStrv) fields = g_strsplit(after_name + 1, " ", 22);
    if (g_strv_length(fields) < 22)
        return false;
    stat->state = fields[1][0];
    stat->group = (GPid)g_ascii_strtoll(fields[3], NULL, 10);
    stat->started = g_ascii_strtoull(fields[20], NULL, 10);
    return true;
}

static bool stat_is_running(const Stat *stat) {
    return stat->state != 'Z' && stat->state != 'X';
}

/* Whether a process group has a member that is no zombie. */
static bool group_is_alive(GPid group) {
    if (kill(-group, 0) < 0 && errno == ESRCH)
        return false;
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    const char *name = NULL;
    while (processes != NULL && (name = g_dir_read_name(processes)) != NULL) {
        Stat stat;
        if (g_ascii_isdigit(name[0]) && stat_read(name, &stat) && stat.group == group &&
            stat_is_running(&stat))
            return true;
    }
    return false;
}

/* Throws away what a pipe holds now, so that who is ending isn't held up by it. */
static void discard(int pipe) {
    char data[READ_SIZE];
    for (int reads = 0; pipe >= 0 && reads < READS; reads++)
        if (TEMP_FAILURE_RETRY(read(pipe, data, sizeof data)) <= 0)
            return;
}

/* Two pipes of ours that the group may write to; -1 for none. */
typedef struct {
    int output;
    int error;
} Pipes;

static bool group_wait(GPid group, guint timeout_ms, Pipes pipes) {
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    while (group_is_alive(group)) {
        if (g_get_monotonic_time() >= deadline)
            return false;
        discard(pipes.output);
        discard(pipes.error);
        g_usleep(PAUSE_US);
    }
    return true;
}

static bool group_end(GPid group, guint grace_ms, Pipes pipes) {
    kill(-group, SIGTERM);
    if (group_wait(group, grace_ms, pipes))
        return true;
    kill(-group, SIGKILL);
    return group_wait(group, KILL_MS, pipes);
}

static int wait_for(GPid pid) {
    int status = 0;
    if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
        return 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Between fork and exec: a session of its own, without a terminal to stop at, and signals as a program
 * expects them. Only async-signal-safe calls are allowed here. */
static void begin_session(gpointer user_data) {
    static const int defaults[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2};
    sigset_t none;
    setsid();
    for (gsize i = 0; i < G_N_ELEMENTS(defaults); i++)
        signal(defaults[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What we wait for must not outlive us. */
static void begin_child(gpointer user_data) {
    begin_session(user_data);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static char **environment_of(const ProcessSpec *spec) {
    g_auto(GStrv) environment = g_get_environ();
    if (spec->clear_env_but != NULL) {
        char **kept = g_new0(char *, 1);
        for (const char *const *name = spec->clear_env_but; *name != NULL; name++) {
            const char *value = g_environ_getenv(environment, *name);
            if (value != NULL)
                kept = g_environ_setenv(kept, *name, value, TRUE);
        }
        g_strfreev(environment);
        environment = kept;
    }
    for (const char *const *line = spec->set_env; line != NULL && *line != NULL; line++) {
        const char *equals = strchr(*line, '=');
        g_return_val_if_fail(equals != NULL, NULL);
        g_autofree char *name = g_strndup(*line, equals - *line);
        environment = g_environ_setenv(environment, name, equals + 1, TRUE);
    }
    return g_steal_pointer(&environment);
}

/* Standard input as a file in memory: no pipe that could fill up or break. -1 for none, -2 for a failure. */
static int input_open(const char *input, GError **error) {
    if (input == NULL)
        return -1;
    int file = memfd_create("input", MFD_CLOEXEC);
    gsize length = strlen(input);
    gsize done = 0;
    while (file >= 0 && done < length) {
        ssize_t written = TEMP_FAILURE_RETRY(write(file, input + done, length - done));
        if (written < 0)
            break;
        done += (gsize)written;
    }
    if (file >= 0 && done == length && lseek(file, 0, SEEK_SET) == 0)
        return file;
    error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot keep the input of a program: %s",
              g_strerror(errno));
    if (file >= 0)
        close(file);
    return -2;
}

static void close_if_open(int *file) {
    if (*file >= 0)
        close(*file);
    *file = -1;
}

static void spawn_error(const ProcessSpec *spec, const GError *cause, GError **error) {
    if (g_error_matches(cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "install it, or add its folder to PATH",
                  "there is no program '%s'", spec->argv[0]);
    else
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot run '%s': %s", spec->argv[0],
                  cause->message);
}

/* A process that runs, and what it has said so far. */
typedef struct {
    const ProcessSpec *spec;
    GPid pid;
    int exited; /* a pidfd: readable once the process has ended */
    int output_pipe;
    int error_pipe;
    GString *output;
    GString *error_output;
    GString *line; /* the one that has not ended yet */
    bool line_ended_by_return;
    GPollFD cancelled;
    gint64 deadline; /* monotonic; 0: none */
} Run;

static void run_clear(Run *run) {
    close_if_open(&run->output_pipe);
    close_if_open(&run->error_pipe);
    close_if_open(&run->exited);
    if (run->output != NULL)
        g_string_free(run->output, TRUE);
    if (run->error_output != NULL)
        g_string_free(run->error_output, TRUE);
    if (run->line != NULL)
        g_string_free(run->line, TRUE);
    if (run->cancelled.fd >= 0)
        g_cancellable_release_fd(run->spec->cancellable);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* Lines are told in the order in which they were written only where both streams are one pipe. */
static bool run_open_pipes(Run *run, int *write_end, GError **error) {
    int ends[2];
    if (run->spec->line == NULL)
        return true;
    if (!g_unix_open_pipe(ends, FD_CLOEXEC, NULL)) {
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot make a pipe: %s", g_strerror(errno));
        return false;
    }
    run->error_pipe = ends[0];
    *write_end = ends[1];
    return true;
}

static bool run_spawn(Run *run, GError **error) {
    const ProcessSpec *spec = run->spec;
    g_auto(GStrv) environment = environment_of(spec);
    g_autoptr(GError) cause = NULL;
    int both = -1;
    int input = input_open(spec->input, error);
    if (input < -1)
        return false;
    bool opened = run_open_pipes(run, &both, error);
    bool spawned =
        opened && g_spawn_async_with_pipes_and_fds(
                      spec->directory, spec->argv, (const char *const *)environment,
                      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES, begin_child,
                      NULL, input, both, both, NULL, NULL, 0, &run->pid, NULL,
                      both < 0 ? &run->output_pipe : NULL, both < 0 ? &run->error_pipe : NULL, &cause);
    close_if_open(&input);
    close_if_open(&both);
    if (opened && !spawned)
        spawn_error(spec, cause, error);
    return spawned;
}

static bool run_watch(Run *run, GError **error) {
    if (run->output_pipe >= 0)
        g_unix_set_fd_nonblocking(run->output_pipe, TRUE, NULL);
    g_unix_set_fd_nonblocking(run->error_pipe, TRUE, NULL);
    run->exited = pidfd_open(run->pid, 0);
    if (run->exited >= 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot watch '%s': %s", run->spec->argv[0],
              g_strerror(errno));
    return false;
}

static gsize run_limit(const Run *run) {
    return run->spec->limit > 0 ? run->spec->limit : DEFAULT_LIMIT;
}

static bool keep_output(Run *run, const char *data, gsize length, GError **error) {
    if (length <= run_limit(run) - run->output->len) {
        g_string_append_len(run->output, data, (gssize)length);
        return true;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, NULL, "'%s' says more than %" G_GSIZE_FORMAT " bytes",
              run->spec->argv[0], run_limit(run));
    return false;
}

static void tell_line(Run *run) {
    run->spec->line(run->line->str, run->spec->user_data);
    g_string_truncate(run->line, 0);
}

static void take_lines(Run *run, const char *data, gsize length) {
    for (const char *c = data; c < data + length; c++) {
        bool ends = *c == '\n' || *c == '\r';
        if (ends && !(*c == '\n' && run->line_ended_by_return))
            tell_line(run);
        else if (!ends && *c != '\0' && run->line->len < PROCESS_LINE_LIMIT)
            g_string_append_c(run->line, *c);
        run->line_ended_by_return = *c == '\r';
    }
}

static void keep_error_output(Run *run, const char *data, gsize length) {
    if (run->spec->tee_stderr && TEMP_FAILURE_RETRY(write(STDERR_FILENO, data, length)) < 0)
        g_debug("standard error is closed");
    if (run->spec->line != NULL)
        take_lines(run, data, length);
    g_string_append_len(run->error_output, data, (gssize)length);
    if (run->error_output->len > 2 * ERROR_OUTPUT_SIZE)
        g_string_erase(run->error_output, 0, (gssize)(run->error_output->len - ERROR_OUTPUT_SIZE));
}

/* Reads what a pipe holds now; closes it at its end. */
static bool drain(Run *run, int *pipe, GError **error) {
    char data[READ_SIZE];
    for (int reads = 0; *pipe >= 0 && reads < READS; reads++) {
        ssize_t length = TEMP_FAILURE_RETRY(read(*pipe, data, sizeof data));
        if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (length <= 0)
            close_if_open(pipe);
        else if (pipe == &run->error_pipe)
            keep_error_output(run, data, (gsize)length);
        else if (!keep_output(run, data, (gsize)length, error))
            return false;
    }
    return true;
}

static int time_left_ms(const Run *run) {
    if (run->deadline == 0)
        return -1;
    gint64 left = (run->deadline - g_get_monotonic_time() + 999) / 1000;
    return (int)CLAMP(left, 0, G_MAXINT);
}

static bool check_stop(const Run *run, GError **error) {
    if (g_cancellable_is_cancelled(run->spec->cancellable)) {
        error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, NULL, "'%s' was cancelled", run->spec->argv[0]);
        return false;
    }
    if (time_left_ms(run) != 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_TIMEOUT, NULL, "'%s' did not end within %u ms",
              run->spec->argv[0], run->spec->timeout_ms);
    return false;
}

/* Until the process ends. What it leaves running in the background may keep the pipes open: it isn't waited
 * for. */
static bool run_follow(Run *run, GError **error) {
    for (;;) {
        struct pollfd polled[] = {{.fd = run->exited, .events = POLLIN},
                                  {.fd = run->output_pipe, .events = POLLIN},
                                  {.fd = run->error_pipe, .events = POLLIN},
                                  {.fd = run->cancelled.fd, .events = POLLIN}};
        if (!check_stop(run, error))
            return false;
        if (poll(polled, G_N_ELEMENTS(polled), time_left_ms(run)) < 0 && errno != EINTR) {
            error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot wait for '%s': %s",
                      run->spec->argv[0], g_strerror(errno));
            return false;
        }
        if (!drain(run, &run->output_pipe, error) || !drain(run, &run->error_pipe, error))
            return false;
        if (polled[0].revents != 0)
            return true;
    }
}

static ProcessResult *run_result(Run *run, int status) {
    GString *said = run->error_output;
    if (said->len > ERROR_OUTPUT_SIZE)
        g_string_erase(said, 0, (gssize)(said->len - ERROR_OUTPUT_SIZE));
    ProcessResult *result = g_new0(ProcessResult, 1);
    result->status = status;
    result->length = run->output->len;
    result->output = g_string_free(g_steal_pointer(&run->output), FALSE);
    result->error_output = g_utf8_make_valid(said->str, (gssize)said->len);
    return result;
}

static void run_start_clock(Run *run) {
    run->output = g_string_new(NULL);
    run->error_output = g_string_new(NULL);
    run->line = g_string_new(NULL);
    if (run->spec->timeout_ms > 0)
        run->deadline = g_get_monotonic_time() + (gint64)run->spec->timeout_ms * 1000;
    if (!g_cancellable_make_pollfd(run->spec->cancellable, &run->cancelled))
        run->cancelled.fd = -1;
}

ProcessResult *process_run(const ProcessSpec *spec, GError **error) {
    g_auto(Run) run = {.spec = spec, .exited = -1, .output_pipe = -1, .error_pipe = -1, .cancelled.fd = -1};
    run_start_clock(&run);
    if (!check_stop(&run, error) || !run_spawn(&run, error))
        return NULL;
    bool ended = run_watch(&run, error) && run_follow(&run, error);
    if (!ended || spec->end_group)
        group_end(run.pid, GRACE_MS, (Pipes){run.output_pipe, run.error_pipe});
    int status = wait_for(run.pid);
    if (run.line->len > 0)
        tell_line(&run);
    return ended ? run_result(&run, status) : NULL;
}

void process_result_free(ProcessResult *result) {
    if (result == NULL)
        return;
    g_free(result->output);
    g_free(result->error_output);
    g_free(result);
}

char *process_last_lines(const char *text, guint lines, gsize size) {
    g_autofree char *trimmed = g_strchomp(g_utf8_make_valid(text, -1));
    const char *end = trimmed + strlen(trimmed);
    const char *least = end - MIN(strlen(trimmed), size);
    const char *start = end;
    for (guint count = 0; start > least; start--)
        if (start[-1] == '\n' && ++count == lines)
            break;
    while (((guchar)*start & 0xC0) == 0x80)
        start++;
    return g_strdup(start);
}

char *process_output(const ProcessSpec *spec, GError **error) {
    g_autoptr(ProcessResult) result = process_run(spec, error);
    if (result == NULL)
        return NULL;
    if (result->status != 0) {
        g_autofree char *said = process_last_lines(result->error_output, MESSAGE_LINES, MESSAGE_SIZE);
        error_set(error, BASE_ERROR, BASE_ERROR_EXIT, NULL, "'%s' ended with status %d%s%s", spec->argv[0],
                  result->status, *said != '\0' ? ": " : "", said);
        return NULL;
    }
    if (result->length > 0 && result->output[result->length - 1] == '\n')
        result->output[result->length - 1] = '\0';
    return g_steal_pointer(&result->output);
}

GPid process_spawn_daemon(const ProcessSpec *spec, const char *log, GError **error) {
    g_auto(GStrv) environment = environment_of(spec);
    g_autoptr(GError) cause = NULL;
    GPid pid = 0;
    int output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot write '%s': %s", log,
                  g_strerror(errno));
        return 0;
    }
    int input = input_open(spec->input, error);
    /* Without DO_NOT_REAP_CHILD it is a grandchild: another's to reap, whenever it ends. */
    bool spawned = input >= -1 && g_spawn_async_with_pipes_and_fds(
                                      spec->directory, spec->argv, (const char *const *)environment,
                                      G_SPAWN_SEARCH_PATH, begin_session, NULL, input, output, output, NULL,
                                      NULL, 0, &pid, NULL, NULL, NULL, &cause);
    if (!spawned && cause != NULL)
        spawn_error(spec, cause, error);
    close_if_open(&input);
    close_if_open(&output);
    return spawned ? pid : 0;
}

ProcessId process_identify(GPid pid) {
    ProcessId id = {.pid = pid};
    g_autofree char *name = g_strdup_printf("%d", pid);
    Stat stat;
    if (pid > 0 && stat_read(name, &stat) && stat_is_running(&stat))
        id.started = stat.started;
    return id;
}

bool process_is_alive(ProcessId id) {
    return id.started != 0 && process_identify(id.pid).started == id.started;
}

bool process_end(ProcessId id, guint grace_ms, GError **error) {
    if (!process_is_alive(id))
        return true;
    if (kill(-id.pid, 0) < 0) {
        int cause = errno;
        if (!process_is_alive(id))
            return true;
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "cannot end the process group %d: %s", id.pid,
                  cause == ESRCH ? "the process leads none" : g_strerror(cause));
        return false;
    }
    if (group_end(id.pid, grace_ms, (Pipes){-1, -1}))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_TIMEOUT, NULL, "the process group %d does not end", id.pid);
    return false;
}

char *process_boot_id(void) {
    char *id = NULL;
    if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &id, NULL, NULL))
        return g_strdup("unknown");
    return g_strchomp(id);
}

/* A socket on a free port, which stays taken while the socket is open; -1 for a failure. */
static int port_take(guint16 *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file >= 0 && bind(file, (struct sockaddr *)&address, length) == 0 &&
        getsockname(file, (struct sockaddr *)&address, &length) == 0) {
        *port = ntohs(address.sin_port);
        return file;
    }
    close_if_open(&file);
    return -1;
}

bool process_free_ports(guint count, guint16 *ports, GError **error) {
    g_autofree int *files = g_new(int, count);
    g_autofree guint16 *found = g_new0(guint16, count);
    guint taken = 0;
    while (taken < count && (files[taken] = port_take(&found[taken])) >= 0)
        taken++;
    if (taken < count)
        error_set(error, BASE_ERROR, BASE_ERROR_FAILED, NULL, "there is no free port on 127.0.0.1: %s",
                  g_strerror(errno));
    else if (count > 0)
        memcpy(ports, found, count * sizeof *ports);
    for (guint i = 0; i < taken; i++)
        close(files[i]);
    return taken == count;
}
