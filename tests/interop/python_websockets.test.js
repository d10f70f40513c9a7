// Debian's python3-websockets as a client of the echo server: one test for each check that
// python_client.py has.
'use strict';

const assert = require('node:assert/strict');
const { execFile, execFileSync } = require('node:child_process');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { promisify } = require('node:util');
const { start_server } = require('./server.js');

const python = process.env.EDGEWS_PYTHON ?? '/usr/bin/python3';
const script = path.join(__dirname, 'python_client.py');
const run = promisify(execFile);

function names_of_checks() {
    try {
        return execFileSync(python, [script], { encoding: 'utf8' }).trim().split('\n');
    } catch (error) {
        assert.fail(`${python} lacks websockets (apt-get install python3-websockets): ` +
                    error.message);
    }
}

describe('python3-websockets', () => {
    let server;
    before(async () => { server = await start_server('echo', ['--max-message', '2097152']); });
    after(() => server?.stop());

    for (const name of names_of_checks()) {
        it(name.replaceAll('_', ' '), { timeout: 60_000 }, async () => {
            await run(python, [script, server.url(''), name], { timeout: 45_000 });
        });
    }

    it('SIGTERM closes with 1001', { timeout: 60_000 }, async () => {
        const other = await start_server('echo');
        const program = `
import asyncio, websockets
async def main():
    async with websockets.connect("${other.url('/echo')}") as ws:
        print("connected", flush=True)
        await ws.wait_closed()
        print(ws.close_code)
asyncio.run(main())`;
        const client = execFile(python, ['-c', program], { timeout: 45_000 });
        let printed = '';
        client.stdout.setEncoding('utf8');
        const ended = new Promise((resolve) => { client.on('close', resolve); });
        await new Promise((resolve) => {
            client.stdout.on('data', (chunk) => {
                printed += chunk;
                if (printed.includes('connected')) resolve();
            });
            client.on('close', resolve);
        });
        await other.stop();
        assert.equal(await ended, 0);
        assert.equal(printed, 'connected\n1001\n');
    });
});
