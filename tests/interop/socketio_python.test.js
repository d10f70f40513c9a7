// Debian's python3-socketio against the Socket.IO server: one test for each check that
// socketio_python.py has.
'use strict';

const assert = require('node:assert/strict');
const { execFile, execFileSync } = require('node:child_process');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { promisify } = require('node:util');
const { start_server } = require('./server.js');

const python = process.env.EDGEWS_PYTHON ?? '/usr/bin/python3';
const script = path.join(__dirname, 'socketio_python.py');
const run = promisify(execFile);

function names_of_checks() {
    try {
        return execFileSync(python, [script], { encoding: 'utf8' }).trim().split('\n');
    } catch (error) {
        assert.fail(`${python} lacks socketio (apt-get install python3-socketio): ${error.message}`);
    }
}

for (const threads of ['1', '4']) {
    describe(`python3-socketio, ${threads} threads`, () => {
        let server;
        let results;
        before(async () => {
            server = await start_server('socketio_server', ['--threads', threads]);
            const { stdout } = await run(python, [script, server.url('/', 'http')],
                                         { timeout: 60_000 });
            results = JSON.parse(stdout);
        });
        after(() => server?.stop());

        for (const name of names_of_checks()) {
            it(name.replaceAll('_', ' '), () => {
                assert.ok(name in results, 'it was not run');
                assert.ok(results[name] === null, results[name]);
            });
        }
    });
}
