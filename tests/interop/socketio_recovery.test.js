// npm's socket.io-client against the Socket.IO server: connections that are lost, and recovered.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { after, afterEach, before, describe, it } = require('node:test');
const { io } = require('socket.io-client');
const { start_server } = require('./server.js');

const timeout = 30_000;
const transports = {
    polling: ['polling'],
    websocket: ['websocket'],
    upgrade: ['polling', 'websocket'],
};

// Between clients and the server. cut() loses the connections of the clients, until that is
// `noticed`; the server does not hear of it.
async function start_middleman(port) {
    const here = new Set(), there = new Set();
    let is_cut = false;
    const middleman = net.createServer((socket) => {
        if (is_cut) return socket.destroy();
        const upstream = net.connect(port, '127.0.0.1');
        here.add(socket);
        there.add(upstream);
        socket.on('error', () => {}).pipe(upstream, { end: false });
        upstream.on('error', () => {}).pipe(socket);
    });
    middleman.listen(0, '127.0.0.1');
    await once(middleman, 'listening');
    return {
        url: `http://127.0.0.1:${middleman.address().port}/`,
        async cut(noticed) {
            is_cut = true;
            for (const socket of here) socket.destroy();
            here.clear();
            await noticed;
            is_cut = false;
        },
        stop() {
            for (const socket of [...here, ...there]) socket.destroy();
            middleman.close();
        },
    };
}

for (const threads of ['1', '4']) {
    for (const [name, used] of Object.entries(transports)) {
        describe(`socket.io-client comes back by ${name}, ${threads} threads`, { timeout }, () => {
            let server, middleman;
            let sockets = [];
            before(async () => {
                server = await start_server('socketio_server',
                                            ['--threads', threads, '--recovery', '60000']);
                middleman = await start_middleman(server.port);
            });
            after(async () => {
                middleman?.stop();
                await server?.stop();
            });
            // npm's client takes events twice that come in the moment in which it closes: it hands
            // them out when it has connected again, and by then has asked for them once more.
            async function close(socket) {
                await new Promise(setImmediate);
                socket.io.engine.close();
            }
            // The client says so, or the server does not even know.
            const cuts = { 'that it closed': close,
                           'that nobody closed':
                               (socket) => middleman.cut(once(socket, 'disconnect')) };
            // It goes over to no other transport any more: in the midst of that npm's client does
            // not notice what it has lost until its heartbeat fails.
            async function settled({ io: { engine } }) {
                if (engine.transport.name !== used.at(-1)) await once(engine, 'upgrade');
            }
            afterEach(() => {
                for (const socket of sockets) socket.disconnect();
                sockets = [];
            });

            // In the room, and with something that it got.
            async function connect(url = server.url('/', 'http')) {
                const socket = io(url, { transports: used, forceNew: true,
                                         reconnectionDelay: 50 });
                sockets.push(socket);
                socket.news = [];
                socket.on('news', (...args) => socket.news.push(args[0]));
                await once(socket, 'auth');
                assert.equal(socket.recovered, false);
                await socket.emitWithAck('join', 'room');
                return socket;
            }
            // The server has heard that it leaves: its next connection may overtake that.
            async function gone() {
                const state = server.url('/state.json', 'http');
                while ((await (await fetch(state)).json()).namespaces.length > 0) {
                    await new Promise(setImmediate);
                }
            }
            // Everything that was said before has come.
            const settle = (socket) => socket.emitWithAck('echo', 0);

            for (const [which, cut] of Object.entries(cuts)) {
                it(`after a connection ${which}, and gets what it missed`, async () => {
                    const socket = await connect(middleman.url);
                    const other = await connect();
                    const { id } = socket;
                    const said = [];
                    const say = async (count) => {
                        for (let i = 0; i < count; ++i) {
                            said.push(said.length);
                            other.emit('broadcast', said.length - 1, Buffer.from([i]));
                        }
                        await settle(other);
                    };
                    await say(5);
                    for (let round = 0; round < 3; ++round) {
                        const back = once(socket, 'connect');
                        await settled(socket);
                        await cut(socket);
                        await say(10);
                        await back;
                        await say(3);
                        assert.equal(socket.recovered, true);
                        assert.equal(socket.id, id);
                    }
                    await settle(socket);
                    assert.deepEqual(socket.news, said);
                    assert.deepEqual(other.news, said);
                });
            }

            it('as a new one, when it had left', async () => {
                const socket = await connect();
                const { id } = socket;
                await settled(socket);
                socket.disconnect();
                await gone();
                socket.connect();
                await once(socket, 'connect');
                assert.equal(socket.recovered, false);
                assert.notEqual(socket.id, id);
            });
        });
    }
}

describe('socket.io-client and a server that recovers nothing', { timeout }, () => {
    it('comes back as a new one, and its events have no offset', async () => {
        const server = await start_server('socketio_server');
        const socket = io(server.url('/', 'http'), { forceNew: true, reconnectionDelay: 50 });
        try {
            await once(socket, 'connect');
            socket.emit('message', 'x');
            assert.deepEqual(await once(socket, 'message-back'), ['x']);
            const { id } = socket;
            socket.io.engine.close();
            await once(socket, 'connect');
            assert.notEqual(socket.id, id);
            assert.ok(!socket.recovered);
        } finally {
            socket.disconnect();
            await server.stop();
        }
    });
});
