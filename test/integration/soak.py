#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Changes, kills and applies at random for a while, on a sandbox of its own, and looks for what is left behind.

    soak.py [--minutes N] [--seed N]

In each round the declarations change; often something is changed by hand, or the apply is killed or interrupted; then an apply
must converge: exit 0, then no changes, nothing live that the state doesn't know and nothing in the state that isn't live.
Prints a line a round and a summary; exits with 1 at the first thing that is wrong, keeps the folders and says where they are.
SLUICE_BINARY names the program (default: build-debug/src/cli/sluice).
"""
import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import json
import sys
import tempfile
import time

from conftest import ROOT, Project, Sluice, newest_kafka, run_sandbox
from flows import Flow, Ticks, Topics, tick

KEYS = ["alfa", "bravo", "charlie", "delta", "echo", "foxtrot"]
STATES = ["running", "running", "running", "paused", "stopped"]
LIVE_STATES = {"running": "RUNNING RUNNING", "paused": "PAUSED PAUSED", "stopped": "STOPPED"}


class World:
    """What is declared now, and how to change it at random."""

    def __init__(self, flow, draw):
        self.flow = flow
        self.draw = draw
        self.connectors = {}
        self.topics = {}
        self.grown = collections.Counter()

    def change(self):
        for key in self.draw.sample(KEYS, self.draw.randint(1, 4)):
            if key in self.connectors and self.draw.random() < 0.3:
                del self.connectors[key]
            else:
                config = {"note": f"n{self.draw.randint(1, 99)}", "secret": f"s{self.draw.randint(1, 99)}"}
                self.connectors[key] = tick(config, state=self.draw.choice(STATES))
        for key in self.draw.sample(KEYS, self.draw.randint(0, 3)):
            if key in self.topics and self.draw.random() < 0.4:
                del self.topics[key]
                self.grown[key] = 0
            else:
                self.grown[key] = min(self.grown[key] + self.draw.randint(0, 2), 12) or 1
                config = {"retention.ms": str(60000 + self.draw.randint(0, 9))} if self.draw.random() < 0.7 else {}
                self.topics[key] = self.flow.topic(key, partitions=self.grown[key], config=config, on_remove="delete")
        self.flow.declare(self.connectors, self.topics, timing={"settle": "100ms", "deadline": "30s"})

    def change_by_hand(self):
        """One thing that is ours; what was done, in words."""
        live = sorted(self.flow.live())
        if not live:
            return "nothing"
        key = self.draw.choice(live)
        deed = self.draw.choice(["delete", "configure", "pause", "stop", "resume"])
        if deed == "delete":
            self.flow.sandbox.delete(self.flow.path(key))
        elif deed == "configure":
            self.flow.configure_by_hand(key, note="by hand")
        else:
            self.flow.sandbox.put(f"{self.flow.path(key)}/{deed}")
        return f"{deed} {key}"

    def problems(self):
        """How live, state and declarations differ; empty where all is well."""
        flow = self.flow
        found = []
        live = {key: flow.state(key) for key in flow.live()}
        for key in sorted(live.keys() | self.connectors.keys()):
            wanted = self.connectors.get(key)
            states = [] if wanted is None else [LIVE_STATES[wanted["state"]]] + ["PAUSED"] * (wanted["state"] == "paused")
            if key not in live or live[key] not in states:
                found.append(f"connector {key}: {live.get(key)}, declared: {wanted and wanted['state']}")
            elif flow.config(key)["note"] != wanted["config"]["note"]:
                found.append(f"connector {key}: its config is not as declared")
        topics = {key: flow.topics("describe", f"{flow.name}.{key}") for key in flow.live_topics()}
        for key in sorted(topics.keys() | self.topics.keys()):
            wanted = self.topics.get(key)
            declared = wanted and {"partitions": wanted["partitions"], "config": wanted["config"]}
            if topics.get(key) != declared:
                found.append(f"topic {key}: {topics.get(key)}, declared: {declared}")
        return found + self.problems_of_state()

    def problems_of_state(self):
        with sqlite3.connect(self.flow.project.root / ".sluice" / "dev.db") as database:
            records = {key: json.loads(value) for key, value in database.execute("SELECT key, value FROM record")}
        owned = collections.Counter(record["address"] for key, record in records.items() if key.startswith("resource/"))
        declared = {self.flow.address("connector", key) for key in self.connectors}
        declared |= {self.flow.address("topic", key) for key in self.topics}
        found = [f"the state has {address} {count} times" for address, count in owned.items() if count > 1]
        found += [f"the state and the declarations differ by {address}" for address in sorted(owned.keys() ^ declared)]
        return found + [f"the state still has {key}" for key in records if key.startswith("intent/")]


def disturbed_apply(world):
    """An apply that is killed or interrupted at a random moment; what happened, in words."""
    flow, sign = world.flow, world.draw.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT])
    process = flow.project.run.start("apply", "dev", "--auto-approve", cwd=flow.project.root)
    moment = world.draw.uniform(0, 1.5)
    time.sleep(moment)
    ended = process.poll() is not None
    if not ended:
        process.send_signal(sign)
    out, err = process.communicate(timeout=120)
    if "AddressSanitizer" in err or "runtime error:" in err:
        raise AssertionError(f"{out}\n{err}")
    return "ended before" if ended else f"{sign.name} after {moment:.1f} s"


def lasting(problems, seconds=10):
    """Those that don't pass: tasks that a killed apply asked for may still be starting."""
    end = time.monotonic() + seconds
    while (found := problems()) and time.monotonic() < end:
        time.sleep(0.2)
    return found


def play_round(world, tally):
    """One round: changes, perhaps a disturbance, and the apply that must converge."""
    deeds = []
    world.change()
    if world.draw.random() < 0.4:
        deeds.append(f"by hand: {world.change_by_hand()}")
        tally["changes by hand"] += 1
    if world.draw.random() < 0.6:
        deeds.append(disturbed_apply(world))
        tally["kills and interrupts"] += not deeds[-1].startswith("ended")
    began = time.monotonic()
    result = world.flow.apply(code=None)
    tally["applies"] += 1
    problems = [] if result.code == 0 else [f"apply: exit {result.code}\n{result.out}{result.err}"]
    problems = problems or lasting(world.problems)
    if not problems and "No changes." not in world.flow.plan(code=None).out:
        problems = [f"there are changes after an apply: {world.flow.plan(code=None).out}"]
    return deeds, time.monotonic() - began, problems


def soak(world, minutes):
    """Plays until the time is over or something is wrong; gives the problems."""
    tally = collections.Counter()
    end = time.monotonic() + minutes * 60
    problems = []
    while not problems and time.monotonic() < end:
        tally["rounds"] += 1
        deeds, spent, problems = play_round(world, tally)
        counts = f"{len(world.connectors)} connectors, {len(world.topics)} topics"
        print(f"{tally['rounds']:4} {counts}: converged in {spent:.1f} s  {'; '.join(deeds)}", flush=True)
    size = (world.flow.project.root / ".sluice" / "dev.db").stat().st_size
    print("".join(f"{count} {what}, " for what, count in tally.items()) + f"the state has {size // 1024} KB")
    return problems


def environment(home):
    """The program's environment, with folders of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "JAVA_HOME", "SLUICE_KAFKA") if name in os.environ}
    folders = {f"XDG_{name.upper()}_HOME": f"{home}/{name}" for name in ("cache", "state", "config")}
    kept.setdefault("SLUICE_KAFKA", str(newest_kafka()))
    return {**kept, **folders, "HOME": str(home), "LC_ALL": "C.UTF-8"}


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    chosen = options.parse_args()
    home = pathlib.Path(tempfile.mkdtemp(prefix="sluice-soak-"))
    binary = os.environ.get("SLUICE_BINARY") or str(ROOT / "build-debug" / "src" / "cli" / "sluice")
    sluice = Sluice(binary, environment(home))
    for name in ("declarations", "ticks"):
        (home / name).mkdir()
    print(f"seed {chosen.seed}, {chosen.minutes:g} minutes, in {home}", flush=True)
    ticks = Ticks(sluice.env["SLUICE_KAFKA"], home / "ticks")
    sandboxes = run_sandbox(sluice, 1, prepare=lambda plugins: ticks.install(plugins, "1.0.0"))
    sandbox = next(sandboxes)
    topics = Topics(ticks, sandbox.bootstrap)
    try:
        flow = Flow(Project(home / "declarations", sluice), sandbox, topics)
        problems = soak(World(flow, random.Random(chosen.seed)), chosen.minutes)
    finally:
        topics.close()
        next(sandboxes, None)
    for problem in problems:
        print(f"wrong: {problem}")
    if problems:
        print(f"kept: {home}; again with --seed {chosen.seed}")
        return 1
    shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
