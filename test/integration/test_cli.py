# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help, hints, completion, and what needs no network."""
import os
import pty
import shutil
import subprocess

import pytest

COMMANDS = [
    "init",
    "validate",
    "lock",
    "plan",
    "apply",
    "status",
    "promote",
    "import",
    "destroy",
    "state list",
    "state show",
    "state unlock",
    "runs",
    "logs",
    "approve",
    "reject",
    "retry",
    "publish",
    "serve",
    "fetch",
    "sandbox up",
    "sandbox down",
    "sandbox status",
    "completion",
]

DEV = """\
kafka: { bootstrap.servers: "127.0.0.1:1" }
connect: { main: { url: "http://127.0.0.1:1" } }
modules:
  orders: { source: ../modules/orders, variables: { topic: orders.raw } }
"""
ORDERS = """\
variables:
  topic: { type: string }
topics:
  raw: { name: "${var.topic}", partitions: 3 }
"""


@pytest.fixture
def orders(project):
    project.declare(dev=DEV, modules={"orders": ORDERS})
    return project


def test_overview_lists_every_command(sluice, golden):
    result = sluice("--help", code=0)
    golden("help/sluice.txt", result.out)
    for command in COMMANDS:
        assert f"\n  {command.split()[0]} " in result.out
    assert "\n  complete " not in result.out


@pytest.mark.parametrize("group", ["state", "sandbox"])
def test_group_lists_its_commands(sluice, golden, group):
    golden(f"help/{group}.txt", sluice(group, "--help", code=0).out)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(sluice, golden, command):
    result = sluice(*command.split(), "--help", code=0)
    assert result.err == ""
    assert f"sluice {command}" in result.out.split("Examples:")[1]
    golden(f"help/{command.replace(' ', '-')}.txt", result.out)


def test_without_a_command_help_goes_to_standard_error(sluice):
    result = sluice(code=1)
    assert result.out == ""
    assert "Commands:" in result.err


def test_version(sluice):
    assert sluice("--version", code=0).out.startswith("sluice ")


@pytest.mark.parametrize(
    "words, meant",
    [(["aply"], "apply"), (["stauts", "dev"], "status"), (["state", "lst", "dev"], "list")],
)
def test_an_unknown_command_gets_a_hint(sluice, words, meant):
    result = sluice(*words, code=1)
    assert result.err.startswith("error: ")
    assert f"did you mean '{meant}'?" in result.err


def test_an_unknown_option_says_where_help_is(sluice):
    result = sluice("plan", "dev", "--nonsense", code=1)
    assert "--nonsense" in result.err
    assert "hint: see sluice plan --help" in result.err


@pytest.mark.parametrize("words", [["plan"], ["plan", "dev", "prod"], ["promote", "dev"], ["import", "dev"]])
def test_a_wrong_number_of_arguments_shows_the_usage(sluice, words):
    assert f"usage: sluice {words[0]} " in sluice(*words, code=1).err


def test_an_unknown_format_is_refused(sluice):
    assert "table, json, yaml" in sluice("validate", "-o", "xml", code=1).err


def test_outside_declarations_the_error_says_so(sluice, tmp_path):
    result = sluice("validate", cwd=tmp_path, code=1)
    assert "sluice.yaml" in result.err
    assert "hint:" in result.err


def test_init_gives_declarations_that_validate(sluice, tmp_path):
    result = sluice("init", "streaming", cwd=tmp_path, code=0)
    assert "sluice.yaml" in result.out
    result = sluice("-C", "streaming", "validate", cwd=tmp_path, code=0)
    assert result.out.startswith("dev: ")
    assert result.err == ""


def test_init_keeps_what_is_there(sluice, tmp_path):
    sluice("init", cwd=tmp_path, code=0)
    assert "sluice.yaml" in sluice("init", cwd=tmp_path, code=1).err


def test_validate_counts_what_is_declared(orders):
    result = orders.sluice("validate", code=0)
    assert result.out == "dev: 1 instance, 1 topic, 0 connectors, 0 plugins\n"


def test_validate_works_from_a_folder_below(orders):
    orders.sluice("-C", "modules/orders", "validate", "dev", code=0)


def test_validate_shows_every_mistake_at_its_line(orders):
    orders.write("modules/orders/module.yaml", ORDERS.replace("partitions: 3", "partitons: 3, replication: many"))
    result = orders.sluice("validate", code=1)
    assert result.out == ""
    assert "modules/orders/module.yaml:4:" in result.err
    assert "did you mean 'partitions'?" in result.err
    assert "2 mistakes" in result.err


def test_validate_as_json(orders):
    assert orders.sluice("validate", "-o", "json", code=0).json() == []
    orders.write("modules/orders/module.yaml", ORDERS.replace("partitions", "partitons"))
    result = orders.sluice("validate", "-o", "json", code=1)
    [mistake] = result.json()
    assert mistake["severity"] == "error"
    assert mistake["file"] == "modules/orders/module.yaml"
    assert mistake["line"] == 4
    assert result.err == ""


def test_validate_of_an_unknown_environment_names_a_near_one(orders):
    result = orders.sluice("validate", "dve", code=1)
    assert "did you mean 'dev'?" in result.err


def test_apply_without_a_terminal_wants_to_be_told(orders):
    result = orders.sluice("apply", "dev", code=1)
    assert "--auto-approve" in result.err


def test_apply_where_approvals_are_asked_for_is_refused(orders):
    orders.write("environments/dev.yaml", DEV + "policy: { approvals: 2 }\n")
    result = orders.sluice("apply", "dev", "--auto-approve", code=1)
    assert "asks for 2 approvals" in result.err
    assert "--override-policy REASON" in result.err


def test_a_plan_file_that_is_not_there(orders):
    assert "none.plan" in orders.sluice("apply", "none.plan", code=1).err


def test_what_is_unreachable_is_said_as_a_chain(orders):
    result = orders.sluice("plan", "dev", code=1, timeout=300)
    assert result.err.startswith("error: cannot plan environment 'dev': ")
    assert "127.0.0.1:1" in result.err


def test_lock_refuses_plugins_that_are_not_asked_for(orders):
    assert "no plugin 'orders'" in orders.sluice("lock", "dev", "--upgrade", "orders", code=1).err
    assert "--upgrade orders" in orders.sluice("lock", "dev", "orders", code=1).err


def test_state_of_an_environment_that_was_never_planned(orders):
    assert orders.sluice("state", "list", "dev", "-o", "json", code=0).json() == []
    assert "has no state yet" in orders.sluice("state", "show", "dev", code=1).err
    assert not (orders.root / ".sluice").exists()


def test_no_colour_without_a_terminal(orders):
    orders.write("modules/orders/module.yaml", "nonsense: 1\n")
    assert "\033" not in orders.sluice("validate", code=1).err


def on_terminal(sluice, *words, cwd, env=None):
    """What the binary prints on a terminal."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sluice.binary, *words],
        cwd=cwd,
        env={**sluice.env, "TERM": "xterm", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=side,
        stderr=side,
    )
    os.close(side)
    printed = b""
    try:
        while data := os.read(main, 65536):
            printed += data
    except OSError:
        pass
    os.close(main)
    process.wait(timeout=60)
    return printed.decode()


def test_colour_on_a_terminal_but_not_with_no_color(orders):
    orders.write("modules/orders/module.yaml", "nonsense: 1\n")
    assert "\033[" in on_terminal(orders.run, "validate", cwd=orders.root)
    assert "\033[" not in on_terminal(orders.run, "validate", cwd=orders.root, env={"NO_COLOR": "1"})
    assert "\033[" not in on_terminal(orders.run, "validate", "--no-color", cwd=orders.root)


COMPLETE = """\
source <("$SLUICE" completion bash)
complete -p sluice >/dev/null || exit 1
COMP_WORDS=("$SLUICE" "$@")
COMP_CWORD=$#
compopt() { :; }
_sluice
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(project, *words):
    """What bash offers after these words, the last one being typed."""
    process = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", *words],
        cwd=project.root,
        env={**project.run.env, "SLUICE": project.run.binary},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stderr == ""
    return process.stdout.split()


@pytest.mark.parametrize(
    "words, offered",
    [
        (["pl"], ["plan"]),
        (["state", ""], ["list", "show", "unlock", "--help"]),
        (["plan", ""], ["dev", "prod"]),
        (["plan", "p"], ["prod"]),
        (["plan", "dev", "--det"], ["--detailed-exitcode"]),
        (["plan", "-o", ""], ["table", "json", "yaml"]),
        (["plan", "-o", "json", ""], ["dev", "prod"]),
        (["plan", "dev", "--target", "="], ["orders/topic/raw"]),
        (["plan", "dev", "--target", "=", "ord"], ["orders/topic/raw"]),
        (["import", "dev", "ord"], ["orders/topic/raw"]),
        (["import", "dev", "a/b/c", "ord"], ["orders/topic/raw"]),
        (["promote", "dev", ""], ["dev", "prod"]),
        (["promote", "dev", "prod", ""], ["orders"]),
        (["runs", ""], ["dev", "prod"]),
        (["logs", "l"], ["latest"]),
        (["approve", "p"], ["prod"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["plan", "dev", "--out", "sl"], ["sluice.yaml"]),
        (["apply", "e"], ["environments"]),
        (["apply", "d"], ["dev"]),
        (["apply", "--auto-approve", "--", "p"], ["prod"]),
        (["plan", "-C", "environments", "p"], ["prod"]),
        (["-C", "environments", "plan", "p"], ["prod"]),
        (["-o", "js"], ["json"]),
        (["nonsense", ""], []),
        (["plan", "dev", ""], []),
    ],
)
def test_completion_in_bash(orders, words, offered):
    prod = DEV.replace("dev", "prod")
    orders.declare(dev=DEV, prod=prod, modules={"orders": ORDERS})
    assert complete(orders, *words) == offered


def test_completion_outside_declarations_offers_no_environments(project):
    assert complete(project, "plan", "") == []


@pytest.mark.parametrize("shell, check", [("zsh", "-n"), ("fish", "--no-execute")])
def test_other_shells_take_their_script(sluice, tmp_path, shell, check):
    script = tmp_path / "script"
    script.write_text(sluice("completion", shell, code=0).out)
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    subprocess.run([shell, check, script], check=True)


def test_completion_for_an_unknown_shell(sluice):
    assert "bash, zsh, fish" in sluice("completion", "tcsh", code=1).err
