/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.util.Collections;
import java.util.List;
import java.util.Map;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.sink.SinkConnector;

/**
 * Posts each record of its topics to the Shipments REST API.
 *
 * <p>All tasks have the same configuration: Connect's consumer group divides the topics' partitions among them.
 */
public class ShipmentsSinkConnector extends SinkConnector {
    private Map<String, String> properties;

    @Override
    public String version() {
        return PluginVersion.VERSION;
    }

    @Override
    public ConfigDef config() {
        return ShipmentsSinkConfig.DEFINITION;
    }

    @Override
    public Class<? extends Task> taskClass() {
        return ShipmentsSinkTask.class;
    }

    @Override
    public void start(Map<String, String> properties) {
        new ShipmentsSinkConfig(properties); // Throws where the tasks would.
        this.properties = properties;
    }

    @Override
    public List<Map<String, String>> taskConfigs(int maxTasks) {
        return Collections.nCopies(maxTasks, properties);
    }

    @Override
    public void stop() {
        // Nothing runs here: the tasks hold the connections.
    }
}
