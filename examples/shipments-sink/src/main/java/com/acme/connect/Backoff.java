/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.util.concurrent.ThreadLocalRandom;

/**
 * Says how long to wait before the next try, and when to give up: after the first failure the pause doubles from try
 * to try up to half a minute, with some chance in it so that many tasks don't come back at the same instant.
 *
 * <p>It neither sleeps nor reads a clock: its user passes the time in milliseconds, of any steady clock.
 */
final class Backoff {
    static final long LONGEST_PAUSE_MS = 30_000;

    private final long firstPauseMs;
    private final long timeoutMs;
    private int failures;
    private long firstFailureMs;

    Backoff(long firstPauseMs, long timeoutMs) {
        this.firstPauseMs = firstPauseMs;
        this.timeoutMs = timeoutMs;
    }

    /** Counts a failure and returns the pause until the next try, in milliseconds. */
    long pauseAfterFailure(long nowMs) {
        if (failures++ == 0) {
            firstFailureMs = nowMs;
        }
        long pause = Math.min(LONGEST_PAUSE_MS, firstPauseMs << Math.min(failures - 1, 15));
        return Math.max(1, Math.round(pause * ThreadLocalRandom.current().nextDouble(0.75, 1.0)));
    }

    /** Whether failures have gone on, without a success between them, for as long as they may. */
    boolean isExhausted(long nowMs) {
        return failures > 0 && nowMs - firstFailureMs >= timeoutMs;
    }

    int failures() {
        return failures;
    }

    void reset() {
        failures = 0;
    }
}
