# SPDX-License-Identifier: Apache-2.0
"""Declarations as large as a benchmark wants them: modules of a connector and two topics, with a row for each instance."""

import hashlib
import zipfile

MODULES = 10
CLASS = "com.acme.connect.BenchSourceConnector"
CONVERTER = "com.acme.connect.BenchConverter"
VERSION = "1.0.0"
KEYS = ["cleanup.policy", "retention.ms"]  # of every topic

PROJECT = """\
name: bench
environments: [dev]
repositories:
  acme: {{ url: "{repository}" }}
"""

MODULE = """\
description: A source of module {module}, its topic and its dead letters.
variables:
  region:   {{ type: string, pattern: "r[0-9]+" }}
  interval: {{ type: duration, default: 30s }}
  tasks:    {{ type: integer, default: 1, minimum: 1, maximum: 8 }}
  password: {{ type: string, sensitive: true }}
plugins:
  bench-source:    {{ maven: "com.acme:bench-source" }}
  bench-converter: {{ maven: "com.acme:bench-converter" }}
topics:
  raw:  {{ name: "${{instance.name}}.raw", partitions: 1, replication: 1, config: {{ cleanup.policy: compact, retention.ms: "604800000" }} }}
  dead: {{ name: "${{instance.name}}.dead", partitions: 1, replication: 1, config: {{ cleanup.policy: delete, retention.ms: "1209600000" }} }}
connectors:
  source:
    class: {connector}
    plugins: [bench-source, bench-converter]
    tasks: "${{var.tasks}}"
    config:
      bench.url: "https://${{var.region}}.{module}.acme.example/orders"
      bench.topic: "${{instance.name}}.raw"
      bench.poll.interval.ms: "${{var.interval}}"
      bench.user: bench
      bench.password: "${{var.password}}"
      bench.token: "${{file:/run/secrets/bench:token}}"
      key.converter: org.apache.kafka.connect.storage.StringConverter
      value.converter: {converter}
      errors.deadletterqueue.topic.name: "${{instance.name}}.dead"
      transforms: route
      transforms.route.type: org.apache.kafka.connect.transforms.RegexRouter
      transforms.route.regex: ".*"
      transforms.route.replacement: "${{instance.name}}.raw"
"""

ENVIRONMENT = """\
kafka: {{ bootstrap.servers: "{bootstrap}" }}
connect: {{ main: {{ url: "{connect}" }} }}
timing: {{ settle: 1ms, deadline: 1m }}
defaults: {{ connector: {{ errors.log.enable: true, errors.tolerance: all }} }}
modules:
"""

INSTANCES = """\
  {module}:
    source: ../modules/{module}
    plugins: {{ bench-source: {version}, bench-converter: {version} }}
    variables: {{ password: "${{env.BENCH_PASSWORD}}" }}
    for_each:
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def publish(repository, artifact, service, class_name):
    """A jar with nothing but its ServiceLoader manifest, in a folder of Maven layout."""
    folder = repository / "com/acme" / artifact / VERSION
    folder.mkdir(parents=True)
    jar = folder / f"{artifact}-{VERSION}.jar"
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"META-INF/services/{service}", class_name + "\n")
        archive.writestr(class_name.replace(".", "/") + ".class", b"\xca\xfe\xba\xbe")
    jar.with_name(jar.name + ".sha1").write_text(hashlib.sha1(jar.read_bytes()).hexdigest())
    write(
        folder.parent / "maven-metadata.xml",
        f"<metadata><groupId>com.acme</groupId><artifactId>{artifact}</artifactId><versioning><latest>{VERSION}</latest>"
        f"<release>{VERSION}</release><versions><version>{VERSION}</version></versions></versioning></metadata>\n",
    )


def generate(root, connectors, bootstrap, connect):
    """Writes a repository of declarations and the plugins' jars; gives the names of its topics."""
    repository = root / "maven"
    publish(repository, "bench-source", "org.apache.kafka.connect.source.SourceConnector", CLASS)
    publish(repository, "bench-converter", "org.apache.kafka.connect.storage.Converter", CONVERTER)
    write(root / "sluice.yaml", PROJECT.format(repository=repository))
    environment = ENVIRONMENT.format(bootstrap=bootstrap, connect=connect)
    topics = []
    for number in range(MODULES):
        module = f"bench{number}"
        write(root / f"modules/{module}/module.yaml", MODULE.format(module=module, connector=CLASS, converter=CONVERTER))
        environment += INSTANCES.format(module=module, version=VERSION)
        for row in range(number, connectors, MODULES):
            environment += f"      r{row:04}: {{ region: r{row % 7} }}\n"
            topics += [f"{module}-r{row:04}.raw", f"{module}-r{row:04}.dead"]
    write(root / "environments/dev.yaml", environment)
    return topics
