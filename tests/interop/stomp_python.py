"""python3-stomp as a client of the STOMP broker, over TCP.

    stomp_python.py HOST PORT

Runs all checks in each version of the protocol, side by side, as joe with the passcode "secret".
Prints a JSON object of what was wrong with each, by the names that it prints without arguments,
one a line: null when it holds.
"""

import json
import queue
import sys
import threading
import time
import traceback

import stomp

CHECKS = {}
KINDS = {"1.0": stomp.Connection10, "1.1": stomp.Connection11, "1.2": stomp.Connection12}
PATIENCE_S = 10


def check(function):
    CHECKS[function.__name__] = function
    return function


class Inbox(stomp.ConnectionListener):
    """What arrives, one by one: pairs of a kind and a frame."""

    def __init__(self):
        self.events = queue.Queue()

    def on_message(self, frame):
        self.events.put(("message", frame))

    def on_error(self, frame):
        self.events.put(("error", frame))

    def on_receipt(self, frame):
        self.events.put(("receipt", frame))

    def on_disconnected(self):
        self.events.put(("disconnected", None))

    def on_heartbeat_timeout(self):
        self.events.put(("heartbeat timeout", None))

    def hear(self, wanted):
        kind, frame = self.events.get(timeout=PATIENCE_S)
        assert kind == wanted, (wanted, kind, frame)
        return frame

    def hear_bodies(self, count):
        return [self.hear("message").body for _ in range(count)]


class Client:
    def __init__(self, place, version, passcode="secret", **options):
        self.version = version
        self.inbox = Inbox()
        self.connection = KINDS[version]([place], **options)
        self.connection.set_listener("", self.inbox)
        self.connection.connect("joe", passcode, wait=True)
        self.acked = 0

    def subscribe(self, destination, ack="auto"):
        self.connection.subscribe(destination, id="sub", ack=ack, headers={"receipt": "there"})
        assert self.inbox.hear("receipt").headers["receipt-id"] == "there"

    def send(self, destination, body, **headers):
        self.connection.send(destination, body, **headers)

    def settle(self, how, frame, **headers):
        function = getattr(self.connection, how)
        if self.version == "1.2":
            function(frame.headers["ack"], **headers)
        elif self.version == "1.1":
            function(frame.headers["message-id"], "sub", **headers)
        else:
            function(frame.headers["message-id"], **headers)

    def leave(self):
        """DISCONNECT with a receipt, which stomp.py waits for."""
        self.connection.disconnect(receipt="bye")
        kinds = [self.inbox.events.get(timeout=PATIENCE_S)[0] for _ in range(2)]
        assert sorted(kinds) == ["disconnected", "receipt"], kinds


@check
def a_message_goes_through_a_topic_as_it_is(place, version):
    client = Client(place, version)
    client.subscribe("/topic/a-" + version)
    body = "Grüße, κόσμε 🦊\n"
    # In 1.0 nothing is escaped, and blanks may go.
    value = "plain" if version == "1.0" else " a:b\\c\nd 🦊 "
    client.send("/topic/a-" + version, body, headers={"more": value}, content_type="text/x")
    frame = client.inbox.hear("message")
    assert frame.body == body, frame
    assert frame.headers["more"] == value, frame
    assert frame.headers["content-type"] == "text/x", frame
    assert ("ack" in frame.headers) is False, frame
    client.leave()


@check
def bodies_are_of_any_size_and_may_hold_nul(place, version):
    client = Client(place, version, auto_decode=False)
    client.subscribe("/queue/sizes-" + version)
    for body in b"", b"\0", b"\0\1\xff\n\0", b"0123456789" * 90_000:
        client.send("/queue/sizes-" + version, body)
        assert client.inbox.hear("message").body == body, len(body)
    client.leave()


@check
def each_ack_mode(place, version):
    modes = ["auto", "client"] if version == "1.0" else ["auto", "client", "client-individual"]
    left = {"auto": [], "client": ["3", "4"], "client-individual": ["1", "3", "4"]}
    for mode in modes:
        name = "/queue/%s-%s" % (mode, version)
        client = Client(place, version)
        client.subscribe(name, ack=mode)
        for body in "1234":
            client.send(name, body)
        frames = [client.inbox.hear("message") for _ in range(4)]
        assert [frame.body for frame in frames] == list("1234")
        if mode != "auto":
            client.settle("ack", frames[1])
        client.leave()
        other = Client(place, version)
        other.subscribe(name)
        assert other.inbox.hear_bodies(len(left[mode])) == left[mode]
        other.leave()


@check
def nack_brings_a_message_again(place, version):
    client = Client(place, version)
    client.subscribe("/queue/nack-" + version, ack="client-individual" if version != "1.0"
                     else "client")
    client.send("/queue/nack-" + version, "again")
    frame = client.inbox.hear("message")
    if version == "1.0":
        # There is no NACK, and stomp.py has no function for it.
        client.connection.send_frame("NACK", {"message-id": frame.headers["message-id"]})
        assert "1.0 has no NACK" in client.inbox.hear("error").headers["message"]
        client.inbox.hear("disconnected")
        return
    client.settle("nack", frame)
    again = client.inbox.hear("message")
    assert again.body == "again" and again.headers["redelivered"] == "true"
    client.settle("ack", again)
    client.leave()


@check
def transactions_are_committed_or_aborted(place, version):
    client = Client(place, version)
    name = "/queue/transactions-" + version
    client.subscribe(name, ack="client")
    for body, end in ("dropped", "abort"), ("kept", "commit"):
        transaction = client.connection.begin()
        client.send(name, body, transaction=transaction)
        client.send(name, body + " too", transaction=transaction)
        getattr(client.connection, end)(transaction)
    frames = [client.inbox.hear("message") for _ in range(2)]
    assert [frame.body for frame in frames] == ["kept", "kept too"]
    assert "transaction" not in frames[0].headers
    undone, done = client.connection.begin("undone"), client.connection.begin("done")
    client.settle("ack", frames[1], transaction=undone)
    client.connection.abort(undone)
    client.settle("ack", frames[0], transaction=done)
    client.connection.commit(done)
    client.leave()
    other = Client(place, version)
    other.subscribe(name)
    assert other.inbox.hear_bodies(1) == ["kept too"]
    other.leave()


@check
def receipts_come_for_every_frame(place, version):
    client = Client(place, version)
    name = "/queue/r-" + version
    # Without an id, which 1.0 may do, the destination is its name.
    sub = {} if version == "1.0" else {"id": "sub"}
    client.connection.subscribe(name, headers={"receipt": "1"}, **sub)
    client.send("/topic/r", "x", receipt="2")
    client.connection.begin("t", receipt="3")
    client.connection.commit("t", receipt="4")
    if version == "1.0":
        client.connection.unsubscribe(name, receipt="5")
    else:
        client.connection.unsubscribe("sub", receipt="5")
    receipts = [client.inbox.hear("receipt").headers["receipt-id"] for _ in range(5)]
    assert receipts == list("12345"), receipts
    client.leave()


@check
def a_wrong_passcode_is_refused(place, version):
    connection = KINDS[version]([place], reconnect_attempts_max=1)
    inbox = Inbox()
    connection.set_listener("", inbox)
    try:
        connection.connect("joe", "guess", wait=True)
    except stomp.exception.ConnectFailedException:
        pass
    else:
        raise AssertionError("it was accepted")
    frame = inbox.hear("error")
    assert "refused" in frame.headers["message"]
    assert "guess" not in frame.body and "secret" not in frame.body


@check
def an_error_is_followed_by_the_end(place, version):
    client = Client(place, version)
    client.send("nowhere", "x", receipt="r")
    frame = client.inbox.hear("error")
    assert frame.headers["receipt-id"] == "r", frame
    client.inbox.hear("disconnected")


@check
def heart_beats_go_both_ways(place, version):
    if version == "1.0":  # It has none.
        return
    client = Client(place, version, heartbeats=(1000, 1000), heart_beat_receive_scale=2)
    time.sleep(3.2)
    client.subscribe("/topic/still-there")
    client.leave()


def names():
    return ["%s: %s" % (version, name) for version in KINDS for name in CHECKS]


def run_check(place, key, results):
    version, name = key.split(": ")
    try:
        CHECKS[name](place, version)
        results[key] = None
    except Exception:
        results[key] = traceback.format_exc()


def main():
    if len(sys.argv) < 2:
        print("\n".join(names()))
        return
    place = sys.argv[1], int(sys.argv[2])
    results = {}
    threads = [threading.Thread(target=run_check, args=(place, key, results)) for key in names()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(results), flush=True)


main()
