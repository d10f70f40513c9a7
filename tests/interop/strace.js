// Counts the system calls of a running server, by `strace -c`.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

// What is one thing to a budget has several names, by the C library and the architecture.
const names = new Map([
    ['recvfrom', 'recv'], ['recvmsg', 'recv'],
    ['sendto', 'send'], ['sendmsg', 'send'],
    ['epoll_pwait', 'epoll_wait'], ['epoll_pwait2', 'epoll_wait'],
    ['brk', 'memory'], ['mmap', 'memory'], ['munmap', 'memory'], ['mremap', 'memory'],
    ['madvise', 'memory'],
]);

// The summary's columns: % time, seconds, usecs/call, calls, errors (or nothing), name.
const row = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(\d+\s+)?(\w+)$/;

class Calls {
    constructor(summary) {
        this.counts = {};  // By name; memory stands for all that make the heap larger or smaller.
        this.failures = {};
        for (const line of summary.split('\n')) {
            const found = row.exec(line);
            if (!found || found[3] === 'total') continue;
            const name = names.get(found[3]) ?? found[3];
            this.counts[name] = this.of(name) + Number(found[1]);
            this.failures[name] = this.failed(name) + Number(found[2] ?? 0);
        }
    }

    of(name) { return this.counts[name] ?? 0; }
    // How many of them were answered by an error.
    failed(name) { return this.failures[name] ?? 0; }

    // "recv 1.000, send 1.000, epoll_wait 0.031"
    per(count) {
        return Object.entries(this.counts)
            .map(([name, calls]) => `${name} ${(calls / count).toFixed(3)}`).join(', ');
    }
}

// Attaches; resolves when every thread is traced, to a function that detaches.
async function attach(pid, summary) {
    const child = spawn('strace', ['-c', '-f', '-o', summary, '-p', String(pid)],
                        { stdio: ['ignore', 'ignore', 'pipe'] });
    let printed = '';
    const ended = new Promise((resolve) => {
        child.once('error', resolve);  // It is not installed.
        child.once('close', resolve);
    });
    const attached = new Promise((resolve) => {
        child.stderr.setEncoding('utf8').on('data', (chunk) => {
            printed += chunk;
            if (/^strace: Process \d+ attached/m.test(printed)) resolve('attached');
        });
    });
    const outcome = await Promise.race([attached, ended]);
    assert.equal(outcome, 'attached',
        `strace cannot attach to the server, so its system calls cannot be counted.\n${printed}` +
        (outcome instanceof Error ? outcome.message
                                  : 'It needs leave to ptrace: be root or have CAP_SYS_PTRACE; ' +
                                    'in a container, --cap-add=SYS_PTRACE.'));
    return async () => {
        child.kill('SIGINT');
        await ended;
    };
}

// The calls that `server` makes while `action` runs.
async function calls_during(server, action) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edgews-strace-'));
    try {
        const summary = path.join(folder, 'summary');
        const detach = await attach(server.pid, summary);
        try {
            await action();
        } finally {
            await detach();
        }
        return new Calls(fs.readFileSync(summary, 'utf8'));
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

module.exports = { calls_during };
