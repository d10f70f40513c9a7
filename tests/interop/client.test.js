// Our client with servers that we did not write (other_servers.js), in the clear, and with TLS that
// nginx ends in front of them. EDGEWS_BIN names the folder of the programs, beside which the tests'
// programs are.
'use strict';

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { make_certificate } = require('./certificates.js');
const { Driver } = require('./driver.js');
const { start_nginx } = require('./nginx.js');
const { Libwebsockets, Node, Python, Ws, fragmented } = require('./other_servers.js');

const timeout = 60_000;
const json = JSON.stringify(Array.from({ length: 400 }, (_, i) => (
    { id: i, symbol: `EDG${i % 7}`, price: 100 + (i * 31) % 97, text: 'κόσμε' })));
const greek = 'é'.repeat(61);

let count = 0;

// `test(driver, target)` with a client that is open, and the end of it. Each has its own target.
function with_client(context, args, test) {
    return async () => {
        const target = `/${++count}`;
        const driver = await Driver.open(context.url + target, [...(context.args ?? []), ...args]);
        try {
            await test(driver, target);
        } finally {
            await driver.stop();
        }
    };
}

async function closes_cleanly(driver, code = 1000, reason = '') {
    driver.close(code, reason);
    assert.deepEqual(await driver.hear_close(), { code, reason: '', how: 'clean' });
}

// What holds for a server that only echoes.
function echo_tests(context, args = []) {
    const test = (name, run) => it(name, { timeout }, with_client(context, args, run));

    test('text and binary of all sizes come back', async (driver) => {
        for (const size of [0, 1, 125, 126, 65535, 65536, 1_000_000]) {
            await driver.echo('t'.repeat(size), randomBytes(size));
        }
        await driver.echo('κόσμε 日本語 🦊', json, json);
        await closes_cleanly(driver);
    });

    test('16 MiB come back', async (driver) => {
        await driver.echo(randomBytes(1 << 24), 'large '.repeat(1 << 20));
        await closes_cleanly(driver);
    });

    test('500 messages at once come back in their order', async (driver) => {
        await driver.echo(...Array.from({ length: 500 }, (_, i) => `${i} ${json.slice(0, i)}`));
        await closes_cleanly(driver);
    });

    test('fragments of ours arrive as one message', async (driver) => {
        for (const pieces of [['one, '], ['', 'two, '], ['κό', 'σ', '', 'μ', 'ε, ']]) {
            const [first, ...middle] = pieces;
            driver.fragment('first', first);
            for (const piece of middle) driver.fragment('middle', piece);
            driver.fragment('last', 'end');
            let heard = '';
            // A server may hand on the pieces as they come.
            while (!heard.endsWith('end')) heard += await driver.hear_text();
            assert.equal(heard, `${pieces.join('')}end`);
        }
        await closes_cleanly(driver);
    });

    test('pings of ours are answered', async (driver) => {
        for (const payload of ['', 'now', 'x'.repeat(125)]) {
            driver.ping(payload);
            assert.equal((await driver.hear_bytes('pong')).toString(), payload);
        }
        driver.ping('x'.repeat(126));
        assert.deepEqual(await driver.hear('refused'), ['ping']);
        await driver.echo('still here');
        await closes_cleanly(driver);
    });
}

// The codes and reasons of closing, by either side.
function closing_tests(context, args = []) {
    const test = (name, run) => it(name, { timeout }, with_client(context, args, run));

    for (const [code, reason] of [[1000, ''], [1000, 'done'], [1001, 'leaving'], [3000, greek],
                                  [4999, 'x'.repeat(123)]]) {
        const what = `${code} and ${reason.length} characters`;
        // Where there is no reason, libraries have sentences of their own.
        const is_that = (end) => end.code === code && (reason === '' || end.reason === reason);

        test(`the client closes with ${what}`, async (driver, target) => {
            await driver.echo('hello');
            driver.close(code, reason);
            const answer = await driver.hear_close();
            assert.equal(answer.how, 'clean');
            assert.ok([code, 1000].includes(answer.code), `${answer.code}`);  // `websocket`: 1000
            const end = await context.server.closed(target);
            assert.ok(is_that(end), JSON.stringify(end));
        });
        test(`the server closes with ${what}`, async (driver, target) => {
            driver.text(`!close ${code} ${reason}`);
            const end = await driver.hear_close();
            assert.ok(is_that(end) && end.how === 'clean', JSON.stringify(end));
            driver.text('late');
            assert.deepEqual(await driver.hear('refused'), ['text']);
            assert.equal((await context.server.closed(target)).code, code);
        });
    }

    test('the client closes while much is on its way', async (driver, target) => {
        const message = randomBytes(1 << 20);
        for (let i = 0; i < 8; ++i) driver.binary(message);
        driver.close(1000, 'now');
        const { code, how } = await driver.hear_close({ passing: 'binary' });
        assert.deepEqual({ code, how }, { code: 1000, how: 'clean' });
        assert.deepEqual(await context.server.closed(target), { code: 1000, reason: 'now' });
    });

    test('a server that vanishes is an error, and 1006', async (driver, target) => {
        driver.text('!vanish');
        assert.match((await driver.hear('error'))[0], /lost/);
        assert.deepEqual(await driver.hear_close(), { code: 1006, reason: '', how: 'unclean' });
        await context.server.closed(target);
    });

    test('a client that vanishes is one that closed without a frame', async (driver, target) => {
        await driver.echo('hello');
        await driver.stop();
        assert.equal((await context.server.closed(target)).code, 1006);
    });
}

// What they do when they are told to.
function order_tests(context, args = []) {
    const test = (name, run) => it(name, { timeout }, with_client(context, args, run));

    test('fragments of the server arrive as one message', async (driver) => {
        driver.text('!fragments');
        assert.equal(await driver.hear_text(), fragmented);
        await closes_cleanly(driver);
    });

    test('pings of the server are answered', async (driver) => {
        driver.text('!ping hello');
        assert.equal((await driver.hear_bytes('ping')).toString(), 'hello');
        assert.equal(await driver.hear_text(), 'pong hello');
        await closes_cleanly(driver);
    });

    for (const [offer, chosen] of [[['chat'], 'chat'], [['x', 'other'], 'other']]) {
        const names = offer.flatMap((name) => ['--subprotocol', name]);
        it(`of the subprotocols ${offer}, ${chosen} is chosen`, { timeout },
           with_client(context, [...args, ...names], async (driver) => {
               assert.equal(driver.subprotocol, chosen);
               await driver.echo('hello');
               await closes_cleanly(driver);
           }));
    }

    it('without a subprotocol in common it does not open', { timeout }, async () => {
        const driver = new Driver(context.url, [...(context.args ?? []), '--subprotocol', 'x']);
        assert.match((await driver.hear('error'))[0], /subprotocol|refuses/);
        assert.equal((await driver.hear_close()).code, 1006);
        await driver.stop();
    });
}

const compression = { '': null, ', compressed': {} };
for (const [Library, name, ways] of [[Ws, 'ws', compression], [Node, 'websocket', { '': null }],
                                     [Python, 'python3-websockets', compression]]) {
    for (const [title, terms] of Object.entries(ways)) {
        describe(`a server by ${name}${title}`, () => {
            const context = {};
            const args = ['--deflate'];  // Who does not know it declines it.
            before(async () => {
                context.server = await Library.start({ compression: terms });
                context.url = context.server.url;
            });
            after(() => context.server?.stop());

            it('has compression, or not', { timeout }, with_client(context, args, (driver) => {
                assert.match(driver.extensions, terms ? /^permessage-deflate/ : /^$/);
            }));
            it('has none that is not offered', { timeout }, with_client(context, [], (driver) => {
                assert.equal(driver.extensions, '');
            }));
            echo_tests(context, args);
            order_tests(context, args);
            closing_tests(context, args);
        });
    }
}

// Each server's own ways to limit the two windows. Python's zlib refuses to compress in one of 8.
const terms_of_ws = [true, false].flatMap((takeover) => [undefined, 8, 9, 12, 15].flatMap(
    (bits) => [
        { serverNoContextTakeover: takeover, clientMaxWindowBits: bits },
        { clientNoContextTakeover: takeover, serverMaxWindowBits: bits },
        { serverNoContextTakeover: takeover, clientNoContextTakeover: takeover,
          serverMaxWindowBits: bits, clientMaxWindowBits: bits },
    ]));
const terms_of_python = [true, false].flatMap((takeover) => [null, 8, 9, 12, 15].flatMap(
    (bits) => [
        { server_no_context_takeover: takeover, client_max_window_bits: bits },
        { client_no_context_takeover: takeover, server_max_window_bits: bits === 8 ? 10 : bits },
    ]));
const messages = ['', 'Hello', json.slice(0, 200), json, json, randomBytes(70_000),
                  Buffer.alloc(1_000_000, 'edge'), json, '', 'x'.repeat(65_536)];
for (const [Library, name, all] of [[Ws, 'ws', terms_of_ws],
                                    [Python, 'python3-websockets', terms_of_python]]) {
    describe(`permessage-deflate with a server by ${name}`, () => {
        for (const terms of all) {
            it(JSON.stringify(terms).replaceAll('"', ''), { timeout }, async () => {
                const server = await Library.start({ compression: terms });
                try {
                    await with_client(server, ['--deflate'], async (driver) => {
                        assert.match(driver.extensions, /^permessage-deflate/);
                        await driver.echo(...messages);
                        await closes_cleanly(driver);
                    })();
                } finally {
                    server.stop();
                }
            });
        }
    });
}

describe('wss through nginx, in front of ws', () => {
    const context = {};
    let nginx;
    let folder;
    before(async () => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edgews-client-'));
        const { certificate, key } = make_certificate(folder, 'localhost');
        make_certificate(folder, 'other.example');
        context.server = await Ws.start({ compression: {} });
        nginx = await start_nginx(({ tls_port }) => `server {
            listen 127.0.0.1:${tls_port} ssl;
            ssl_certificate ${certificate};
            ssl_certificate_key ${key};
            location / {
                proxy_pass http://${context.server.host}:${context.server.port};
                proxy_http_version 1.1;
                proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection upgrade;
            }
        }`, '');
        context.url = nginx.url('', 'wss');
        context.args = ['--authorities', certificate];
    });
    after(async () => {
        await nginx?.stop();
        context.server?.stop();
        fs.rmSync(folder, { recursive: true });
    });

    echo_tests(context);
    order_tests(context, ['--deflate']);
    closing_tests(context, ['--deflate']);

    it('the name is proved, too', { timeout }, async () => {
        const driver = await Driver.open(context.url.replace('127.0.0.1', 'localhost'),
                                         context.args);
        await driver.echo('hello');
        await closes_cleanly(driver);
        await driver.stop();
    });
    it('a certificate that another authority signed is not believed', { timeout }, async () => {
        const other = path.join(folder, 'other.example.pem');
        const driver = new Driver(context.url, ['--authorities', other]);
        assert.match((await driver.hear('error'))[0], /certificate/);
        assert.equal((await driver.hear_close()).code, 1006);
        await driver.stop();
    });
});

// Built where the system has the library: it is not one of those that `make test` installs.
describe('a server by libwebsockets', { skip: Libwebsockets.is_built ? false
    : 'it was not built: libwebsockets-dev is not installed' }, () => {
    const context = {};
    before(async () => {
        context.server = await Libwebsockets.start();
        context.url = context.server.url;
    });
    after(() => context.server?.stop());

    echo_tests(context, ['--deflate']);
});
