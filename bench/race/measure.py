"""Runs the load generator against the servers, round by round, and keeps what it reports."""

from __future__ import annotations

import json
import re
import subprocess

from process import ServerProcess, StartError
from rows import Row
from servers import Server

LOAD = "build/bench/load"
WARM_UP = 0.1  # Seconds.
PATIENCE = 90  # Seconds for all that is not measuring: thousands of connections to open and drain.
# What is kept of a run; the rest of what the load generator reports is what the row asked for.
REPORTED = ("seconds", "messages", "per_second", "server", "latency_ns", "errors")
# How the load generator tells of answers that came, and were not what they should be.
WRONG_ANSWER = re.compile(r"^load: connection \d+, message \d+: (a reply|the server broke)", re.M)
LOST_ANSWER = re.compile(r"never came back$", re.M)
# Neither the server nor the load generator had a core to run on: the machine's fault.
NOTHING = "nothing was measured"
TRIES = 3


def load_words(row: Row, server: Server, seconds: float) -> list[str]:
    """The load generator's command, but for the port."""
    options = dict(row.load)
    options["path"] = server.path_of(row.mode)
    options |= {"seconds": seconds, "warm-up": WARM_UP + server.more_warm_up}
    return [LOAD, row.mode, "--json", *(f"--{name}={value}" for name, value in options.items())]


def judge(status: int, output: str, errors: str) -> dict:
    """What one run of the load generator has shown: its figures, or why there are none."""
    if status == 0:
        report = json.loads(output)
        if report["messages"] == 0:
            return {"failed": "n/a", "reason": NOTHING}
        return {key: report[key] for key in REPORTED}
    reason = (errors.strip().splitlines() or [f"load: ended with status {status}"])[0]
    reason = reason.removeprefix("load: ")
    messages = json.loads(output)["messages"] if output.startswith("{") else 0
    is_wrong = WRONG_ANSWER.search(errors) or (messages > 0 and LOST_ANSWER.search(errors))
    return {"failed": "wrong" if is_wrong else "n/a", "reason": reason}


def run_once(row: Row, server: Server, cores: tuple[int, int], seconds: float) -> dict:
    """One run against a fresh process of the server."""
    server_core, load_core = cores
    words = [*server.command, *row.options.get(server.name, ())]
    try:
        with ServerProcess(words, server_core) as process:
            command = ["taskset", "--cpu-list", str(load_core),
                       *load_words(row, server, seconds), f"--port={process.port}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False,
                                  timeout=seconds + PATIENCE)
    except StartError as error:
        return {"failed": "n/a", "reason": str(error)}
    except subprocess.TimeoutExpired:
        return {"failed": "n/a", "reason": f"no end after {seconds + PATIENCE:g} s"}
    return judge(done.returncode, done.stdout, done.stderr)


def run_patiently(row: Row, server: Server, cores: tuple[int, int], seconds: float) -> dict:
    """The same, and again where the machine was to blame."""
    for _ in range(TRIES):
        run = run_once(row, server, cores, seconds)
        if not run.get("reason", "").startswith(NOTHING):
            break
    return run


def run_row(row: Row, servers: list[Server], cores: tuple[int, int], rounds: int, seconds: float,
            show) -> dict:
    """All rounds of a row: A B C A B C …, so that what the machine does meanwhile meets all alike.

    Each run has a fresh process: memory is that of this row alone, and the luck of where things
    lie in memory becomes part of the spread. Servers that have nothing of the kind are not asked,
    and one that fails once is left out of the rest of the row. `show(round, name)` is called before each run. Returns for each name either
    {"runs": [what the load generator reported, …]} or {"failed": "n/a" or "wrong", "reason": …}.
    """
    servers = [server for server in servers if server.path_of(row.mode) is not None]
    results: dict[str, dict] = {server.name: {"runs": []} for server in servers}
    for number in range(1, rounds + 1):
        for server in servers:
            result = results[server.name]
            if "failed" in result:
                continue
            show(number, server.name)
            run = run_patiently(row, server, cores, seconds)
            if "failed" in run:
                results[server.name] = run
            else:
                result["runs"].append(run)
    return results
