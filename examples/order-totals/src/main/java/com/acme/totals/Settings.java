/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.totals;

import java.util.Locale;
import java.util.Map;
import java.util.Properties;

import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.LogAndContinueExceptionHandler;

/**
 * What the environment says. {@code KAFKA_BOOTSTRAP_SERVERS} is needed; {@code APPLICATION_ID}, {@code ORDERS_TOPIC},
 * {@code SHIPMENTS_TOPIC}, {@code EXPRESS_FROM_CENTS} and {@code STATE_DIR} have defaults. Any other property of Kafka
 * Streams is set by {@code STREAMS_} and its name in capitals: {@code STREAMS_COMMIT_INTERVAL_MS=100}.
 *
 * @param expressFromCents the running total from which on a customer's orders are shipped by express
 */
record Settings(String ordersTopic, String shipmentsTopic, long expressFromCents, Properties streams) {
    private static final String PREFIX = "STREAMS_";

    /** @throws IllegalArgumentException with words for the person who set the environment */
    static Settings from(Map<String, String> environment) {
        return new Settings(
            environment.getOrDefault("ORDERS_TOPIC", "orders.raw"),
            environment.getOrDefault("SHIPMENTS_TOPIC", "shipments"),
            wholeNumber(environment, "EXPRESS_FROM_CENTS", 500_000),
            streams(environment));
    }

    private static Properties streams(Map<String, String> environment) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, "200");
        properties.put(StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG,
            LogAndContinueExceptionHandler.class.getName());
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        properties.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), "5"); // Streams' own: 100, a hop.
        environment.forEach((name, value) -> {
            if (name.startsWith(PREFIX)) {
                properties.put(name.substring(PREFIX.length()).toLowerCase(Locale.ROOT).replace('_', '.'), value);
            }
        });
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, needed(environment, "KAFKA_BOOTSTRAP_SERVERS"));
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG,
            environment.getOrDefault("APPLICATION_ID", "order-totals"));
        if (environment.containsKey("STATE_DIR")) {
            properties.put(StreamsConfig.STATE_DIR_CONFIG, environment.get("STATE_DIR"));
        }
        return properties;
    }

    private static String needed(Map<String, String> environment, String name) {
        String value = environment.getOrDefault(name, "");
        if (value.isBlank()) {
            throw new IllegalArgumentException(name + " is not set, such as " + name + "=127.0.0.1:9092");
        }
        return value;
    }

    private static long wholeNumber(Map<String, String> environment, String name, long otherwise) {
        String value = environment.getOrDefault(name, Long.toString(otherwise));
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + " must be a whole number, not '" + value + "'", e);
        }
    }
}
