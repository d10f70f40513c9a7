// A WebSocket client over a bare TCP socket.
//
// It says exactly what a test tells it to say, right or wrong, and holds what comes back
// against the rules that RFC 6455 has for servers: frames unmasked, lengths minimal, reserved
// bits clear, control frames short and whole, text valid, nothing after a close frame.
'use strict';

const assert = require('node:assert/strict');
const { isUtf8 } = require('node:buffer');
const crypto = require('node:crypto');
const net = require('node:net');

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
const accept_suffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';  // RFC 6455, section 1.3
const event_timeout_ms = 10_000;

// A client's frame. `rsv`: the three reserved bits as a number, RSV1 being 4. `key`: the
// masking key, random unless given; null leaves the frame unmasked. `length_size`: bytes of
// the extended length (0, 2 or 8), the minimal number unless given. `claim`: a length to
// claim in place of the payload's own.
function frame(opcode, payload = '', options = {}) {
    const { fin = true, rsv = 0, key = crypto.randomBytes(4) } = options;
    const body = Buffer.from(payload);
    const length = BigInt(options.claim ?? body.length);
    const length_size = options.length_size ?? (length < 126n ? 0 : length < 65536n ? 2 : 8);
    const header = Buffer.alloc(2 + length_size);
    header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
    header[1] = (key ? 0x80 : 0) | (length_size === 0 ? Number(length)
                                                     : length_size === 2 ? 126 : 127);
    if (length_size === 2) header.writeUInt16BE(Number(length), 2);
    if (length_size === 8) header.writeBigUInt64BE(length, 2);
    if (!key) return Buffer.concat([header, body]);
    for (let i = 0; i < body.length; ++i) body[i] ^= key[i & 3];
    return Buffer.concat([header, key, body]);
}

const text = (payload, options) => frame(opcodes.text, payload, options);
const binary = (payload, options) => frame(opcodes.binary, payload, options);
const ping = (payload, options) => frame(opcodes.ping, payload, options);
const pong = (payload, options) => frame(opcodes.pong, payload, options);
const continuation = (payload, options) => frame(opcodes.continuation, payload, options);

// Without a code, the body is empty.
function close(code, reason = '', options) {
    if (code === undefined) return frame(opcodes.close, '', options);
    const body = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)]);
    body.writeUInt16BE(code);
    return frame(opcodes.close, body, options);
}

// A message in fragments: `pieces` is a list of payloads. `options` apply to every frame.
function fragments(opcode, pieces, options = {}) {
    return pieces.map((piece, i) => frame(i === 0 ? opcode : opcodes.continuation, piece,
                                          { ...options, fin: i === pieces.length - 1 }));
}

// Cuts into pieces of `size` bytes; the last may be shorter. Empty data is one empty piece.
function cut(data, size) {
    const bytes = Buffer.from(data);
    const pieces = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    return pieces.length > 0 ? pieces : [bytes];
}

// Bytes of a server in, events out: message, ping, pong, close. Throws at a broken rule.
class Decoder {
    #chunks = [];
    #size = 0;
    #needed = 2;
    #message = null;  // { opcode, pieces } of a fragmented message.
    #closed = false;

    *push(chunk) {
        this.#chunks.push(chunk);
        this.#size += chunk.length;
        if (this.#size < this.#needed) return;
        let input = Buffer.concat(this.#chunks);
        for (let header; (header = this.#parse_header(input)); ) {
            const end = header.size + header.length;
            const event = this.#take(header, input.subarray(header.size, end));
            input = input.subarray(end);
            if (event) yield event;
        }
        this.#chunks = [input];
        this.#size = input.length;
    }

    // Null when the input lacks a part of the frame; #needed says how long it must become.
    #parse_header(input) {
        const short = input.length < 2 ? 2 : 2 + [0, 2, 8][Math.max(0, (input[1] & 127) - 125)];
        this.#needed = short;
        if (input.length < short) return null;
        assert.equal(input[1] & 128, 0, 'a server must not mask (RFC 6455, 5.1)');
        assert.equal(input[0] & 0x70, 0, 'reserved bits are set (5.2)');
        let length = input[1] & 127;
        if (short === 4) {
            length = input.readUInt16BE(2);
            assert.ok(length > 125, 'a length is not minimal (5.2)');
        } else if (short === 10) {
            length = Number(input.readBigUInt64BE(2));
            assert.ok(length > 65535, 'a length is not minimal (5.2)');
        }
        this.#needed = short + length;
        if (input.length < this.#needed) return null;
        this.#needed = 2;
        return { fin: input[0] >= 128, opcode: input[0] & 15, size: short, length };
    }

    #take({ fin, opcode }, payload) {
        assert.ok(!this.#closed, 'a frame follows the close frame (5.5.1)');
        if (opcode < 8) return this.#take_data(fin, opcode, payload);
        assert.ok(fin, 'a control frame is fragmented (5.5)');
        assert.ok(payload.length <= 125, 'a control frame is longer than 125 bytes (5.5)');
        if (opcode === opcodes.ping) return { kind: 'ping', payload };
        if (opcode === opcodes.pong) return { kind: 'pong', payload };
        assert.equal(opcode, opcodes.close, 'an opcode is reserved (5.2)');
        assert.notEqual(payload.length, 1, 'a close frame bears half a code (5.5.1)');
        assert.ok(isUtf8(payload.subarray(2)), 'a close reason is not UTF-8 (5.5.1)');
        this.#closed = true;
        if (payload.length === 0) return { kind: 'close', code: undefined, reason: '' };
        const reason = payload.toString('utf8', 2);
        return { kind: 'close', code: payload.readUInt16BE(0), reason };
    }

    #take_data(fin, opcode, payload) {
        assert.ok(opcode <= 2, 'an opcode is reserved (5.2)');
        if (opcode === opcodes.continuation) {
            assert.ok(this.#message, 'a continuation continues nothing (5.4)');
        } else {
            assert.ok(!this.#message, 'a message begins inside another (5.4)');
            this.#message = { opcode, pieces: [] };
        }
        this.#message.pieces.push(payload);
        if (!fin) return null;
        const message = this.#message;
        this.#message = null;
        const whole = message.pieces.length === 1 ? payload : Buffer.concat(message.pieces);
        const is_text = message.opcode === opcodes.text;
        assert.ok(!is_text || isUtf8(whole), 'a text message is not UTF-8 (8.1)');
        return { kind: is_text ? 'text' : 'binary', payload: whole };
    }
}

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

module.exports = {
    RawClient, RawSocket, UpgradeReader, accept_of, binary, close, continuation, cut, fragments,
    frame, opcodes, ping, pong, text, upgrade_request,
};
