# SPDX-License-Identifier: Apache-2.0
"""Healthy or back: what does not run after a change is put back as it was, and the worker's trace is shown."""
import json
import shutil

import pytest

from conftest import wait_until
from flows import COORDINATE, TICK, Flow, tick

FAILING = {"fail.at.start": "no such orders"}
TRACE = "java.lang.IllegalStateException: told to fail: no such orders"


def test_a_task_that_fails_by_its_new_config_gets_the_previous_one_back(flow):
    flow.declare(connectors={"source": tick({"rate": 1, "secret": "first"}), "other": tick()})
    flow.apply()
    before = flow.config("source")
    stored = flow.stored("connector", "source")
    flow.declare(connectors={"source": tick({"rate": 2, "secret": "second", **FAILING}), "other": tick({"note": "new"})})
    result = flow.apply(code=1)
    assert "rolled back" in result.out and TRACE in result.out and "test.TickTask.start" in result.out
    assert flow.config("source") == before
    assert flow.state("source") == "RUNNING RUNNING"
    assert flow.stored("connector", "source") == stored, "the state still says what runs"
    assert flow.config("other")["note"] == "new", "what went well stays"
    assert flow.changes() == {flow.address("connector", "source"): "update"}


def test_programs_are_told_of_it_too(flow):
    flow.declare(connectors={"source": tick()})
    flow.apply()
    flow.declare(connectors={"source": tick(FAILING)})
    report = flow.apply("-o", "json", code=1).json()
    [action] = report["actions"]
    assert (report["result"], action["outcome"]) == ("rolled_back", "rolled_back")
    assert TRACE in action["trace"]


def test_a_paused_connector_that_fails_when_it_is_resumed_is_paused_again(flow):
    flow.declare(connectors={"source": tick({"note": "old"}, state="paused")})
    flow.apply()
    flow.declare(connectors={"source": tick(FAILING)})
    assert "rolled back" in flow.apply(code=1).out
    assert flow.state("source").startswith("PAUSED")
    assert flow.config("source")["note"] == "old"


def test_one_task_of_several_that_fails_is_enough(flow):
    flow.declare(connectors={"source": tick(tasks=3)})
    flow.apply()
    flow.declare(connectors={"source": tick(FAILING, tasks=2)})
    flow.apply(code=1)
    assert flow.state("source") == "RUNNING RUNNING RUNNING RUNNING"


def test_without_rollback_the_new_config_stays(flow):
    flow.declare(connectors={"source": tick()})
    flow.apply()
    flow.declare(connectors={"source": tick(FAILING)})
    assert TRACE in flow.apply("--no-rollback", code=1).out
    assert flow.config("source")["fail.at.start"] == FAILING["fail.at.start"]
    assert "FAILED" in flow.state("source")


def test_what_failed_before_the_change_is_not_rolled_back_for_failing_still(flow):
    flow.declare(connectors={"source": tick(FAILING)})
    flow.apply("--no-rollback", code=1)
    flow.declare(connectors={"source": tick({**FAILING, "rate": 7})})
    result = flow.apply(code=1)
    assert "rolled back" not in result.out and "had failed before" in result.out
    assert flow.config("source")["rate"] == "7"
    flow.declare(connectors={"source": tick({"rate": 7})})
    flow.apply()
    assert flow.state("source") == "RUNNING RUNNING"


def test_a_new_connector_that_fails_is_removed_again(flow):
    flow.declare(connectors={"source": tick(FAILING), "other": tick()})
    result = flow.apply(code=1)
    assert "rolled back" in result.out and TRACE in result.out
    assert flow.live() == {"other"}
    assert flow.stored("connector", "source", code=1) is None
    assert flow.changes() == {flow.address("connector", "source"): "create"}


def test_what_fails_after_it_has_settled_is_seen_by_status(flow):
    flow.declare(connectors={"source": tick({"fail.after.ms": 2500})})
    flow.apply()
    wait_until(lambda: "FAILED" in flow.state("source"))
    assert flow.status(code=3)["connector/source"]["health"] == "failed"


def test_a_task_that_stops_slowly_is_not_taken_for_the_one_that_follows(flow):
    """The old task is shown as RUNNING as long as it stops: six times as long as what must hold."""
    flow.declare(connectors={"source": tick({"note": "old", "stop.ms": 3000})})
    flow.apply()
    flow.declare(connectors={"source": tick({"note": "new", **FAILING})})
    result = flow.apply(code=1)
    assert "rolled back" in result.out and TRACE in result.out
    assert flow.config("source")["note"] == "old"
    assert flow.state("source") == "RUNNING RUNNING"


def test_a_task_that_the_worker_gave_up_is_not_taken_for_the_one_that_follows(flow):
    """It takes longer to stop than the 5 s that a worker waits for it."""
    flow.declare(connectors={"source": tick({"note": "old", "stop.ms": 8000})})
    flow.apply()
    flow.declare(connectors={"source": tick({"note": "new", **FAILING})})
    assert "rolled back" in flow.apply(code=1).out
    assert flow.config("source")["note"] == "old"


def test_a_task_that_stops_and_starts_slowly_is_waited_for(flow):
    """What must hold begins when the old task has stopped."""
    timing = {"settle": "2s"}
    flow.declare(connectors={"source": tick({"note": "old", "stop.ms": 3000})}, timing=timing)
    flow.apply()
    flow.declare(connectors={"source": tick({"note": "new", "start.ms": 2500, **FAILING})}, timing=timing)
    assert "rolled back" in flow.apply(code=1).out
    assert flow.config("source")["note"] == "old"


def test_what_never_becomes_healthy_is_put_back_at_the_deadline(flow):
    """A connector that is paused by hand while it settles never settles."""
    flow.declare(connectors={"source": tick({"rate": 1})}, timing={"settle": "3s", "deadline": "5s"})
    flow.apply()
    flow.declare(connectors={"source": tick({"rate": 2})}, timing={"settle": "3s", "deadline": "5s"})
    apply = flow.project.run.start("apply", "dev", "--auto-approve", cwd=flow.project.root)
    wait_until(lambda: flow.config("source")["rate"] == "2")
    flow.sandbox.put(f"{flow.path('source')}/pause")
    out, _ = apply.communicate(timeout=60)
    assert apply.returncode == 1 and "was not healthy within 5 s" in out
    assert flow.config("source")["rate"] == "1"
    assert flow.state("source") == "RUNNING RUNNING"


@pytest.fixture
def plugged(project, sandbox, repository, ticks):
    """A flow on a worker without the plugin, which is rolled out from a repository; 1.0.0 of it is applied."""
    repository.add(ticks.jar("1.0.0"), COORDINATE, "1.0.0")
    flow = Flow(project, sandbox, repository=repository)
    flow.declare(connectors={"source": tick({"note": "v1"})}, plugin="latest")
    flow.sluice("lock", "dev", code=0)
    flow.apply()
    yield flow
    flow.clear()


def upgrade(flow, jar, version):
    flow.repository.add(jar, COORDINATE, version)
    flow.sluice("lock", "dev", "--upgrade", code=0)


def test_a_new_plugin_version_is_rolled_out_and_switched_to(plugged, ticks):
    assert plugged.versions("source") == {"1.0.0"}
    assert plugged.config("source")["connector.plugin.version"] == "1.0.0"
    assert "No changes." in plugged.plan().out
    upgrade(plugged, ticks.jar("2.0.0"), "2.0.0")
    plan = plugged.plan().out
    assert "1 rollout" in plan and "1.0.0" in plan and "2.0.0" in plan
    plugged.apply()
    assert plugged.versions("source") == {"2.0.0"}
    assert plugged.state("source") == "RUNNING RUNNING"
    assert "No changes." in plugged.plan().out
    assert [version["version"] for version in plugged.project.lock("dev")["plugins"]["tick"]["versions"]] == ["2.0.0", "1.0.0"]


def test_a_plugin_version_whose_tasks_fail_is_switched_back_from(plugged, ticks):
    stored = plugged.stored("connector", "source")
    upgrade(plugged, ticks.jar("3.0.0", fails=True), "3.0.0")
    result = plugged.apply(code=1)
    assert "rollout/main rolled out" in result.out
    assert "rolled back" in result.out and "IllegalStateException: version 3.0.0 always fails" in result.out
    assert plugged.versions("source") == {"1.0.0"}
    assert plugged.state("source") == "RUNNING RUNNING"
    assert plugged.stored("connector", "source") == stored
    assert plugged.changes() == {plugged.address("connector", "source"): "update"}, "3.0.0 stays installed"


def reports(flow):
    return [version.get("reports") for version in flow.project.lock("dev")["plugins"]["tick"]["versions"]]


def test_what_a_class_reports_is_learnt_from_the_one_version_that_came(plugged, ticks):
    theirs = plugged.sandbox.plugins / "theirs"
    theirs.mkdir(exist_ok=True)
    (theirs / "tick.jar").write_bytes(ticks.jar("theirs").read_bytes())
    upgrade(plugged, ticks.jar("4.9.0"), "4.9.0")
    plugged.apply()
    assert "theirs" in {plugin["version"] for plugin in plugged.sandbox.get("/connector-plugins") if plugin["class"] == TICK}
    upgrade(plugged, ticks.jar("release-5"), "5.0.0")
    plugged.apply()
    assert plugged.versions("source") == {"release-5"}
    assert reports(plugged)[0] == {TICK: "release-5"}
    shutil.rmtree(theirs)


def test_what_a_class_reports_is_not_guessed(plugged, ticks):
    """Two versions come at once, and neither is what Maven calls it: a person says which is which."""
    upgrade(plugged, ticks.jar("release-6"), "6.0.0")
    upgrade(plugged, ticks.jar("release-7"), "7.0.0")
    failed = plugged.apply(code=1)
    assert "does not report every locked version" in failed.out
    assert 'one of release-6, release-7, which it reports, is tick 7.0.0, write that into the lock as its "reports"' in failed.out
    assert plugged.versions("source") == {"1.0.0"}
    lock = plugged.project.lock("dev")
    for version in lock["plugins"]["tick"]["versions"]:
        version["reports"] = {TICK: {"7.0.0": "release-7", "6.0.0": "release-6", "1.0.0": "1.0.0"}[version["version"]]}
    plugged.project.write("environments/dev.lock", json.dumps(lock))
    plugged.apply()
    assert plugged.versions("source") == {"release-7"}


def test_a_plugin_version_that_is_not_in_the_lock_is_an_error_of_the_plan(plugged):
    (plugged.project.root / "environments" / "dev.lock").unlink()
    assert "sluice lock dev" in plugged.plan(code=1).out


def test_an_unpinned_connector_of_others_that_a_rollout_would_upgrade_is_an_error_unless_accepted(plugged, ticks):
    theirs = f"{plugged.name}-theirs"
    plugged.sandbox.put(f"/connectors/{theirs}/config", {"connector.class": "test.TickSource", "tasks.max": "1"})
    upgrade(plugged, ticks.jar("4.0.0"), "4.0.0")
    assert f"--accept-upgrade {theirs}" in plugged.plan(code=1).out
    plugged.plan("--accept-upgrade", theirs)


def test_what_a_kill_left_of_its_creation_stays_ours_when_the_next_change_goes_back(flow, cut_off):
    flow.declare(connectors={"source": tick({"note": "good"})})
    flow.apply()
    cut_off(flow, "connector", "source")
    flow.declare(connectors={"source": tick({"note": "bad", **FAILING})})
    flow.apply(code=1)
    flow.declare(connectors={"source": tick({"note": "good"})})
    assert "is not ours" not in flow.plan().out
    flow.apply()
    assert flow.config("source")["note"] == "good" and flow.stored("connector", "source")
