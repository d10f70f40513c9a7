"""Brokers and nodes of the benchmarks: processes on loopback, on core 0, that end with a `with`."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
ACTIVEMQ = "/usr/share/activemq"
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"{process.args} ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    sys.exit(f"{process.args} does not listen")


@contextlib.contextmanager
def program(port: int, *command: str, core: str = "0", **more):
    """A program that listens on `port`, by its process id."""
    with subprocess.Popen(["taskset", "-c", core, *command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, **more) as process:
        try:
            await_port(port, process)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def stomp_broker(tcp: int, web: int, *options: str, **more):
    return program(tcp, "build/programs/stomp_broker", "--port", str(web), "--tcp-port", str(tcp),
                   *options, **more)


@contextlib.contextmanager
def rabbitmq(tcp: int, web: int):
    """Debian's, with one scheduler and a folder of its own: the virtual machine's process id."""
    with tempfile.TemporaryDirectory(prefix="rabbitmq-") as folder:
        Path(folder, "plugins").write_text("[rabbitmq_stomp,rabbitmq_web_stomp].\n")
        Path(folder, "rabbit.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{free_port()}\nstomp.listeners.tcp.1 = 127.0.0.1:{tcp}\n"
            f"web_stomp.tcp.ip = 127.0.0.1\nweb_stomp.tcp.port = {web}\n")
        environment = os.environ | {
            "HOME": folder, "RABBITMQ_NODENAME": f"bench{os.getpid()}@localhost",
            "RABBITMQ_MNESIA_BASE": folder, "RABBITMQ_LOG_BASE": folder,
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbit.conf", "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
            "RABBITMQ_DIST_PORT": str(free_port()), "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1"}
        with subprocess.Popen(["taskset", "-c", "0", RABBITMQ], env=environment,
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


@contextlib.contextmanager
def activemq(tcp: int):
    with tempfile.TemporaryDirectory(prefix="activemq-") as folder:
        Path(folder, "activemq.xml").write_text(f"""
            <beans xmlns="http://www.springframework.org/schema/beans"
                xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                xsi:schemaLocation="http://www.springframework.org/schema/beans
                    http://www.springframework.org/schema/beans/spring-beans-2.0.xsd
                    http://activemq.apache.org/schema/core
                    http://activemq.apache.org/schema/core/activemq-core.xsd">
            <broker xmlns="http://activemq.apache.org/schema/core" useJmx="false"
                brokerName="localhost" dataDirectory="{folder}/data" persistent="false">
                <transportConnectors>
                    <transportConnector name="stomp" uri="stomp://127.0.0.1:{tcp}"/>
                </transportConnectors>
            </broker></beans>""")
        libraries = f"{folder}:{ACTIVEMQ}/lib/*:{ACTIVEMQ}/lib/optional/*"
        with program(tcp, "java", "-Xmx1G", f"-Dactivemq.home={ACTIVEMQ}",
                     f"-Dactivemq.base={folder}", f"-Dactivemq.conf={folder}",
                     f"-Dactivemq.data={folder}/data", "-cp", libraries, "-jar",
                     f"{ACTIVEMQ}/bin/activemq.jar", "start", "xbean:activemq.xml",
                     cwd=folder, stderr=subprocess.DEVNULL) as pid:
            yield pid


@contextlib.contextmanager
def redis(port: int):
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        with program(port, "redis-server", "--port", str(port), "--bind", "127.0.0.1",
                     "--save", "", "--dir", folder) as pid:
            yield pid
