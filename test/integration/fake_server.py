# SPDX-License-Identifier: Apache-2.0
"""A fake of the daemon's API (src/server/openapi.yaml), for answers and faults that the real one can't be made to give.

    with FakeServer() as server:
        server.add(run(subject="prod", state="waiting", …))
        server.faults.append(Fault(503, "/api/v1/runs", times=2))
        … server.url … server.requests …
"""
import copy
import datetime
import json
import re
import threading
import urllib.parse
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "fake-token-5d41402abc4b2a76b9719d911017c592"


def ago(**distance):
    """A time before now as the API writes it."""
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**distance)
    return then.strftime("%Y-%m-%dT%H:%M:%S.") + f"{then.microsecond // 1000:03d}Z"


def digest(number):
    return "sha256:" + f"{number:064x}"


def run(id="01J9ZZZZZZAAAAAAAAAA0000AA", **more):
    """A RunDetail."""
    return {
        "id": id,
        "kind": "deploy",
        "subject": "dev",
        "state": "done",
        "open": False,
        "good": True,
        "cause": "push",
        "title": "orders: poll twice as often",
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "version": None,
        "parent": None,
        "by": None,
        "created": ago(hours=3, minutes=10),
        "started": None,
        "ended": None,
        "message": None,
        "hint": None,
        "steps": [],
        "artifact": None,
        "changes": [],
        "plan": None,
        "approval": None,
        "trace": None,
        "pushed": None,
        **more,
    }


@dataclass
class Fault:
    """What is answered instead, `times` times, where method and path match."""

    status: int
    path: str = ""
    body: str = ""
    type: str = "text/html"
    method: str = ""
    times: int = 1
    headers: tuple = ()

    def matches(self, method, path):
        return self.times > 0 and re.search(self.path, path) and self.method in ("", method)


def refusal(status, message, hint=None, **more):
    body = json.dumps({"error": {"message": message, "hint": hint}})
    return Fault(status, body=body, type="application/json", **more)


@dataclass
class Request:
    method: str
    path: str
    query: dict
    token: str
    body: object


class FakeServer:
    def __init__(self, token=TOKEN):
        self.token = token
        self.runs = []  # newest first
        self.logs = {}  # by run: bytes
        self.faults = []
        self.requests = []
        self.before = None  # called with each Request before it is answered
        self.http = None
        self.start(0)

    def start(self, port):
        handler = type("Handler", (Handler,), {"fake": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        if self.http is not None:
            self.http.shutdown()
            self.http.server_close()
        self.http = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def add(self, detail, log=b""):
        self.runs.insert(0, detail)
        self.logs[detail["id"]] = log
        return detail

    def find(self, id):
        return next((detail for detail in self.runs if detail["id"] == id), None)

    def asked(self, method):
        return [request for request in self.requests if request.method == method]

    # Answers: (status, object or bytes)

    def list(self, query):
        runs = [detail for detail in self.runs if query.get("subject") in (None, detail["subject"])]
        runs = [detail for detail in runs if detail["open"] or query.get("open") != "true"]
        return 200, {"runs": runs[: int(query.get("limit", 50))]}

    def approve(self, detail, body):
        if body["digest"] != detail["plan"]["digest"]:
            return 409, {"error": {"message": "the plan moved", "hint": "look at it again"}}
        detail["approval"]["given"].append({"by": "ada", "at": ago()})
        if len(detail["approval"]["given"]) >= detail["approval"]["needed"]:
            detail["state"] = "applying"
        return 200, detail

    def reject(self, detail, body):
        if not detail["open"]:
            return 409, {"error": {"message": "the run has ended", "hint": None}}
        detail.update(state="rejected", open=False, good=None, message=(body or {}).get("reason"))
        return 200, detail

    def retry(self, detail, _body):
        again = copy.deepcopy(detail)
        again.update(id="01J9ZZZZZZBBBBBBBBBB0000BB", cause="retry", state="planning", open=True, good=None)
        return 202, self.add(again)

    def answer(self, request):
        path = request.path.removeprefix("/api/v1/runs")
        if path == "":
            return self.list(request.query)
        id, _, rest = path.removeprefix("/").partition("/")
        detail = self.find(id)
        if detail is None:
            return 404, {"error": {"message": f"there is no run '{id}'", "hint": None}}
        if request.method == "GET" and rest == "":
            return 200, detail
        if request.method == "GET" and rest == "log":
            return 200, self.logs[id][int(request.query.get("offset", 0)) :]
        if request.method == "POST" and rest in ("approve", "reject", "retry"):
            return getattr(self, rest)(detail, request.body)
        return 404, {"error": {"message": "there is no such address", "hint": None}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake = None

    def log_message(self, *_):
        pass

    def send(self, status, body, type, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def take(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = dict(urllib.parse.parse_qsl(url.query))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return Request(self.command, urllib.parse.unquote(url.path), query, token, json.loads(body) if body else None)

    def handle_request(self):
        request = self.take()
        self.fake.requests.append(request)
        if self.fake.before is not None:
            self.fake.before(request)
        for fault in self.fake.faults:
            if fault.matches(request.method, request.path):
                fault.times -= 1
                self.send(fault.status, fault.body.encode(), fault.type, fault.headers)
                return
        if request.token != self.fake.token:
            status, answer = 401, {"error": {"message": "this token is nobody's", "hint": None}}
        else:
            status, answer = self.fake.answer(request)
        if isinstance(answer, bytes):
            self.send(status, answer, "text/plain")
        else:
            self.send(status, json.dumps(answer).encode(), "application/json")

    do_GET = do_POST = handle_request
