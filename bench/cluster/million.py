"""As many connections as the machine holds, over as many nodes as the descriptor limit asks for.

    make cluster-million [CONNECTIONS=1000000]

Each node is a topic_node on one hub, each has one process of listeners (listeners.cpp), and all are
subscribed to one topic. Then some messages are published on the first node, one at a time. Memory
is counted twice: that of the nodes, and all that the machine has less of, kernel and listeners too.
"""

from __future__ import annotations

import base64
import collections
import contextlib
import json
import os
import resource
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import brokers

SPARE_DESCRIPTORS = 100
MESSAGES = 5
QUIET_SECONDS = 15  # Between two messages: longer than one takes to all.


@contextlib.contextmanager
def publisher(port: int, path: str):
    """A WebSocket that sends texts, and reads nothing."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            .encode())
        if b" 101 " not in connection.recv(4096):
            sys.exit("million: the publisher is refused")
        # Masked with zeros (RFC 6455, section 5.3): that changes nothing.
        yield lambda text: connection.sendall(
            struct.pack("!BB4x", 0x81, 0x80 | len(text)) + text.encode())


def available() -> int:
    """Bytes that the machine could still give."""
    text = Path("/proc/meminfo").read_text()
    return next(int(line.split()[1]) for line in text.splitlines()
                if line.startswith("MemAvailable")) * 1024


def memory_of(pids: list[int]) -> int:
    """What is theirs alone, in bytes."""
    return sum(int(line.split()[1]) * 1024 for pid in pids
               for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
               if line.startswith("Private_"))


def open_listeners(stack: contextlib.ExitStack, ports: list[int], total: int) -> list:
    """Two processes of them at a time: one for each core."""
    each = -(-total // len(ports))
    counts = [min(each, total - i * each) for i in range(len(ports))]
    processes: list[subprocess.Popen] = []
    for i, (port, count) in enumerate(zip(ports, counts)):
        processes.append(stack.enter_context(subprocess.Popen(
            ["build/bench/listeners", str(port), str(count), "/t/all"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)))
        if i > 0:
            await_ready(processes[i - 1])
    await_ready(processes[-1])
    return processes


def await_ready(process: subprocess.Popen) -> None:
    if not process.stdout.readline().startswith("ready"):
        sys.exit("million: some listeners are not connected")


def quantile(delivered: collections.Counter, part: float) -> int:
    wanted, seen = part * delivered.total(), 0
    for ms in sorted(delivered):
        seen += delivered[ms]
        if seen >= wanted:
            return ms + 1
    return 0


def main() -> None:
    total = int(sys.argv[1])
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    node_count = -(-total // (limit - SPARE_DESCRIPTORS))
    with contextlib.ExitStack() as stack:
        hub = brokers.free_port()
        stack.enter_context(brokers.stomp_broker(hub, brokers.free_port()))
        ports = [brokers.free_port() for _ in range(node_count)]
        nodes = [stack.enter_context(brokers.program(
            port, "build/programs/topic_node", "--port", str(port), "--backplane",
            f"stomp://127.0.0.1:{hub}", core="0-1", stderr=subprocess.DEVNULL)) for port in ports]
        machine, theirs, begin = available(), memory_of(nodes), time.monotonic()
        listeners = open_listeners(stack, ports, total)
        seconds = time.monotonic() - begin
        print(f"{total:,} connections, {node_count} nodes, {seconds:.0f} s: "
              f"{total / seconds:,.0f} a second\nmemory for a connection: "
              f"{(memory_of(nodes) - theirs) / total:,.0f} B of the nodes, "
              f"{(machine - available()) / total:,.0f} B of the machine", flush=True)
        for _ in range(MESSAGES):
            time.sleep(QUIET_SECONDS)
            with publisher(ports[0], "/t/all") as send:
                send(str(time.monotonic_ns()))
        time.sleep(QUIET_SECONDS)
        delivered: collections.Counter = collections.Counter()
        still_open = 0
        for process in listeners:
            process.stdin.close()
            told = json.loads(process.stdout.readline())
            still_open += told["open"]
            delivered.update({int(ms): count for ms, count in told["delivered"].items()})
    print(f"{still_open:,} still open; {delivered.total():,} of {total * MESSAGES:,} delivered, "
          f"in ms: p50 {quantile(delivered, 0.5)}, p99 {quantile(delivered, 0.99)}, "
          f"all {quantile(delivered, 1)}")
    if still_open != total or delivered.total() != total * MESSAGES:
        sys.exit(1)


main()
