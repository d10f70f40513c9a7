"""Nodes that share topics, beside what others do: CPU here and upstream, loss, and what comes twice.

    make cluster-race [SECONDS=20] [ROWS=regex]

One client publishes messages of 100 octets on the first of three nodes, others are subscribed on
all of them. Nodes and upstream have core 0, the load (load.js) core 1. The CPU time that the
upstream takes when nobody publishes is measured before, and taken off. All together writes
bench/results/cluster.md; a part of the rows is only shown.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import brokers

LOAD = ["taskset", "-c", "1", "node", "bench/cluster/load.js"]
NODE_COUNT = 3
IDLE_SECONDS = 3
RESULTS = Path("bench/results/cluster.md")


@dataclass(frozen=True)
class Row:
    name: str
    upstream: str  # hub, rabbitmq, activemq, redis
    node: str  # relay, topic_node, socketio; "": each session is the upstream's own
    kind: str  # of the load: stomp, websocket, socketio


ROWS = [
    Row("relay, edgews hub", "hub", "relay", "stomp"),
    Row("relay, RabbitMQ", "rabbitmq", "relay", "stomp"),
    Row("a connection upstream for each session (Spring's way), RabbitMQ", "rabbitmq", "", "stomp"),
    Row("relay, ActiveMQ", "activemq", "relay", "stomp"),
    Row("a connection upstream for each session (Spring's way), ActiveMQ", "activemq", "", "stomp"),
    Row("backplane, edgews hub", "hub", "topic_node", "websocket"),
    Row("backplane, RabbitMQ", "rabbitmq", "topic_node", "websocket"),
    Row("backplane, Redis", "redis", "topic_node", "websocket"),
    Row("Socket.IO with its Redis adapter", "redis", "socketio", "socketio"),
]
LOADS = [(1_000, 10), (300, 200)]  # subscribers, messages a second
# What would take an upstream more than a core.
TOO_MUCH = {(300, 200, "")}


@contextlib.contextmanager
def upstream_of(row: Row):
    """(process id, URL) of what the nodes share."""
    port, web = brokers.free_port(), brokers.free_port()
    url = f"stomp://127.0.0.1:{port}"
    if row.upstream == "hub":
        with brokers.stomp_broker(port, web) as pid:
            yield pid, url
    elif row.upstream == "rabbitmq":
        with brokers.rabbitmq(port, web) as pid:
            yield pid, f"stomp://guest:guest@127.0.0.1:{port}/%2F"
    elif row.upstream == "activemq":
        with brokers.activemq(port) as pid:
            yield pid, url
    else:
        with brokers.redis(port) as pid:
            yield pid, f"redis://127.0.0.1:{port}"


def node_of(row: Row, upstream: str, port: int):
    if row.node == "relay":
        kind = {"hub": "edgews"}.get(row.upstream, row.upstream)
        return brokers.stomp_broker(port, brokers.free_port(), "--relay", upstream,
                                    "--upstream-kind", kind, stderr=subprocess.DEVNULL)
    if row.node == "topic_node":
        return brokers.program(port, "build/programs/topic_node", "--port", str(port),
                               "--backplane", upstream, stderr=subprocess.DEVNULL)
    return brokers.program(port, "node", "bench/cluster/socketio_node.js", str(port), upstream)


def cpu_ns(pids: list[int]) -> int:
    """Of all threads that there are now."""
    return sum(int(task.read_text().split()[0]) for pid in pids
               for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))


def measure(row: Row, subscribers: int, rate: int, seconds: int) -> dict:
    with contextlib.ExitStack() as stack:
        upstream_pid, url = stack.enter_context(upstream_of(row))
        ports = [brokers.free_port() for _ in range(NODE_COUNT if row.node else 0)]
        nodes = [stack.enter_context(node_of(row, url, port)) for port in ports]
        scheme = {"stomp": "stomp", "websocket": "ws", "socketio": "http"}[row.kind]
        urls = [f"{scheme}://127.0.0.1:{port}" for port in ports] or [url]
        load = stack.enter_context(subprocess.Popen(
            [*LOAD, row.kind, str(subscribers), str(rate), str(seconds), *urls],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        if load.stdout.readline() != "ready\n":
            sys.exit(f"cluster: the load of {row.name} is not ready")
        before = cpu_ns([upstream_pid])
        time.sleep(IDLE_SECONDS)
        idle = (cpu_ns([upstream_pid]) - before) / IDLE_SECONDS
        start, upstream, here = time.monotonic(), cpu_ns([upstream_pid]), cpu_ns(nodes)
        load.stdin.write("go\n")
        load.stdin.flush()
        result = json.loads(load.stdout.readline())
        upstream = cpu_ns([upstream_pid]) - upstream - idle * (time.monotonic() - start)
        here = cpu_ns(nodes) - here
    return result | {"upstream_us": upstream / result["messages"] / 1000,
                     "node_us": here / max(1, result["deliveries"]) / 1000}


def line(row: Row, figures: dict) -> str:
    node = f"{figures['node_us']:.2f}" if row.node else ""
    return (f"| {row.name} | {figures['upstream_us']:,.0f} | {node} | {figures['p50_ms']:.2f} | "
            f"{figures['p99_ms']:.2f} | {figures['lost']} | {figures['twice']} | "
            f"{figures['late']} |")


def main() -> None:
    seconds, wanted = int(sys.argv[1]), sys.argv[2]
    lines = [f"# {NODE_COUNT} nodes, one publisher, messages of 100 octets", "",
             "CPU in µs: of the upstream for a message, of the nodes for a delivery; from publish to"
             " message in ms.", f"Written by `make cluster-race`; {os.cpu_count()} CPUs."]
    for subscribers, rate in LOADS:
        lines += ["", f"## {subscribers:,} subscribers, {rate} messages a second for {seconds} s", "",
                  "| | upstream | nodes | p50 | p99 | lost | twice | out of order |",
                  "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
        print("\n".join(lines[-3:]), flush=True)
        for row in ROWS:
            if not re.search(wanted, row.name) or (subscribers, rate, row.node) in TOO_MUCH:
                continue
            lines.append(line(row, measure(row, subscribers, rate, seconds)))
            print(lines[-1], flush=True)
    if not wanted:
        RESULTS.write_text("\n".join(lines) + "\n")


main()
