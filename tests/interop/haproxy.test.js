// Debian's HAProxy in front of the echo server: its health checks, which speak HTTP/1.0 unless they
// are told otherwise, find the server well, and WebSockets pass.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { after, before, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { WebSocket } = require('ws');
const { start_haproxy } = require('./haproxy.js');
const { start_server } = require('./server.js');

const timeout = 30_000;
const poll_ms = 20;

// A backend for each kind of check.
const checks = {
    default: 'option httpchk',
    get: 'option httpchk GET /healthz',
    head: 'option httpchk HEAD /healthz',
    named: 'option httpchk\nhttp-check send meth GET uri /healthz ver HTTP/1.1 hdr Host localhost',
};

const in_front_of = (server) => ({ port, folder }) => `
global
    stats socket ${folder}/stats
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout check 5s
${Object.entries(checks).map(([name, check]) => `
backend ${name}
    ${check}
    server echo ${server.host}:${server.port} check inter 100ms
`).join('')}
frontend all
    bind 127.0.0.1:${port}
    default_backend default
`;

describe('echo behind HAProxy', () => {
    let server;
    let haproxy;

    before(async () => {
        server = await start_server('echo', ['--trusted-proxy', '127.0.0.1']);
        haproxy = await start_haproxy(in_front_of(server));
    });
    after(async () => {
        await haproxy?.stop();
        await server?.stop();
    });

    // What HAProxy knows of a backend's server: a line of its CSV, by the names of the first. Null:
    // it does not answer yet.
    async function state_of(backend) {
        try {
            const socket = net.connect(`${haproxy.folder}/stats`);
            socket.write('show stat\n');
            const lines = (await socket.setEncoding('utf8').toArray()).join('').split('\n');
            const names = lines[0].replace('# ', '').split(',');
            const values = lines.map((line) => line.split(','))
                .find(([proxy, name]) => proxy === backend && name === 'echo');
            return Object.fromEntries(names.map((name, i) => [name, values[i]]));
        } catch {
            return null;
        }
    }

    // Until a first check has ended.
    async function checked(backend) {
        for (;;) {
            assert.equal(haproxy.child.exitCode, null, haproxy.printed);
            const state = await state_of(backend);
            if (state && !/^(|INI|\*.*)$/.test(state.check_status)) return state;
            await pause(poll_ms);
        }
    }

    for (const [name, check] of Object.entries(checks)) {
        it(`is well by its check: ${check.replaceAll('\n', '; ')}`, { timeout }, async () => {
            const state = await checked(name);
            assert.equal(state.check_status, 'L7OK', JSON.stringify(state));
            assert.equal(state.status, 'UP');
        });
    }

    it('a WebSocket passes', { timeout }, async () => {
        await checked('default');
        const client = new WebSocket(`ws://127.0.0.1:${haproxy.port}/echo`);
        await once(client, 'open');
        client.send('hello');
        assert.equal(String((await once(client, 'message'))[0]), 'hello');
        client.close();
        await once(client, 'close');
    });
});
