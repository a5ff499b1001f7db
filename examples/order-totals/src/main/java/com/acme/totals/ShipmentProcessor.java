/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.totals;

import java.util.List;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Adds each order to its customer's total and turns it into a shipment that carries the total so far.
 *
 * <p>Orders come keyed by customer, so one task sees all orders of a customer. An order that comes twice counts twice;
 * the shipment is known by its order's id and is made once.
 */
final class ShipmentProcessor implements FixedKeyProcessor<String, ObjectNode, ObjectNode> {
    /** Per customer: the running total in cents and the number of orders. */
    static final String STORE = "customers";

    /** What a shipment takes over from its order, where the order has it. */
    private static final List<String> TAKEN_OVER = List.of("customer", "region", "channel", "created_at", "fetched_at");

    private final long expressFromCents;
    private FixedKeyProcessorContext<String, ObjectNode> context;
    private KeyValueStore<String, ObjectNode> customers;

    ShipmentProcessor(long expressFromCents) {
        this.expressFromCents = expressFromCents;
    }

    @Override
    public void init(FixedKeyProcessorContext<String, ObjectNode> context) {
        this.context = context;
        this.customers = context.getStateStore(STORE);
    }

    @Override
    public void process(FixedKeyRecord<String, ObjectNode> record) {
        ObjectNode order = record.value();
        ObjectNode customer = add(customers.get(record.key()), order);
        customers.put(record.key(), customer);
        context.forward(record.withValue(shipment(order, customer)));
    }

    private static ObjectNode add(ObjectNode customer, ObjectNode order) {
        ObjectNode before = customer == null ? JsonNodeFactory.instance.objectNode() : customer;
        return JsonNodeFactory.instance.objectNode()
            .put("total_cents", before.path("total_cents").asLong() + order.path("amount_cents").asLong())
            .put("orders", before.path("orders").asLong() + 1);
    }

    private ObjectNode shipment(ObjectNode order, ObjectNode customer) {
        long total = customer.path("total_cents").asLong();
        ObjectNode shipment = JsonNodeFactory.instance.objectNode()
            .put("order_id", order.path("id").asLong())
            .put("amount_cents", order.path("amount_cents").asLong())
            .put("customer_total_cents", total)
            .put("customer_orders", customer.path("orders").asLong())
            .put("service", total >= expressFromCents ? "express" : "standard");
        TAKEN_OVER.stream().filter(order::hasNonNull).forEach(field -> shipment.set(field, order.get(field)));
        return shipment;
    }
}
