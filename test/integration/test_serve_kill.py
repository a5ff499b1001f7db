# SPDX-License-Identifier: Apache-2.0
"""`serve` killed (SIGKILL) again and again while versions go from a push to production: each run is resumed or fails cleanly, once."""
import collections
import random
import re
import subprocess
import time
import urllib.error

from conftest import wait_until
from maven_server import server  # noqa: F401 (a fixture)

KILLS = 40
SEED = 20260101
STATES = ["checking_out", "building", "publishing", "locking", "planning", "waiting", "committing", "applying", "verifying"]
LIFE = 8
LONG = 240


def answered(call, *arguments):
    """An answer, or None where the server was just killed or refuses."""
    try:
        return call(*arguments)
    except (urllib.error.URLError, ConnectionError, OSError):
        return None


def approve_what_waits(served):
    for run in answered(served.api.runs, "prod") or []:
        if run["state"] == "waiting":
            detail = answered(served.api.run, run["id"])
            if detail and detail["state"] == "waiting":
                answered(served.as_person("approver").approve, run["id"], detail["plan"]["digest"])


def run_until(served, wanted, chance):
    """Lets the server work until a run is in the state `wanted`, or for some seconds; gives the states that open runs are in then."""
    deadline = time.monotonic() + LIFE
    while True:
        states = [run["state"] for run in answered(served.api.runs) or [] if run["open"]]
        if wanted in states or time.monotonic() > deadline:
            time.sleep(chance.uniform(0, 0.1))
            return states
        if wanted != "waiting":
            approve_what_waits(served)
        time.sleep(0.02)


def is_at_rest(served):
    runs = served.api.runs()
    return not [run for run in runs if run["open"]]


def test_killed_in_every_step_it_goes_on_once(delivery):
    chance = random.Random(SEED)
    seen, version, kills = collections.Counter(), 0, 0
    while kills < KILLS:
        served = delivery.serve()
        runs = [run for run in answered(served.api.runs) or [] if run["open"]]
        at_rest = not [run for run in runs if run["state"] != "waiting"]
        if version == 0 or at_rest or (chance.random() < 0.2 and not [run for run in runs if run["kind"] == "build"]):
            version += 1
            delivery.release(f"1.{version}.0")
        seen.update(run_until(served, chance.choice(STATES), chance))
        served.kill()
        kills += 1
    print(f"{KILLS} kills, {version} versions, killed in {dict(seen)}")
    assert len(set(seen) & set(STATES)) >= 5, f"too few steps were met: {seen}"

    served = delivery.serve()
    newest = f"1.{version}.0"

    def is_through():
        approve_what_waits(served)
        return delivery.is_running(delivery.prod, newest) and delivery.is_running(delivery.dev, newest) and is_at_rest(served)

    wait_until(is_through, LONG)
    assert (delivery.locked("dev"), delivery.locked("prod")) == (newest, newest)
    runs = served.api.runs()
    assert not [run for run in runs if run["good"] is False], [run for run in runs if run["good"] is False]

    # No jar was published twice with other bytes.
    uploads = [line for line in delivery.server.requests() if '"PUT ' in line and re.search(rf"{delivery.coordinate.split(':')[1]}-\d+\.\d+\.0\.jar ", line)]
    kept = {run["version"]: served.api.run(run["id"])["artifact"]["sha256"] for run in runs if run["kind"] == "build" and run["state"] == "done"}
    for released, sha256 in kept.items():
        path = delivery.server.files / "test/acme" / delivery.coordinate.split(":")[1] / released / f"{delivery.coordinate.split(':')[1]}-{released}.jar"
        assert subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.startswith(sha256)
    assert len(uploads) >= len(kept)

    # No commit was made twice: each act of each run is there once.
    delivery.pull()
    acts = re.findall(r"Sluice-Run: (\S+)\nSluice-Act: (commit|lock|revert)", delivery.declarations.git("log", "--format=%B"))
    assert len(acts) == len(set(acts)), [act for act, count in collections.Counter(acts).items() if count > 1]

    # No approval was used twice: each is of one run, and each run that was applied in prod has its own.
    audit = served.api.get("/api/v1/audit?limit=500")["entries"]
    promotions = [run for run in runs if run["subject"] == "prod" and run["cause"] == "promotion" and run["state"] == "done"]
    approved = collections.Counter(entry["run"] for entry in audit if entry["act"] == "approve")
    assert all(approved[run["id"]] >= 1 for run in promotions)
    for run in promotions:
        given = served.api.run(run["id"])["approval"]["given"]
        assert len(given) == 1 and given[0]["digest"] == served.api.run(run["id"])["plan"]["digest"]
    served.stop()
