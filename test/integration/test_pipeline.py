# SPDX-License-Identifier: Apache-2.0
"""From a merge to production: what is pushed runs in dev by itself, and in prod after a person's yes; what fails goes back by itself, in Connect and
in Git."""
import random
import subprocess
import threading
import time

import pytest

from conftest import wait_until
from maven_server import server  # noqa: F401 (a fixture)

QUIET = 4


def seconds_between(first, second):
    """Of two times as the API tells them."""
    parse = lambda text: time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) + float(text[19:23])  # noqa: E731
    return parse(second) - parse(first)


def bring_up(delivery, version="1.0.0"):
    """The server, with a version that runs in dev."""
    delivery.release(version)
    served = delivery.serve()
    served.wait_run("dev", "done", cause="build")
    return served


def promote(served, delivery, version):
    """Approves what waits for prod."""
    waiting = served.wait_run("prod", "waiting", cause="promotion")
    served.as_person("approver").approve(waiting["id"])
    done = served.wait_run("prod", "done", cause="promotion")
    assert done["id"] == waiting["id"] and delivery.is_running(delivery.prod, version)
    return done


def test_a_push_runs_in_dev_by_itself_and_in_prod_after_approval(delivery, record_property):
    commit = delivery.release("1.0.0")
    served = delivery.serve()
    build = served.wait_run("tick", "done")
    assert build["version"] == delivery.version("1.0.0") and build["commit"] == commit
    dev = served.wait_run("dev", "done", cause="build")
    assert dev["parent"] == build["id"]
    assert delivery.is_running(delivery.dev, "1.0.0")
    assert delivery.locked("dev") == "1.0.0" and delivery.locked("prod") is None
    assert delivery.lock("dev")["plugins"]["tick"]["versions"][0]["commit"] == commit, "Git says what it was built from"
    seconds = seconds_between(build["ended"], dev["ended"])
    record_property("seconds from the end of the build to RUNNING, settled and verified", seconds)
    print(f"from the end of the build to RUNNING, settled and verified: {seconds:.1f} s")

    waiting = served.wait_run("prod", "waiting", cause="promotion")
    time.sleep(QUIET)
    assert not delivery.versions(delivery.prod) and delivery.locked("prod") is None, "nobody has said yes"
    promote(served, delivery, "1.0.0")
    assert delivery.locked("prod") == "1.0.0"
    assert served.api.run(waiting["id"])["pushed"], "the lock's change is a commit"

    delivery.release("1.1.0")
    served.wait_run("dev", "done", after=dev["id"])
    assert delivery.is_running(delivery.dev, "1.1.0") and delivery.is_running(delivery.prod, "1.0.0")
    promote(served, delivery, "1.1.0")
    overview = served.api.get("/api/v1/environments")
    assert [environment["name"] for environment in overview["environments"]] == ["dev", "prod"]
    newest = {"plugin": "tick", "running": delivery.version("1.1.0"), "locked": delivery.version("1.1.0")}
    wait_until(lambda: [each["versions"] for each in served.api.environment("prod")["instances"]] == [[newest]])
    assert served.api.environment("prod")["health"] == "ok"
    served.stop()


def test_a_version_that_fails_goes_back_in_connect_and_in_git(delivery):
    served = bring_up(delivery)
    delivery.release("1.1.0", fails=True)
    failed = served.wait_run("dev", "rolled_back", cause="build")
    assert delivery.is_running(delivery.dev, "1.0.0"), "Connect has the former version"
    assert delivery.locked("dev") == "1.0.0", "Git says so"
    assert delivery.history()[0].startswith(f"revert tick to {delivery.version('1.0.0')} in dev")
    [hold] = delivery.lock("dev")["holds"]["tick"]
    assert hold["not"] == delivery.version("1.1.0") and hold["run"] == failed["id"]
    assert "IllegalState" in served.api.run(failed["id"])["trace"]
    assert [(hold["plugin"], hold["version"]) for hold in served.api.environment("dev")["holds"] or []] in ([], [("tick", delivery.version("1.1.0"))])

    runs = served.api.runs("dev")
    time.sleep(QUIET)
    assert served.api.runs("dev") == runs, "automation does not try it again"
    assert not [run for run in served.api.runs("prod") if delivery.version("1.1.0") in (run["title"] or "")], "nor proposes it"

    code, message = served.as_person("approver").refused(served.as_person("viewer").post, "/api/v1/environments/dev/unhold", {"plugin": "tick"})
    assert code == 403, message
    asked = served.api.post("/api/v1/environments/dev/unhold", {"plugin": "tick"})
    again = served.wait_run("dev", after=failed["id"], cause="unhold")
    assert again["id"] == asked["id"] and again["state"] == "rolled_back", "let in by a person, and it still fails"
    delivery.release("1.2.0")
    served.wait_run("dev", "done", after=again["id"])
    assert delivery.is_running(delivery.dev, "1.2.0")
    served.stop()


def test_killed_amid_a_version_that_fails_it_goes_back_all_the_same(delivery):
    """The apply that would have put the former version back is gone: the lock's revert brings it, by a run of its own."""
    served = bring_up(delivery)
    delivery.release("1.1.0", fails=True)
    served.wait_run("dev", "applying", cause="build")
    wait_until(lambda: delivery.has_failed(delivery.dev, "1.1.0"), 120)
    served.kill()
    served = delivery.serve()
    back = served.wait_run("dev", "rolled_back", cause="build")
    assert "IllegalState" in served.api.run(back["id"])["trace"]
    assert delivery.locked("dev") == "1.0.0" and delivery.lock("dev")["holds"]["tick"][0]["not"] == delivery.version("1.1.0")
    wait_until(lambda: delivery.is_running(delivery.dev, "1.0.0"), 120)
    wait_until(lambda: not [run for run in served.api.runs("dev") if run["open"]], 120)
    assert served.api.environment("dev")["behind"] is None
    served.stop()


def test_what_fails_after_a_promotion_goes_back_there_alone(delivery):
    """In prod a variable makes the changed module fail: values are never promoted."""
    variable = lambda text: text.replace('"variables": {', '"variables": { "fail": {"type": "string", "default": ""},', 1)  # noqa: E731
    delivery.change("a variable", modules__tick__module_yaml=variable(delivery.module()), environments__prod_yaml=delivery.environment(
        delivery.prod).replace('"variables": {', '"variables": {"fail": "told to", ', 1))
    served = bring_up(delivery)
    first = promote(served, delivery, "1.0.0")
    delivery.change("use it", modules__tick__module_yaml=variable(delivery.module(**{"fail.at.start": "${var.fail}"})))
    served.wait_run("dev", "done", cause="push")
    waiting = served.wait_run("prod", "waiting", cause="promotion", after=first["id"])
    served.as_person("approver").approve(waiting["id"])
    back = served.wait_run("prod", "rolled_back", after=first["id"])
    assert back["id"] == waiting["id"]
    assert delivery.is_running(delivery.prod, "1.0.0")
    assert delivery.history()[0].startswith(f"revert {delivery.name} to ")
    runs = served.api.runs("prod")
    time.sleep(QUIET)
    assert served.api.runs("prod") == runs, "the same promotion is not proposed again"
    served.stop()


def test_a_failing_change_of_a_module_leaves_the_environment_behind(delivery):
    served = bring_up(delivery)
    commit = delivery.change("a mistake", modules__tick__module_yaml=delivery.module(**{"fail.at.start": "told to"}))
    failed = served.wait_run("dev", "behind", cause="push")
    assert delivery.is_running(delivery.dev, "1.0.0"), "the former config is back"
    behind = served.api.environment("dev")["behind"]
    assert (behind["commit"], behind["run"]) == (commit, failed["id"])
    assert delivery.history()[0] == "a mistake", "a person's commit is not reverted"
    runs = served.api.runs("dev")
    time.sleep(QUIET)
    assert served.api.runs("dev") == runs, "it is not tried again by itself"
    assert not [run for run in served.api.runs("prod") if run["open"] and run["created"] > failed["created"]], "nor promoted"

    retried = served.api.post(f"/api/v1/runs/{failed['id']}/retry")
    assert served.wait_run("dev", cause="retry")["id"] == retried["id"]
    delivery.change("put right", modules__tick__module_yaml=delivery.module(note="put right"))
    served.wait_run("dev", "done", cause="push")
    assert served.api.environment("dev")["behind"] is None
    served.stop()


def test_a_broken_declaration_is_told_with_file_and_line(delivery):
    served = bring_up(delivery)
    delivery.change("a slip", modules__tick__module_yaml=delivery.module().replace('"plugins": [', '"plugin": ['))
    failed = served.wait_run("dev", "behind", cause="push")
    assert "modules/tick/module.yaml:" in failed["message"], failed
    assert "did you mean" in served.api.log(failed["id"])
    served.stop()


def test_a_release_with_other_bytes_is_refused(delivery):
    served = bring_up(delivery)
    build = served.wait_run("tick", "done")
    delivery.release("1.0.0", fails=False, build="cp tick.jar out.jar && printf x >> out.jar", message="the same version again")
    failed = served.wait_run("tick", "failed", after=build["id"])
    assert "raise the version" in (failed["hint"] or "") + failed["message"]
    served.stop()


def test_a_build_that_fails_shows_its_last_lines(delivery):
    delivery.release("1.0.0", build="echo some words; echo the reason >&2; exit 7")
    served = delivery.serve()
    failed = served.wait_run("tick", "failed")
    assert "7" in failed["message"] and "the reason" in failed["message"]
    log = served.api.log(failed["id"])
    assert "some words" in log and "the reason" in log
    served.stop()


def test_only_listed_repositories_are_built(delivery):
    delivery.write_config(build={"from": ["https://git.acme.example/streaming/"]})
    delivery.release("1.0.0", build="touch /tmp/must-not-be")
    served = delivery.serve()
    failed = served.wait_run("tick", "failed")
    assert "build" in failed["hint"] and not [step for step in served.api.run(failed["id"])["steps"] if step["name"] == "build"]
    served.stop()


def test_the_first_build_of_several_plugins_locks_without_the_others(delivery):
    project = delivery.declarations.root / "sluice.yaml"
    tock = f"tock: {{ git: \"{delivery.folder}/git/tock.git\", maven: \"{delivery.coordinate}-tock\" }}"
    project.write_text(project.read_text().replace("plugins: { ", f"plugins: {{ {tock}, "))
    delivery.declarations.write("environments/dev.yaml", delivery.environment(delivery.dev, "plugins: { tock: {} }\n"))
    delivery.declarations.commit("a second plugin, of which nothing was built yet")
    delivery.push(delivery.declarations)
    delivery.release("1.0.0")
    served = delivery.serve()
    served.wait_run("tick", "done")
    assert list(delivery.lock("dev")["plugins"]) == ["tick"]
    time.sleep(QUIET)
    assert served.api.runs("dev") == [], "dev waits for the other plugin"
    served.stop()


def test_a_webhook_is_a_hint_to_look_now(delivery):
    delivery.write_config(poll="1h")
    served = bring_up(delivery)
    delivery.release("1.1.0")
    body = {"ref": "refs/heads/main", "repository": {"clone_url": delivery.plugin.url, "full_name": "acme/tick"}}
    code, _ = served.api.refused(served.deliver, body, "one", secret="another secret")
    assert code == 401
    time.sleep(QUIET)
    assert len(served.api.runs("tick")) == 1, "a forged one starts nothing"
    assert served.deliver(body, "two") == 202
    served.wait_run("dev", "done", after=served.api.runs("dev")[0]["id"])
    assert delivery.is_running(delivery.dev, "1.1.0")
    assert served.api.refused(served.deliver, body, "two")[0] == 409, "a replay"
    served.stop()


def test_a_pull_request_builds_and_decides_nothing(delivery):
    served = bring_up(delivery)
    served.wait_run("prod", "waiting", cause="promotion")
    before = served.api.runs()
    mark = delivery.folder / "must-not-be"
    for project, path, text in [
        (delivery.plugin, "build.sh", f"touch {mark}\n"),
        (delivery.declarations, "environments/prod.yaml", delivery.environment(delivery.prod, policy={"approvals": 0})),
    ]:
        project.git("fetch", "-q")
        project.git("checkout", "-q", "-b", "proposed", "origin/main")
        project.write(path, text)
        project.commit("proposed")
        project.git("push", "-q", "origin", "HEAD:refs/heads/proposed", "HEAD:refs/pull/1/head")
        body = {"action": "opened", "number": 1, "ref": "refs/heads/proposed", "repository": {"clone_url": project.url},
                "pull_request": {"head": {"ref": "proposed", "sha": project.git("rev-parse", "HEAD").strip()}, "base": {"ref": "main"}}}
        assert served.deliver(body, f"{path} opened", event="pull_request") == 202
        assert served.deliver(body, f"{path} pushed") == 202
    time.sleep(QUIET)
    assert served.api.runs() == before and not mark.exists()
    assert served.api.environment("prod")["approvals"] == 1
    served.stop()


def test_a_newer_commit_takes_the_place_of_what_waits(delivery):
    served = bring_up(delivery)
    first = served.wait_run("prod", "waiting", cause="promotion")
    delivery.release("1.1.0")
    second = served.wait_run("prod", "waiting", cause="promotion", after=first["id"])
    assert served.api.run(first["id"])["state"] == "superseded"
    code, message = served.as_person("approver").refused(served.as_person("approver").approve, first["id"])
    assert code == 409, message
    served.as_person("approver").reject(second["id"], "not today")
    assert served.api.run(second["id"])["state"] == "rejected"
    time.sleep(QUIET)
    assert not [run for run in served.api.runs("prod") if run["open"]], "what was rejected is not proposed again"
    served.stop()


def test_pushes_of_others_between_are_no_obstacle(delivery):
    """Whoever pushes all the time makes some of the server's pushes be rejected: these are done again. The pauses
    differ, so that now and then one is longer than the server, on whatever machine, takes between a fetch and a push."""
    served = bring_up(delivery)
    ended = threading.Event()
    pauses = random.Random(7)

    def push_all_the_time():
        number = 0
        while not ended.is_set():
            number += 1
            delivery.declarations.write("NOTES.md", f"{number}\n")
            delivery.declarations.commit(f"note {number}")
            try:
                delivery.push(delivery.declarations)
            except subprocess.CalledProcessError:
                pass  # the server was faster
            time.sleep(pauses.uniform(0.1, 6))

    pusher = threading.Thread(target=push_all_the_time)
    pusher.start()
    try:
        before = served.api.runs("dev")[0]["id"]
        delivery.release("1.1.0")
        served.wait_run("dev", "done", after=before)
    finally:
        ended.set()
        pusher.join()
    assert delivery.locked("dev") == "1.1.0"
    assert len([line for line in delivery.history() if line.startswith(f"lock tick {delivery.version('1.1.0')}")]) == 1
    served.stop()


def test_an_unchanged_world_starts_no_run(delivery):
    served = bring_up(delivery)
    served.wait_run("prod", "waiting", cause="promotion")
    runs = served.api.runs()
    delivery.change("words only", README_md="nothing that any environment is rendered from\n")
    time.sleep(QUIET)
    assert served.api.runs() == runs
    served.stop()
    served = delivery.serve()
    time.sleep(QUIET)
    assert served.api.runs() == runs, "nor does a restart"
    served.stop()



