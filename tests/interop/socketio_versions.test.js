// The clients of Socket.IO 2 and 3 against the Socket.IO server, over each transport: those of 2,
// which speak Engine.IO 3, where they are served.
'use strict';

const assert = require('node:assert/strict');
const { after, afterEach, before, describe, it } = require('node:test');
const clients = {
    2: require('socket.io-client-v2'),
    3: require('socket.io-client-v3').io,
    4: require('socket.io-client').io,
};
const { start_server } = require('./server.js');
const { Clients } = require('./socketio_clients.js');
const { messages_in_order, odd_values, plain } = require('./socketio_values.js');

const timeout = 30_000;
const transports = {
    polling: { transports: ['polling'] },
    'polling in base64': { transports: ['polling'], forceBase64: true },
    websocket: { transports: ['websocket'] },
    'websocket in base64': { transports: ['websocket'], forceBase64: true },
    upgrade: { transports: ['polling', 'websocket'] },
};

// The clients of 2 have emitters of their own.
const heard = (socket, name) =>
    new Promise((resolve) => { socket.once(name, (...values) => resolve(values)); });
const acknowledged = (socket, ...sent) =>
    new Promise((resolve) => { socket.emit(...sent, (...values) => resolve(values)); });

class VersionClients extends Clients {
    // Not yet connected.
    open(version, target = '/', options = {}) {
        const socket = clients[version](this.server.url(target, 'http'),
                                        { forceNew: true, reconnection: false, ...this.options,
                                          ...options });
        return this.keep(socket);
    }
    async connect(version, target, options) {
        const socket = this.open(version, target, options);
        await heard(socket, 'connect');
        return socket;
    }
}

async function sends_events_back(all, version) {
    const socket = await all.connect(version);
    for (let i = 0; i < 3; ++i) {
        socket.emit('message', ...odd_values);
        assert.deepEqual(plain(await heard(socket, 'message-back')), plain(odd_values));
    }
    assert.deepEqual(await acknowledged(socket, 'echo', '\u{1f600}'), ['\u{1f600}']);
    const bytes = Buffer.from([5, 255]);
    assert.deepEqual(plain(await acknowledged(socket, 'message-with-ack', bytes)), plain([bytes]));
}

async function keeps_the_order(all, version) {
    const { sent, back } = await messages_in_order(all.open(version));
    assert.deepEqual(back, sent);
}

// It goes over to no other transport any more.
async function settled(all, version) {
    const socket = await all.connect(version);
    const { engine } = socket.io;
    if (engine.transport.name !== all.options.transports.at(-1)) await heard(engine, 'upgrade');
    return socket;
}

async function is_disconnected(all, version) {
    const socket = await settled(all, version);
    const engine_closed = heard(socket.io.engine, 'close');
    socket.emit('bye', true);
    assert.deepEqual(await heard(socket, 'disconnect'), ['io server disconnect']);
    await engine_closed;
    const other = await settled(all, version);
    other.emit('bye');
    assert.deepEqual(await heard(other, 'disconnect'), ['io server disconnect']);
}

for (const threads of ['1', '4']) {
    for (const [name, options] of Object.entries(transports)) {
        describe(`socket.io-client 2 by ${name}, ${threads} threads`, { timeout }, () => {
            let server;
            let all;
            before(async () => {
                server = await start_server('socketio_server', ['--threads', threads, '--eio3',
                                                                '--ping-interval', '50']);
                all = new VersionClients(server, options);
            });
            after(() => server?.stop());
            afterEach(() => all.disconnect());

            it('sends events back, whatever is in them', () => sends_events_back(all, 2));
            it('keeps the order of many events', () => keeps_the_order(all, 2));
            it('is disconnected by the server', () => is_disconnected(all, 2));

            it('goes over to a WebSocket where it may', async () => {
                const socket = await settled(all, 2);
                assert.equal(socket.io.engine.transport.name, options.transports.at(-1));
                assert.deepEqual(plain(await acknowledged(socket, 'echo', Buffer.from([1]))),
                                 [{ bytes: [1] }]);
            });

            it('connects with a query, and has the ids that it makes up', async () => {
                const custom = all.open(2, '/custom?token=a%20b%2Cc&x=1');
                assert.deepEqual(await heard(custom, 'auth'), [{ token: 'a b,c', x: '1' }]);
                assert.match(custom.id, /^\/custom#[\w-]{20}$/);
                const root = await all.connect(2);
                assert.match(root.id, /^[\w-]{20}$/);
                const other = all.keep(root.io.socket('/custom', { query: { token: 'ü&' } }));
                assert.deepEqual(await heard(other, 'auth'), [{ token: 'ü&' }]);
                other.disconnect();
                assert.deepEqual(await acknowledged(root, 'echo', 1), [1]);
            });

            it('is refused by middleware, and by what is no namespace', async () => {
                const manager = (await all.connect(2)).io;
                const [said] = await heard(all.keep(manager.socket('/members')), 'error');
                assert.equal(said, 'for members only');
                const [error] = await heard(all.keep(manager.socket('/other')), 'error');
                assert.deepEqual(error, { message: 'Invalid namespace' });
                await all.connect(2, '/members?token=member');
            });

            it('pings, and stays', async () => {
                const socket = await all.connect(2);
                for (let i = 0; i < 3; ++i) await heard(socket.io, 'pong');
                assert.ok(socket.connected);
            });

            it('hears with all others what is for a room', async () => {
                const members = await Promise.all([2, 2, 4, 3].map((each) => all.connect(each)));
                const other = await all.connect(2);
                await Promise.all(members.map((each) => acknowledged(each, 'join', 'room')));
                other.on('news', () => assert.fail('it is in no room'));
                for (const sender of [other, members[2]]) {
                    const news = members.map((each) => heard(each, 'news'));
                    sender.emit('broadcast', { text: 'x' }, Buffer.from([9]));
                    for (const each of await Promise.all(news)) {
                        assert.deepEqual(plain(each), [{ text: 'x' }, { bytes: [9] }]);
                    }
                }
                await acknowledged(other, 'echo', 0);
            });
        });
    }
}

for (const [name, options] of Object.entries(transports)) {
    describe(`socket.io-client 3 by ${name}`, { timeout }, () => {
        let server;
        let all;
        before(async () => {
            server = await start_server('socketio_server', ['--threads', '2']);
            all = new VersionClients(server, options);
        });
        after(() => server?.stop());
        afterEach(() => all.disconnect());

        it('sends events back, whatever is in them', () => sends_events_back(all, 3));
        it('keeps the order of many events', () => keeps_the_order(all, 3));
        it('is disconnected by the server', () => is_disconnected(all, 3));
        it('brings its auth, or is refused', async () => {
            const socket = all.open(3, '/custom', { auth: { a: [1] } });
            assert.deepEqual(await heard(socket, 'auth'), [{ a: [1] }]);
            const [error] = await heard(all.open(3, '/members'), 'connect_error');
            assert.equal(error.message, 'for members only');
            await all.connect(3, '/members', { auth: { token: 'member' } });
        });
    });
}

describe('a client that goes over to a WebSocket', { timeout }, () => {
    for (const version of [2, 3, 4]) {
        it(`hears at once that it is sent away, version ${version}`, async () => {
            const server = await start_server('socketio_server', ['--threads', '2', '--eio3']);
            const all = new VersionClients(server, transports.upgrade);
            for (let i = 0; i < 30; ++i) {
                const socket = await all.connect(version);
                socket.emit('bye', true);
                assert.deepEqual((await heard(socket, 'disconnect'))[0], 'io server disconnect');
            }
            all.disconnect();
            await server.stop();
        });
    }
});

describe('socket.io-client 2', { timeout }, () => {
    it('is refused where it is not served', async () => {
        const server = await start_server('socketio_server');
        for (const each of ['polling', 'websocket']) {
            const all = new VersionClients(server, { transports: [each] });
            await heard(all.open(2), 'connect_error');
            all.disconnect();
        }
        await server.stop();
    });

    it('hears of a server that ends', async () => {
        const server = await start_server('socketio_server', ['--eio3']);
        const sockets = await Promise.all(
            ['polling', 'websocket'].map(
                (each) => new VersionClients(server, { transports: [each] }).connect(2)));
        const ends = sockets.map((socket) => heard(socket, 'disconnect'));
        await server.stop();
        for (const [reason] of await Promise.all(ends)) {
            assert.match(reason, /^transport (close|error)$/);
        }
    });

    it('is gone for the server when it goes', async () => {
        const server = await start_server('socketio_server', ['--eio3', '--threads', '2']);
        for (const options of Object.values(transports)) {
            (await new VersionClients(server, options).connect(2)).disconnect();
        }
        const count = async () =>
            (await (await fetch(server.url('/state.json', 'http'))).json()).sessions;
        while (await count() > 0) await new Promise(setImmediate);
        await server.stop();
    });
});
