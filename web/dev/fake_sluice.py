#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fake of `sluice serve`, to develop the page and to take pictures of it; nothing is deployed here.

    web/dev/fake_sluice.py [--port 8090] [--still]     sign in with: viewer, operator, approver, lead

It answers as src/server/openapi.yaml says, from made-up data that moves unless --still is given, and builds the page
with esbuild whenever it is asked for it.
"""

import argparse
import http.cookies
import http.server
import json
import pathlib
import queue
import re
import subprocess
import threading
import time
import urllib.parse

import fake_data as data

WEB = pathlib.Path(__file__).resolve().parents[1]
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:"


class Refusal(Exception):
    def __init__(self, status, message, hint=None):
        super().__init__(message)
        self.status, self.message, self.hint = status, message, hint


class FakeSluice:
    """The made-up world, and a server that tells it."""

    def __init__(self, port=0, lively=False, pace=0.6):
        self.lock = threading.RLock()
        self.environments = data.environments()
        self.runs = {run["id"]: run for run in data.runs()}
        self.audit = data.audit()
        self.logs = {run["id"]: b"" for run in self.runs.values()}
        self.listeners = []
        self.pace = pace  # seconds between two steps of a run
        self.stopped = threading.Event()
        self.number = 100
        for run in self.runs.values():
            for step, text in data.log_lines(run):
                self.log(run, step, text)
        self.find("test")["behind"]["run"] = data.run_id(4)
        self.find("test")["holds"][0]["run"] = data.run_id(1)
        self.find("prod")["run"] = data.run_id(7)
        handler = type("Handler", (Handler,), {"fake": self})
        self.server = Server(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        if lively:
            threading.Thread(target=self.live, daemon=True).start()

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    # What tests ask for; a real server is asked in the same words.

    @staticmethod
    def token(name):
        return name

    def waiting_run(self, needed=1, authors=()):
        """A run of prod that waits; gives its id."""
        with self.lock:
            run = data.waiting(
                self.next_number(),
                approval={**data.approval(needed), "authors": list(authors)},
                created=data.stamp(),
                started=data.stamp(),
                steps=data.steps(data.DEPLOY_STEPS, 1, start_minutes=1),
            )
            self.runs[run["id"]] = run
            self.logs[run["id"]] = b""
            self.log(run, "approval", "waits for an approval")
            self.tell_run(run)
        return run["id"]

    def move_plan(self, run_id):
        """Something else changed in prod: the plan of the run is another one."""
        with self.lock:
            run = self.runs[run_id]
            run["plan"] = data.plan(f"moved {time.monotonic()}")
            run["approval"]["given"] = []

    def state(self, run_id):
        return self.runs[run_id]["state"]

    # The world.

    def next_number(self):
        self.number += 1
        return self.number

    def find(self, name):
        for environment in self.environments:
            if environment["name"] == name:
                return environment
        raise Refusal(404, f"there is no environment '{name}'", "the overview has all of them")

    def find_run(self, run_id):
        if run_id not in self.runs:
            raise Refusal(404, f"there is no run '{run_id}'", "runs are kept for 90 days")
        return self.runs[run_id]

    def tell(self, kind, value):
        for listener in list(self.listeners):
            listener.put((kind, value))

    def tell_run(self, run):
        self.tell("run", brief(run))

    def log(self, run, step, text):
        with self.lock:
            self.logs[run["id"]] += f"{data.stamp()} {step}  {text}\n".encode()
        self.tell("log", {"run": run["id"], "size": len(self.logs[run["id"]])})

    def note(self, person, act, run=None, environment=None, digest=None, detail=None):
        self.audit.insert(
            0,
            {
                "id": data.run_id(1000 + len(self.audit)),
                "at": data.stamp(),
                "by": person["name"],
                "act": act,
                "run": run,
                "environment": environment,
                "digest": digest,
                "detail": detail,
            },
        )

    def detail(self, run, person):
        if run["approval"] is None:
            return run
        why = self.why_not(run, person)
        return {**run, "approval": {**run["approval"], "may": why is None, "why_not": why}}

    @staticmethod
    def why_not(run, person):
        if not run["open"] or run["state"] != "waiting":
            return "the run does not wait"
        if "approver" not in person["roles"]:
            return "You have no role approver."
        if f"{person['name']}@acme.example" in run["approval"]["authors"]:
            return "You wrote or promoted this change: somebody else has to approve it."
        if person["name"] in [one["by"] for one in run["approval"]["given"]]:
            return "You approved it already; one more person has to."
        return None

    def approve(self, run, person, digest):
        why = self.why_not(run, person)
        if why:
            raise Refusal(409 if not run["open"] else 403, why)
        if digest != run["plan"]["digest"]:
            raise Refusal(
                409,
                "The plan moved: something else changed in prod since you looked.",
                "read the new plan, and approve that",
            )
        run["approval"]["given"].append({"by": person["name"], "at": data.stamp()})
        self.note(person, "approve", run["id"], run["subject"], digest)
        self.log(run, "approval", f"approved by {person['name']}")
        if len(run["approval"]["given"]) >= run["approval"]["needed"]:
            self.advance(run, "approval", "commit", "committing")
            threading.Thread(target=self.finish, args=(run,), daemon=True).start()
        self.tell_run(run)

    def advance(self, run, over, begun, state):
        with self.lock:
            run["state"] = state
            for step in run["steps"]:
                if step["name"] == over:
                    step.update(state="done", ended=data.stamp())
                if step["name"] == begun:
                    step.update(state="running", started=data.stamp())
            self.tell_run(run)

    def finish(self, run):
        for over, begun, state, words in [
            ("commit", "apply", "applying", "pushed to main"),
            ("apply", "verify", "verifying", "orders/connector/source updated"),
        ]:
            if self.stopped.wait(self.pace):
                return
            self.log(run, over, words)
            self.advance(run, over, begun, state)
        if self.stopped.wait(self.pace):
            return
        run.update(open=False, good=True, ended=data.stamp())
        self.advance(run, "verify", None, "done")
        self.find("prod")["run"] = None
        self.tell("environment", {"name": "prod"})

    def reject(self, run, person, reason):
        if "approver" not in person["roles"]:
            raise Refusal(403, "You have no role approver.")
        if run["state"] != "waiting":
            raise Refusal(409, "the run does not wait")
        words = f"Rejected by {person['name']}{': ' + reason if reason else ''}."
        run.update(state="dropped", open=False, ended=data.stamp(), message=words)
        run["steps"] = [
            {**step, "state": "skipped" if step["state"] != "done" else "done"} for step in run["steps"]
        ]
        self.note(person, "reject", run["id"], run["subject"], None, reason)
        self.tell_run(run)

    def begin(self, person, subject, cause, **more):
        if "operator" not in person["roles"]:
            raise Refusal(403, "You have no role operator.", "an administrator gives roles in server.yaml")
        run = data.run(
            self.next_number(),
            "deploy",
            subject,
            "planning",
            open=True,
            cause=cause,
            by=person["name"],
            commit=data.commit("head"),
            created=data.stamp(),
            started=data.stamp(),
            **more,
        )
        run["steps"] = [
            {"name": name, "state": "pending", "started": None, "ended": None} for name in data.DEPLOY_STEPS
        ]
        run["steps"][0].update(state="running", started=data.stamp())
        self.runs[run["id"]] = run
        self.logs[run["id"]] = b""
        self.log(run, "plan", "observing")
        self.note(person, cause if cause in ("retry", "deploy", "unhold") else "promote", run["id"], subject)
        self.tell_run(run)
        return run

    def live(self):
        """A build that goes on and on, and a look at dev now and then."""
        run = self.runs[data.run_id(9)]
        count = 0
        while not self.stopped.wait(1.2):
            count += 1
            self.log(run, "build", f"[INFO] Running com.acme.PaymentsSourceTask{count}Test")
            if count % 5 == 0:
                dev = self.find("dev")
                dev["observed"] = data.stamp()
                shipping = next(one for one in dev["instances"] if one["name"] == "shipping")
                shipping["health"] = "ok" if shipping["health"] == "pending" else "pending"
                self.tell("environment", {"name": "dev"})


def brief(run):
    more = ("steps", "artifact", "changes", "plan", "approval", "trace", "pushed")
    return {key: value for key, value in run.items() if key not in more}


def page_script():
    command = [
        "esbuild",
        str(WEB / "src/main.ts"),
        "--bundle",
        "--minify",
        "--target=es2020",
        "--log-level=warning",
    ]
    return subprocess.run(command, check=True, capture_output=True).stdout


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 50

    def handle_error(self, request, client_address):
        pass  # a browser that went away


class Handler(http.server.BaseHTTPRequestHandler):
    fake: FakeSluice
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")

    def do_DELETE(self):
        self.answer("DELETE")

    def answer(self, method):
        if self.fake.stopped.is_set():  # over a connection from before
            self.close_connection = True
            return
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        try:
            if not url.path.startswith("/api/"):
                self.page(url.path)
                return
            for verb, pattern, act in ROUTES:
                match = re.fullmatch(pattern, url.path)
                if match and verb == method:
                    self.check(method, url.path)
                    act(self, *[urllib.parse.unquote(part) for part in match.groups()])
                    return
            raise Refusal(404, "there is nothing here")
        except Refusal as refusal:
            self.json({"error": {"message": refusal.message, "hint": refusal.hint}}, refusal.status)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def page(self, path):
        if path == "/assets/page.js":
            self.send(200, page_script(), "text/javascript")
        elif path == "/assets/style.css":
            self.send(200, (WEB / "style.css").read_bytes(), "text/css")
        else:
            self.send(200, (WEB / "index.html").read_bytes(), "text/html; charset=utf-8")

    def check(self, method, path):
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get("sluice_session")
        self.person = data.PEOPLE.get(cookie.value) if cookie else None
        if method != "GET" and self.headers.get("X-Sluice") != "1":
            raise Refusal(403, "the header X-Sluice is missing")
        if self.person is None and (method, path) != ("POST", "/api/v1/session"):
            raise Refusal(401, "who are you?", "sign in with a token")

    def send(self, status, body, kind, headers=()):
        self.send_response(status)
        for name, value in [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", POLICY),
            *headers,
        ]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def json(self, value, status=200, headers=()):
        with self.fake.lock:
            body = json.dumps(value).encode()
        self.send(status, body, "application/json", headers)

    def sign_in(self):
        token = self.body.get("token")
        if token not in data.PEOPLE:
            raise Refusal(401, "That token is nobody's.", "it may have been replaced: ask your administrator")
        self.fake.note(data.PEOPLE[token], "sign_in")
        self.json(
            data.PEOPLE[token],
            headers=[("Set-Cookie", f"sluice_session={token}; HttpOnly; SameSite=Strict; Path=/")],
        )

    def sign_out(self):
        self.send(204, b"", "text/plain", [("Set-Cookie", "sluice_session=; Max-Age=0; Path=/")])

    def who(self):
        self.json(self.person)

    def overview(self):
        declarations = {
            "commit": data.commit("head"),
            "branch": "main",
            "title": "orders: page through what is left",
            "problem": None,
        }
        self.json(
            {
                "project": "acme-streaming",
                "declarations": declarations,
                "environments": self.fake.environments,
            }
        )

    def environment(self, name):
        self.json(self.fake.find(name))

    def deploy(self, name):
        self.json(brief(self.fake.begin(self.person, self.fake.find(name)["name"], "deploy")), 202)

    def promote(self, name):
        self.json(
            brief(
                self.fake.begin(self.person, self.fake.find(name)["name"], "promotion", changes=data.moves())
            ),
            202,
        )

    def unhold(self, name):
        environment = self.fake.find(name)
        run = self.fake.begin(self.person, name, "unhold", title=f"let {self.body['plugin']} in")
        environment["holds"] = [
            hold for hold in environment["holds"] if hold["plugin"] != self.body["plugin"]
        ]
        self.json(brief(run), 202)

    def runs(self):
        found = sorted(self.fake.runs.values(), key=lambda run: run["created"], reverse=True)
        if "subject" in self.query:
            found = [run for run in found if run["subject"] == self.query["subject"]]
        if self.query.get("open") == "true":
            found = [run for run in found if run["open"]]
        if "before" in self.query:
            found = [
                run for run in found if run["created"] < self.fake.find_run(self.query["before"])["created"]
            ]
        self.json({"runs": [brief(run) for run in found[: int(self.query.get("limit", 50))]]})

    def run(self, run_id):
        self.json(self.fake.detail(self.fake.find_run(run_id), self.person))

    def log(self, run_id):
        self.fake.find_run(run_id)
        self.send(
            200, self.fake.logs[run_id][int(self.query.get("offset", 0)) :], "text/plain; charset=utf-8"
        )

    def approve(self, run_id):
        run = self.fake.find_run(run_id)
        self.fake.approve(run, self.person, self.body["digest"])
        self.json(self.fake.detail(run, self.person))

    def reject(self, run_id):
        run = self.fake.find_run(run_id)
        self.fake.reject(run, self.person, self.body.get("reason"))
        self.json(self.fake.detail(run, self.person))

    def retry(self, run_id):
        run = self.fake.find_run(run_id)
        self.json(
            brief(self.fake.begin(self.person, run["subject"], "retry", title=run["title"], parent=run_id)),
            202,
        )

    def audit(self):
        self.json({"entries": self.fake.audit[: int(self.query.get("limit", 100))]})

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b": hello\n\n")
        self.wfile.flush()
        listener = queue.Queue()
        self.fake.listeners.append(listener)
        try:
            while not self.fake.stopped.is_set():
                self.tell_next(listener)
        finally:
            self.fake.listeners.remove(listener)
            self.close_connection = True

    def tell_next(self, listener):
        try:
            kind, value = listener.get(timeout=1)
            self.wfile.write(f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode())
        except queue.Empty:
            self.wfile.write(b": still here\n\n")
        self.wfile.flush()


RUN = "/api/v1/runs/([0-9A-Z]{26})"
ENVIRONMENT = "/api/v1/environments/([^/]+)"
ROUTES = [
    ("GET", "/api/v1/session", Handler.who),
    ("POST", "/api/v1/session", Handler.sign_in),
    ("DELETE", "/api/v1/session", Handler.sign_out),
    ("GET", "/api/v1/environments", Handler.overview),
    ("GET", ENVIRONMENT, Handler.environment),
    ("POST", f"{ENVIRONMENT}/deploy", Handler.deploy),
    ("POST", f"{ENVIRONMENT}/promote", Handler.promote),
    ("POST", f"{ENVIRONMENT}/unhold", Handler.unhold),
    ("GET", "/api/v1/runs", Handler.runs),
    ("GET", RUN, Handler.run),
    ("GET", f"{RUN}/log", Handler.log),
    ("POST", f"{RUN}/approve", Handler.approve),
    ("POST", f"{RUN}/reject", Handler.reject),
    ("POST", f"{RUN}/retry", Handler.retry),
    ("GET", "/api/v1/audit", Handler.audit),
    ("GET", "/api/v1/events", Handler.events),
]


def main():
    parser = argparse.ArgumentParser(description="A fake of `sluice serve`, for developing the page.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--still", action="store_true", help="nothing moves by itself")
    options = parser.parse_args()
    fake = FakeSluice(options.port, lively=not options.still)
    print(f"{fake.url}  sign in with: {', '.join(data.PEOPLE)}")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        fake.stop()


if __name__ == "__main__":
    main()
