// Behind a real nginx, configured by the file that README.md recommends: examples/nginx.conf, in
// the clear and with TLS. And behind one that forwards connections, TLS unopened.
'use strict';

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { WebSocket } = require('ws');
const { make_certificate } = require('./certificates.js');
const { in_front_of: recommended, lacks_stream, start_nginx } = require('./nginx.js');
const { expect_end, open_http } = require('./raw_http.js');
const { start_server } = require('./server.js');

const timeout = 30_000;
const patience_ms = 10_000;
// Of nginx with a silent server, in place of the 60 s that are its default.
const read_timeout_ms = 1_000;
const idle_ping_ms = 300;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edgews-nginx-tls-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));
const { certificate, key, ca } = make_certificate(folder, 'localhost');

const in_front_of = (server) => recommended(server, { certificate, key });
const limits = `proxy_read_timeout ${read_timeout_ms}ms;`;

// { status, headers, body } of a request. `from`: the address that it comes from.
function get(place, target, { headers = {}, from = '127.0.0.1', scheme = 'http' } = {}) {
    return new Promise((resolve, reject) => {
        const options = { headers, localAddress: from, agent: false, ca };
        const client = scheme === 'https' ? https : http;
        client.get(place.url(target, scheme), options, (response) => {
            let body = '';
            response.setEncoding('utf8').on('data', (chunk) => { body += chunk; })
                .on('end', () => resolve({ status: response.statusCode,
                                           headers: response.headers, body }));
        }).on('error', reject);
    });
}

const who_am_i = async (place, options) => (await get(place, '/whoami', options)).body;

// A WebSocket whose events are awaited one by one.
class Client {
    #messages = [];
    #waiting = null;
    ping_count = 0;

    static async connect(url, { protocols = [], ...options } = {}) {
        const client = new Client();
        const socket = client.socket = new WebSocket(url, protocols, { ca, ...options });
        client.closed = new Promise((resolve) => {
            socket.on('close', (code) => resolve(code));
        });
        socket.on('ping', () => { ++client.ping_count; });
        socket.on('message', (data, is_binary) => {
            client.#messages.push(is_binary ? data : data.toString());
            client.#waiting?.();
        });
        await new Promise((resolve, reject) => { socket.on('open', resolve).on('error', reject); });
        return client;
    }

    async message() {
        if (this.#messages.length === 0) {
            let timer;
            await new Promise((resolve, reject) => {
                this.#waiting = resolve;
                timer = setTimeout(() => reject(new Error('waited in vain for a message')),
                                   patience_ms);
            });
            clearTimeout(timer);
            this.#waiting = null;
        }
        return this.#messages.shift();
    }

    async echo(message) {
        this.socket.send(message);
        assert.deepEqual(await this.message(), message);
    }

    async close() {
        this.socket.close(1000);
        assert.equal(await this.closed, 1000);
    }
}

// What holds for ws as for wss. `web`: the scheme of pages and requests.
const echo_behind_nginx = (scheme, web) => () => {
    let server;
    let nginx;
    const connect = (target = '/echo', options) =>
        Client.connect(nginx.url(target, scheme), options);
    const who = (place, options) => who_am_i(place, { scheme: web, ...options });

    before(async () => {
        server = await start_server('echo', ['--trusted-proxy', '127.0.0.1',
                                             '--idle-ping', String(idle_ping_ms)]);
        nginx = await start_nginx(in_front_of(server), limits);
    });
    after(async () => {
        await nginx?.stop();
        await server?.stop();
    });

    it('the upgrade passes, and messages of every size', { timeout }, async () => {
        const client = await connect();
        for (const size of [0, 1, 125, 126, 65_536, 1 << 20, 5 << 20]) {
            await client.echo('t'.repeat(size));
            await client.echo(Buffer.alloc(size, 'b'));
        }
        await client.close();
    });

    it('a fragmented message passes, with a ping inside', { timeout }, async () => {
        const client = await connect();
        const pieces = Array.from({ length: 40 }, (_, i) => Buffer.alloc(50_000, i));
        const answered = new Promise((resolve) => { client.socket.on('pong', resolve); });
        for (const [i, piece] of pieces.entries()) {
            client.socket.send(piece, { fin: i === pieces.length - 1 });
            if (i === 20) client.socket.ping('between');
        }
        assert.deepEqual(await answered, Buffer.from('between'));
        assert.deepEqual(await client.message(), Buffer.concat(pieces));
        await client.close();
    });

    it('a close passes in both directions', { timeout }, async () => {
        const client = await connect();
        client.socket.close(4321, 'enough');
        assert.equal(await client.closed, 4321);
    });

    it('our pings keep a silent connection beyond proxy_read_timeout', { timeout }, async () => {
        const client = await connect();
        await pause(3 * read_timeout_ms);
        assert.ok(client.ping_count >= 3, `${client.ping_count} pings came`);
        await client.echo('still there');
        await client.close();
    });

    it('without pings nginx gives a silent connection up', { timeout }, async () => {
        const silent = await start_server('echo', ['--idle-ping', '0']);
        const before_it = await start_nginx(in_front_of(silent), limits);
        try {
            const client = await Client.connect(before_it.url('/echo', scheme));
            assert.equal(await client.closed, 1006);
        } finally {
            await before_it.stop();
            await silent.stop();
        }
    });

    it('a reload of nginx leaves connections alone', { timeout }, async () => {
        const client = await connect();
        await client.echo('before');
        nginx.configure(`${limits} add_header X-Reloaded yes;`);
        nginx.reload();
        const deadline = Date.now() + patience_ms;
        while ((await get(nginx, '/healthz')).headers['x-reloaded'] !== 'yes') {
            assert.ok(Date.now() < deadline, 'nginx does not reload');
            await pause(20);
        }
        await client.echo('after');
        await pause(2 * read_timeout_ms);
        await client.echo('much later');
        const late = await connect();
        await late.echo('by the new worker');
        await late.close();
        await client.close();
    });

    it('the origin of a page from the proxy is our own, another is not', { timeout }, async () => {
        const own = await connect('/echo', { origin: nginx.url('', web) });
        await own.echo('hello');
        await own.close();
        for (const origin of [`${web}://evil.example`, `${web}://127.0.0.1:${server.port}`,
                              `${web}://127.0.0.1`]) {
            await assert.rejects(connect('/echo', { origin }), /403/);
        }
    });

    it('X-Forwarded-For is believed of a trusted proxy', { timeout }, async () => {
        assert.equal(await who(nginx, { from: '127.0.0.2' }), '127.0.0.2');
        // What the client sent stands before what nginx appended.
        const spoofed = { 'X-Forwarded-For': '192.0.2.7' };
        assert.equal(await who(nginx, { from: '127.0.0.2', headers: spoofed }), '127.0.0.2');
        // One that is trusted itself is a further proxy.
        assert.equal(await who(nginx, { headers: spoofed }), '192.0.2.7');
        // The other header, nginx passes on as it comes.
        const other = { Forwarded: 'for=192.0.2.7' };
        assert.equal(await who(nginx, { from: '127.0.0.2', headers: other }), '127.0.0.2');
    });

    it('X-Forwarded-For is not believed without --trusted-proxy', { timeout }, async () => {
        const wary = await start_server('echo', ['--trusted-proxy', '192.0.2.0/24']);
        const before_it = await start_nginx(in_front_of(wary), limits);
        try {
            assert.equal(await who(before_it, { from: '127.0.0.2' }), '127.0.0.1');
            assert.equal(await who_am_i(wary, { headers: { 'X-Forwarded-For': '192.0.2.7' } }),
                         '127.0.0.1');
        } finally {
            await before_it.stop();
            await wary.stop();
        }
    });

    it('a SIGTERM reaches clients as 1001', { timeout }, async () => {
        const leaving = await start_server('echo');
        const before_it = await start_nginx(in_front_of(leaving), limits);
        try {
            const client = await Client.connect(before_it.url('/echo', scheme));
            await client.echo('hello');
            await leaving.stop();
            assert.equal(await client.closed, 1001);
        } finally {
            await before_it.stop();
        }
    });
};

describe('echo behind nginx', echo_behind_nginx('ws', 'http'));
describe('echo behind nginx that ends TLS', echo_behind_nginx('wss', 'https'));

describe('demo behind nginx', () => {
    let server;
    let nginx;

    before(async () => {
        server = await start_server('demo');
        nginx = await start_nginx(in_front_of(server), '');
    });
    after(async () => {
        await nginx?.stop();
        await server?.stop();
    });

    it('the page and its socket come through one origin', { timeout }, async () => {
        const page = await get(nginx, '/');
        assert.equal(page.status, 200);
        assert.match(page.headers['content-type'], /^text\/html/);
        const client = await Client.connect(nginx.url('/live'),
            { protocols: ['edgews-demo'], origin: nginx.url('', 'http') });
        assert.equal(client.socket.protocol, 'edgews-demo');
        const types = new Set();
        while (!types.has('welcome') || !types.has('tick')) {
            types.add(JSON.parse(await client.message()).type);
        }
        await client.close();
    });
});

// By a module that some systems have in a package of its own: `make test` installs Debian's.
describe('echo behind nginx that forwards connections', { skip: lacks_stream }, () => {
    let server;
    let nginx;

    before(async () => {
        server = await start_server('echo', ['--trusted-proxy', '127.0.0.1', '--proxy-protocol']);
        nginx = await start_nginx(({ port }) => `server {
            listen 127.0.0.1:${port};
            proxy_pass ${server.host}:${server.port};
            proxy_protocol on;
        }`);
    });
    after(async () => {
        await nginx?.stop();
        await server?.stop();
    });

    it('the PROXY header names the client', { timeout }, async () => {
        assert.equal(await who_am_i(nginx, { from: '127.0.0.2' }), '127.0.0.2');
        assert.equal(await who_am_i(nginx, { from: '127.0.0.3' }), '127.0.0.3');
        const headers = { 'X-Forwarded-For': '192.0.2.7' };
        assert.equal(await who_am_i(nginx, { from: '127.0.0.2', headers }), '127.0.0.2');
    });

    it('a WebSocket passes', { timeout }, async () => {
        const client = await Client.connect(nginx.url('/echo'), { localAddress: '127.0.0.2' });
        await client.echo('hello');
        await client.echo(Buffer.alloc(1 << 20, 'b'));
        await client.close();
    });

    it('a connection of the proxy without a header is closed unanswered', { timeout }, async () => {
        const socket = await open_http(server);
        socket.send(`GET /whoami HTTP/1.1\r\nHost: ${server.host}:${server.port}\r\n\r\n`);
        await expect_end(socket);
        socket.destroy();
    });
});

for (const proxy_protocol of ['off', 'on']) {
    const title = `wss through nginx that forwards connections, proxy_protocol ${proxy_protocol}`;
    describe(title, { skip: lacks_stream }, () => {
        const has_header = proxy_protocol === 'on';
        let server;
        let nginx;
        const who = (place, from) => who_am_i(place, { from, scheme: 'https' });

        before(async () => {
            const arguments_ = ['--deflate', '--cert', certificate, '--key', key,
                                '--trusted-proxy', '127.0.0.1'];
            if (has_header) arguments_.push('--proxy-protocol');
            server = await start_server('secure_echo', arguments_);
            nginx = await start_nginx(({ tls_port }) => `server {
                listen 127.0.0.1:${tls_port};
                proxy_pass ${server.host}:${server.port};
                proxy_protocol ${proxy_protocol};
            }`);
        });
        after(async () => {
            await nginx?.stop();
            await server?.stop();
        });

        it('the certificate is the one of secure_echo, and verified', { timeout }, async () => {
            const url = nginx.url('/echo', 'wss');
            await (await Client.connect(url)).close();
            await assert.rejects(Client.connect(url, { ca: [] }), /self-signed certificate/);
        });

        it('compressed messages of every size pass', { timeout }, async () => {
            const client = await Client.connect(nginx.url('/echo', 'wss'));
            assert.match(client.socket.extensions, /permessage-deflate/);
            for (const size of [0, 1, 125, 126, 65_536, 1 << 20, 5 << 20]) {
                await client.echo('t'.repeat(size));
                await client.echo(randomBytes(size));
            }
            await client.close();
        });

        it('who the client is, only a PROXY header can tell', { timeout }, async () => {
            for (const from of ['127.0.0.2', '127.0.0.3']) {
                assert.equal(await who(nginx, from), has_header ? from : '127.0.0.1');
            }
        });

        it('who comes past the proxy is its own client', { timeout }, async () => {
            assert.equal(await who(server, '127.0.0.2'), '127.0.0.2');
            if (has_header) {  // It has the proxy's address, and no header.
                await assert.rejects(who(server, '127.0.0.1'), /disconnected before secure TLS/);
            }
        });
    });
}
