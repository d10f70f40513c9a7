// Runs programs that make has built. EDGEWS_BIN names the folder of the
// programs (default: build/programs).
'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');

const bin_folder = path.resolve(process.env.EDGEWS_BIN ??
                                path.join(__dirname, '../../build/programs'));
const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

// `name`: as seen from that folder. With `input`, its standard input is a pipe.
function start_program(name, args, { input = 'ignore' } = {}) {
    const child = spawn(path.resolve(bin_folder, name), args, { stdio: [input, 'pipe', 'pipe'] });
    running.add(child);
    child.once('close', () => running.delete(child));
    return child;
}

// { code, printed }, of both streams. `code`: the signal, where one ended it.
function run_program(name, args) {
    const child = start_program(name, args);
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (chunk) => { printed += chunk; });
    }
    return new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code, signal) => resolve({ code: code ?? signal, printed }));
    });
}

module.exports = { run_program, start_program };
