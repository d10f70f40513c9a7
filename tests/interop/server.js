// Starts an example binary for a test, and holds it to its contract: a free port, one line
// when it is ready, exit code 0 after SIGTERM, no sanitizer report.
//
// EDGEWS_BIN names the folder of the binaries (default: build/programs), so that the same
// tests run against sanitized builds.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const bin_folder = path.resolve(process.env.EDGEWS_BIN ??
                                path.join(__dirname, '../../build/programs'));
const start_timeout_ms = 20_000;
const stop_timeout_ms = 20_000;

const sanitizer_report =
    /(Address|Leak|Memory|Thread|UndefinedBehavior)Sanitizer|runtime error:|Assertion .* failed/;

const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

class Server {
    constructor(name, child) {
        this.name = name;
        this.child = child;
        this.printed = '';  // Both streams, in the order of arrival.
        this.exited = new Promise((resolve, reject) => {
            child.on('error', reject);
            child.on('close', (code, signal) => {
                running.delete(child);
                resolve({ code, signal });
            });
        });
        this.exited.catch(() => {});  // start() reports it.
    }

    get pid() { return this.child.pid; }

    url(target = '/', scheme = 'ws') { return `${scheme}://${this.host}:${this.port}${target}`; }

    // How many descriptors the process has open.
    descriptor_count() { return fs.readdirSync(`/proc/${this.pid}/fd`).length; }

    // Sends SIGTERM and waits for the end, which must be a clean one.
    async stop() {
        this.child.kill('SIGTERM');
        await this.ended();
    }

    // Waits for the end after a SIGTERM that someone has sent.
    async ended() {
        let late = false;
        const timer = setTimeout(() => {
            late = true;
            this.child.kill('SIGKILL');
        }, stop_timeout_ms);
        const { code, signal } = await this.exited;
        clearTimeout(timer);
        const context = `${this.name} printed:\n${this.printed}`;
        assert.ok(!late, `${this.name} still ran ${stop_timeout_ms} ms after SIGTERM. ${context}`);
        assert.equal(signal, null, `${this.name} was ended by a signal. ${context}`);
        assert.equal(code, 0, `${this.name} did not exit with code 0. ${context}`);
        assert.doesNotMatch(this.printed, sanitizer_report);
    }
}

// Starts `name` on a free port of loopback, or on `port`. Resolves when it listens.
async function start_server(name, args = [], { port = 0 } = {}) {
    const child = spawn(path.join(bin_folder, name), [...args, '--port', String(port)],
                        { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const server = new Server(name, child);
    const listening = new Promise((resolve) => {
        const collect = (chunk) => {
            server.printed += chunk;
            const found = /^listening on (.+):(\d+)$/m.exec(server.printed);
            if (found) resolve({ host: found[1], port: Number(found[2]) });
        };
        child.stdout.setEncoding('utf8').on('data', collect);
        child.stderr.setEncoding('utf8').on('data', collect);
    });
    let timer;
    const failed = new Promise((_, reject) => {
        timer = setTimeout(() => {
            child.kill('SIGKILL');
            reject(new Error(`${name} said nothing of listening; it printed:\n${server.printed}`));
        }, start_timeout_ms);
        server.exited.then(({ code, signal }) => reject(new Error(
            `${name} ended at its start (code ${code}, signal ${signal}), having printed:\n` +
            server.printed)), reject);
    });
    failed.catch(() => {});
    Object.assign(server, await Promise.race([listening, failed]));
    clearTimeout(timer);
    return server;
}

module.exports = { start_server };
