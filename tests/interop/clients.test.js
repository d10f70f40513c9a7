// Two clients that people use, npm's `ws` and `websocket` (WebSocket-Node), against the echo
// server: each sees the same promises kept, through the same few functions.
'use strict';

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const { client: WebSocketNode } = require('websocket');
const { WebSocket } = require('ws');
const { start_server } = require('./server.js');

const timeout = 30_000;
const event_timeout_ms = 10_000;

// A queue that one side fills and the other awaits.
class Inbox {
    #items = [];
    #waiting = [];

    put(item) {
        const waiting = this.#waiting.shift();
        if (waiting) waiting(item);
        else this.#items.push(item);
    }

    async take(what) {
        if (this.#items.length > 0) return this.#items.shift();
        let timer;
        const late = new Promise((_, reject) => {
            timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)),
                               event_timeout_ms);
        });
        const item = new Promise((resolve) => { this.#waiting.push(resolve); });
        return Promise.race([item, late]).finally(() => clearTimeout(timer));
    }

    get size() { return this.#items.length; }
}

// What every client can do: send, send_fragments, ping, close; and `messages` (each a string or
// a Buffer), `pongs` and `closes` ({ code, reason }) as they arrive.
class Client {
    messages = new Inbox();
    pongs = new Inbox();
    closes = new Inbox();

    async closed() { return this.closes.take('the close'); }
    async message() { return this.messages.take('a message'); }
    async pong() { return this.pongs.take('a pong'); }

    async echo(message) {
        this.send(message);
        assert.deepEqual(await this.message(), message);
    }
}

class WsClient extends Client {
    static async connect(url, { protocols = [], ...options } = {}) {
        const client = new WsClient();
        const socket = client.socket = new WebSocket(url, protocols, options);
        socket.on('message', (data, is_binary) => {
            client.messages.put(is_binary ? data : data.toString());
        });
        socket.on('pong', (data) => client.pongs.put(data));
        socket.on('close', (code, reason) => {
            client.closes.put({ code, reason: reason.toString() });
        });
        await new Promise((resolve, reject) => { socket.on('open', resolve).on('error', reject); });
        return client;
    }

    get protocol() { return this.socket.protocol; }
    get extensions() { return this.socket.extensions; }
    send(message) { this.socket.send(message); }
    send_fragments(pieces) {
        pieces.forEach((piece, i) => this.socket.send(piece, { fin: i === pieces.length - 1 }));
    }
    ping(data) { this.socket.ping(data); }
    close(code, reason) { this.socket.close(code, reason); }
    terminate() { this.socket.terminate(); }
}

class WebSocketNodeClient extends Client {
    static async connect(url, { protocols = [], origin } = {}) {
        const client = new WebSocketNodeClient();
        const connector = new WebSocketNode({ closeTimeout: event_timeout_ms,
                                              fragmentationThreshold: 1 << 30,
                                              maxReceivedFrameSize: 1 << 26,
                                              maxReceivedMessageSize: 1 << 26 });
        connector.connect(url, protocols, origin);
        const socket = client.socket = await new Promise((resolve, reject) => {
            connector.on('connect', resolve).on('connectFailed', reject);
        });
        socket.on('message', (message) => {
            client.messages.put(message.type === 'utf8' ? message.utf8Data : message.binaryData);
        });
        socket.on('pong', (data) => client.pongs.put(data));
        socket.on('close', (code, reason) => client.closes.put({ code, reason }));
        socket.on('error', () => {});  // `close` follows.
        return client;
    }

    get protocol() { return this.socket.protocol ?? ''; }
    get extensions() { return this.socket.extensions?.join(', ') ?? ''; }
    send(message) {
        if (typeof message === 'string') this.socket.sendUTF(message);
        else this.socket.sendBytes(message);
    }
    // The library cuts messages by itself, at a size.
    send_fragments(pieces) {
        const { config } = this.socket;
        const before = config.fragmentationThreshold;
        config.fragmentationThreshold = pieces[0].length;
        this.send(typeof pieces[0] === 'string' ? pieces.join('') : Buffer.concat(pieces));
        config.fragmentationThreshold = before;
    }
    ping(data) { this.socket.ping(data); }
    close(code, reason) { this.socket.close(code, reason); }
    terminate() { this.socket.socket.destroy(); }
}

// Promises that do not depend on the client.
function common_tests(Library, context) {
    const connect = (target = '/echo', options) =>
        Library.connect(context.server.url(target), options);

    it('text and binary come back as they are', { timeout }, async () => {
        const client = await connect();
        for (const size of [0, 1, 125, 126, 65535, 65536, 1_000_000]) {
            await client.echo('t'.repeat(size));
            await client.echo(Buffer.alloc(size, 'b'));
        }
        await client.echo('κόσμε 日本語 🦊');
        client.close(1000);
        await client.closed();
    });

    it('a fragmented message comes back whole', { timeout }, async () => {
        const client = await connect();
        client.send_fragments(['frag', 'ment', 's']);
        assert.equal(await client.message(), 'fragments');
        const pieces = Array.from({ length: 100 }, (_, i) => Buffer.alloc(100, i));
        client.send_fragments(pieces);
        assert.deepEqual(await client.message(), Buffer.concat(pieces));
        client.close(1000);
        await client.closed();
    });

    it('messages sent without waiting come back in order', { timeout }, async () => {
        const client = await connect();
        for (let i = 0; i < 2000; ++i) client.send(`message ${i}`);
        for (let i = 0; i < 2000; ++i) assert.equal(await client.message(), `message ${i}`);
        client.close(1000);
        await client.closed();
    });

    it('a ping is answered by a pong of the same bytes', { timeout }, async () => {
        const client = await connect();
        for (const size of [0, 1, 125]) {
            client.ping(Buffer.alloc(size, 'p'));
            assert.deepEqual(await client.pong(), Buffer.alloc(size, 'p'));
        }
        client.close(1000);
        await client.closed();
    });

    for (const [code, reason] of [[1000, ''], [1000, 'done'], [3000, 'registered'],
                                  [4999, 'private: äöü'], [1000, 'x'.repeat(123)]]) {
        it(`close ${code} "${reason.slice(0, 20)}" is answered by the same code`, { timeout },
           async () => {
               const client = await connect();
               client.close(code, reason);
               assert.equal((await client.closed()).code, code);
           });
    }

    it('a message too big is answered by 1009', { timeout }, async () => {
        const client = await connect();
        client.send(Buffer.alloc(1024 * 1024 + 1));
        assert.equal((await client.closed()).code, 1009);
    });

    it('/broadcast sends to every connection on it, the sender too', { timeout }, async () => {
        const clients = await Promise.all(Array.from({ length: 5 }, () => connect('/broadcast')));
        const outsider = await connect('/echo');
        for (const [i, sender] of clients.entries()) {
            const text = `from ${i}`;
            sender.send(text);
            for (const client of clients) assert.equal(await client.message(), text);
            sender.send(Buffer.from(text));
            for (const client of clients) {
                assert.deepEqual(await client.message(), Buffer.from(text));
            }
        }
        clients[0].close(1000);
        await clients[0].closed();
        clients[1].send('one less');
        for (const client of clients.slice(1)) assert.equal(await client.message(), 'one less');
        await outsider.echo('nothing came here before');
        for (const client of [...clients.slice(1), outsider]) client.terminate();
    });

    it('/broadcast keeps each sender\'s order for all', { timeout }, async () => {
        const clients = await Promise.all(Array.from({ length: 4 }, () => connect('/broadcast')));
        for (let i = 0; i < 100; ++i) clients.forEach((client, c) => client.send(`${c} ${i}`));
        for (const client of clients) {
            const next = [0, 0, 0, 0];
            for (let n = 0; n < 400; ++n) {
                const [c, i] = (await client.message()).split(' ').map(Number);
                assert.equal(i, next[c]++);
            }
        }
        for (const client of clients) client.terminate();
    });

    it('/sink swallows', { timeout }, async () => {
        const client = await connect('/sink');
        for (let i = 0; i < 100; ++i) client.send(Buffer.alloc(10_000));
        client.ping('still there?');
        assert.deepEqual(await client.pong(), Buffer.from('still there?'));
        assert.equal(client.messages.size, 0);
        client.close(1000);
        assert.equal((await client.closed()).code, 1000);
        assert.equal(client.messages.size, 0);
    });

    it('a hundred clients at once', { timeout }, async () => {
        const clients = await Promise.all(Array.from({ length: 100 }, () => connect()));
        for (let round = 0; round < 3; ++round) {
            await Promise.all(clients.map((client, i) => client.echo(`${round}: ${i}`)));
        }
        for (const client of clients) client.close(1000);
        for (const client of clients) assert.equal((await client.closed()).code, 1000);
    });

    it('a client that vanishes harms nobody', { timeout }, async () => {
        const staying = await connect('/broadcast');
        const leaving = await connect('/broadcast');
        leaving.send('bye');
        leaving.terminate();
        assert.equal(await staying.message(), 'bye');
        await staying.echo('alone');
        staying.terminate();
    });

    // Both libraries give up when they offered some and none was chosen.
    it('none of the subprotocols offered is there: none is chosen', { timeout }, async () => {
        await assert.rejects(connect('/echo', { protocols: ['chat', 'superchat'] }),
                             /Server sent no subprotocol|Expected a Sec-WebSocket-Protocol/);
        const client = await connect('/echo');
        assert.equal(client.protocol, '');
        client.terminate();
    });

    it('our own origin is welcome, another is refused with 403', { timeout }, async () => {
        const own = await connect('/echo', { origin: context.server.url('', 'http') });
        await own.echo('hello');
        own.terminate();
        await assert.rejects(connect('/echo', { origin: 'http://evil.example' }), /403/);
    });
}

const libraries = { 'npm ws': WsClient, 'npm websocket': WebSocketNodeClient };
for (const [name, Library] of Object.entries(libraries)) {
    for (const threads of [1, 3]) {
        describe(`${name}, a server of ${threads} thread(s)`, () => {
            const context = {};
            before(async () => {
                context.server = await start_server('echo', ['--threads', String(threads),
                                                             '--max-message', '1048576']);
            });
            after(() => context.server?.stop());
            common_tests(Library, context);
        });
    }

    it(`${name}: SIGTERM closes with 1001, and the server exits with 0`, { timeout }, async () => {
        const server = await start_server('echo');
        const clients = await Promise.all(Array.from({ length: 10 }, (_, i) =>
            Library.connect(server.url(['/echo', '/broadcast', '/sink'][i % 3]))));
        await clients[0].echo('hello');
        const stopped = server.stop();
        for (const client of clients) assert.equal((await client.closed()).code, 1001);
        await stopped;
    });
}

describe('npm ws', () => {
    const context = {};
    before(async () => { context.server = await start_server('echo'); });
    after(() => context.server?.stop());

    it('permessage-deflate is offered and declined', { timeout }, async () => {
        const client = await WsClient.connect(context.server.url('/echo'), {
            perMessageDeflate: { threshold: 0 } });
        assert.equal(client.extensions, '');
        await client.echo('compressible '.repeat(1000));
        client.terminate();
    });

    it('fragments with a ping between them', { timeout }, async () => {
        const client = await WsClient.connect(context.server.url('/echo'));
        client.socket.send('frag', { fin: false });
        client.ping('between');
        assert.deepEqual(await client.pong(), Buffer.from('between'));
        client.socket.send('ment', { fin: true });
        assert.equal(await client.message(), 'fragment');
        client.terminate();
    });

    it('frames not masked are answered by 1002', { timeout }, async () => {
        const client = await WsClient.connect(context.server.url('/echo'));
        client.socket.send('bare', { mask: false });
        assert.equal((await client.closed()).code, 1002);
    });

    it('a client that does not answer the close of SIGTERM does not keep the server', { timeout },
       async () => {
           const server = await start_server('echo');
           const client = await WsClient.connect(server.url('/echo'));
           client.socket.pause();  // Reads nothing: neither the close frame nor the end.
           await server.stop();
           client.terminate();
       });
});
