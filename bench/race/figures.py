"""From runs to the text of a table's cell: medians, spread, units, ratios, marks."""

from __future__ import annotations

from statistics import median

SATURATED = 0.9  # A server that takes less than this of its core had rests.
DISTURBED = 0.02  # Others have taken more than this of the server's core.


def pick(run: dict, key: str):
    """The number at "a.b" of what the load generator reported, or None."""
    for part in key.split("."):
        run = run.get(part) if isinstance(run, dict) else None
    return run


def values(result: dict | None, key: str) -> list[float]:
    """The figure of each round; none unless all rounds have it."""
    found = [pick(run, key) for run in (result or {}).get("runs", [])]
    return [] if None in found else found


def spread(numbers: list[float]) -> float:
    """Half the way from the least to the most, as a part of the median."""
    middle = median(numbers)
    return (max(numbers) - min(numbers)) / 2 / middle if middle else 0.0


def is_saturated(result: dict) -> bool:
    """Whether the server worked nearly all the time that it could get of its core."""
    def part(run: dict) -> float:
        server = run["server"]
        return server["cpu_share"] / max(1 - server["wait_share"], 0.01)
    return median(part(run) for run in result["runs"]) >= SATURATED


def is_disturbed(run: dict) -> bool:
    return (pick(run, "server.wait_share") or 0) > DISTURBED


def three_digits(number: float) -> str:
    if number >= 999.5:
        return f"{number:,.0f}"
    if number >= 99.95:
        return f"{number:.0f}"
    return f"{number:.1f}" if number >= 9.995 else f"{number:.2f}"


def quantity(number: float, unit: str) -> str:
    """"231 ns", "5.27 µs", "1,234 B"."""
    if unit == "bytes":
        return f"{number:,.0f} B"
    if number < 999.5:
        return f"{number:.0f} ns"
    for size, name in ((1e3, "µs"), (1e6, "ms")):
        if number / size < 999.5:
            return f"{three_digits(number / size)} {name}"
    return f"{three_digits(number / 1e9)} s"


def mark(row: dict, result: dict) -> str:
    return "\\*" if row["is_saturating"] and not is_saturated(result) else ""


def median_cell(row: dict, figure: dict, name: str) -> str:
    """The median of a server's rounds, with its spread and marks; or why there is none."""
    result = row["results"].get(name, {})
    if "failed" in result:
        return result["failed"]
    numbers = values(result, figure["key"])
    if not numbers:
        return "n/a"
    text = quantity(median(numbers), figure["unit"])
    if len(numbers) > 1:
        text += f" ±{100 * spread(numbers):.0f} %"
    return text + mark(row, result)


def ratio_cell(row: dict, figure: dict, name: str) -> str:
    """edgews over another server, round by round, and the median of these; bold where edgews needs
    more. A machine that is slower for some rounds is so for both."""
    ours, theirs = row["results"].get("edgews", {}), row["results"].get(name, {})
    mine, other = values(ours, figure["key"]), values(theirs, figure["key"])
    if not mine or not other or min(other) <= 0:
        return "wrong" if "wrong" in (ours.get("failed"), theirs.get("failed")) else "n/a"
    text = f"{median(a / b for a, b in zip(mine, other)):.2f}"
    if float(text) > 1:
        text = f"**{text}**"
    return text + (mark(row, ours) or mark(row, theirs))
