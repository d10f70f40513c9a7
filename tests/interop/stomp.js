// A STOMP client that says exactly what a test tells it to, over TCP and over npm's `ws`, and the
// broker that it talks to.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const { after } = require('node:test');
const { WebSocket } = require('ws');
const { start_server } = require('./server.js');

const patience_ms = 10_000;
const subprotocols = ['v12.stomp', 'v11.stomp', 'v10.stomp'];

// Those that a test did not stop, or could not, end with its file.
const brokers = [];
const runs = ({ child }) => child.exitCode === null && child.signalCode === null;
after(() => Promise.all(brokers.filter(runs).map((broker) => broker.stop())));

// The broker on free ports: { url, tcp_port, … } of server.js.
async function start_broker(args = [], { port = 0, tcp_port = 0 } = {}) {
    const broker = await start_server('stomp_broker', ['--tcp-port', String(tcp_port), ...args],
                                      { port });
    brokers.push(broker);
    broker.tcp_port = Number(/^STOMP over TCP on .*:(\d+)$/m.exec(broker.printed)[1]);
    broker.ws_url = broker.url('/ws');
    return broker;
}

// Bytes of memory that a process has in RAM. 0 if it is of another build, whose sanitizers have
// some of their own.
function resident_size(pid) {
    if (process.env.EDGEWS_BIN) return 0;
    return Number(/^VmRSS:\s*(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) *
           1024;
}

async function state_of(broker) { return (await fetch(broker.url('/state.json', 'http'))).json(); }

const escapes = { '\\': '\\\\', '\r': '\\r', '\n': '\\n', ':': '\\c' };
const escape = (text) => String(text).replace(/[\\\r\n:]/g, (found) => escapes[found]);
const unescape = (text) => text.replace(/\\[\\rnc]/g, (found) =>
    ({ '\\\\': '\\', '\\r': '\r', '\\n': '\n', '\\c': ':' })[found]);

// A frame as bytes. Headers: an object, or pairs where one is to be repeated.
function frame(command, headers = {}, body = '') {
    const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
    const plain = command === 'CONNECT' || command === 'STOMP';
    const lines = pairs.map(([name, value]) =>
        plain ? `${name}:${value}\n` : `${escape(name)}:${escape(value)}\n`);
    return Buffer.concat([Buffer.from(`${command}\n${lines.join('')}\n`), Buffer.from(body),
                          Buffer.from([0])]);
}

// Frames from bytes, as they come: { kind: 'frame', command, headers, head, body, text }, and
// { kind: 'beat' } for each EOL between them. `head`: the octets of command and headers.
class FrameReader {
    #input = Buffer.alloc(0);

    *push(chunk) {
        this.#input = this.#input.length > 0 ? Buffer.concat([this.#input, chunk]) : chunk;
        let begin = 0;
        for (;;) {
            if (this.#input[begin] === 10) {
                ++begin;
                yield { kind: 'beat' };
                continue;
            }
            const head_end = this.#input.indexOf('\n\n', begin);
            if (head_end < 0) break;
            const head = this.#input.subarray(begin, head_end);
            const [command, ...lines] = head.toString().split('\n');
            const headers = {};
            for (const line of lines) {
                const colon = line.indexOf(':');
                const name = unescape(line.slice(0, colon));
                headers[name] ??= unescape(line.slice(colon + 1));
            }
            const body_begin = head_end + 2;
            const size = headers['content-length'];
            const end = size === undefined ? this.#input.indexOf(0, body_begin)
                                           : body_begin + Number(size);
            if (end < 0 || end >= this.#input.length) break;
            assert.equal(this.#input[end], 0, 'no NUL ends the frame');
            const body = this.#input.subarray(body_begin, end);
            yield { kind: 'frame', command, headers, head, body, text: body.toString() };
            begin = end + 1;
        }
        this.#input = this.#input.subarray(begin);
    }
}

// What both kinds of clients have: frames, beats and the end, { kind: 'end' }, are read one by one.
class Peer {
    #events = [];
    #waiting = null;
    reader = new FrameReader();

    arrived(event) {
        event.at_ms = performance.now();
        if (this.#waiting) this.#waiting(event);
        else this.#events.push(event);
    }
    receive(chunk) { for (const event of this.reader.push(chunk)) this.arrived(event); }

    say(...of_frame) { this.send(frame(...of_frame)); }

    async next(wanted = 'anything', timeout_ms = patience_ms) {
        return this.#events.shift() ?? await new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.#waiting = null;
                reject(new Error(`waited ${timeout_ms} ms in vain for ${wanted}`));
            }, timeout_ms);
            this.#waiting = (event) => {
                clearTimeout(timer);
                this.#waiting = null;
                resolve(event);
            };
        });
    }

    // The next frame, which must be of that command.
    async hear(command) {
        let event;
        do event = await this.next(command); while (event.kind === 'beat');
        const found = event.kind === 'frame'
            ? `${event.command} ${JSON.stringify(event.headers)} ${event.text.slice(0, 200)}`
            : JSON.stringify(event);
        assert.equal(event.command, command, `wanted ${command}, heard ${found}`);
        return event;
    }
    async hear_bodies(count) {
        const bodies = [];
        while (bodies.length < count) bodies.push((await this.hear('MESSAGE')).text);
        return bodies;
    }
    // The end, without a further frame: its event.
    async hear_end() {
        let event;
        do event = await this.next('the end'); while (event.kind === 'beat');
        assert.equal(event.kind, 'end', `wanted the end, heard ${event.command} ${event.text}`);
        return event;
    }
    // That of what was said so far, all is done.
    async done() {
        this.say('SEND', { destination: '/topic/of-nobody', receipt: 'all-done' });
        const { headers } = await this.hear('RECEIPT');
        assert.equal(headers['receipt-id'], 'all-done');
    }
    // ERROR, of that message, and the end.
    async hear_error(message) {
        const error = await this.hear('ERROR');
        assert.match(error.headers.message, message);
        return { error, end: await this.hear_end() };
    }

    async connect(headers = {}) {
        this.say('CONNECT', { 'accept-version': '1.0,1.1,1.2', host: 'localhost', ...headers });
        this.connected = await this.hear('CONNECTED');
        return this;
    }
    async subscribe(destination, headers = {}) {
        this.say('SUBSCRIBE', { id: destination, destination, receipt: 'subscribed', ...headers });
        await this.hear('RECEIPT');
    }
}

class TcpPeer extends Peer {
    static async open(broker, options = {}) {
        const socket = net.connect({ host: broker.host, port: broker.tcp_port, noDelay: true,
                                     allowHalfOpen: true, ...options });
        await once(socket, 'connect');
        return new TcpPeer(socket);
    }
    constructor(socket) {
        super();
        this.socket = socket;
        socket.on('data', (chunk) => this.receive(chunk));
        socket.on('end', () => this.arrived({ kind: 'end' }));
        socket.on('error', (error) => this.arrived({ kind: 'end', error: error.code }));
    }
    send(bytes) { this.socket.write(bytes); }
    // Resolves when the system has taken it.
    sent(bytes) { return new Promise((resolve) => { this.socket.write(bytes, resolve); }); }
    stop_reading() { this.socket.pause(); }
    destroy() { this.socket.destroy(); }
    vanish() { this.socket.resetAndDestroy(); }
}

class WsPeer extends Peer {
    static async open(broker, { protocols = subprotocols, ...options } = {}) {
        const socket = new WebSocket(broker.ws_url, protocols, { maxPayload: 1 << 26, ...options });
        const peer = new WsPeer(socket);
        await once(socket, 'open');
        return peer;
    }
    constructor(socket) {
        super();
        this.socket = socket;
        socket.on('message', (data, is_binary) => {
            this.message_was_binary = is_binary;
            this.receive(data);
        });
        socket.on('ping', () => this.arrived({ kind: 'ping' }));
        socket.on('close', (code, reason) =>
            this.arrived({ kind: 'end', code, reason: reason.toString() }));
    }
    // As text, as browsers' clients do; buffers with what is no text need `binary`.
    send(bytes, { binary = false } = {}) { this.socket.send(bytes, { binary }); }
    sent(bytes) {
        return new Promise((resolve) => { this.socket.send(bytes, { binary: true }, resolve); });
    }
    stop_reading() { this.socket.pause(); }
    destroy() { this.socket.terminate(); }
    vanish() { this.socket._socket.resetAndDestroy(); }
}

const peers = { TCP: TcpPeer, WebSocket: WsPeer };

module.exports = { FrameReader, TcpPeer, WsPeer, frame, peers, resident_size, start_broker,
                   state_of };
