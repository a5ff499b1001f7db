# SPDX-License-Identifier: Apache-2.0
"""The demo, as people run it: through and cleaned up, interrupted, and, where SLUICE_TEST_LONG is set, on a terminal."""
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import pytest

from conftest import ROOT, SANITIZERS, wait_until

DEMO = ROOT / "examples" / "demo" / "demo"
LONGEST = 900
SANDBOX_NAMES = ("demo-dev", "demo-prod")
ERASED = re.compile(r"[^\n]*\r\x1b\[K")  # progress, and what it was before
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PROMPT = "ready> "

pytestmark = [
    pytest.mark.timeout(LONGEST + 300),
    pytest.mark.skipif(shutil.which("mvn") is None, reason="there is no Maven: run scripts/setup --demo"),
]


@pytest.fixture
def environment(sluice, sluice_environment, kafka, tmp_path):
    """Of a demo of its own; afterwards none of its processes may be left, nor a file."""
    state = tmp_path / "state"
    yield {**sluice_environment, "SLUICE_BINARY": sluice.binary, "XDG_STATE_HOME": str(state)}
    until = time.monotonic() + 15  # what was told to end may take a moment
    while processes_with(state) and time.monotonic() < until:
        time.sleep(0.2)
    left = processes_with(state)
    for process in left:
        os.kill(process, signal.SIGKILL)
    assert left == []
    assert not (state / "sluice-demo").exists()
    assert [name for name in SANDBOX_NAMES if (state / "sluice" / "sandbox" / name).exists()] == []


def processes_with(folder):
    """Processes in whose environment or words the folder is. (The server hides its environment.)"""
    found = set()
    for name in ("environ", "cmdline"):
        for file in pathlib.Path("/proc").glob(f"[0-9]*/{name}"):
            try:
                if str(folder).encode() in file.read_bytes():
                    found.add(int(file.parent.name))
            except OSError:
                continue
    return sorted(found)


def after(text, *marks):
    """What follows the marks, one found after the other."""
    for mark in marks:
        assert mark in text, f"no {mark!r} in:\n{text}"
        text = text.partition(mark)[2]
    return text


def health(text, environment):
    """The table that `sluice status` printed first: resource to the rest of its row."""
    table = after(text, f"$ sluice status {environment}\n", "RESOURCE").partition("\n\n")[0]
    return dict(line.split(None, 1) for line in table.splitlines()[1:])


def check_status(text, dev, prod):
    for environment, version in (("dev", dev), ("prod", prod)):
        rows = health(text, environment)
        assert {row.split()[0] for row in rows.values()} == {"ok"}, rows
        assert f"orders-source {version} " in rows["orders/connector/source"]
        assert "shipments-sink 1.0.0 " in rows["shipments/connector/sink"]


def numbers(text, label):
    """The row of the last table that begins with `label`: dev's and prod's whole number."""
    found = re.search(rf"^  {label} +(\d+) +(\d+)$", after(text, "From REST to REST"), re.MULTILINE)
    assert found, text
    return int(found[1]), int(found[2])


def runs(text, subject):
    """How the runs of a subject ended, as the story told them."""
    return re.findall(rf"^(?:build|deploy) {subject}: .* → (.*)$", text, re.MULTILINE)


def running(text):
    """The versions that dev's and prod's workers were asked for, in the order of the story."""
    return re.findall(r"^dev runs orders-source (.*)\nprod runs orders-source (.*)$", text, re.MULTILINE)


def check_story(text):
    for report in SANITIZERS:
        assert report not in text
    assert re.findall(r"\b(?:[0-9a-f]{24}|[0-9a-f]{32})\b", text) == [], "a token, or a password"
    check_first_versions(after(text, "Two pushes: ").partition("── 5.")[0])
    feature, _, rest = after(text, "A feature: orders-source 1.1.0").partition("── 6.")
    check_feature(feature)
    line, _, mistake = rest.partition("── 7.")
    assert "interval: 100ms" in line and runs(line, "dev") == ["done"] and runs(line, "prod") == []
    check_mistake(mistake.partition("── 8.")[0])
    end = after(mistake, "What runs now")
    check_status(end, dev="1.1.0", prod="1.1.0")
    assert all(count > 500 for count in numbers(end, "accepted by the Warehouse API"))
    assert all(count > 0 for count in numbers(end, "refused, now in shipments.dead"))


def check_first_versions(text):
    dev, _, prod = text.partition("── 4.")
    assert [runs(dev, subject) for subject in ("orders-source", "shipments-sink", "dev")] == [["done"]] * 3
    assert "publish  published as 1.0.0" in dev
    assert "Sluice: lock orders-source 1.0.0 in dev" in dev and "Sluice: lock shipments-sink 1.0.0 in dev" in dev
    waiting = prod.partition("sluice approve prod")[0]
    assert runs(waiting, "prod") == ["waiting"] and "\n[]\n" in waiting, "no connector is in prod before somebody says yes"
    assert "Approved: prod" in prod and runs(prod, "prod") == ["waiting", "done"]
    assert text.count("500 orders had waited: ") == 2


def check_feature(text):
    assert [runs(text, subject) for subject in ("orders-source", "dev")] == [["done"]] * 2
    assert re.search(r"^[0-9.]+ s from the end of the build to RUNNING in dev", text, re.MULTILINE)
    assert runs(text.partition("sluice approve prod")[0], "prod") == ["waiting"]
    assert runs(text, "prod") == ["waiting", "done"]
    assert running(text) == [("1.1.0", "1.0.0"), ("1.1.0", "1.1.0")]


def check_mistake(text):
    assert [runs(text, subject) for subject in ("orders-source", "dev", "prod")] == [["done"], ["rolled back"], []]
    assert "task 0 FAILED in 1.2.0" in text
    assert "ConfigException: orders-source has no setting task.class" in text
    assert running(text) == [("1.1.0", "1.1.0")], "back in Connect"
    assert "Sluice: revert orders-source to 1.1.0 in dev" in text, "back in Git"
    assert '"not": "1.2.0"' in text


def test_without_a_terminal_it_runs_through_and_cleans_up(environment):
    run = subprocess.run([DEMO, "up"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=LONGEST)
    assert run.returncode == 0, run.stdout
    check_story(run.stdout)
    assert "\x1b" not in run.stdout
    assert "$ sluice sandbox down demo-prod --purge" in run.stdout


def heed_interrupts():
    """What a shell starts in the background ignores them, and so would the demo."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupted_it_cleans_up(environment):
    state = pathlib.Path(environment["XDG_STATE_HOME"])
    with subprocess.Popen([DEMO, "up"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, start_new_session=True, preexec_fn=heed_interrupts) as demo:
        try:
            text = "".join(iter(demo.stdout.readline, "shipments-sink $ git push -q origin main\n"))
            assert "http://127.0.0.1:" in text
            wait_until((state / "sluice-demo" / "server" / "home" / "orders-source" / "tmp").exists)  # it builds
            demo.send_signal(signal.SIGINT)
            rest, _ = demo.communicate(timeout=120)
        finally:
            demo.kill()
    assert demo.returncode == 130, rest
    assert "Clean up" in rest and rest.endswith("interrupted\n")


def test_what_is_not_up_is_not_ended(environment):
    run = subprocess.run([DEMO, "down"], env=environment, capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (0, "The demo is not up: nothing to end.\n")
    assert subprocess.run([DEMO, "status"], env=environment, capture_output=True, timeout=60).returncode == 1


class Terminal:
    """A shell on a terminal of its own, to type into."""

    def __init__(self, environment, folder):
        pid, self.file = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**environment, "PS1": PROMPT, "TERM": "xterm"})
        self.pid = pid
        self.read()

    def read(self, timeout=LONGEST):
        """What comes until the shell, or a question, waits for an answer; without colours and progress."""
        seen, text, deadline = b"", "", time.monotonic() + timeout
        while not text.endswith((PROMPT, "[y/N] ")):
            assert time.monotonic() < deadline, text
            if select.select([self.file], [], [], 1)[0]:
                seen += os.read(self.file, 65536)
                text = STYLE.sub("", ERASED.sub("", seen.decode(errors="replace"))).replace("\r", "")
        return text

    def type(self, line):
        os.write(self.file, line.encode() + b"\n")
        text = self.read()
        return text if text.endswith(PROMPT) else text + self.type("y")

    def close(self):
        os.close(self.file)
        wait_until(lambda: os.waitpid(self.pid, os.WNOHANG)[0])


def type_when_ready(terminal, command):
    """As a person does, who looks first whether the server has come to it."""
    if command == "sluice runs --open":
        terminal.type("until sluice runs prod --open | grep waiting; do sleep 1; done 2>/dev/null")
    return terminal.type(f"{command}; echo status $?")


@pytest.mark.skipif(not os.environ.get("SLUICE_TEST_LONG"), reason="takes minutes more: set SLUICE_TEST_LONG=1")
def test_on_a_terminal_it_stays_up_and_what_it_says_can_be_typed(environment, tmp_path):
    terminal = Terminal(environment, tmp_path)
    try:
        story = terminal.type(f"{DEMO} up")
        check_story(story)
        assert "is up already" in terminal.type(f"{DEMO} up")
        said = after(story, "Copy and paste, line by line:")
        commands = re.findall(r"^  ([a-z/].*)$", said, re.MULTILINE)
        assert len(commands) > 10 and commands[-1] == f"{DEMO} down"
        told = [type_when_ready(terminal, command) for command in commands]
        assert [text for text in told if "status 0\n" not in text] == []
        assert "prod: done" in told[commands.index("sluice logs prod --follow")]
        at_the_end = told[commands.index(f"{DEMO} status")]
        check_status(at_the_end, dev="1.1.0", prod="1.1.0")
        assert re.search(r"^  by channel .*shop \d", at_the_end, re.MULTILINE), "the commit went to dev"
    finally:
        terminal.type(f"{DEMO} down")
        terminal.close()
