# SPDX-License-Identifier: Apache-2.0
"""The Maven repository `acme`: nginx, which takes uploads by WebDAV from who knows the password."""

import base64
import hashlib
import os
import pathlib
import secrets
import shutil
import socket

from errors import DemoError
from work import write_private

USER = "sluice"
UPLOADS = pathlib.Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so")
CONFIGURATION = """\
load_module {uploads};
{owner}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_max_body_size 64m;
{temporary}
    server {{
        listen 127.0.0.1:{port};
        root {folder}/files;
        auth_basic "maven"; auth_basic_user_file {folder}/passwords;
        location / {{ dav_methods PUT DELETE MKCOL COPY MOVE; create_full_put_path on; }}
    }}
}}
"""


def start_maven(work, screen):
    """Starts it, and sets MAVEN_URL, REPO_USER and REPO_PASSWORD."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None or not UPLOADS.exists():
        raise DemoError("there is no nginx with WebDAV", hint="scripts/setup --demo")
    folder = work.folder / "maven"
    (folder / "files").mkdir(parents=True)
    password, port = secrets.token_hex(12), free_port()
    write_private(folder / "passwords", f"{USER}:{salted(password)}\n")
    (folder / "nginx.conf").write_text(configuration(folder, port))
    words = [program, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    work.start("maven", words, {}, lambda text: listens(port), screen)
    work.set(MAVEN_URL=f"http://127.0.0.1:{port}", REPO_USER=USER, REPO_PASSWORD=password)


def configuration(folder, port):
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"    {kind}_temp_path {folder}/{kind};" for kind in kinds)
    owner = "user root; " if os.geteuid() == 0 else ""
    return CONFIGURATION.format(uploads=UPLOADS, owner=owner, folder=folder, temporary=temporary, port=port)


def salted(password):
    """As nginx reads it: {SSHA}."""
    salt = secrets.token_bytes(8)
    return "{SSHA}" + base64.b64encode(hashlib.sha1(password.encode() + salt).digest() + salt).decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
