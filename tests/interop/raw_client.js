// A WebSocket client over a bare TCP socket.
//
// It says exactly what a test tells it to say, right or wrong, and holds what comes back
// against the rules that RFC 6455 has for servers.
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const net = require('node:net');
const { Decoder, cut } = require('./frames.js');

const accept_suffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';  // RFC 6455, section 1.3
const event_timeout_ms = 10_000;

// The request of an opening handshake, up to its empty line. A header set to null is left out.
function upgrade_request(server, { target = '/', headers = {} } = {}) {
    const all = {
        Host: `${server.host}:${server.port}`,
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Sec-WebSocket-Key': crypto.randomBytes(16).toString('base64'),
        'Sec-WebSocket-Version': '13',
        ...headers,
    };
    const lines = Object.entries(all).filter(([, value]) => value !== null)
        .map(([name, value]) => `${name}: ${value}\r\n`);
    return `GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

// What a server must answer in Sec-WebSocket-Accept (RFC 6455, section 4.2.2).
function accept_of(request) {
    const key = /^sec-websocket-key:[ \t]*(\S*)/im.exec(request)[1];
    return crypto.createHash('sha1').update(key + accept_suffix).digest('base64');
}

// A TCP connection whose arrivals are read one by one. `reader` turns chunks into events
// (a generator method push(chunk)); the end of the stream is the event `end`, an error `error`.
class RawSocket {
    #events = [];
    #waiting = null;
    #reader = null;
    #early = [];  // Arrivals without a reader, as functions that deliver them.

    static async open(server) {
        const socket = net.connect({ host: server.host, port: server.port, noDelay: true,
                                     allowHalfOpen: true });
        await new Promise((resolve, reject) => {
            socket.once('connect', resolve).once('error', reject);
        });
        return new this(socket);
    }

    constructor(socket) {
        this.socket = socket;
        socket.on('data', (chunk) => this.#receive(chunk));
        socket.on('end', () => this.#finish({ kind: 'end' }));
        socket.on('error', (error) => this.#finish({ kind: 'error', code: error.code }));
    }

    // From here on, arrivals go through `reader`, those first that came before it.
    read_with(reader) {
        this.#reader = reader;
        for (const deliver of this.#early.splice(0)) deliver();
    }

    #receive(chunk) {
        if (!this.#reader) return void this.#early.push(() => this.#receive(chunk));
        try {
            for (const event of this.#reader.push(chunk)) this.#push(event);
        } catch (error) {
            this.#push({ kind: 'violation', error });
        }
    }

    #finish(event) {
        if (!this.#reader) return void this.#early.push(() => this.#finish(event));
        this.#push(event);
    }

    #push(event) {
        if (event.kind === 'head') {  // What follows is for another reader.
            this.#reader = null;
            if (event.rest.length > 0) this.#receive(event.rest);
        }
        if (this.#waiting) this.#waiting(event);
        else this.#events.push(event);
    }

    // The next event, within `timeout_ms`; `wanted` is for the error's text.
    async next(wanted = 'anything', timeout_ms = event_timeout_ms) {
        const event = this.#events.shift() ?? await new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.#waiting = null;
                reject(new Error(`waited ${timeout_ms} ms in vain for ${wanted}`));
            }, timeout_ms);
            this.#waiting = (arrived) => {
                clearTimeout(timer);
                this.#waiting = null;
                resolve(arrived);
            };
        });
        if (event.kind === 'violation') throw event.error;
        return event;
    }

    send(...buffers) { this.socket.write(Buffer.concat(buffers.map((b) => Buffer.from(b)))); }

    // One write, and so one packet unless the kernel is behind, per `size` bytes. Stops
    // silently when the server closes in between: what it said is what the test looks at.
    async send_chopped(size, ...buffers) {
        for (const piece of cut(Buffer.concat(buffers.map((b) => Buffer.from(b))), size)) {
            if (this.socket.destroyed) return;
            await new Promise((resolve) => { this.socket.write(piece, resolve); });
        }
    }

    half_close() { this.socket.end(); }
    destroy() { this.socket.destroy(); }
}

// The head of the response to an upgrade; what follows it is for the next reader.
class UpgradeReader {
    #input = Buffer.alloc(0);

    *push(chunk) {
        this.#input = Buffer.concat([this.#input, chunk]);
        const end = this.#input.indexOf('\r\n\r\n');
        if (end < 0) return;
        yield { kind: 'head', text: this.#input.toString('latin1', 0, end + 2),
                rest: this.#input.subarray(end + 4) };
    }
}

class RawClient extends RawSocket {
    // Opens a WebSocket. `request`: the head to send; `extra`: bytes in the same write.
    static async connect(server, { target, headers, extra = '', request } = {}) {
        const client = await RawClient.open(server);
        const head = request ?? upgrade_request(server, { target, headers });
        client.read_with(new UpgradeReader());
        client.send(head, extra);
        await client.upgraded(head);
        return client;
    }

    // Waits for the response to `request`, which must be a correct 101.
    async upgraded(request) {
        const event = await this.next('the response to the upgrade');
        assert.equal(event.kind, 'head', `no response to the upgrade, but ${event.kind}`);
        assert.match(event.text, /^HTTP\/1\.1 101 /);
        assert.match(event.text, /^upgrade:[ \t]*websocket[ \t]*\r$/im);
        assert.match(event.text, /^connection:[ \t]*upgrade[ \t]*\r$/im);
        const accept = /^sec-websocket-accept:[ \t]*(\S*)[ \t]*\r$/im.exec(event.text)?.[1];
        assert.equal(accept, accept_of(request), 'Sec-WebSocket-Accept is wrong (4.2.2)');
        this.response = event.text;
        this.read_with(new Decoder());
    }
}

module.exports = { RawClient, RawSocket, UpgradeReader, accept_of, upgrade_request };
