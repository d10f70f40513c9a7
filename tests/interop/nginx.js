// Starts Debian's nginx for a test: in the foreground, on a free port of loopback, with one worker
// and a temporary folder for all that it writes.
//
// EDGEWS_NGINX names the binary (default: /usr/sbin/nginx).
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');

const binary = process.env.EDGEWS_NGINX ?? '/usr/sbin/nginx';
const stream_module = '/usr/lib/nginx/modules/ngx_stream_module.so';
const start_timeout_ms = 20_000;
const stop_timeout_ms = 20_000;
const poll_ms = 20;

const running = new Set();
// SIGTERM: a master that is killed leaves its worker behind.
process.on('exit', () => {
    for (const { child, folder } of running) {
        child.kill('SIGTERM');
        fs.rmSync(folder, { recursive: true, force: true });
    }
});
// A test that is stopped by a signal ends as one that ends by itself: with what it started.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

// Whether this nginx can forward connections, not only requests.
const has_stream = fs.existsSync(stream_module);

async function free_port() {
    const probe = net.createServer();
    await new Promise((resolve, reject) => {
        probe.on('error', reject).listen(0, '127.0.0.1', resolve);
    });
    const { port } = probe.address();
    await new Promise((resolve) => { probe.close(resolve); });
    return port;
}

const is_listening = (port) => new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.on('connect', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
});

class Nginx {
    host = '127.0.0.1';
    printed = '';

    // `server(port)`: the configuration of what listens on that port. `http`: directives that hold
    // for all requests; without it, what is forwarded are connections.
    constructor(port, server, http) {
        this.port = port;
        this.server = server;
        this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edgews-nginx-'));
        fs.chmodSync(this.folder, 0o711);  // The worker may be another user, and has folders in it.
        this.configure(http);
    }

    // What the next start or reload() reads.
    configure(http) {
        const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
            .map((name) => `${name}_temp_path ${this.folder}/${name};`).join('\n');
        const context = http === undefined ? 'stream {' : `http {\naccess_log off;\n${temporary}`;
        fs.writeFileSync(this.file, `
            daemon off;
            worker_processes 1;
            pid ${this.folder}/pid;
            error_log stderr warn;
            ${http === undefined ? `load_module ${stream_module};` : ''}
            events { worker_connections 512; }
            ${context}
            ${http ?? ''}
            ${this.server(this.port)}
            }`);
    }

    get file() { return path.join(this.folder, 'nginx.conf'); }

    url(target = '/', scheme = 'ws') { return `${scheme}://${this.host}:${this.port}${target}`; }

    async start() {
        const child = this.child = spawn(binary, ['-c', this.file, '-e', 'stderr'],
                                         { stdio: ['ignore', 'pipe', 'pipe'] });
        running.add(this);
        let error;
        this.ended = new Promise((resolve) => {
            child.on('error', (reason) => { error = reason; resolve(null); });
            child.on('close', (code) => resolve(code));
        }).finally(() => { running.delete(this); });
        for (const stream of [child.stdout, child.stderr]) {
            stream.setEncoding('utf8').on('data', (chunk) => { this.printed += chunk; });
        }
        const deadline = Date.now() + start_timeout_ms;
        while (!await is_listening(this.port)) {
            const reason = error ?? (child.exitCode === null ? '' : `code ${child.exitCode}`);
            assert.equal(reason, '', `nginx did not start; it printed:\n${this.printed}`);
            assert.ok(Date.now() < deadline, `nginx does not listen; it printed:\n${this.printed}`);
            await pause(poll_ms);
        }
    }

    // A new worker takes over what comes; the old one keeps what it has.
    reload() { this.child.kill('SIGHUP'); }

    async stop() {
        this.child.kill('SIGTERM');
        let late = false;
        const timer = setTimeout(() => { late = true; this.child.kill('SIGKILL'); },
                                 stop_timeout_ms);
        const code = await this.ended;
        clearTimeout(timer);
        fs.rmSync(this.folder, { recursive: true, force: true });
        assert.ok(!late, `nginx still ran ${stop_timeout_ms} ms after SIGTERM`);
        assert.equal(code, 0, `nginx printed:\n${this.printed}`);
    }
}

async function start_nginx(server, http) {
    const nginx = new Nginx(await free_port(), server, http);
    await nginx.start();
    return nginx;
}

module.exports = { has_stream, start_nginx };
