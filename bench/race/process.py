"""A server of the race as a process: started on a core of its own, awaited, and ended."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_SECONDS = 10
STOP_SECONDS = 3


class StartError(Exception):
    """A server did not start; the text says why."""


def free_port() -> int:
    """A port that nobody listens on, below those that the kernel gives to clients."""
    first_of_clients = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10_000, max(first_of_clients, 10_001))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class ServerProcess:
    """`with ServerProcess(command, core) as server:` is a server that listens on server.port.

    It has a process group of its own, so that Ctrl-C reaches the race first and a server behind
    a script ends with the script.
    """

    def __init__(self, command: list[str], core: int):
        self.port = free_port()
        words = [word.replace("{port}", str(self.port)) for word in command]
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *words], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self._errors, start_new_session=True)

    def __enter__(self) -> ServerProcess:
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        for order, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, None)):
            try:
                os.killpg(self._process.pid, order)
                self._process.wait(seconds)
            except ProcessLookupError:
                self._process.wait()
            except subprocess.TimeoutExpired:
                continue
        self._errors.close()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise StartError(f"does not listen within {START_SECONDS} s") from None
                time.sleep(0.005)
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        reason = f": {lines[0]}" if lines else ""
        raise StartError(f"ended with status {self._process.returncode}{reason}")
