# SPDX-License-Identifier: Apache-2.0
"""An approval is a person's, of one plan: good once, in its time, and never from who wrote or asked for the change. And Git decides nothing about trust."""
import json
import time

from conftest import Project, wait_until
from maven_server import server  # noqa: F401 (a fixture)
from test_pipeline import QUIET, bring_up, promote


def digest_of(served, run):
    return served.api.run(run["id"])["plan"]["digest"]


def change_of(run, key):
    """What a run's plan changes of a key."""
    return next(change for action in run["plan"]["actions"] for change in action["changes"] if change["key"] == key)


def test_who_may_approve_and_how_often(delivery):
    delivery.declarations.write("environments/prod.yaml", delivery.environment(
        delivery.prod, policy={"approvals": 2, "approvers": ["release-managers"]}))
    delivery.declarations.commit("two approvals")
    delivery.push(delivery.declarations)
    served = bring_up(delivery)
    waiting = served.wait_run("prod", "waiting", cause="promotion")
    digest = digest_of(served, waiting)
    secret = change_of(served.api.run(waiting["id"]), "config.secret")
    assert (secret["old"], secret["new"], secret["sensitive"]) == (None, "•••", True)
    for person, status in [("viewer", 403), ("developer", 403), ("writer", 403), ("nobody", 401)]:
        code, message = served.api.refused(served.as_person(person).approve, waiting["id"], digest)
        assert code == status, (person, message)
    assert "wrote" in served.as_person("writer").run(waiting["id"])["approval"]["why_not"]
    code, message = served.api.refused(served.as_person("approver").approve, waiting["id"], "sha256:" + "0" * 64)
    assert code == 409 and "changed" in message, "of one digest alone"

    once = served.as_person("approver").approve(waiting["id"], digest)
    assert once["state"] == "waiting" and len(once["approval"]["given"]) == 1
    assert served.api.refused(served.as_person("approver").approve, waiting["id"], digest)[0] == 403, "one person is one"
    served.as_person("second").approve(waiting["id"], digest)
    served.wait_run("prod", "done", cause="promotion")
    assert served.api.refused(served.as_person("second").approve, waiting["id"], digest)[0] == 409, "used up"
    acts = [(entry["act"], entry["by"], entry["digest"]) for entry in served.api.get("/api/v1/audit")["entries"]]
    assert acts == [("approve", "second", digest), ("approve", "approver", digest)]
    served.stop()


def test_time_is_over(delivery):
    delivery.declarations.write("environments/prod.yaml", delivery.environment(delivery.prod, policy={"approvals": 1, "expires": "4s"}))
    delivery.declarations.commit("soon over")
    delivery.push(delivery.declarations)
    served = bring_up(delivery)
    expired = served.wait_run("prod", "expired", cause="promotion")
    assert delivery.locked("prod") is None, "nothing was committed"
    assert served.api.refused(served.as_person("approver").approve, expired["id"])[0] == 409
    time.sleep(QUIET)
    assert not [run for run in served.api.runs("prod") if run["open"]], "it is not proposed again by itself"
    asked = served.api.post("/api/v1/environments/prod/promote")
    assert served.wait_run("prod", ("waiting", "expired"), after=expired["id"])["id"] == asked["id"], "but when a person asks"
    served.stop()


def test_who_asked_for_a_promotion_can_not_approve_it(delivery):
    served = bring_up(delivery)
    first = served.wait_run("prod", "waiting", cause="promotion")
    served.as_person("approver").reject(first["id"], "not like this")
    assert served.api.refused(served.as_person("viewer").post, "/api/v1/environments/prod/promote")[0] == 403
    asked = served.as_person("approver").post("/api/v1/environments/prod/promote")
    served.wait_run("prod", "waiting", after=first["id"])
    code, message = served.api.refused(served.as_person("approver").approve, asked["id"])
    assert code == 403 and "asked" in message
    served.as_person("second").approve(asked["id"])
    served.wait_run("prod", "done", after=first["id"])
    served.stop()


def test_who_wrote_a_module_of_another_repository_can_not_approve_it(delivery):
    shared = Project(delivery.folder / "shared", delivery.sluice)
    source = f"git::file://{shared.root}//tick?ref=main"

    def commit_module(author, **config):
        shared.write("tick/module.yaml", delivery.module(**config))
        shared.git("add", "-A")
        shared.git("commit", "-q", "-m", "the module", "--author", author)

    def lock_it(message, **texts):
        delivery.pull()
        for name, text in texts.items():
            delivery.declarations.write(f"environments/{name}.yaml", text)
        delivery.declarations.sluice("lock", "dev", "--upgrade", code=0, env=delivery.secrets)
        delivery.declarations.commit(message)
        delivery.push(delivery.declarations)

    served = bring_up(delivery)
    local = served.wait_run("prod", "waiting", cause="promotion")
    commit_module("Second <second@acme.example>")
    lock_it("a module for all", **{sandbox: delivery.environment(getattr(delivery, sandbox)).replace("../modules/tick", source)
                                   for sandbox in ("dev", "prod")})
    waiting = served.wait_run("prod", "waiting", cause="promotion", after=local["id"])
    code, message = served.api.refused(served.as_person("second").approve, waiting["id"])
    assert code == 403 and "wrote" in message
    served.as_person("approver").approve(waiting["id"])
    done = served.wait_run("prod", "done", after=local["id"])

    commit_module("Approver <approver@acme.example>", note="the approver's own")
    lock_it("newer")
    waiting = served.wait_run("prod", "waiting", after=done["id"])
    code, message = served.api.refused(served.as_person("approver").approve, waiting["id"])
    assert code == 403 and "wrote" in message
    served.as_person("second").approve(waiting["id"])
    served.wait_run("prod", "done", after=done["id"])
    assert delivery.prod.get(f"/connectors/{delivery.name}-source/config")["note"] == "the approver's own"
    served.stop()


def test_a_plan_that_moved_asks_again(delivery):
    served = bring_up(delivery)
    done = promote(served, delivery, "1.0.0")
    delivery.change("prod's own value", environments__prod_yaml=delivery.environment(delivery.prod).replace(
        '"variables": {', '"variables": {').replace("timing:", "defaults: { connector: { note: changed } }\ntiming:"))
    waiting = served.wait_run("prod", "waiting", after=done["id"])
    digest = digest_of(served, waiting)
    config = delivery.prod.get(f"/connectors/{delivery.name}-source/config")
    delivery.prod.put(f"/connectors/{delivery.name}-source/config", {**config, "note": "by hand"})
    served.as_person("approver").approve(waiting["id"], digest)
    again = wait_until(lambda: (lambda run: run if run["state"] == "waiting" and run["plan"]["digest"] != digest else None)(
        served.api.run(waiting["id"])), 120)
    assert again["approval"]["given"] == [], "the approval was of the other plan"
    note = change_of(again, "config.note")
    assert (note["old"], note["new"], note["drift"]) == ("by hand", "changed", True), "who approves sees what was done by hand"
    assert delivery.prod.get(f"/connectors/{delivery.name}-source/config")["note"] == "by hand"
    served.as_person("approver").approve(waiting["id"])
    served.wait_run("prod", "done", after=done["id"])
    assert delivery.prod.get(f"/connectors/{delivery.name}-source/config")["note"] == "changed"
    served.stop()


def test_a_commit_can_not_change_who_must_approve_it(delivery):
    served = bring_up(delivery)
    done = promote(served, delivery, "1.0.0")
    delivery.change("nobody has to ask me", environments__prod_yaml=delivery.environment(
        delivery.prod, policy={"approvals": 0, "approvers": ["writer"]}).replace(
        "timing:", "defaults: { connector: { note: sneaked in } }\ntiming:"))
    waiting = served.wait_run("prod", "waiting", after=done["id"])
    plan = served.api.run(waiting["id"])["plan"]
    assert plan["settings"] and "policy.approvals" in [change["key"] for change in plan["actions"][0]["changes"]]
    assert served.api.refused(served.as_person("writer").approve, waiting["id"])[0] == 403
    time.sleep(QUIET)
    assert "note" not in delivery.prod.get(f"/connectors/{delivery.name}-source/config")
    served.as_person("approver").reject(waiting["id"], "we do ask")
    assert served.api.environment("prod")["behind"]
    served.stop()


def test_settings_that_were_approved_decide_about_the_rest(delivery):
    served = bring_up(delivery)
    done = promote(served, delivery, "1.0.0")
    delivery.change("more eyes", environments__prod_yaml=delivery.environment(delivery.prod, policy={"approvals": 2}).replace(
        "timing:", "defaults: { connector: { note: seen by two } }\ntiming:"))
    waiting = served.wait_run("prod", "waiting", after=done["id"])
    served.as_person("approver").approve(waiting["id"])
    again = wait_until(lambda: (lambda run: run if run["state"] == "waiting" and not run["plan"]["settings"] else None)(
        served.api.run(waiting["id"])), 120)
    assert again["approval"]["needed"] == 2 and again["approval"]["given"] == []
    served.as_person("approver").approve(waiting["id"])
    served.as_person("second").approve(waiting["id"])
    served.wait_run("prod", "done", after=done["id"])
    assert delivery.prod.get(f"/connectors/{delivery.name}-source/config")["note"] == "seen by two"
    served.stop()


def test_a_commit_can_not_run_a_command_on_the_server_or_read_what_it_may_not(delivery):
    served = bring_up(delivery)
    mark = delivery.folder / "must-not-be"
    touch = json.dumps(["touch", str(mark)])
    dev = delivery.environment(delivery.dev)

    def must_fail(name, text, words):
        newest = served.api.runs("dev")[0]["id"]
        delivery.change(name, environments__dev_yaml=text)
        run = served.wait_run("dev", "behind", after=newest)
        said = f"{run['message']} {run['hint']} {served.api.log(run['id'])}"
        assert words in said, said
        assert not mark.exists() and "recognisable-unlisted" not in said

    must_fail("a secret's command", dev.replace("${env.CONNECT_SECRET}", "${secret.own}") + f"secrets: {{ own: {{ command: {touch} }} }}\n", "server's file")
    must_fail("a secret's file", dev.replace("${env.CONNECT_SECRET}", "${secret.other}") + "secrets: { other: { file: /etc/hostname } }\n", "server's file")
    must_fail("another variable", dev.replace("env.CONNECT_SECRET", "env.UNLISTED"), "UNLISTED")
    must_fail("the state's key", dev + f"state_key: {{ command: {touch} }}\n", "server")

    delivery.release("1.1.0")  # so that there is something to roll out
    newest = served.api.runs("dev")[0]["id"]
    delivery.change("a rollout's command", environments__dev_yaml=dev.replace(
        f"rollout: {{ local: {{ sandbox: {delivery.dev.name} }} }}", f"rollout: {{ command: {touch} }}"))
    run = wait_until(lambda: next((run for run in served.api.runs("dev") if run["id"] > newest and run["state"] == "behind"), None), 120)
    assert "rollout" in served.api.log(run["id"]) and not mark.exists()
    served.stop()


def test_an_environment_that_the_servers_file_does_not_list_is_not_deployed(delivery):
    served = bring_up(delivery)
    delivery.pull()
    project = (delivery.declarations.root / "sluice.yaml").read_text().replace("[dev, prod]", "[dev, prod, shadow]")
    delivery.change("a shadow of prod", sluice_yaml=project, environments__shadow_yaml=delivery.environment(
        delivery.prod, policy={"approvals": 0}).replace(delivery.name, "shadow"))
    run = served.wait_run("shadow", "behind")
    assert "shadow" in run["hint"] and "server's file" in run["hint"]
    served.stop()


def test_no_secret_is_in_what_the_server_keeps_or_tells(delivery):
    served = bring_up(delivery)
    promote(served, delivery, "1.0.0")
    delivery.release("1.1.0", fails=True)
    served.wait_run("dev", "rolled_back")
    told = [served.api.get("/api/v1/environments"), served.api.get("/api/v1/audit"), served.api.runs(), served.api.get("/metrics", raw=True),
            served.api.get("/", raw=True)]
    for run in served.api.runs():
        told += [served.api.run(run["id"]), served.api.log(run["id"])]
    log = served.api.log(served.api.runs("tick")[-1]["id"])
    assert "PATH=" in log and "HOME=" in log, "the build has shown its whole environment"
    served.stop()
    told.append(served.said())
    kept = [file for file in delivery.data.rglob("*") if file.is_file() and "head/" not in str(file)]
    assert len(kept) > 20
    for text in [json.dumps(told), *(file.read_bytes().decode("utf-8", "replace") for file in kept)]:
        assert "recognisable" not in text, text[max(0, text.index("recognisable") - 300):text.index("recognisable") + 200]
