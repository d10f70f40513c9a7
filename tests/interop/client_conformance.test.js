// RFC 6455 and RFC 7692 as a client must hold them, case by case: conformance_client against a
// server over raw sockets. EDGEWS_BIN names the folder of the binary.
//
// The first five tables are those that servers are tested by, played from the other end.
'use strict';

require('./frames.js').play('server');

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const { ConformanceServer } = require('./conformance_server.js');
const { run_program } = require('./program.js');

const parts = [
    ['the opening handshake (4)', require('./cases_handshake.js')],
    ['frames (5.2)', require('./cases_frames.js')],
    ['fragments and control frames (5.4, 5.5)', require('./cases_fragments.js')],
    ['UTF-8 (8.1)', require('./cases_utf8.js')],
    ['closing (7)', require('./cases_closing.js')],
    ['masks and patience (5.3, 7.1.1)', require('./cases_patience.js')],
    ['large and many messages', require('./cases_volume.js')],
    ['permessage-deflate (RFC 7692)', require('./cases_deflate.js')],
];
const timeout = 60_000;

// One server and one client for each part; the client goes through it case by case.
describe('a client', { concurrency: true }, () => {
    for (const [name, { cases }] of parts) {
        describe(name, () => {
            const server = new ConformanceServer(cases);
            let ended;
            before(async () => {
                await server.start();
                ended = run_program('conformance_client', [server.url]);
                ended.then(({ code, printed }) => server.give_up(new Error(
                    `the client ended (${code}) without this; it printed:\n${printed}`)));
            });
            after(() => server.stop());

            for (const [i, one] of cases.entries()) {
                it(one.name, { timeout }, () => server.outcomes[i].promise);
            }
            it('ends by asking for the reports', { timeout }, async () => {
                await server.reports.promise;
                assert.deepEqual([...server.agents], ['edgews']);
                const { code, printed } = await ended;
                assert.equal(code, 0, printed);
                assert.equal(printed, `ran ${cases.length} cases\n`);
            });
        });
    }

    it('has the name that it is given', { timeout }, async () => {
        const server = new ConformanceServer([{ name: 'close', steps: [] }]);
        await server.start();
        const { code } = await run_program('conformance_client', [server.url, '--agent', 'other']);
        server.stop();
        assert.equal(code, 0);
        assert.deepEqual([...server.agents], ['other']);
    });

    it('does not begin with more cases than there can be', { timeout }, async () => {
        const server = new ConformanceServer({ length: 100_001, map: () => [] });
        await server.start();
        const { code, printed } = await run_program('conformance_client', [server.url]);
        server.stop();
        assert.equal(code, 1);
        assert.match(printed, /how many cases, at most 100000/);
    });

    it('says so when nobody is there, or nobody counts', { timeout }, async () => {
        const server = new ConformanceServer([]);
        await server.start();
        const elsewhere = await run_program('conformance_client', [`${server.url}/nowhere`]);
        assert.equal(elsewhere.code, 1);
        assert.match(elsewhere.printed, /does not say how many cases/);
        server.stop();
        const nobody = await run_program('conformance_client', [server.url]);
        assert.equal(nobody.code, 1);
        assert.match(nobody.printed, /Connection refused/);
        for (const args of [[], [server.url, '--agent'], [server.url, '--x', 'y']]) {
            const misused = await run_program('conformance_client', args);
            assert.equal(misused.code, 2);
            assert.match(misused.printed, /^usage: /);
        }
    });
});
