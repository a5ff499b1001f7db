/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.ServiceLoader;

import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.sink.SinkConnector;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ShipmentsSinkConnectorTest {
    private final ShipmentsSinkConnector connector = new ShipmentsSinkConnector();

    @Test
    @DisplayName("all tasks have the same configuration")
    void tasks() {
        Map<String, String> properties = Map.of("shipments.url", "http://127.0.0.1:1");
        connector.start(properties);

        assertEquals(3, connector.taskConfigs(3).size());
        assertEquals(properties, connector.taskConfigs(3).get(2));
    }

    @Test
    @DisplayName("a bad address stops the connector, with the reason")
    void badUrl() {
        ConfigException refusal = assertThrows(ConfigException.class,
            () -> connector.start(Map.of("shipments.url", "warehouse")));

        assertTrue(refusal.getMessage().contains("shipments.url"), refusal.getMessage());
        assertTrue(refusal.getMessage().contains("http or https address"), refusal.getMessage());
    }

    @Test
    @DisplayName("the token is in no printed form")
    void tokenIsHidden() {
        ShipmentsSinkConfig config = new ShipmentsSinkConfig(
            Map.of("shipments.url", "http://127.0.0.1:1", "shipments.token", "s3cret"));

        assertFalse(config.values().toString().contains("s3cret"));
        assertEquals("s3cret", config.token().orElseThrow());
    }

    @Test
    @DisplayName("it reports the version of its artifact")
    void version() {
        assertTrue(connector.version().matches("\\d+\\.\\d+\\.\\d+(-SNAPSHOT)?"), connector.version());
        assertEquals(connector.version(), new ShipmentsSinkTask().version());
    }

    @Test
    @DisplayName("a worker finds it with plugin.discovery=service_load")
    void isFound() {
        SinkConnector found = ServiceLoader.load(SinkConnector.class).findFirst().orElseThrow();

        assertInstanceOf(ShipmentsSinkConnector.class, found);
    }
}
