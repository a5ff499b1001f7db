# SPDX-License-Identifier: Apache-2.0
"""What the integration tests share. They drive the real binary against a real Kafka and Connect.

    sluice(*words, …)      runs the binary and gives a Result: code, out, err. `code=N` asserts its exit status;
                           `env`, `cwd`, `input` and `timeout` as one would think. A report of a sanitizer fails
                           the test, whatever the status.
    project                a fresh folder for declarations, and the binary working in it:
                               project.write("environments/dev.yaml", text)
                               project.declare(dev=…, prod=…, modules={"orders": …})   with a sluice.yaml
                               project.sluice("validate", code=0)
                           The texts are YAML; they are dedented.
    repository             a fresh folder in Maven layout:
                               repository.add(jar, "com.acme:orders-source", "1.0.0");  repository.url
    sandbox, sandbox2      a broker with one worker, with two workers; shared by the tests of a file:
                               sandbox.name, .bootstrap, .url (of the first worker), .urls, .plugins
                               sandbox.get("/connectors"), .put(path, body), .post(…), .delete(…)
                               sandbox.environment()   the lines kafka: and connect: of an environment's file
    ticks, ticking, flow   a plugin of the tests' own, a sandbox that has it, and declarations on it: see flows.py
    file_connector         the jar of Kafka's own file connectors
    golden(name, text)     compares with test/golden/NAME; UPDATE_GOLDEN=1 writes it instead

Environment: SLUICE_BINARY (default build/src/cli/sluice), SLUICE_KAFKA (default: the newest that scripts/kafka
fetched). State, cache and configuration of the tests are in a folder of their own.
"""
import contextlib
import hashlib
import itertools
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import textwrap
import time
import urllib.error
import urllib.request

import pytest

from flows import Flow, Ticks, Topics

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "test" / "golden"
SANITIZERS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer")
WAIT = 30


class Result:
    """How a run of the binary ended."""

    def __init__(self, words, process):
        self.words = words
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"sluice {' '.join(self.words)}: {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


class Sluice:
    """Runs the binary in an environment of the tests' own."""

    def __init__(self, binary, env):
        self.binary = binary
        self.env = env

    def __call__(self, *words, code=None, env=None, cwd=None, input=None, timeout=180):
        words = [str(word) for word in words]
        process = subprocess.run(
            [self.binary, *words],
            env={**self.env, **(env or {})},
            cwd=cwd,
            input=input,
            stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        result = Result(words, process)
        for report in SANITIZERS:
            assert report not in result.err, repr(result)
        if code is not None:
            assert result.code == code, repr(result)
        return result

    def start(self, *words, env=None, cwd=None):
        """Starts the binary and gives its Popen: for tests that interrupt or kill it."""
        return subprocess.Popen(
            [self.binary, *(str(word) for word in words)],
            env={**self.env, **(env or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


class Project:
    """A folder of declarations."""

    def __init__(self, root, sluice):
        self.root = root
        self.run = sluice

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return file

    def declare(self, modules=None, topics=None, head="", **environments):
        """Writes sluice.yaml (`head` is added to it), environments by name, modules by name and topic files by name."""
        self.write("sluice.yaml", f"name: acme\nenvironments: [{', '.join(environments)}]\n" + textwrap.dedent(head))
        for name, text in environments.items():
            self.write(f"environments/{name}.yaml", text)
        for name, text in (modules or {}).items():
            self.write(f"modules/{name}/module.yaml", text)
        for name, text in (topics or {}).items():
            self.write(f"topics/{name}.yaml", text)

    def sluice(self, *words, **options):
        return self.run(*words, cwd=self.root, **options)

    def lock(self, environment):
        return json.loads((self.root / f"environments/{environment}.lock").read_text())

    def git(self, *words):
        """Runs git in the folder; the first time makes a repository of it."""
        if not (self.root / ".git").exists():
            self._git("init", "-q", "-b", "main")
        return self._git(*words)

    def commit(self, message="a change"):
        self.git("add", "-A")
        self._git("commit", "-q", "-m", message)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *words):
        return subprocess.run(
            ["git", *words], cwd=self.root, env=self.run.env, check=True, capture_output=True, text=True
        ).stdout


class Repository:
    """A folder in Maven layout."""

    def __init__(self, folder):
        self.folder = folder
        self.url = str(folder)

    def add(self, file, coordinate, version):
        """Puts a release there, with its checksums, and lists it in the metadata."""
        group, artifact = coordinate.split(":")
        place = self.folder / group.replace(".", "/") / artifact
        target = place / version / f"{artifact}-{version}{''.join(pathlib.Path(file).suffixes[-1:])}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
        for kind in ("md5", "sha1"):
            digest = hashlib.new(kind, target.read_bytes()).hexdigest()
            target.with_name(f"{target.name}.{kind}").write_text(digest)
        self._write_metadata(place, group, artifact, version)
        return target

    @staticmethod
    def _write_metadata(place, group, artifact, newest):
        versions = [newest] + [entry.name for entry in place.iterdir() if entry.is_dir() and entry.name != newest]
        listed = "".join(f"<version>{version}</version>" for version in reversed(versions))
        (place / "maven-metadata.xml").write_text(
            f"<metadata><groupId>{group}</groupId><artifactId>{artifact}</artifactId><versioning>"
            f"<latest>{newest}</latest><release>{newest}</release><versions>{listed}</versions>"
            f"</versioning></metadata>\n"
        )


class Sandbox:
    """A broker and its Connect workers."""

    def __init__(self, name, facts):
        self.name = name
        self.bootstrap = facts["bootstrap"]
        self.urls = [worker["url"] for worker in facts["workers"]]
        self.url = self.urls[0]
        self.plugins = pathlib.Path(facts["plugins"])

    def environment(self):
        return textwrap.dedent(
            f"""\
            kafka: {{ bootstrap.servers: "{self.bootstrap}" }}
            connect:
              main:
                url: "{self.url}"
                workers: {json.dumps(self.urls)}
                rollout: {{ local: {{ sandbox: {self.name} }} }}
            """
        )

    def request(self, method, path, body=None, url=None):
        """Asks a worker; waits while the group rebalances. A status of 400 and more is an HTTPError."""
        deadline = time.monotonic() + WAIT
        while True:
            request = urllib.request.Request(
                (url or self.url) + path,
                method=method,
                data=json.dumps(body).encode() if body is not None else None,
                headers={"Content-Type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=WAIT) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None
            except urllib.error.HTTPError as problem:
                if problem.code != 409 or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def put(self, path, body=None, **options):
        return self.request("PUT", path, body, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def clear(self):
        """Deletes every connector."""
        for name in self.get("/connectors"):
            self.delete(f"/connectors/{name}")


def wait_until(what, timeout=WAIT):
    """Waits until `what()` is true and gives it; AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = what()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.1)


def free_port():
    """One that nobody listens at now, for a server that can't choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def newest_kafka():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "sluice"
    return max((folder for folder in cache.glob("kafka-*") if (folder / "libs").is_dir()), default=None)


@pytest.fixture(scope="session")
def kafka():
    folder = os.environ.get("SLUICE_KAFKA") or newest_kafka()
    if folder is None:
        pytest.skip("there is no Kafka: run scripts/kafka")
    return pathlib.Path(folder)


@pytest.fixture(scope="session")
def sluice_environment(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "JAVA_HOME", "TZ") if name in os.environ}
    folder = os.environ.get("SLUICE_KAFKA") or newest_kafka()
    return {
        **kept,
        **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
        **({"SLUICE_KAFKA": str(folder)} if folder else {}),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "LC_ALL": "C.UTF-8",
        "GIT_AUTHOR_NAME": "Tester",
        "GIT_AUTHOR_EMAIL": "tester@acme.example",
        "GIT_COMMITTER_NAME": "Tester",
        "GIT_COMMITTER_EMAIL": "tester@acme.example",
    }


@pytest.fixture(scope="session")
def sluice(sluice_environment):
    binary = pathlib.Path(os.environ.get("SLUICE_BINARY") or ROOT / "build" / "src" / "cli" / "sluice").resolve()
    assert binary.exists(), f"there is no {binary}: build it, or set SLUICE_BINARY"
    return Sluice(str(binary), sluice_environment)


@pytest.fixture
def project(tmp_path, sluice):
    root = tmp_path / "declarations"
    root.mkdir()
    return Project(root, sluice)


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    return Repository(folder)


@pytest.fixture(scope="session")
def file_connector(kafka):
    jars = sorted((kafka / "plugins" / "connect-file").glob("connect-file-*.jar"))
    if not jars:
        pytest.skip("there are no file connectors: run scripts/kafka")
    return jars[-1]


_numbers = itertools.count(1)


def run_sandbox(sluice, workers, prepare=None):
    """`prepare`, if given, is called with the plugin folder before a worker starts."""
    name = f"test-{os.getpid()}-{next(_numbers)}"
    if prepare is not None:
        prepare(pathlib.Path(sluice.env["XDG_STATE_HOME"]) / "sluice" / "sandbox" / name / "plugins")
    sluice("sandbox", "up", name, "--workers", workers, code=0, timeout=300)
    try:
        yield Sandbox(name, sluice("sandbox", "status", name, "-o", "json", code=0).json())
    finally:
        sluice("sandbox", "down", name, "--purge", timeout=120)


@pytest.fixture(scope="module")
def sandbox(sluice, kafka):
    yield from run_sandbox(sluice, 1)


@pytest.fixture(scope="module")
def sandbox2(sluice, kafka):
    yield from run_sandbox(sluice, 2)


@pytest.fixture(scope="session")
def golden():
    def compare(name, text):
        file = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        assert file.exists(), f"there is no {file}: run with UPDATE_GOLDEN=1"
        assert text == file.read_text(), f"differs from {file}; UPDATE_GOLDEN=1 writes it anew"

    return compare


@pytest.fixture(scope="session")
def ticks(kafka, tmp_path_factory):
    return Ticks(kafka, tmp_path_factory.mktemp("ticks"))


@pytest.fixture(scope="session")
def ticking(sluice, ticks):
    yield from run_sandbox(sluice, 1, prepare=lambda plugins: ticks.install(plugins, "1.0.0"))


@pytest.fixture(scope="session")
def topics_by_hand(ticks, ticking):
    topics = Topics(ticks, ticking.bootstrap)
    yield topics
    topics.close()


@pytest.fixture
def flow(project, ticking, topics_by_hand):
    flow = Flow(project, ticking, topics_by_hand)
    yield flow
    flow.clear()


def open_state(flow, environment="dev"):
    return sqlite3.connect(flow.project.root / ".sluice" / f"{environment}.db")


def records_of(database):
    return {key: json.loads(value) for key, value in database.execute("SELECT key, value FROM record")}


@pytest.fixture
def read_state():
    """Reads all records of a flow's state, by key."""

    def read(flow, environment="dev"):
        with open_state(flow, environment) as database:
            return records_of(database)

    return read


@pytest.fixture
def cut_off():
    """Makes a state what a kill amid the creation of a resource leaves: an intent, and nothing that says whether it came to an end."""

    def cut_off(flow, kind, key):
        with open_state(flow) as database:
            [(name, record)] = [(name, value) for name, value in records_of(database).items()
                                if name.startswith("resource/") and value["address"] == flow.address(kind, key)]
            intent = {"v": 1, "apply": record["apply"], "action": "create", "before": "absent", "after": "hmac:of-something-else",
                      "record_after": record, "at": record["at"]}
            database.execute("DELETE FROM record WHERE key = ?", (name,))
            database.execute("INSERT INTO record VALUES (?, 1, ?)", (name.replace("resource/", "intent/"), json.dumps(intent)))

    return cut_off


@pytest.fixture(scope="session")
def two_sandboxes(sluice, kafka):
    """One for dev and one for prod, without plugins."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.contextmanager(run_sandbox)(sluice, 1)) for _ in range(2)]


@pytest.fixture
def delivery(tmp_path, sluice, server, ticks, two_sandboxes):
    from delivery import Delivery

    delivery = Delivery(tmp_path, sluice, server, ticks, two_sandboxes)
    yield delivery
    delivery.close()
