"""The rows of the race: what each one asks of the load generator, and which figures it shows.

A row's name says it all: `echo 125 B x 64 x 16` is messages of 125 bytes on 64 connections, with
16 messages in flight on each.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One number of what the load generator reports: where it is, what it is called, its unit."""

    key: str
    label: str
    unit: str


@dataclass(frozen=True)
class Row:
    name: str
    group: str
    mode: str
    load: dict  # Options of the load generator, without the dashes.
    figures: tuple[Figure, ...]
    seconds: float = 0.4
    rounds: int = 5
    is_quick: bool = False  # Takes part in the quick race.
    is_saturating: bool = True  # The server should have no rest; it is told when it had.
    options: dict = field(default_factory=dict)  # More words for a server's command, by its name.


CPU = (Figure("server.cpu_ns", "CPU", "ns"),)
TRIP = (Figure("latency_ns.p50", "p50", "ns"),)
LATENCY = tuple(
    Figure(f"latency_ns.{key}", key.replace("_", "."), "ns") for key in ("p50", "p99", "p99_9")
)
LONG_LATENCY = LATENCY + (Figure("latency_ns.p99_99", "p99.99", "ns"),)
MEMORY = (Figure("server.rss_per_connection", "memory", "bytes"),)

KIB = 1024
MIB = 1024 * KIB
IDLE_MAX = 19_000  # Fits a limit of 20,000 descriptors.

ECHO = "Echo: server CPU per message"
TEXT = "Text, checked to be UTF-8: server CPU per message"
LATENCIES = "Latency"
LIVES = "Connections"
BROADCAST = "Broadcast: server CPU per delivery"
GET = "Plain HTTP, GET of 60 bytes, pipelined where several are on the way: server CPU per answer"

#   size     connections      in flight
ECHOES = [
    (16, (64, 500, 2000), (1, 16)),
    (125, (64, 500, 2000), (1, 16)),
    (512, (64, 500, 2000), (1, 16)),
    (KIB, (64, 500, 2000), (1, 16)),
    (16 * KIB, (64, 500), (1, 16)),
    (MIB, (1, 64), (1,)),
]
TEXTS = [("ascii", 16 * KIB)] + [
    (alphabet, size) for alphabet in ("cyrillic", "cjk", "emoji") for size in (KIB, 16 * KIB)
]
QUICK = {
    "echo 125 B x 64 x 1",
    "echo 125 B x 64 x 16",
    "echo 1 KiB x 64 x 16",
    "echo 16 KiB x 64 x 16",
    "echo 1 MiB x 64 x 1",
    "text cjk 16 KiB x 64 x 16",
}


def size_text(size: int) -> str:
    for unit, name in ((MIB, "MiB"), (KIB, "KiB")):
        if size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} B"


def _echo(size: int, connections: int, in_flight: int, payload: str = "binary") -> Row:
    kind = "echo" if payload == "binary" else f"text {payload}"
    name = f"{kind} {size_text(size)} x {connections} x {in_flight}"
    load = {"size": size, "connections": connections, "in-flight": in_flight, "payload": payload}
    group = ECHO if payload == "binary" else TEXT
    return Row(name, group, "echo", load, CPU, is_quick=name in QUICK)


def _broadcast(size: int, connections: int, in_flight: int, is_quick: bool = False) -> Row:
    name = f"broadcast {size_text(size)} x {connections} x {in_flight}"
    load = {"size": size, "connections": connections, "in-flight": in_flight}
    return Row(name, BROADCAST, "broadcast", load, CPU, is_quick=is_quick)


def _get(connections: int, in_flight: int) -> Row:
    return Row(f"get x {connections} x {in_flight}", GET, "get",
               {"connections": connections, "in-flight": in_flight}, CPU)


def _rate(rate: int) -> Row:
    load = {"rate": rate, "connections": 64, "size": 125}
    return Row(f"rate {rate:,}/s 125 B x 64", LATENCIES, "rate", load, LATENCY, seconds=1.5,
               is_quick=True, is_saturating=False)


def _ping_pong(name: str, figures: tuple[Figure, ...], **more) -> Row:
    load = {"size": 125, "connections": 1, "in-flight": 1}
    return Row(name, LATENCIES, "echo", load, figures, is_quick=True, is_saturating=False, **more)


def table(idle: int = IDLE_MAX) -> list[Row]:
    """All rows, in the order of the report. `idle`: how many silent connections there can be."""
    rows = [
        _echo(size, connections, in_flight)
        for size, crowds, flights in ECHOES
        for in_flight in flights
        for connections in crowds
    ]
    rows += [_echo(size, 64, 16, payload) for payload, size in TEXTS]
    rows += [
        _ping_pong("lone ping-pong", TRIP + CPU),
        _ping_pong("lone ping-pong, busy_poll 50 us", TRIP,
                   options={"edgews": ("--busy-poll", "50")}),
        _rate(20_000),
        _rate(100_000),
        Row(f"rate 20,000/s 125 B x 64, {idle:,} idle beside", LATENCIES, "mixed",
            {"rate": 20_000, "connections": 64, "size": 125, "idle": idle}, LONG_LATENCY,
            seconds=60, rounds=1, is_saturating=False),
        Row("handshake x 64", LIVES, "handshake", {"connections": 64}, CPU, is_quick=True),
        Row(f"idle x {idle:,}", LIVES, "idle", {"connections": idle}, MEMORY, seconds=0.1,
            rounds=3, is_quick=True, is_saturating=False),
        _broadcast(125, 1000, 1, is_quick=True),
        _broadcast(125, 1000, 16),
        _broadcast(64 * KIB, 100, 1),
        _get(64, 1),
        _get(64, 16),
    ]
    return rows
