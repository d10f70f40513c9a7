"""Who takes part: edgews, the floor, the peers of bench/peers/ and those given by PEER_name."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NODE_MODULES = Path("bench/peers/node_modules")
BUN = str(NODE_MODULES / "@oven/bun-linux-x64/bin/bun")
# What the Makefile uses itself; all other variables that begin with PEER_ name a server.
NOT_PEERS = {"PEER_FLAGS", "PEER_LIBRARIES"}


class OptionError(Exception):
    """An option of the race is wrong; the text names it."""


@dataclass(frozen=True)
class Server:
    name: str
    command: tuple[str, ...]  # {port} stands for the port.
    about: str = ""  # Version and flags.
    broadcast: str | None = None  # The path on which each message goes to all.
    get: str | None = None  # The path of a page of 60 bytes, by plain HTTP.
    echoes: bool = True
    more_warm_up: float = 0  # Seconds that a just-in-time compiler gets.
    is_quick: bool = True  # Takes part in the quick race.

    def path_of(self, mode: str) -> str | None:
        """Where it does what that mode of the load generator asks for. None: nowhere."""
        own = {"broadcast": self.broadcast, "get": self.get}
        return own[mode] if mode in own else "/" if self.echoes else None

    def shown_command(self) -> str:
        """The command without the folders of this machine."""
        words = (re.sub(r"^/.*/", "…/", word) for word in self.command)
        return " ".join(words)


def _output(*command: str, given: str = "") -> str:
    try:
        return subprocess.run(command, input=given, capture_output=True, text=True,
                              check=False).stdout.strip()
    except OSError:
        return ""


def _library(name: str, header: str, pattern: str, compiler: str) -> str:
    """The library and its version, which stands in one of its headers."""
    text = _output(compiler, "-std=c++17", "-E", "-dD", "-x", "c++", "-",
                   given=f"#include <{header}>\n")
    found = re.search(pattern, text)
    return f"{name} {found[1].replace('_', '.')}" if found else name


def compiler_name(build: dict[str, str]) -> str:
    return _output(build["compiler"], "--version").partition("\n")[0]


def _package(name: str) -> str:
    try:
        return json.loads((NODE_MODULES / name / "package.json").read_text())["version"]
    except OSError:
        return "?"


def built_in(build: dict[str, str]) -> list[Server]:
    """`build`: what the Makefile says: compiler, flags, peer_flags, version."""
    compiler = build["compiler"]
    flags, peer_flags = build["flags"], build["peer_flags"]
    commit = _output("git", "describe", "--always", "--dirty", "--exclude=*")
    port = ("--port", "{port}")

    def program(name: str, about: str, **more) -> Server:
        return Server(name, (f"build/bench/peers/{name}", *port), f"{about}; {peer_flags}", **more)

    return [
        Server("edgews", ("build/programs/echo", *port),
               f"{build['version']} {commit}; default build: {flags}", broadcast="/broadcast",
               get="/line"),
        Server("floor", ("build/bench/floor", *port), f"the least that works; {flags}"),
        program("beast", _library("Boost.Beast of Boost", "boost/version.hpp",
                                  r'BOOST_LIB_VERSION "(.*)"', compiler)),
        program("libwebsockets", _library("libwebsockets", "lws_config.h",
                                          r'LWS_LIBRARY_VERSION "(.*)"', compiler)),
        program("websocketpp", _library("websocketpp", "websocketpp/version.hpp",
                                        r"WebSocket\+\+/([\d.]+)", compiler), is_quick=False),
        Server("ws", ("node", "bench/peers/ws.js", *port),
               f"ws {_package('ws')} with bufferutil {_package('bufferutil')}, "
               f"node {_output('node', '--version')}", more_warm_up=0.5, is_quick=False),
        Server("bun", (BUN, "bench/peers/bun.js", *port),
               f"bun {_package('@oven/bun-linux-x64')}", more_warm_up=0.5, is_quick=False),
        Server("nginx", ("bench/peers/nginx", *port), "Debian's", get="/line", echoes=False,
               is_quick=False),
    ]


def given(environment: dict[str, str]) -> list[Server]:
    """Those that PEER_name='command' adds, with PEER_name_NOTE, PEER_name_BROADCAST, PEER_name_GET."""
    found: dict[str, dict[str, str]] = {}
    for variable, value in sorted(environment.items()):
        if not variable.startswith("PEER_") or variable in NOT_PEERS:
            continue
        match = re.fullmatch(r"PEER_([a-z][A-Za-z0-9]*)(?:_(NOTE|BROADCAST|GET))?", variable)
        if not match:
            raise OptionError(f"{variable}: a server is given as PEER_name='command', and about it"
                              " PEER_name_NOTE, PEER_name_BROADCAST and PEER_name_GET; its name is"
                              " letters and digits, the first a small letter")
        found.setdefault(match[1], {})[match[2] or "command"] = value
    servers = []
    for name, parts in found.items():
        words = shlex.split(parts.get("command", ""))
        if not words:
            raise OptionError(f"PEER_{name}: there is no command")
        if not shutil.which(words[0]):
            raise OptionError(f"PEER_{name}: there is no program {words[0]}")
        if not any("{port}" in word for word in words):
            words += ["--port", "{port}"]
        servers.append(Server(name, tuple(words), parts.get("NOTE", ""),
                              broadcast=parts.get("BROADCAST", "/broadcast"),
                              get=parts.get("GET")))
    return servers


def choose(known: list[Server], wanted: str, is_quick: bool, tell) -> list[Server]:
    """Those named by `wanted`, or all. edgews always takes part. Tells of those not built."""
    names = wanted.split()
    for name in names:
        if name not in [server.name for server in known]:
            raise OptionError(f"PEERS: there is no server {name}; there are "
                              + " ".join(server.name for server in known))
    chosen = []
    for server in known:
        if server.name != "edgews" and (server.name not in names if names
                                        else is_quick and not server.is_quick):
            continue
        if shutil.which(server.command[0]):
            chosen.append(server)
        else:
            tell(f"{server.name} is left out: there is no {server.command[0]}")
    return chosen
