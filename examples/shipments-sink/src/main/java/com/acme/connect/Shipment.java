/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.kafka.connect.sink.SinkRecord;

/**
 * A record in the form in which it is posted.
 *
 * @param idempotencyKey the record's key, by which the same shipment written twice is still one; or where it stands
 *     in Kafka, if it has no key
 * @param body its value as JSON
 */
record Shipment(String idempotencyKey, byte[] body) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LONGEST_KEY = 200;

    static Shipment of(SinkRecord record) throws RejectedException {
        if (!(record.value() instanceof Map<?, ?> fields)) {
            throw new RejectedException("a shipment must be a JSON object without a schema (JsonConverter with "
                + "schemas.enable=false), not " + typeName(record.value()), null);
        }
        try {
            return new Shipment(idempotencyKey(record), JSON.writeValueAsBytes(fields));
        } catch (JsonProcessingException e) {
            throw new RejectedException("a shipment can't be written as JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static String idempotencyKey(SinkRecord record) {
        if (record.key() == null) {
            return record.topic() + "-" + record.kafkaPartition() + "-" + record.kafkaOffset();
        }
        String key = record.key().toString();
        return fitsIntoAHeader(key) ? key : Base64.getUrlEncoder().encodeToString(key.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean fitsIntoAHeader(String key) {
        return !key.isEmpty() && key.length() <= LONGEST_KEY && key.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }

    private static String typeName(Object value) {
        return value == null ? "null" : value.getClass().getSimpleName();
    }
}
