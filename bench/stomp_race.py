"""The STOMP brokers beside each other: edgews and RabbitMQ (Debian's rabbitmq-server).

    make stomp-race [ROUNDS=3]

Each broker has core 0, the load (bench/stomp_load.cpp) core 1. Rounds alternate between the two;
the table has the medians of CPU time per delivered message, in µs, and what RabbitMQ takes times
as long. RabbitMQ runs with one scheduler, its own folder and ports, and is stopped at the end.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys

from brokers import free_port, rabbitmq, stomp_broker

LOAD = "build/bench/stomp_load"
ROWS = {
    "topic, 1 to 1": ["--mode", "topic"],
    "topic, 1 to 100": ["--mode", "topic", "--subscribers", "100", "--window", "64"],
    "queue, client-individual": ["--mode", "queue"],
}


def measure(pid: int, tcp: int, url: str, words: list[str]) -> float:
    where = ["--url", url] if url else ["--port", str(tcp)]
    command = ["taskset", "-c", "1", LOAD, "--pid", str(pid), "--seconds", "2", *where, *words]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if run.returncode != 0:
        sys.exit(f"stomp_race: {run.stderr.strip()}")
    return json.loads(run.stdout.splitlines()[-1])["cpu_ns_per_delivery"] / 1000


def main() -> None:
    rounds = int(os.environ.get("ROUNDS") or 3)
    ports = [(free_port(), free_port()) for _ in range(2)]
    version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "rabbitmq-server"],
                             capture_output=True, text=True, check=False).stdout
    with stomp_broker(*ports[0]) as ours, rabbitmq(*ports[1]) as theirs:
        print(f"CPU µs per delivered message of 100 B, medians of {rounds} rounds; RabbitMQ "
              f"{re.sub('[-+].*', '', version)}\n\n| | edgews | RabbitMQ | times |\n|---|---|---|---|")
        for carrier in ("TCP", "WebSocket"):
            for name, words in ROWS.items():
                times: list[list[float]] = [[], []]
                for _ in range(rounds):
                    for which, pid in enumerate((ours, theirs)):
                        tcp, web = ports[which]
                        url = f"ws://127.0.0.1:{web}/ws" if carrier == "WebSocket" else ""
                        times[which].append(measure(pid, tcp, url, words))
                mine, other = (statistics.median(values) for values in times)
                print(f"| {carrier}: {name} | {mine:.2f} | {other:.1f} | {other / mine:.0f} |",
                      flush=True)


main()
