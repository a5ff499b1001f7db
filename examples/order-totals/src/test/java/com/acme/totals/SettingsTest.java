/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.totals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class SettingsTest {
    @Test
    @DisplayName("the brokers are needed")
    void brokers() {
        IllegalArgumentException refusal =
            assertThrows(IllegalArgumentException.class, () -> Settings.from(Map.of()));

        assertEquals("KAFKA_BOOTSTRAP_SERVERS is not set, such as KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092",
            refusal.getMessage());
    }

    @Test
    @DisplayName("any property of Kafka Streams can be set")
    void anyProperty() {
        Settings settings = Settings.from(Map.of(
            "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1", "STREAMS_COMMIT_INTERVAL_MS", "7"));

        assertEquals("7", settings.streams().get("commit.interval.ms"));
        assertEquals("order-totals", settings.streams().get("application.id"));
    }

    @Test
    @DisplayName("a number must be one")
    void numbers() {
        IllegalArgumentException refusal = assertThrows(IllegalArgumentException.class, () -> Settings.from(Map.of(
            "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1", "EXPRESS_FROM_CENTS", "many")));

        assertEquals("EXPRESS_FROM_CENTS must be a whole number, not 'many'", refusal.getMessage());
    }
}
