#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A FAKE Kafka Connect worker, for loads that a real one can't bear on one machine: it keeps connectors in memory, runs none of
them, and answers Connect's REST API as Kafka 4.3.1 does. Every connector is at once what it was asked to be, with tasks.max tasks.

usage: fake_connect.py [--port N] [--cluster ID] [--plugin CLASS=VERSION]… [FAULT…]
It prints its address, and serves until it is killed. Faults, for tests of what a busy worker does:
    --growing            a change takes longer the more connectors there are: 69 ms at 200, 240 ms at 500, one after the other
    --stale N            every Nth change is refused once with 409, "stale configuration"
    --block SECONDS/N    every Nth change blocks that long and is done then, as while a worker dies (6) or the broker is frozen (90)
"""

import argparse
import http.server
import itertools
import json
import re
import threading
import time
import urllib.parse

WORKER = "127.0.0.1:8083"
STALE = "Cannot complete request momentarily due to stale configuration (typically caused by a concurrent config change)"


class Refusal(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Worker:
    """What the fake remembers, under one lock."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.RLock()
        self.rebalance = threading.Lock()
        self.connectors = {}  # name → {"config", "state"}
        self.plugins = dict(plugin.rsplit("=", 1) for plugin in options.plugin)
        self.changes = itertools.count(1)
        self.requests = 0
        self.bulk = None  # the answer to the bulk request, until something changes

    def suffer(self):
        """The faults, before a change."""
        number = next(self.changes)
        if self.options.stale and number % self.options.stale == 0:
            raise Refusal(409, STALE)
        if self.options.block:
            seconds, every = map(float, self.options.block.split("/"))
            if number % every == 0:
                time.sleep(seconds)
        if self.options.growing:
            with self.rebalance:
                time.sleep(max(5, 69 + (len(self.connectors) - 200) * 0.57) / 1000)

    def find(self, name):
        if name not in self.connectors:
            raise Refusal(404, f"Connector {name} not found")
        return self.connectors[name]

    def put(self, name, config, state=None):
        with self.lock:
            known = self.connectors.get(name)
            self.connectors[name] = {
                "config": {**config, "name": name},
                "state": state or (known["state"] if known else "RUNNING"),
            }
            self.bulk = None
            return known is None

    def set_state(self, name, state):
        with self.lock:
            self.find(name)["state"] = state
            self.bulk = None

    def remove(self, name):
        with self.lock:
            self.find(name)
            del self.connectors[name]
            self.bulk = None

    def tasks(self, connector):
        return 0 if connector["state"] == "STOPPED" else int(connector["config"].get("tasks.max", 1))

    def version(self, connector):
        config = connector["config"]
        return config.get("connector.plugin.version") or self.plugins.get(config.get("connector.class"), "1.0")

    def info(self, name):
        connector = self.find(name)
        tasks = [{"connector": name, "task": task} for task in range(self.tasks(connector))]
        return {"name": name, "config": connector["config"], "tasks": tasks, "type": "source"}

    def status(self, name):
        connector = self.find(name)
        here = {"state": connector["state"], "worker_id": WORKER, "version": self.version(connector)}
        tasks = [{"id": task, **here} for task in range(self.tasks(connector))]
        return {"name": name, "connector": here, "tasks": tasks, "type": "source"}

    def task_configs(self, name):
        config = self.find(name)["config"]
        return [{"id": {"connector": name, "task": task}, "config": config} for task in range(self.tasks(self.find(name)))]

    def list_all(self):
        with self.lock:
            if self.bulk is None:
                everything = {name: {"info": self.info(name), "status": self.status(name)} for name in self.connectors}
                self.bulk = json.dumps(everything, separators=(",", ":")).encode()
            return self.bulk

    def list_plugins(self):
        return [{"class": name, "type": "source", "version": version} for name, version in self.plugins.items()]

    def validate(self, class_name, config):
        if class_name not in self.plugins:
            raise Refusal(500, f"Failed to find any class that implements Connector and which name matches {class_name}")
        configs = [
            {
                "definition": {"name": key, "type": "PASSWORD" if key.endswith("password") else "STRING", "required": False},
                "value": {"name": key, "value": value, "recommended_values": [], "errors": [], "visible": True},
            }
            for key, value in config.items()
        ]
        return {"name": class_name, "error_count": 0, "groups": ["Common"], "configs": configs}


# What each request does: (worker, matched names, query, body) → (status, answer). Every verb but GET is a change, except validate.


def create(worker, names, query, body):
    with worker.lock:
        if body["name"] in worker.connectors:
            raise Refusal(409, f"Connector {body['name']} already exists")
        worker.put(body["name"], body["config"], body.get("initial_state"))
    return 201, worker.info(body["name"])


def configure(worker, names, query, body):
    created = worker.put(names[0], body)
    return 201 if created else 200, worker.info(names[0])


def set_state(worker, names, query, body):
    state = {"pause": "PAUSED", "resume": "RUNNING", "stop": "STOPPED"}[names[1]]
    worker.set_state(names[0], state)
    return 204 if state == "STOPPED" else 202, None


def restart(worker, names, query, body):
    return (202, worker.status(names[0])) if "includeTasks" in query else (204, worker.find(names[0]) and None)


def remove(worker, names, query, body):
    worker.remove(names[0])
    return 204, None


def list_connectors(worker, names, query, body):
    return 200, worker.list_all() if "expand" in query else list(worker.connectors)


ROUTES = [
    ("GET", r"/", lambda worker, *_: (200, {"version": "4.3.1", "commit": "fake", "kafka_cluster_id": worker.options.cluster})),
    ("GET", r"/health", lambda *_: (200, {"status": "healthy", "message": "This is a fake worker."})),
    ("GET", r"/connectors", list_connectors),
    ("POST", r"/connectors", create),
    ("GET", r"/connectors/([^/]+)", lambda worker, names, *_: (200, worker.info(names[0]))),
    ("DELETE", r"/connectors/([^/]+)", remove),
    ("GET", r"/connectors/([^/]+)/config", lambda worker, names, *_: (200, worker.find(names[0])["config"])),
    ("PUT", r"/connectors/([^/]+)/config", configure),
    ("GET", r"/connectors/([^/]+)/status", lambda worker, names, *_: (200, worker.status(names[0]))),
    ("GET", r"/connectors/([^/]+)/tasks", lambda worker, names, *_: (200, worker.task_configs(names[0]))),
    ("GET", r"/connectors/([^/]+)/offsets", lambda worker, names, *_: (200, worker.find(names[0]) and {"offsets": []})),
    ("PUT", r"/connectors/([^/]+)/(pause|resume|stop)", set_state),
    ("POST", r"/connectors/([^/]+)/restart", restart),
    ("GET", r"/connector-plugins", lambda worker, *_: (200, worker.list_plugins())),
    ("PUT", r"/connector-plugins/([^/]+)/config/validate", lambda worker, names, query, body: (200, worker.validate(names[0], body))),
]
ROUTES = [(verb, re.compile(pattern + "$"), answer) for verb, pattern, answer in ROUTES]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    disable_nagle_algorithm = True

    def answer(self):
        worker = self.server.worker
        worker.requests += 1
        url = urllib.parse.urlsplit(self.path)
        path, query = url.path.rstrip("/") or "/", urllib.parse.parse_qs(url.query)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = 404, {"error_code": 404, "message": "HTTP 404 Not Found"}
        for verb, pattern, handle in ROUTES:
            match = pattern.match(path)
            if match and verb == self.command:
                status, answer = self.handle_one(worker, handle, [urllib.parse.unquote(name) for name in match.groups()], query, body)
                break
        self.reply(status, answer)

    def handle_one(self, worker, handle, names, query, body):
        try:
            if self.command != "GET" and "connector-plugins" not in self.path:
                worker.suffer()
            return handle(worker, names, query, json.loads(body) if body else None)
        except Refusal as refusal:
            return refusal.status, {"error_code": refusal.status, "message": str(refusal)}
        except (KeyError, TypeError, ValueError) as problem:
            return 500, {"error_code": 500, "message": f"{type(problem).__name__}: {problem}"}

    def reply(self, status, answer):
        data = b"" if answer is None else answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        if data:
            self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def parse_options():
    parser = argparse.ArgumentParser(description="A fake Kafka Connect worker: it keeps connectors and runs none.")
    parser.add_argument("--port", type=int, default=0, help="0: any")
    parser.add_argument("--cluster", default="fake-cluster", help="the id of the Kafka cluster that it claims to work for")
    parser.add_argument("--plugin", action="append", default=[], metavar="CLASS=VERSION")
    parser.add_argument("--growing", action="store_true", help="changes take longer the more connectors there are")
    parser.add_argument("--stale", type=int, default=0, metavar="N", help="every Nth change answers 409")
    parser.add_argument("--block", metavar="SECONDS/N", help="every Nth change blocks that long")
    return parser.parse_args()


def main():
    options = parse_options()
    with Server(("127.0.0.1", options.port), Handler) as server:
        server.worker = Worker(options)
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
