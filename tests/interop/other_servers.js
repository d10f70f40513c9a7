// Servers that we did not write, for our client: npm's `ws` and `websocket` (WebSocket-Node),
// Debian's python3-websockets, and, where it was built, libwebsockets.
//
// They echo, know the subprotocols "chat" and "other", and obey a text that begins with "!":
//
//     !close CODE REASON   closes
//     !ping PAYLOAD        pings, and when the pong comes says "pong PAYLOAD"
//     !fragments           sends `fragmented` in fragments
//     !vanish              drops the connection
//
// All but libwebsockets, which only echoes. closed() is how they saw a connection end; its target
// tells it from others.
'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { server: WebSocketNode } = require('websocket');
const { WebSocketServer } = require('ws');
const { start_program } = require('./program.js');

const python = process.env.EDGEWS_PYTHON ?? '/usr/bin/python3';
const libwebsockets = path.join(__dirname, '../../build/bench/peers/libwebsockets');
const subprotocols = ['chat', 'other'];
const size_max = 1 << 26;
const patience_ms = 10_000;
const fragmented = Array.from({ length: 1000 }, (_, i) => `fragment ${i}; `).join('');

class OtherServer extends EventEmitter {
    host = '127.0.0.1';
    #ends = new Map();

    get url() { return `ws://${this.host}:${this.port}`; }

    has_closed(target, end) {
        this.#ends.set(target, end);
        this.emit(target);
    }

    // { code, reason } of the connection that asked for `target`, when it ends, or ended.
    async closed(target) {
        if (!this.#ends.has(target)) {
            await once(this, target, { signal: AbortSignal.timeout(patience_ms) });
        }
        return this.#ends.get(target);
    }
}

// What can be ordered from `connection`: functions close, ping, send_fragments and vanish.
function obey(order, actions) {
    const [word, ...words] = order.split(' ');
    if (word === '!close') actions.close(Number(words[0]), words.slice(1).join(' '));
    if (word === '!ping') actions.ping(words[0]);
    if (word === '!fragments') actions.send_fragments();
    if (word === '!vanish') actions.vanish();
}

class Ws extends OtherServer {
    // `compression`: of the library, which is told to compress all sizes.
    static async start({ compression = null } = {}) {
        const server = new Ws();
        server.library = new WebSocketServer({
            host: server.host, port: 0, maxPayload: size_max,
            perMessageDeflate: compression && { threshold: 0, ...compression },
            handleProtocols: (offered) => subprotocols.find((one) => offered.has(one)) ?? false,
        });
        await once(server.library, 'listening');
        server.port = server.library.address().port;
        server.library.on('connection', (socket, { url }) => server.#serve(socket, url));
        return server;
    }

    #serve(socket, target) {
        socket.on('message', (data, is_binary) => {
            const message = is_binary ? data : data.toString();
            if (is_binary || !message.startsWith('!')) return void socket.send(message);
            obey(message, {
                close: (code, reason) => socket.close(code, reason),
                ping: (payload) => socket.ping(payload),
                send_fragments: () => {
                    socket.send(fragmented.slice(0, 5000), { fin: false });
                    socket.send(fragmented.slice(5000, 5001), { fin: false });
                    socket.send(fragmented.slice(5001), { fin: true });
                },
                vanish: () => socket.terminate(),
            });
        });
        socket.on('pong', (payload) => socket.send(`pong ${payload}`));
        socket.on('close', (code, reason) => {
            this.has_closed(target, { code, reason: reason.toString() });
        });
    }

    stop() {
        for (const socket of this.library.clients) socket.terminate();
        this.library.close();
    }
}

class Node extends OtherServer {
    static async start() {
        const server = new Node();
        server.http = http.createServer().listen(0, server.host);
        await once(server.http, 'listening');
        server.port = server.http.address().port;
        server.library = new WebSocketNode({
            httpServer: server.http, maxReceivedFrameSize: size_max,
            maxReceivedMessageSize: size_max, fragmentationThreshold: 4096 });
        server.library.on('request', (request) => {
            const chosen = subprotocols.find((one) => request.requestedProtocols.includes(one));
            server.#serve(request.accept(chosen ?? null, request.origin), request.resource);
        });
        return server;
    }

    #serve(connection, target) {
        connection.on('message', ({ utf8Data: text, binaryData: bytes }) => {
            if (bytes) return void connection.sendBytes(bytes);
            if (!text.startsWith('!')) return void connection.sendUTF(text);
            obey(text, {
                close: (code, reason) => connection.close(code, reason),
                ping: (payload) => connection.ping(payload),
                send_fragments: () => connection.sendUTF(fragmented),  // By the threshold.
                vanish: () => connection.socket.destroy(),
            });
        });
        connection.on('pong', (payload) => connection.sendUTF(`pong ${payload}`));
        connection.on('error', () => {});  // `close` follows.
        connection.on('close', (code, reason) => this.has_closed(target, { code, reason }));
    }

    stop() {
        this.library.shutDown();
        this.http.close();
    }
}

// One that is a program, and prints "listening on HOST:PORT".
class ProgramServer extends OtherServer {
    async start_program(program, args) {
        this.child = start_program(program, args);
        let printed = '';
        this.child.stderr.setEncoding('utf8').on('data', (chunk) => { printed += chunk; });
        let line = '';
        this.child.stdout.setEncoding('utf8').on('data', (chunk) => {
            line += chunk;
            for (let end; (end = line.indexOf('\n')) >= 0; line = line.slice(end + 1)) {
                this.#take(line.slice(0, end));
            }
        });
        this.child.once('close', () => this.emit('listening', new Error(printed)));
        const [error] = await once(this, 'listening');
        assert.ifError(error);
    }

    #take(line) {
        const port = /^listening on .*:(\d+)$/.exec(line)?.[1];
        if (port) {
            this.port = Number(port);
            this.emit('listening');
        } else if (line.startsWith('closed ')) {
            const { target, ...end } = JSON.parse(line.slice(7));
            this.has_closed(target, end);
        }
    }

    stop() { this.child.kill('SIGKILL'); }
}

class Python extends ProgramServer {
    static async start({ compression = null } = {}) {
        const server = new Python();
        await server.start_program(python, [
            path.join(__dirname, 'python_server.py'),
            ...(compression ? ['--compression', JSON.stringify(compression)] : [])]);
        return server;
    }
}

class Libwebsockets extends ProgramServer {
    static is_built = fs.existsSync(libwebsockets);

    static async start() {
        const server = new Libwebsockets();
        await server.start_program(libwebsockets, ['--port', '0']);
        return server;
    }
}

module.exports = { Libwebsockets, Node, Python, Ws, fragmented };
