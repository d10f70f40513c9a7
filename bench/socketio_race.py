"""Servers of Socket.IO beside each other: edgews and npm's socket.io, on Node.

    make socketio-race [ROUNDS=5] [ROWS=regex]

Each server has core 0, the load (bench/socketio/) core 1. They take turns, round by round, after
one round that is not counted, for Node compiles what runs often; where memory is counted, each time
as fresh processes. A ratio is that of one round, edgews / socket.io, and all figures are medians.
All together writes bench/results/socketio.md; a part of the rows is only shown.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import brokers

LOAD = ["taskset", "-c", "1", "build/bench/socketio_load"]
OURS = "build/programs/socketio_server"
PEER = "bench/socketio/peer.js"
RESULTS = Path("bench/results/socketio.md")
RESTED = 0.9  # A server that takes less than this of what others left of its core had rests.
DISTURBED = 0.02  # Others have taken more than this of the server's core.


@dataclass(frozen=True)
class Row:
    name: str
    words: str  # For the load.
    bar: float  # What ours is to keep to: a ratio of CPU time, or bytes for a session.


@dataclass
class Results:
    """The runs of a row, by the round."""

    ours: list[dict] = field(default_factory=list)
    theirs: list[dict] = field(default_factory=list)


CPU_ROWS = [
    Row("echo with acknowledgement x 64 x 1", "echo", 0.55),
    Row("echo with acknowledgement x 64 x 16", "echo --in-flight 16", 0.12),
    Row("broadcast to 1,000 x 1, a delivery", "broadcast --connections 1000", 0.6),
    Row("broadcast to 1,000 x 16, a delivery", "broadcast --connections 1000 --in-flight 16", 0.12),
    Row("polling: echo with acknowledgement x 64 x 1", "echo --transport polling", 0.5),
    Row("polling: echo with acknowledgement x 64 x 16",
        "echo --transport polling --in-flight 16", 0.5),
    Row("connect by WebSocket, join, close", "connect --connections 64", 0.25),
    Row("connect by polling, join, upgrade, first acknowledgement, close",
        "upgrade --connections 256", 0.35),
]
# A tenth of the sessions is there before the first look.
MEMORY_ROWS = [
    Row("10,000 idle WebSockets", "idle --connections 10000 --seconds 0", 900),
    Row("10,000 idle sessions by polling, each with a GET on its way",
        "idle --connections 10000 --seconds 0 --transport polling", 1_536),
]


def server(which: str, port: int):
    command = [OURS] if which == "ours" else ["node", PEER]
    return brokers.program(port, *command, "--port", str(port))


def measure(row: Row, pid: int, port: int) -> dict:
    command = [*LOAD, *row.words.split(), "--pid", str(pid), "--port", str(port), "--warm-up", "1"]
    if "--seconds" not in command:
        command += ["--seconds", "2"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if run.returncode != 0:
        sys.exit(f"socketio_race: {row.name}: {run.stderr.strip()}")
    return json.loads(run.stdout.splitlines()[-1])


def results_of_cpu(row: Row, rounds: int) -> Results:
    results = Results()
    ports = brokers.free_port(), brokers.free_port()
    with server("ours", ports[0]) as ours, server("theirs", ports[1]) as theirs:
        for number in range(rounds + 1):
            figures = measure(row, ours, ports[0]), measure(row, theirs, ports[1])
            if number > 0:
                results.ours.append(figures[0])
                results.theirs.append(figures[1])
    return results


def results_of_memory(row: Row, rounds: int) -> Results:
    results = Results()
    for _ in range(rounds):
        for which, runs in (("ours", results.ours), ("theirs", results.theirs)):
            port = brokers.free_port()
            with server(which, port) as pid:
                runs.append(measure(row, pid, port))
    return results


def had_rests(runs: list[dict]) -> bool:
    return statistics.median(
        run["cpu_share"] / max(1 - run["wait_share"], 0.01) for run in runs) < RESTED


def judged(text: str, figure: float, bar: float) -> str:
    return text if figure <= bar else f"**{text}**"


def cpu_line(row: Row, results: Results) -> str:
    def cell(runs: list[dict]) -> str:
        median = statistics.median(run["cpu_ns_per_message"] for run in runs) / 1000
        return f"{median:.2f}{'*' if had_rests(runs) else ''}"

    ratio = statistics.median(ours["cpu_ns_per_message"] / theirs["cpu_ns_per_message"]
                              for ours, theirs in zip(results.ours, results.theirs))
    return (f"| {row.name} | {cell(results.ours)} | {cell(results.theirs)} | "
            f"{judged(f'{ratio:.3f}', ratio, row.bar)} | {row.bar} |")


def memory_line(row: Row, results: Results) -> str:
    ours, theirs = (statistics.median(run["memory_per_session"] for run in runs)
                    for runs in (results.ours, results.theirs))
    return (f"| {row.name} | {judged(f'{ours:,.0f}', ours, row.bar)} | {theirs:,.0f} | "
            f"{ours / theirs:.3f} | {row.bar:,} |")


def versions() -> str:
    package = json.loads(Path(PEER).with_name("package.json").read_text())
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return f"socket.io {package['dependencies']['socket.io']} on Node {node.strip().lstrip('v')}"


def heading(rounds: int) -> list[str]:
    return [f"# Socket.IO: edgews and npm's, {datetime.date.today()}", "",
            f"Written by `make socketio-race ROUNDS={rounds}`; {os.cpu_count()} CPUs, {versions()} "
            "with bufferutil. Data of",
            "125 octets; `x 64 x 16` is 64 sessions with 16 events in flight on each. A figure is "
            "the median of all rounds, a ratio",
            "that of edgews / socket.io in each round; **bold**: it is above its bar. `*`: the "
            "server had to wait for the load."]


def disturbance(runs: list[dict]) -> list[str]:
    count = sum(run["wait_share"] > DISTURBED for run in runs)
    return ["", f"The machine was not quiet: in {count} of {len(runs)} runs others took more than "
            f"{DISTURBED:.0%} of the server's core."] if count else []


def main() -> None:
    if not Path(OURS).exists():
        sys.exit(f"socketio_race: there is no {OURS}")
    rounds, wanted = int(os.environ.get("ROUNDS") or 5), os.environ.get("ROWS") or ""
    lines = heading(rounds)
    print("\n".join(lines), flush=True)
    runs: list[dict] = []
    for title, rows, results_of, line in (
            ("CPU of the server, in µs", CPU_ROWS, results_of_cpu, cpu_line),
            ("Resident memory of the server for a session, in bytes", MEMORY_ROWS,
             results_of_memory, memory_line)):
        head = ["", f"## {title}", "", "| | edgews | socket.io | ratio | bar |",
                "| --- | ---: | ---: | ---: | ---: |"]
        print("\n".join(head), flush=True)
        lines += head
        for row in rows:
            if not re.search(wanted, row.name):
                continue
            results = results_of(row, rounds)
            runs += results.ours + results.theirs
            lines.append(line(row, results))
            print(lines[-1], flush=True)
    if not runs:
        sys.exit(f"socketio_race: no row is called {wanted}")
    told = disturbance(runs)
    print("\n".join(told))
    lines += told
    if not wanted:
        RESULTS.write_text("\n".join(lines) + "\n")


main()
