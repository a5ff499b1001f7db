# SPDX-License-Identifier: Apache-2.0
"""What an environment's flow begins and ends with, its two REST services, and the Streams application in its middle."""

import json
import secrets
import sys
import time
import urllib.request

from errors import DemoError
from work import EXAMPLES

SANDBOXES = {"dev": "demo-dev", "prod": "demo-prod"}
WAITING = 500  # orders that are there before anything reads them
ADDRESSES = ("BOOTSTRAP_SERVERS", "CONNECT_URL", "ORDERS_URL", "WAREHOUSE_URL")
TOKENS = ("ORDERS_TOKEN", "WAREHOUSE_TOKEN")
RATE = {"dev": 10, "prod": 20}  # new orders a second
BUSY_EVERY, REFUSED_EVERY = 97, 101
NEWEST = 30  # shipments whose durations are told: in dev, those of three seconds


class Shop:
    """The services of one environment, started or to be started."""

    def __init__(self, environment, work, screen):
        self.environment = environment
        self.work = work
        self.screen = screen

    def start_services(self):
        tokens = {name: secrets.token_hex(12) for name in TOKENS}
        rate = RATE[self.environment]
        orders = self._start("orders", ["--initial", WAITING, "--rate", rate], tokens)
        warehouse = self._start("warehouse", ["--fail-every", BUSY_EVERY, "--reject-every", REFUSED_EVERY], tokens)
        self._set(ORDERS_URL=orders, WAREHOUSE_URL=warehouse, **tokens)

    def start_totals(self):
        """The Streams application: it needs the topics."""
        jar = next((self.work.folder / "order-totals" / "target").glob("order-totals-*.jar"))
        name = f"{self.environment}-order-totals"
        variables = {"KAFKA_BOOTSTRAP_SERVERS": self.get("BOOTSTRAP_SERVERS"), "STREAMS_COMMIT_INTERVAL_MS": "100",
                     "STATE_DIR": str(self.work.folder / "order-totals" / self.environment)}
        java = ["java", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", str(jar)]
        self.work.start(name, java, variables, lambda text: "order-totals: running" in text, self.screen, seconds=60)

    def set_addresses(self, sandbox):
        self._set(BOOTSTRAP_SERVERS=sandbox["bootstrap"], CONNECT_URL=sandbox["workers"][0]["url"])

    def get(self, name):
        return self.work.variables[f"{self.environment.upper()}_{name}"]

    def variables(self):
        """Names of what this environment's declarations read, and nothing else's."""
        return [f"{self.environment.upper()}_{name}" for name in (*ADDRESSES, *TOKENS)]

    def version(self, connector):
        """The version in which a connector and all of its tasks run; None where not all do."""
        try:
            status = get_json(f"{self.get('CONNECT_URL')}/connectors/{connector}/status")
        except OSError:  # no such connector, or a worker that restarts
            return None
        parts = [status["connector"], *status["tasks"]]
        versions = {part.get("version") for part in parts if part["state"] == "RUNNING"}
        whole = len(parts) > 1 and all(part["state"] == "RUNNING" for part in parts)
        return versions.pop() if whole and len(versions) == 1 else None

    def orders(self):
        return get_json(self.get("ORDERS_URL") + "/stats")["orders"]

    def stats(self, newest=NEWEST):
        return get_json(f"{self.get('WAREHOUSE_URL')}/stats?newest={newest}")

    def median_ms(self):
        return self.stats()["latency_ms"]["p50"]

    def wait_for_the_waiting(self):
        """Until the orders of the beginning are through; gives the warehouse's stats then."""
        def through():
            stats = self.stats()
            return handled(stats) >= WAITING and stats
        return self._wait("the orders that have waited", through)

    def wait_for_channel(self, channel):
        return self._wait(f"orders of the channel '{channel}'", lambda: self.stats()["channels"].get(channel))

    def _wait(self, what, ready, seconds=60):
        answer = self.screen.wait(f"waiting for {what}", ready, seconds)
        if not answer:
            log = self.work.logs / f"{self.environment}-order-totals.log"
            raise DemoError(f"the warehouse of {self.environment} has not seen {what} within {seconds} s", log=log)
        return answer

    def _start(self, service, options, tokens):
        words = [sys.executable, str(EXAMPLES / "services" / f"{service}.py"), *map(str, options)]
        return self.work.start(f"{self.environment}-{service}", words, tokens, url_of, self.screen)

    def _set(self, **variables):
        self.work.set(**{f"{self.environment.upper()}_{name}": value for name, value in variables.items()})


def watch(shops, seconds, screen):
    """What each warehouse says after some seconds; `now_per_second` and the latencies are of these alone."""
    before = [handled(shop.stats()) for shop in shops]
    started = time.monotonic()
    screen.wait("watching", lambda: time.monotonic() - started > seconds, 2 * seconds)
    return [stats_since(shop, count, time.monotonic() - started) for shop, count in zip(shops, before)]


def stats_since(shop, before, seconds):
    count = handled(shop.stats()) - before
    return shop.stats(newest=max(count, 1)) | {"orders": shop.orders(), "now_per_second": count / seconds}


def handled(stats):
    return stats["accepted"] + stats["rejected"]


def url_of(text):
    """The URL in the line that a service prints when it listens."""
    line = next((line for line in text.splitlines() if line.startswith("{")), None)
    return json.loads(line)["url"] if line else None


def get_json(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
