/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.util.ConnectorUtils;

/**
 * Polls the Orders REST API and writes each order to a topic.
 *
 * <p>A connector only checks its configuration and divides the work; the reading is {@link OrdersSourceTask}'s.
 * A worker finds this class through {@code META-INF/services}, with no scan of the jar.
 */
public class OrdersSourceConnector extends SourceConnector {
    private Map<String, String> properties;
    private OrdersSourceConfig config;

    @Override
    public String version() {
        return PluginVersion.VERSION;
    }

    @Override
    public ConfigDef config() {
        return OrdersSourceConfig.DEFINITION;
    }

    @Override
    public Class<? extends Task> taskClass() {
        return OrdersSourceTask.class;
    }

    @Override
    public void start(Map<String, String> properties) {
        this.config = new OrdersSourceConfig(properties);
        this.properties = properties;
    }

    /**
     * Gives each task a share of the regions. Without regions there is one stream of orders to follow, hence one
     * task, however many are allowed.
     */
    @Override
    public List<Map<String, String>> taskConfigs(int maxTasks) {
        List<String> regions = config.regions();
        if (regions.isEmpty()) {
            return List.of(properties);
        }
        return ConnectorUtils.groupPartitions(regions, Math.min(maxTasks, regions.size())).stream()
            .map(this::taskConfig)
            .toList();
    }

    private Map<String, String> taskConfig(List<String> regions) {
        Map<String, String> taskConfig = new HashMap<>(properties);
        taskConfig.put(OrdersSourceConfig.REGIONS, String.join(",", regions));
        return taskConfig;
    }

    /** A record's offset says exactly where to go on, so a worker may commit both in one transaction. */
    @Override
    public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> properties) {
        return ExactlyOnceSupport.SUPPORTED;
    }

    @Override
    public void stop() {
        // Nothing runs here: the tasks hold the connections.
    }
}
