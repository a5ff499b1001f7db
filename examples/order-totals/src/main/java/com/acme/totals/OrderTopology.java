/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.totals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.Stores;

/** Orders, by order → by customer → shipments, by order again. */
final class OrderTopology {
    private static final Serde<String> TEXT = Serdes.String();
    private static final Serde<ObjectNode> JSON = new JsonSerde();

    private OrderTopology() {
    }

    static Topology build(Settings settings) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(
            Stores.inMemoryKeyValueStore(ShipmentProcessor.STORE), TEXT, JSON));
        builder.stream(settings.ordersTopic(), Consumed.with(TEXT, JSON))
            .filter((id, order) -> order != null && order.path("id").isIntegralNumber() && order.hasNonNull("customer"))
            .selectKey((id, order) -> order.path("customer").asText())
            .repartition(Repartitioned.with(TEXT, JSON).withName("orders-by-customer"))
            .processValues(() -> new ShipmentProcessor(settings.expressFromCents()), ShipmentProcessor.STORE)
            .selectKey((customer, shipment) -> shipment.path("order_id").asText())
            .to(settings.shipmentsTopic(), Produced.with(TEXT, JSON));
        return builder.build();
    }
}
