// A Redis server of its own on a free port of loopback. It can be killed, and begins again in the
// same place, with what it had written if it has a file.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { free_ports } = require('./ports.js');

const running = new Set();
process.on('exit', () => { for (const redis of running) redis.clean_up(); });

async function start_server(port, args, folder) {
    const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1',
                                          '--save', '', ...args],
                         { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    await new Promise((resolve, reject) => {
        server.once('error', reject);
        server.once('close', () => reject(new Error(`redis-server ended: ${printed}`)));
        server.stdout.on('data', (chunk) => {
            printed += chunk;
            if (printed.includes('Ready to accept connections')) resolve();
        });
    });
    return server;
}

class Redis {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edgews-redis-'));

    // Without a file that it would remember anything by, unless `has_file`.
    constructor({ has_file = false, args = [] } = {}) {
        this.args = ['--appendonly', has_file ? 'yes' : 'no', ...args];
    }
    async start() {
        if (!this.port) [this.port] = await free_ports(1);
        running.add(this);
        this.server = await start_server(this.port, this.args, this.folder);
    }
    get url() { return `redis://127.0.0.1:${this.port}`; }
    // What redis-cli prints.
    cli(...words) {
        const { stdout } = spawnSync('redis-cli', ['-p', String(this.port), ...words],
                                     { encoding: 'utf8' });
        return stdout.trim();
    }
    async kill() {
        if (this.server.exitCode !== null || this.server.signalCode !== null) return;
        this.server.kill('SIGKILL');
        await once(this.server, 'close');
    }
    clean_up() {
        this.server.kill('SIGKILL');
        fs.rmSync(this.folder, { recursive: true, force: true });
        running.delete(this);
    }
    async stop() {
        await this.kill();
        this.clean_up();
    }
}

module.exports = { Redis };
