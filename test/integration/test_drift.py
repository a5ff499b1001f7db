# SPDX-License-Identifier: Apache-2.0
"""What people change by hand: ours is seen and put back, what is not ours is left alone; and what leaves the declarations."""
import pytest

from flows import tick


def put_back(flow, plan_says):
    """The plan says so, apply puts it back, and then there is nothing to do."""
    plan = flow.plan("--detailed-exitcode", code=2).out
    assert plan_says in plan
    flow.apply()
    assert "No changes." in flow.plan().out
    return plan


def test_a_config_changed_by_hand_is_put_back(flow):
    flow.declare(connectors={"source": tick({"rate": 3, "note": "ours"})})
    flow.apply()
    flow.configure_by_hand("source", rate="4", note=None, mode="loud")
    assert set(flow.status()["connector/source"]["drift"]) == {"rate", "note", "mode"}
    put_back(flow, "changed by hand, put back")
    assert flow.config("source").items() >= {"rate": "3", "note": "ours"}.items()
    assert "mode" not in flow.config("source")


def test_what_was_declared_and_what_was_changed_by_hand_are_told_apart(flow):
    flow.declare(connectors={"source": tick({"rate": 3, "note": "ours"})})
    flow.apply()
    flow.configure_by_hand("source", rate="4")
    flow.declare(connectors={"source": tick({"rate": 3, "note": "newer"})})
    lines = flow.plan().out.splitlines()
    [rate] = [line for line in lines if " rate " in line]
    [note] = [line for line in lines if " note " in line]
    assert "by hand" in rate and "by hand" not in note


def test_a_connector_deleted_by_hand_is_made_again(flow):
    flow.declare(connectors={"source": tick({"rate": 3})})
    flow.apply()
    flow.sandbox.delete(flow.path("source"))
    assert flow.status(code=3)["connector/source"]["health"] == "missing"
    put_back(flow, "is gone, created again")
    assert flow.state("source") == "RUNNING RUNNING"


@pytest.mark.parametrize("verb, state", [("pause", "paused"), ("stop", "stopped")])
def test_a_connector_paused_or_stopped_by_hand_is_resumed(flow, verb, state):
    flow.declare(connectors={"source": tick()})
    flow.apply()
    flow.sandbox.put(f"{flow.path('source')}/{verb}")
    assert state in put_back(flow, "changed by hand, put back")
    assert flow.state("source") == "RUNNING RUNNING"


def test_a_connector_changed_by_hand_to_what_is_declared_now_needs_nothing(flow):
    flow.declare(connectors={"source": tick({"rate": 3})})
    flow.apply()
    flow.configure_by_hand("source", rate="4")
    flow.declare(connectors={"source": tick({"rate": 4})})
    assert "No changes." in flow.apply().out
    assert flow.status()["connector/source"]["drift"] == []


def test_what_is_not_ours_is_untouched(flow):
    theirs = f"{flow.name}-theirs"
    flow.sandbox.put(f"/connectors/{theirs}/config", {"connector.class": "test.TickSource", "tasks.max": "1", "note": "theirs"})
    flow.topics("create", f"{flow.name}.theirs", 2)
    flow.declare(topics={"raw": flow.topic("raw")}, connectors={"source": tick()})
    assert "theirs" not in flow.plan().out
    flow.apply()
    flow.sluice("destroy", "dev", "--auto-approve", "--with-topics", code=0)
    assert flow.live() == {"theirs"}
    assert flow.config("theirs")["note"] == "theirs"
    assert flow.live_topics() == {"theirs"}


def test_a_topics_config_changed_by_hand_is_put_back_and_keys_of_others_stay(flow):
    flow.declare(topics={"raw": flow.topic("raw", config={"retention.ms": "60000"})})
    flow.apply()
    flow.topics("set", f"{flow.name}.raw", "retention.ms", "120000")
    flow.topics("set", f"{flow.name}.raw", "segment.ms", "999999")
    plan = put_back(flow, "changed by hand")
    assert "retention.ms" in plan and "segment.ms" not in plan
    assert flow.topics("describe", f"{flow.name}.raw")["config"] == {"retention.ms": "60000", "segment.ms": "999999"}


def test_a_topics_key_that_is_no_longer_declared_is_reset(flow):
    flow.declare(topics={"raw": flow.topic("raw", config={"retention.ms": "60000", "segment.ms": "50000"})})
    flow.apply()
    flow.declare(topics={"raw": flow.topic("raw", config={"retention.ms": "60000"})})
    flow.apply()
    assert flow.topics("describe", f"{flow.name}.raw")["config"] == {"retention.ms": "60000"}
    assert "No changes." in flow.plan().out


def test_a_topic_deleted_by_hand_is_made_again_with_a_warning(flow):
    flow.declare(topics={"raw": flow.topic("raw", partitions=2)})
    flow.apply()
    flow.topics("delete", f"{flow.name}.raw")
    assert "was deleted by hand; it is made again, empty" in put_back(flow, "is gone, created again")
    assert flow.topics("describe", f"{flow.name}.raw")["partitions"] == 2


def test_more_partitions_are_made_with_a_warning(flow):
    flow.declare(topics={"raw": flow.topic("raw", partitions=2)})
    flow.apply()
    flow.declare(topics={"raw": flow.topic("raw", partitions=4)})
    assert "out of order" in flow.plan().out
    flow.apply()
    assert flow.topics("describe", f"{flow.name}.raw")["partitions"] == 4
    assert "No changes." in flow.plan().out


def test_fewer_partitions_are_an_error(flow):
    flow.declare(topics={"raw": flow.topic("raw", partitions=3)})
    flow.apply()
    flow.declare(topics={"raw": flow.topic("raw", partitions=2)})
    assert "has 3 partitions, 2 are declared" in flow.plan(code=1).out
    flow.apply(code=1)


def test_another_replication_factor_is_an_error_that_says_how(flow):
    flow.declare(topics={"raw": flow.topic("raw", replication=1)})
    flow.apply()
    flow.declare(topics={"raw": flow.topic("raw", replication=3)})
    assert "kafka-reassign-partitions" in flow.plan(code=1).out


def test_a_topic_that_leaves_is_kept_and_managed_again_when_it_comes_back(flow):
    topics = {"raw": flow.topic("raw", config={"retention.ms": "60000"})}
    flow.declare(topics=topics)
    flow.apply()
    flow.declare()
    assert f"{flow.address('topic', 'raw')} left the declarations and is kept" in flow.apply().out
    assert flow.live_topics() == {"raw"}
    assert flow.status()["topic/raw"]["kept"]
    assert flow.stored("topic", "raw")["kept"]
    flow.declare(topics=topics)
    flow.apply()
    assert not flow.status()["topic/raw"]["kept"]
    flow.topics("set", f"{flow.name}.raw", "retention.ms", "120000")
    put_back(flow, "changed by hand")


def test_a_topic_whose_deletion_was_asked_for_is_deleted_when_it_leaves(flow):
    flow.declare(topics={"raw": flow.topic("raw", on_remove="delete")})
    flow.apply()
    flow.declare()
    assert "is deleted with all its records" in flow.plan().out
    flow.apply()
    assert flow.live_topics() == set()


def test_a_connector_that_leaves_is_deleted_after_its_offsets_were_recorded(flow, read_state):
    flow.declare(
        topics={"raw": flow.topic("raw")}, connectors={"source": tick({"topic": f"{flow.name}.raw", "rate": 50})}
    )
    flow.apply()
    flow.declare(topics={"raw": flow.topic("raw")})
    flow.apply()
    assert flow.live() == set()
    [offsets] = [record for key, record in read_state(flow).items() if key.startswith("offsets/")]
    assert offsets["why"] == "delete"
    assert offsets["offsets"][0]["offset"]["number"] > 0
    assert flow.stored("connector", "source", code=1) is None


def test_a_connector_that_shall_be_stopped_when_it_leaves_is_stopped_and_kept(flow):
    flow.declare(connectors={"source": tick(on_remove="stop")})
    flow.apply()
    flow.declare()
    assert "stopped, not deleted" in flow.plan().out
    flow.apply()
    assert flow.state("source") == "STOPPED"
    assert "No changes." in flow.plan().out
    flow.declare(connectors={"source": tick(on_remove="stop")})
    flow.apply()
    assert flow.state("source") == "RUNNING RUNNING"


def test_a_connector_that_shall_be_kept_when_it_leaves_runs_on(flow):
    flow.declare(connectors={"source": tick(on_remove="keep")})
    flow.apply()
    flow.declare()
    flow.apply()
    assert flow.state("source") == "RUNNING RUNNING"
    assert flow.status()["connector/source"]["kept"]


def test_what_is_protected_is_not_removed_even_after_its_block_is_gone(flow):
    flow.declare(connectors={"source": tick(protected=True)})
    flow.apply()
    flow.declare()
    assert "is protected" in flow.plan(code=1).out
    flow.apply(code=1)
    flow.sluice("destroy", "dev", "--auto-approve", code=1)
    assert flow.live() == {"source"}
    flow.declare(connectors={"source": tick(protected=False)})
    flow.apply()
    flow.declare()
    flow.apply()
    assert flow.live() == set()
