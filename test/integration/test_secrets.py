# SPDX-License-Identifier: Apache-2.0
"""No secret leaves: recognisable ones are put everywhere, every command is run, and all that is left behind or said is searched."""
import base64
import json

import pytest

from conftest import wait_until
from flows import COORDINATE, tick

SECRETS = {
    name: f"s3cr3t-{name}-{number * 7919 + 104729}"
    for number, name in enumerate(
        "variable environment file password token changed bad-token kafka connect repository theirs imported trace".split()
    )
}
ENV = {
    "FLOW_KEY": SECRETS["environment"],
    "KAFKA_PASSWORD": SECRETS["kafka"],
    "CONNECT_PASSWORD": SECRETS["connect"],
    "SLUICE_REPOSITORY_LOCAL_USERNAME": "reader",
    "SLUICE_REPOSITORY_LOCAL_PASSWORD": SECRETS["repository"],
}


class Ear:
    """Runs commands and keeps all that they say."""

    def __init__(self, flow):
        self.flow = flow
        self.heard = []

    def __call__(self, *words, code=None, env=ENV):
        result = self.flow.sluice(*words, code=code, env=env)
        self.heard.append((f"sluice {' '.join(words)}", f"{result.out}\n{result.err}".encode()))
        return result


def find(secret, data):
    """The secret as it is, or as it looks in Base64 at any offset."""
    forms = [secret.encode()] + [base64.b64encode(b" " * pad + secret.encode())[4:-4] for pad in range(3)]
    return any(form in data for form in forms)


def left_behind(flow):
    """All files of the project but the declarations themselves, and of the program's own folders but the sandbox's."""
    home = flow.project.run.env["HOME"]
    folders = [flow.project.root, *(type(flow.project.root)(home) / name for name in ("cache", "config", "state"))]
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and file.suffix not in (".yaml", ".txt") and "sandbox" not in file.parts:
                yield str(file.relative_to(folder)), file.read_bytes()


def assert_silent(ear):
    found = [
        f"the secret '{name}' is in {where}"
        for where, data in [*ear.heard, *left_behind(ear.flow)]
        for name, secret in SECRETS.items()
        if find(secret, data)
    ]
    assert not found, "\n".join(found)


def declare(flow, config=None, **more):
    """A connector that has a secret from everywhere."""
    flow.project.write("secret.txt", SECRETS["file"])
    flow.declare(
        variables={
            "key": {"type": "string", "sensitive": True},
            "env_key": {"type": "string"},
            "file_key": {"type": "string"},
        },
        values={"key": SECRETS["variable"], "env_key": "${env.FLOW_KEY}", "file_key": "${secret.of-file}"},
        connectors={
            "source": tick(
                {
                    "note": "${var.key}",
                    "topic": "${var.env_key}",
                    "my.own": "key=${var.file_key};",
                    "secret": SECRETS["password"],
                    "api.token": SECRETS["token"],
                    **(config or {}),
                },
                **more,
            )
        },
        environment=f"secrets: {{ of-file: {{ file: {json.dumps(str(flow.project.root / 'secret.txt'))} }} }}\n",
    )
    file = flow.project.root / "environments/dev.yaml"
    text = file.read_text().replace(
        "kafka: {", 'kafka: { sasl.username: me, sasl.password: "${env.KAFKA_PASSWORD}", sasl.mechanism: PLAIN, '
    )
    file.write_text(text.replace("url:", 'username: me\n    password: "${env.CONNECT_PASSWORD}"\n    url:', 1))


@pytest.fixture
def ear(flow):
    return Ear(flow)


def look_everywhere(ear, status=0):
    flow = ear.flow
    ear("validate", "dev", code=0)
    ear("status", "dev", code=status)
    ear("status", "dev", "-o", "json", code=status)
    ear("status", "dev", "-o", "yaml", code=status)
    ear("state", "list", "dev", "-o", "json", code=0)
    ear("state", "show", "dev", code=0)
    ear("state", "show", "dev", flow.address("connector", "source"), "-o", "json")


def test_the_search_finds_what_is_there():
    """Else the others would prove nothing."""
    for data in (SECRETS["file"].encode(), base64.b64encode(f"ab{SECRETS['file']}cd".encode())):
        assert find(SECRETS["file"], data)


def test_create_update_drift_and_delete_keep_secrets(ear):
    flow = ear.flow
    declare(flow)
    assert "sensitive" in ear("plan", "dev", code=0).out
    ear("plan", "dev", "-o", "json", code=0)
    ear("apply", "dev", "--auto-approve", code=0)
    assert flow.config("source")["topic"] == SECRETS["environment"], "the worker got it"
    assert flow.config("source")["my.own"] == f"key={SECRETS['file']};"
    look_everywhere(ear)
    declare(flow, {"secret": SECRETS["changed"], "api.token": SECRETS["changed"]})
    ear("plan", "dev", "--out", "dev.plan", code=0)
    ear("plan", "dev", "-o", "yaml", code=0)
    ear("apply", "dev.plan", code=0)
    flow.configure_by_hand("source", secret=SECRETS["theirs"], note=SECRETS["theirs"], **{"api.token": SECRETS["theirs"]})
    look_everywhere(ear)
    ear("plan", "dev", "-o", "json", code=0)
    ear("apply", "dev", "--auto-approve", "-o", "json", code=0)
    ear("destroy", "dev", "--auto-approve", code=0)
    assert_silent(ear)


def test_a_value_that_is_refused_is_not_quoted(ear):
    declare(ear.flow, {"api.token": f"wrong {SECRETS['bad-token']}"})
    result = ear("plan", "dev", code=1)
    assert "api.token" in result.out and "must not begin with wrong" in result.out
    ear("plan", "dev", "-o", "json", code=1)
    ear("apply", "dev", "--auto-approve", code=1)
    assert_silent(ear)


def test_a_trace_that_tells_a_secret_is_shown_without_it(ear):
    declare(ear.flow)
    ear("apply", "dev", "--auto-approve", code=0)
    declare(ear.flow, {"fail.with.secrets": True, "secret": SECRETS["trace"]})
    result = ear("apply", "dev", "--auto-approve", code=1)
    assert "no access with" in result.out and "rolled back" in result.out
    ear("apply", "dev", "--auto-approve", "-o", "json", code=1)
    ear("apply", "dev", "--auto-approve", "--no-rollback", code=1)
    wait_until(lambda: "FAILED" in ear.flow.state("source"))
    look_everywhere(ear, status=3)
    ear("apply", "dev", "--auto-approve")
    assert_silent(ear)


def test_what_is_imported_keeps_its_secrets(ear):
    flow = ear.flow
    flow.sandbox.put(
        f"{flow.path('source')}/config",
        {"connector.class": "test.TickSource", "tasks.max": "1", "secret": SECRETS["imported"], "api.token": SECRETS["imported"]},
    )
    declare(flow)
    ear("plan", "dev", code=1)
    ear("import", "dev", flow.address("connector", "source"), code=0)
    ear("plan", "dev", "--out", "dev.plan", code=0)
    look_everywhere(ear)
    assert_silent(ear)


def test_mistakes_in_the_declarations_quote_no_secret(ear):
    flow = ear.flow
    declare(flow)
    file = flow.project.root / "environments/dev.yaml"
    text = file.read_text()
    file.write_text(text.replace(f"\"key\": \"{SECRETS['variable']}\"", f"\"key\": [\"{SECRETS['variable']}\"]"))
    ear("validate", "dev", code=1)
    ear("plan", "dev", code=1)
    file.write_text(text.replace('"env_key": ', '"misspelt": "x", "env_key": '))
    ear("plan", "dev", code=1)
    file.write_text(text)
    module = flow.project.root / "modules/flow/module.yaml"
    module.write_text(module.read_text().replace('"env_key": {\n      "type": "string"', '"env_key": {\n      "type": "integer"'))
    ear("plan", "dev", code=1)
    ear("apply", "dev", "--auto-approve", code=1)
    assert_silent(ear)


def test_lock_and_publish_keep_the_repositorys_password(ear, repository, ticks):
    flow = ear.flow
    flow.repository = repository
    repository.add(ticks.jar("1.0.0"), COORDINATE, "1.0.0")
    flow.declare(connectors={"source": tick()}, plugin="latest")
    ear("lock", "dev", code=0)
    head = flow.project.root / "sluice.yaml"
    head.write_text(head.read_text().replace(json.dumps(repository.url), '"http://127.0.0.1:9/maven", username: me, password: "${env.FLOW_KEY}"'))
    ear("lock", "dev", "--upgrade", code=1)
    ear("publish", str(ticks.jar("1.0.0")), "--maven", COORDINATE, "--version", "1.0.1", code=1)
    assert_silent(ear)


def test_a_reference_for_connect_to_resolve_is_no_secret_and_goes_through(ear):
    flow = ear.flow
    flow.declare(connectors={"source": tick({"secret": "${file:/etc/hostname:nothing}", "api.token": "${file:/etc/hostname:x}"}, state="stopped")})
    ear("apply", "dev", "--auto-approve")
    assert flow.stored("connector", "source")["applied"]["config"]["secret"] == "${file:/etc/hostname:nothing}"
