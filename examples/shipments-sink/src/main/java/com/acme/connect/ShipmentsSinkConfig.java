/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.types.Password;

/**
 * The settings of the connector and of its tasks. What {@link #DEFINITION} can check is already reported by
 * {@code PUT /connector-plugins/…/config/validate}, before anything starts.
 */
public class ShipmentsSinkConfig extends AbstractConfig {
    public static final String URL = "shipments.url";
    public static final String TOKEN = "shipments.token";
    public static final String REQUEST_TIMEOUT = "shipments.request.timeout.ms";
    public static final String RETRY_BACKOFF = "shipments.retry.backoff.ms";
    public static final String RETRY_TIMEOUT = "shipments.retry.timeout.ms";

    public static final ConfigDef DEFINITION = new ConfigDef()
        .define(URL, Type.STRING, ConfigDef.NO_DEFAULT_VALUE, new HttpUrl(), Importance.HIGH,
            "The address of the Shipments API, such as https://warehouse.acme.example; /shipments is added to it.")
        .define(TOKEN, Type.PASSWORD, null, Importance.HIGH,
            "Sent to the Shipments API as a bearer token. Not set: no token is sent.")
        .define(REQUEST_TIMEOUT, Type.LONG, 10_000L, Range.atLeast(1), Importance.LOW,
            "How long to wait for an answer of the Shipments API, in milliseconds.")
        .define(RETRY_BACKOFF, Type.LONG, 500L, Range.atLeast(1), Importance.LOW,
            "How long to wait before the first retry, in milliseconds; each further one waits twice as long.")
        .define(RETRY_TIMEOUT, Type.LONG, 300_000L, Range.atLeast(0), Importance.LOW,
            "How long the Shipments API may be away before the task fails, in milliseconds.");

    public ShipmentsSinkConfig(Map<String, String> properties) {
        super(DEFINITION, properties);
    }

    public URI url() {
        return URI.create(getString(URL));
    }

    public Optional<String> token() {
        return Optional.ofNullable(getPassword(TOKEN)).map(Password::value);
    }

    public Duration requestTimeout() {
        return Duration.ofMillis(getLong(REQUEST_TIMEOUT));
    }

    public Backoff newBackoff() {
        return new Backoff(getLong(RETRY_BACKOFF), getLong(RETRY_TIMEOUT));
    }
}
