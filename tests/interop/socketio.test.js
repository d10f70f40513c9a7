// npm's socket.io-client against the Socket.IO server, over each transport, and through nginx.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, afterEach, before, describe, it } = require('node:test');
const { io } = require('socket.io-client');
const { in_front_of, start_nginx } = require('./nginx.js');
const { start_server } = require('./server.js');
const { messages_in_order, odd_values, plain } = require('./socketio_values.js');

const transports = {
    polling: ['polling'],
    websocket: ['websocket'],
    upgrade: ['polling', 'websocket'],
};

const places = {
    '1 thread': { args: ['--threads', '1'] },
    '4 threads': { args: ['--threads', '4'] },
    // Which gives up a server that is silent for a second.
    '4 threads behind nginx': { args: ['--threads', '4', '--ping-interval', '300'],
                                nginx: 'proxy_read_timeout 1s;' },
};

for (const [where, { args, nginx: directives }] of Object.entries(places)) {
    for (const [name, used] of Object.entries(transports)) {
        describe(`socket.io-client by ${name}, ${where}`, () => {
            let server;
            let nginx;
            let sockets = [];
            before(async () => {
                server = await start_server('socketio_server', args);
                if (directives) nginx = await start_nginx(in_front_of(server), directives);
            });
            after(async () => {
                await nginx?.stop();
                await server?.stop();
            });
            afterEach(() => {
                for (const socket of sockets) socket.disconnect();
                sockets = [];
            });

            // Not yet connected.
            function open(target = '/', options = {}) {
                const socket = io((nginx ?? server).url(target, 'http'),
                                  { transports: used, forceNew: true, reconnection: false,
                                    ...options });
                sockets.push(socket);
                return socket;
            }
            async function connect(target, options) {
                const socket = open(target, options);
                await once(socket, 'connect');
                return socket;
            }

            it('connects with what the client says of itself', async () => {
                const socket = open('/', { auth: { token: 'x', n: [1] } });
                const [auth] = await once(socket, 'auth');
                assert.deepEqual(auth, { token: 'x', n: [1] });
                assert.match(socket.id, /^[\w-]{20}$/);
                assert.notEqual(socket.id, socket.io.engine.id);
            });

            it('sends events back, whatever is in them', async () => {
                const socket = await connect('/');
                socket.emit('message', ...odd_values);
                assert.deepEqual(plain(await once(socket, 'message-back')), plain(odd_values));
            });

            it('acknowledges, binary too', async () => {
                const socket = await connect('/');
                assert.equal(await socket.emitWithAck('echo', 'x'), 'x');
                const bytes = Buffer.from([5, 6]);
                assert.deepEqual(plain(await socket.emitWithAck('message-with-ack', bytes)),
                                 plain(bytes));
            });

            it('keeps the order of many events while it upgrades', async () => {
                const { sent, back } = await messages_in_order(open('/'));
                assert.deepEqual(back, sent);
            });

            it('has several namespaces on one connection, and no unknown ones', async () => {
                const manager = (await connect('/')).io;
                const custom = manager.socket('/custom', { auth: { a: 1 } });
                sockets.push(custom);
                assert.deepEqual(await once(custom, 'auth'), [{ a: 1 }]);
                const other = manager.socket('/other');
                sockets.push(other);
                const [error] = await once(other, 'connect_error');
                assert.equal(error.message, 'Invalid namespace');
                custom.disconnect();
                assert.equal(await sockets[0].emitWithAck('echo', 1), 1);
            });

            it('sends what is for a room to all that are in it', async () => {
                const members = await Promise.all([1, 2, 3].map(() => connect('/')));
                const other = await connect('/');
                await Promise.all(members.map((each) => each.emitWithAck('join', 'room')));
                other.on('news', () => assert.fail('it is in no room'));
                const news = members.map((each) => once(each, 'news'));
                other.emit('broadcast', { text: 'x' }, Buffer.from([9]));
                for (const each of await Promise.all(news)) {
                    assert.deepEqual(plain(each), [{ text: 'x' }, { bytes: [9] }]);
                }
                await other.emitWithAck('echo', 0);
            });

            // Then it does not try again.
            it('knows that it was sent away', async () => {
                for (const close of [[], [true]]) {
                    const socket = await connect();
                    socket.emit('bye', ...close);
                    assert.equal((await once(socket, 'disconnect'))[0], 'io server disconnect');
                }
            });

            if (!directives) return;
            it('outlives the patience of nginx while nobody says anything', async () => {
                const socket = await connect('/');
                socket.on('disconnect', (reason) => assert.fail(reason));
                for (let i = 0; i < 4; ++i) await once(socket.io, 'ping');
                assert.equal(await socket.emitWithAck('echo', 'x'), 'x');
                socket.off('disconnect');
            });
        });
    }
}

describe('socket.io-client and a server that ends', () => {
    it('hears of it', async () => {
        const server = await start_server('socketio_server');
        const sockets = ['polling', 'websocket'].map(
            (each) => io(server.url('/', 'http'),
                         { transports: [each], forceNew: true, reconnection: false }));
        await Promise.all(sockets.map((socket) => once(socket, 'connect')));
        const ends = sockets.map((socket) => once(socket, 'disconnect'));
        await server.stop();
        for (const [reason] of await Promise.all(ends)) {
            assert.match(reason, /^transport (close|error)$/);
        }
    });
});
