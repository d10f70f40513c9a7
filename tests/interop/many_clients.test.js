// Ten thousand clients of ours on one loop, with the echo server in a process of its own: each has
// fewer than 20,000 descriptors. EDGEWS_BIN names the folder of the programs.
'use strict';

const assert = require('node:assert/strict');
const { it } = require('node:test');
const { run_program } = require('./program.js');
const { start_server } = require('./server.js');

const count = 10_000;
const too_few_descriptors = 77;

it(`${count} clients on one loop talk, and close cleanly`, { timeout: 90_000 }, async (t) => {
    const server = await start_server('echo');
    try {
        const { code, printed } = await run_program('../tests/many_clients',
                                                    [server.url(), String(count)]);
        if (code === too_few_descriptors) return t.skip('a process may have too few descriptors');
        assert.equal(code, 0, printed);
        t.diagnostic(printed.trim());
    } finally {
        await server.stop();
    }
});
