# SPDX-License-Identifier: Apache-2.0
"""Plan and apply: what is declared becomes live, nothing else does, and a second time there is nothing to do."""
from conftest import wait_until
from flows import tick


def test_apply_makes_what_is_declared(flow):
    flow.declare(
        topics={"raw": flow.topic("raw", partitions=3, config={"cleanup.policy": "compact"})},
        connectors={"source": tick({"topic": f"{flow.name}.raw", "rate": 20}, tasks=2)},
    )
    result = flow.apply()
    assert "2 to create, 0 to change, 0 to delete" in result.out
    assert flow.topics("describe", f"{flow.name}.raw") == {"partitions": 3, "config": {"cleanup.policy": "compact"}}
    assert flow.state("source") == "RUNNING RUNNING RUNNING"
    assert flow.config("source") == {
        "connector.class": "test.TickSource",
        "tasks.max": "2",
        "topic": f"{flow.name}.raw",
        "rate": "20",
    }


def test_applied_twice_there_are_no_changes(flow):
    flow.declare(
        topics={"raw": flow.topic("raw", config={"retention.ms": "60000"})},
        connectors={"source": tick({"secret": "hidden", "note": "an ünusual ' \" value"}), "idle": tick(state="paused")},
    )
    flow.apply()
    assert "No changes." in flow.apply().out
    assert "No changes." in flow.plan("--detailed-exitcode", code=0).out
    assert flow.changes() == {}


def test_plan_shows_what_would_change_and_changes_nothing(flow):
    flow.declare(connectors={"source": tick({"rate": 1, "note": "old"}), "gone": tick(), "same": tick()})
    flow.apply()
    flow.declare(connectors={"source": tick({"rate": 2, "mode": "loud"}), "new": tick(), "same": tick()})
    plan = flow.plan("--detailed-exitcode", code=2).out
    assert "Plan: 1 to create, 1 to change, 1 to delete" in plan
    assert "+ connector/new" in plan and "- connector/gone" in plan and "~ connector/source" in plan
    assert "connector/same" not in plan
    assert flow.live() == {"source", "gone", "same"}
    assert flow.config("source")["rate"] == "1"


def test_a_changed_key_is_one_change(flow):
    flow.declare(connectors={"source": tick({"rate": 1, "note": "as it was"})})
    flow.apply()
    flow.declare(connectors={"source": tick({"rate": 7, "note": "as it was"})})
    [action] = flow.plan("-o", "json").json()["actions"]
    assert [(change["key"], change["old"], change["new"]) for change in action["changes"]] == [("config.rate", "1", "7")]
    flow.apply()
    assert flow.config("source")["rate"] == "7"


def test_a_key_that_is_no_longer_declared_is_taken_away(flow):
    flow.declare(connectors={"source": tick({"note": "short-lived"})})
    flow.apply()
    flow.declare(connectors={"source": tick()})
    flow.apply()
    assert "note" not in flow.config("source")


def test_a_connector_is_in_the_state_that_is_declared(flow):
    flow.declare(connectors={"off": tick(state="stopped"), "idle": tick(state="paused"), "on": tick()})
    flow.apply()
    assert [flow.state(key) for key in ("off", "idle", "on")] == ["STOPPED", "PAUSED", "RUNNING RUNNING"]
    flow.declare(connectors={"off": tick(), "idle": tick(state="stopped"), "on": tick(state="paused")})
    assert set(flow.changes().values()) == {"state"}
    flow.apply()
    assert [flow.state(key) for key in ("off", "idle", "on")] == ["RUNNING RUNNING", "STOPPED", "PAUSED PAUSED"]


def test_what_the_worker_says_of_a_value_is_an_error_of_the_plan(flow):
    flow.declare(connectors={"source": tick({"rate": 5000, "mode": "silent"})})
    plan = flow.plan(code=1).out
    assert "rate: Invalid value 5000 for configuration rate: Value must be no more than 1000" in plan
    assert "mode: Invalid value silent" in plan
    flow.apply(code=1)
    assert flow.live() == set()


def test_a_class_that_no_worker_has_is_an_error_of_the_plan(flow):
    flow.declare(connectors={"source": {"class": "test.TockSource", "config": {}}})
    plan = flow.plan(code=1).out
    assert "no worker of 'main' has class test.TockSource" in plan and "test.TickSource" in plan


def test_without_a_terminal_apply_asks_for_auto_approve(flow):
    flow.declare(connectors={"source": tick()})
    assert "--auto-approve" in flow.sluice("apply", "dev", code=1).err
    assert flow.live() == set()


def test_targets_leave_the_rest_alone(flow):
    flow.declare(connectors={"one": tick(), "two": tick()})
    flow.apply("--target", flow.address("connector", "one"))
    assert flow.live() == {"one"}
    assert flow.changes() == {flow.address("connector", "two"): "create"}


def test_a_target_that_covers_nothing_is_an_error(flow):
    flow.declare(connectors={"one": tick()})
    for command in (["plan"], ["apply", "--auto-approve"], ["destroy", "--auto-approve"]):
        result = flow.sluice(command[0], "dev", *command[1:], "--target", "nobody", code=1)
        assert result.err.count("cannot plan environment 'dev'") == 1
        assert "'nobody'" in result.err and "hint: sluice status dev lists the addresses" in result.err


def test_apply_tells_programs_how_each_action_ended(flow):
    flow.declare(topics={"raw": flow.topic("raw")}, connectors={"source": tick()})
    report = flow.apply("-o", "json").json()
    assert report["result"] == "ok"
    assert {action["id"]: action["outcome"] for action in report["actions"]} == {
        flow.address("topic", "raw"): "done",
        flow.address("connector", "source"): "done",
    }
    assert flow.apply("-o", "json").json()["actions"] == []


def test_what_fails_is_named_and_what_depends_on_nothing_goes_on(flow):
    flow.declare(
        topics={"bad": flow.topic("bad", config={"cleanup.policy": "nonsense"}), "good": flow.topic("good")},
        connectors={"source": tick()},
    )
    result = flow.apply(code=1)
    assert "cleanup.policy" in result.out
    assert flow.live_topics() == {"good"}
    assert "bad" in flow.plan().out


def test_status_is_green_where_all_is_well(flow):
    flow.declare(topics={"raw": flow.topic("raw")}, connectors={"source": tick()})
    flow.apply()
    rows = flow.status()
    assert {key: row["health"] for key, row in rows.items()} == {"connector/source": "ok", "topic/raw": "ok"}
    assert rows["connector/source"]["version"] == "1.0.0"


def test_status_exits_with_3_where_a_task_has_failed(flow):
    flow.declare(connectors={"source": tick({"fail.after.ms": 1500})})
    flow.apply()
    wait_until(lambda: "FAILED" in flow.state("source"))
    result = flow.sluice("status", "dev", code=3)
    assert "failed after 1500 ms" in result.out


def test_destroy_takes_connectors_and_keeps_topics(flow):
    flow.declare(topics={"raw": flow.topic("raw")}, connectors={"source": tick()})
    flow.apply()
    flow.sluice("destroy", "dev", "--auto-approve", code=0)
    assert (flow.live(), flow.live_topics()) == (set(), {"raw"})
    flow.sluice("destroy", "dev", "--auto-approve", "--with-topics", code=0)
    assert flow.live_topics() == set()
    assert flow.sluice("state", "list", "dev", "-o", "json", code=0).json() == []


def test_records_flow_and_go_on_from_their_offset(flow):
    flow.declare(
        topics={"raw": flow.topic("raw")}, connectors={"source": tick({"topic": f"{flow.name}.raw", "rate": 100})}
    )
    flow.apply()
    offsets = lambda: flow.sandbox.get(f"{flow.path('source')}/offsets")["offsets"]
    assert wait_until(offsets)[0]["offset"]["number"] > 0
