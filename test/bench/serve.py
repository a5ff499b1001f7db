# SPDX-License-Identifier: Apache-2.0
"""What bench.py measures of `sluice serve`: from a webhook to the planned run, idling, webhooks a second."""

import contextlib
import hashlib
import hmac
import http.client
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

TOKEN = "bench-token"
SECRET = "bench-webhook-secret"
IDLE_SECONDS = 30
FLOOD_SECONDS = 5
CLIENTS = 8
TICKS = os.sysconf("SC_CLK_TCK")
_deliveries = itertools.count(1)


class Server:
    """A running `sluice serve` of the declarations in `root`, whose state was made by the program itself."""

    def __init__(self, bench, root):
        self.bench = bench
        self.root = root
        self.bare = bench.home / "declarations.git"
        self.data = bench.home / "data"
        self.git("init", "-q", "-b", "main")
        (root / "environments/dev.yaml").write_text((root / "environments/dev.yaml").read_text() + "policy: { approvals: 1 }\n")
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.bare], check=True)
        self.git("remote", "add", "origin", str(self.bare))
        self.push("start")
        (self.data / ".sluice").mkdir(parents=True)
        for file in (root / ".sluice").glob("dev.db*"):
            shutil.copy(file, self.data / ".sluice" / file.name)
        self.write_config()

    def git(self, *words):
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@acme.example"]
        subprocess.run(["git", *identity, *words], cwd=self.root, check=True, stdout=subprocess.DEVNULL)

    def push(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        self.git("push", "-q", "origin", "HEAD:main")

    def write_config(self):
        (self.bench.home / "server.yaml").write_text(json.dumps({
            "listen": "127.0.0.1:0",
            "data": str(self.data),
            "declarations": {"git": str(self.bare), "poll": "1h"},
            "webhooks": {"gitea": {"secret": {"env": "BENCH_WEBHOOK"}}},
            "users": [{"name": "bench", "roles": ["operator"], "token_sha256": hashlib.sha256(TOKEN.encode()).hexdigest()}],
            "environments": {"dev": {"env": ["BENCH_PASSWORD"]}},
        }))

    @contextlib.contextmanager
    def running(self):
        environment = {**self.bench.environment, "BENCH_WEBHOOK": SECRET}
        self.process = subprocess.Popen([self.bench.binary, "serve", "--config", self.bench.home / "server.yaml"], env=environment,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            address = self.data / "address"
            while not address.exists():
                time.sleep(0.02)
            self.host = address.read_text().strip().removeprefix("http://")
            yield self
        finally:
            self.process.terminate()
            self.process.wait()

    def runs(self):
        request = urllib.request.Request(f"http://{self.host}/api/v1/runs?limit=5", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["runs"]

    def wait_for(self, state, after=""):
        while True:
            newest = next(iter(self.runs()), None)
            if newest and newest["id"] > after and newest["state"] == state:
                return newest
            if newest and newest["id"] > after and not newest["open"]:
                sys.exit(f"the run ended as {newest['state']}: {newest['message']}")
            time.sleep(0.01)

    def webhook(self, connection):
        """One signed delivery; its status."""
        body = json.dumps({"ref": "refs/heads/main", "repository": {"clone_url": f"file://{self.bare}"}}).encode()
        connection.request("POST", "/webhooks/gitea", body, {
            "Content-Type": "application/json", "X-Gitea-Event": "push", "X-Gitea-Delivery": f"{os.getpid()}-{next(_deliveries)}",
            "X-Gitea-Signature": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def health(self, connection):
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        return answer.status


def seconds_to_plan(server, number):
    """From a webhook to the run that waits, planned."""
    newest = server.runs()[0]["id"]
    file = server.root / "environments/dev.yaml"
    file.write_text(re.sub(r"\{ region: (\w+)(, interval: \d+s)? \}", rf"{{ region: \1, interval: {30 + number}s }}", file.read_text(), count=1))
    server.push(f"change {number}")
    started = time.monotonic()
    connection = http.client.HTTPConnection(server.host)
    if server.webhook(connection) != 202:
        sys.exit("the webhook was not taken")
    while True:
        newer = [run for run in server.runs() if run["id"] > newest]
        if newer and newer[0]["state"] in ("waiting", "done"):
            return time.monotonic() - started
        if newer and not newer[0]["open"]:
            sys.exit(f"the run ended as {newer[0]['state']}: {newer[0]['message']}")
        time.sleep(0.01)


def cpu_of(process):
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / TICKS  # with those of children that ended


def memory_of(process):
    return int(next(line for line in open(f"/proc/{process.pid}/smaps_rollup") if line.startswith("Pss:")).split()[1]) / 1024


def idle(server):
    """Seconds of CPU a minute, and MB, of the server and of a web server that does nothing, over the same time."""
    other = subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             cwd=server.bench.home)
    try:
        time.sleep(2)
        before = [cpu_of(process) for process in (server.process, other)]
        time.sleep(IDLE_SECONDS)
        after = [cpu_of(process) for process in (server.process, other)]
        memory = [memory_of(process) for process in (server.process, other)]
    finally:
        other.terminate()
        other.wait()
    ticks = [max(end - start, 1 / TICKS) for start, end in zip(before, after)]  # a tick is the least that can be told
    return [seconds * 60 / IDLE_SECONDS for seconds in ticks], memory


def rate(server, ask, status):
    """How many a second CLIENTS clients get answered."""
    counts = [0] * CLIENTS
    until = time.monotonic() + FLOOD_SECONDS

    def work(number):
        connection = http.client.HTTPConnection(server.host)
        while time.monotonic() < until:
            if ask(connection) != status:
                sys.exit("not answered as it should be")
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / FLOOD_SECONDS


def measure(bench, root, count, runs, plan_seconds):
    """Rows as bench.compare() makes them."""
    def both(ours, theirs):
        least = {who: min(values) for who, values in (("sluice", ours), ("reference", theirs))}
        median = {who: sorted(values)[len(values) // 2] for who, values in (("sluice", ours), ("reference", theirs))}
        return {**{who: {"median": median[who], "min": least[who]} for who in median},
                "ratio": {"median": median["sluice"] / max(median["reference"], 1e-6), "min": least["sluice"] / max(least["reference"], 1e-6)}}

    server = Server(bench, root)
    with server.running():
        server.wait_for("done")
        print("measuring: from a webhook to the planned run", file=sys.stderr, flush=True)
        planned = [seconds_to_plan(server, number) for number in range(1, runs + 1)]
        print(f"measuring: idling, {IDLE_SECONDS} s", file=sys.stderr, flush=True)
        cpu, memory = idle(server)
        print("measuring: webhooks", file=sys.stderr, flush=True)
        hooks, checks = rate(server, server.webhook, 202), rate(server, server.health, 200)
    return [
        {"name": f"from a webhook to the planned run, {count} declared, one of them changed", "reference": "`sluice plan` of the same declarations, nothing to do",
         "runs": runs, "figures": {"wall": both(planned, plan_seconds)}},
        {"name": f"`serve` idling with {count} (CPU a minute)", "reference": "python3 -m http.server, idling beside it", "runs": 1,
         "figures": {"cpu": both([cpu[0]], [cpu[1]]), "memory": both([memory[0]], [memory[1]])}},
        {"name": f"webhooks taken a second, signed and remembered, by {CLIENTS} clients", "reference": "GET /healthz by the same clients", "runs": 1,
         "figures": {"rate": both([hooks], [checks])}},
    ]
