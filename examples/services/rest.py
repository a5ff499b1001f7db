# SPDX-License-Identifier: Apache-2.0
"""What the two services share: JSON over HTTP on 127.0.0.1, a bearer token, a line that says when they are ready."""

import argparse
import hmac
import json
import os
import signal
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

LARGEST_BODY = 1 << 20


class HttpError(Exception):
    """Ends a request with this status and message."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


@dataclass
class Request:
    query: dict
    headers: dict
    body: object

    def integer(self, name, default, low, high):
        """The whole number that the query has under `name`, or `default`."""
        text = self.query.get(name, [str(default)])[0]
        if not text.isascii() or not text.isdigit() or len(text) > 18 or not low <= int(text) <= high:
            raise HttpError(400, f"{name} must be a whole number between {low} and {high}")
        return int(text)

    def text(self, name, default):
        return self.query.get(name, [default])[0]


def parser(description, token_variable):
    """The options that both services have."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1 (default: a free port)")
    result.add_argument("--token", default=os.environ.get(token_variable),
                        help=f"the bearer token to ask for (default: ${token_variable}; without it none is asked for)")
    return result


def _handler(routes, token):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 60

        def do_GET(self):
            self._answer("GET")

        def do_POST(self):
            self._answer("POST")

        def log_message(self, *arguments):
            pass

        def _answer(self, method):
            try:
                self._send(200, self._call(method))
            except HttpError as error:
                self._send(error.status, {"error": str(error)})

        def _call(self, method):
            url = urlsplit(self.path)
            body = self._body()
            route = routes.get((method, url.path))
            if route is None:
                raise HttpError(404, f"there is no {method} {url.path}")
            if url.path not in ("/health", "/stats"):
                self._check_token()
            return route(Request(parse_qs(url.query), self.headers, body))

        def _body(self):
            length = self.headers.get("Content-Length", "0")
            if not length.isdigit() or int(length) > LARGEST_BODY:
                self.close_connection = True
                raise HttpError(413, f"a body may have {LARGEST_BODY} bytes")
            data = self.rfile.read(int(length))
            try:
                return json.loads(data) if data else None
            except (ValueError, RecursionError):
                raise HttpError(400, "the body is not JSON") from None

        def _check_token(self):
            given = self.headers.get("Authorization", "")
            if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                raise HttpError(401, "the bearer token is missing or wrong")

        def _send(self, status, answer):
            body = json.dumps(answer).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # A client that went away is nobody's fault.
            super().handle_error(request, client_address)


def server(options, routes):
    """A server that listens and does not answer yet; `routes` are functions by (method, path)."""
    return _Server(("127.0.0.1", options.port), _handler(routes, options.token))


def serve(options, routes):
    """Answers until SIGTERM or Ctrl-C. Prints one line of JSON, with the port, when it is ready."""
    with server(options, routes) as http:
        stop = lambda *_: threading.Thread(target=http.shutdown).start()
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        port = http.server_address[1]
        print(json.dumps({"port": port, "url": f"http://127.0.0.1:{port}", "pid": os.getpid()}), flush=True)
        http.serve_forever(poll_interval=0.1)
