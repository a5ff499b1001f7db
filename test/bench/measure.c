/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program and tells what it cost, on file descriptor 3: microseconds of time and of CPU, peak memory
 * in kB, exit status. A small program does it, since Linux counts a parent's memory at the fork as the
 * child's.
 *
 *     measure PROGRAM [ARGUMENT…] 3> FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long microseconds(struct timeval time) {
    return time.tv_sec * 1000000LL + time.tv_usec;
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 2;
    long long began = now();
    pid_t child = fork();
    if (child == 0) {
        close(3);
        execvp(argv[1], &argv[1]);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return 2;
    dprintf(3, "%lld %lld %ld %d\n", now() - began,
            microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128);
    return 0;
}
