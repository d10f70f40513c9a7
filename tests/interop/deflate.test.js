// permessage-deflate (RFC 7692) with clients that we did not write: npm's `ws` and Debian's
// python3-websockets in every combination of parameters, and Chromium. EDGEWS_BIN names the folder
// of secure_echo.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { promisify } = require('node:util');
const { WebSocket } = require('ws');
const { launch_chromium } = require('./chromium.js');
const { start_server } = require('./server.js');

const timeout = 60_000;
const python = process.env.EDGEWS_PYTHON ?? '/usr/bin/python3';
const run = promisify(execFile);

const json = JSON.stringify(Array.from({ length: 400 }, (_, i) => (
    { id: i, symbol: `EDG${i % 7}`, price: 100 + (i * 31) % 97, text: 'κόσμε' })));
const messages = [
    '', 'Hello', json.slice(0, 200), json.slice(0, 200), json, json,
    randomBytes(70_000), Buffer.alloc(1_000_000, 'edge'), randomBytes(300), 'x'.repeat(65_536),
];

// Sends all at once, so that they overtake each other's answers, and awaits all.
async function echo_all(socket) {
    const received = [];
    const done = new Promise((resolve, reject) => {
        socket.on('message', (data, is_binary) => {
            received.push(is_binary ? data : data.toString());
            if (received.length === messages.length) resolve();
        });
        socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
    });
    for (const message of messages) socket.send(message);
    await done;
    for (const [i, message] of messages.entries()) assert.deepEqual(received[i], message);
}

async function connect(url, options) {
    const socket = new WebSocket(url, { maxPayload: 1 << 26, ...options });
    await once(socket, 'open');
    return socket;
}

const combinations = [];
for (const serverNoContextTakeover of [undefined, true]) {
    for (const clientNoContextTakeover of [undefined, true]) {
        for (const serverMaxWindowBits of [undefined, 8, 9, 12, 15]) {
            for (const clientMaxWindowBits of [true, 9, 15]) {
                combinations.push({ serverNoContextTakeover, clientNoContextTakeover,
                                    serverMaxWindowBits, clientMaxWindowBits, threshold: 0 });
            }
        }
    }
}

const servers = [
    ['dedicated', ['--deflate', '--min-size', '0']],
    ['shared', ['--deflate', '--no-context-takeover']],
    ['dedicated, small window', ['--deflate', '--window-bits', '9', '--min-size', '32']],
];

for (const [name, args] of servers) {
    describe(`permessage-deflate, ${name}`, () => {
        let server;
        before(async () => { server = await start_server('secure_echo', args); });
        after(() => server?.stop());

        for (const perMessageDeflate of combinations) {
            const title = JSON.stringify(perMessageDeflate).replaceAll('"', '');
            it(`ws ${title}`, { timeout }, async () => {
                const socket = await connect(server.url('/echo'), { perMessageDeflate });
                assert.match(socket.extensions, /^permessage-deflate/);
                await echo_all(socket);
                socket.removeAllListeners('close');
                socket.close(1000);
                assert.equal((await once(socket, 'close'))[0], 1000);
            });
        }

        it('ws without it', { timeout }, async () => {
            const socket = await connect(server.url('/echo'), { perMessageDeflate: false });
            assert.equal(socket.extensions, '');
            await echo_all(socket);
            socket.terminate();
        });

        it('ws: what one sends to all arrives at all, compressed or not', { timeout }, async () => {
            const url = server.url('/broadcast');
            const sockets = await Promise.all([
                connect(url, { perMessageDeflate: true }), connect(url, {
                    perMessageDeflate: { serverNoContextTakeover: true } }),
                connect(url, { perMessageDeflate: { serverMaxWindowBits: 9 } }),
                connect(url, { perMessageDeflate: false })]);
            for (let i = 0; i < 3; ++i) {
                const arrived = sockets.map((socket) => once(socket, 'message'));
                sockets[i].send(json + i);
                for (const [data] of await Promise.all(arrived)) {
                    assert.equal(data.toString(), json + i);
                }
            }
            for (const socket of sockets) socket.terminate();
        });

        it('python3-websockets in every combination', { timeout }, async () => {
            const program = `
import asyncio, itertools, json, os, websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
async def main():
    text = json.dumps([{"id": i, "text": "日本語"} for i in range(500)])
    for a, b, c, d in itertools.product((False, True), (False, True), (None, 8, 10, 15),
                                        (None, True, 9, 15)):
        factory = ClientPerMessageDeflateFactory(
            server_no_context_takeover=a, client_no_context_takeover=b,
            server_max_window_bits=c, client_max_window_bits=d)
        async with websockets.connect("${server.url('/echo')}", compression=None,
                                      extensions=[factory], max_size=1 << 26) as ws:
            assert ws.extensions, (a, b, c, d)
            for message in text, "Hello", text, os.urandom(20000), b"", text[:100]:
                await ws.send(message)
                assert await ws.recv() == message, (a, b, c, d)
            await ws.send([text[i:i + 100] for i in range(0, len(text), 100)])
            assert await ws.recv() == text
asyncio.run(main())`;
            await run(python, ['-c', program], { timeout: 45_000 });
        });

        it('Chromium', { timeout }, async () => {
            const browser = await launch_chromium();
            try {
                const page = await browser.newPage();
                await page.goto(server.url('/healthz', 'http'));
                const result = await page.evaluate(async ([url, text]) => {
                    const socket = new WebSocket(url);
                    await new Promise((resolve, reject) => {
                        socket.onopen = resolve;
                        socket.onerror = () => reject(new Error('it did not open'));
                    });
                    let same = 0;
                    for (const message of [text, 'Hello', text, text.slice(0, 150)]) {
                        socket.send(message);
                        const { data } = await new Promise((resolve) => {
                            socket.onmessage = resolve;
                        });
                        if (data === message) same += 1;
                    }
                    const { extensions } = socket;
                    socket.close(1000);
                    const { code } = await new Promise((resolve) => { socket.onclose = resolve; });
                    return { same, extensions, code };
                }, [server.url('/echo'), json]);
                assert.equal(result.same, 4);
                assert.match(result.extensions, /^permessage-deflate/);
                assert.equal(result.code, 1000);
            } finally {
                await browser.close();
            }
        });
    });
}
