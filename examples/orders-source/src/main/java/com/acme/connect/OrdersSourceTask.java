/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the orders of its regions, each from where its offset says.
 *
 * <p>A worker stops a task between two calls of {@link #poll}, so none may take long: it waits for at most half a
 * second, and an API that is away means a later time for the next try, never a sleep.
 */
public class OrdersSourceTask extends SourceTask {
    private static final Logger LOG = LoggerFactory.getLogger(OrdersSourceTask.class);
    private static final long LONGEST_WAIT_MS = 500;

    private OrdersSourceConfig config;
    private OrdersClient client;
    private List<RegionCursor> cursors;

    @Override
    public String version() {
        return PluginVersion.VERSION;
    }

    @Override
    public void start(Map<String, String> properties) {
        config = new OrdersSourceConfig(properties);
        client = new OrdersClient(config);
        List<String> regions = config.regions().isEmpty() ? List.of("") : config.regions();
        cursors = regions.stream().map(this::cursorOf).toList();
    }

    private RegionCursor cursorOf(String region) {
        RegionCursor cursor = new RegionCursor(region, config.newBackoff());
        cursor.resumeAt(context.offsetStorageReader().offset(cursor.partition()));
        cursor.setDueAtMs(nowMs());
        LOG.info("Reading {} after id {}", region.isEmpty() ? "all orders" : "orders of " + region, cursor.lastId());
        return cursor;
    }

    @Override
    public List<SourceRecord> poll() throws InterruptedException {
        RegionCursor next = cursors.stream().min(Comparator.comparingLong(RegionCursor::dueAtMs)).orElseThrow();
        long waitMs = next.dueAtMs() - nowMs();
        if (waitMs > 0) {
            Thread.sleep(Math.min(waitMs, LONGEST_WAIT_MS));
        }
        return waitMs > LONGEST_WAIT_MS ? null : read(next);
    }

    private List<SourceRecord> read(RegionCursor cursor) throws InterruptedException {
        try {
            List<Order> orders = client.ordersAfter(cursor.lastId(), cursor.region());
            cursor.backoff().reset();
            boolean more = orders.size() >= config.batchSize();
            cursor.setDueAtMs(nowMs() + (more ? 0 : config.pollIntervalMs()));
            return records(cursor, orders);
        } catch (UnavailableException e) {
            retryLater(cursor, e);
            return null;
        }
    }

    private List<SourceRecord> records(RegionCursor cursor, List<Order> orders) {
        List<SourceRecord> records = new ArrayList<>(orders.size());
        for (Order order : orders) {
            cursor.advanceTo(order.id());
            records.add(record(cursor, order));
        }
        return records;
    }

    private SourceRecord record(RegionCursor cursor, Order order) {
        return new SourceRecord(cursor.partition(), cursor.offset(), config.topic(),
            Schema.STRING_SCHEMA, Long.toString(order.id()),
            null, order.fields());
    }

    private void retryLater(RegionCursor cursor, UnavailableException problem) {
        long nowMs = nowMs();
        long pauseMs = cursor.backoff().pauseAfterFailure(nowMs);
        if (cursor.backoff().isExhausted(nowMs)) {
            throw new ConnectException("the Orders API was away for longer than " + OrdersSourceConfig.RETRY_TIMEOUT
                + " allows, after " + cursor.backoff().failures() + " tries: " + problem.getMessage(), problem);
        }
        LOG.warn("{}; trying again in {} ms", problem.getMessage(), pauseMs);
        cursor.setDueAtMs(nowMs + pauseMs);
    }

    private static long nowMs() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }

    @Override
    public void stop() {
        // Called between two polls, when nothing is open.
    }
}
