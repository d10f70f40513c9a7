// Debian's nginx and HAProxy in front of a server, whose connections the requests of many clients
// share. Whatever one client sends, the server is asked nothing but what the proxy has let through,
// and every other client has its own answer.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { start_haproxy } = require('./haproxy.js');
const { start_nginx } = require('./nginx.js');
const { start_server } = require('./server.js');
const { smuggled_requests } = require('./smuggled_requests.js');

const timeout = 300_000;

const nginx = (directives) => (server) => start_nginx(({ port }) => `server {
    listen 127.0.0.1:${port};
    location / {
        proxy_pass http://server;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $server_connection;
        proxy_set_header Seen-As "$request_method $request_uri";
        ${directives}
    }
}`, `
    map $http_upgrade $server_connection { default upgrade; "" ""; }
    upstream server { server ${server.host}:${server.port} max_fails=0; keepalive 4; }
    client_body_timeout 600s;
    ignore_invalid_headers off;
    underscores_in_headers on;
`);

const haproxy = (options) => (server) => start_haproxy(({ port }) => `
global
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 600s
    timeout server 600s
    http-reuse always
frontend all
    bind 127.0.0.1:${port}
    ${options}
    http-request set-header Seen-As "%[method] %[pathq]"
    default_backend server
backend server
    server server ${server.host}:${server.port}
`);

const proxies = {
    'nginx': nginx(''),
    'nginx that passes bodies on as they come': nginx('proxy_request_buffering off;'),
    'HAProxy': haproxy(''),
    'HAProxy that lets invalid requests through': haproxy('option accept-invalid-http-request'),
};

async function send(place, bytes) {
    const socket = net.connect({ port: place.port, host: place.host, noDelay: true });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(Buffer.from(bytes, 'latin1'));
    return socket;
}

let asked_count = 0;

// By another client, on a connection of its own.
async function ask(proxy) {
    const target = `GET /echo/${++asked_count}`;
    const socket = await send(proxy,
                              `${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    const answer = (await socket.setEncoding('latin1').toArray()).join('');
    assert.match(answer, /^HTTP\/1\.1 200 /, `${target} has another answer`);
    assert.equal(answer.split('\r\n\r\n')[1], `${target} seen as ${target}\n`);
}

// Others ask while its sender waits, and when it has left.
async function check(proxy, server, bytes) {
    const sender = await send(proxy, bytes);
    sender.resume();
    for (let i = 0; i < 3; ++i) await ask(proxy);
    sender.destroy();
    for (let i = 0; i < 2; ++i) await ask(proxy);
    for (const line of (await server.heard()).split('\n').slice(0, -1)) {
        const [asked, seen] = line.split(' seen as ');
        assert.equal(asked, seen);
    }
}

// One that everything gets through to: behind each empty line it sees a request.
async function start_careless_server() {
    let heard = '';
    const server = net.createServer((socket) => {
        let input = '';
        socket.on('error', () => {}).setEncoding('latin1').on('data', (chunk) => {
            const heads = (input + chunk).split('\r\n\r\n');
            input = heads.pop();
            for (const head of heads) {
                const [, asked] = /^(\S* \S*)/.exec(head) ?? [];
                const line = `${asked} seen as ${/^seen-as: (.*)\r?$/im.exec(head)?.[1]}\n`;
                heard += line;
                socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${line.length}\r\n\r\n${line}`);
            }
        });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return {
        host: '127.0.0.1',
        port: server.address().port,
        heard: async () => { const all = heard; heard = ''; return all; },
        stop: () => server.close(),
    };
}

for (const [name, start_proxy] of Object.entries(proxies)) {
    describe(`behind ${name}`, () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edgews-smuggling-'));
        let server;
        let proxy;

        before(async () => {
            fs.writeFileSync(path.join(folder, 'index.html'), 'files');
            server = await start_server('../tests/http_server', [folder]);
            server.heard = async () => (await fetch(server.url('/heard', 'http'))).text();
            proxy = await start_proxy(server);
        });
        after(async () => {
            await proxy?.stop();
            await server?.stop();
            fs.rmSync(folder, { recursive: true });
        });

        it('no request is smuggled in another', { timeout }, async () => {
            for (const [what, bytes] of smuggled_requests) {
                await check(proxy, server, bytes).catch((error) => {
                    error.message = `${JSON.stringify(what)} in ${JSON.stringify(bytes)}: ` +
                        error.message;
                    throw error;
                });
            }
        });

        it('a server that reads no bodies would be noticed', { timeout }, async () => {
            const careless = await start_careless_server();
            const before_it = await start_proxy(careless);
            try {
                const [, bytes] = smuggled_requests.find(([what]) => what === 'GET /echo/odd');
                await assert.rejects(check(before_it, careless, bytes), /GET \/echo\/hidden/);
            } finally {
                await before_it.stop();
                careless.stop();
            }
        });
    });
}
