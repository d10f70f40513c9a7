"""What the figures depend on, and which two cores are used."""

from __future__ import annotations

import os
import platform
import re
import resource
from pathlib import Path


class CoresError(Exception):
    """There are too few cores."""


def _siblings(core: int) -> set[int]:
    """The hardware threads that share a physical core with `core`; that one alone if unknown."""
    path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    found = {core}
    try:
        parts = path.read_text().strip().split(",")
    except OSError:
        return found
    for part in parts:
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def choose_cores(allowed=None, siblings=_siblings) -> tuple[int, int]:
    """A core for the servers and another for the load: on two physical cores if there are."""
    cores = sorted(os.sched_getaffinity(0) if allowed is None else allowed)
    if len(cores) < 2:
        raise CoresError("the race needs two cores: one for the server, one for the load")
    apart = [core for core in cores[1:] if core not in siblings(cores[0])]
    return cores[0], (apart or cores[1:])[0]


def raise_descriptor_limit() -> int:
    """As many as the system lets us have, for all that we start. Returns how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def describe(cores: tuple[int, int]) -> dict[str, str]:
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.*)$", info, re.MULTILINE)
    is_virtual = flags is not None and "hypervisor" in flags[1].split()
    apart = cores[1] not in _siblings(cores[0])
    facts = {
        "CPU": (model[1] if model else platform.machine())
        + (", virtual machine" if is_virtual else ""),
        "cores": f"{os.cpu_count()}; servers on {cores[0]}, load on {cores[1]}"
        + ("" if apart else ", which share one physical core"),
        "kernel": f"{platform.system()} {platform.release()}",
    }
    governor = Path(f"/sys/devices/system/cpu/cpu{cores[0]}/cpufreq/scaling_governor")
    if governor.exists():
        facts["frequency governor"] = governor.read_text().strip()
    return facts
