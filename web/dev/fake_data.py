# SPDX-License-Identifier: Apache-2.0
"""What the fake server tells: environments, instances, runs in every state. All of it is made up."""

import datetime
import hashlib

NOW = datetime.datetime.now(datetime.timezone.utc)


def ago(**distance):
    return stamp(NOW - datetime.timedelta(**distance))


def stamp(time=None):
    time = time or datetime.datetime.now(datetime.timezone.utc)
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def commit(word):
    return hashlib.sha1(word.encode()).hexdigest()


def digest(word):
    return "sha256:" + hashlib.sha256(str(word).encode()).hexdigest()


PEOPLE = {
    "viewer": {"name": "viewer", "roles": ["viewer"], "groups": []},
    "operator": {"name": "operator", "roles": ["viewer", "operator"], "groups": ["streaming"]},
    "approver": {"name": "approver", "roles": ["viewer", "approver"], "groups": ["release-managers"]},
    "lead": {"name": "lead", "roles": ["viewer", "operator", "approver"], "groups": ["release-managers"]},
}

TRACE = """\
org.apache.kafka.connect.errors.ConnectException: cannot poll https://stock.it.acme.example/v2/levels: 401 Unauthorized
\tat com.acme.connect.StockSourceTask.poll(StockSourceTask.java:88)
\tat org.apache.kafka.connect.runtime.AbstractWorkerSourceTask.poll(AbstractWorkerSourceTask.java:488)
\tat org.apache.kafka.connect.runtime.AbstractWorkerSourceTask.execute(AbstractWorkerSourceTask.java:360)
\tat org.apache.kafka.connect.runtime.WorkerTask.doRun(WorkerTask.java:233)
Caused by: com.acme.http.HttpStatusException: 401
\tat com.acme.http.Client.get(Client.java:41)
"""

# instance: plugins, connector key, topics
MODULES = {
    "orders": (["orders-source"], "source", ["orders.raw", "orders.dead-letters"]),
    "orders-archive": (["s3-sink"], "sink", []),
    "payments": (["payments-source", "avro-converter"], "source", ["payments.raw"]),
    "refunds": (["payments-source", "avro-converter"], "source", ["refunds.raw"]),
    "stock[de]": (["stock-source"], "source", ["stock.de.raw"]),
    "stock[fr]": (["stock-source"], "source", ["stock.fr.raw"]),
    "stock[it]": (["stock-source"], "source", ["stock.it.raw"]),
    "shipping": (["shipping-sink"], "sink", []),
    "customers": (["jdbc-source"], "source", ["customers.changed"]),
    "invoices": (["jdbc-source"], "source", ["invoices.changed"]),
    "search": (["opensearch-sink"], "sink", []),
    "alerts": (["alerts-sink"], "sink", ["alerts"]),
}
VERSIONS = {
    "dev": {
        "orders-source": "1.5.0",
        "payments-source": "2.1.0-20260114.081512-3",
        "avro-converter": "7.9.1",
        "stock-source": "0.9.4",
        "shipping-sink": "3.0.1",
        "jdbc-source": "10.8.4",
        "s3-sink": "10.6.0",
        "opensearch-sink": "3.2.0",
        "alerts-sink": "0.3.0",
    },
    "test": {
        "orders-source": "1.5.0",
        "payments-source": "2.0.3",
        "avro-converter": "7.9.1",
        "stock-source": "0.9.4",
        "shipping-sink": "3.0.1",
        "jdbc-source": "10.8.4",
        "s3-sink": "10.6.0",
        "opensearch-sink": "3.1.0",
        "alerts-sink": "0.3.0",
    },
    "prod": {
        "orders-source": "1.4.2",
        "payments-source": "2.0.3",
        "avro-converter": "7.9.0",
        "stock-source": "0.9.2",
        "shipping-sink": "3.0.1",
        "jdbc-source": "10.8.4",
        "s3-sink": "10.5.0",
        "opensearch-sink": "3.1.0",
    },
}


def instance(environment, name):
    plugins, key, topics = MODULES[name]
    if environment == "prod" and name == "alerts":
        return {
            "name": name,
            "health": "unknown",
            "waiting": True,
            "commit": None,
            "versions": [],
            "drift": 0,
            "resources": [],
        }
    versions = [
        {"plugin": plugin, "running": VERSIONS[environment][plugin], "locked": VERSIONS[environment][plugin]}
        for plugin in plugins
    ]
    bare = name.replace("[", "-").replace("]", "")
    connector = {
        "address": f"{name}/connector/{key}",
        "kind": "connector",
        "name": f"{bare}-{key}",
        "cluster": "main",
        "health": "ok",
        "state": "RUNNING",
        "tasks": 2,
        "running": 2,
        "plugin": plugins[0],
        "version": versions[0]["running"],
        "locked": versions[0]["locked"],
        "drift": [],
        "trace": None,
    }
    rest = [
        {
            "address": f"{name}/topic/{topic}",
            "kind": "topic",
            "name": topic,
            "cluster": "kafka",
            "health": "ok",
            "drift": [],
        }
        for topic in topics
    ]
    return {
        "name": name,
        "health": "ok",
        "waiting": False,
        "commit": None if environment == "dev" else commit(f"module {name}"),
        "versions": versions,
        "drift": 0,
        "resources": [connector, *rest],
    }


def instances(environment):
    all_of_them = [
        instance(environment, name) for name in MODULES if (environment, name) != ("test", "search")
    ]
    by_name = {one["name"]: one for one in all_of_them}
    if environment == "dev":
        fail(by_name["stock[it]"])
        pin(by_name["shipping"], "3.1.0")
    if environment == "test":
        drift(by_name["orders"], ["config.orders.poll.interval.ms", "config.errors.tolerance"])
    if environment == "prod":
        drift(by_name["invoices"], ["config.table.whitelist"])
        switch_off(by_name["refunds"])
    shared = {
        "address": "topic/audit.log",
        "kind": "topic",
        "name": "audit.log",
        "cluster": "kafka",
        "health": "ok",
        "drift": [],
    }
    return [
        *all_of_them,
        {
            "name": None,
            "health": "ok",
            "waiting": False,
            "commit": None,
            "versions": [],
            "drift": 0,
            "resources": [shared],
        },
    ]


def fail(one):
    one["health"] = one["resources"][0]["health"] = "failed"
    one["resources"][0].update(state="RUNNING", running=1, trace=TRACE)


def pin(one, version):
    one["health"] = one["resources"][0]["health"] = "pending"
    one["versions"][0]["locked"] = one["resources"][0]["locked"] = version
    one["resources"][0].update(running=0, state="UNASSIGNED")


def drift(one, keys):
    one["drift"] = len(keys)
    one["resources"][0]["drift"] = keys


def switch_off(one):
    one["health"] = one["resources"][0]["health"] = "off"
    one["resources"][0].update(state="PAUSED", running=0)


def environments():
    plugins = {
        name: [{"name": plugin, "version": version} for plugin, version in sorted(VERSIONS[name].items())]
        for name in VERSIONS
    }
    return [
        {
            "name": "dev",
            "first": True,
            "approvals": 0,
            "promotion": "propose",
            "commit": commit("head"),
            "applied": ago(minutes=7),
            "health": "failed",
            "observed": ago(seconds=9),
            "problem": None,
            "behind": None,
            "run": None,
            "promotable": 0,
            "holds": [],
            "plugins": plugins["dev"],
            "instances": instances("dev"),
        },
        {
            "name": "test",
            "first": False,
            "approvals": 0,
            "promotion": "propose",
            "commit": commit("test"),
            "applied": ago(hours=5),
            "health": "ok",
            "observed": ago(seconds=12),
            "problem": None,
            "behind": {
                "commit": commit("values of test"),
                "run": None,
                "why": "shipping-sink did not get healthy in 2 min.",
            },
            "run": None,
            "promotable": 3,
            "holds": [
                {
                    "plugin": "alerts-sink",
                    "version": "0.4.0",
                    "why": "alerts/connector/sink failed in test and went back.",
                    "run": None,
                }
            ],
            "plugins": plugins["test"],
            "instances": instances("test"),
        },
        {
            "name": "prod",
            "first": False,
            "approvals": 2,
            "promotion": "propose",
            "commit": commit("prod"),
            "applied": ago(days=3),
            "health": "ok",
            "observed": ago(seconds=4),
            "problem": None,
            "behind": None,
            "run": None,
            "promotable": 5,
            "holds": [],
            "plugins": plugins["prod"],
            "instances": instances("prod"),
        },
    ]


def plan(word="first"):
    return {
        "digest": digest(word),
        "settings": False,
        "created": ago(minutes=12),
        "actions": [
            {
                "id": "orders/connector/source#pin",
                "address": "orders/connector/source",
                "operation": "update",
                "changes": [{"key": "config.connector.plugin.version", "old": None, "new": "1.4.2"}],
            },
            {
                "id": "rollout/main",
                "address": "rollout/main",
                "operation": "rollout",
                "changes": [
                    {"key": "orders-source", "old": "1.4.2", "new": "1.5.0, 1.4.2"},
                    {"key": "stock-source", "old": "0.9.2", "new": "0.9.4, 0.9.2"},
                ],
            },
            {
                "id": "orders/connector/source",
                "address": "orders/connector/source",
                "name": "orders-eu",
                "operation": "update",
                "changes": [
                    {
                        "key": "config.connector.plugin.version",
                        "old": "1.4.2",
                        "new": None,
                        "deferred": "orders-source@1.5.0",
                    },
                    {
                        "key": "config.orders.batch.size",
                        "old": "100",
                        "new": "250" if word == "first" else "500",
                        "drift": True,
                    },
                    {"key": "config.orders.token", "old": "•••", "new": "•••", "sensitive": True},
                    {"key": "config.orders.legacy.paging", "old": "true", "new": None},
                ],
            },
            {
                "id": "orders/topic/dead-letters",
                "address": "orders/topic/dead-letters",
                "operation": "create",
                "changes": [
                    {"key": "partitions", "old": None, "new": "6"},
                    {"key": "replication", "old": None, "new": "3"},
                    {"key": "config.cleanup.policy", "old": None, "new": "compact"},
                    {"key": "config.retention.ms", "old": None, "new": "1209600000"},
                ],
            },
            {
                "id": "stock[de]/connector/source",
                "address": "stock[de]/connector/source",
                "operation": "update",
                "changes": [
                    {
                        "key": "config.connector.plugin.version",
                        "old": "0.9.2",
                        "new": None,
                        "deferred": "stock-source@0.9.4",
                    }
                ],
            },
            {
                "id": "stock[fr]/connector/source",
                "address": "stock[fr]/connector/source",
                "operation": "state",
                "changes": [{"key": "state", "old": "paused", "new": "running"}],
            },
            {
                "id": "stock[uk]/connector/source",
                "address": "stock[uk]/connector/source",
                "operation": "delete",
                "changes": [],
            },
        ],
        "warnings": ["Topic 'orders.dead-letters' gets 6 partitions: their number can only grow."],
        "problems": [],
    }


BUILD_STEPS = ["checkout", "build", "keep", "publish", "lock"]
DEPLOY_STEPS = ["plan", "approval", "commit", "apply", "verify"]


def steps(names, done, current=None, start_minutes=20, state="running"):
    """`done` steps are over, the next is in `state`; the rest did not begin."""
    result = []
    for index, name in enumerate(names):
        began, ended = ago(minutes=start_minutes - index), ago(
            minutes=start_minutes - index, seconds=-(7 + 11 * index)
        )
        if index < done:
            result.append({"name": name, "state": "done", "started": began, "ended": ended})
        elif index == done and current is not False:
            result.append(
                {
                    "name": name,
                    "state": state,
                    "started": began,
                    "ended": None if state == "running" else ended,
                }
            )
        else:
            result.append(
                {
                    "name": name,
                    "state": "skipped" if state == "failed" else "pending",
                    "started": None,
                    "ended": None,
                }
            )
    return result


def run_id(number):
    return f"01KE{number:022d}"


def run(number, kind, subject, state, **more):
    base = {
        "id": run_id(number),
        "kind": kind,
        "subject": subject,
        "state": state,
        "open": False,
        "good": None,
        "cause": "push",
        "title": None,
        "commit": None,
        "version": None,
        "parent": None,
        "by": None,
        "created": ago(minutes=20),
        "started": ago(minutes=20),
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
    }
    return {**base, **more}


def approval(needed=2, given=()):
    return {
        "needed": needed,
        "given": [{"by": by, "at": ago(minutes=4)} for by in given],
        "approvers": ["release-managers"],
        "authors": ["operator@acme.example"],
        "expires": ago(hours=-20),
    }


def moves():
    return [
        {"kind": "plugin", "name": "orders-source", "before": "1.4.2", "after": "1.5.0"},
        {"kind": "plugin", "name": "stock-source", "before": "0.9.2", "after": "0.9.4"},
        {
            "kind": "module",
            "name": "orders",
            "before": commit("module orders, once"),
            "after": commit("module orders"),
        },
    ]


def waiting(number, **more):
    base = {
        "open": True,
        "cause": "promotion",
        "title": "promote orders, stock to prod",
        "commit": commit("head"),
        "parent": run_id(3),
        "created": ago(minutes=14),
        "started": ago(minutes=14),
        "steps": steps(DEPLOY_STEPS, 1, start_minutes=14),
        "changes": moves(),
        "plan": plan(),
        "approval": approval(2, ["lead"]),
    }
    return run(number, "deploy", "prod", "waiting", **{**base, **more})


def runs():
    """By age, the oldest first."""
    artifact = {
        "maven": "com.acme:orders-source:1.5.0",
        "version": "1.5.0",
        "resolved": "1.5.0",
        "size": 4718592,
        "sha256": digest("jar")[7:],
    }
    return [
        run(
            1,
            "build",
            "alerts-sink",
            "failed",
            good=False,
            title="alerts: send to the new gateway",
            commit=commit("alerts"),
            created=ago(days=2),
            started=ago(days=2),
            ended=ago(days=2, minutes=-3),
            message="mvn package failed with status 1",
            hint="the log has its last lines; raise the version where a release exists with other bytes",
            steps=steps(BUILD_STEPS, 1, state="failed"),
        ),
        run(
            2,
            "deploy",
            "test",
            "dropped",
            title="promote alerts to test",
            cause="promotion",
            commit=commit("drop"),
            created=ago(days=1),
            started=ago(days=1),
            ended=ago(hours=23),
            message="Rejected by lead: not before the gateway is there.",
            steps=steps(DEPLOY_STEPS, 1, current=False),
        ),
        run(
            3,
            "deploy",
            "test",
            "done",
            good=True,
            title="orders-source 1.5.0",
            cause="build",
            commit=commit("test"),
            created=ago(hours=5),
            started=ago(hours=5),
            ended=ago(hours=5, minutes=-1),
            steps=steps(DEPLOY_STEPS, 5),
            pushed=commit("test"),
        ),
        run(
            4,
            "deploy",
            "test",
            "rolled_back",
            good=False,
            title="shipping: larger batches",
            commit=commit("values of test"),
            created=ago(hours=3),
            started=ago(hours=3),
            ended=ago(hours=3, minutes=-4),
            message="shipping/connector/sink did not get healthy in 2 min; the former config is back",
            hint="see the trace; a new commit or a retry tries again",
            trace=TRACE,
            steps=steps(DEPLOY_STEPS, 4, state="failed"),
            plan=plan("shipping"),
        ),
        run(
            5,
            "build",
            "orders-source",
            "done",
            good=True,
            title="orders: page through what is left",
            commit=commit("orders"),
            version="1.5.0",
            created=ago(minutes=31),
            started=ago(minutes=31),
            ended=ago(minutes=29),
            artifact=artifact,
            pushed=commit("head"),
            steps=steps(BUILD_STEPS, 5),
            changes=moves()[:1],
        ),
        run(
            6,
            "deploy",
            "dev",
            "superseded",
            title="values for dev",
            commit=commit("superseded"),
            created=ago(minutes=28),
            started=None,
            ended=ago(minutes=27),
            message="A newer commit came before it began.",
        ),
        waiting(7),
        run(
            8,
            "deploy",
            "prod",
            "failed",
            good=False,
            title="a topic with fewer partitions",
            commit=commit("fewer"),
            created=ago(minutes=19),
            ended=ago(minutes=18),
            message="The plan has 1 problem.",
            hint="mend it in the declarations and push",
            steps=steps(DEPLOY_STEPS, 0, state="failed"),
            plan={
                "digest": digest("problem"),
                "settings": False,
                "created": ago(minutes=18),
                "actions": [],
                "warnings": [],
                "problems": [
                    {
                        "address": "orders/topic/raw",
                        "message": "partitions can't go from 12 to 6",
                        "hint": "declare 12, or a new topic",
                    }
                ],
            },
        ),
        run(
            9,
            "build",
            "payments-source",
            "building",
            open=True,
            title="payments: retry on 429",
            commit=commit("payments"),
            created=ago(minutes=1),
            started=ago(minutes=1),
            steps=steps(BUILD_STEPS, 1, start_minutes=1),
        ),
    ]


def audit():
    acts = [
        ("lead", "approve", run_id(7), "prod", digest("first"), None),
        ("operator", "promote", run_id(7), "prod", None, "orders, stock"),
        ("operator", "sign_in", None, None, None, None),
        ("lead", "reject", run_id(2), "test", None, "not before the gateway is there"),
        ("operator", "retry", run_id(4), "test", None, None),
        ("operator", "unhold", None, "test", None, "alerts-sink"),
    ]
    return [
        {
            "id": run_id(900 - index),
            "at": ago(minutes=4 + 37 * index),
            "by": by,
            "act": act,
            "run": run,
            "environment": environment,
            "digest": plan_digest,
            "detail": detail,
        }
        for index, (by, act, run, environment, plan_digest, detail) in enumerate(acts)
    ]


LOG = [
    ("checkout", "fetching https://git.acme.example/streaming/payments-source.git"),
    ("checkout", "at {commit}"),
    ("build", "mvn -B package"),
    ("build", "[INFO] Scanning for projects..."),
    ("build", "[INFO] --------------------< com.acme:payments-source >--------------------"),
    ("build", "[INFO] Building payments-source 2.1.0-SNAPSHOT"),
    ("build", "[WARNING] Using platform encoding (UTF-8 actually) to copy filtered resources"),
    ("build", "[INFO] Compiling 24 source files with javac [debug release 17] to target/classes"),
    ("build", "[INFO] Running com.acme.PaymentsSourceTaskTest"),
    ("build", "[INFO] Tests run: 31, Failures: 0, Errors: 0, Skipped: 0"),
]


def log_lines(one):
    names = [step["name"] for step in one["steps"] if step["started"]]
    if one["kind"] == "build":
        return [(step, text.format(commit=one["commit"])) for step, text in LOG if step in names]
    words = {
        "plan": "2 to create, 4 to change, 1 to delete, 1 rollout",
        "approval": "waits for 2 approvals of release-managers",
        "commit": "pushed to main",
        "apply": "✓ orders/connector/source updated 3.4s",
        "verify": "all connectors are RUNNING for 5 s",
    }
    return [(name, words[name]) for name in names]
