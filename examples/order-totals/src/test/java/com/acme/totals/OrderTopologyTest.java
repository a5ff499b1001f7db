/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.totals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OrderTopologyTest {
    private TopologyTestDriver driver;
    private TestInputTopic<String, String> orders;
    private TestOutputTopic<String, ObjectNode> shipments;

    @BeforeEach
    void start(@TempDir Path stateFolder) {
        Settings settings = Settings.from(Map.of(
            "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1", "STATE_DIR", stateFolder.toString(),
            "EXPRESS_FROM_CENTS", "2000"));
        driver = new TopologyTestDriver(OrderTopology.build(settings), settings.streams());
        orders = driver.createInputTopic("orders.raw", new StringSerializer(), new StringSerializer());
        shipments = driver.createOutputTopic("shipments", new StringDeserializer(), new JsonSerde().deserializer());
    }

    @AfterEach
    void stop() {
        driver.close();
    }

    @Test
    @DisplayName("an order becomes a shipment with the same id")
    void shipment() {
        order(7, "c-1", 1_000);

        KeyValue<String, ObjectNode> shipment = shipments.readKeyValue();

        assertEquals("7", shipment.key);
        assertEquals(7, shipment.value.get("order_id").asLong());
        assertEquals("standard", shipment.value.get("service").asText());
        assertEquals("2026-01-01T00:00:00.000Z", shipment.value.get("created_at").asText());
        assertFalse(shipment.value.has("channel"));
    }

    @Test
    @DisplayName("each customer has a total, which decides the service")
    void totals() {
        order(1, "c-1", 1_500);
        order(2, "c-2", 1_500);
        order(3, "c-1", 600);

        shipments.readValue();
        shipments.readValue();
        ObjectNode third = shipments.readValue();

        assertEquals(2_100, third.get("customer_total_cents").asLong());
        assertEquals(2, third.get("customer_orders").asLong());
        assertEquals("express", third.get("service").asText());
    }

    @Test
    @DisplayName("a field that a newer source adds is passed on")
    void newField() {
        orders.pipeInput("1", "{\"id\": 1, \"customer\": \"c-1\", \"amount_cents\": 1, \"channel\": \"web\"}");

        assertEquals("web", shipments.readValue().get("channel").asText());
    }

    @Test
    @DisplayName("what is no order is passed over")
    void noOrders() {
        orders.pipeInput("1", "no JSON");
        orders.pipeInput("2", "[]");
        orders.pipeInput("3", "{\"id\": 3}");
        orders.pipeInput("4", (String) null);

        assertTrue(shipments.isEmpty());
    }

    private void order(int id, String customer, int cents) {
        orders.pipeInput(Integer.toString(id), """
            {"id": %d, "customer": "%s", "amount_cents": %d, "created_at": "2026-01-01T00:00:00.000Z"}
            """.formatted(id, customer, cents));
    }
}
