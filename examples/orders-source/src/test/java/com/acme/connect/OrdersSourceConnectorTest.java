/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

import org.apache.kafka.connect.source.SourceConnector;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class OrdersSourceConnectorTest {
    private final OrdersSourceConnector connector = new OrdersSourceConnector();

    @Test
    @DisplayName("regions are divided among the tasks")
    void dividesRegions() {
        start("eu,us,asia");

        assertEquals(List.of("eu,us", "asia"), regionsOf(connector.taskConfigs(2)));
    }

    @Test
    @DisplayName("there are no more tasks than regions")
    void notMoreTasksThanRegions() {
        start("eu,us");

        assertEquals(List.of("eu", "us"), regionsOf(connector.taskConfigs(8)));
    }

    @Test
    @DisplayName("without regions there is one task")
    void oneTask() {
        start("");

        assertEquals(List.of(""), regionsOf(connector.taskConfigs(8)));
    }

    @Test
    @DisplayName("it reports the version of its artifact")
    void version() {
        assertTrue(connector.version().matches("\\d+\\.\\d+\\.\\d+(-SNAPSHOT)?"), connector.version());
        assertEquals(connector.version(), new OrdersSourceTask().version());
    }

    @Test
    @DisplayName("a worker finds it with plugin.discovery=service_load")
    void isFound() {
        SourceConnector found = ServiceLoader.load(SourceConnector.class).findFirst().orElseThrow();

        assertInstanceOf(OrdersSourceConnector.class, found);
    }

    private void start(String regions) {
        connector.start(new HashMap<>(Map.of(
            "orders.url", "http://127.0.0.1:1", "orders.topic", "orders.raw", "orders.regions", regions)));
    }

    private static List<String> regionsOf(List<Map<String, String>> taskConfigs) {
        return taskConfigs.stream().map(config -> config.get("orders.regions")).toList();
    }
}
