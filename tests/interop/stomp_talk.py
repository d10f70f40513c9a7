"""Someone in a topic, with stomp.py over TCP: sends each line of stdin, prints each message as JSON.

Usage: stomp_talk.py HOST PORT TOPIC. "ready" is printed when nothing is missed any more.
"""
import json
import sys

import stomp


class Listener(stomp.ConnectionListener):
    def on_message(self, frame):
        print(json.dumps({"headers": frame.headers, "body": frame.body}), flush=True)

    def on_receipt(self, frame):
        print("ready", flush=True)

    def on_error(self, frame):
        print(json.dumps({"error": frame.headers["message"]}), flush=True)


host, port, topic = sys.argv[1:]
connection = stomp.Connection12([(host, int(port))], heartbeats=(1000, 1000))
connection.set_listener("listener", Listener())
connection.connect(wait=True)
connection.subscribe(topic, id="1", receipt="subscribed")
for line in sys.stdin:
    connection.send(topic, line.rstrip("\n"), content_type="text/plain", by="python: 1")
connection.disconnect()
