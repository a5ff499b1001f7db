# SPDX-License-Identifier: Apache-2.0
"""What is changed by hand in an environment that `sluice serve` delivers to, by what its `policy: { drift: … }` says."""
import time

from conftest import wait_until
from maven_server import server  # noqa: F401 (a fixture)

QUIET = 10  # more than two looks at what runs


def bring_up(delivery, drift):
    """A version that runs in dev, under a policy."""
    delivery.change("a policy", environments__dev_yaml=delivery.environment(delivery.dev, policy={"drift": drift, "approvers": ["release-managers"]}))
    delivery.release("1.0.0")
    served = delivery.serve()
    served.wait_run("dev", "done", cause="build")
    return served


def path(delivery):
    return f"/connectors/{delivery.name}-source"


def config(delivery):
    return delivery.dev.get(f"{path(delivery)}/config")


def change_by_hand(delivery, served):
    """Another value, by curl; returns when the server has seen it."""
    delivery.dev.put(f"{path(delivery)}/config", {**config(delivery), "topic": f"{delivery.name}.elsewhere"})
    wait_until(lambda: any(instance["drift"] for instance in served.api.environment("dev")["instances"]))


def test_it_is_told_and_otherwise_left_where_the_policy_says_report(delivery):
    served = bring_up(delivery, "report")
    runs = served.api.runs("dev")
    change_by_hand(delivery, served)
    time.sleep(QUIET)
    assert served.api.runs("dev") == runs and config(delivery)["topic"] == f"{delivery.name}.elsewhere"
    served.stop()


def test_it_is_put_back_by_a_run_where_the_policy_says_repair(delivery):
    served = bring_up(delivery, "repair")
    last = served.api.runs("dev")[0]["id"]
    delivery.dev.put(f"{path(delivery)}/config", {**config(delivery), "topic": f"{delivery.name}.elsewhere"})
    run = served.wait_run("dev", "done", after=last, cause="drift")
    assert config(delivery)["topic"] == f"{delivery.name}.ticks"
    assert "changed by hand" in served.api.log(run["id"])
    delivery.dev.delete(path(delivery))
    gone = served.wait_run("dev", "done", after=run["id"], cause="drift")
    assert delivery.is_running(delivery.dev, "1.0.0"), "what was deleted is made again"
    time.sleep(QUIET)
    assert served.api.runs("dev")[0]["id"] == gone["id"], "and then there is rest"
    served.stop()


def test_it_is_put_back_only_when_a_person_agrees_where_the_policy_says_hold(delivery):
    served = bring_up(delivery, "hold")
    last = served.api.runs("dev")[0]["id"]
    change_by_hand(delivery, served)
    time.sleep(QUIET)
    assert served.api.runs("dev")[0]["id"] == last, "nothing puts it back by itself"
    loosened = delivery.environment(delivery.dev, policy={"drift": "report", "approvers": ["friends"]})
    delivery.change("a note", modules__tick__module_yaml=delivery.module(note="newer"), environments__dev_yaml=loosened)
    run = served.wait_run("dev", "waiting", after=last)
    assert config(delivery)["topic"] == f"{delivery.name}.elsewhere", "nor does a commit, even one that would do without"
    served.as_person("approver").approve(run["id"])
    served.wait_run("dev", "done", after=last)
    assert config(delivery).items() >= {"topic": f"{delivery.name}.ticks", "note": "newer"}.items()
    delivery.change("a note", modules__tick__module_yaml=delivery.module(note="newest"))
    served.wait_run("dev", "done", after=run["id"])
    assert config(delivery)["note"] == "newest", "what takes nothing back asks for nobody"
    served.stop()
