"""The STOMP brokers beside each other: edgews and RabbitMQ (Debian's rabbitmq-server).

    make stomp-race [ROUNDS=3]

Each broker has core 0, the load (bench/stomp_load.cpp) core 1. Rounds alternate between the two;
the table has the medians of CPU time per delivered message, in µs, and what RabbitMQ takes times
as long. RabbitMQ runs with one scheduler, its own folder and ports, and is stopped at the end.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LOAD = "build/bench/stomp_load"
ROWS = {
    "topic, 1 to 1": ["--mode", "topic"],
    "topic, 1 to 100": ["--mode", "topic", "--subscribers", "100", "--window", "64"],
    "queue, client-individual": ["--mode", "queue"],
}
SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"stomp_race: a broker ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    sys.exit("stomp_race: a broker does not listen")


@contextlib.contextmanager
def edgews(tcp: int, web: int):
    command = ["build/programs/stomp_broker", "--port", str(web), "--tcp-port", str(tcp)]
    with subprocess.Popen(["taskset", "-c", "0", *command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL) as process:
        try:
            await_port(tcp, process)
            yield process.pid
        finally:
            process.terminate()


@contextlib.contextmanager
def rabbitmq(tcp: int, web: int):
    with tempfile.TemporaryDirectory(prefix="stomp-race-") as folder:
        Path(folder, "plugins").write_text("[rabbitmq_stomp,rabbitmq_web_stomp].\n")
        Path(folder, "rabbit.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{free_port()}\nstomp.listeners.tcp.1 = 127.0.0.1:{tcp}\n"
            f"web_stomp.tcp.ip = 127.0.0.1\nweb_stomp.tcp.port = {web}\n")
        environment = os.environ | {
            "HOME": folder, "RABBITMQ_NODENAME": f"race{os.getpid()}@localhost",
            "RABBITMQ_MNESIA_BASE": folder, "RABBITMQ_LOG_BASE": folder,
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbit.conf", "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
            "RABBITMQ_DIST_PORT": str(free_port()), "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1"}
        with subprocess.Popen(["taskset", "-c", "0", SERVER], env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              start_new_session=True) as process:
            try:
                await_port(web, process)
                yield emulator_of(folder)
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                stop_all(folder, environment)


def stop_all(folder: str, environment: dict[str, str]) -> None:
    """Also what RabbitMQ's scripts leave behind: the machine, and the daemon that knows its name."""
    end = time.monotonic() + START_SECONDS
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < end:
            os.kill(emulator_of(folder), signal.SIGTERM)
            time.sleep(0.2)
    subprocess.run(["epmd", "-kill"], env=environment, check=False, stdout=subprocess.DEVNULL)


def emulator_of(folder: str) -> int:
    """The process of Erlang's virtual machine, which a script started."""
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = status.read_bytes()
            if b"beam" in words.split(b"\0")[0] and folder.encode() in words:
                return int(status.parent.name)
    raise ProcessLookupError("RabbitMQ's virtual machine is not there")


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
    with edgews(*ports[0]) as ours, rabbitmq(*ports[1]) as theirs:
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
