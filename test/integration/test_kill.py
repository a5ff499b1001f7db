# SPDX-License-Identifier: Apache-2.0
"""Killed at any point, the next apply converges: SIGKILL at 40 points that a seed draws, over the whole time that an apply takes.

    SEED=N       draws other points (printed in any case)
    KILLS=N      another number of them
"""
import itertools
import os
import random
import subprocess
import time

from conftest import wait_until
from flows import tick

SEED = int(os.environ.get("SEED", "20240611"))
KILLS = int(os.environ.get("KILLS", "40"))
QUICK = {"settle": "100ms", "deadline": "30s"}


def declare(flow, turn):
    """Two worlds in turn: from one to the next connectors and topics are made, changed and deleted."""
    one = turn % 2 == 0
    flow.declare(
        connectors={
            "changed": tick({"note": f"turn {turn}", "secret": f"secret {turn}"}),
            "same": tick(state="stopped"),
            "moved" if one else "new": tick({"note": "of one world"}, state="paused"),
            "odd" if one else "even": tick(state="stopped", on_remove="stop"),
        },
        topics={
            "grown": flow.topic("grown", config={"retention.ms": str(60000 + turn)}),
            "first" if one else "second": flow.topic("first" if one else "second", on_remove="delete"),
            "kept": flow.topic("kept", config={"segment.ms": "50000"} if one else {}),
        },
        timing=QUICK,
    )


def expected(turn):
    one = turn % 2 == 0
    connectors = {"changed": "RUNNING RUNNING", "same": "STOPPED", ("moved" if one else "new"): "PAUSED", "odd": "STOPPED", "even": "STOPPED"}
    topics = {"grown": {"retention.ms": str(60000 + turn)}, ("first" if one else "second"): {}, "kept": {"segment.ms": "50000"} if one else {}}
    return connectors, topics


def assert_converged(flow, turn, read_state):
    connectors, topics = expected(turn)
    # Tasks that the killed apply asked for may still be starting.
    wait_until(lambda: {key: flow.state(key) for key in flow.live()} == connectors)
    assert {key: flow.topics("describe", f"{flow.name}.{key}")["config"] for key in flow.live_topics()} == topics
    assert flow.config("changed")["note"] == f"turn {turn}"
    records = read_state(flow)
    resources = [record for key, record in records.items() if key.startswith("resource/")]
    addresses = [record["address"] for record in resources]
    assert len(addresses) == len(set(addresses)) == len(connectors) + len(topics), addresses
    assert not [key for key in records if key.startswith("intent/")]


def apply_killed_after(flow, seconds):
    """None, or how many seconds the apply took where it ended before it could be killed."""
    began = time.monotonic()
    process = flow.project.run.start("apply", "dev", "--auto-approve", cwd=flow.project.root)
    try:
        process.communicate(timeout=seconds)
        return time.monotonic() - began
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None


def kill_at_first_sight(flow):
    """Kills an apply once the first connector is there, when the calls for the others are on their way."""
    process = flow.project.run.start("apply", "dev", "--auto-approve", cwd=flow.project.root)
    deadline = time.monotonic() + 20
    while not flow.live() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.004)
    process.kill()
    process.communicate()


def test_what_a_killed_apply_had_asked_for_may_come_late(flow):
    """A worker goes on with the calls that it has, while the next apply looks, plans and works."""
    for turn in range(10):
        flow.declare(connectors={key: tick({"note": f"turn {turn}"}, state="paused") for key in "abcdef"}, timing=QUICK)
        kill_at_first_sight(flow)
        flow.apply()
        assert "No changes." in flow.plan().out
        assert flow.live() == set("abcdef")
        flow.declare(timing=QUICK)
        flow.apply()
        assert flow.live() == set()


def test_apply_killed_at_any_point_converges_the_next_time(flow, read_state):
    draw = random.Random(SEED)
    durations = []
    for turn in range(4):
        declare(flow, turn)
        began = time.monotonic()
        flow.apply()
        durations.append(time.monotonic() - began)
    assert_converged(flow, 3, read_state)
    longest = max(durations[2:])
    points = [(number + draw.random()) / KILLS for number in range(KILLS)]  # of the time that an apply takes
    draw.shuffle(points)
    print(f"SEED={SEED} KILLS={KILLS}; an apply takes {longest:.2f} s")
    killed, takes = 0, longest
    for turn, point in enumerate(itertools.islice(itertools.cycle(points), 2 * KILLS), start=4):
        if killed == KILLS:
            break
        declare(flow, turn)
        took = apply_killed_after(flow, point * takes)
        killed += took is None
        print(f"turn {turn}: {'killed after' if took is None else 'ended before'} {point * takes:.2f} s")
        takes = takes if took is None else took  # the machine is not equally fast all the time
        began = time.monotonic()
        result = flow.apply()
        spent = time.monotonic() - began
        assert spent < longest + 5, f"the lease was not taken over at once: {spent:.1f} s"
        assert "is not ours" not in result.out
        assert "No changes." in flow.plan("--detailed-exitcode", code=0).out
        assert_converged(flow, turn, read_state)
    assert killed == KILLS, f"only {killed} of {KILLS} were killed while they worked"
