// What messages and connections may cost: system calls, as strace counts them, and memory, as
// /proc tells it. No times: a busy machine makes these tests slow, not red.
//
// The figures are those of a release build; a sanitizer has calls and memory of its own.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const { after, afterEach, before, beforeEach, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { binary, close, text } = require('./frames.js');
const { upgrade_request } = require('./raw_client.js');
const { start_server } = require('./server.js');
const { calls_during } = require('./strace.js');

const timeout = 60_000;
const patience_ms = 20_000;

let server;

async function read_until(socket, wanted) {
    let all = '';
    while (!all.includes(wanted)) all += (await once(socket, 'data'))[0].toString('latin1');
    return all;
}

// A WebSocket over a bare TCP socket. There are thousands of them, so they do little.
async function open_one(from, target) {
    const socket = net.connect({ host: server.host, port: server.port, localAddress: from,
                                 noDelay: true });
    await once(socket, 'connect');
    socket.write(upgrade_request(server, { target }));
    assert.match(await read_until(socket, '\r\n\r\n'), /^HTTP\/1\.1 101 /);
    return socket;
}

// The same with a session of Socket.IO, connected to "/", as it says in its first event.
async function open_session(from) {
    const socket = await open_one(from, '/socket.io/?EIO=4&transport=websocket');
    socket.write(text('40'));
    await read_until(socket, '42["auth"');
    return socket;
}

function open_many(count, from, open = open_one) {
    return Promise.all(Array.from({ length: count }, () => open(from)));
}

// Until the server has closed what its clients have left.
async function all_closed(descriptor_count) {
    const deadline = Date.now() + patience_ms;
    while (server.descriptor_count() > descriptor_count) {
        assert.ok(Date.now() < deadline, 'the server keeps connections that are gone');
        await pause(5);
    }
}

// Sends `request`, and again when `reply` has come back, `count` times in all.
function exchange(socket, { request, reply, count }) {
    return new Promise((resolve, reject) => {
        let received = 0;
        const finish = (error) => {
            socket.removeAllListeners('data').removeAllListeners('close');
            return error ? reject(error) : resolve();
        };
        socket.on('close', () => finish(new Error('the server closed the connection')));
        socket.on('data', (chunk) => {
            const expected = reply.subarray(received, received + chunk.length);
            if (!chunk.equals(expected)) return finish(new Error('the echo is not what was sent'));
            received += chunk.length;
            if (received < reply.length) return;
            received = 0;
            if (--count === 0) return finish();
            socket.write(request);
        });
        socket.write(request);
    });
}

// Messages of 125 bytes, of which `in_flight` are sent in one write.
function traffic(in_flight, count) {
    const payload = Buffer.alloc(125, 'edgews');
    const reply = Buffer.concat([Buffer.from([0x82, 125]), payload]);
    return { request: Buffer.concat(Array(in_flight).fill(binary(payload))),
             reply: Buffer.concat(Array(in_flight).fill(reply)), count };
}

function at_most(name, calls, limit) {
    assert.ok(calls <= limit, `${name}: ${calls.toFixed(3)}, more than ${limit.toFixed(3)}`);
}

// One in a hundred may be missing or too many: strace may begin or end inside a call.
function about(name, calls, wanted) {
    assert.ok(Math.abs(calls - wanted) <= 0.01 * wanted,
              `${name}: ${calls.toFixed(3)} instead of ${wanted}`);
}

function only(calls, allowed) {
    const others = Object.keys(calls.counts).filter((name) => !allowed.includes(name));
    assert.deepEqual(others, [], `it made other system calls: ${calls.per(1)}`);
}

describe('system calls of messages', () => {
    const connection_count = 64;
    let sockets = [];

    before(async () => {
        server = await start_server('echo');
        sockets = await open_many(connection_count);
    });
    after(async () => {
        for (const socket of sockets) socket.destroy();
        await server?.stop();
    });

    async function calls_of_echoes(t, in_flight, rounds) {
        const count = connection_count * in_flight * rounds;
        const all = (times) => Promise.all(
            sockets.map((socket) => exchange(socket, traffic(in_flight, times))));
        await all(10);  // Whatever is taken once has been taken after it.
        const calls = await calls_during(server, () => all(rounds));
        t.diagnostic(`per message, of ${count}: ${calls.per(count)}`);
        only(calls, ['recv', 'send', 'epoll_wait', 'timerfd_settime']);
        at_most('timerfd_settime', calls.of('timerfd_settime'), 2);
        return { calls, count };
    }

    it('an echo is one recv and one send; epoll_wait is shared', { timeout }, async (t) => {
        const { calls, count } = await calls_of_echoes(t, 1, 150);
        about('recv', calls.of('recv') / count, 1);
        about('send', calls.of('send') / count, 1);
        at_most('epoll_wait', calls.of('epoll_wait') / count, 1 / 2);
    });

    it('sixteen messages that arrive together leave together', { timeout }, async (t) => {
        const { calls, count } = await calls_of_echoes(t, 16, 100);
        at_most('recv', calls.of('recv') / count, 1 / 8);
        at_most('send', calls.of('send') / count, 1 / 8);
        at_most('epoll_wait', calls.of('epoll_wait') / count, 1 / 16);
    });
});

describe('system calls of a connection that comes, upgrades and goes', () => {
    const connection_count = 1000;
    let descriptor_count;

    before(async () => {
        server = await start_server('echo');
        descriptor_count = server.descriptor_count();
        for (const socket of await open_many(100)) socket.resetAndDestroy();
    });
    after(() => server?.stop());

    // The request is always one recv, and its answer one send.
    const ways = [
        // The second recv reads the reset or the end of the stream, before which there might be
        // input.
        { name: 'by a reset', recv: 2, send: 1, leave: (socket) => socket.resetAndDestroy() },
        { name: 'by its end of TCP', recv: 2, send: 1, leave: (socket) => socket.end() },
        // A close frame and its answer; with that, TCP is closed and its end is not waited for.
        { name: 'by the closing handshake', recv: 2, send: 2,
          leave: (socket) => socket.write(close(1000)) },
    ];

    async function calls_of_lives(leave, group_size) {
        await all_closed(descriptor_count);
        return calls_during(server, async () => {
            for (let i = 0; i < connection_count; i += group_size) {
                const sockets = await open_many(group_size);
                const ends = sockets.map((socket) => once(socket.resume(), 'close'));
                for (const socket of sockets) leave(socket);
                await Promise.all(ends);
            }
            await all_closed(descriptor_count);
        });
    }

    for (const { name, recv, send, leave } of ways) {
        for (const group_size of [1, 8]) {
            const company = group_size === 1 ? 'one after the other' : `${group_size} at a time`;
            it(`${name}, ${company}`, { timeout }, async (t) => {
                const calls = await calls_of_lives(leave, group_size);
                const vain = calls.failed('accept4') / connection_count;
                t.diagnostic(`per connection, of ${connection_count}: ` +
                             `${calls.per(connection_count)}; ${vain} of accept4 in vain`);
                const per_one = (call) => calls.of(call) / connection_count;
                only(calls, ['accept4', 'epoll_ctl', 'epoll_wait', 'recv', 'send', 'close',
                             'memory', 'timerfd_settime']);
                at_most('timerfd_settime', per_one('timerfd_settime'), 0.01);
                about('accept4', per_one('accept4') - vain, 1);
                about('epoll_ctl', per_one('epoll_ctl'), 1);
                about('recv', per_one('recv'), recv);
                about('send', per_one('send'), send);
                about('close', per_one('close'), 1);
                at_most('memory', per_one('memory'), 0.01);
                // Who comes alone is accepted by a single call. In a crowd the server looks for
                // more than one in each turn, and there may be none.
                at_most('accept4 in vain', vain, group_size === 1 ? 0 : 1 / 2);
            });
        }
    }
});

describe('memory of what is idle', () => {
    const group_size = 100;
    const warm_up_count = 500;
    const wanted_count = 10_000;
    const reserve = 200;  // Descriptors for all else.
    let sockets;
    let open;

    beforeEach(() => { sockets = []; });
    afterEach(async () => {
        for (const socket of sockets) socket.destroy();
        await server?.stop();
    });

    // Bytes of the server's that are in memory.
    function resident_size() {
        const rollup = fs.readFileSync(`/proc/${server.pid}/smaps_rollup`, 'utf8');
        return 1024 * Number(/^Rss:\s*(\d+) kB$/m.exec(rollup)[1]);
    }

    function descriptor_limit() {
        const limits = fs.readFileSync(`/proc/${server.pid}/limits`, 'utf8');
        const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
        return soft === undefined ? Infinity : Number(soft);
    }

    // From a thousand for each address of loopback, so that ports do not run out.
    async function open_until(count) {
        while (sockets.length < count) {
            const from = `127.0.0.${2 + Math.floor(sockets.length / 1000)}`;
            sockets.push(...await open_many(group_size, from, open));
        }
    }

    async function expect_at_most(bytes_max, t) {
        const count = Math.min(wanted_count, descriptor_limit() - warm_up_count - reserve);
        assert.ok(count >= 1000, `too few descriptors for this: ${descriptor_limit()}`);
        await open_until(warm_up_count);
        const before_size = resident_size();
        await open_until(warm_up_count + count);
        const each = (resident_size() - before_size) / (sockets.length - warm_up_count);
        t.diagnostic(`${each.toFixed(1)} bytes each, of ` +
                     `${sockets.length - warm_up_count}`);
        assert.ok(each > 0, 'no memory at all: this measures the wrong thing');
        assert.ok(each <= bytes_max, `${each} bytes each`);
        for (const socket of sockets) assert.ok(!socket.destroyed, 'the server closed some');
    }

    it('a connection: at most 244 bytes', { timeout }, async (t) => {
        server = await start_server('echo');
        open = open_one;
        await expect_at_most(244, t);
    });

    it('a session of Socket.IO: at most 900 bytes', { timeout }, async (t) => {
        server = await start_server('socketio_server', ['--ping-interval', '300000']);
        open = open_session;
        await expect_at_most(900, t);
    });
});
