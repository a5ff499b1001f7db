/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;

import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OrdersSourceConfigTest {
    private final Map<String, String> properties = new HashMap<>(Map.of(
        "orders.url", "https://orders.acme.example/v1", "orders.topic", "orders.raw", "orders.token", "s3cret"));

    @ParameterizedTest
    @CsvSource({
        "orders.url, ftp://orders.acme.example, must be an http or https address with a host",
        "orders.url, https:///orders, must be an http or https address with a host",
        "orders.url, https://a:b@orders.acme.example, 'must have no user, query or fragment'",
        "orders.url, not a url, is not a URL",
        "orders.topic, '', must be non-empty",
        "orders.poll.interval.ms, 0, Value must be at least 1",
        "orders.poll.interval.ms, 30s, Not a number",
        "orders.batch.size, 5000, Value must be no more than 1000",
    })
    @DisplayName("a bad setting is refused with its name and the reason")
    void badSettings(String key, String value, String reason) {
        properties.put(key, value);

        ConfigException refusal = assertThrows(ConfigException.class, () -> new OrdersSourceConfig(properties));

        assertTrue(refusal.getMessage().contains(key), refusal.getMessage());
        assertTrue(refusal.getMessage().contains(reason), refusal.getMessage());
    }

    @Test
    @DisplayName("a missing address is reported as missing")
    void missingUrl() {
        properties.remove("orders.url");

        ConfigException refusal = assertThrows(ConfigException.class, () -> new OrdersSourceConfig(properties));

        assertTrue(refusal.getMessage().contains("Missing required configuration \"orders.url\""));
    }

    @Test
    @DisplayName("the token is in no printed form")
    void tokenIsHidden() {
        OrdersSourceConfig config = new OrdersSourceConfig(properties);

        assertFalse(config.values().toString().contains("s3cret"));
        assertEquals("s3cret", config.token().orElseThrow());
    }
}
