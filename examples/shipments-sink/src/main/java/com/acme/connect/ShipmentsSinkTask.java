/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.sink.ErrantRecordReporter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Posts its records one after the other, in the order of their partitions.
 *
 * <p>An API that is away is no reason to sleep here, which would keep the worker from stopping the task: a
 * {@link RetriableException} makes it call {@link #put} again with the same records after the time that was asked for
 * in {@code context.timeout}, or sooner, when it is time to commit offsets. A record that is refused goes to the
 * dead-letter topic, if there is one.
 */
public class ShipmentsSinkTask extends SinkTask {
    private static final Logger LOG = LoggerFactory.getLogger(ShipmentsSinkTask.class);

    private record Position(String topic, int partition, long offset) {
        static Position of(SinkRecord record) {
            return new Position(record.topic(), record.kafkaPartition(), record.kafkaOffset());
        }
    }

    private ShipmentsClient client;
    private Backoff backoff;
    private ErrantRecordReporter reporter;
    private long nextTryMs;
    /** What was dealt with of a batch that is going to be repeated. */
    private final Set<Position> done = new HashSet<>();

    @Override
    public String version() {
        return PluginVersion.VERSION;
    }

    @Override
    public void start(Map<String, String> properties) {
        ShipmentsSinkConfig config = new ShipmentsSinkConfig(properties);
        client = new ShipmentsClient(config);
        backoff = config.newBackoff();
        reporter = context.errantRecordReporter();
        nextTryMs = nowMs();
    }

    @Override
    public void put(Collection<SinkRecord> records) {
        if (!records.isEmpty()) {
            keepToThePause();
        }
        for (SinkRecord record : records) {
            Position position = Position.of(record);
            if (!done.contains(position)) {
                deliver(record);
                done.add(position);
            }
        }
        done.clear();
    }

    private void keepToThePause() {
        long waitMs = nextTryMs - nowMs();
        if (waitMs > 0) {
            context.timeout(waitMs);
            throw new RetriableException("the Shipments API is away, the next try is in " + waitMs + " ms");
        }
    }

    private void deliver(SinkRecord record) {
        if (record.value() == null) {
            return; // A deletion in a compacted topic: nothing to ship.
        }
        try {
            Shipment shipment = Shipment.of(record);
            client.post(shipment.idempotencyKey(), shipment.body());
            backoff.reset();
        } catch (UnavailableException e) {
            throw retryLater(e);
        } catch (RejectedException e) {
            backoff.reset();
            report(record, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RetriableException("interrupted while posting a shipment", e);
        }
    }

    private ConnectException retryLater(UnavailableException problem) {
        long nowMs = nowMs();
        long pauseMs = backoff.pauseAfterFailure(nowMs);
        if (backoff.isExhausted(nowMs)) {
            return new ConnectException("the Shipments API was away for longer than "
                + ShipmentsSinkConfig.RETRY_TIMEOUT + " allows, after " + backoff.failures() + " tries: "
                + problem.getMessage(), problem);
        }
        LOG.warn("{}; trying again in {} ms", problem.getMessage(), pauseMs);
        context.timeout(pauseMs);
        nextTryMs = nowMs + pauseMs;
        return new RetriableException(problem);
    }

    /** Hands the record to the worker, which writes it to the dead-letter topic or, with errors.tolerance=none, throws. */
    private void report(SinkRecord record, RejectedException problem) {
        if (reporter == null) {
            throw new ConnectException("the record at " + record.topic() + "-" + record.kafkaPartition() + " offset "
                + record.kafkaOffset() + " was refused: " + problem.getMessage(), problem);
        }
        LOG.warn("Refused: {}-{} offset {}: {}", record.topic(), record.kafkaPartition(), record.kafkaOffset(),
            problem.getMessage());
        reporter.report(record, problem);
    }

    private static long nowMs() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }

    /** The partitions go to another task, which begins at what was committed. */
    @Override
    public void close(Collection<TopicPartition> partitions) {
        done.clear();
    }

    @Override
    public void stop() {
        // Called between two batches, when nothing is open.
    }
}
