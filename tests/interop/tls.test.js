// wss and https with clients that we did not write: npm's `ws`, Debian's python3-websockets,
// Chromium, Node's TLS and OpenSSL's s_client. EDGEWS_BIN names the folder of secure_echo.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const tls = require('node:tls');
const { promisify } = require('node:util');
const { WebSocket } = require('ws');
const { make_certificate } = require('./certificates.js');
const { launch_chromium } = require('./chromium.js');
const { start_server } = require('./server.js');

const timeout = 60_000;
const python = process.env.EDGEWS_PYTHON ?? '/usr/bin/python3';
const run = promisify(execFile);

describe('TLS', () => {
    let folder;
    let server;
    let ca;
    before(async () => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edgews-tls-'));
        ({ ca } = make_certificate(folder, 'localhost'));
        make_certificate(folder, 'other.example');
        server = await start_server('secure_echo', [
            '--deflate', '--cert', `${folder}/localhost.pem`, '--key', `${folder}/localhost.key`,
            '--cert', `${folder}/other.example.pem`, '--key', `${folder}/other.example.key`]);
    });
    after(async () => {
        await server?.stop();
        fs.rmSync(folder, { recursive: true });
    });

    const url = (target) => `wss://localhost:${server.port}${target}`;
    async function connect(options = {}) {
        const socket = new WebSocket(url('/echo'), { ca, maxPayload: 1 << 26, ...options });
        await once(socket, 'open');
        return socket;
    }
    async function closes_cleanly(socket) {
        socket.close(1000);
        assert.equal((await once(socket, 'close'))[0], 1000);
    }

    for (const perMessageDeflate of [false, true]) {
        const title = perMessageDeflate ? 'with compression' : 'plain';
        it(`ws echoes messages of all sizes, ${title}`, { timeout }, async () => {
            const socket = await connect({ perMessageDeflate });
            const messages = ['', 'Hello', 'κόσμε'.repeat(3_000), randomBytes(16_384),
                              randomBytes(1_000_000), randomBytes(8_000_000), 'end'];
            const received = [];
            const done = new Promise((resolve) => {
                socket.on('message', (data, is_binary) => {
                    received.push(is_binary ? data : data.toString());
                    if (received.length === messages.length) resolve();
                });
            });
            for (const message of messages) socket.send(message);
            await done;
            for (const [i, message] of messages.entries()) {
                assert.ok(typeof message === 'string' ? received[i] === message
                                                      : message.equals(received[i]), `${i}`);
            }
            await closes_cleanly(socket);
        });
    }

    it('whoever reads late gets all of it', { timeout }, async () => {
        const socket = await connect({ perMessageDeflate: false });
        const message = randomBytes(4_000_000);
        socket.pause();
        for (let i = 0; i < 8; ++i) socket.send(message);
        await new Promise((resolve) => { setTimeout(resolve, 300); });
        let count = 0;
        const done = new Promise((resolve) => {
            socket.on('message', (data) => {
                assert.ok(message.equals(data));
                if (++count === 8) resolve();
            });
        });
        socket.resume();
        await done;
        await closes_cleanly(socket);
    });

    it('500 connections at once', { timeout }, async () => {
        const sockets = await Promise.all(Array.from({ length: 500 }, () => connect()));
        await Promise.all(sockets.map(async (socket, i) => {
            socket.send(`message ${i}`);
            assert.equal((await once(socket, 'message'))[0].toString(), `message ${i}`);
        }));
        await Promise.all(sockets.map(closes_cleanly));
    });

    it('python3-websockets verifies the certificate', { timeout }, async () => {
        const program = `
import asyncio, os, ssl, websockets
async def main():
    context = ssl.create_default_context(cafile="${folder}/localhost.pem")
    async with websockets.connect("${url('/echo')}", ssl=context, max_size=1 << 26) as ws:
        for message in "text", "日本語" * 50000, os.urandom(3_000_000), b"":
            await ws.send(message)
            assert await ws.recv() == message
asyncio.run(main())`;
        await run(python, ['-c', program], { timeout: 45_000 });
    });

    it('Chromium', { timeout }, async () => {
        const browser = await launch_chromium(['--ignore-certificate-errors']);
        try {
            const page = await browser.newPage();
            await page.goto(`https://localhost:${server.port}/healthz`);
            assert.equal(await page.textContent('body'), 'ok');
            const answer = await page.evaluate(async (target) => {
                const socket = new WebSocket(target);
                await new Promise((resolve, reject) => {
                    socket.onopen = resolve;
                    socket.onerror = () => reject(new Error('it did not open'));
                });
                socket.send('from a page of the same origin');
                return (await new Promise((resolve) => { socket.onmessage = resolve; })).data;
            }, url('/echo'));
            assert.equal(answer, 'from a page of the same origin');
        } finally {
            await browser.close();
        }
    });

    it('https beside wss, with keep-alive', { timeout }, async () => {
        const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
        for (let i = 0; i < 3; ++i) {
            const [response] = await once(https.get({
                host: 'localhost', port: server.port, path: '/healthz', ca, agent }), 'response');
            assert.equal(response.statusCode, 200);
            response.resume();
            await once(response, 'end');
        }
        agent.destroy();
    });

    it('the server name chooses the certificate', { timeout }, async () => {
        for (const name of ['localhost', 'other.example', 'unknown.example']) {
            const socket = tls.connect({ host: 'localhost', port: server.port, servername: name,
                                         rejectUnauthorized: false });
            await once(socket, 'secureConnect');
            const expected = name === 'other.example' ? name : 'localhost';
            assert.equal(socket.getPeerCertificate().subject.CN, expected);
            socket.destroy();
        }
    });

    it('both versions, sessions resume, and what is too old is refused', { timeout }, async () => {
        for (const version of ['TLSv1.2', 'TLSv1.3']) {
            const options = { host: 'localhost', port: server.port, ca, minVersion: version,
                              maxVersion: version };
            const first = tls.connect(options);
            first.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
            const [session] = await once(first, 'session');
            first.destroy();
            const second = tls.connect({ ...options, session });
            await once(second, 'secureConnect');
            assert.equal(second.getProtocol(), version);
            assert.ok(second.isSessionReused());
            second.destroy();
        }
        await assert.rejects(run('openssl', ['s_client', '-connect', `localhost:${server.port}`,
                                             '-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0']),
                             /alert protocol version/);
    });

    it('plain HTTP on this port is told so', { timeout }, async () => {
        const [response] = await once(http.get({ host: 'localhost', port: server.port,
                                                 path: '/healthz' }), 'response');
        assert.equal(response.statusCode, 400);
        const chunks = await response.setEncoding('utf8').toArray();
        assert.match(chunks.join(''), /TLS/);
        assert.ok(Math.abs(Date.parse(response.headers.date) - Date.now()) < 60_000);
        const request = http.request({ method: 'HEAD', host: 'localhost', port: server.port });
        const socket = await new Promise((resolve) => { request.end().on('socket', resolve); });
        socket.on('data', (data) => { assert.match(data.toString(), /^HTTP.* 400 [^]*\r\n\r\n$/); });
        assert.equal((await once(request, 'response'))[0].resume().statusCode, 400);
        while (!/http request/.test(server.printed)) {
            await new Promise((resolve) => { setTimeout(resolve, 10); });
        }
    });

    it('peers that vanish while they are sent to cost nobody else', { timeout }, async () => {
        const program = `
import os, socket, ssl, struct, time
context = ssl.create_default_context(cafile="${folder}/localhost.pem")
head = (b"GET /echo HTTP/1.1\\r\\nHost: localhost\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
        b"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n")
def frame(size):
    return b"\\x82\\xff" + struct.pack(">Q", size) + b"\\0\\0\\0\\0" + os.urandom(size)
def connect():
    raw = socket.create_connection(("localhost", ${server.port}))
    peer = context.wrap_socket(raw, server_hostname="localhost")
    peer.sendall(head)
    assert b" 101 " in peer.recv(4096)
    return peer
for i in range(30):
    peer = connect()
    peer.sendall(frame(900_000))
    if i % 2 == 0:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
for i in range(5):
    peer = connect()
    peer.settimeout(0.3)
    try:
        for _ in range(20): peer.sendall(frame(1_000_000))
    except (TimeoutError, socket.timeout):
        pass
    raw = socket.socket(fileno=peer.detach())
    raw.settimeout(0.3)
    for _ in range(3):
        try:
            raw.sendall(b"\\x17\\x03\\x03\\x00\\x20" + os.urandom(32))
        except OSError:
            pass
        time.sleep(0.05)
    raw.close()
peer = connect()
peer.sendall(b"\\x81\\x80\\0\\0\\0\\0")
assert peer.recv(2) == b"\\x81\\x00"
peer.close()`;
        await run(python, ['-c', program], { timeout: 45_000 });
    });

    it('who sends nonsense, is silent or vanishes costs nobody else', { timeout }, async () => {
        const socket = await connect();
        const others = Array.from({ length: 20 }, (_, i) => {
            const other = net.connect(server.port, '127.0.0.1');
            other.on('error', () => {});
            if (i % 2 === 0) other.write(randomBytes(300));
            return other;
        });
        const cut = await connect();
        cut.send(randomBytes(500_000));
        cut._socket.destroy();
        socket.send('still served');
        assert.equal((await once(socket, 'message'))[0].toString(), 'still served');
        for (const other of others) other.destroy();
        await closes_cleanly(socket);
    });
});
