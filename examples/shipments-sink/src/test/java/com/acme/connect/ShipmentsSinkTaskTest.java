/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.sink.SinkRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShipmentsSinkTaskTest {
    private final ShipmentsApiStub api = new ShipmentsApiStub();
    private final WorkerStub worker = new WorkerStub(true);
    private final Map<String, String> properties = new HashMap<>(Map.of(
        "shipments.url", api.url(),
        "shipments.token", "s3cret",
        "shipments.retry.backoff.ms", "100"));

    @AfterEach
    void stopApi() {
        api.close();
    }

    @Test
    @DisplayName("a record is posted as JSON with its key and the token")
    void posts() {
        task(worker).put(List.of(record(3, "17")));

        ShipmentsApiStub.Request request = api.requests().get(0);
        assertEquals("POST /shipments", request.target());
        assertEquals("17", request.idempotencyKey());
        assertEquals("Bearer s3cret", request.authorization());
        assertEquals("{\"order_id\":3}", request.body());
    }

    @Test
    @DisplayName("a record without a key is known by its place")
    void keyless() {
        task(worker).put(List.of(record(3, null)));

        assertEquals("shipments-0-3", api.requests().get(0).idempotencyKey());
    }

    @Test
    @DisplayName("a key that no header can hold is encoded")
    void strangeKey() {
        task(worker).put(List.of(record(3, "größe\n")));

        assertEquals("Z3LDtsOfZQo=", api.requests().get(0).idempotencyKey());
    }

    @Test
    @DisplayName("a deletion is no shipment")
    void tombstone() {
        task(worker).put(List.of(new SinkRecord("shipments", 0, null, "1", null, null, 0)));

        assertEquals(List.of(), api.requests());
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 503, 429})
    @DisplayName("what may pass is left to the worker to repeat, after a pause")
    void retries(int status) {
        api.then(status);

        assertThrows(RetriableException.class, () -> task(worker).put(List.of(record(3, "17"))));

        assertTrue(75 <= worker.timeoutMs() && worker.timeoutMs() <= 100, () -> worker.timeoutMs() + " ms");
    }

    @Test
    @DisplayName("a repeated batch goes on where it failed")
    void repeatsOnlyTheRest() throws InterruptedException {
        api.then(200, 503);
        List<SinkRecord> batch = List.of(record(1, "a"), record(2, "b"), record(3, "c"));
        ShipmentsSinkTask task = task(worker);

        assertThrows(RetriableException.class, () -> task.put(batch));
        Thread.sleep(worker.timeoutMs() + 1);
        task.put(batch);

        assertEquals(List.of("a", "b", "b", "c"),
            api.requests().stream().map(ShipmentsApiStub.Request::idempotencyKey).toList());
    }

    @Test
    @DisplayName("a batch that is repeated too soon waits on, without a request")
    void keepsToThePause() {
        properties.put("shipments.retry.backoff.ms", "20000");
        api.then(503);
        ShipmentsSinkTask task = task(worker);

        assertThrows(RetriableException.class, () -> task.put(List.of(record(3, "17"))));
        assertThrows(RetriableException.class, () -> task.put(List.of(record(3, "17"))));

        assertEquals(1, api.requests().size());
        assertTrue(10_000 < worker.timeoutMs() && worker.timeoutMs() <= 20_000, () -> worker.timeoutMs() + " ms");
    }

    @Test
    @DisplayName("an API that stays away fails the task, in the end")
    void givesUp() {
        properties.put("shipments.retry.timeout.ms", "0");
        api.close();

        ConnectException failure = assertThrows(ConnectException.class,
            () -> task(worker).put(List.of(record(3, "17"))));

        assertFalse(failure instanceof RetriableException);
        assertTrue(failure.getMessage().startsWith("the Shipments API was away for longer"), failure.getMessage());
    }

    @Test
    @DisplayName("a refused record is reported and the next one goes on")
    void deadLetter() {
        api.then(422, 200);

        task(worker).put(List.of(record(1, "a"), record(2, "b")));

        assertEquals(List.of("a"), worker.deadLetters().stream().map(SinkRecord::key).toList());
        assertEquals(2, api.requests().size());
    }

    @Test
    @DisplayName("a refused record fails the task where nobody takes reports")
    void noDeadLetters() {
        api.then(422);

        ConnectException failure = assertThrows(ConnectException.class,
            () -> task(new WorkerStub(false)).put(List.of(record(1, "a"))));

        assertTrue(failure.getMessage().startsWith("the record at shipments-0 offset 1 was refused: POST "),
            failure.getMessage());
        assertInstanceOf(RejectedException.class, failure.getCause());
    }

    @Test
    @DisplayName("a wrong token fails the task: it is not the record's fault")
    void wrongToken() {
        api.then(401);

        assertThrows(ConnectException.class, () -> task(worker).put(List.of(record(1, "a"))));

        assertEquals(List.of(), worker.deadLetters());
    }

    @Test
    @DisplayName("a value that is no object is refused before it is sent")
    void strangeValue() {
        task(worker).put(List.of(new SinkRecord("shipments", 0, null, "1", null, "text", 0)));

        assertEquals(1, worker.deadLetters().size());
        assertEquals(List.of(), api.requests());
    }

    private ShipmentsSinkTask task(WorkerStub worker) {
        ShipmentsSinkTask task = new ShipmentsSinkTask();
        task.initialize(worker);
        task.start(properties);
        return task;
    }

    private static SinkRecord record(long offset, String key) {
        return new SinkRecord("shipments", 0, null, key, null, Map.of("order_id", offset), offset);
    }
}
