// The load generator: every mode measures our echo server, and a server that answers wrongly is
// found out. The floor, which it is compared with, echoes.
//
// Short runs, and no figure is held to be good: a busy machine makes these tests slow, not red. One
// that lets nothing be measured for the whole of a run makes it run again.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { after, afterEach, before, describe, it } = require('node:test');
const { binary, close, ping } = require('./frames.js');
const { accept_of } = require('./raw_client.js');
const { start_server } = require('./server.js');

const timeout = 300_000;        // Of all tests of a suite, one after another.
const run_timeout_ms = 40_000;  // Or a run that hangs would outlive its test.
const bench_folder = path.resolve(__dirname, '../../build/bench');

// Resolves to { status, out, err } when it has ended.
async function run_load(args, options = {}) {
    const child = spawn(path.join(bench_folder, 'load'), args, {
        stdio: ['ignore', 'pipe', 'pipe'], timeout: run_timeout_ms, killSignal: 'SIGKILL',
    });
    const printed = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk) => { printed.out += chunk; });
    child.stderr.setEncoding('utf8').on('data', (chunk) => { printed.err += chunk; });
    options.started?.(child);
    const [status] = await once(child, 'close');
    return { status, ...printed };
}

const short = ['--seconds=0.3', '--warm-up=0.05'];

// A short run, and a longer one while `is_vain(result)`: the machine was too busy for what the test
// is about. The suite's time ends that.
async function run_until_it_counts(args, is_vain) {
    for (let seconds = 0.3;; seconds *= 2) {
        const result = await run_load([...args, '--seconds', String(seconds), '--warm-up=0.05']);
        if (!is_vain(result)) return result;
    }
}

const nothing_measured = /^load: nothing was measured: .*\n$/;

// A run that must go well: its JSON.
async function measure(server, mode, ...args) {
    const { status, out, err } = await run_until_it_counts(
        [mode, '--port', String(server.port), ...args, '--json'],
        (result) => nothing_measured.test(result.err));
    assert.equal(err, '');
    assert.equal(status, 0);
    assert.match(out, /^\{.*\}\n$/, 'one object on one line');
    return JSON.parse(out);
}

const keys = ['mode', 'connections', 'in_flight', 'size', 'payload', 'rate', 'idle', 'seconds',
              'messages', 'per_second', 'server', 'latency_ns', 'errors'];
const server_keys = ['cpu_ns', 'user_ns', 'system_ns', 'cpu_share', 'wait_share', 'rss_bytes',
                     'rss_per_connection', 'voluntary_switches', 'involuntary_switches'];
const latency_keys = ['p50', 'p90', 'p99', 'p99_9', 'p99_99', 'max'];

function is_plausible(report, latency_count = report.messages) {
    assert.deepEqual(Object.keys(report), keys);
    assert.deepEqual(Object.keys(report.server), server_keys);
    assert.equal(report.errors, 0);
    assert.ok(report.messages > 0 && report.seconds >= 0.25 && report.per_second > 0);
    assert.ok(report.server.cpu_ns >= 0 && report.server.cpu_share < 1.5);
    assert.ok(report.server.rss_bytes > 500_000);
    const { cpu_ns, user_ns, system_ns } = report.server;
    const is_split = Math.abs(user_ns + system_ns - cpu_ns) < 1 || user_ns + system_ns === 0;
    assert.ok(is_split, 'user and system are not the whole');
    if (latency_count === 0) return assert.equal(report.latency_ns, null);
    assert.deepEqual(Object.keys(report.latency_ns), latency_keys);
    const latencies = Object.values(report.latency_ns);
    assert.ok(latencies[0] > 1000, 'no echo is that fast');
    assert.deepEqual(latencies, latencies.toSorted((a, b) => a - b));
}

describe('modes of the load generator', { timeout }, () => {
    let server;
    before(async () => { server = await start_server('echo'); });
    after(() => server?.stop());

    for (const [size, payload, in_flight] of [[0, 'binary', 1], [125, 'binary', 16],
                                              [126, 'ascii', 3], [1000, 'latin', 2],
                                              [1000, 'cyrillic', 4], [1000, 'cjk', 4],
                                              [70_000, 'emoji', 16], [2 ** 20, 'binary', 3]]) {
        it(`echo: ${size} bytes of ${payload}, ${in_flight} in flight`, async () => {
            const report = await measure(server, 'echo', '--connections=8', `--size=${size}`,
                                         `--payload=${payload}`, `--in-flight=${in_flight}`);
            is_plausible(report);
            assert.deepEqual([report.mode, report.size, report.payload, report.in_flight],
                             ['echo', size, payload, in_flight]);
        });
    }

    it('rate: as many as asked for', async () => {
        const report = await measure(server, 'rate', '--connections=7', '--rate=2000');
        is_plausible(report);
        // Those that were due are sent, however late; what came late makes the run longer.
        const { messages, seconds } = report;
        assert.ok(messages >= 590 && messages <= 2000 * seconds + 10, `${messages} in ${seconds} s`);
    });

    it('mixed: the same beside silent connections', async () => {
        const report = await measure(server, 'mixed', '--idle=300', '--rate=1000');
        is_plausible(report);
        assert.deepEqual([report.idle, report.connections, report.rate], [300, 64, 1000]);
    });

    it('handshake: connections come and go', async () => {
        is_plausible(await measure(server, 'handshake', '--connections=16'));
    });

    it('idle: memory per connection', async () => {
        const fresh = await start_server('echo');  // What others have freed would be used again.
        let report;
        try {
            report = await measure(fresh, 'idle', '--connections=2000');
        } finally {
            await fresh.stop();
        }
        is_plausible(report, 0);
        assert.equal(report.messages, 2000);
        const bytes = report.server.rss_per_connection;
        assert.ok(bytes > 0 && bytes < 1000, `${bytes} bytes per connection`);
    });

    for (const in_flight of [1, 16]) {
        it(`broadcast: ${in_flight} in the air`, async () => {
            is_plausible(await measure(server, 'broadcast', '--connections=50',
                                       `--in-flight=${in_flight}`));
        });
    }

    it('prints a table unless told otherwise', async () => {
        const { status, out, err } = await run_until_it_counts(
            ['echo', `--port=${server.port}`],
            (result) => nothing_measured.test(result.err));
        assert.deepEqual([status, err], [0, '']);
        assert.match(out, /^echo: 64 connections, 1 in flight, 125 bytes binary, \d+\.\d s$/m);
        assert.match(out, /^ +latency +p50 /m);
        assert.match(out, /^ +server .* of CPU each .* of a core/m);
        assert.match(out, /^ +errors +0$/m);
    });

    it('takes the server named by --pid, and says which there is none of', async () => {
        const report = await measure(server, 'echo', '--pid', String(server.pid));
        is_plausible(report);
        const { status, err } = await run_load(['echo', `--port=${server.port}`,
                                                '--pid=2147483647']);
        assert.equal(status, 2);
        assert.match(err, /--pid 2147483647/);
    });

    it('says what is wrong with an option', async () => {
        for (const [args, named] of [[['dance'], 'dance'], [['echo', '--size', 'x'], '--size'],
                                     [['echo', '--fast'], '--fast']]) {
            const { status, out, err } = await run_load(args);
            assert.deepEqual([status, out], [2, '']);
            assert.ok(err.includes(named), err);
        }
        const { status, out } = await run_load(['--help']);
        assert.equal(status, 0);
        assert.match(out, /--connections/);
    });
});

// To be stopped when a test ends, however it does: what still listens keeps this process alive.
const wrong_servers = [];

// A server that upgrades, and answers each message (16 bytes) as `answer(payload, number,
// socket)` wants. `accept`: says what Sec-WebSocket-Accept is.
async function start_wrong_server(answer, { accept = accept_of } = {}) {
    const sockets = new Set();
    const listener = net.createServer({ noDelay: true }, (socket) => {
        let input = Buffer.alloc(0);
        let upgraded = false;
        let count = 0;
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('data', (chunk) => {
            input = Buffer.concat([input, chunk]);
            if (!upgraded) {
                if (!input.includes('\r\n\r\n')) return;
                socket.write('HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
                             `Sec-WebSocket-Accept: ${accept(input.toString())}\r\n\r\n`);
                upgraded = true;
                input = Buffer.alloc(0);
            }
            while (input.length >= 6 && input.length >= 6 + (input[1] & 127)) {
                const payload = Buffer.from(input.subarray(6, 6 + (input[1] & 127)));
                for (let i = 0; i < payload.length; ++i) payload[i] ^= input[2 + (i & 3)];
                const is_pong = (input[0] & 15) === 10;
                input = input.subarray(6 + payload.length);
                answer(payload, is_pong ? 'pong' : count++, socket);
                server.asked_count = Math.max(server.asked_count, count);
            }
        });
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const server = {
        port: listener.address().port,
        asked_count: 0,  // Messages of one connection, at most, since it was set.
        stop() {
            for (const socket of sockets) socket.destroy();
            listener.close();
        },
    };
    wrong_servers.push(server);
    return server;
}

const reply = (payload) => binary(payload, { key: null });
const tenth = 10;  // By then all is as usual.

describe('the load generator notices', { timeout }, () => {
    afterEach(() => { for (const server of wrong_servers.splice(0)) server.stop(); });

    const wrong = (payload, number) => {
        if (number !== tenth) return payload;
        const other = Buffer.from(payload);
        other[15] ^= 1;
        return other;
    };
    const rows = [
        ['a byte that is wrong', /message 10: a reply holds other bytes/,
         (payload, number, socket) => socket.write(reply(wrong(payload, number)))],
        ['a reply that is missing', /1 messages never came back/,
         (payload, number, socket) => { if (number < tenth) socket.write(reply(payload)); }],
        ['a reply that comes twice', /message 11: a reply holds other bytes/,
         (payload, number, socket) => socket.write(Buffer.concat(
             number === tenth ? [reply(payload), reply(payload)] : [reply(payload)]))],
        ['text for binary', /message 10: a reply has another opcode/,
         (payload, number, socket) => {
             const frame = reply(payload);
             if (number === tenth) frame[0] = 0x81;
             socket.write(frame);
         }],
        ['a reply that is masked', /message 10: the server broke RFC 6455/,
         (payload, number, socket) => socket.write(number === tenth ? binary(payload)
                                                                   : reply(payload))],
        ['a close frame', /message 10: the server closes the connection with code 1011 oops/,
         (payload, number, socket) => socket.write(
             number === tenth ? close(1011, 'oops', { key: null }) : reply(payload))],
        ['the end of TCP', /message 10: the server closed the connection/,
         (payload, number, socket) => {
             if (number === tenth) socket.end();
             else socket.write(reply(payload));
         }],
        ['a reset', /message 10: (recv|send): /,
         (payload, number, socket) => {
             if (number === tenth) socket.resetAndDestroy();
             else socket.write(reply(payload));
         }],
    ];
    for (const [name, told, answer] of rows) {
        it(name, async () => {
            const server = await start_wrong_server(answer);
            const { status, out, err } = await run_until_it_counts(
                ['echo', `--port=${server.port}`, '--connections=2', '--size=16', '--json'],
                () => server.asked_count <= tenth);
            assert.match(err, told);
            assert.equal(status, 1);
            assert.ok(JSON.parse(out).errors > 0);
        });
    }

    it('a reply that nobody asked for', async () => {
        const twice = Buffer.concat([reply(''), reply('')]);
        const server = await start_wrong_server((payload, number, socket) => socket.write(twice));
        const { status, err } = await run_load(
            ['echo', `--port=${server.port}`, '--connections=2', '--size=0', ...short]);
        assert.equal(status, 1);
        assert.match(err, /a reply came that nobody asked for/);
    });

    it('a handshake that is wrong', async () => {
        const server = await start_wrong_server(() => {}, { accept: () => 'bm9uc2Vuc2U=' });
        for (const mode of ['echo', 'handshake']) {
            const { status, err } = await run_load([mode, `--port=${server.port}`, ...short]);
            assert.equal(status, 1);
            assert.match(err, /Sec-WebSocket-Accept is wrong/);
        }
    });

    it('that nothing was measured', async () => {
        const silent = net.createServer((socket) => socket.on('error', () => {}));
        silent.listen(0, '127.0.0.1');
        await once(silent, 'listening');
        wrong_servers.push({ stop: () => silent.close() });
        const { status, err, out } = await run_load(
            ['handshake', `--port=${silent.address().port}`, ...short, '--json']);
        assert.equal(status, 1);
        assert.match(err, nothing_measured);
        assert.equal(JSON.parse(out).errors, 1);
    });

    // Stopped for longer than all of its run, at whatever moment.
    it('that it did not run itself', async () => {
        const server = await start_server('echo');
        try {
            for (const stop_after_ms of [0, 50, 100, 200]) {
                const { status, err, out } = await run_load(
                    ['echo', `--port=${server.port}`, ...short, '--json'],
                    { started: (child) => setTimeout(() => {
                        child.kill('SIGSTOP');
                        setTimeout(() => child.kill('SIGCONT'), 500);
                    }, stop_after_ms) });
                const { messages, seconds, per_second } = JSON.parse(out);
                if (status === 0) {
                    assert.ok(messages > 0 && seconds >= 0.3 && per_second > 0, out);
                } else {
                    assert.match(err, nothing_measured);
                }
            }
        } finally {
            await server.stop();
        }
    });

    it('that there is no server', async () => {
        const server = await start_wrong_server(() => {});
        server.stop();
        const { status, err } = await run_load(['echo', `--port=${server.port}`, ...short]);
        assert.equal(status, 1);
        assert.match(err, /Connection refused/);
    });

    it('a server that ends', async () => {
        const server = await start_server('echo');
        const { status, err } = await run_load(
            ['echo', `--port=${server.port}`, '--seconds=20', '--connections=2'],
            { started: () => setTimeout(() => server.child.kill('SIGKILL'), 300) });
        assert.equal(status, 1);
        // Its connections end before it does, if there were any yet.
        assert.match(err, /the server has ended|the server closed|Connection re|Broken pipe/);
    });

    // Each ping must be answered, or there is no reply any more.
    it('pings, and answers them', async () => {
        const held = new Map();
        const server = await start_wrong_server((payload, number, socket) => {
            if (number === 'pong') {
                assert.equal(payload.toString(), 'are you there?');
                socket.write(reply(held.get(socket)));
            } else {
                held.set(socket, payload);
                socket.write(ping('are you there?', { key: null }));
            }
        });
        const { status, err } = await run_until_it_counts(
            ['echo', `--port=${server.port}`, '--connections=2', '--size=16'],
            () => server.asked_count <= tenth);
        assert.deepEqual([status, err], [0, '']);
    });
});

describe('the floor', { timeout }, () => {
    let server;
    before(async () => {
        const child = spawn(path.join(bench_folder, 'floor'), ['--port', '0']);
        const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
        server = { child, port: Number(/^listening on 127\.0\.0\.1:(\d+)\n$/.exec(line)[1]) };
    });
    after(() => server?.child.kill());

    for (const [size, in_flight] of [[0, 1], [125, 16], [126, 1], [3000, 50], [65_536, 9],
                                     [2 ** 20, 3]]) {
        it(`echoes ${size} bytes, ${in_flight} in flight`, async () => {
            is_plausible(await measure(server, 'echo', '--connections=8', `--size=${size}`,
                                       `--in-flight=${in_flight}`));
        });
    }
    it('upgrades', async () => { is_plausible(await measure(server, 'handshake')); });
});
