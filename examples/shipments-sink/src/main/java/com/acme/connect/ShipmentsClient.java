/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Set;

import org.apache.kafka.connect.errors.ConnectException;

/** Speaks to the Shipments API: {@code POST /shipments}, with a header {@code Idempotency-Key}. */
final class ShipmentsClient {
    private static final int SHOWN_OF_A_BODY = 200;
    private static final Set<Integer> WORTH_A_RETRY = Set.of(408, 425, 429);
    /** Every record would get these, so they speak of the configuration, not of the record. */
    private static final Set<Integer> WRONG_CONFIGURATION = Set.of(401, 403, 404, 405);

    private final ShipmentsSinkConfig config;
    private final URI uri;
    private final HttpClient http;

    ShipmentsClient(ShipmentsSinkConfig config) {
        this.config = config;
        this.uri = URI.create(config.url().toString().replaceAll("/+$", "") + "/shipments");
        this.http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(config.requestTimeout())
            .build();
    }

    /**
     * Delivers one shipment. Doing so again with the same key is harmless.
     *
     * @throws UnavailableException when the same request may succeed later
     * @throws RejectedException when this shipment is refused
     * @throws ConnectException when every shipment would be
     */
    void post(String idempotencyKey, byte[] shipment)
            throws UnavailableException, RejectedException, InterruptedException {
        HttpResponse<String> response = send(idempotencyKey, shipment);
        int status = response.statusCode();
        if (status >= 200 && status < 300) {
            return;
        }
        String problem = "POST " + uri + " answered " + status + ": " + beginning(response.body());
        if (status >= 500 || WORTH_A_RETRY.contains(status)) {
            throw new UnavailableException(problem, null);
        }
        if (status < 400 || WRONG_CONFIGURATION.contains(status)) {
            throw new ConnectException(problem);
        }
        throw new RejectedException(problem, null);
    }

    private HttpResponse<String> send(String idempotencyKey, byte[] shipment)
            throws UnavailableException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
            .timeout(config.requestTimeout())
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", idempotencyKey)
            .POST(HttpRequest.BodyPublishers.ofByteArray(shipment));
        config.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UnavailableException("POST " + uri + " failed: " + e, e);
        }
    }

    private static String beginning(String body) {
        String text = body.strip();
        return text.length() <= SHOWN_OF_A_BODY ? text : text.substring(0, SHOWN_OF_A_BODY) + "…";
    }
}
