# SPDX-License-Identifier: Apache-2.0
"""A real Maven repository behind a password: nginx with WebDAV.

    server      one for the tests of a file: server.url, .files (its folder), .requests(), .stopped()
"""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess

import pytest

from conftest import free_port, wait_until

USER = "publisher"
PASSWORD = "recognisable-Pa55word"
WEBDAV = pathlib.Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so")


class Server:
    """A Maven repository behind basic authentication: nginx with WebDAV."""

    def __init__(self, folder):
        self.folder = folder
        self.root = folder / "root"
        self.files = self.root / "maven"
        self.files.mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/maven"
        self.process = None
        self._write_configuration()

    def _write_configuration(self):
        hashed = subprocess.run(
            ["openssl", "passwd", "-apr1", "-stdin"], input=PASSWORD, check=True, capture_output=True, text=True
        ).stdout.strip()
        (self.folder / "passwords").write_text(f"{USER}:{hashed}\n")
        owner = "user root;" if os.geteuid() == 0 else ""
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(
            f"""
            load_module {WEBDAV};
            {owner}
            daemon off; worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/error.log;
            events {{ worker_connections 64; }}
            http {{
                access_log {self.folder}/access.log;
                client_max_body_size 64m;
                {temporary}
                server {{
                    listen 127.0.0.1:{self.port};
                    root {self.root};
                    auth_basic "maven"; auth_basic_user_file {self.folder}/passwords;
                    location / {{ dav_methods PUT DELETE MKCOL COPY MOVE; create_full_put_path on; }}
                }}
            }}
            """
        )

    def start(self):
        self.process = subprocess.Popen(
            ["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")], stderr=subprocess.DEVNULL
        )
        wait_until(self._answers)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    @contextlib.contextmanager
    def stopped(self):
        self.stop()
        try:
            yield
        finally:
            self.start()

    def _answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def requests(self):
        return (self.folder / "access.log").read_text().splitlines()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if shutil.which("nginx") is None or not WEBDAV.exists():
        pytest.skip("there is no nginx with WebDAV: apt-get install nginx-light libnginx-mod-http-dav-ext")
    server = Server(tmp_path_factory.mktemp("server"))
    server.start()
    yield server
    server.stop()
