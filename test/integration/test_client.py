# SPDX-License-Identifier: Apache-2.0
"""The commands that talk to the daemon, against a fake of its API: what they show, ask and send, and each fault in words."""
import os
import pty
import subprocess

import pytest

from conftest import Result
from fake_server import TOKEN, FakeServer, Fault, ago, digest, refusal, run

BUILD = "01J9YYYYYY0000000000BLD111"
DEV = "01J9ZZZZZZ0000000000DEV222"
PROD = "01J9ZZZZZZ0000000000PRD333"

ACTIONS = [
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
        "changes": [{"key": "orders-source", "old": "1.4.2", "new": "1.5.0"}],
    },
    {
        "id": "orders/connector/source",
        "address": "orders/connector/source",
        "operation": "update",
        "name": "orders-eu",
        "drift": False,
        "changes": [
            {"key": "config.orders.token", "old": "•••", "new": "•••", "sensitive": True},
            {"key": "config.orders.batch.size", "old": "7", "new": "100", "drift": True},
            {"key": "config.connector.plugin.version", "old": "1.4.2", "new": None, "deferred": "orders-source@1.5.0"},
            {"key": "state", "old": "stopped", "new": "running"},
        ],
    },
    {
        "id": "topic/audit.log",
        "address": "topic/audit.log",
        "operation": "create",
        "changes": [{"key": "partitions", "old": None, "new": "3"}, {"key": "replication", "old": None, "new": "-1"}],
    },
    {"id": "old/connector/sink", "address": "old/connector/sink", "operation": "delete", "changes": []},
    {"id": "old/connector/spare", "address": "old/connector/spare", "operation": "delete", "changes": [], "stops": True},
    {"id": "old/topic/gone", "address": "old/topic/gone", "operation": "create", "changes": [], "recreate": True},
    {
        "id": "old/connector/touched",
        "address": "old/connector/touched",
        "operation": "update",
        "name": "touched",
        "drift": True,
        "changes": [{"key": "state", "old": "paused", "new": "running", "drift": True}],
    },
    {
        "id": "settings",
        "address": "settings",
        "operation": "settings",
        "changes": [{"key": "policy.approvals", "old": "1", "new": "2"}],
    },
]


def plan(number=1, **more):
    warnings = ["orders/topic/raw: more partitions change where keys go"]
    return {
        "digest": digest(number),
        "settings": False,
        "created": ago(hours=3),
        "actions": ACTIONS,
        "warnings": warnings,
        "problems": [],
        **more,
    }


def approval(**more):
    return {
        "needed": 2,
        "given": [{"by": "lin", "at": ago(hours=1)}],
        "approvers": ["release-managers"],
        "authors": ["ada@acme.example"],
        "expires": ago(hours=-20, minutes=-30),
        "may": True,
        "why_not": None,
        **more,
    }


def waiting(id=PROD, **more):
    moves = [
        {"kind": "plugin", "name": "orders-source", "before": "1.4.2", "after": "1.5.0"},
        {"kind": "module", "name": "orders", "before": None, "after": "89abcdef0123456789abcdef0123456789abcdef"},
    ]
    return run(
        id,
        **{
            "subject": "prod",
            "state": "waiting",
            "open": True,
            "good": None,
            "cause": "promotion",
            "by": "grace",
            "title": "promote orders-source 1.5.0",
            "changes": moves,
            "plan": plan(),
            "approval": approval(),
            **more,
        },
    )


@pytest.fixture
def server():
    with FakeServer() as server:
        server.add(run(BUILD, kind="build", subject="orders-source", version="1.5.0", title=None), b"08:00 build  built\n")
        server.add(run(DEV, good=False, state="failed", message="boom\nand more", hint="look at it"), b"08:01 plan  planned\n")
        yield server


@pytest.fixture
def home(tmp_path):
    """A home of its own for the configuration file."""
    return tmp_path / "home"


@pytest.fixture
def ask(sluice, server, home):
    """Runs a command against the fake server; the token is never in what it prints."""

    def ask(*words, env=None, said=True, **more):
        known = {"SLUICE_SERVER": server.url, "SLUICE_TOKEN": TOKEN} if said else {}
        result = sluice(*words, env={"XDG_CONFIG_HOME": str(home), **known, **(env or {})}, **more)
        assert TOKEN not in result.out + result.err, repr(result)
        return result

    return ask


@pytest.fixture
def configure(home):
    def configure(text, mode=0o600):
        file = home / "sluice" / "config.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    return configure


# runs


def test_runs_are_a_table_with_ages(ask, server):
    server.add(waiting())
    lines = ask("runs", code=0).out.splitlines()
    assert lines[0].split() == ["RUN", "SUBJECT", "KIND", "STATE", "CAUSE", "CREATED", "AGE", "ABOUT"]
    assert [line.split()[0] for line in lines[1:]] == [PROD, DEV, BUILD]
    assert lines[1].split()[1:5] == ["prod", "deploy", "waiting", "promotion"]
    assert "3h ago  promote orders-source 1.5.0" in lines[1]
    assert "boom and more" in lines[2]
    assert lines[3].endswith("1.5.0")
    assert server.requests[0].query == {"limit": "20"}


def test_runs_of_a_subject_that_are_open(ask, server):
    server.add(waiting())
    assert ask("runs", "prod", "--open", "--limit", "3", code=0).out.count("\n") == 2
    assert server.requests[0].query == {"limit": "3", "open": "true", "subject": "prod"}
    result = ask("runs", "nothing", code=0)
    assert (result.out, result.err) == ("", "there is no such run\n")


def test_runs_as_json_is_what_the_api_answers(ask, server):
    assert ask("runs", "-o", "json", code=0).json() == {"runs": server.runs}
    assert ask("runs", "-o", "yaml", code=0).out.startswith("runs:\n  - id: ")


@pytest.mark.parametrize("limit", [0, 501, -1])
def test_runs_has_a_limit_of_its_limit(ask, server, limit):
    assert "1 to 500" in ask("runs", f"--limit={limit}", code=1).err
    assert server.requests == []


def test_what_the_server_says_cannot_drive_the_terminal(ask, server):
    server.add(run(PROD, title="\033[31mred", subject="\033]0;owned"))
    assert "\033" not in ask("runs", code=0).out
    server.faults.append(refusal(403, "\033[31mno"))
    assert "\033" not in ask("runs", code=1).err


# Which run is meant


@pytest.mark.parametrize(
    "word, meant", [(DEV, "planned"), ("dev222", "planned"), ("01j9yy", "built"), ("latest", "planned"), ("orders-source", "built")]
)
def test_a_run_is_meant_by_id_part_subject_or_latest(ask, word, meant):
    assert meant in ask("logs", word, code=0).out


def test_a_subject_means_its_newest_run(ask, server):
    server.add(run("01J9ZZZZZZ0000000000DEV444"), b"newer\n")
    assert ask("logs", "dev", code=0).out == "newer\n"


def test_a_part_of_several_runs_is_refused(ask, server):
    server.add(waiting())
    result = ask("logs", "01J9ZZ", code=1)
    assert "'01J9ZZ' means 2 runs" in result.err
    assert f"{PROD}, {DEV}" in result.err


@pytest.mark.parametrize("word", ["v222", "unknown", "ABCDEF", "01J9ZZZZZZ0000000000XXXXXX", "a/../b?c"])
def test_what_means_no_run_is_said(ask, word):
    result = ask("logs", word, code=1)
    assert result.err.startswith("error: ")
    assert f"'{word}'" in result.err


def test_latest_where_there_is_none(ask, server):
    server.runs.clear()
    assert "there is no run yet" in ask("logs", "latest", code=1).err


# logs


def raw(sluice, server, *words):
    """What the command writes, as bytes."""
    env = {**sluice.env, "SLUICE_SERVER": server.url, "SLUICE_TOKEN": TOKEN}
    return subprocess.run([sluice.binary, *words], env=env, capture_output=True, check=True, timeout=60).stdout


def test_a_log_is_given_byte_by_byte(sluice, server):
    log = b"\033[31mred\xff\0\r\nno end" + b"x" * 300_000
    server.add(waiting(), log)
    assert raw(sluice, server, "logs", "prod") == log


def test_a_log_on_a_terminal_is_cleaned(sluice, server):
    server.add(waiting(), "\033[31mred\0 gr\u00fcn\nno end".encode())
    main, side = pty.openpty()
    env = {**sluice.env, "SLUICE_SERVER": server.url, "SLUICE_TOKEN": TOKEN, "TERM": "xterm"}
    subprocess.run([sluice.binary, "logs", "prod"], env=env, stdin=subprocess.DEVNULL, stdout=side, check=True, timeout=60)
    os.close(side)
    printed = os.read(main, 65536).decode()
    os.close(main)
    assert printed == "\ufffd[31mred\ufffd gr\u00fcn\r\nno end"


def growing(server, parts, end):
    """A run whose log grows by a part whenever it is looked at, and then ends."""
    detail = server.add(waiting(state="applying"))
    left = list(parts)

    def before(request):
        if request.path != f"/api/v1/runs/{PROD}":
            return
        if left:
            server.logs[PROD] += left.pop(0)
        else:
            detail.update(open=False, **end)

    server.before = before
    return detail


def test_following_goes_on_until_a_run_ended_well(ask, server):
    growing(server, [b"one\n", b"two, ", b"half\n", b"three\n"], {"state": "done", "good": True})
    result = ask("logs", "prod", "--follow", code=0)
    assert result.out == "one\ntwo, half\nthree\n"
    assert result.err == f"prod: done (run {PROD})\n"


@pytest.mark.parametrize(
    "end, words",
    [
        ({"state": "failed", "good": False, "message": "not healthy", "hint": "see its trace"}, "failed: not healthy\nhint: see its trace"),
        ({"state": "superseded", "good": None}, "superseded"),
    ],
)
def test_following_a_run_that_ends_otherwise_is_an_error(ask, server, end, words):
    growing(server, [b"one\n"], end)
    result = ask("logs", "prod", "-f", code=1)
    assert result.out == "one\n"
    assert result.err == f"error: run {PROD} of prod ended as {words}\n"


def test_following_outlasts_a_server_that_is_away(ask, server):
    growing(server, [b"one\n", b"two\n", b"three\n"], {"state": "done", "good": True})
    server.faults += [Fault(503, "/log", times=1), Fault(502, f"{PROD}$", times=0)]
    grow = server.before

    def before(request):
        grow(request)
        if server.logs[PROD].endswith(b"two\n"):
            server.faults[1].times = 2
            server.before = grow

    server.before = before
    result = ask("logs", "prod", "--follow", code=0)
    assert result.out == "one\ntwo\nthree\n"
    assert "trying again" in result.err


def test_following_outlasts_a_restart_of_the_server(sluice, server, home):
    detail = server.add(waiting(state="applying"), b"one\n")
    env = {"SLUICE_SERVER": server.url, "SLUICE_TOKEN": TOKEN, "XDG_CONFIG_HOME": str(home)}
    process = sluice.start("logs", "prod", "--follow", env=env)
    assert process.stdout.readline() == "one\n"
    server.stop()
    assert "trying again" in process.stderr.readline()
    server.logs[PROD] += b"two\n"
    detail.update(state="done", open=False, good=True)
    server.start(server.port)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, "two\n"), err


def test_following_does_not_wait_for_a_token_that_is_refused(ask, server):
    growing(server, [b"one\n"] * 5, {})
    server.faults.append(refusal(401, "expired", path="/log", times=9))
    result = ask("logs", "prod", "--follow", code=1)
    assert "trying again" not in result.err


# approve


def test_approving_shows_the_plan_first(ask, server, golden):
    server.add(waiting())
    result = ask("approve", "prod", "--auto-approve", code=0)
    golden("client/approve.txt", result.out)
    assert [request.body for request in server.asked("POST")] == [{"digest": digest(1)}]


def test_a_plan_that_changes_settings_says_so(ask, server):
    server.add(waiting(plan=plan(settings=True)))
    assert "a second plan follows" in ask("approve", "prod", "--auto-approve", code=0).out


def test_a_subject_means_its_run_that_waits_where_one_is_wanted(ask, server):
    server.add(waiting())
    server.add(run("01J9ZZZZZZ0000000000PRD444", subject="prod"))
    ask("approve", "prod", "--auto-approve", code=0)
    ask("reject", "latest", code=0)
    assert [request.path.split("/")[4:] for request in server.asked("POST")] == [[PROD, "approve"], [PROD, "reject"]]
    ask("retry", "prod", code=0)
    assert server.asked("POST")[-1].path.split("/")[4] == "01J9ZZZZZZ0000000000PRD444"


def test_approving_as_json(ask, server):
    server.add(waiting())
    result = ask("approve", "prod", "--auto-approve", "-o", "json", code=0)
    assert result.json()["state"] == "applying"
    assert "Plan: 2 to create" in result.err


def test_approving_by_digest_approves_that_plan_only(ask, server):
    server.add(waiting())
    ask("approve", "prod", "--digest", digest(1), code=0)
    assert [request.body for request in server.asked("POST")] == [{"digest": digest(1)}]
    server.requests.clear()
    result = ask("approve", "prod", "--digest", digest(2), code=1)
    assert "its plan is another one by now" in result.err
    assert f"its digest is {digest(1)}" in result.err
    assert server.asked("POST") == []


@pytest.mark.parametrize("text", ["sha256:12", "12", "sha512:" + "0" * 64, "sha256:" + "G" * 64])
def test_what_is_no_digest_is_refused(ask, server, text):
    assert "is no plan's digest" in ask("approve", "prod", "--digest", text, code=1).err
    assert server.requests == []


def test_approving_without_a_terminal_wants_to_be_told(ask, server):
    server.add(waiting())
    result = ask("approve", "prod", code=1)
    assert "--digest" in result.err and "--auto-approve" in result.err
    assert server.requests == []


@pytest.fixture
def answering(sluice, server, home):
    """Runs a command with a terminal as its input, on which `answers` are typed."""

    def answering(*words, answers):
        main, side = pty.openpty()
        env = {**sluice.env, "SLUICE_SERVER": server.url, "SLUICE_TOKEN": TOKEN, "XDG_CONFIG_HOME": str(home)}
        process = subprocess.Popen(
            [sluice.binary, *words], env=env, stdin=side, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        os.close(side)
        os.write(main, answers.encode())
        process.stdout, process.stderr = process.communicate(timeout=60)
        os.close(main)
        return Result(words, process)

    return answering


@pytest.mark.parametrize("answers, code", [("yes\n", 0), ("n\n", 1), ("\n", 1)])
def test_approving_asks_on_a_terminal(answering, server, answers, code):
    server.add(waiting())
    result = answering("approve", "prod", answers=answers)
    assert result.code == code, repr(result)
    assert "Approve this for prod? [y/N]" in result.err
    assert ("nothing was approved" in result.err) == (code == 1)
    assert len(server.asked("POST")) == 1 - code


def moving(server, times):
    """A waiting run whose plan moves `times` times, each just before it is approved."""
    detail = server.add(waiting())
    moved = []

    def before(request):
        if request.method == "POST" and len(moved) < times:
            moved.append(request)
            detail["plan"] = plan(1 + len(moved), actions=ACTIONS[: -len(moved)])

    server.before = before


def test_a_plan_that_moved_is_shown_and_asked_about_again(answering, server):
    moving(server, 1)
    result = answering("approve", "prod", answers="y\ny\n")
    assert result.code == 0, repr(result)
    assert result.err.count("Approve this for prod?") == 2
    assert "The plan changed meanwhile; as it is now:" in result.err
    assert ("and settings" in result.out.split("Plan: ")[1], "and settings" in result.out.split("Plan: ")[2]) == (True, False)
    assert [request.body["digest"] for request in server.asked("POST")] == [digest(1), digest(2)]


def test_a_plan_that_moved_can_be_left(answering, server):
    moving(server, 1)
    assert answering("approve", "prod", answers="y\nn\n").code == 1
    assert len(server.asked("POST")) == 1


def test_a_plan_that_moves_on_and_on_is_given_up(ask, server):
    moving(server, 5)
    result = ask("approve", "prod", "--auto-approve", code=1)
    assert result.err.count("changed meanwhile") == 2
    assert f"error: cannot approve run {PROD}: {server.url}: the plan moved\nhint: look at it again" in result.err


def test_a_plan_named_by_its_digest_that_moves_is_an_error(ask, server):
    moving(server, 1)
    assert "the plan moved" in ask("approve", "prod", "--digest", digest(1), code=1).err
    assert len(server.asked("POST")) == 1


def test_a_conflict_that_no_other_plan_explains_is_an_error_at_once(ask, server):
    server.add(waiting())
    server.faults.append(refusal(409, "you have approved it already", method="POST", times=9))
    assert "you have approved it already" in ask("approve", "prod", "--auto-approve", code=1).err
    assert len(server.asked("POST")) == 1


@pytest.mark.parametrize(
    "detail, words",
    [
        ({"approval": approval(may=False, why_not="you wrote the change")}, "you wrote the change"),
        ({"approval": approval(may=False)}, "you may not approve it now"),
        ({"approval": None}, "it needs no approval"),
        ({"plan": None, "state": "planning"}, "it has no plan; it is planning"),
        ({"open": False, "state": "done", "good": True}, "it has ended: done"),
        ({"plan": plan(problems=[{"address": "a/topic/b", "message": "is taken", "hint": None}])}, "its plan can't be applied"),
        ({"plan": plan(actions=[{**ACTIONS[0], "operation": "explode"}])}, "('explode')"),
    ],
)
def test_what_cannot_be_approved_is_said_and_nothing_is_sent(ask, server, detail, words):
    server.add(waiting(**detail))
    result = ask("approve", "prod", "--auto-approve", code=1)
    assert f"error: cannot approve run {PROD}: " in result.err
    assert words in result.err
    assert server.asked("POST") == []


# reject, retry


def test_rejecting_says_why(ask, server):
    server.add(waiting())
    assert ask("reject", "prod", "--reason", "after the holidays", code=0).out == f"prod: rejected (run {PROD})\n"
    assert [request.body for request in server.asked("POST")] == [{"reason": "after the holidays"}]
    result = ask("reject", "prod", code=1)
    assert result.err.startswith(f"error: cannot reject run {PROD}: {server.url}: the run has ended\n")


def test_retrying_gives_the_new_run(ask, server):
    result = ask("retry", "dev", "-o", "json", code=0)
    assert result.json()["cause"] == "retry"
    assert result.json()["id"] != DEV
    assert ask("retry", "dev", code=0).out.startswith("dev: planning (run ")


# Faults


@pytest.mark.parametrize(
    "fault, words",
    [
        (refusal(401, "this token is nobody's", "sign in"), ["this token is nobody's", "hint: the token is from SLUICE_TOKEN"]),
        (refusal(403, "you are no approver", "ask one"), ["you are no approver", "hint: ask one"]),
        (refusal(403, "you are no approver"), ["hint: the server's file says who has which role"]),
        (refusal(500, "the disk is full"), ["the disk is full", "hint: its log tells more"]),
        (refusal(503, "the declarations can't be read"), ["the declarations can't be read", "hint: try again"]),
        (Fault(200, body="<html>"), ["does not answer as a Sluice does (200, text/html)", "is this the address"]),
        (Fault(200, body="[]", type="application/json"), ["does not answer as a Sluice does"]),
        (Fault(200, body="{}", type="application/json"), ["the answer has no runs in it"]),
        (Fault(200, body='{"runs": 7}', type="application/json"), ["the answer has no runs in it"]),
        (Fault(404, body="<html>"), ["does not answer as a Sluice does (404, text/html)"]),
        (Fault(401, body='{"error": 1}', type="application/json"), ["does not answer as a Sluice does (401"]),
        (Fault(500, body="oops", type="text/plain"), ["does not answer as a Sluice does (500, text/plain)"]),
        (Fault(502, body="<html>"), ["a proxy before it can't reach it", "is the server running?"]),
    ],
)
def test_every_fault_has_its_words(ask, server, fault, words):
    fault.times = 1
    server.faults.append(fault)
    result = ask("runs", code=1)
    assert result.out == ""
    assert result.err.startswith("error: cannot list runs: ")
    assert "\nhint: " in result.err
    for part in words:
        assert part in result.err


def test_a_wrong_token_is_refused_by_the_server(ask):
    result = ask("runs", env={"SLUICE_TOKEN": "wrong-token"}, code=1)
    assert "this token is nobody's" in result.err
    assert "wrong-token" not in result.err


def test_a_server_that_is_not_there(ask, server):
    server.stop()
    result = ask("runs", code=1)
    assert f"error: cannot list runs: {server.url} can't be reached: " in result.err
    assert "hint: is the server running, and is this its address?" in result.err


def test_a_change_whose_answer_is_lost_may_have_been_made(ask, server):
    server.add(waiting())

    def hang_up(request):
        if request.method == "POST":
            raise ConnectionAbortedError

    server.before = hang_up
    server.http.handle_error = lambda *_: None
    result = ask("reject", "prod", code=1)
    assert "hint: whether it was done is not known: see sluice runs" in result.err
    assert len(server.asked("POST")) == 1


def test_a_redirect_does_not_get_a_change_or_the_token(ask, server):
    with FakeServer() as other:
        server.add(waiting())
        server.faults.append(Fault(307, method="POST", headers=(("Location", other.url + "/api/v1/runs/x/reject"),)))
        assert "does not answer as a Sluice does (307" in ask("reject", "prod", code=1).err
        server.faults.append(Fault(302, headers=(("Location", other.url.replace("127.0.0.1", "localhost") + "/api/v1/runs"),)))
        ask("runs", code=1)
        assert [request.token for request in other.requests] == [""]


# Which server, which token


def test_without_a_server_the_hint_says_where_to_write_it(ask, home):
    result = ask("runs", said=False, code=1)
    assert result.err.startswith("error: no server is said\nhint: give --server URL, set SLUICE_SERVER, or write 'server: URL' into ")
    assert f"{home}/sluice/config.yaml" in result.err


def test_without_a_token_the_hint_says_where_to_write_it(ask, server, home):
    result = ask("runs", "--server", server.url, said=False, code=1)
    assert f"error: there is no token for {server.url}\nhint: set SLUICE_TOKEN, or write" in result.err
    assert server.requests == []


def test_server_and_token_of_the_configuration_file(ask, server, configure):
    configure(f"server: {server.url}/\ntoken: {TOKEN}\n")
    ask("runs", said=False, code=0)
    assert server.requests[0].token == TOKEN


def test_a_token_of_a_file_or_the_environment(ask, server, configure, home):
    configure(f"server: {server.url}\ntoken: {{ file: token }}\n", mode=0o644)
    (home / "sluice" / "token").write_text(TOKEN + "\n")
    ask("runs", said=False, code=0)
    configure(f"server: {server.url}\ntoken: {{ env: MY_TOKEN }}\n", mode=0o644)
    ask("runs", said=False, env={"MY_TOKEN": TOKEN}, code=0)
    assert "'MY_TOKEN' is not set" in ask("runs", said=False, code=1).err


def test_what_is_said_nearer_wins(ask, server, configure):
    configure("server: http://127.0.0.1:1\ntoken: other\n")
    ask("runs", code=0)
    ask("runs", "--server", server.url, said=False, env={"SLUICE_SERVER": "http://127.0.0.1:1", "SLUICE_TOKEN": TOKEN}, code=0)


def test_a_configuration_that_is_not_needed_is_not_read(ask, configure):
    configure("nonsense: [")
    ask("runs", code=0)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_token_that_others_can_read_is_refused(ask, server, configure, mode):
    file = configure(f"server: {server.url}\ntoken: {TOKEN}\n", mode)
    result = ask("runs", said=False, code=1)
    assert f"error: '{file}' holds a token, and others can read it\nhint: chmod 600 {file}\n" == result.err
    assert server.requests == []


def test_a_file_without_a_token_may_be_read_by_all(ask, server, configure):
    configure(f"server: {server.url}\n", mode=0o644)
    ask("runs", said=False, env={"SLUICE_TOKEN": TOKEN}, code=0)


def test_the_token_of_the_file_goes_to_the_server_of_the_file_only(ask, server, configure):
    configure(f"server: https://sluice.acme.example\ntoken: {TOKEN}\n")
    result = ask("runs", "--server", server.url, said=False, code=1)
    assert f"there is no token for {server.url}" in result.err
    assert "is for https://sluice.acme.example; set SLUICE_TOKEN" in result.err
    assert server.requests == []


@pytest.mark.parametrize(
    "text, words",
    [
        (f"servr: x\ntoken: {TOKEN}\n", [":1:1: unknown key 'servr'", "did you mean 'server'?"]),
        (f"token: [{TOKEN}]\nserver: http://127.0.0.1:1\n", [":1:8: token is"]),
        (f"token: {{ fiel: {TOKEN} }}\nserver: http://127.0.0.1:1\n", [":1:8: token is"]),
        (f"token: {{ file: a, env: {TOKEN} }}\nserver: http://127.0.0.1:1\n", [":1:8: token is"]),
        (f"token: '{TOKEN}\n", ["config.yaml:"]),
        (f"{TOKEN}\n", ["must be a mapping"]),
        ("token: ''\nserver: http://127.0.0.1:1\n", ["the token is empty"]),
        ("token: { file: none }\nserver: http://127.0.0.1:1\n", [":1:16: token: ", "none"]),
        (f"server: 'http://ada:{TOKEN}@127.0.0.1'\n", [":1:9: server must be an address alone"]),
        ("server: [a]\n", [":1:9: server must be an address"]),
        ("server: ''\n", [":1:9: server is no http or https address"]),
    ],
)
def test_a_mistake_in_the_configuration_is_shown_without_its_line(ask, configure, text, words):
    configure(text)
    result = ask("runs", said=False, code=1)
    for part in words:
        assert part in result.err


@pytest.mark.parametrize(
    "url, words",
    [
        ("127.0.0.1:8080", "--server is no http or https address"),
        ("localhost:8080", "--server is no http or https address"),
        ("ftp://127.0.0.1", "--server is no http or https address"),
        ("http://", "--server is no http or https address"),
        (f"http://ada:{TOKEN}@127.0.0.1:1", "with no user, query or fragment"),
        (f"http://127.0.0.1:1/?token={TOKEN}", "with no user, query or fragment"),
        (f"http://ada:{TOKEN}@:x", "--server is no http or https address"),
    ],
)
def test_an_address_that_is_none_is_not_shown(ask, url, words):
    assert words in ask("runs", "--server", url, code=1).err


@pytest.mark.parametrize("host", ["sluice.acme.example", "192.0.2.1:8080", "[2001:db8::1]:8080", "127.0.0.1.acme.example"])
def test_a_token_is_not_sent_without_tls(ask, host):
    result = ask("runs", "--server", f"http://{host}", code=1)
    assert f"a token is not sent to http://{host}: without TLS" in result.err
    assert "hint: use https, or a tunnel" in result.err


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.9:1", "[::1]:1", "LOCALHOST:1"])
def test_within_this_machine_no_tls_is_needed(ask, host):
    assert "can't be reached" in ask("runs", "--server", f"http://{host}", code=1).err


def test_a_server_may_lie_below_a_path(ask, server):
    ask("runs", "--server", server.url + "/sluice/", code=1)
    assert server.requests[0].path == "/sluice/api/v1/runs"
