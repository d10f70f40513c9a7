"""python3-websockets as a client of the echo server.

    python_client.py URL CHECK

Runs one check against URL (ws://HOST:PORT) and exits with 0 when it holds. Without CHECK,
prints the names of all checks, one a line.
"""

import asyncio
import sys

import websockets

CHECKS = {}


def check(function):
    CHECKS[function.__name__] = function
    return function


def connect(url, path="/echo", **options):
    return websockets.connect(url + path, max_size=1 << 26, **options)


@check
async def text_and_binary_come_back(url):
    async with connect(url) as ws:
        for size in 0, 1, 125, 126, 65535, 65536:
            for message in "t" * size, b"b" * size, "é" * size:
                await ws.send(message)
                assert await ws.recv() == message, size


@check
async def fragments_come_back_as_one_message(url):
    async def pieces():
        for i in range(100):
            yield "piece %d of κόσμε; " % i
            await asyncio.sleep(0)  # Lets the frame leave by itself.

    async with connect(url) as ws:
        await ws.send(pieces())
        assert await ws.recv() == "".join([piece async for piece in pieces()])
        await ws.send([b"one", b"", b"two"])
        assert await ws.recv() == b"onetwo"


@check
async def messages_of_1_mib_come_back(url):
    async with connect(url) as ws:
        for i in range(8):
            message = bytes([i]) * (1 << 20)
            await ws.send(message)
            assert await ws.recv() == message
        text = "日本語 " * (1 << 17)
        await ws.send(text)
        assert await ws.recv() == text


@check
async def a_ping_is_answered_and_its_latency_known(url):
    async with connect(url) as ws:
        for payload in None, b"", b"x" * 125:
            pong = await ws.ping(payload)
            await asyncio.wait_for(pong, 10)
        assert 0 < ws.latency < 10, ws.latency


@check
async def close_codes_and_reasons_are_echoed(url):
    for code, reason in (1000, ""), (1001, "leaving"), (3000, "é" * 61), (4999, "x" * 123):
        async with connect(url) as ws:
            await ws.close(code, reason)
            assert ws.close_code == code, (ws.close_code, code)


@check
async def compression_is_offered_and_declined(url):
    async with connect(url, compression="deflate") as ws:
        assert ws.extensions == [], ws.extensions
        await ws.send("compressible " * 1000)
        assert await ws.recv() == "compressible " * 1000


@check
async def another_origin_is_refused(url):
    try:
        async with connect(url, origin="http://evil.example"):
            raise AssertionError("it was accepted")
    except websockets.InvalidStatusCode as refusal:
        assert refusal.status_code == 403, refusal


@check
async def fifty_clients_hear_a_broadcast(url):
    clients = await asyncio.gather(*(connect(url, "/broadcast") for _ in range(50)))
    for i, sender in enumerate(clients[:5]):
        await sender.send("from %d" % i)
        heard = await asyncio.gather(*(ws.recv() for ws in clients))
        assert set(heard) == {"from %d" % i}, heard
    await asyncio.gather(*(ws.close() for ws in clients))


@check
async def a_message_too_big_is_refused_with_1009(url):
    async with connect(url) as ws:
        await ws.send(b"x" * ((2 << 20) + 1))
        await asyncio.wait_for(ws.wait_closed(), 10)
        assert ws.close_code == 1009, ws.close_code


def main():
    if len(sys.argv) < 3:
        print("\n".join(CHECKS))
        return
    url, name = sys.argv[1:]
    asyncio.run(asyncio.wait_for(CHECKS[name](url), 30))


main()
