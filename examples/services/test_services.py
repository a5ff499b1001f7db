# SPDX-License-Identifier: Apache-2.0
"""python3 -m unittest discover -s examples/services"""

import json
import threading
import unittest
import urllib.error
import urllib.request

import orders
import rest
import warehouse


class Service:
    """One of the services, answering on a free port; call it to send a request."""

    def __init__(self, options, routes):
        self.http = rest.server(options, routes)
        threading.Thread(target=self.http.serve_forever, args=[0.01]).start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()

    def __call__(self, path, body=None, token="t", key="k"):
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.http.server_address[1]}{path}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=5) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


class OrdersTest(unittest.TestCase):
    def orders(self, *arguments):
        options = orders.parser().parse_args(["--token", "t", "--rate", "0", *arguments])
        service = Service(options, orders.routes(orders.Shop(options)))
        self.addCleanup(service.stop)
        return service

    def test_orders_come_in_order_after_the_one_that_is_known(self):
        _, answer = self.orders("--initial", "10")("/orders?since=6&limit=3")
        self.assertEqual([7, 8, 9], [order["id"] for order in answer["orders"]])

    def test_the_same_seed_gives_the_same_orders(self):
        def first(seed):
            order = self.orders("--seed", seed)("/orders?limit=1")[1]["orders"][0]
            return {name: value for name, value in order.items() if name != "created_at"}

        self.assertEqual(first("a"), first("a"))
        self.assertNotEqual(first("a"), first("b"))

    def test_regions_share_the_orders_out(self):
        service = self.orders("--initial", "30")
        parts = [service(f"/orders?region={region}")[1]["orders"] for region in orders.REGIONS]
        self.assertEqual(list(range(1, 31)), sorted(order["id"] for part in parts for order in part))

    def test_new_orders_appear_up_to_the_total(self):
        self.assertEqual(7, self.orders("--rate", "1000000", "--total", "7")("/stats")[1]["orders"])

    def test_bad_questions_are_refused(self):
        service = self.orders()
        self.assertEqual(401, service("/orders", token="wrong")[0])
        self.assertEqual(400, service("/orders?limit=0")[0])
        self.assertEqual(400, service("/orders?region=moon")[0])
        self.assertEqual(404, service("/nothing")[0])


class WarehouseTest(unittest.TestCase):
    SHIPMENT = {"order_id": 3, "channel": "web", "created_at": "2026-01-01T00:00:00.000Z"}

    def warehouse(self, *arguments):
        options = warehouse.parser().parse_args(["--token", "t", *arguments])
        service = Service(options, warehouse.routes(warehouse.Warehouse(options.fail_every, options.reject_every)))
        self.addCleanup(service.stop)
        return service

    def test_a_shipment_is_received_once(self):
        service = self.warehouse()
        self.assertEqual((200, {"status": "accepted"}), service("/shipments", self.SHIPMENT))
        self.assertEqual((200, {"status": "known"}), service("/shipments", self.SHIPMENT))
        _, stats = service("/stats")
        self.assertEqual((1, 1), (stats["accepted"], stats["duplicates"]))
        self.assertEqual({"web": 1}, stats["channels"])
        self.assertGreater(stats["latency_ms"]["p50"], 0)

    def test_it_fails_as_often_as_it_is_told(self):
        service = self.warehouse("--fail-every", "2")
        self.assertEqual([200, 503, 200], [service("/shipments", self.SHIPMENT)[0] for _ in range(3)])

    def test_it_rejects_an_order_each_time(self):
        service = self.warehouse("--reject-every", "3")
        self.assertEqual([422, 422], [service("/shipments", self.SHIPMENT)[0] for _ in range(2)])

    def test_bad_shipments_are_refused(self):
        service = self.warehouse()
        self.assertEqual(401, service("/shipments", self.SHIPMENT, token="wrong")[0])
        self.assertEqual(400, service("/shipments", self.SHIPMENT, key="")[0])
        self.assertEqual(422, service("/shipments", {"order_id": "3"})[0])
        self.assertEqual(422, service("/shipments", [1])[0])

    def test_the_newest_shipments_are_shown(self):
        service = self.warehouse()
        for number in range(1, 4):
            service("/shipments", self.SHIPMENT | {"order_id": number}, key=str(number))
        _, answer = service("/shipments?limit=2")
        self.assertEqual([3, 2], [shipment["order_id"] for shipment in answer["shipments"]])


if __name__ == "__main__":
    unittest.main()
