"""Someone in the demo's room, with stomp.py over TCP: says each line of stdin, prints each message.

Usage: stomp_chat.py PORT NAME. "ready" is printed when it hears the room.
"""
import sys

import stomp


class Room(stomp.ConnectionListener):
    def on_message(self, frame):
        print("message", frame.headers["content-type"], frame.body, flush=True)

    def on_receipt(self, frame):
        print("ready", flush=True)

    def on_error(self, frame):
        print("error", frame.headers["message"], frame.body, flush=True)


port, name = sys.argv[1:]
connection = stomp.Connection12([("127.0.0.1", int(port))], heartbeats=(1000, 1000))
connection.set_listener("room", Room())
connection.connect(name, "", wait=True)
connection.subscribe("/topic/room", id="room", receipt="subscribed")
for line in sys.stdin:
    connection.send("/app/chat", line.rstrip("\n"))
connection.disconnect()
