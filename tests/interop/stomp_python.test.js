// Debian's python3-stomp as a client of the STOMP broker over TCP, in all versions: one test for
// each check that stomp_python.py has.
'use strict';

const assert = require('node:assert/strict');
const { execFile, execFileSync } = require('node:child_process');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { promisify } = require('node:util');
const { start_broker } = require('./stomp.js');

const python = process.env.EDGEWS_PYTHON ?? '/usr/bin/python3';
const script = path.join(__dirname, 'stomp_python.py');
const run = promisify(execFile);

function names_of_checks() {
    try {
        return execFileSync(python, [script], { encoding: 'utf8' }).trim().split('\n');
    } catch (error) {
        assert.fail(`${python} lacks stomp (apt-get install python3-stomp): ${error.message}`);
    }
}

for (const threads of ['1', '2']) {
    describe(`python3-stomp, ${threads} threads`, () => {
        let broker;
        let results;
        before(async () => {
            broker = await start_broker(['--threads', threads, '--user', 'joe:secret']);
            const { stdout } = await run(python, [script, broker.host, broker.tcp_port],
                                         { timeout: 60_000 });
            results = JSON.parse(stdout);
        });
        after(() => broker?.stop());

        for (const name of names_of_checks()) {
            it(name.replaceAll('_', ' '), () => {
                assert.ok(name in results, 'it was not run');
                assert.ok(results[name] === null, results[name]);
            });
        }
    });
}
