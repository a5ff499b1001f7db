# SPDX-License-Identifier: Apache-2.0
"""A plan that was written to a file: applied exactly as it is, once, or not at all."""
import json

import pytest

from flows import tick


@pytest.fixture
def planned(flow):
    """A flow with one connector applied, whose rate a plan in dev.plan changes."""
    flow.declare(connectors={"source": tick({"rate": 1}), "other": tick()})
    flow.apply()
    flow.declare(connectors={"source": tick({"rate": 2}), "other": tick()})
    flow.plan("--out", "dev.plan")
    return flow


def apply_file(flow, code, file="dev.plan"):
    return flow.sluice("apply", file, code=code)


def test_a_plan_file_is_applied_once(planned):
    apply_file(planned, 0)
    assert planned.config("source")["rate"] == "2"
    assert "was applied before" in apply_file(planned, 1).err


def test_a_plan_file_is_not_applied_again_even_when_there_is_something_to_do(planned):
    apply_file(planned, 0)
    planned.configure_by_hand("source", rate="1")
    assert "was applied before" in apply_file(planned, 1).err
    assert planned.config("source")["rate"] == "1"


@pytest.mark.parametrize(
    "tamper",
    [
        lambda plan: plan["actions"][0]["changes"][0].update(new="9"),
        lambda plan: plan["actions"].clear(),
        lambda plan: plan.update(id="01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        lambda plan: plan.update(mac="0" * 64),
        lambda plan: plan.pop("mac"),
    ],
    ids=["a value", "no actions", "another id", "another seal", "no seal"],
)
def test_a_plan_file_that_was_changed_is_refused(planned, tamper):
    file = planned.project.root / "dev.plan"
    plan = json.loads(file.read_text())
    tamper(plan)
    file.write_text(json.dumps(plan))
    assert "was changed" in apply_file(planned, 1).err
    assert planned.config("source")["rate"] == "1"


def test_a_plan_file_of_another_state_is_refused(planned):
    state = planned.project.root / ".sluice"
    state.rename(planned.project.root / "elsewhere")
    assert "another state's" in apply_file(planned, 1).err


def test_an_action_whose_base_moved_is_refused_and_named(planned):
    planned.configure_by_hand("source", note="by hand")
    assert planned.address("connector", "source") in apply_file(planned, 1).err
    assert planned.config("source")["rate"] == "1"


def test_an_action_that_is_done_already_is_refused_and_named(planned):
    planned.configure_by_hand("source", rate="2")
    assert planned.address("connector", "source") in apply_file(planned, 1).err


def test_a_plan_file_is_refused_when_the_declarations_changed(planned):
    planned.declare(connectors={"source": tick({"rate": 3}), "other": tick()})
    assert "a declaration changed" in apply_file(planned, 1).err
    assert planned.config("source")["rate"] == "1"


def test_what_others_change_elsewhere_does_not_spoil_a_plan(planned):
    planned.configure_by_hand("other", note="by hand")
    planned.sandbox.put(f"{planned.path('theirs')}/config", {"connector.class": "test.TickSource", "tasks.max": "1"})
    apply_file(planned, 0)
    assert planned.config("source")["rate"] == "2"
    assert planned.config("other")["note"] == "by hand", "only what is in the plan is done"


def test_the_digest_of_an_unchanged_world_is_the_same(planned):
    first, second = (planned.plan("-o", "json").json() for _ in range(2))
    assert first["digest"] == second["digest"]
    assert first["id"] != second["id"]
    planned.configure_by_hand("source", note="by hand")
    assert planned.plan("-o", "json").json()["digest"] != first["digest"]


def test_a_plan_file_is_for_its_owner_alone(planned):
    assert (planned.project.root / "dev.plan").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_plan_is_refused(planned):
    planned.project.write("other.plan", "{}")
    assert "is not a plan file" in apply_file(planned, 1, "other.plan").err
