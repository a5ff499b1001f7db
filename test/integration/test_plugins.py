# SPDX-License-Identifier: Apache-2.0
"""Plugins against a real Maven repository server with a password, and Maven itself: what Maven deployed, lock and fetch take; what
publish uploaded, Maven resolves; and the password is in no output and no file."""
import base64
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import textwrap
import time
import urllib.error
import urllib.request
import zipfile

import pytest

from maven_server import PASSWORD, USER, server  # noqa: F401 (a fixture)

CREDENTIALS = {"SLUICE_REPOSITORY_ACME_USERNAME": USER, "SLUICE_REPOSITORY_ACME_PASSWORD": PASSWORD}
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
SOURCE_CONNECTOR = "org.apache.kafka.connect.source.SourceConnector"


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Maven:
    """Runs mvn with a settings.xml of its own; groups are of this run alone, and gone from ~/.m2 at its end."""

    def __init__(self, folder, server):
        self.folder = folder
        self.server = server
        self.group = f"test.sluice.r{os.getpid()}x{time.time_ns()}"
        self.local = pathlib.Path.home() / ".m2" / "repository"
        self.settings = folder / "settings.xml"
        self.settings.write_text(
            f"<settings><servers><server><id>acme</id><username>{USER}</username>"
            f"<password>{PASSWORD}</password></server></servers></settings>"
        )

    def __call__(self, *words, cwd=None):
        process = subprocess.run(
            ["mvn", "-B", "-q", "-s", str(self.settings), *words],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    def deploy(self, artifact, version, note):
        """Builds a connector's jar and deploys it; gives the jar."""
        folder = self.folder / f"{artifact}-{version}-{note}"
        self._write_project(folder, artifact, version, note)
        self("deploy", "-Dmaven.install.skip=true", cwd=folder)
        return folder / "target" / f"{artifact}-{version}.jar"

    def _write_project(self, folder, artifact, version, note):
        resources = folder / "src/main/resources"
        services = resources / "META-INF/services"
        services.mkdir(parents=True)
        (services / SOURCE_CONNECTOR).write_text("com.acme.Orders\n")
        (resources / "note.txt").write_text(note)
        plugins = "".join(
            f"<plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-{name}-plugin</artifactId>"
            f"<version>{number}</version></plugin>"
            for name, number in (("resources", "3.3.1"), ("jar", "3.4.2"), ("deploy", "3.1.4"), ("install", "3.1.4"))
        )
        (folder / "pom.xml").write_text(
            textwrap.dedent(
                f"""\
                <project xmlns="http://maven.apache.org/POM/4.0.0">
                  <modelVersion>4.0.0</modelVersion>
                  <groupId>{self.group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>
                  <properties>
                    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
                    <maven.test.skip>true</maven.test.skip>
                  </properties>
                  <build><plugins>{plugins}</plugins></build>
                  <distributionManagement>
                    <repository><id>acme</id><url>{self.server.url}</url></repository>
                    <snapshotRepository><id>acme</id><url>{self.server.url}</url></snapshotRepository>
                  </distributionManagement>
                </project>
                """
            )
        )

    def get(self, artifact, version, to):
        """Resolves an artifact as a build that depends on it does, checksums strictly checked, and gives the file."""
        to.mkdir()
        (to / "pom.xml").write_text(
            textwrap.dedent(
                f"""\
                <project xmlns="http://maven.apache.org/POM/4.0.0">
                  <modelVersion>4.0.0</modelVersion>
                  <groupId>{self.group}</groupId><artifactId>consumer</artifactId><version>1</version>
                  <packaging>pom</packaging>
                  <repositories><repository><id>acme</id><url>{self.server.url}</url></repository></repositories>
                  <dependencies><dependency>
                    <groupId>{self.group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>
                  </dependency></dependencies>
                </project>
                """
            )
        )
        self("-C", "-U", f"{DEPENDENCY_PLUGIN}:copy-dependencies", "-DoutputDirectory=jars", cwd=to)
        (file,) = (to / "jars").iterdir()
        return file

    def forget(self):
        shutil.rmtree(self.local / pathlib.Path(*self.group.split(".")), ignore_errors=True)
        for parent in (self.local / "test/sluice", self.local / "test"):
            with contextlib.suppress(OSError):
                parent.rmdir()


@pytest.fixture(scope="module")
def maven(tmp_path_factory, server):
    if shutil.which("mvn") is None:
        pytest.skip("there is no mvn: apt-get install maven")
    maven = Maven(tmp_path_factory.mktemp("maven"), server)
    yield maven
    maven.forget()


def make_jar(path, note, pom=None):
    """A connector's jar, without Maven: the same bytes whenever it is made."""
    entries = {
        "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n",
        f"META-INF/services/{SOURCE_CONNECTOR}": "com.acme.Orders\n",
        "com/acme/Orders.class": note,
        **({"META-INF/maven/g/a/pom.xml": pom} if pom is not None else {}),
    }
    with zipfile.ZipFile(path, "w") as jar:
        for name, text in entries.items():
            jar.writestr(zipfile.ZipInfo(name), text)
    return path


class Delivery:
    """Declarations with one repository, and a worker's plugin folder."""

    def __init__(self, project, server, group, folder):
        self.project, self.server, self.group = project, server, group
        self.plugins = folder / "plugins"
        self.cache = folder / "cache"
        self.outputs = []

    def declare(self, artifact, version, credentials=""):
        plugins = {"orders": {"maven": f"{self.group}:{artifact}", "version": version}}
        self.project.declare(
            dev=f'connect: {{ main: {{ url: "http://127.0.0.1:1" }} }}\nplugins: {json.dumps(plugins)}\n',
            head=f'repositories: {{ acme: {{ url: "{self.server.url}"{credentials} }} }}\n',
        )

    def sluice(self, *words, env=CREDENTIALS, **options):
        result = self.project.sluice(*words, env=env, **options)
        self.outputs += [result.out, result.err]
        return result

    def fetch(self, *words, env=CREDENTIALS, code=0, to=None):
        return self.sluice(
            "fetch", "--lock", "environments/dev.lock", "--to", to or self.plugins, "--cache", self.cache, "-o", "json",
            *words, env=env, code=code,
        )  # fmt: skip

    def locked(self):
        return self.project.lock("dev")["plugins"]["orders"]["versions"]

    def check_secret(self):
        """The password, and what basic authentication makes of it, are nowhere."""
        encoded = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        texts = self.outputs + [
            path.read_text(errors="replace")
            for folder in (self.project.root, self.plugins, self.cache)
            for path in folder.rglob("*")
            if path.is_file()
        ]
        assert texts
        for text in texts:
            assert PASSWORD not in text and encoded not in text


@pytest.fixture
def delivery(project, server, tmp_path):
    delivery = Delivery(project, server, f"com.acme.t{time.time_ns()}", tmp_path)
    yield delivery
    delivery.check_secret()


@pytest.fixture
def maven_delivery(project, server, maven, tmp_path):
    delivery = Delivery(project, server, maven.group, tmp_path)
    yield delivery
    delivery.check_secret()


def outcomes(result):
    return {row["folder"]: row["result"] for row in result.json()}


def test_what_maven_deployed_is_locked_and_fetched(maven, maven_delivery):
    delivery = maven_delivery
    first = maven.deploy("orders", "1.4.2", "first")
    second = maven.deploy("orders", "1.5.0", "second")
    delivery.declare("orders", "[1.4,1.5)")
    delivery.sluice("lock", "dev", code=0)
    delivery.declare("orders", "latest")
    delivery.sluice("lock", "dev", code=0)
    assert [(version["version"], version["sha256"]) for version in delivery.locked()] == [
        ("1.5.0", sha256(second)),
        ("1.4.2", sha256(first)),
    ]
    assert outcomes(delivery.fetch()) == {"orders-1.5.0": "installed", "orders-1.4.2": "installed"}
    (jar,) = (delivery.plugins / "orders-1.5.0").iterdir()
    assert sha256(jar) == sha256(second)


def test_a_snapshot_is_pinned_by_its_build(maven, maven_delivery):
    delivery = maven_delivery
    first = maven.deploy("snap", "2.0-SNAPSHOT", "first")
    delivery.declare("snap", "2.0-SNAPSHOT")
    delivery.sluice("lock", "dev", code=0)
    second = maven.deploy("snap", "2.0-SNAPSHOT", "second")
    delivery.fetch()
    (version,) = delivery.locked()
    assert version["resolved"].endswith("-1") and version["sha256"] == sha256(first)
    delivery.sluice("lock", "dev", "--upgrade", code=0)
    (version,) = delivery.locked()
    assert version["resolved"].endswith("-2") and version["sha256"] == sha256(second)
    assert outcomes(delivery.fetch()) == {"orders-2.0-SNAPSHOT": "installed"}
    (jar,) = (delivery.plugins / "orders-2.0-SNAPSHOT").iterdir()
    assert sha256(jar) == sha256(second)


def test_what_was_published_maven_resolves(maven, maven_delivery, tmp_path):
    delivery = maven_delivery
    delivery.declare("published", "latest")
    for version in ("1.9.0", "1.10.0"):
        jar = make_jar(tmp_path / f"published-{version}.jar", version)
        words = ("--maven", f"{maven.group}:published", "--version", version)
        (row,) = delivery.sluice("publish", jar, *words, "-o", "json", code=0).json()
        assert (row["result"], row["sha256"]) == ("published", sha256(jar))
    assert sha256(maven.get("published", "1.9.0", tmp_path / "exact")) == sha256(tmp_path / "published-1.9.0.jar")
    assert sha256(maven.get("published", "LATEST", tmp_path / "latest")) == sha256(tmp_path / "published-1.10.0.jar")


def test_a_published_snapshot_maven_resolves(maven, maven_delivery, tmp_path):
    delivery = maven_delivery
    delivery.declare("published-snap", "latest")
    for note in ("first", "second"):
        jar = make_jar(tmp_path / f"{note}.jar", note)
        words = ("--maven", f"{maven.group}:published-snap", "--version", "3.0-SNAPSHOT")
        delivery.sluice("publish", jar, *words, code=0)
    assert sha256(maven.get("published-snap", "3.0-SNAPSHOT", tmp_path / "to")) == sha256(tmp_path / "second.jar")


def test_maven_goes_on_from_what_was_published(maven, maven_delivery, tmp_path):
    """Both write the same metadata files, and neither loses what the other wrote."""
    delivery = maven_delivery
    delivery.declare("both", "latest")
    jar = make_jar(tmp_path / "both-1.0.jar", "ours")
    delivery.sluice("publish", jar, "--maven", f"{maven.group}:both", "--version", "1.0", code=0)
    maven.deploy("both", "1.1", "theirs")
    jar = make_jar(tmp_path / "both-1.2.jar", "ours again")
    delivery.sluice("publish", jar, "--maven", f"{maven.group}:both", "--version", "1.2", code=0)
    metadata = (delivery.server.files / pathlib.Path(*maven.group.split(".")) / "both/maven-metadata.xml").read_text()
    assert [number for number in ("1.0", "1.1", "1.2") if f"<version>{number}</version>" in metadata] == ["1.0", "1.1", "1.2"]
    delivery.sluice("lock", "dev", code=0)
    assert delivery.locked()[0]["version"] == "1.2"


def publish(delivery, tmp_path, version, note, env=CREDENTIALS, code=0):
    jar = make_jar(tmp_path / f"orders-{note}.jar", note)
    words = ("--maven", f"{delivery.group}:orders", "--version", version, "-o", "json")
    return delivery.sluice("publish", jar, *words, env=env, code=code)


def test_a_release_is_published_once(delivery, tmp_path):
    delivery.declare("orders", "latest")
    publish(delivery, tmp_path, "1.0", "first")
    assert publish(delivery, tmp_path, "1.0", "first").json()[0]["result"] == "there already"
    refused = publish(delivery, tmp_path, "1.0", "second", code=1)
    assert "with other bytes" in refused.err and "raise the version" in refused.err
    delivery.sluice("lock", "dev", code=0)
    assert delivery.locked()[0]["sha256"] == sha256(tmp_path / "orders-first.jar")


def test_without_the_password_nothing_works(delivery, tmp_path):
    delivery.declare("orders", "latest")
    publish(delivery, tmp_path, "1.0", "first")
    for env in ({}, {**CREDENTIALS, "SLUICE_REPOSITORY_ACME_PASSWORD": "wrong"}):
        results = [
            delivery.sluice("lock", "dev", env=env, code=1),
            publish(delivery, tmp_path, "1.1", "second", env=env, code=1),
        ]
        delivery.sluice("lock", "dev", code=0)
        results.append(delivery.fetch(env=env, code=1, to=tmp_path / "elsewhere"))
        for result in results:
            assert "401" in result.err and "SLUICE_REPOSITORY_ACME_USERNAME" in result.err
        (delivery.project.root / "environments/dev.lock").unlink()


@pytest.mark.parametrize("where", ["declarations", "settings", "netrc", "file", "url"])
def test_where_credentials_come_from(delivery, tmp_path, sluice, where):
    home = tmp_path / "home"
    (home / ".m2").mkdir(parents=True)
    env = {"HOME": str(home)}
    credentials = ""
    if where == "declarations":
        credentials = ', username: "${env.REPO_USER}", password: "${env.REPO_PASSWORD}"'
        env |= {"REPO_USER": USER, "REPO_PASSWORD": PASSWORD}
    elif where == "settings":
        env |= {"MY_SECRET": PASSWORD}
        (home / ".m2/settings.xml").write_text(
            f"<settings><servers><server><id>acme</id><username>{USER}</username>"
            "<password>${env.MY_SECRET}</password></server></servers></settings>"
        )
    elif where == "netrc":
        (home / ".netrc").write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    elif where == "file":
        (home / "secret").write_text(PASSWORD + "\n")
        env |= {"SLUICE_REPOSITORY_ACME_USERNAME": USER, "SLUICE_REPOSITORY_ACME_PASSWORD_FILE": str(home / "secret")}
    delivery.declare("orders", "latest", credentials)
    if where == "url":
        url = delivery.server.url.replace("//", f"//{USER}:{PASSWORD}@")
        jar = make_jar(tmp_path / "orders.jar", "x")
        words = ("--url", url, "--maven", f"{delivery.group}:orders", "--version", "1")
        assert "without a user or password" in delivery.sluice("publish", jar, *words, env=env, code=1).err
        return
    publish(delivery, tmp_path, "1.0", "first", env=env)
    delivery.sluice("lock", "dev", env=env, code=0)


def test_a_repositorys_password_is_a_secret_of_the_environment(delivery, tmp_path):
    delivery.declare("orders", "latest", f', username: {USER}, password: "${{secret.repository}}"')
    declared = delivery.project.root / "environments/dev.yaml"
    declared.write_text(declared.read_text() + "secrets: { repository: { env: REPO_PASSWORD } }\n")
    publish(delivery, tmp_path, "1.0", "first")
    env = {"REPO_PASSWORD": PASSWORD}
    delivery.sluice("lock", "dev", env=env, code=0)
    words = ("--to", delivery.plugins, "--cache", delivery.cache)
    assert "1 installed" in delivery.sluice("fetch", "dev", *words, env=env, code=0).err
    assert "REPO_PASSWORD is not set" in delivery.sluice("lock", "dev", env={}, code=1).err


def test_a_second_fetch_needs_no_network(delivery, tmp_path):
    delivery.declare("orders", "latest")
    publish(delivery, tmp_path, "1.0", "first")
    delivery.sluice("lock", "dev", code=0)
    delivery.fetch()
    before = len(delivery.server.requests())
    with delivery.server.stopped():
        assert outcomes(delivery.fetch(env={})) == {"orders-1.0": "kept"}
        assert outcomes(delivery.fetch(env={}, to=tmp_path / "another")) == {"orders-1.0": "installed"}
        shutil.rmtree(delivery.cache)
        failed = delivery.fetch(env={}, to=tmp_path / "third", code=1)
        assert "plugin 'orders' 1.0" in failed.err
    assert len(delivery.server.requests()) == before


def test_other_bytes_are_fatal_and_change_nothing(delivery, tmp_path):
    delivery.declare("orders", "latest")
    publish(delivery, tmp_path, "1.0", "first")
    delivery.sluice("lock", "dev", code=0)
    delivery.fetch()
    publish(delivery, tmp_path, "1.1", "second")
    delivery.sluice("lock", "dev", "--upgrade", code=0)
    path = delivery.server.files / delivery.locked()[0]["path"]
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    failed = delivery.fetch(code=1)
    assert "as promised" in failed.err and "1.1" in failed.err
    assert [entry.name for entry in delivery.plugins.iterdir() if not entry.name.startswith(".")] == ["orders-1.0"]


def test_prune_takes_only_what_was_ours(delivery, tmp_path):
    delivery.declare("orders", "1.0")
    publish(delivery, tmp_path, "1.0", "first")
    delivery.sluice("lock", "dev", code=0)
    delivery.fetch()
    (delivery.plugins / "of-others").mkdir()
    lock = delivery.project.lock("dev")
    lock["plugins"] = {}
    delivery.project.write("environments/dev.lock", json.dumps(lock))
    assert outcomes(delivery.fetch()) == {}
    assert (delivery.plugins / "orders-1.0").exists()
    assert outcomes(delivery.fetch("--prune")) == {"orders-1.0": "removed"}
    assert [entry.name for entry in delivery.plugins.iterdir() if not entry.name.startswith(".")] == ["of-others"]


def test_fetch_by_environment(delivery, tmp_path):
    delivery.declare("orders", "latest", ', username: "${env.REPO_USER}", password: "${env.REPO_PASSWORD}"')
    env = {"REPO_USER": USER, "REPO_PASSWORD": PASSWORD}
    publish(delivery, tmp_path, "1.0", "first", env=env)
    delivery.sluice("lock", "dev", env=env, code=0)
    words = ("--to", delivery.plugins, "--cache", delivery.cache, "--connect", "main")
    assert "1 installed" in delivery.sluice("fetch", "dev", *words, env=env, code=0).err
    unknown = delivery.sluice("fetch", "dve", *words, env=env, code=1)
    assert "did you mean 'dev'" in unknown.err
    wrong = delivery.sluice("fetch", "dev", "--to", delivery.plugins, "--connect", "mian", env=env, code=1)
    assert "did you mean 'main'" in wrong.err


def test_a_zip_is_unpacked_and_a_hostile_one_is_not(delivery, tmp_path):
    inner = make_jar(tmp_path / "inner.jar", "x")
    for version, entry in (("1.0", "acme/lib/inner.jar"), ("1.1", "../../evil.jar")):
        archive = tmp_path / f"orders-{version}.zip"
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.write(inner, "acme/lib/other.jar")
            zipped.write(inner, entry)
        words = ("--maven", f"{delivery.group}:orders:zip", "--version", version)
        delivery.declare("orders:zip", version)
        delivery.sluice("publish", archive, *words, code=0)
        delivery.sluice("lock", "dev", code=0)
        if version == "1.0":
            delivery.fetch()
            assert (delivery.plugins / "orders-1.0/acme/lib/inner.jar").exists()
    refused = delivery.fetch(code=1)
    assert "../../evil.jar" in refused.err
    assert not list(tmp_path.rglob("evil.jar"))
    assert [entry.name for entry in delivery.plugins.iterdir() if not entry.name.startswith(".")] == ["orders-1.0"]


def test_the_server_really_wants_a_password(server):
    with pytest.raises(urllib.error.HTTPError) as problem:
        urllib.request.urlopen(server.url + "/", timeout=10)
    assert problem.value.code == 401
