# SPDX-License-Identifier: Apache-2.0
"""`sluice serve`: its file, the people in it with their tokens, and the runs as they go on."""

import datetime
import hashlib
import json
import os
import re
import secrets
import urllib.request

from errors import DemoError
from work import write_private

DEVELOPER, MANAGER = "developer", "release-manager"
PEOPLE = {  # both may approve; nobody may what they wrote themselves
    DEVELOPER: {"roles": ["operator", "approver"]},
    MANAGER: {"roles": ["approver"], "groups": ["release-managers"]},
}
SEEN_BY_BUILDS = ("JAVA_HOME", "MAVEN_OPTS", "MAVEN_ARGS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
PATIENCE = 1200  # seconds for a run: the first build fetches what Maven needs


def email(person):
    return f"{person}@acme.example"


class Server:
    def __init__(self, work, screen):
        self.work = work
        self.screen = screen
        self.told = {}  # the run of each subject that was told last: ids grow

    @property
    def url(self):
        return self.work.variables["SLUICE_SERVER"]

    def token_file(self, person):
        return self.work.folder / "tokens" / person

    def start(self, shops):
        """Starts it, and sets SLUICE_SERVER and SLUICE_TOKEN: the developer's."""
        self._make_tokens()
        file = self.work.folder / "server.yaml"
        file.write_text(self._configuration(shops))
        words = [str(self.work.folder / "bin" / "sluice"), "serve", "--config", str(file)]
        url = self.work.start("server", words, self._variables(shops), url_of, self.screen)
        self.work.set(SLUICE_SERVER=url, SLUICE_TOKEN=self.token_file(DEVELOPER).read_text())

    def follow(self, subject):
        """The next run of an environment or a plugin, once it has ended or waits for a person. Says how long its steps took."""
        last = self.told.get(subject, "")
        return self._follow(subject, lambda: self._next(subject, last))

    def follow_approved(self, run):
        """The same run, once it has ended."""
        return self._follow(run["subject"], lambda: self._run(run["id"]))

    def _follow(self, subject, find):
        now = {}

        def settled():
            now.update(find() or {})
            return now and (not now["open"] or now["state"] == "waiting") and now
        run = self.screen.wait(lambda: f"{subject}: {step_of(now)}", settled, PATIENCE, pause=0.3)
        if not run:
            raise DemoError(f"no run of {subject} came to an end within {PATIENCE} s", log=self.work.logs / "server.log")
        self.told[subject] = run["id"]
        self.screen.say(f"{run['kind']} {subject}: {took(run)} → {run['state'].replace('_', ' ')}")
        return run

    def expect(self, run, state):
        if run["state"] == state:
            return run
        log = self.work.folder / "server" / "runs" / run["id"] / "log"
        raise DemoError(f"the run {run['id']} of {run['subject']} is {run['state']} instead of {state}: {run['message']}",
                        log=log)

    def _next(self, subject, last):
        """The oldest run after `last` that no newer one has superseded; None where there is none."""
        runs = self._get(f"/api/v1/runs?subject={subject}&limit=100")["runs"]
        found = [run["id"] for run in runs if run["id"] > last and run["state"] != "superseded"]
        return self._run(min(found)) if found else None

    def _run(self, run):
        return self._get(f"/api/v1/runs/{run}")

    def _get(self, path):
        token = self.token_file(DEVELOPER).read_text()
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except OSError as problem:
            raise DemoError(f"the server does not answer: {problem}", log=self.work.logs / "server.log") from None

    def _make_tokens(self):
        self.token_file("").mkdir(mode=0o700)
        for person in PEOPLE:
            write_private(self.token_file(person), secrets.token_hex(16))

    def _configuration(self, shops):
        """JSON is YAML, too; a line for each key."""
        users = [{"name": name, "emails": [email(name)], **facts, "token_sha256": sha256(self.token_file(name).read_text())}
                 for name, facts in PEOPLE.items()]
        entries = {
            "listen": "127.0.0.1:0",
            "data": "server",
            "declarations": {"git": "git/declarations.git", "branch": "main", "poll": "1s"},
            "observe": "5s",
            "users": users,
            "build": {"from": [f"{self.work.git}/"], "env": [name for name in SEEN_BY_BUILDS if name in os.environ]},
            "environments": {name: trust(shop) for name, shop in shops.items()},
        }
        return "".join(f"{key}: {json.dumps(value)}\n" for key, value in entries.items())

    def _variables(self, shops):
        """What declarations read: the developer's token and the paths are no part of it."""
        names = ["REPO_USER", "REPO_PASSWORD", *(name for shop in shops.values() for name in shop.variables())]
        return {name: self.work.variables[name] for name in names}


def trust(shop):
    """What an environment's declarations may read: its own addresses and tokens, and the Maven repository's password."""
    own = shop.environment.upper()
    return {"env": ["REPO_USER", "REPO_PASSWORD", *(name for name in shop.variables() if not name.endswith("_TOKEN"))],
            "secrets": {"orders-token": {"env": f"{own}_ORDERS_TOKEN"}, "warehouse-token": {"env": f"{own}_WAREHOUSE_TOKEN"}}}


def url_of(text):
    """The address that the server says it listens at."""
    found = re.search(r"listening at (http://\S+)\n", text)
    return found and found[1]


def step_of(run):
    """What a run does now."""
    if not run:
        return "the server looks each second"
    return next((step["name"] for step in run["steps"] if step["state"] == "running"), run["state"])


def took(run):
    """Its steps, and how long each took."""
    return ", ".join(f"{step['name']} {seconds_between(step['started'], step['ended']):.1f} s"
                     for step in run["steps"] if step["started"] and step["ended"]) or "nothing done"


def seconds_between(start, end):
    return (moment(end) - moment(start)).total_seconds()


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def ended(run, step):
    """When a step of a run ended, in seconds as time.time() counts."""
    return moment(next(each["ended"] for each in run["steps"] if each["name"] == step)).timestamp()


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()
