# SPDX-License-Identifier: Apache-2.0
"""From a merge to production: what is pushed runs in dev by itself, and in prod after a person's yes."""
from conftest import wait_until
from maven_server import server  # noqa: F401 (a fixture)


def test_a_push_runs_in_dev_by_itself_and_in_prod_after_approval(delivery):
    commit = delivery.release("1.0.0")
    served = delivery.serve()
    build = served.wait_run("tick", "done")
    assert build["version"] == "1.0.0" and build["commit"] == commit
    dev = served.wait_run("dev", "done", cause="build")
    assert dev["parent"] == build["id"]
    assert delivery.is_running(delivery.dev, "1.0.0")
    assert delivery.locked("dev") == "1.0.0" and delivery.locked("prod") is None
    prod = served.wait_run("prod", "waiting", cause="promotion")
    assert not delivery.versions(delivery.prod)
    served.as_person("approver").approve(prod["id"])
    served.wait_run("prod", "done", cause="promotion")
    assert delivery.is_running(delivery.prod, "1.0.0")
    assert delivery.locked("prod") == "1.0.0"
    served.stop()
