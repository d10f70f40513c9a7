// Starts Debian's HAProxy for a test: in the foreground, on a free port of loopback, with a
// temporary folder.
//
// EDGEWS_HAPROXY names the binary (default: /usr/sbin/haproxy).
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');
const { free_ports } = require('./ports.js');

const binary = process.env.EDGEWS_HAPROXY ?? '/usr/sbin/haproxy';
const start_timeout_ms = 20_000;
const poll_ms = 20;

const running = new Set();
process.on('exit', () => { for (const haproxy of running) haproxy.kill(); });

class Haproxy {
    host = '127.0.0.1';
    printed = '';

    // `configuration({ port, folder })`: what it reads.
    constructor(port, configuration) {
        this.port = port;
        this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edgews-haproxy-'));
        const file = path.join(this.folder, 'haproxy.cfg');
        fs.writeFileSync(file, configuration(this));
        this.child = spawn(binary, ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
        running.add(this);
        this.ended = once(this.child, 'close');
        this.ended.catch(() => {});  // start_haproxy() reports it.
        for (const stream of [this.child.stdout, this.child.stderr]) {
            stream.setEncoding('utf8').on('data', (chunk) => { this.printed += chunk; });
        }
    }

    kill() {
        this.child.kill('SIGKILL');
        fs.rmSync(this.folder, { recursive: true, force: true });
        running.delete(this);
    }

    async stop() {
        if (this.child.exitCode === null) this.child.kill('SIGTERM');
        await this.ended;
        this.kill();
    }

    async is_listening() {
        const socket = net.connect(this.port, this.host);
        try {
            await once(socket, 'connect');
            return true;
        } catch {
            return false;
        } finally {
            socket.destroy();
        }
    }
}

async function start_haproxy(configuration) {
    const [port] = await free_ports(1);
    const haproxy = new Haproxy(port, configuration);
    const deadline = Date.now() + start_timeout_ms;
    while (!await haproxy.is_listening()) {
        assert.equal(haproxy.child.exitCode, null, haproxy.printed);
        assert.ok(Date.now() < deadline,
                  `HAProxy does not listen; it printed:\n${haproxy.printed}`);
        await pause(poll_ms);
    }
    return haproxy;
}

module.exports = { start_haproxy };
