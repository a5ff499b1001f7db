/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.NonEmptyString;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.types.Password;

/**
 * The settings of the connector and of its tasks. What {@link #DEFINITION} can check is already reported by
 * {@code PUT /connector-plugins/…/config/validate}, before anything starts.
 */
public class OrdersSourceConfig extends AbstractConfig {
    public static final String URL = "orders.url";
    public static final String TOPIC = "orders.topic";
    public static final String TOKEN = "orders.token";
    public static final String REGIONS = "orders.regions";
    public static final String POLL_INTERVAL = "orders.poll.interval.ms";
    public static final String BATCH_SIZE = "orders.batch.size";
    public static final String REQUEST_TIMEOUT = "orders.request.timeout.ms";
    public static final String RETRY_BACKOFF = "orders.retry.backoff.ms";
    public static final String RETRY_TIMEOUT = "orders.retry.timeout.ms";

    public static final ConfigDef DEFINITION = new ConfigDef()
        .define(URL, Type.STRING, ConfigDef.NO_DEFAULT_VALUE, new HttpUrl(), Importance.HIGH,
            "The address of the Orders API, such as https://orders.acme.example; /orders is added to it.")
        .define(TOPIC, Type.STRING, ConfigDef.NO_DEFAULT_VALUE, new NonEmptyString(), Importance.HIGH,
            "The topic that the orders are written to, keyed by order id.")
        .define(TOKEN, Type.PASSWORD, null, Importance.HIGH,
            "Sent to the Orders API as a bearer token. Not set: no token is sent.")
        .define(REGIONS, Type.LIST, List.of(), Importance.MEDIUM,
            "The regions to read; they are divided among the tasks. Empty: all orders, in one task.")
        .define(POLL_INTERVAL, Type.LONG, 30_000L, Range.atLeast(1), Importance.MEDIUM,
            "How long to wait after the newest order was read, in milliseconds.")
        .define(BATCH_SIZE, Type.INT, 200, Range.between(1, 1_000), Importance.LOW,
            "How many orders to ask for at once.")
        .define(REQUEST_TIMEOUT, Type.LONG, 10_000L, Range.atLeast(1), Importance.LOW,
            "How long to wait for an answer of the Orders API, in milliseconds.")
        .define(RETRY_BACKOFF, Type.LONG, 500L, Range.atLeast(1), Importance.LOW,
            "How long to wait before the first retry, in milliseconds; each further one waits twice as long.")
        .define(RETRY_TIMEOUT, Type.LONG, 300_000L, Range.atLeast(0), Importance.LOW,
            "How long the Orders API may be away before the task fails, in milliseconds.");

    public OrdersSourceConfig(Map<String, String> properties) {
        super(DEFINITION, properties);
    }

    public URI url() {
        return URI.create(getString(URL));
    }

    public String topic() {
        return getString(TOPIC);
    }

    public Optional<String> token() {
        return Optional.ofNullable(getPassword(TOKEN)).map(Password::value);
    }

    public List<String> regions() {
        return getList(REGIONS).stream().distinct().toList();
    }

    public long pollIntervalMs() {
        return getLong(POLL_INTERVAL);
    }

    public int batchSize() {
        return getInt(BATCH_SIZE);
    }

    public Duration requestTimeout() {
        return Duration.ofMillis(getLong(REQUEST_TIMEOUT));
    }

    /** A fresh one: each stream of orders counts its own failures. */
    public Backoff newBackoff() {
        return new Backoff(getLong(RETRY_BACKOFF), getLong(RETRY_TIMEOUT));
    }
}
