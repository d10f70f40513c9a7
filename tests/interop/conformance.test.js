// RFC 6455 as a server must hold it, case by case, over raw sockets.
//
// The cases are tables, one file per part of the RFC; each has its own connection to one echo
// server. EDGEWS_BIN names the folder of the binary.
'use strict';

const { after, before, describe, it } = require('node:test');
const { start_server } = require('./server.js');
const { run_case } = require('./steps.js');

const parts = [
    ['frames (5.2)', require('./cases_frames.js')],
    ['fragments and control frames (5.4, 5.5)', require('./cases_fragments.js')],
    ['UTF-8 (8.1)', require('./cases_utf8.js')],
    ['closing (7)', require('./cases_closing.js')],
    ['large and many messages', require('./cases_volume.js')],
];

describe('RFC 6455', () => {
    let server;
    before(async () => { server = await start_server('echo', ['--max-message', '67108864']); });
    after(() => server?.stop());

    for (const [name, { cases, concurrency = 8 }] of parts) {
        describe(name, { concurrency }, () => {
            for (const one of cases) {
                it(one.name, { timeout: 60_000 }, () => run_case(server, one));
            }
        });
    }
});
