/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const words[] = {"\nfinishing what is in flight; Ctrl-C again stops now\n",
                                    "\nstopping\n"};

typedef struct {
    GCancellable *cancellables[2];
    GThread *thread;
    gint at_once;
} Watch;

static Watch watch;

static sigset_t watched_signals(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR2);
    return signals;
}

static gpointer wait_for_signals(gpointer unused) {
    sigset_t signals = watched_signals();
    for (guint count = 0;; count++) {
        int number = 0;
        if (sigwait(&signals, &number) != 0 || number == SIGUSR2)
            return NULL;
        if (count == G_N_ELEMENTS(words) || g_atomic_int_get(&watch.at_once)) {
            fputc('\n', stderr);
            _exit(128 + number);
        }
        fputs(words[count], stderr);
        g_cancellable_cancel(watch.cancellables[count]);
    }
}

void interrupt_watch(GCancellable *stop, GCancellable *abort) {
    sigset_t signals = watched_signals();
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    watch = (Watch){.cancellables = {stop, abort}};
    watch.thread = g_thread_new("signals", wait_for_signals, NULL);
}

/* SIGUSR2 to ourselves is how the waiting thread is told to end. */
void interrupt_unwatch(void) {
    kill(getpid(), SIGUSR2);
    g_thread_join(watch.thread);
}

void interrupt_ends_at_once(bool at_once) {
    g_atomic_int_set(&watch.at_once, at_once);
}
