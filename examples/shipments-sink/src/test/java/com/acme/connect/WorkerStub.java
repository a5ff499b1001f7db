/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.metrics.PluginMetrics;
import org.apache.kafka.connect.sink.ErrantRecordReporter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTaskContext;

/** What a task sees of the worker: it asks for a time to wait and reports records that were refused. */
final class WorkerStub implements SinkTaskContext, ErrantRecordReporter {
    private final boolean withDeadLetters;
    private final List<SinkRecord> deadLetters = new ArrayList<>();
    private long timeoutMs = -1;

    WorkerStub(boolean withDeadLetters) {
        this.withDeadLetters = withDeadLetters;
    }

    List<SinkRecord> deadLetters() {
        return deadLetters;
    }

    /** What the task asked for last, -1 before. */
    long timeoutMs() {
        return timeoutMs;
    }

    @Override
    public void timeout(long timeoutMs) {
        this.timeoutMs = timeoutMs;
    }

    @Override
    public ErrantRecordReporter errantRecordReporter() {
        return withDeadLetters ? this : null;
    }

    @Override
    public Future<Void> report(SinkRecord record, Throwable error) {
        deadLetters.add(record);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public Map<String, String> configs() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void offset(Map<TopicPartition, Long> offsets) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void offset(TopicPartition partition, long offset) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Set<TopicPartition> assignment() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void pause(TopicPartition... partitions) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void resume(TopicPartition... partitions) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void requestCommit() {
        throw new UnsupportedOperationException();
    }

    @Override
    public PluginMetrics pluginMetrics() {
        throw new UnsupportedOperationException();
    }
}
