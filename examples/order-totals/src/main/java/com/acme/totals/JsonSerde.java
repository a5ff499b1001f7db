/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.totals;

import java.io.IOException;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** JSON objects as they are, so that a field that somebody adds upstream passes through. */
final class JsonSerde implements Serde<ObjectNode> {
    private final ObjectMapper json = new ObjectMapper();

    @Override
    public Serializer<ObjectNode> serializer() {
        return (topic, object) -> object == null ? null : write(object);
    }

    private byte[] write(ObjectNode object) {
        try {
            return json.writeValueAsBytes(object);
        } catch (JsonProcessingException e) {
            throw new SerializationException(e);
        }
    }

    @Override
    public Deserializer<ObjectNode> deserializer() {
        return (topic, bytes) -> bytes == null ? null : read(topic, bytes);
    }

    private ObjectNode read(String topic, byte[] bytes) {
        try {
            JsonNode value = json.readTree(bytes);
            if (value instanceof ObjectNode object) {
                return object;
            }
            throw new SerializationException("a record of " + topic + " is no JSON object");
        } catch (IOException e) {
            throw new SerializationException("a record of " + topic + " is no JSON", e);
        }
    }
}
