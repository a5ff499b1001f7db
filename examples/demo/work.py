# SPDX-License-Identifier: Apache-2.0
"""The work folder: what is in it, the variables that the declarations read, and the programs that run beside it.

    git/                                              the Git repositories that everyone pushes to, bare
    declarations/  orders-source/  shipments-sink/    clones of them, to work in
    order-totals/                                     the Streams application, as it is built
    maven/                                            the Maven repository `acme`, and what nginx needs
    server.yaml  server/                              what the server is told, and its data
    states/                                           the state of each environment
    tokens/                                           a file for each person
    bin/sluice                                        the program
    demo.env                                          the variables, for a shell
    demo.json                                         the variables, and which programs were started
    logs/
"""

import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import time

from errors import DemoError

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent
PATIENCE = 15  # seconds that a program has to end
ENDED = object()


class Work:
    def __init__(self):
        state = pathlib.Path(os.environ.get("XDG_STATE_HOME") or pathlib.Path.home() / ".local" / "state")
        self.folder = pathlib.Path(os.environ.get("SLUICE_DEMO_HOME") or state / "sluice-demo").absolute()
        self.git = self.folder / "git"
        self.states = self.folder / "states"
        self.logs = self.folder / "logs"
        self.record = self.folder / "demo.json"
        self.env = self.folder / "demo.env"
        self.me = EXAMPLES / "demo" / "demo"
        self.variables = {}
        self.programs = []

    def exists(self):
        return self.record.exists()

    def is_up(self):
        self.load()
        return bool(self.programs) and not self.ended_programs()

    def make(self):
        """Makes the folder; one that is there and not ours stays as it is."""
        binary = find_binary()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if any(self.folder.iterdir()):
                raise DemoError(f"{self.folder} is there already, and not empty", "set SLUICE_DEMO_HOME to another folder")
            self.save()
            for folder in (self.git, self.states, self.logs, self.folder / "bin"):
                folder.mkdir()
            (self.folder / "bin" / "sluice").symlink_to(binary)
        except OSError as problem:
            raise DemoError(f"cannot make {self.folder}: {problem.strerror}") from None

    def copy(self, example, name=None):
        """Copies an example, without what was built there."""
        built = shutil.ignore_patterns("target", "dependency-reduced-pom.xml", ".sluice", "__pycache__")
        shutil.copytree(EXAMPLES / example, self.folder / (name or example), ignore=built)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def set(self, **variables):
        """Adds variables to those of the commands, and to demo.env."""
        self.variables |= variables
        self.save()
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in self.variables.items()]
        path = shlex.quote(str(self.folder / "bin"))
        home = shlex.quote(str(self.folder))
        write_private(self.env, f"export PATH={path}:\"$PATH\" SLUICE_DEMO_HOME={home}\n" + "".join(lines))

    def environment(self):
        """What the commands see: the demo's variables, and no Git repository but the one they are in."""
        path = f"{self.folder / 'bin'}:{os.environ.get('PATH', os.defpath)}"
        return inherited() | self.variables | {"PATH": path, "GIT_PAGER": "cat"}

    def load(self):
        record = json.loads(self.record.read_text())
        self.variables, self.programs = record["variables"], record["programs"]

    def save(self):
        write_private(self.record, json.dumps({"variables": self.variables, "programs": self.programs}, indent=2))

    def start(self, name, words, variables, ready, screen, seconds=30):
        """Starts a program that runs on after us, and waits until `ready(what it has printed)` answers with something."""
        log = self.logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                       cwd=self.folder, env=inherited() | variables, start_new_session=True)
        self.programs.append({"name": name, "pid": process.pid, "started": start_time(process.pid)})
        self.save()

        def answer():
            return ready(log.read_text(errors="replace")) or (ENDED if process.poll() is not None else None)
        result = screen.wait(f"starting {name}", answer, seconds)
        if not result or result is ENDED:
            raise DemoError(f"{name} has ended" if result else f"{name} is not ready after {seconds} s", log=log)
        return result

    def ended_programs(self):
        return [program["name"] for program in self.programs if not is_running(program)]

    def end_programs(self):
        """Asks all to end, the last started first, and insists after a while."""
        for program in reversed(self.programs):
            send(program, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while any(map(is_running, self.programs)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for program in self.programs:
            send(program, signal.SIGKILL)


def find_binary():
    binary = pathlib.Path(os.environ.get("SLUICE_BINARY") or EXAMPLES.parent / "build/src/cli/sluice").absolute()
    if not os.access(binary, os.X_OK):
        raise DemoError(f"there is no program {binary}", "make build, or set SLUICE_BINARY")
    return binary


def inherited():
    """Our own environment, without what would lead Git to another repository."""
    return {name: value for name, value in os.environ.items()
            if name not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")}


def write_private(path, text):
    """Replaces a file at once; nobody else reads it, since there are tokens in it."""
    new = path.with_name(path.name + ".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


def start_time(pid):
    """When a process started, in ticks since the machine did; None where it has ended."""
    try:
        state, *fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else int(fields[18])


def is_running(program):
    """Whether this very process runs: another one may have its number by now."""
    return program["started"] is not None and start_time(program["pid"]) == program["started"]


def send(program, number):
    if is_running(program):
        os.kill(program["pid"], number)
