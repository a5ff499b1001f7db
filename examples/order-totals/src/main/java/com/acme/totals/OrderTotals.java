/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.totals;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;

import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KafkaStreams.State;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * Runs the topology until SIGTERM. Prints "order-totals: running" once it reads orders; ends with 1 after an error
 * that it can't get over, with 2 when the environment is wrong.
 */
public final class OrderTotals {
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private OrderTotals() {
    }

    public static void main(String[] arguments) throws InterruptedException {
        System.exit(run());
    }

    private static int run() throws InterruptedException {
        Settings settings;
        try {
            settings = Settings.from(System.getenv());
        } catch (IllegalArgumentException e) {
            System.err.println("order-totals: " + e.getMessage());
            return 2;
        }
        return runUntilStopped(new KafkaStreams(OrderTopology.build(settings), settings.streams()));
    }

    private static int runUntilStopped(KafkaStreams streams) throws InterruptedException {
        CountDownLatch ended = new CountDownLatch(1);
        streams.setUncaughtExceptionHandler(error -> {
            System.err.println("order-totals: " + error);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.setStateListener((state, before) -> {
            if (state == State.RUNNING) {
                System.out.println("order-totals: running");
            } else if (state.hasCompletedShutdown()) {
                ended.countDown();
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(CLOSE_TIMEOUT)));
        streams.start();
        ended.await();
        return streams.state() == State.ERROR ? 1 : 0;
    }
}
