/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class OrdersSourceTaskTest {
    private final OrdersApiStub api = new OrdersApiStub();
    private final StoredOffsets offsets = new StoredOffsets();
    private final Map<String, String> properties = new HashMap<>(Map.of(
        "orders.url", api.url(),
        "orders.topic", "orders.raw",
        "orders.poll.interval.ms", "5",
        "orders.retry.backoff.ms", "1"));

    @AfterEach
    void stopApi() {
        api.close();
    }

    @Test
    @DisplayName("an order becomes a record with its id as key and all its fields")
    void orderBecomesRecord() throws InterruptedException {
        api.thenOrders(7);

        SourceRecord record = read(1).get(0);

        assertEquals("orders.raw", record.topic());
        assertEquals("7", record.key());
        assertEquals("c-1", ((Map<?, ?>) record.value()).get("customer"));
        assertEquals(1250, ((Map<?, ?>) record.value()).get("amount_cents"));
    }

    @Test
    @DisplayName("each record's offset is its own order")
    void offsetOfEachRecord() throws InterruptedException {
        api.thenOrders(7, 9);

        List<SourceRecord> records = read(2);

        assertEquals(Map.of("last_id", 7L), records.get(0).sourceOffset());
        assertEquals(Map.of("last_id", 9L), records.get(1).sourceOffset());
        assertEquals(Map.of("region", ""), records.get(1).sourcePartition());
    }

    @Test
    @DisplayName("the next page begins after the last order")
    void nextPage() throws InterruptedException {
        api.thenOrders(7, 9).thenOrders(12);

        read(3);

        assertEquals("/orders?since=0&limit=200", api.requests().get(0));
        assertEquals("/orders?since=9&limit=200", api.requests().get(1));
    }

    @Test
    @DisplayName("reading resumes at the stored offset")
    void resumes() throws InterruptedException {
        offsets.with(Map.of("region", ""), Map.of("last_id", 41));
        api.thenOrders(42);

        read(1);

        assertEquals("/orders?since=41&limit=200", api.requests().get(0));
    }

    @Test
    @DisplayName("each region has an offset of its own")
    void regions() throws InterruptedException {
        properties.put("orders.regions", "eu,us");
        offsets.with(Map.of("region", "us"), Map.of("last_id", 5));
        api.thenOrders(1).thenOrders(6);

        List<SourceRecord> records = read(2);

        assertEquals(Map.of("region", "eu"), records.get(0).sourcePartition());
        assertEquals(Map.of("region", "us"), records.get(1).sourcePartition());
        assertEquals("/orders?since=5&limit=200&region=us", api.requests().get(1));
    }

    @Test
    @DisplayName("the token is sent")
    void sendsToken() throws InterruptedException {
        properties.put("orders.token", "s3cret");
        api.thenOrders(1);

        read(1);

        assertEquals("Bearer s3cret", api.authorizations().get(0));
    }

    @Test
    @DisplayName("500, 503 and 429 are tried again")
    void retries() throws InterruptedException {
        api.then(500, "").then(503, "").then(429, "").thenOrders(1);

        assertEquals(1, read(1).size());
        assertEquals(4, api.requests().size());
    }

    @Test
    @DisplayName("an API that stays away fails the task, in the end")
    void givesUp() {
        properties.put("orders.retry.timeout.ms", "30");
        api.close();

        ConnectException failure = assertThrows(ConnectException.class, () -> read(1));

        assertTrue(failure.getMessage().startsWith("the Orders API was away for longer"), failure.getMessage());
    }

    @Test
    @DisplayName("a refused token fails the task at once, and says what was answered")
    void refusedToken() {
        api.then(401, "{\"error\": \"wrong token\"}");

        ConnectException failure = assertThrows(ConnectException.class, () -> read(1));

        assertTrue(failure.getMessage().contains("answered 401: {\"error\": \"wrong token\"}"), failure.getMessage());
        assertEquals(1, api.requests().size());
    }

    @Test
    @DisplayName("an answer that is no list of orders fails the task")
    void strangeAnswers() {
        assertFails("<html>", "broken JSON");
        assertFails("{}", "without a list \"orders\"");
        assertFails("{\"orders\": [{\"id\": \"a\"}]}", "no whole number as its id");
    }

    private void assertFails(String body, String message) {
        api.then(200, body);
        ConnectException failure = assertThrows(ConnectException.class, () -> read(1));
        assertTrue(failure.getMessage().contains(message), failure.getMessage());
    }

    @Test
    @DisplayName("a poll is over soon while nothing is due, so that the worker can stop the task")
    void pollIsShort() throws InterruptedException {
        properties.put("orders.poll.interval.ms", "60000");
        OrdersSourceTask task = startedTask();
        task.poll();

        long before = System.nanoTime();
        task.poll();

        assertTrue(Duration.ofNanos(System.nanoTime() - before).toMillis() < 2_000);
        assertEquals(1, api.requests().size());
    }

    /** Polls a new task, as a worker would, until it has given so many records. */
    private List<SourceRecord> read(int count) throws InterruptedException {
        OrdersSourceTask task = startedTask();
        List<SourceRecord> records = new ArrayList<>();
        for (long deadline = System.nanoTime() + 5_000_000_000L; records.size() < count;) {
            List<SourceRecord> batch = task.poll();
            records.addAll(batch == null ? List.of() : batch);
            assertTrue(System.nanoTime() < deadline, "no records within 5 s");
        }
        task.stop();
        return records;
    }

    private OrdersSourceTask startedTask() {
        OrdersSourceTask task = new OrdersSourceTask();
        task.initialize(offsets);
        task.start(properties);
        return task;
    }
}
