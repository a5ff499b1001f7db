# SPDX-License-Identifier: Apache-2.0
"""Two environments run two versions and two configurations of one module, Git says which, and promotion is the only way across."""
import json

import pytest

from conftest import Project, Repository, run_sandbox
from flows import COORDINATE, environment_text, tick

MODULE = {
    "variables": {"rate": {"type": "integer"}},
    "plugins": {"tick": {"maven": COORDINATE}},
    "connectors": {"source": {**tick({"rate": "${var.rate}", "note": "first"}), "plugins": ["tick"]}},
}


class Two:
    """Declarations in Git for dev and prod, each on a sandbox of its own."""

    def __init__(self, project, repository, dev, prod):
        self.project, self.repository = project, repository
        self.sandboxes = {"dev": dev, "prod": prod}

    def declare(self, module=MODULE, prod_variables={"rate": 2}):
        source = {"source": "../modules/flow"}
        dev = {**source, "plugins": {"tick": "latest"}, "variables": {"rate": 1}}
        prod = {**source, "variables": prod_variables}
        self.project.declare(
            dev=environment_text(self.sandboxes["dev"], {"orders": dev}),
            prod=environment_text(self.sandboxes["prod"], {"orders": prod}),
            modules={"flow": json.dumps(module, indent=2)},
            head=f"repositories: {{ local: {{ url: {json.dumps(self.repository.url)} }} }}\n",
        )
        self.project.write(".gitignore", ".sluice/\n")

    def lock(self):
        self.project.sluice("lock", "dev", "--upgrade", code=0)

    def promote(self, *words, code=0):
        return self.project.sluice("promote", "dev", "prod", *words, code=code)

    def apply(self, environment):
        self.project.sluice("apply", environment, "--auto-approve", code=0)
        if self.project.git("status", "--porcelain"):
            self.project.commit(f"applied {environment}: what the lock learnt")

    def plan(self, environment, code=0):
        return self.project.sluice("plan", environment, code=code).out

    def running(self, environment):
        """Version, rate and note of what runs there."""
        sandbox = self.sandboxes[environment]
        config = sandbox.get("/connectors/orders-source/config")
        [task] = sandbox.get("/connectors/orders-source/status")["tasks"]
        assert task["state"] == "RUNNING"
        return task["version"], config["rate"], config["note"]


@pytest.fixture(scope="module")
def sandboxes(sluice, kafka):
    first, second = (run_sandbox(sluice, 1) for _ in range(2))
    yield next(first), next(second)
    for sandbox in (first, second):
        next(sandbox, None)


@pytest.fixture(scope="module")
def two(sandboxes, sluice, ticks, tmp_path_factory):
    """1.0.0 and the first module run in both; 2.0.0 and a changed module in dev alone, committed."""
    folder = tmp_path_factory.mktemp("two")
    for name in ("declarations", "repository"):
        (folder / name).mkdir()
    two = Two(Project(folder / "declarations", sluice), Repository(folder / "repository"), *sandboxes)
    two.repository.add(ticks.jar("1.0.0"), COORDINATE, "1.0.0")
    two.declare()
    two.lock()
    two.project.commit("the first version")
    two.apply("dev")
    two.plan_before_promotion = two.plan("prod")
    two.promote()
    two.first = two.project.commit("promoted")
    two.apply("prod")
    two.repository.add(ticks.jar("2.0.0"), COORDINATE, "2.0.0")
    two.declare(changed_module("second"))
    two.lock()
    two.project.commit("the second version")
    two.apply("dev")
    return two


def changed_module(note):
    return {**MODULE, "connectors": {"source": {**tick({"rate": "${var.rate}", "note": note}), "plugins": ["tick"]}}}


def test_an_instance_that_was_never_promoted_waits(two):
    assert "orders waits for its first promotion" in two.plan_before_promotion
    assert "No changes." in two.plan_before_promotion


def test_two_environments_run_two_versions_and_two_configurations_of_one_module(two):
    assert two.running("dev") == ("2.0.0", "1", "second")
    assert two.running("prod") == ("1.0.0", "2", "first")


def test_git_says_which(two):
    locks = {name: json.loads(two.project.git("show", f"HEAD:environments/{name}.lock")) for name in two.sandboxes}
    versions = {name: lock["plugins"]["tick"]["versions"][0]["version"] for name, lock in locks.items()}
    assert versions == {"dev": "2.0.0", "prod": "1.0.0"}
    pin = locks["prod"]["modules"]["orders"]["commit"]
    assert '"note": "first"' in two.project.git("show", f"{pin}:modules/flow/module.yaml")
    assert "orders" not in locks["dev"].get("modules", {})


def test_a_changed_module_does_not_reach_the_second_environment_before_its_promotion(two):
    assert "No changes." in two.plan("prod")


def test_a_dirty_module_folder_is_not_promoted(two):
    before = two.project.lock("prod")
    two.declare(changed_module("not committed"))
    assert "modules/flow" in two.promote(code=1).err
    two.project.git("checkout", "-q", "modules")
    two.project.write("modules/flow/new-file", "not known to Git\n")
    assert "modules/flow" in two.promote(code=1).err
    (two.project.root / "modules/flow/new-file").unlink()
    assert two.project.lock("prod") == before


def test_a_variable_that_the_target_lacks_is_an_error_of_promote(two):
    before = two.project.lock("prod")
    needs_more = changed_module("second")
    needs_more["variables"] = {**MODULE["variables"], "extra": {"type": "string"}}
    two.declare(needs_more)
    two.project.git("add", "-A")
    two.project.commit("a variable more")
    assert "extra" in two.promote(code=1).err
    assert two.project.lock("prod") == before
    two.project.git("revert", "--no-edit", "HEAD")


def test_a_dry_run_of_a_promotion_writes_nothing(two):
    before = two.project.lock("prod")
    assert "2.0.0" in two.promote("--dry-run").out
    assert two.project.lock("prod") == before


def test_what_is_promoted_reaches_the_second_environment(two):
    shown = two.promote().out
    assert "1.0.0" in shown and "2.0.0" in shown
    two.project.commit("promoted")
    assert "1 rollout" in two.plan("prod")
    two.apply("prod")
    assert two.running("prod") == ("2.0.0", "2", "second"), "variables are not promoted"
    assert "No changes." in two.plan("prod")


def test_another_cluster_at_the_same_address_is_refused(two):
    file = two.project.root / "environments/dev.yaml"
    text = file.read_text()
    file.write_text(two.project.root.joinpath("environments/prod.yaml").read_text())
    result = two.project.sluice("plan", "dev", code=1)
    file.write_text(text)
    assert "cluster" in result.err
