"""The plots, drawn by gnuplot: SVG without a background, in tones that fit light and dark pages."""

from __future__ import annotations

import subprocess
from pathlib import Path
from statistics import median

from figures import values
from rows import size_text

TEXT_COLOUR = "#808890"
GRID_COLOUR = "#80808080"
COLOURS = {"edgews": "#e8590c", "floor": "#868e96"}
OTHER_COLOURS = ("#1c8ad9", "#2f9e44", "#ae5bd6", "#c99700", "#12a5a5", "#e0479e", "#7a7af0")
PERCENTILES = (("p50", "50"), ("p90", "90"), ("p99", "99"), ("p99_9", "99.9"))

Series = dict[str, list[tuple[float, float]]]  # For each server its points.


def _styles(names: list[str]) -> str:
    """Line style N for the Nth server. edgews is the thick line, the floor the dashed one."""
    others = [name for name in names if name not in COLOURS]
    lines = []
    for number, name in enumerate(names, 1):
        colour = COLOURS.get(name) or OTHER_COLOURS[others.index(name) % len(OTHER_COLOURS)]
        width, dash = (4, 1) if name == "edgews" else (2, 2) if name == "floor" else (2, 1)
        lines.append(f"set style line {number} linecolor rgb '{colour}' linewidth {width}"
                     f" dashtype {dash} pointtype 7 pointsize 0.5")
    return "\n".join(lines) + "\n"


def _head(file: Path, width: int, height: int) -> str:
    return f"""
set terminal svg size {width},{height} dynamic enhanced font 'Helvetica,Arial,sans-serif,14'
set output '{file.as_posix()}'
set border 3 linecolor rgb '{TEXT_COLOUR}'
set tics nomirror textcolor rgb '{TEXT_COLOUR}'
set title textcolor rgb '{TEXT_COLOUR}'
set xlabel textcolor rgb '{TEXT_COLOUR}'
set ylabel textcolor rgb '{TEXT_COLOUR}'
set format y '%.0s%c'
set grid ytics linecolor rgb '{GRID_COLOUR}' linewidth 0.5 dashtype 1
set key textcolor rgb '{TEXT_COLOUR}' noenhanced
"""


def _lines(series: Series, names: list[str]) -> str:
    """The data of each server, and the command that draws them all."""
    blocks, parts = [], []
    for name, points in series.items():
        number = names.index(name) + 1
        blocks.append(f"$data{number} << END\n"
                      + "\n".join(f"{x} {y}" for x, y in points) + "\nEND")
        parts.append(f"$data{number} using 1:2 with linespoints linestyle {number} title '{name}'")
    return "\n".join(blocks) + "\nplot " + ", \\\n  ".join(parts) + "\n"


def _tics(places: list[tuple[float, str]]) -> str:
    return "set xtics (" + ", ".join(f"'{text}' {at}" for at, text in places) + ")\n"


def _size_tics(sizes: list[int]) -> str:
    """Those that are far enough apart to be read."""
    shown: list[int] = []
    for size in sizes:
        if not shown or size >= 5 * shown[-1]:
            shown.append(size)
    return _tics([(size, size_text(size)) for size in shown])


def cpu_series(race: dict, in_flight: int) -> Series:
    """CPU per echo of a binary message on 64 connections, by its size."""
    series: Series = {}
    for row in race["rows"]:
        load = row["load"]
        if (row["mode"], load.get("payload"), load.get("connections"), load.get("in-flight")) != (
                "echo", "binary", 64, in_flight):
            continue
        for name, result in row["results"].items():
            if numbers := values(result, "server.cpu_ns"):
                series.setdefault(name, []).append((load["size"], median(numbers)))
    return series


def latency_series(race: dict, rate: int) -> Series:
    """Percentiles in microseconds, evenly spaced."""
    series: Series = {}
    for row in race["rows"]:
        if row["mode"] != "rate" or row["load"]["rate"] != rate:
            continue
        for name, result in row["results"].items():
            found = [values(result, f"latency_ns.{key}") for key, _ in PERCENTILES]
            if all(found):
                series[name] = [(at, median(numbers) / 1000) for at, numbers in enumerate(found)]
    return series


def memory_bars(race: dict) -> list[tuple[str, float]]:
    bars = []
    for row in race["rows"]:
        for name, result in row["results"].items():
            numbers = values(result, "server.rss_per_connection") if row["mode"] == "idle" else []
            if numbers:
                bars.append((name, median(numbers)))
    return sorted(bars, key=lambda bar: bar[1])


def _panels(file: Path, names: list[str], title: str, axes: str,
            panels: list[tuple[str, str, Series]]) -> str:
    """Panels side by side, each with a title, its tics and its lines. The last has the legend."""
    text = _head(file, 1000, 440) + _styles(names) + axes
    text += (f"set multiplot layout 1,{len(panels)} title '{title}' textcolor rgb '{TEXT_COLOUR}'"
             " margins 0.08,0.82,0.2,0.82 spacing 0.07\n")
    for number, (subtitle, tics, series) in enumerate(panels, 1):
        is_last = number == len(panels)
        text += "set key outside right center\n" if is_last else "unset key\n"
        text += f"set title '{subtitle}'\n" + tics + _lines(series, names) + "unset ylabel\n"
    return text + "unset multiplot\n"


def cpu_script(race: dict, names: list[str], file: Path) -> str:
    panels = []
    for in_flight in (1, 16):
        series = cpu_series(race, in_flight)
        sizes = sorted({size for points in series.values() for size, _ in points})
        if len(sizes) > 1:  # One size makes no line.
            panels.append((f"{in_flight} in flight on each", _size_tics(sizes), series))
    axes = ("set logscale xy\nset xlabel 'message size'\n"
            "set ylabel 'server CPU per message, ns'\n")
    title = "Echo of binary messages, 64 connections"
    return _panels(file, names, title, axes, panels) if panels else ""


def latency_script(race: dict, names: list[str], file: Path) -> str:
    panels = [
        (f"{rate:,} messages a second", "", series)
        for rate in sorted({row["load"]["rate"] for row in race["rows"] if row["mode"] == "rate"})
        if (series := latency_series(race, rate))
    ]
    axes = ("set logscale y\nset xlabel 'percentile'\nset ylabel 'latency, µs'\n"
            f"set xrange [-0.2:{len(PERCENTILES) - 0.8}]\n"
            + _tics([(at, text) for at, (_, text) in enumerate(PERCENTILES)]))
    title = "Round trip of 125 B on 64 connections, sent at fixed times"
    return _panels(file, names, title, axes, panels) if panels else ""


def memory_script(race: dict, names: list[str], file: Path) -> str:
    bars = memory_bars(race)
    if not bars:
        return ""
    text = _head(file, 1000, 380) + _styles(names)
    text += ("set title 'Memory of a silent connection'\nset ylabel 'bytes per connection'\n"
             "unset key\nset style fill solid\nset boxwidth 0.6\n"
             f"set xrange [-0.6:{len(bars) - 0.4}]\nset yrange [0:*]\nset format y '%.0f'\n"
             "set offsets 0,0,graph 0.1,0\n")
    text += _tics([(at, name) for at, (name, _) in enumerate(bars)])
    text += "$bars << END\n" + "\n".join(
        f"{at} {size} {names.index(name) + 1}" for at, (name, size) in enumerate(bars)) + "\nEND\n"
    parts = [f"$bars every ::{at}::{at} using 1:2 with boxes linestyle {names.index(name) + 1}"
             for at, (name, _) in enumerate(bars)]
    parts.append("$bars using 1:2:(sprintf('%.0f', $2)) with labels offset 0,0.7 "
                 f"textcolor rgb '{TEXT_COLOUR}'")
    return text + "plot " + ", \\\n  ".join(parts) + "\n"


SCRIPTS = {"cpu": cpu_script, "latency": latency_script, "memory": memory_script}


def draw(race: dict, folder: Path) -> list[str]:
    """Draws what there are figures for, removes what there are none for. Returns the names."""
    names = [server["name"] for server in race["servers"]]
    drawn = []
    for plot, script_of in SCRIPTS.items():
        file = folder / f"{plot}.svg"
        if script := script_of(race, names, file):
            subprocess.run(["gnuplot"], input=script, text=True, check=True)
            drawn.append(plot)
        else:
            file.unlink(missing_ok=True)
    return drawn
