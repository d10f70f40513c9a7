"""Tests of bench/race/: python3 -B tests/bench/race_test.py"""

import json
import os
import socket
import sys
import unittest
import unittest.mock
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/race"))

import figures
import machine
import measure
import plots
import process
import report
import rows
import servers

# A server that does nothing but accept.
LISTEN = "import socket,sys,time; s=socket.create_server(('127.0.0.1',int(sys.argv[2])))\n" \
         "while True: s.accept()[0].close()"


def run(cpu=100.0, share=1.0, wait=0.0, p50=50):
    return {"server": {"cpu_ns": cpu, "cpu_share": share, "wait_share": wait,
                       "rss_per_connection": None},
            "latency_ns": {"p50": p50, "p90": 60, "p99": 70, "p99_9": 80}}


def entry(**results):
    """A saturating row with the CPU figures of each server, or how it failed."""
    return {
        "name": "echo 125 B x 64 x 16", "group": "Echo", "mode": "echo", "is_saturating": True,
        "load": {"size": 125, "connections": 64, "in-flight": 16, "payload": "binary"},
        "figures": [vars(rows.CPU[0])],
        "results": {name: {"failed": what, "reason": "for a reason"} if isinstance(what, str)
                    else {"runs": [run(cpu) for cpu in what]} for name, what in results.items()},
    }


def race_of(row):
    about = [{"name": name, "about": "1.0", "command": "x"} for name in row["results"]]
    return {"date": "2000-01-01", "command": "make race", "machine": {"CPU": "a|b"},
            "servers": about, "rows": [row]}


class Figures(unittest.TestCase):
    def cells(self, row, cell):
        return [cell(row, row["figures"][0], name) for name in row["results"]]

    def test_a_cell_is_the_median_with_half_the_way_from_least_to_most(self):
        row = entry(edgews=[90, 100, 120], peer=[200])
        self.assertEqual(self.cells(row, figures.median_cell), ["100 ns ±15 %", "200 ns"])

    def test_a_ratio_is_ours_over_theirs_and_bold_where_we_need_more(self):
        row = entry(edgews=[100], same=[100], slower=[200], faster=[80])
        self.assertEqual(self.cells(row, figures.ratio_cell), ["1.00", "1.00", "0.50", "**1.25**"])

    def test_a_ratio_is_taken_round_by_round_so_that_a_slow_one_cancels(self):
        row = entry(edgews=[100, 300, 110], peer=[125, 375, 100])
        self.assertEqual(self.cells(row, figures.ratio_cell), ["1.00", "0.80"])

    def test_who_cannot_and_who_is_wrong_have_no_figures(self):
        row = entry(edgews=[100], cannot="n/a", liar="wrong", absent=[])
        self.assertEqual(self.cells(row, figures.median_cell), ["100 ns", "n/a", "wrong", "n/a"])
        self.assertEqual(self.cells(row, figures.ratio_cell), ["1.00", "n/a", "wrong", "n/a"])

    def test_a_server_that_had_rests_is_marked_and_one_that_was_held_up_is_not(self):
        row = entry(edgews=[100], held_up=[100], resting=[100])
        row["results"]["held_up"]["runs"] = [run(share=0.5, wait=0.5)]
        row["results"]["resting"]["runs"] = [run(share=0.5)]
        self.assertEqual(self.cells(row, figures.median_cell), ["100 ns", "100 ns", "100 ns\\*"])
        self.assertEqual(self.cells(row, figures.ratio_cell), ["1.00", "1.00", "1.00\\*"])

    def test_quantities_have_three_digits_and_a_fitting_unit(self):
        for number, text in ((231.4, "231 ns"), (999.6, "1.00 µs"), (5272, "5.27 µs"),
                             (12_800, "12.8 µs"), (286_000, "286 µs"), (2.5e9, "2.50 s")):
            self.assertEqual(figures.quantity(number, "ns"), text)
        self.assertEqual(figures.quantity(5555.4, "bytes"), "5,555 B")


class Judgement(unittest.TestCase):
    def judge(self, messages, errors):
        output = json.dumps({"messages": messages}) if messages is not None else ""
        return measure.judge(1, output, errors)["failed"]

    def test_a_wrong_answer_is_told_from_a_refusal(self):
        for messages, errors, verdict in (
                (0, "load: connection 0, message 0: a reply holds other bytes", "wrong"),
                (9, "load: connection 3: 1 messages never came back", "wrong"),
                (0, "load: connection 3: 1 messages never came back", "n/a"),
                (0, "load: connection 0, message 0: the server closes the connection", "n/a"),
                (None, "load: the server refuses: HTTP/1.1 404 Not Found", "n/a")):
            self.assertEqual(self.judge(messages, errors), verdict, errors)

    def test_a_run_without_a_message_has_no_figures_whatever_its_status(self):
        told = "load: nothing was measured: no message came back in time"
        for status, errors in ((0, ""), (1, told)):
            result = measure.judge(status, json.dumps({"messages": 0, "seconds": 0.5}), errors)
            self.assertEqual(result["failed"], "n/a")
            self.assertRegex(result["reason"], "^nothing was measured")

    def test_a_run_that_the_machine_held_up_is_made_again(self):
        held_up = {"failed": "n/a", "reason": "nothing was measured"}
        for runs, expected in (([held_up, held_up, run()], run()), ([held_up] * 3, held_up),
                               ([{"failed": "wrong", "reason": "x"}], {"failed": "wrong", "reason": "x"})):
            with unittest.mock.patch.object(measure, "run_once", side_effect=runs) as once:
                self.assertEqual(measure.run_patiently(None, None, (0, 1), 1), expected)
                self.assertEqual(once.call_count, len(runs))

    def test_who_has_nothing_of_the_kind_is_not_asked(self):
        floor = servers.Server("floor", ("no-such-program",))
        page = servers.Server("page", ("no-such-program",), get="/", echoes=False)
        asked = {"broadcast": [], "get": ["page"], "echo": ["floor"]}
        for mode, names in asked.items():
            row = next(row for row in rows.table() if row.mode == mode)
            results = measure.run_row(row, [floor, page], (0, 1), 1, 1, lambda *_: None)
            self.assertEqual(list(results), names)


class Rows(unittest.TestCase):
    def test_names_are_unique_and_the_quick_ones_exist(self):
        names = [row.name for row in rows.table()]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(rows.QUICK, set(names))

    def test_fewer_descriptors_make_fewer_idle_connections(self):
        self.assertIn("idle x 500", [row.name for row in rows.table(idle=500)])


class Servers(unittest.TestCase):
    def test_a_given_server_gets_its_port_where_it_wants_it_or_at_the_end(self):
        first, second = servers.given({"PEER_a": f"{sys.executable} x", "PEER_a_NOTE": "-O3",
                                       "PEER_b": f"{sys.executable} {{port}} y",
                                       "PEER_b_BROADCAST": "/all", "PEER_b_GET": "/page",
                                       "PEER_FLAGS": "-O3"})
        self.assertEqual(first.command, (sys.executable, "x", "--port", "{port}"))
        self.assertEqual((first.about, first.broadcast), ("-O3", "/broadcast"))
        self.assertEqual(second.command, (sys.executable, "{port}", "y"))
        self.assertEqual((second.broadcast, second.get), ("/all", "/page"))
        self.assertIsNone(first.path_of("get"))

    def test_a_bad_option_is_named(self):
        for variables in ({"PEER_UWS": "x"}, {"PEER_uws": "/no/such/file"}, {"PEER_uws": ""},
                          {"PEER_uws_NOTE": "without a command"}):
            with self.assertRaisesRegex(servers.OptionError, "PEER_"):
                servers.given(variables)
        with self.assertRaisesRegex(servers.OptionError, "PEERS.*nobody"):
            servers.choose([], "nobody", False, print)

    def test_edgews_always_takes_part_and_who_is_not_built_is_left_out(self):
        known = [servers.Server("edgews", ("true",)), servers.Server("floor", ("true",)),
                 servers.Server("gone", ("no-such-program",))]
        told = []
        names = [s.name for s in servers.choose(known, "gone", False, told.append)]
        self.assertEqual(names, ["edgews"])
        self.assertIn("no-such-program", told[0])

    def test_folders_of_this_machine_are_not_shown(self):
        server = servers.Server("x", ("/home/me/echo", "--port", "{port}"))
        self.assertEqual(server.shown_command(), "…/echo --port {port}")


class Machine(unittest.TestCase):
    def test_the_two_cores_are_no_siblings_if_that_can_be(self):
        pairs = lambda core: {core & ~1, core | 1}
        self.assertEqual(machine.choose_cores({0, 1, 2, 3}, pairs), (0, 2))
        self.assertEqual(machine.choose_cores({0, 1}, pairs), (0, 1))
        with self.assertRaises(machine.CoresError):
            machine.choose_cores({0}, pairs)


class Processes(unittest.TestCase):
    core = min(os.sched_getaffinity(0))

    def test_a_server_is_awaited_and_ended(self):
        command = [sys.executable, "-c", LISTEN, "--port", "{port}"]
        with process.ServerProcess(command, self.core) as server:
            socket.create_connection(("127.0.0.1", server.port)).close()
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port))

    def test_a_server_that_does_not_start_says_why(self):
        command = [sys.executable, "-c", "import sys; sys.exit('no port for you')"]
        with self.assertRaisesRegex(process.StartError, "status 1: no port for you"):
            with process.ServerProcess(command, self.core):
                self.fail("it has not started")


class Report(unittest.TestCase):
    def test_the_page_has_tables_reasons_and_escaped_facts(self):
        page = report.to_markdown(race_of(entry(edgews=[100], peer=[200], none="n/a")), ["cpu"])
        self.assertIn("| echo 125 B x 64 x 16 | 100 ns | 200 ns | n/a |", page)
        self.assertIn("| echo 125 B x 64 x 16 | 0.50 | n/a |", page)
        self.assertIn("- echo 125 B x 64 x 16, none: n/a: for a reason", page)
        self.assertIn("![cpu](cpu.svg)", page)
        self.assertIn("a\\|b", page)

    def test_plots_show_what_there_is(self):
        race = race_of(entry(edgews=[100, 120, 110], none="n/a"))
        self.assertEqual(plots.cpu_series(race, 16), {"edgews": [(125, 110)]})
        self.assertEqual(plots.cpu_series(race, 1), {})
        self.assertEqual(plots.memory_script(race, ["edgews"], Path("x")), "")


if __name__ == "__main__":
    unittest.main()
