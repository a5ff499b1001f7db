#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Orders API: a shop whose orders come in at a steady rate.

    GET /orders?since=ID&limit=N[&region=NAME]   the orders after ID, oldest first   {"orders": [...]}
    GET /stats                                   how many there are by now
    GET /health                                  200

The same seed gives the same orders; only their times are those of this run.
"""

import random
import time
from datetime import datetime, timezone

import rest

PRODUCTS = {"lamp": 4900, "chair": 8900, "desk": 24900, "shelf": 12900, "rug": 15900, "vase": 1900}
REGIONS = ["eu", "us", "asia"]
LARGEST_BATCH = 1000


class Shop:
    """Order I exists from the moment start + I / rate; it is made when it is asked for, the same each time."""

    def __init__(self, options):
        self.seed = options.seed
        self.rate = options.rate
        self.initial = options.initial
        self.total = options.total
        self.customers = options.customers
        self.started = time.time()

    def count(self):
        come_in = self.initial + int((time.time() - self.started) * self.rate)
        return min(come_in, self.total) if self.total else come_in

    def order(self, number):
        chance = random.Random(f"{self.seed}/{number}")
        customer = chance.randrange(self.customers)
        lines = [{"sku": sku, "quantity": chance.randint(1, 3), "price_cents": PRODUCTS[sku]}
                 for sku in chance.sample(sorted(PRODUCTS), chance.randint(1, 3))]
        return {
            "id": number,
            "customer": f"c-{customer:03}",
            "region": REGIONS[customer % len(REGIONS)],
            "currency": "EUR",
            "lines": lines,
            "amount_cents": sum(line["quantity"] * line["price_cents"] for line in lines),
            "created_at": self._created_at(number),
        }

    def _created_at(self, number):
        seconds = max(0, number - self.initial) / self.rate if self.rate else 0
        moment = datetime.fromtimestamp(self.started + seconds, timezone.utc)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def list_orders(shop, request):
    since = request.integer("since", 0, 0, 10**18 - 1)
    limit = request.integer("limit", 100, 1, LARGEST_BATCH)
    region = request.text("region", "")
    if region and region not in REGIONS:
        raise rest.HttpError(400, f"there is no region {region!r}: the regions are {', '.join(REGIONS)}")
    orders = []
    for number in range(since + 1, shop.count() + 1):
        order = shop.order(number)
        if not region or order["region"] == region:
            orders.append(order)
        if len(orders) == limit:
            break
    return {"orders": orders}


def routes(shop):
    return {
        ("GET", "/orders"): lambda request: list_orders(shop, request),
        ("GET", "/stats"): lambda request: {"orders": shop.count()},
        ("GET", "/health"): lambda request: {"status": "ok"},
    }


def parser():
    result = rest.parser(__doc__.splitlines()[0], "ORDERS_TOKEN")
    result.add_argument("--rate", type=float, default=5, help="new orders a second (default: 5; 0: none)")
    result.add_argument("--initial", type=int, default=20, help="orders there at the start (default: 20)")
    result.add_argument("--total", type=int, default=0, help="when to stop (default: 0, never)")
    result.add_argument("--seed", default="acme", help="the same seed gives the same orders (default: acme)")
    result.add_argument("--customers", type=int, default=25, help="how many customers there are (default: 25)")
    return result


def main():
    options = parser().parse_args()
    rest.serve(options, routes(Shop(options)))


if __name__ == "__main__":
    main()
