/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.ArrayList;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

/** An Orders API that answers what a test told it to, in that order, and then always "no orders". */
final class OrdersApiStub implements AutoCloseable {
    private record Answer(int status, String body) { }

    private final HttpServer server;
    private final Queue<Answer> answers = new ArrayDeque<>();
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    private final List<String> authorizations = Collections.synchronizedList(new ArrayList<>());

    OrdersApiStub() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::answer);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    OrdersApiStub then(int status, String body) {
        answers.add(new Answer(status, body));
        return this;
    }

    OrdersApiStub thenOrders(long... ids) {
        List<String> orders = new ArrayList<>();
        for (long id : ids) {
            orders.add("{\"id\": " + id + ", \"customer\": \"c-1\", \"amount_cents\": 1250}");
        }
        return then(200, "{\"orders\": [" + String.join(", ", orders) + "]}");
    }

    /** What was asked for so far, such as {@code /orders?since=0&limit=200}. */
    List<String> requests() {
        return List.copyOf(requests);
    }

    List<String> authorizations() {
        return List.copyOf(authorizations);
    }

    private void answer(HttpExchange exchange) throws IOException {
        requests.add(exchange.getRequestURI().toString());
        authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
        Answer answer = answers.isEmpty() ? new Answer(200, "{\"orders\": []}") : answers.remove();
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
