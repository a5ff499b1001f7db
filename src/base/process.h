/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running other programs: to their end with their output kept, or in the background for a sandbox. Each gets
 * a session of its own, so that all it starts can be ended together and nothing waits for a person at our
 * terminal; no open file of ours; and default signals.
 */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *const *argv;          /* NULL-terminated; argv[0] is looked up in PATH */
    const char *directory;            /* working directory; NULL: ours */
    const char *const *set_env;       /* NULL-terminated "NAME=value" over the environment; NULL: none */
    const char *const *clear_env_but; /* NULL: keep all; else only these names of ours are passed on */
    const char *input;                /* text for standard input; NULL: /dev/null */
    guint timeout_ms;                 /* 0: none */
    gsize limit;     /* most bytes of standard output kept; 0: 16 MiB; more is BASE_ERROR_LIMIT */
    bool tee_stderr; /* pass standard error on to ours while keeping its end */
    bool end_group;  /* what the program leaves in the background is ended with it */
    /* NULL, or told each line of standard output and error as it comes, both as one stream that counts as
     * standard error from then on: `text` without its end ("\n", "\r" or both) and without NUL bytes, maybe
     * no UTF-8, cut at PROCESS_LINE_LIMIT; called by the thread that runs the program. */
    void (*line)(const char *text, gpointer user_data);
    gpointer user_data;
    GCancellable *cancellable;
} ProcessSpec;

#define PROCESS_LINE_LIMIT ((gsize)64 * 1024)

typedef struct {
    int status;   /* exit status; 128 + signal when killed by one */
    char *output; /* standard output, NUL-terminated */
    gsize length;
    char *error_output; /* the last 64 KiB of standard error */
} ProcessResult;

void process_result_free(ProcessResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProcessResult, process_result_free)

/* Runs to the end, whatever the status; what the program leaves in the background runs on, unless end_group.
 * It gets a SIGTERM when we are killed. At time-out or cancel the whole process group is ended (SIGTERM,
 * after 2 s SIGKILL) and the call fails with BASE_ERROR_TIMEOUT / _CANCELLED. NULL with BASE_ERROR_NOT_FOUND
 * where the program is not there. */
ProcessResult *process_run(const ProcessSpec *spec, GError **error);

/* As process_run(), but a status other than 0 is BASE_ERROR_EXIT with the last lines of standard error in the
 * message. Returns standard output, owned by the caller, trailing newline removed. */
char *process_output(const ProcessSpec *spec, GError **error);

/* The last `lines` lines of what a program said, at most `size` bytes, as valid UTF-8, for a message. The
 * caller frees it. */
char *process_last_lines(const char *text, guint lines, gsize size);

/* Starts a program in a session of its own, with its output appended to `log`; returns its pid or 0. It
 * outlives us. */
GPid process_spawn_daemon(const ProcessSpec *spec, const char *log, GError **error);

/* Who a process is, so that a recycled pid is not mistaken for it. */
typedef struct {
    GPid pid;
    guint64 started; /* clock ticks since boot, /proc/PID/stat field 22; 0 where the process is gone */
} ProcessId;

/* The identity of a process; started is 0 where there is none (a zombie counts as none). */
ProcessId process_identify(GPid pid);

/* Whether the very same process is still running. */
bool process_is_alive(ProcessId id);

/* Ends the process group that `id` leads: SIGTERM, then after `grace_ms` SIGKILL; waits until all of it
 * is gone. A process that is gone is success; one that leads no group, or is not ours to end, is
 * BASE_ERROR_FAILED. */
bool process_end(ProcessId id, guint grace_ms, GError **error);

/* This boot of this machine (/proc/sys/kernel/random/boot_id); owned by the caller. */
char *process_boot_id(void);

/* `count` free TCP ports on 127.0.0.1, distinct, bound together once and released. */
bool process_free_ports(guint count, guint16 *ports, GError **error);
