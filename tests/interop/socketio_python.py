"""Debian's python3-socketio as a client of the Socket.IO server.

    socketio_python.py URL

Runs all checks over each transport. Prints a JSON object of what was wrong with each, by the names
that it prints without arguments, one a line: null when it holds.
"""

import json
import queue
import sys
import traceback

import engineio.payload
import socketio

# It takes 16 packets in a payload, unless told, whatever it has let come.
engineio.payload.Payload.max_decode_packets = 1000

CHECKS = {}
TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}
PATIENCE_S = 10


def check(function):
    CHECKS[function.__name__] = function
    return function


class Client:
    """A connection to "/", and what arrives there."""

    def __init__(self, url, transports, patience_s=PATIENCE_S, **options):
        self.events = queue.Queue()
        self.client = socketio.Client(reconnection=False)
        for name in ("auth", "message-back", "news"):
            self.client.on(name, lambda *data, name=name: self.events.put((name, data)))
        self.client.connect(url, transports=transports, wait_timeout=patience_s, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()

    def hear(self, wanted):
        name, data = self.events.get(timeout=PATIENCE_S)
        assert name == wanted, (wanted, name, data)
        return data

    def ask(self, name, data):
        return self.client.call(name, data, timeout=PATIENCE_S)


@check
def connects_with_what_it_says_of_itself(url, transports):
    with Client(url, transports, auth={"token": 7}) as client:
        assert client.hear("auth") == ({"token": 7},)


@check
def events_come_back(url, transports):
    with Client(url, transports) as client:
        client.hear("auth")
        client.client.emit("message", (1, "two \u00e9", {"three": [None]}, b"\x00\x01"))
        assert client.hear("message-back") == (1, "two \u00e9", {"three": [None]}, b"\x00\x01")


@check
def events_are_acknowledged(url, transports):
    with Client(url, transports) as client:
        assert client.ask("echo", {"a": [1, 2]}) == {"a": [1, 2]}
        assert client.ask("message-with-ack", b"\x05") == b"\x05"


@check
def many_events_come_back(url, transports):
    # In any order, for it hands each to a thread of its own.
    with Client(url, transports) as client:
        client.hear("auth")
        for number in range(100):
            client.client.emit("message", number)
        heard = sorted(client.hear("message-back")[0] for _ in range(100))
        assert heard == list(range(100))


@check
def rooms_have_members(url, transports):
    with Client(url, transports) as one, Client(url, transports) as two:
        for each in (one, two):
            each.hear("auth")
        one.ask("join", "room")
        two.client.emit("broadcast", ("x", b"\x09"))
        assert one.hear("news") == ("x", b"\x09")
        two.ask("echo", 0)
        assert two.events.empty()


@check
def an_unknown_namespace_is_refused(url, transports):
    # It waits for the namespace although it was refused.
    try:
        with Client(url, transports, patience_s=0.5, namespaces=["/other"]):
            pass
    except socketio.exceptions.ConnectionError:
        return
    raise AssertionError("it was let in")


def run(function, url):
    try:
        for transports in TRANSPORTS.values():
            function(url, transports)
    except Exception:  # pylint: disable=broad-except
        return traceback.format_exc()
    return None


def main():
    if len(sys.argv) < 2:
        print("\n".join(CHECKS))
    else:
        print(json.dumps({name: run(function, sys.argv[1]) for name, function in CHECKS.items()}))


main()
