# SPDX-License-Identifier: Apache-2.0
"""The daemon as a process: its file, its address, its end. What it does over HTTP is in test/unit/server/."""
import hashlib
import json
import signal
import time
import urllib.error
import urllib.request

import pytest

TOKEN = "a-token-of-the-tests"
DEADLINE = 120


@pytest.fixture
def config(tmp_path, project):
    project.declare(dev="{}\n")
    project.git("status")
    project.commit("first")
    hashed = hashlib.sha256(TOKEN.encode()).hexdigest()
    file = tmp_path / "server.yaml"
    file.write_text(
        f"listen: 127.0.0.1:0\ndata: data\ndeclarations: {{ git: '{project.root}', poll: 1s }}\n"
        f"users: [ {{ name: alice, token_sha256: {hashed} }} ]\n"
    )
    return file


def wait_for(what, holds):
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture
def served(sluice, config):
    """The process and its address; killed if the test left it running."""
    process = sluice.start("serve", "--config", config)
    address = config.parent / "data" / "address"
    try:
        wait_for("it listens", lambda: address.exists() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        yield process, address.read_text().strip()
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ask(url, token=None):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def test_it_reads_the_declarations_and_tells_them(served, project):
    _, url = served
    assert ask(f"{url}/healthz") == (200, "ok\n")
    wait_for("it is ready", lambda: ask(f"{url}/readyz")[0] == 200)
    assert ask(f"{url}/api/v1/environments")[0] == 401
    status, text = ask(f"{url}/api/v1/environments", TOKEN)
    overview = json.loads(text)
    assert status == 200
    assert overview["project"] == "acme"
    assert overview["declarations"]["commit"] == project.git("rev-parse", "HEAD").strip()
    assert [environment["name"] for environment in overview["environments"]] == ["dev"]
    assert "<!doctype html>" in ask(url)[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(served, config, number):
    process, url = served
    process.send_signal(number)
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, err
    assert out == ""
    assert f"listening at {url}\n" in err
    assert "Sanitizer" not in err
    assert not (config.parent / "data" / "address").exists()


def test_one_data_folder_has_one_daemon(served, sluice, config):
    process, url = served
    refused = sluice("serve", "--config", config, code=1)
    assert "another sluice serves from" in refused.err
    assert ask(f"{url}/healthz")[0] == 200


def test_mistakes_are_shown_with_their_place(sluice, tmp_path):
    (tmp_path / "server.yaml").write_text("data: data\nlisten: here\ndeclarations: { git: x, brnch: main }\n")
    result = sluice("serve", cwd=tmp_path, code=1)
    assert "server.yaml:2:9: 'here' is no address and port" in result.err
    assert "hint: did you mean 'branch'?" in result.err
    assert "error: 'server.yaml' has mistakes" in result.err
    assert not (tmp_path / "data").exists()
