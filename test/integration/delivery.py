# SPDX-License-Identifier: Apache-2.0
"""What the tests of the pipeline share: `sluice serve` between real Git repositories, a real Maven repository with a password, and two sandboxes.

    delivery    Delivery: declarations with the environments dev and prod, a plugin `tick` that is built from its own repository, and the
                server's file; each test has its own. `delivery.serve()` starts the server.
"""
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import pathlib
import signal
import subprocess
import textwrap
import time
import urllib.error
import urllib.parse
import urllib.request

from conftest import SANITIZERS, Project, wait_until
from flows import COORDINATE, TICK
from maven_server import PASSWORD, USER

LONG = 180
TIMING = {"settle": "500ms", "deadline": "30s"}
PEOPLE = {
    "developer": {"roles": ["operator"], "emails": ["tester@acme.example"]},
    "approver": {"roles": ["approver", "operator"], "groups": ["release-managers"], "emails": ["approver@acme.example"]},
    "second": {"roles": ["approver"], "groups": ["release-managers"], "emails": ["second@acme.example"]},
    "writer": {"roles": ["approver", "operator"], "groups": ["release-managers"], "emails": ["TESTER@acme.example"]},
    "viewer": {"roles": ["viewer"], "emails": []},
    "lead": {"roles": ["viewer", "operator", "approver"], "emails": []},
}
WEBHOOK_SECRET = "recognisable-webhook-secret"
CONNECT_SECRET = "recognisable-connect-secret"
BUILD_SECRET = "recognisable-build-secret"
_numbers = itertools.count(1)


def token(person):
    return f"recognisable-token-of-{person}"


class Api:
    """Asks a server as a person."""

    def __init__(self, url, person):
        self.url = url
        self.person = person

    def request(self, method, path, body=None, headers=None, raw=False):
        """The answer's JSON; an HTTPError for 400 and more."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else (b"" if method != "GET" else None),
            headers={"Authorization": f"Bearer {token(self.person)}", "Content-Type": "application/json", **(headers or {})},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return text.decode() if raw else json.loads(text) if text else None

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body if body is not None else {}, **options)

    def runs(self, subject=None, **filters):
        query = urllib.parse.urlencode({**({"subject": subject} if subject else {}), "limit": 200, **filters})
        return self.get(f"/api/v1/runs?{query}")["runs"]

    def run(self, run):
        return self.get(f"/api/v1/runs/{run}")

    def log(self, run):
        return self.get(f"/api/v1/runs/{run}/log", raw=True)

    def environment(self, name):
        return self.get(f"/api/v1/environments/{name}")

    def approve(self, run, digest=None):
        digest = digest or self.run(run)["plan"]["digest"]
        return self.post(f"/api/v1/runs/{run}/approve", {"digest": digest})

    def reject(self, run, reason=""):
        return self.post(f"/api/v1/runs/{run}/reject", {"reason": reason})

    def refused(self, call, *arguments, **options):
        """The status and message of a call that must be refused."""
        try:
            answer = call(*arguments, **options)
        except urllib.error.HTTPError as problem:
            return problem.code, json.loads(problem.read())["error"]["message"]
        raise AssertionError(f"not refused: {answer}")


class Served:
    """A running `sluice serve`."""

    def __init__(self, delivery):
        self.delivery = delivery
        self.data = delivery.data
        (self.data / "address").unlink(missing_ok=True)
        self.errors = open(delivery.folder / f"serve-{next(_numbers)}.err", "w+")
        self.process = subprocess.Popen(
            [delivery.sluice.binary, "serve", "--config", str(delivery.config)],
            env={**delivery.sluice.env, **delivery.secrets},
            cwd=delivery.folder,
            stdin=subprocess.DEVNULL,
            stdout=self.errors,
            stderr=self.errors,
        )
        self.url = wait_until(self._address, LONG)
        self.api = self.as_person("developer")

    def _address(self):
        assert self.process.poll() is None, self.said()
        file = self.data / "address"
        return file.read_text().strip() if file.exists() else None

    def said(self):
        self.errors.flush()
        return pathlib.Path(self.errors.name).read_text()

    def as_person(self, person):
        return Api(self.url, person)

    @staticmethod
    def token(person):
        return token(person)

    def deliver(self, body, identity, event="push", secret=WEBHOOK_SECRET):
        """Sends a webhook as Gitea does; gives the status."""
        data = json.dumps(body).encode()
        signature = hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()
        request = urllib.request.Request(f"{self.url}/webhooks/gitea", method="POST", data=data, headers={
            "Content-Type": "application/json", "X-Gitea-Event": event, "X-Gitea-Delivery": identity, "X-Gitea-Signature": signature})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._check()

    def stop(self, code=0):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(LONG)
        self._check()
        assert self.process.returncode == code, self.said()

    def _check(self):
        said = self.said()
        for report in SANITIZERS:
            assert report not in said, said

    def wait_run(self, subject, wanted=None, after=None, timeout=LONG, **match):
        """The newest run of a subject (newer than the run `after`), once it is in the state `wanted` (or one of several; None: ended)."""
        states = (wanted,) if isinstance(wanted, str) else wanted
        old = {run["id"] for run in self.api.runs(subject) if not run["open"] and states is not None and run["state"] not in states}

        def find():
            assert self.process.poll() is None, self.said()
            for run in self.api.runs(subject):
                if after is not None and run["id"] <= after:
                    return None
                if run["id"] in old:
                    continue
                if any(run[key] != value for key, value in match.items()):
                    continue
                if states is None and not run["open"] or states is not None and run["state"] in states:
                    return run
                if not run["open"]:
                    raise AssertionError(f"{run}\n{self.api.log(run['id'])}")
                return None
            return None

        try:
            return wait_until(find, timeout)
        except AssertionError as problem:
            runs = "\n".join(f"{run['id']} {run['kind']} {run['subject']} {run['state']} {run['cause']} {run['message']}" for run in self.api.runs())
            raise AssertionError(f"{problem}\n{runs}\n{self.said()[-3000:]}") from problem


class Delivery:
    def __init__(self, folder, sluice, server, ticks, sandboxes):
        self.folder = folder
        self.sluice = sluice
        self.server = server
        self.ticks = ticks
        self.dev, self.prod = sandboxes
        self.number = next(_numbers)
        self.name = f"d{os.getpid()}x{self.number}"
        self.coordinate = f"{COORDINATE}-{self.name}"
        self.data = folder / "data"
        self.config = folder / "server.yaml"
        self.secrets = {"REPO_PASSWORD": PASSWORD, "WEBHOOK_SECRET": WEBHOOK_SECRET, "CONNECT_SECRET": CONNECT_SECRET,
                        "BUILD_TOKEN": BUILD_SECRET, "UNLISTED": "recognisable-unlisted-secret"}
        self.declarations = self._repository("declarations")
        self.plugin = self._repository("tick")
        self.servers = []
        self.declare()
        self.declarations.commit("start")
        self.push(self.declarations)
        self.write_config()

    def version(self, version):
        """1.1.0 of this test: the workers are shared, and have what other tests rolled out."""
        return version.replace("1.", f"{self.number}.", 1)

    # --- Git

    def _repository(self, name):
        """A bare repository that everyone pushes to, and a clone of it to work in."""
        bare = self.folder / "git" / f"{name}.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True, env=self.sluice.env)
        root = self.folder / name
        subprocess.run(["git", "clone", "-q", bare, root], check=True, env=self.sluice.env, stderr=subprocess.DEVNULL)
        subprocess.run(["git", "-C", root, "checkout", "-q", "-B", "main"], check=True, env=self.sluice.env)
        project = Project(root, self.sluice)
        project.url = str(bare)
        return project

    @staticmethod
    def push(project):
        """Pushes what was committed, after what others pushed."""
        if project.git("ls-remote", "origin", "main").strip():
            project.git("pull", "-q", "--rebase", "origin", "main")
        project.git("push", "-q", "origin", "HEAD:main")

    def change(self, message="a change", **texts):
        """Writes files of the declarations (path with __ for / and _yaml for .yaml), commits and pushes; gives the commit."""
        self.pull()
        for path, text in texts.items():
            self.declarations.write(path.replace("__", "/").replace("_yaml", ".yaml"), text)
        self.declarations.commit(message)
        self.push(self.declarations)
        return self.declarations.git("rev-parse", "HEAD").strip()

    def pull(self):
        self.declarations.git("pull", "-q", "--rebase", "origin", "main")

    def lock(self, environment):
        self.pull()
        file = self.declarations.root / f"environments/{environment}.lock"
        return json.loads(file.read_text()) if file.exists() else None

    def locked(self, environment):
        """The version of the plugin in an environment's lock, as the test calls it."""
        lock = self.lock(environment)
        plugin = (lock or {}).get("plugins", {}).get("tick")
        return plugin["versions"][0]["version"].replace(f"{self.number}.", "1.", 1) if plugin else None

    def history(self):
        self.pull()
        return self.declarations.git("log", "--format=%s").splitlines()

    # --- Declarations

    def environment(self, sandbox, text="", policy=None):
        variables = {"secret": "${env.CONNECT_SECRET}"}
        modules = {self.name: {"source": "../modules/tick", "variables": variables}}
        policy = f"policy: {json.dumps(policy)}\n" if policy else ""
        return f"{sandbox.environment()}timing: {json.dumps(TIMING)}\nmodules: {json.dumps(modules)}\n{policy}" + textwrap.dedent(text)

    def module(self, **config):
        return json.dumps({
            "variables": {"secret": {"type": "string", "sensitive": True}},
            "plugins": {"tick": {}},
            "topics": {"ticks": {"name": f"{self.name}.ticks", "partitions": 1}},
            "connectors": {"source": {"class": TICK, "plugins": ["tick"],
                                      "config": {"topic": f"{self.name}.ticks", "secret": "${var.secret}", **config}}},
        }, indent=2)

    def declare(self, **config):
        self.declarations.write("sluice.yaml", f"""\
            name: acme
            environments: [dev, prod]
            repositories: {{ acme: {{ url: "{self.server.url}", username: {USER}, password: "${{env.REPO_PASSWORD}}" }} }}
            plugins: {{ tick: {{ git: "{self.plugin.url}", branch: main, maven: "{self.coordinate}" }} }}
            """)
        self.declarations.write("modules/tick/module.yaml", self.module(**config))
        self.declarations.write("environments/dev.yaml", self.environment(self.dev))
        self.declarations.write("environments/prod.yaml", self.environment(self.prod))

    # --- The plugin

    def release(self, version, fails=False, build="cp tick.jar out.jar", message=None):
        """Commits and pushes a version of the plugin whose build copies a jar; gives the commit."""
        root, version = self.plugin.root, self.version(version)
        (root / "tick.jar").write_bytes(self.ticks.jar(version, fails=fails).read_bytes())
        group, artifact = self.coordinate.split(":")
        self.plugin.write("pom.xml", f"""\
            <project xmlns="http://maven.apache.org/POM/4.0.0">
              <modelVersion>4.0.0</modelVersion>
              <groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>
            </project>
            """)
        self.plugin.write(".sluice.yaml", f"build: {{ command: [sh, build.sh], artifact: out.jar }}\n")
        self.plugin.write("build.sh", f"echo building {version}\nenv\n{build}\n")
        self.plugin.commit(message or f"version {version}")
        self.push(self.plugin)
        return self.plugin.git("rev-parse", "HEAD").strip()

    # --- The server

    def write_config(self, poll="1s", **more):
        users = [{"name": name, "token_sha256": hashlib.sha256(token(name).encode()).hexdigest(), **facts} for name, facts in PEOPLE.items()]
        allowed = {"env": ["REPO_PASSWORD", "CONNECT_SECRET"]}
        self.config.write_text(json.dumps({
            "listen": "127.0.0.1:0",
            "data": str(self.data),
            "declarations": {"git": self.declarations.url, "branch": "main", "poll": poll},
            "observe": "4s",
            "webhooks": {"gitea": {"secret": {"env": "WEBHOOK_SECRET"}}, "github": {"secret": {"env": "WEBHOOK_SECRET"}}},
            "users": users,
            "build": {"from": [f"{self.folder}/git/"], "env": []},
            "environments": {"dev": allowed, "prod": allowed},
            **more,
        }))

    def serve(self):
        served = Served(self)
        self.servers.append(served)
        return served

    def versions(self, sandbox):
        """The versions that the connector and its tasks run in."""
        try:
            status = sandbox.get(f"/connectors/{self.name}-source/status")
        except urllib.error.HTTPError:
            return None
        return {status["connector"].get("version"), *(task.get("version") for task in status["tasks"])}

    def is_running(self, sandbox, version):
        try:
            status = sandbox.get(f"/connectors/{self.name}-source/status")
        except OSError:  # not there, or its worker restarts
            return False
        parts = [status["connector"], *status["tasks"]]
        return len(parts) > 1 and all(part["state"] == "RUNNING" and part.get("version") == self.version(version) for part in parts)

    def has_failed(self, sandbox, version):
        """Whether the connector or a task of it runs in a version, and failed."""
        with contextlib.suppress(OSError):
            status = sandbox.get(f"/connectors/{self.name}-source/status")
            return any(part["state"] == "FAILED" and part.get("version") == self.version(version)
                       for part in [status["connector"], *status["tasks"]])
        return False

    def close(self):
        for served in self.servers:
            if served.process.poll() is None:
                served.process.kill()
                served.process.wait()
        for sandbox in (self.dev, self.prod):
            with contextlib.suppress(OSError):
                sandbox.delete(f"/connectors/{self.name}-source")


class PageServer:
    """A server with something to see on every page."""

    def __init__(self, delivery):
        self.delivery = delivery
        delivery.release("1.0.0")
        self.served = delivery.serve()
        self.served.wait_run("dev", "done", cause="build")
        self.url = self.served.url
        self.changes = itertools.count(1)

    token = staticmethod(token)

    def waiting_run(self):
        """A run that waits for approval in prod: the one that does, or a change of prod's own."""
        waiting = [run for run in self.served.api.runs("prod") if run["state"] == "waiting"]
        if not waiting and self.delivery.locked("prod") is None:
            return self.served.wait_run("prod", "waiting")["id"]
        if not waiting:
            newest = self.served.api.runs("prod")[0]["id"]
            note = f"defaults: {{ connector: {{ note: change {next(self.changes)} }} }}\ntiming:"
            text = self.delivery.environment(self.delivery.prod).replace("timing:", note)
            self.delivery.change("a note", environments__prod_yaml=text)
            return self.served.wait_run("prod", "waiting", after=newest)["id"]
        return waiting[0]["id"]
