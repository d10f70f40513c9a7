// Starts Debian's nginx for a test: in the foreground, on free ports of loopback, with one worker
// and a temporary folder for all that it writes.
//
// EDGEWS_NGINX names the binary (default: /usr/sbin/nginx).
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
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

// Why this nginx cannot forward connections, only requests; false: it can.
const lacks_stream = fs.existsSync(stream_module) ? false : `there is no ${stream_module}`;

// Two that differ.
async function free_ports() {
    const probes = [net.createServer(), net.createServer()];
    for (const probe of probes) await once(probe.listen(0, '127.0.0.1'), 'listening');
    const [port, tls_port] = probes.map((probe) => probe.address().port);
    for (const probe of probes) await once(probe.close(), 'close');
    return { port, tls_port };
}

class Nginx {
    host = '127.0.0.1';
    printed = '';

    // `server({ port, tls_port })`: the configuration of what listens there. `http`: directives
    // that hold for all requests; without it, what is forwarded are connections.
    constructor(ports, server, http) {
        Object.assign(this, ports);
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
            ${this.server(this)}
            }`);
    }

    get file() { return path.join(this.folder, 'nginx.conf'); }

    url(target = '/', scheme = 'ws') {
        const port = ['wss', 'https'].includes(scheme) ? this.tls_port : this.port;
        return `${scheme}://${this.host}:${port}${target}`;
    }

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
        // It writes that file when it listens.
        while (!fs.existsSync(`${this.folder}/pid`)) {
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
    const nginx = new Nginx(await free_ports(), server, http);
    await nginx.start();
    return nginx;
}

// Every place that a user would change, too, is there once.
function replace_one(text, place, value) {
    assert.equal(text.split(place).length, 2, `"${place}" is not there once`);
    return text.replace(place, value);
}

// The configuration that README.md recommends, examples/nginx.conf, for `server`. Without `tls`,
// { certificate, key }, it has none.
const in_front_of = (server, tls) => ({ port, tls_port }) => {
    const text = fs.readFileSync(path.join(__dirname, '../../examples/nginx.conf'), 'utf8');
    const places = [
        ['server 127.0.0.1:9001;', `server ${server.host}:${server.port};`],
        ['listen 80;', `listen 127.0.0.1:${port};`],
        ['listen 443 ssl;', tls ? `listen 127.0.0.1:${tls_port} ssl;` : ''],
        ['ssl_certificate     /etc/letsencrypt/live/chat.example/fullchain.pem;',
         tls ? `ssl_certificate ${tls.certificate};` : ''],
        ['ssl_certificate_key /etc/letsencrypt/live/chat.example/privkey.pem;',
         tls ? `ssl_certificate_key ${tls.key};` : ''],
    ];
    return places.reduce((all, [place, value]) => replace_one(all, place, value), text);
};

module.exports = { in_front_of, lacks_stream, start_nginx };
