"""The race as a page of Markdown, from what race.json holds."""

from __future__ import annotations

from figures import is_disturbed, median_cell, ratio_cell

EXPLANATION = """\
One process of each server at a time, with one thread, on a core of its own; the load generator
(`build/bench/load`) on another, over loopback. The servers take turns, round by round, each time
as a fresh process; a figure is the median of the rounds, ± half of the way from the least to the
most. `echo 125 B x 64 x 16`: messages of 125 bytes, 64 connections, 16 messages in flight on each.
All answers are compared with what was sent.

- CPU is that of the server's process, user and system, divided by the messages.
- Latency counts from the time at which the message should have left.
- Memory is what the resident process grows by, for each silent connection.
- \\* the server's core was not saturated: it had to wait for the load generator, and the CPU per
  message then includes falling asleep and waking up.
- `n/a`: the server cannot do that, or did not; `wrong`: some of its answers were. See below.
- On a loopback address edgews takes `reno` as its congestion control
  (`ListenOptions::congestion_control`), and so does the floor; the others take the system's choice.
- `busy_poll 50 us` is an option of edgews: it looks for work that long before it sleeps. The
  others run there as they are.
"""


def _table(head: list[str], lines: list[list[str]]) -> str:
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines)) + "\n"


def _facts(facts: dict[str, str]) -> str:
    rows = [[name, text.replace("|", "\\|")] for name, text in facts.items()]
    return "\n".join("| " + " | ".join(row) + " |" for row in ([" ", " "], ["---", "---"], *rows)) \
        + "\n"


def _label(row: dict, figure: dict) -> str:
    """A row's name; and which figure it is, where there are several of a kind or it is no CPU."""
    is_plain = len(row["figures"]) == 1 and figure["label"] in ("CPU", "memory")
    return row["name"] if is_plain else f"{row['name']}: {figure['label']}"


def _tables(race: dict, names: list[str], cell) -> str:
    """One table for each group of rows, of the servers that have something of the kind."""
    parts = []
    for group in dict.fromkeys(row["group"] for row in race["rows"]):
        rows = [row for row in race["rows"] if row["group"] == group]
        asked = [name for name in names if any(name in row["results"] for row in rows)]
        lines = [
            [_label(row, figure), *(cell(row, figure, name) for name in asked)]
            for row in rows
            for figure in row["figures"]
        ]
        parts.append(f"### {group}\n\n" + _table(["", *asked], lines))
    return "\n".join(parts)


def _failures(race: dict) -> str:
    lines = [
        f"- {row['name']}, {name}: {result['failed']}: {result['reason']}"
        for row in race["rows"] for name, result in row["results"].items() if "failed" in result
    ]
    return "\n## What could not be measured\n\n" + "\n".join(lines) + "\n" if lines else ""


def _disturbance(race: dict) -> str:
    # Ours has one thread: whoever else ran on its core was no part of it.
    runs = [run for row in race["rows"] for run in row["results"]["edgews"].get("runs", [])]
    count = sum(is_disturbed(run) for run in runs)
    if count == 0:
        return ""
    return (f"\nThe machine was not quiet: in {count} of {len(runs)} runs of edgews others took more"
            " than 2 % of its core.\n")


def to_markdown(race: dict, plots: list[str]) -> str:
    names = [server["name"] for server in race["servers"]]
    rivals = [name for name in names if name != "edgews"]
    text = f"# The race, {race['date']}\n\nTo repeat it: `{race['command']}`\n"
    text += _disturbance(race) + "\n" + EXPLANATION
    text += "".join(f"\n![{name}]({name}.svg)\n" for name in plots)
    text += "\n## Medians\n\n" + _tables(race, names, median_cell)
    if rivals:
        text += "\n## Ratios\n\n"
        text += ("edgews / each server in the same round, the median of all rounds: below 1.00 edgews"
                 " needs less, **bold** more.\n\n")
        text += _tables(race, rivals, ratio_cell)
    text += _failures(race)
    text += "\n## Machine\n\n" + _facts(race["machine"])
    text += "\n## Servers\n\n" + _facts({
        server["name"]: f"{server['about']}; `{server['command']}`".removeprefix("; ")
        for server in race["servers"]
    })
    return text
