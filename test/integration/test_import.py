# SPDX-License-Identifier: Apache-2.0
"""Import: what runs already is taken into the state as it is."""
import pytest

from flows import tick

THEIRS = {"connector.class": "test.TickSource", "tasks.max": "1", "rate": "3", "note": "theirs", "secret": "theirs too"}


@pytest.fixture
def running(flow):
    """A connector and a topic that were made by hand under the names that the declarations give them."""
    flow.sandbox.put(f"{flow.path('source')}/config", THEIRS)
    flow.topics("create", f"{flow.name}.raw", 2)
    flow.topics("set", f"{flow.name}.raw", "retention.ms", "60000")
    return flow


def import_all(flow, code=0):
    return flow.sluice("import", "dev", flow.address("connector", "source"), flow.address("topic", "raw"), code=code)


def as_it_runs(flow):
    flow.declare(
        topics={"raw": flow.topic("raw", partitions=2, config={"retention.ms": "60000"})},
        connectors={"source": tick({"rate": 3, "note": "theirs", "secret": "theirs too"})},
    )


def test_what_runs_and_is_not_ours_is_a_conflict_that_names_import(running):
    as_it_runs(running)
    plan = running.plan(code=1).out
    for kind, key in (("connector", "source"), ("topic", "raw")):
        assert f"sluice import dev {running.address(kind, key)}" in plan
    running.apply(code=1)
    assert running.config("source") == THEIRS


def test_what_is_imported_as_it_runs_needs_no_change(running):
    as_it_runs(running)
    import_all(running)
    assert running.config("source") == THEIRS
    assert "No changes." in running.plan().out
    assert running.status()["connector/source"]["managed"]


def test_what_a_kill_left_of_its_creation_is_imported_once(flow, cut_off):
    as_it_runs(flow)
    flow.apply()
    for kind, key in (("connector", "source"), ("topic", "raw")):
        cut_off(flow, kind, key)
    import_all(flow)
    assert "No changes." in flow.plan().out
    assert "No changes." in flow.apply().out
    assert flow.status()["connector/source"]["managed"]


def test_what_is_imported_and_differs_is_a_plan_of_the_difference(running):
    running.declare(
        topics={"raw": running.topic("raw", partitions=2, config={"retention.ms": "90000"})},
        connectors={"source": tick({"rate": 4, "note": "theirs", "secret": "theirs too"})},
    )
    import_all(running)
    assert running.config("source") == THEIRS
    actions = {action["id"]: action for action in running.plan("-o", "json").json()["actions"]}
    changed = {id: [change["key"] for change in action["changes"]] for id, action in actions.items()}
    assert changed == {
        running.address("connector", "source"): ["config.rate"],
        running.address("topic", "raw"): ["config.retention.ms"],
    }
    running.apply()
    assert running.config("source")["rate"] == "4"
    assert "No changes." in running.plan().out


def test_a_secret_of_what_is_imported_is_not_in_the_state(running):
    as_it_runs(running)
    import_all(running)
    assert "hmac" in running.stored("connector", "source")["applied"]["config"]["secret"]


def test_importing_twice_is_no_error(running):
    as_it_runs(running)
    import_all(running)
    assert "before" in import_all(running).out


def test_what_is_not_declared_or_not_there_is_not_imported_and_nothing_else_is(running):
    as_it_runs(running)
    known = running.address("connector", "source")
    for unknown in (running.address("connector", "sauce"), "nonsense"):
        assert f"nothing is declared at '{unknown}'" in running.sluice("import", "dev", known, unknown, code=1).err
    running.sandbox.delete(running.path("source"))
    assert f"there is no connector '{running.name}-source'" in import_all(running, code=1).err
    assert running.sluice("state", "list", "dev", "-o", "json", code=0).json() == []
