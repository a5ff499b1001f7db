# SPDX-License-Identifier: Apache-2.0
"""One writer at a time: a second apply says who holds the lease, or waits; a dead one's is taken over."""
import os
import signal
import time

import pytest

from conftest import wait_until
from flows import tick

ME = "Tester <tester@acme.example>"


@pytest.fixture
def slow(flow):
    """An apply that has begun and takes a few seconds more; gives the flow and its process."""
    flow.declare(connectors={"source": tick()}, timing={"settle": "4s", "heartbeat": "1s", "lease": "3s"})
    process = flow.project.run.start("apply", "dev", "--auto-approve", cwd=flow.project.root)
    wait_until(lambda: "source" in flow.live())
    yield flow, process
    if process.poll() is None:
        process.kill()
    process.communicate()


def end(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


def test_a_second_apply_says_who_holds_the_lease(slow):
    flow, first = slow
    result = flow.apply(code=1)
    assert ME in result.err and "apply dev" in result.err and str(first.pid) in result.err
    assert end(first)[0] == 0
    assert "No changes." in flow.apply().out


def test_a_second_apply_waits_when_told_to_and_both_end_well(slow):
    flow, first = slow
    assert flow.apply("--wait", "60").code == 0
    assert end(first)[0] == 0
    assert "No changes." in flow.plan().out


def test_two_applies_of_the_same_at_once_end_well(flow):
    flow.declare(connectors={key: tick() for key in ("a", "b", "c")})
    words = ("apply", "dev", "--auto-approve", "--wait", "60")
    both = [flow.project.run.start(*words, cwd=flow.project.root) for _ in range(2)]
    for code, text in [end(process) for process in both]:
        assert code == 0, text
    assert flow.live() == {"a", "b", "c"}
    assert "No changes." in flow.plan().out


def test_plan_and_status_need_no_lease_and_say_who_holds_it(slow):
    flow, first = slow
    flow.plan()
    assert ME in flow.sluice("status", "dev", "-o", "json").json()["holder"]
    assert end(first)[0] == 0
    assert flow.sluice("status", "dev", "-o", "json").json()["holder"] is None


def test_the_lease_of_a_dead_process_is_taken_over_at_once(slow):
    flow, first = slow
    first.kill()
    first.wait()
    flow.declare(connectors={"source": tick()})
    began = time.monotonic()
    flow.apply()
    assert time.monotonic() - began < 3 + 5, "it waited for the lease to end"


def test_the_lease_of_a_process_that_hangs_is_not_taken_before_its_end(slow):
    flow, first = slow
    os.kill(first.pid, signal.SIGSTOP)
    try:
        assert ME in flow.apply(code=1).err
        flow.apply("--wait", "30")
    finally:
        os.kill(first.pid, signal.SIGCONT)
    code, text = end(first)
    assert code == 1 and "lease" in text, text
    assert "No changes." in flow.plan().out


def test_ctrl_c_ends_what_is_in_flight_and_begins_nothing_new(flow):
    flow.declare(
        topics={"raw": flow.topic("raw")}, connectors={key: tick() for key in ("a", "b", "c")}, timing={"settle": "2s"}
    )
    words = ("apply", "dev", "--auto-approve", "--parallelism", "1")
    process = flow.project.run.start(*words, cwd=flow.project.root)
    wait_until(flow.live)
    process.send_signal(signal.SIGINT)
    code, text = end(process)
    assert code == 1 and "skipped" in text
    assert len(flow.live()) == 1
    assert len(flow.changes()) == 2
    flow.apply()
    assert flow.live() == {"a", "b", "c"}
