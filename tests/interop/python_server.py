"""python3-websockets as a server of the client tests (other_servers.js says what it obeys).

    python_server.py [--compression '{"server_max_window_bits": 10, ...}']
"""

import asyncio
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


async def obey(ws, order, words):
    if order == "!close":
        await ws.close(int(words[0]), " ".join(words[1:]))
    elif order == "!ping":
        await (await ws.ping(words[0]))
        await ws.send("pong " + words[0])
    elif order == "!fragments":
        await ws.send(["fragment %d; " % i for i in range(1000)])
    elif order == "!vanish":
        ws.transport.abort()


async def serve(ws):
    try:
        async for message in ws:
            if isinstance(message, str) and message.startswith("!"):
                order, *words = message.split(" ")
                await obey(ws, order, words)
            else:
                await ws.send(message)
    except websockets.ConnectionClosed:
        pass
    await ws.wait_closed()
    end = {"target": ws.path, "code": ws.close_code, "reason": ws.close_reason}
    print("closed " + json.dumps(end), flush=True)


async def main():
    extensions = []
    if sys.argv[1:2] == ["--compression"]:
        extensions = [ServerPerMessageDeflateFactory(**json.loads(sys.argv[2]))]
    async with websockets.serve(serve, "127.0.0.1", 0, compression=None, extensions=extensions,
                                subprotocols=["chat", "other"], max_size=1 << 26) as server:
        print("listening on %s:%d" % server.sockets[0].getsockname()[:2], flush=True)
        await asyncio.Future()


asyncio.run(main())
