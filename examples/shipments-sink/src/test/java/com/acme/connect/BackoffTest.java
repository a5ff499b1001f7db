/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class BackoffTest {
    private final Backoff backoff = new Backoff(100, 1_000);

    @Test
    @DisplayName("pauses double, up to half a minute")
    void doubles() {
        assertBetween(75, 100, backoff.pauseAfterFailure(0));
        assertBetween(150, 200, backoff.pauseAfterFailure(0));
        assertBetween(300, 400, backoff.pauseAfterFailure(0));
        for (int i = 0; i < 100; i++) {
            assertBetween(1, Backoff.LONGEST_PAUSE_MS, backoff.pauseAfterFailure(0));
        }
    }

    @Test
    @DisplayName("time runs from the first failure")
    void exhausted() {
        assertFalse(backoff.isExhausted(5_000));
        backoff.pauseAfterFailure(5_000);
        backoff.pauseAfterFailure(5_900);
        assertFalse(backoff.isExhausted(5_999));
        assertTrue(backoff.isExhausted(6_000));
    }

    @Test
    @DisplayName("a success forgets the failures")
    void reset() {
        backoff.pauseAfterFailure(0);
        backoff.reset();
        assertEquals(0, backoff.failures());
        assertFalse(backoff.isExhausted(9_000));
    }

    private static void assertBetween(long low, long high, long value) {
        assertTrue(low <= value && value <= high, () -> value + " is not between " + low + " and " + high);
    }
}
