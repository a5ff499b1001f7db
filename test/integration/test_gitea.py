# SPDX-License-Identifier: Apache-2.0
"""A real Gitea tells the server of a push by its own webhook. Where SLUICE_TEST_GITEA is the program, and SLUICE_TEST_GITEA_ROOT the folder of its sources (its
templates are in it); building it takes minutes."""
import base64
import contextlib
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

import pytest

from conftest import free_port, wait_until
from delivery import WEBHOOK_SECRET
from maven_server import server  # noqa: F401 (a fixture)

GITEA = os.environ.get("SLUICE_TEST_GITEA")
USER = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
OWNER, PASSWORD = "acme", secrets.token_hex(8)

pytestmark = pytest.mark.skipif(not GITEA, reason="set SLUICE_TEST_GITEA to a Gitea's program")


class Gitea:
    def __init__(self, folder):
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self.settings = folder / "app.ini"
        self.settings.write_text(f"""\
            RUN_USER = {USER or os.environ.get("USER", "")}
            APP_DATA_PATH = {folder}/data
            [server]
            PROTOCOL = http
            HTTP_ADDR = 127.0.0.1
            HTTP_PORT = {self.url.rpartition(":")[2]}
            ROOT_URL = {self.url}/
            STATIC_ROOT_PATH = {os.environ["SLUICE_TEST_GITEA_ROOT"]}
            OFFLINE_MODE = true
            DISABLE_SSH = true
            [database]
            DB_TYPE = sqlite3
            PATH = {folder}/gitea.db
            [repository]
            ROOT = {folder}/repositories
            [security]
            INSTALL_LOCK = true
            [webhook]
            ALLOWED_HOST_LIST = loopback
            [log]
            ROOT_PATH = {folder}/log
            """.replace("            ", ""))
        if USER:
            shutil.chown(folder, USER)
            shutil.chown(self.settings, USER)
            folder.chmod(0o755)

    def command(self, *words):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "USER": USER or os.environ.get("USER", ""),
                       "GITEA_WORK_DIR": str(self.folder)}
        return [GITEA, "--config", str(self.settings), *words], {"env": environment, "cwd": self.folder, "user": USER}

    def run(self, *words):
        command, options = self.command(*words)
        subprocess.run(command, check=True, capture_output=True, **options)

    @contextlib.contextmanager
    def running(self):
        self.run("migrate")
        self.run("admin", "user", "create", "--username", OWNER, "--password", PASSWORD, "--email", "acme@acme.example", "--must-change-password=false")
        command, options = self.command("web")
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        try:
            wait_until(self.is_up, 60)
            yield self
        finally:
            process.terminate()
            process.wait(30)

    def is_up(self):
        with contextlib.suppress(OSError):
            return self.ask("/version")
        return None

    def ask(self, path, body=None):
        request = urllib.request.Request(f"{self.url}/api/v1{path}", json.dumps(body).encode() if body else None, {
            "Content-Type": "application/json", "Authorization": "Basic " + base64.b64encode(f"{OWNER}:{PASSWORD}".encode()).decode()})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def repository(self, name, hook):
        """A new public one, whose pushes are told to `hook`; gives the address to clone it from, and the one to push to."""
        self.ask("/user/repos", {"name": name, "default_branch": "main"})
        self.ask(f"/repos/{OWNER}/{name}/hooks", {
            "type": "gitea", "active": True, "events": ["push"], "config": {"url": hook, "content_type": "json", "secret": WEBHOOK_SECRET}})
        url = f"{self.url}/{OWNER}/{name}.git"
        return url, url.replace("http://", f"http://{OWNER}:{PASSWORD}@")


@pytest.fixture
def gitea():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-gitea-"))
    try:
        with Gitea(folder).running() as running:
            yield running
    finally:
        shutil.rmtree(folder)


def test_a_push_to_gitea_is_told_by_its_webhook(delivery, gitea):
    port = free_port()
    url, push_url = gitea.repository("tick", f"http://127.0.0.1:{port}/webhooks/gitea")
    delivery.plugin.git("remote", "set-url", "origin", push_url)
    project = delivery.declarations.root / "sluice.yaml"
    project.write_text(project.read_text().replace(delivery.plugin.url, url))
    delivery.declarations.commit("built from Gitea")
    delivery.push(delivery.declarations)
    delivery.write_config(poll="1h", listen=f"127.0.0.1:{port}", build={"from": [f"{gitea.url}/{OWNER}/"]})
    delivery.release("1.0.0")
    served = delivery.serve()
    served.wait_run("dev", "done", cause="build")

    newest = served.api.runs("dev")[0]["id"]
    delivery.release("1.1.0")
    served.wait_run("dev", "done", cause="build", after=newest)
    assert delivery.is_running(delivery.dev, "1.1.0"), "nobody polls within the hour"
    metrics = urllib.request.urlopen(f"{served.url}/metrics", timeout=30).read().decode()
    [taken] = re.findall(r'^sluice_webhooks_total\{provider="gitea",outcome="taken"\} (\d+)$', metrics, re.MULTILINE)
    assert int(taken) > 0
    served.stop()
