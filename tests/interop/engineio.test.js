// The echo over Engine.IO with npm's own client: by polling, by WebSocket, and from one to the
// other, with one loop and with several.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, describe, it } = require('node:test');
const { Socket } = require('engine.io-client');
const { start_server } = require('./server.js');

const timeout = 30_000;
const text = 'Grüße, κόσμε 🦊\n& a second line';
const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);

// A client and the messages that it has heard.
class Client {
    heard = [];
    #waiting = null;

    constructor(server, transports) {
        this.socket = new Socket(server.url('', 'http'), { path: '/engine.io', transports });
        this.socket.binaryType = 'arraybuffer';
        this.socket.on('message', (data) => {
            this.heard.push(typeof data === 'string' ? data : new Uint8Array(data));
            if (this.#waiting?.count === this.heard.length) this.#waiting.resolve();
        });
        // With an error in front, where its poll was on its way to a server that had ended.
        this.closed = new Promise((resolve) => { this.socket.on('close', resolve); });
    }
    async hears(count) {
        if (this.heard.length < count) {
            await new Promise((resolve) => { this.#waiting = { count, resolve }; });
        }
        return this.heard;
    }
    async opened() {
        if (this.socket.readyState !== 'open') await once(this.socket, 'open');
        return this;
    }
    async upgraded() {
        await once(this.socket, 'upgrade');
        assert.equal(this.socket.transport.name, 'websocket');
        return this;
    }
    async close() {
        this.socket.close();
        await this.closed;
    }
}

for (const threads of [1, 4]) {
    describe(`engine.io-client and engineio_echo with ${threads} loops`, { timeout }, () => {
        let server;
        before(async () => {
            server = await start_server('engineio_echo', ['--threads', String(threads)]);
        });
        after(() => server.stop());

        for (const transport of ['polling', 'websocket']) {
            it(`gets back what it sends by ${transport}`, async () => {
                const client = await new Client(server, [transport]).opened();
                for (const each of [text, bytes, 'x'.repeat(100_000)]) client.socket.send(each);
                assert.deepEqual(await client.hears(3), [text, bytes, 'x'.repeat(100_000)]);
                assert.equal(client.socket.transport.name, transport);
                await client.close();
            });
        }

        it('goes over to a WebSocket while it talks, and nothing is lost', async () => {
            const sent = Array.from({ length: 50 }, (_, i) => `message ${i}`);
            await Promise.all(Array.from({ length: 50 }, async () => {
                const client = new Client(server, ['polling', 'websocket']);
                const upgraded = client.upgraded();
                await client.opened();
                for (const each of sent) {
                    client.socket.send(each);
                    await new Promise((resolve) => { setImmediate(resolve); });
                }
                await upgraded;
                client.socket.send(bytes);
                assert.deepEqual(await client.hears(sent.length + 1), [...sent, bytes]);
                await client.close();
            }));
        });

        it('closes at any moment, and opens again', async () => {
            for (let i = 0; i < 20; ++i) {
                const client = await new Client(server, ['polling', 'websocket']).opened();
                client.socket.send(text);
                if (i % 2 === 0) await client.hears(1);
                await client.close();
            }
            const client = await new Client(server, ['websocket']).opened();
            client.socket.send(text);
            assert.deepEqual(await client.hears(1), [text]);
            await client.close();
        });
    });
}

describe('engineio_echo', { timeout }, () => {
    it('tells its clients when it ends', async () => {
        const server = await start_server('engineio_echo', ['--threads', '2']);
        const clients = await Promise.all(
            [['polling'], ['websocket'], ['polling', 'websocket']].map(
                (transports) => new Client(server, transports).opened()));
        await server.stop();
        await Promise.all(clients.map((client) => client.closed));
    });

    it('pings, and a client that answers stays', async () => {
        const server = await start_server('engineio_echo', ['--ping-interval', '20']);
        const clients = await Promise.all(['polling', 'websocket'].map(
            (transport) => new Client(server, [transport]).opened()));
        await Promise.all(clients.map(async ({ socket }) => {
            for (let i = 0; i < 5; ++i) await once(socket, 'ping');
        }));
        for (const client of clients) {
            client.socket.send(text);
            assert.deepEqual(await client.hears(1), [text]);
            await client.close();
        }
        await server.stop();
    });
});
