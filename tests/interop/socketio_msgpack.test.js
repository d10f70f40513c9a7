// npm's socket.io-client with socket.io-msgpack-parser against the Socket.IO server with that
// parser, over each transport. The same has to hold for npm's own server.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, afterEach, before, describe, it } = require('node:test');
const msgpack = require('notepack.io');
const { io } = require('socket.io-client');
const parser = require('socket.io-msgpack-parser');
const { WebSocket } = require('ws');
const { start_server } = require('./server.js');
const { start_npm_server } = require('./socketio_npm_server.js');
const { Clients } = require('./socketio_clients.js');
const { messages_in_order, odd_values, plain } = require('./socketio_values.js');

const timeout = 30_000;
const start_ours = (...args) => start_server('socketio_server', ['--parser', 'msgpack', ...args]);
const servers = {
    'edgews, 1 thread': () => start_ours('--threads', '1'),
    'edgews, 4 threads': () => start_ours('--threads', '4'),
    "npm's server": () => start_npm_server({ parser }),
};
const transports = {
    polling: { transports: ['polling'] },
    websocket: { transports: ['websocket'] },
    'websocket in base64': { transports: ['websocket'], forceBase64: true },
    upgrade: { transports: ['polling', 'websocket'] },
};

class ParserClients extends Clients {
    // Not yet connected.
    open(target = '/', options = {}) {
        return this.keep(io(this.server.url(target, 'http'),
                            { parser, forceNew: true, reconnection: false, ...this.options,
                              ...options }));
    }
    async connect(target, options) {
        const socket = this.open(target, options);
        await once(socket, 'connect');
        return socket;
    }
}

for (const [where, start] of Object.entries(servers)) {
    for (const [name, options] of Object.entries(transports)) {
        describe(`socket.io-msgpack-parser by ${name}, ${where}`, { timeout }, () => {
            let server;
            let all;
            before(async () => {
                server = await start();
                all = new ParserClients(server, options);
            });
            after(() => server?.stop());
            afterEach(() => all.disconnect());

            it('connects with what the client says of itself', async () => {
                const socket = all.open('/', { auth: { token: 'x', n: [1, null] } });
                assert.deepEqual(await once(socket, 'auth'), [{ token: 'x', n: [1, null] }]);
                assert.match(socket.id, /^[\w-]{20}$/);
            });

            it('sends events back, whatever is in them', async () => {
                const socket = await all.connect();
                for (const values of [odd_values, [], [null], [-1, 2 ** 40, -(2 ** 40), 0.1],
                                      [{ '': [[]], 'ü"': {} }, 'x'.repeat(70_000)]]) {
                    socket.emit('message', ...values);
                    assert.deepEqual(plain(await once(socket, 'message-back')), plain(values));
                }
            });

            it('acknowledges, and is acknowledged, bytes too', async () => {
                const socket = await all.connect();
                assert.equal(await socket.emitWithAck('echo', '\u{1f600}'), '\u{1f600}');
                const bytes = Buffer.from([5, 255]);
                assert.deepEqual(plain(await socket.emitWithAck('echo', bytes)), plain(bytes));
                socket.on('question', (value, ack) => ack({ answers: [value, bytes] }));
                assert.deepEqual(plain(await socket.emitWithAck('ask', bytes)),
                                 plain({ answers: [bytes, bytes] }));
            });

            it('keeps the order of many events while it upgrades', async () => {
                const { sent, back } = await messages_in_order(all.open());
                assert.deepEqual(back, sent);
            });

            it('has several namespaces on one connection, and no unknown ones', async () => {
                const socket = await all.connect();
                const custom = all.keep(socket.io.socket('/custom', { auth: { a: 1 } }));
                assert.deepEqual(await once(custom, 'auth'), [{ a: 1 }]);
                const [error] = await once(all.keep(socket.io.socket('/other')), 'connect_error');
                assert.equal(error.message, 'Invalid namespace');
                const [refusal] = await once(all.open('/members'), 'connect_error');
                assert.equal(refusal.message, 'for members only');
                await all.connect('/members', { auth: { token: 'member' } });
                custom.disconnect();
                assert.equal(await socket.emitWithAck('echo', 1), 1);
            });

            it('hears what is for a room where it is', async () => {
                const members = await Promise.all([1, 2, 3].map(() => all.connect()));
                const other = await all.connect();
                await Promise.all(members.map((each) => each.emitWithAck('join', 'room')));
                other.on('news', () => assert.fail('it is in no room'));
                const news = members.map((each) => once(each, 'news'));
                other.emit('broadcast', { text: 'x' }, Buffer.from([9]));
                for (const each of await Promise.all(news)) {
                    assert.deepEqual(plain(each), [{ text: 'x' }, { bytes: [9] }]);
                }
                await other.emitWithAck('echo', 0);
            });

            it('is disconnected by the server', async () => {
                const socket = await all.connect();
                socket.emit('bye');
                assert.deepEqual((await once(socket, 'disconnect'))[0], 'io server disconnect');
                const other = await all.connect();
                const closed = once(other.io, 'close');
                // By polling the connection's end comes in the same payload, and npm's client tells
                // of that first.
                const told = new Promise((resolve) => {
                    other.on('disconnect', (reason) => {
                        if (reason === 'io server disconnect') resolve();
                    });
                });
                other.emit('bye', true);
                await Promise.all([told, closed]);
            });

            it('serves nobody who uses another parser', async () => {
                const socket = all.open('/', { parser: undefined });
                socket.on('connect', () => assert.fail('it speaks another language'));
                await once(socket.io, 'close');
                await (await all.connect()).emitWithAck('echo', 0);
            });
        });
    }
}

// Behind a CONNECT: what is sent, and what comes back, or that it ends the session.
const event = (...data) => ({ type: 2, nsp: '/', data });
const back = (...args) => event('message-back', ...args);
const ends = null;
const messages = [
    [event('message'), back()], [{ ...event('message', 1), options: { compress: true } }, back(1)],
    [{ x: [], ...event('message', 1), '': null }, back(1)],
    [event('unknown', 1)], [event(1, 2)], [{ type: 3, nsp: '/', id: 5, data: [] }],
    [{ ...event('echo', 5), id: 0 }, { type: 3, nsp: '/', id: 0, data: [5] }],
    [{ ...event('echo'), id: 2 ** 40 }, { type: 3, nsp: '/', id: 2 ** 40, data: [] }],
    [event('message', { _placeholder: true, num: 0 }), back({ _placeholder: true, num: 0 })],
    [{ type: 0, nsp: '/nope' }, { type: 4, nsp: '/nope', data: { message: 'Invalid namespace' } }],
    [{ type: 0, nsp: '/' }, ends], [{ type: 4, nsp: '/', data: { message: 'x' } }, ends],
    [{ type: 4, nsp: '/', data: 'x' }, ends], [{ type: 1, nsp: '/custom' }, ends],
    [{ type: 2, nsp: '/custom', data: ['message'] }, ends],
    [5, ends], [null, ends], [[], ends], ['2["message"]', ends], [{}, ends],
    [{ nsp: '/', data: ['message'] }, ends], [{ type: 2, data: ['message'] }, ends],
    ...[5, 6, -1, 2.5, '2', null].map((type) => [{ ...event('message'), type }, ends]),
    ...[1, null, ['/']].map((nsp) => [{ ...event('message'), nsp }, ends]),
    ...[undefined, null, {}, 'x', 5, Buffer.from([1])].map((data) => [{ ...event(), data }, ends]),
    ...[null, [], 'x', 12].map((data) => [{ type: 0, nsp: '/custom', data }, ends]),
    ...[null, {}, 7].map((data) => [{ type: 1, nsp: '/', data }, ends]),
    ...['1', 1.5, null, []].map((id) => [{ ...event('echo', 1), id }, ends]),
    [Buffer.from('81', 'hex'), ends], [Buffer.from('c1', 'hex'), ends],
    [Buffer.concat([msgpack.encode(event('message')), Buffer.from([0])]), ends],
    [Buffer.alloc(0), ends],
    // As text: what the default parser says.
    ['text', '2["message"]', ends], ['text', '0', ends], ['text', '', ends],
];

describe('packets of MessagePack', { timeout }, () => {
    const started = {};
    before(async () => {
        for (const [where, start] of Object.entries(servers)) started[where] = await start();
    });
    after(() => Promise.all(Object.values(started).map((each) => each.stop())));

    const decoded = (data) =>
        JSON.parse(JSON.stringify(msgpack.decode(data)).replace(/"sid":"[^"]+"/, '"sid":"?"'));
    const packed = (message) =>
        message === 'text' ? '' : (Buffer.isBuffer(message) ? message : msgpack.encode(message));

    // What comes behind the answer to CONNECT, until an echo shows that the session is well.
    async function exchange(server, sent) {
        const socket = new WebSocket(server.url('/socket.io/?EIO=4&transport=websocket'));
        const heard = [];
        const closed = once(socket, 'close');
        const told = new Promise((resolve) => {
            socket.on('message', (data, is_binary) => {
                if (is_binary) heard.push(decoded(data));
                if (JSON.stringify(heard.at(-1)?.data) === '["message-back","well"]') resolve();
                if (!is_binary || heard.length !== 2) return;
                socket.send(sent);
                socket.send(msgpack.encode(event('message', 'well')));
            });
        });
        await once(socket, 'open');
        socket.send(msgpack.encode({ type: 0, nsp: '/' }));
        await Promise.race([told, closed]);
        socket.close();
        await closed;
        return heard.slice(2);
    }

    for (const [message, ...others] of messages) {
        const sent = message === 'text' ? `4${others.shift()}` : packed(message);
        const answers = others[0] === ends ? [] : [...others, back('well')];
        const name = Buffer.isBuffer(sent) ? sent.toString('hex') : sent;
        it(`${others[0] === ends ? 'end' : 'are taken'}: ${name.slice(0, 60)}`, async () => {
            for (const [where, server] of Object.entries(started)) {
                const heard = await exchange(server, sent);
                assert.deepEqual(heard, answers, where);
            }
        });
    }
});

describe('socket.io-msgpack-parser and edgews', { timeout }, () => {
    it('has what JSON has not as JavaScript makes JSON of it', async () => {
        const server = await start_ours();
        const all = new ParserClients(server, transports.websocket);
        const socket = await all.connect();
        const date = new Date(1_796_059_562_123);
        const values = [date, undefined, NaN, { a: undefined, b: 1 }, Infinity];
        socket.emit('message', ...values);
        const heard = await once(socket, 'message-back');
        assert.deepEqual(heard, JSON.parse(JSON.stringify(values)));
        all.disconnect();
        await server.stop();
    });

    it('is not served where the parser is the default one', async () => {
        const server = await start_server('socketio_server');
        for (const options of Object.values(transports)) {
            const all = new ParserClients(server, options);
            const socket = all.open();
            socket.on('connect', () => assert.fail('it speaks another language'));
            await once(socket.io, 'close');
            all.disconnect();
        }
        await server.stop();
    });

    for (const [name, options] of Object.entries(transports)) {
        it(`gets what it missed when it comes back by ${name}`, async () => {
            const server = await start_ours('--threads', '4', '--recovery', '60000');
            const all = new ParserClients(server, options);
            const socket = await all.connect('/', { reconnection: true, reconnectionDelay: 50 });
            const other = await all.connect();
            const news = [];
            socket.on('news', (number, bytes) => news.push([number, ...Buffer.from(bytes)]));
            await socket.emitWithAck('join', 'room');
            const say = async (number) => {
                other.emit('broadcast', number, Buffer.from([number]));
                await other.emitWithAck('echo', 0);
            };
            await say(1);
            await socket.emitWithAck('echo', 0);
            const { id, io: { engine } } = socket;
            if (engine.transport.name !== options.transports.at(-1)) await once(engine, 'upgrade');
            await new Promise(setImmediate);
            engine.close();
            const connected = once(socket, 'connect');
            await say(2);
            await connected;
            assert.ok(socket.recovered);
            assert.equal(socket.id, id);
            await say(3);
            await socket.emitWithAck('echo', 0);
            assert.deepEqual(news, [[1, 1], [2, 2], [3, 3]]);
            all.disconnect();
            await server.stop();
        });
    }
});
