"""The race: edgews and other servers under the same load, as tables and plots.

    make race [QUICK=1] [ROWS=regex] [PEERS='floor beast …'] [PEER_name='command'] [RESULTS=folder]

bench/README.md says what these mean. They come as environment variables, as make passes them on;
REPORT=1 makes the page and the plots anew from the folder's race.json.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shlex
import signal
import sys
import time
from pathlib import Path

import figures
import machine
import measure
import plots
import report
import rows
import servers
from servers import OptionError

OPTIONS = ("QUICK", "ROWS", "PEERS")
FULL_RESULTS = "bench/results"
PART_RESULTS = "build/race"
QUICK_ROUNDS = 3
SPARE_DESCRIPTORS = 500  # Of a limit on them, what is left to all that is no silent connection.


def tell(text: str) -> None:
    print(f"race: {text}", file=sys.stderr, flush=True)


class Progress:
    """What runs, on stderr: on a terminal as a line that changes, and each row when it is done."""

    def __init__(self, row_count: int):
        self._row_count = row_count
        self._done = 0
        self._began = time.monotonic()
        self._is_terminal = sys.stderr.isatty()

    def show(self, row: rows.Row, number: int, name: str) -> None:
        if self._is_terminal:
            place = f"[{self._done + 1}/{self._row_count}]"
            print(f"\r\x1b[K{place} {row.name}, round {number}: {name}", end="", file=sys.stderr,
                  flush=True)

    def finish_row(self, entry: dict) -> None:
        self._done += 1
        if self._is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr)
        figure = entry["figures"][-1]
        cells = [f"{name} {figures.median_cell(entry, figure, name)}" for name in entry["results"]]
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        tell(f"[{self._done}/{self._row_count}, {minutes}:{seconds:02}] {entry['name']}, "
             f"{figure['label']}: " + ", ".join(cells).replace("\\", ""))


def choose_rows(environment: dict[str, str], idle: int, is_quick: bool) -> list[rows.Row]:
    wanted = environment.get("ROWS", "")
    try:
        pattern = re.compile(wanted)
    except re.error as error:
        raise OptionError(f"ROWS: {wanted} is no regular expression: {error}") from None
    chosen = [row for row in rows.table(idle) if pattern.search(row.name)]
    if wanted == "" and is_quick:
        chosen = [row for row in chosen if row.is_quick]
    if not chosen:
        raise OptionError(f"ROWS: no row's name fits {wanted}")
    return chosen


def repeat_command(environment: dict[str, str], chosen: list[servers.Server]) -> str:
    words = ["make", "race"]
    words += [f"{name}={shlex.quote(environment[name])}" for name in OPTIONS
              if environment.get(name)]
    for server in chosen:
        variable = f"PEER_{server.name}"
        if variable in environment:
            command = re.sub(r" --port \{port\}$", "", server.shown_command())
            words.append(f"{variable}='{command}'")
        words += [f"{option}={environment[option]}"
                  for option in (f"{variable}_BROADCAST", f"{variable}_GET")
                  if option in environment]
    return " ".join(words)


def run_race(environment: dict[str, str]) -> dict:
    """Measures. Returns what race.json holds."""
    is_quick = environment.get("QUICK", "") not in ("", "0")
    build = {key: environment.get(f"RACE_{key.upper()}", "")
             for key in ("compiler", "flags", "peer_flags", "version")}
    known = servers.built_in(build)
    known[2:2] = servers.given(environment)
    chosen = servers.choose(known, environment.get("PEERS", ""), is_quick, tell)
    idle = min(rows.IDLE_MAX, machine.raise_descriptor_limit() - SPARE_DESCRIPTORS)
    table = choose_rows(environment, idle, is_quick)
    cores = machine.choose_cores()

    tell(f"{len(table)} rows, {len(chosen)} servers: " + " ".join(s.name for s in chosen))
    progress = Progress(len(table))
    entries = []
    for row in table:
        rounds = min(row.rounds, QUICK_ROUNDS) if is_quick else row.rounds
        seconds = row.seconds / 2 if is_quick else row.seconds
        results = measure.run_row(row, chosen, cores, rounds, seconds,
                                  lambda number, name, row=row: progress.show(row, number, name))
        entries.append({
            "name": row.name, "group": row.group, "mode": row.mode, "load": row.load,
            "is_saturating": row.is_saturating, "seconds": seconds,
            "figures": [vars(figure) for figure in row.figures], "results": results,
        })
        progress.finish_row(entries[-1])
    return {
        "date": datetime.date.today().isoformat(),
        "command": repeat_command(environment, chosen),
        "machine": machine.describe(cores) | {"compiler": servers.compiler_name(build)},
        "servers": [{"name": s.name, "about": s.about, "command": s.shown_command()}
                    for s in chosen],
        "rows": entries,
    }


def to_json(race: dict) -> str:
    """One line for each row, so that two races can be compared line by line."""
    lines = (json.dumps(row, ensure_ascii=False) for row in race["rows"])
    head = json.dumps(race | {"rows": []}, indent=1, ensure_ascii=False)
    return head.replace('"rows": []', '"rows": [\n' + ",\n".join(lines) + "]") + "\n"


def main(environment: dict[str, str]) -> int:
    is_part = any(environment.get(name, "") not in ("", "0") for name in OPTIONS)
    folder = Path(environment.get("RESULTS") or (PART_RESULTS if is_part else FULL_RESULTS))
    raw = folder / "race.json"
    if environment.get("REPORT"):
        race = json.loads(raw.read_text())
    else:
        race = run_race(environment)
        folder.mkdir(parents=True, exist_ok=True)
        raw.write_text(to_json(race))
    page = folder / "race.md"
    page.write_text(report.to_markdown(race, plots.draw(race, folder)))
    tell(f"the result is {page}")
    return 0


def end(number: int, _) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    for order in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(order, end)
    try:
        sys.exit(main(dict(os.environ)))
    except OptionError as error:
        tell(str(error))
        sys.exit(2)
    except machine.CoresError as error:
        tell(str(error))
        sys.exit(1)
