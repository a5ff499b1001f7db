#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Warehouse API: receives shipments, each once, and counts them.

    POST /shipments      one shipment; the same Idempotency-Key again changes nothing   {"status": "accepted"}
    GET /shipments       the newest shipments (limit=N, default 10), newest first       {"shipments": [...]}
    GET /stats           counts, first and last time, how long shipments took from their order's created_at to here
                         (newest=N: of the newest N alone)
    GET /health          200

It can be told to fail: --fail-every answers 503 to every Nth request, --reject-every answers 422 to every order
whose number N divides, each time.
"""

import threading
from collections import Counter, deque
from datetime import datetime, timezone

import rest

MEASURED = 100_000  # the newest arrivals, of which durations are known
SHOWN = 100
LARGEST_KEY = 200


class Warehouse:
    def __init__(self, fail_every, reject_every):
        self.fail_every = fail_every
        self.reject_every = reject_every
        self.lock = threading.Lock()
        self.seen = set()
        self.counts = Counter()
        self.channels = Counter()
        self.durations_ms = deque(maxlen=MEASURED)
        self.newest = deque(maxlen=SHOWN)
        self.first_at = self.last_at = None

    def receive(self, key, shipment):
        with self.lock:
            self.counts["requests"] += 1
            self._refuse_on_purpose(shipment)
            if key in self.seen:
                self.counts["duplicates"] += 1
                return {"status": "known"}
            self._accept(key, shipment)
            return {"status": "accepted"}

    def _refuse_on_purpose(self, shipment):
        if self.fail_every and self.counts["requests"] % self.fail_every == 0:
            self.counts["failed"] += 1
            raise rest.HttpError(503, "the warehouse is busy, try again")
        if self.reject_every and shipment["order_id"] % self.reject_every == 0:
            self.counts["rejected"] += 1
            raise rest.HttpError(422, f"order {shipment['order_id']} can't be shipped")

    def _accept(self, key, shipment):
        now = datetime.now(timezone.utc)
        self.seen.add(key)
        self.counts["accepted"] += 1
        self.channels[str(shipment.get("channel", "none"))] += 1
        self.first_at = self.first_at or now
        self.last_at = now
        self.newest.appendleft(shipment)
        created_at = parsed_time(shipment.get("created_at"))
        if created_at:
            self.durations_ms.append((now - created_at).total_seconds() * 1000)

    def stats(self, newest):
        with self.lock:
            counts = {name: self.counts[name] for name in ("requests", "accepted", "duplicates", "failed", "rejected")}
            return counts | {
                "channels": dict(self.channels),
                "first_at": text_of(self.first_at),
                "last_at": text_of(self.last_at),
                "per_second": self._per_second(),
                "latency_ms": percentiles(list(self.durations_ms)[-newest:]),
            }

    def _per_second(self):
        seconds = (self.last_at - self.first_at).total_seconds() if self.first_at else 0
        return round((self.counts["accepted"] - 1) / seconds, 1) if seconds else None

    def shipments(self, limit):
        with self.lock:
            return list(self.newest)[:limit]


def parsed_time(text):
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
    except (AttributeError, ValueError):
        return None


def text_of(time):
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z") if time else None


def percentiles(durations_ms):
    if not durations_ms:
        return None
    ordered = sorted(durations_ms)
    at = lambda share: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))])
    return {"min": at(0), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1)}


def post_shipment(warehouse, request):
    key = request.headers.get("Idempotency-Key", "")
    if not 0 < len(key) <= LARGEST_KEY:
        raise rest.HttpError(400, f"the header Idempotency-Key is needed, with up to {LARGEST_KEY} characters")
    shipment = request.body
    if not isinstance(shipment, dict) or type(shipment.get("order_id")) is not int:
        raise rest.HttpError(422, "a shipment is an object with a whole number as its order_id")
    return warehouse.receive(key, shipment)


def routes(warehouse):
    return {
        ("POST", "/shipments"): lambda request: post_shipment(warehouse, request),
        ("GET", "/shipments"): lambda request: {
            "shipments": warehouse.shipments(request.integer("limit", 10, 1, SHOWN))},
        ("GET", "/stats"): lambda request: warehouse.stats(request.integer("newest", MEASURED, 1, MEASURED)),
        ("GET", "/health"): lambda request: {"status": "ok"},
    }


def parser():
    result = rest.parser(__doc__.splitlines()[0], "WAREHOUSE_TOKEN")
    result.add_argument("--fail-every", type=int, default=0, metavar="N", help="answer 503 to every Nth request")
    result.add_argument("--reject-every", type=int, default=0, metavar="N",
                        help="answer 422 to every order whose number N divides")
    return result


def main():
    options = parser().parse_args()
    rest.serve(options, routes(Warehouse(options.fail_every, options.reject_every)))


if __name__ == "__main__":
    main()
