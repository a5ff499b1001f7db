#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Sluice at the size of a large company, each number against a named reference in the same run.

usage: bench.py BINARY [--connectors N] [--runs N] [-o table|json] [--write]
The topics are on a real broker; the connectors are in fake_connect.py, since a real worker can't hold a thousand of them on one
machine. --write puts the table into docs/benchmarks.md."""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

import declarations
import serve

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TERRAFORM = "Measured elsewhere: Terraform 1.11 with the community provider makes 1,000 requests for that plan, in 5 s and 180 MB."

WALL, CPU, MEMORY, RATE = "wall", "cpu", "memory", "rate"


def say(what):
    print(what, file=sys.stderr, flush=True)


class Bench:
    """Runs programs as the benchmark's user, in a home of its own."""

    def __init__(self, binary, home):
        self.binary = binary
        self.helpers = build_helpers(binary)
        self.home = home
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG", "JAVA_HOME") if name in os.environ},
            "HOME": str(home),
            "SLUICE_KAFKA": os.environ.get("SLUICE_KAFKA") or str(newest_kafka()),
            "BENCH_PASSWORD": "bench-password",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }

    def sluice(self, *words):
        """Runs Sluice, which must succeed, and gives what it printed."""
        done = subprocess.run([self.binary, *words], env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"sluice {' '.join(words)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def measure(self, command, stdin=None):
        """What one run of a command costs: seconds, seconds of CPU, MB."""
        with tempfile.TemporaryFile() as report, open(stdin or os.devnull, "rb") as source:
            done = subprocess.run(
                ["/bin/sh", "-c", f'exec "$@" 3>&{report.fileno()}', "sh", self.helpers / "measure", *command],
                env=self.environment, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=[report.fileno()],
            )
            report.seek(0)
            wall, cpu, memory, status = map(int, report.read().split())
        if done.returncode != 0 or status != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit status {status}\n{done.stderr.decode()}")
        return {WALL: wall / 1e6, CPU: cpu / 1e6, MEMORY: memory / 1024}

    def compare(self, name, reference, figures, runs, command, other, stdin=None):
        """One row: a command of Sluice and its reference by turns, after one run of each to warm up."""
        say(f"measuring: {name}")
        ours, theirs = [], []
        for number in range(runs + 1):
            ours.append(self.measure(command))
            theirs.append(self.measure(other, stdin))
        return {
            "name": name,
            "reference": reference,
            "runs": runs,
            "figures": {figure: summarize(ours[1:], theirs[1:], figure) for figure in figures},
        }


def summarize(ours, theirs, figure):
    """Median and least of both, and their ratios; the ratio of medians says what one will see, that of the least what the code costs."""
    columns = {who: [cost[figure] for cost in costs] for who, costs in (("sluice", ours), ("reference", theirs))}
    summary = {who: {"median": statistics.median(values), "min": min(values), "all": values} for who, values in columns.items()}
    ratio = {kind: summary["sluice"][kind] / max(summary["reference"][kind], 1e-6) for kind in ("median", "min")}
    return {**summary, "ratio": ratio}


def build_helpers(binary):
    """The folder of measure and bulk_reads, built where the program was."""
    build = binary.parents[2]
    subprocess.run(["ninja", "-C", build, "test/bench/measure", "test/bench/bulk_reads"], check=True, stdout=subprocess.DEVNULL)
    return build / "test/bench"


def newest_kafka():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "sluice"
    folder = max(cache.glob("kafka-*/libs"), default=None)
    if folder is None:
        sys.exit("there is no Kafka: run scripts/kafka")
    return folder.parent


@contextlib.contextmanager
def sandbox(bench):
    name = f"bench-{os.getpid()}"
    say("starting a broker")
    bench.sluice("sandbox", "up", name)
    try:
        yield json.loads(bench.sluice("sandbox", "status", name, "-o", "json"))["bootstrap"]
    finally:
        bench.sluice("sandbox", "down", name, "--purge")


@contextlib.contextmanager
def fake_connect():
    plugins = [f"--plugin={name}={declarations.VERSION}" for name in (declarations.CLASS, declarations.CONVERTER)]
    worker = subprocess.Popen([sys.executable, HERE / "fake_connect.py", *plugins], stdout=subprocess.PIPE, text=True)
    try:
        yield worker.stdout.readline().strip()
    finally:
        worker.terminate()
        worker.wait()


def run(options, bench, bootstrap, connect):
    root = bench.home / "declarations"
    topics = declarations.generate(root, options.connectors, bootstrap, connect)
    names = bench.home / "topics.txt"
    names.write_text("".join(f"{topic}\n" for topic in topics))
    here = [bench.binary, "-C", root]
    bench.sluice("-C", str(root), "lock", "dev")
    files = sorted(root.rglob("*.yaml"))
    count = f"{options.connectors:,} connectors and {len(topics):,} topics"
    say(f"creating {count}")
    first = bench.measure([*here, "apply", "dev", "--auto-approve"])
    size = sum(path.stat().st_size for path in files)
    rows = [
        bench.compare(
            f"plan of {count}, nothing to do",
            "the same bulk reads, side by side, with the answers thrown away (test/bench/bulk_reads.c)",
            [WALL, CPU, MEMORY], options.runs, [*here, "plan", "dev"],
            [bench.helpers / "bulk_reads", bootstrap, connect, ",".join(declarations.KEYS)], names,
        ),
        bench.compare(
            f"validate of the same declarations ({len(files)} files, {size / 1024:.0f} kB)",
            "cat of the same files",
            [WALL, CPU, MEMORY], options.runs, [*here, "validate", "dev"], ["cat", *files],
        ),
        bench.compare(
            "start-up: sluice --version", "/bin/true", [WALL, CPU, MEMORY], options.runs * 3, [bench.binary, "--version"], ["/bin/true"]
        ),
    ]
    planned = rows[0]["figures"][WALL]["sluice"]["all"]
    rows += serve.measure(bench, root, count, min(options.runs, 7), planned)
    return {"rows": rows, "first_apply": {"actions": options.connectors + len(topics), **first}}


def describe_machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = int(next(line for line in open("/proc/meminfo") if line.startswith("MemTotal")).split()[1]) / 1024**2
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release().split('-')[0]}"


def show(figure, value):
    if figure == MEMORY:
        return f"{value:.1f} MB"
    if figure == RATE:
        return f"{value:,.0f}/s"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def table(rows):
    """Lines of (what, sluice, reference, ratio, ratio of the least)."""
    lines = []
    for row in rows:
        for figure, summary in row["figures"].items():
            both = [show(figure, summary[who]["median"]) for who in ("sluice", "reference")]
            lines.append((row, figure, *both, f"{summary['ratio']['median']:.2f}", f"{summary['ratio']['min']:.2f}"))
    return lines


def print_table(results):
    seen = None
    for row, figure, ours, theirs, ratio, least in table(results["rows"]):
        if row is not seen:
            print(f"{row['name']}\n  against {row['reference']}; {row['runs']} runs by turns")
            print(f"  {'':8}{'sluice':>12}{'reference':>12}{'ratio':>9}{'of the least':>15}")
            seen = row
        print(f"  {figure:8}{ours:>12}{theirs:>12}{ratio:>9}{least:>15}")
    print()
    print(describe_first(results["first_apply"]))
    print(TERRAFORM)
    print(f"{results['machine']}; {results['date']}; {results['version']}")


def describe_first(first):
    each = first[WALL] / first["actions"] * 1000
    return (
        f"The first apply, {first['actions']:,} creates, took {first[WALL]:.1f} s ({each:.1f} ms each), "
        f"{first[CPU]:.1f} s of CPU and {first[MEMORY]:.0f} MB."
    )


def write_page(results):
    lines = [
        "# Benchmarks",
        "",
        "`make bench` prints them; `test/bench/bench.py BINARY --write` writes this page. Each figure is the median of runs that took",
        "turns with runs of a reference, on the same machine and data: read the ratios, the rest is the machine's.",
        "",
        f"{results['machine']}; {results['date']}; {results['version']}.",
        "",
        "| what | | sluice | reference | ratio | ratio of the least |",
        "|---|---|---:|---:|---:|---:|",
    ]
    seen = None
    for row, *cells in table(results["rows"]):
        lines.append(f"| {row['name'] if row is not seen else ''} | {' | '.join(cells)} |")
        seen = row
    lines += ["", "The references:", ""]
    lines += [f"- {row['name']}: {row['reference']}; {row['runs']} runs each." for row in results["rows"]]
    lines += [
        "",
        describe_first(results["first_apply"]) + " " + TERRAFORM,
        "",
        "How it is measured: a real broker of `sluice sandbox` holds the topics. The connectors are in `test/bench/fake_connect.py`, a",
        "fake worker in memory, since a real one can't hold a thousand on one machine; it answers faster than a real one, so that the",
        "ratios are those of a network without delay. The declarations have ten modules of a connector (18 keys, one of them sensitive,",
        "two plugins with pins) and two topics (two keys), and a row for each instance. Memory is the peak of what is resident.",
        "",
    ]
    page = ROOT / "docs/benchmarks.md"
    page.write_text("\n".join(lines))
    say(f"wrote {page}")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--connectors", type=int, default=1000, metavar="N", help="with two topics each (1000)")
    parser.add_argument("--runs", type=int, default=11, metavar="N", help="of each program (11)")
    parser.add_argument("-o", "--output", choices=["table", "json"], default="table")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    return parser.parse_args()


def main():
    options = parse_options()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as home:
        bench = Bench(options.binary, pathlib.Path(home))
        with sandbox(bench) as bootstrap, fake_connect() as connect:
            results = run(options, bench, bootstrap, connect)
        version = bench.sluice("--version").strip()
    results |= {"machine": describe_machine(), "date": datetime.date.today().isoformat(), "version": version}
    if options.output == "json":
        print(json.dumps(results, indent=2))
    else:
        print_table(results)
    if options.write:
        write_page(results)


if __name__ == "__main__":
    main()
