/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.kafka.connect.errors.ConnectException;

/** Speaks to the Orders API: {@code GET /orders?since=ID&limit=N[&region=NAME]} answers {@code {"orders": […]}}. */
final class OrdersClient {
    private static final int SHOWN_OF_A_BODY = 200;
    private static final TypeReference<Map<String, Object>> FIELDS = new TypeReference<>() { };

    private final OrdersSourceConfig config;
    private final ObjectMapper json = new ObjectMapper();
    private final HttpClient http;

    OrdersClient(OrdersSourceConfig config) {
        this.config = config;
        this.http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(config.requestTimeout())
            .build();
    }

    /**
     * Returns the orders after {@code lastId}, oldest first, at most as many as a batch holds.
     *
     * @param region the region to read, or "" for all
     * @throws UnavailableException when the same request may succeed later
     * @throws ConnectException when it will not: the answer says that the configuration or the API is wrong
     */
    List<Order> ordersAfter(long lastId, String region) throws UnavailableException, InterruptedException {
        URI uri = uri(lastId, region);
        HttpResponse<byte[]> response = get(uri);
        int status = response.statusCode();
        if (status == 200) {
            return parse(uri, response.body());
        }
        String problem = "GET " + uri + " answered " + status + ": " + beginning(response.body());
        if (status >= 500 || status == 429 || status == 408) {
            throw new UnavailableException(problem, null);
        }
        throw new ConnectException(problem);
    }

    private URI uri(long lastId, String region) {
        String base = config.url().toString().replaceAll("/+$", "");
        String query = "?since=" + lastId + "&limit=" + config.batchSize();
        if (!region.isEmpty()) {
            query += "&region=" + URLEncoder.encode(region, StandardCharsets.UTF_8);
        }
        return URI.create(base + "/orders" + query);
    }

    private HttpResponse<byte[]> get(URI uri) throws UnavailableException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
            .timeout(config.requestTimeout())
            .header("Accept", "application/json");
        config.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException e) {
            throw new UnavailableException("GET " + uri + " failed: " + e, e);
        }
    }

    private List<Order> parse(URI uri, byte[] body) {
        try {
            JsonNode list = json.readTree(body).path("orders");
            if (!list.isArray()) {
                throw new ConnectException("GET " + uri + " answered without a list \"orders\": " + beginning(body));
            }
            List<Order> orders = new ArrayList<>(list.size());
            for (JsonNode order : list) {
                orders.add(order(uri, order));
            }
            return orders;
        } catch (IOException e) {
            throw new ConnectException("GET " + uri + " answered with broken JSON: " + beginning(body), e);
        }
    }

    private Order order(URI uri, JsonNode order) {
        JsonNode id = order.path("id");
        if (!id.canConvertToLong() || !id.isIntegralNumber()) {
            throw new ConnectException("GET " + uri + " answered with an order that has no whole number as its id");
        }
        return new Order(id.longValue(), json.convertValue(order, FIELDS));
    }

    private static String beginning(byte[] body) {
        String text = new String(body, StandardCharsets.UTF_8).strip();
        return text.length() <= SHOWN_OF_A_BODY ? text : text.substring(0, SHOWN_OF_A_BODY) + "…";
    }
}
