# SPDX-License-Identifier: Apache-2.0
"""`sluice lock`: what it needs, and the modules that it pins."""
import json
import subprocess

MODULE = """
    variables: {{ token: {{ type: string, sensitive: true }} }}
    topics:
      raw: {{ name: {topic}, partitions: 1 }}
"""


def git(folder, *words):
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_locking_needs_no_connectors_secret(project):
    project.declare(
        modules={"m": MODULE.format(topic="a")},
        dev="""
            kafka: { bootstrap.servers: "127.0.0.1:1" }
            secrets: { token: { env: TEST_UNSET_TOKEN } }
            modules:
              one: { source: ../modules/m, variables: { token: "${secret.token}" } }
            """,
    )
    project.sluice("lock", "dev", code=0)
    assert "TEST_UNSET_TOKEN is not set" in project.sluice("plan", "dev", code=1).err


def test_a_remote_module_is_pinned_to_its_commit(project, tmp_path):
    remote = tmp_path / "modules.git"
    (remote / "m").mkdir(parents=True)
    git(remote, "init", "-q", "-b", "main")

    def commit(topic):
        (remote / "m" / "module.yaml").write_text(f"topics:\n  raw: {{ name: {topic} }}\n")
        git(remote, "add", "-A")
        git(remote, "commit", "-q", "-m", topic)
        return git(remote, "rev-parse", "HEAD")

    def pin():
        return json.loads((project.root / "environments/dev.lock").read_text())["modules"]["one"]["commit"]

    first = commit("first")
    project.declare(
        dev=f"""
            kafka: {{ bootstrap.servers: "127.0.0.1:1" }}
            modules:
              one: {{ source: "git::file://{remote}//m?ref=main" }}
            """,
    )
    project.sluice("lock", "dev", code=0)
    assert pin() == first
    second = commit("second")
    project.sluice("lock", "dev", code=0)
    assert pin() == first, "a pin stays until it is asked to move"
    project.sluice("lock", "dev", "--upgrade", code=0)
    assert pin() == second
