# SPDX-License-Identifier: Apache-2.0
"""What the tests of plan and apply share beyond conftest.py: a plugin made here, topics changed by hand, and a flow to declare.

    ticks              Ticks: builds the plugin of java/test/TickSource.java in any version, in a second
    ticking            a sandbox whose worker has TickSource 1.0.0 from its start; one for all files
    flow               Flow: a project with one environment 'dev' on `ticking` and one module, of which each test has its own
"""
import itertools
import json
import os
import pathlib
import subprocess
import textwrap
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
TICK = "test.TickSource"
COORDINATE = "test.acme:tick"
TIMING = {"settle": "500ms", "deadline": "20s"}


def tick(config=None, **more):
    """A connector of the plugin's, as a module declares it; `more` are its other keys: state, on_remove, …"""
    return {"class": TICK, **more, "config": config or {}}


def environment_text(sandbox, instances, timing=None):
    """The file of an environment on a sandbox."""
    times = json.dumps({**TIMING, **(timing or {})})
    return f"{sandbox.environment()}timing: {times}\nmodules: {json.dumps(instances)}\n"


class Ticks:
    """The plugin's jars, and its tools: compiled once."""

    def __init__(self, kafka, folder):
        self.libraries = f"{kafka}/libs/*"
        self.folder = folder
        self.classes = folder / "classes"
        sources = sorted((HERE / "java" / "test").glob("*.java"))
        subprocess.run(["javac", "--release", "17", "-cp", self.libraries, "-d", self.classes, *sources], check=True)

    def jar(self, version, fails=False):
        """The plugin in a version; with `fails` no task of it ever starts."""
        jar = self.folder / f"tick-{version}{'-fails' if fails else ''}.jar"
        if jar.exists():
            return jar
        with zipfile.ZipFile(jar, "w") as archive:
            for file in sorted(self.classes.glob("test/Tick*.class")):
                archive.write(file, f"test/{file.name}")
            archive.writestr("tick.properties", f"version={version}\nfails={str(fails).lower()}\n")
            archive.writestr("META-INF/services/org.apache.kafka.connect.source.SourceConnector", f"{TICK}\n")
        return jar

    def install(self, plugins, version):
        """Puts it into a worker's plugin folder, for when the worker starts."""
        folder = plugins / f"tick-{version}"
        folder.mkdir(parents=True)
        (folder / "tick.jar").write_bytes(self.jar(version).read_bytes())


class Topics:
    """Topics as a person changes them by hand."""

    def __init__(self, ticks, bootstrap):
        words = ["java", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.apache.logging.log4j.level=OFF"]
        self.process = subprocess.Popen(
            [*words, "-cp", f"{ticks.classes}:{ticks.libraries}", "test.TopicsByHand", bootstrap],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __call__(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "problem" not in answer, f"{words}: {answer['problem']}"
        return answer["answer"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


_numbers = itertools.count(1)


class Flow:
    """Declarations with one environment and one module, instantiated under a name that no other test uses."""

    def __init__(self, project, sandbox, topics=None, repository=None):
        self.project = project
        self.sandbox = sandbox
        self.topics = topics
        self.repository = repository
        self.name = f"flow{os.getpid()}x{next(_numbers)}"

    def declare(self, connectors=None, topics=None, variables=None, values=None, timing=None, plugin=None, head="", environment=""):
        """Writes all files: connectors and topics of the module by key, its variables and their values; `plugin` is the version
        of the plugin that is asked for from the repository, without it the worker's own is used; `head` is added
        to sluice.yaml, `environment` to the environment's file."""
        module = {"variables": variables or {}, "topics": topics or {}, "connectors": connectors or {}}
        instance = {"source": "../modules/flow", "variables": values or {}}
        if plugin is not None:
            module["plugins"] = {"tick": {"maven": COORDINATE}}
            module["connectors"] = {key: {**connector, "plugins": ["tick"]} for key, connector in module["connectors"].items()}
            instance["plugins"] = {"tick": plugin}
            head += f"repositories: {{ local: {{ url: {json.dumps(self.repository.url)} }} }}\n"
        self.project.declare(
            dev=environment_text(self.sandbox, {self.name: instance}, timing) + textwrap.dedent(environment),
            modules={"flow": json.dumps(module, indent=2)},
            head=head,
        )

    def topic(self, key, **more):
        """A topic to declare: named after the flow, one partition."""
        return {"name": f"{self.name}.{key}", "partitions": 1, **more}

    def address(self, kind, key):
        return f"{self.name}/{kind}/{key}"

    def sluice(self, *words, **options):
        return self.project.sluice(*words, **options)

    def plan(self, *words, code=0, **options):
        return self.sluice("plan", "dev", *words, code=code, **options)

    def changes(self):
        """Ids of the actions of a plan made now → what they do."""
        return {action["id"]: action["op"] for action in self.plan("-o", "json").json()["actions"]}

    def apply(self, *words, code=0, **options):
        return self.sluice("apply", "dev", "--auto-approve", *words, code=code, **options)

    def status(self, code=0):
        rows = self.sluice("status", "dev", "-o", "json", code=code).json()["resources"]
        return {row["address"].removeprefix(f"{self.name}/"): row for row in rows}

    def stored(self, kind, key, code=0):
        """What the state holds of a resource."""
        result = self.sluice("state", "show", "dev", self.address(kind, key), "-o", "json", code=code)
        return result.json() if code == 0 else None

    def path(self, key):
        return f"/connectors/{self.name}-{key}"

    def config(self, key):
        """The live config of a connector, without what Connect adds."""
        config = self.sandbox.get(f"{self.path(key)}/config")
        return {name: value for name, value in config.items() if name != "name"}

    def configure_by_hand(self, key, **changes):
        """Changes keys of a live connector; None takes one away."""
        config = {**self.config(key), **changes}
        self.sandbox.put(f"{self.path(key)}/config", {name: value for name, value in config.items() if value is not None})

    def state(self, key):
        """"RUNNING", "RUNNING 1/1"-like: of the connector and its tasks."""
        status = self.sandbox.get(f"{self.path(key)}/status")
        return " ".join([status["connector"]["state"], *(task["state"] for task in status["tasks"])])

    def versions(self, key):
        """The versions that the connector and its tasks run in."""
        status = self.sandbox.get(f"{self.path(key)}/status")
        return {status["connector"].get("version"), *(task.get("version") for task in status["tasks"])}

    def live(self):
        """Keys of the flow's connectors on the worker."""
        names = self.sandbox.get("/connectors")
        return {name.removeprefix(f"{self.name}-") for name in names if name.startswith(f"{self.name}-")}

    def live_topics(self):
        return {name.removeprefix(f"{self.name}.") for name in self.topics("list") if name.startswith(f"{self.name}.")}

    def clear(self):
        """Takes the flow's connectors away, whoever owns them."""
        for key in self.live():
            self.sandbox.delete(self.path(key))
