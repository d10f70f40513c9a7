// What the server must refuse, and how: the opening handshake (RFC 6455, section 4.2), request
// heads (RFC 9112), and frames. After every refusal the same server serves another connection,
// and at the end it has no more descriptors open than at the start.
'use strict';

const assert = require('node:assert/strict');
const { after, afterEach, before, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { binary, close, continuation, fragments, ping, text } = require('./frames.js');
const { RawClient, RawSocket, UpgradeReader, upgrade_request } = require('./raw_client.js');
const { ResponseReader, expect_end, next_response, open_http, refused, says_close } =
    require('./raw_http.js');
const { start_server } = require('./server.js');
const { closes, hear_binary, hear_pong, hear_text, run_case, say } = require('./steps.js');

const timeout = 30_000;
let server;
let descriptors_at_start;

const authority = () => `${server.host}:${server.port}`;
// A request head from its lines; `{host}` stands for the server's host and port.
const head = (...lines) => Buffer.from([...lines, '', ''].join('\r\n')
    .replaceAll('{host}', authority()), 'latin1');
// An upgrade with these headers changed (null: left out), and these lines added.
const upgrade = (headers = {}, ...lines) => Buffer.from(
    upgrade_request(server, { target: '/echo', headers }).slice(0, -2) +
    [...lines, ''].join('\r\n') + '\r\n', 'latin1');
const get_healthz = ['GET /healthz HTTP/1.1', 'Host: {host}'];

async function still_serves() {
    await run_case(server, { steps: [say(text('still there?')), hear_text('still there?')] });
}

// Rows of [what, () => request, status]; `options` as in refused().
function refusals(rows, options) {
    for (const [name, request, status] of rows) {
        it(`${name}: ${status}`, { timeout }, async () => {
            await refused(server, request(), status, options);
        });
    }
}

before(async () => {
    server = await start_server('echo', ['--max-message', '1000']);
    await still_serves();
    descriptors_at_start = server.descriptor_count();
});

after(async () => {
    if (!server) return;
    const deadline = Date.now() + 10_000;
    while (server.descriptor_count() > descriptors_at_start && Date.now() < deadline) {
        await pause(20);
    }
    const left = server.descriptor_count();
    await server.stop();
    assert.ok(left <= descriptors_at_start,
              `${left} descriptors are open, ${descriptors_at_start} were at first`);
});

afterEach(still_serves);

describe('an upgrade is refused (4.2.1)', () => {
    const key = 'Sec-WebSocket-Key';
    const version = 'Sec-WebSocket-Version';
    refusals([
        ['no Upgrade header', () => upgrade({ Upgrade: null }), 400],
        ['an Upgrade to something else', () => upgrade({ Upgrade: 'h2c' }), 400],
        ['an Upgrade to what only begins with it', () => upgrade({ Upgrade: 'websocket2' }), 400],
        ['no Connection header', () => upgrade({ Connection: null }), 400],
        ['Connection: keep-alive', () => upgrade({ Connection: 'keep-alive' }), 400],
        ['Connection: upgrades', () => upgrade({ Connection: 'upgrades' }), 400],
        ['no key', () => upgrade({ [key]: null }), 400],
        ['an empty key', () => upgrade({ [key]: '' }), 400],
        ['a key of 15 bytes', () => upgrade({ [key]: 'AAAAAAAAAAAAAAAAAAAA' }), 400],
        ['a key of 17 bytes', () => upgrade({ [key]: 'AAAAAAAAAAAAAAAAAAAAAAA=' }), 400],
        ['a key of 18 bytes', () => upgrade({ [key]: 'AAAAAAAAAAAAAAAAAAAAAAAA' }), 400],
        ['a key without padding', () => upgrade({ [key]: 'AAAAAAAAAAAAAAAAAAAAAA' }), 400],
        ['a key that is not base64', () => upgrade({ [key]: '!!!!!!!!!!!!!!!!!!!!!!==' }), 400],
        ['a key in base64url', () => upgrade({ [key]: '----------------------==' }), 400],
        ['a key with a space inside', () => upgrade({ [key]: 'AAAAAAAAAA AAAAAAAAAAA==' }), 400],
        ['two keys', () => upgrade({}, `${key}: dGhlIHNhbXBsZSBub25jZQ==`), 400],
        ['a body by length', () => upgrade({}, 'Content-Length: 5'), 400],
        ['a chunked body', () => upgrade({}, 'Transfer-Encoding: chunked'), 400],
        ['another origin', () => upgrade({ Origin: 'http://evil.example' }), 403],
        ['another port of our host', () => upgrade({ Origin: `http://${server.host}:1` }), 403],
        ['a name that begins with ours', () =>
            upgrade({ Origin: `http://${server.host}.evil.example:${server.port}` }), 403],
        ['an opaque origin', () => upgrade({ Origin: 'null' }), 403],
        ['a page from a file', () => upgrade({ Origin: 'file://' }), 403],
        ['a page whose name leads to this machine', () =>
            upgrade({ Host: 'evil.example', Origin: 'http://evil.example' }), 421],
    ]);
    for (const value of ['99', '0', '8', '12', '14', '130', '255']) {
        it(`version ${value}: 426, which tells the right one`, { timeout }, async () => {
            const response = await refused(server, upgrade({ [version]: value }), 426);
            assert.equal(response.headers['sec-websocket-version'], '13');
        });
    }
    it('no version: 400 or 426', { timeout }, async () => {
        const socket = await open_http(server);
        socket.send(upgrade({ [version]: null }));
        const { status } = await socket.next();
        assert.ok(status === 400 || status === 426, `got ${status}`);
        socket.destroy();
    });
    it('no handshake at all on a WebSocket path: 426, which says why', { timeout }, async () => {
        const response = await refused(server, head('GET /nothing HTTP/1.1', 'Host: {host}'), 426);
        assert.match(response.headers.upgrade ?? '', /websocket/i);  // RFC 9110, section 15.5.22
    });
});

describe('an upgrade is accepted', () => {
    const accepted = [
        ['names and tokens in any case', () =>
            upgrade({ Upgrade: null, Connection: null },
                    'uPGRADE: WebSocket', 'CONNECTION: upgrade')],
        ['lists of tokens', () => upgrade({ Upgrade: 'h2c, websocket',
                                            Connection: 'keep-alive, Upgrade' })],
        ['lists over several headers', () => upgrade({ Connection: 'keep-alive' },
                                                     'Connection: Upgrade')],
        ['whitespace around values', () => upgrade({ Upgrade: ' \t websocket \t ' })],
        ['no whitespace before values', () => upgrade({ Upgrade: null }, 'Upgrade:websocket')],
        ['our own origin', () => upgrade({ Origin: `http://${authority()}` })],
        ['our own origin, by name', () => upgrade({ Host: 'edge.localhost',
                                                    Origin: 'http://edge.localhost' })],
        ['our own origin, as ws4py writes it', () => upgrade({ Origin: `ws://${authority()}` })],
        ['empty lists', () => upgrade({}, 'Sec-WebSocket-Protocol:', 'Sec-WebSocket-Extensions:')],
        ['a list of extensions that ends in a semicolon', () =>
            upgrade({ 'Sec-WebSocket-Extensions': 'permessage-deflate;' })],
        ['a hundred headers', () => upgrade({}, ...Array.from({ length: 95 },
                                                              (_, i) => `X-${i}: ${i}`))],
        ['an absolute target', () => Buffer.from(upgrade_request(server, {
            target: `http://${authority()}/echo` }))],
        ['a query', () => Buffer.from(upgrade_request(server, { target: '/echo?a=b&c=%20' }))],
    ];
    for (const [name, request] of accepted) {
        it(name, { timeout }, async () => {
            const client = await RawClient.connect(server,
                                                   { request: request().toString('latin1') });
            client.send(text('hello'), close(1000));
            await hear_text('hello')(client);
            await closes(1000)(client);
            client.destroy();
        });
    }
    it('subprotocols and extensions that the server does not have are not echoed', { timeout },
       async () => {
           const client = await RawClient.connect(server, { headers: {
               'Sec-WebSocket-Protocol': 'chat, superchat',
               'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits, x; y="z"',
           } });
           assert.doesNotMatch(client.response, /sec-websocket-(protocol|extensions)/i);
           client.destroy();
       });
    it('a head sent byte by byte', { timeout }, async () => {
        const client = await RawClient.open(server);
        const request = upgrade_request(server);
        client.read_with(new UpgradeReader());
        await client.send_chopped(1, request);
        await client.upgraded(request);
        client.send(text('hello'));
        await hear_text('hello')(client);
        client.destroy();
    });
    it('frames in the packet of the head are delivered, in order', { timeout }, async () => {
        const extra = Buffer.concat([text('a'), ping('b'), binary('c'),
                                     ...fragments(1, ['d', 'e']), text('f'), close(1000)]);
        const client = await RawClient.connect(server, { extra });
        for (const step of [hear_text('a'), hear_pong('b'), hear_binary('c'), hear_text('de'),
                            hear_text('f'), closes(1000)]) await step(client);
        client.destroy();
    });
    it('a frame cut by the end of the packet of the head', { timeout }, async () => {
        const frame = text('cut in two');
        for (let at = 1; at < frame.length; ++at) {
            const client = await RawClient.connect(server, { extra: frame.subarray(0, at) });
            client.send(frame.subarray(at));
            await hear_text('cut in two')(client);
            client.destroy();
        }
    });
    it('a bad frame in the packet of the head: 101, then 1002', { timeout }, async () => {
        const client = await RawClient.connect(server, { extra: text('x', { key: null }) });
        await closes(1002)(client);
        client.destroy();
    });
});

describe('plain HTTP', () => {
    it('GET /healthz: 200 ok', { timeout }, async () => {
        const response = await refused(server, head(...get_healthz), 200);
        assert.equal(response.body, 'ok');
    });
    it('HEAD /healthz: the same without a body', { timeout }, async () => {
        const socket = await open_http(server, ['HEAD', 'GET']);
        socket.send(head('HEAD /healthz HTTP/1.1', 'Host: {host}'));
        const response = await next_response(socket, 200);
        assert.equal(response.headers['content-length'], '2');
        socket.send(head(...get_healthz));
        assert.equal((await next_response(socket, 200)).body, 'ok');
        socket.destroy();
    });
    it('HTTP/1.0 is answered and closed', { timeout }, async () => {
        const response = await refused(server, head('GET /healthz HTTP/1.0'), 200,
                                       { closes: true });
        assert.equal(response.body, 'ok');
        await refused(server, head('GET /healthz HTTP/1.0', 'Connection: keep-alive'), 200,
                      { closes: true });
    });
    it('HTTP/1.2 is read as 1.1', { timeout }, async () => {
        const response = await refused(server, head('GET /healthz HTTP/1.2', 'Host: {host}'), 200);
        assert.ok(!says_close(response));
    });
    it('a connection serves one request after the other', { timeout }, async () => {
        const socket = await open_http(server);
        for (let i = 0; i < 20; ++i) {
            socket.send(head(...get_healthz));
            assert.equal((await next_response(socket, 200)).body, 'ok');
        }
        socket.destroy();
    });
    for (const chop of [undefined, 1, 17]) {
        it(`ten requests at once, in pieces of ${chop ?? 'all'}: ten responses`, { timeout },
           async () => {
               const socket = await open_http(server);
               const all = Buffer.concat(Array(10).fill(head(...get_healthz)));
               if (chop) await socket.send_chopped(chop, all);
               else socket.send(all);
               for (let i = 0; i < 10; ++i) await next_response(socket, 200);
               socket.destroy();
           });
    }
    it('requests, then an upgrade and a frame, all in one write', { timeout }, async () => {
        const client = await RawClient.open(server);
        const request = upgrade_request(server);
        client.read_with(new ResponseReader());
        client.send(head(...get_healthz), head(...get_healthz), request, text('after'));
        await next_response(client, 200);
        await next_response(client, 200);
        await client.upgraded(request);
        await hear_text('after')(client);
        client.destroy();
    });
    it('Connection: close is obeyed', { timeout }, async () => {
        const socket = await open_http(server);
        socket.send(head(...get_healthz, 'Connection: close'));
        const response = await next_response(socket, 200);
        assert.ok(says_close(response));
        await expect_end(socket);
        socket.destroy();
    });
    refusals([
        ['POST to a WebSocket path', () => head('POST /echo HTTP/1.1', 'Host: {host}',
                                                'Content-Length: 0'), 405],
        ['an upgrade by POST', () => Buffer.from(upgrade().toString('latin1')
            .replace('GET', 'POST'), 'latin1'), 405],
        ['PUT to /healthz', () => head('PUT /healthz HTTP/1.1', 'Host: {host}',
                                       'Content-Length: 0'), 405],
    ]);
});

describe('a request head is refused (RFC 9112), and the connection with it', () => {
    const get = 'GET /healthz HTTP/1.1';
    const host = 'Host: {host}';
    const many = (count) => Array.from({ length: count }, (_, i) => `X-${i}: ${i}`);
    const long = (size) => 'x'.repeat(size);
    const content_length = (...values) => values.map((value) => `Content-Length: ${value}`);
    refusals([
        ['HTTP/2.0', () => head('GET /healthz HTTP/2.0', host), 505],
        ['an upgrade by HTTP/1.0', () => Buffer.from(upgrade().toString('latin1')
            .replace('HTTP/1.1', 'HTTP/1.0'), 'latin1'), 426],
        ['a version in lower case', () => head('GET /healthz http/1.1', host), 400],
        ['a version of another protocol', () => head('GET /healthz HTTX/1.1', host), 400],
        ['no version', () => head('GET /healthz', host), 400],
        ['two spaces before the target', () => head('GET  /healthz HTTP/1.1', host), 400],
        ['two spaces before the version', () => head('GET /healthz  HTTP/1.1', host), 400],
        ['a tab in the request line', () => head('GET\t/healthz HTTP/1.1', host), 400],
        ['a space after the version', () => head(`${get} `, host), 400],
        ['a method that is no token', () => head('G@T /healthz HTTP/1.1', host), 400],
        ['a target without a slash', () => head('GET healthz HTTP/1.1', host), 400],
        ['NUL in the target', () => head('GET /a\0b HTTP/1.1', host), 400],
        ['DEL in the target', () => head('GET /a\x7fb HTTP/1.1', host), 400],
        ['a bare LF after the request line', () =>
            Buffer.from(`${get}\nHost: ${authority()}\r\n\r\n`), 400],
        ['bare LFs everywhere', () => Buffer.from(`${get}\nHost: ${authority()}\n\n`), 400],
        ['a bare LF after a header', () =>
            Buffer.from(`${get}\r\nHost: ${authority()}\nX: y\r\n\r\n`), 400],
        ['a bare LF for the empty line', () =>
            Buffer.from(`${get}\r\nHost: ${authority()}\r\n\n`), 400],
        ['a bare CR in a header', () => head(get, host, 'X: a\rb'), 400],
        ['a folded header', () => head(get, host, 'X: a', ' b'), 400],
        ['a header folded by a tab', () => head(get, host, 'X: a', '\tb'), 400],
        ['a space before the first header', () => head(get, ` ${host}`), 400],
        ['a space before the colon', () => head(get, host, 'X : a'), 400],
        ['a tab before the colon', () => head(get, host, 'X\t: a'), 400],
        ['a header without a colon', () => head(get, host, 'nonsense'), 400],
        ['a header without a name', () => head(get, host, ': a'), 400],
        ['a header name that is no token', () => head(get, host, 'X(Y): a'), 400],
        ['a header name that is not ASCII', () => head(get, host, 'X\xe9: a'), 400],
        ['NUL in a value', () => head(get, host, 'X: a\0b'), 400],
        ['NUL in a name', () => head(get, host, 'X\0: a'), 400],
        ['a control character in a value', () => head(get, host, 'X: a\x01b'), 400],
        ['an escape in a value', () => head(get, host, 'X: \x1b[31m'), 400],
        ['DEL in a value', () => head(get, host, 'X: a\x7f'), 400],
        ['no Host', () => head(get), 400],
        ['two Hosts', () => head(get, host, host), 400],
        ['an empty Host', () => head(get, 'Host:'), 400],
        ['a Host with a space', () => head(get, 'Host: a b'), 400],
        ['an upgrade without Host', () => upgrade({ Host: null }), 400],
        ['two equal Content-Lengths', () => head(get, host, ...content_length(5, 5)), 400],
        ['two unequal Content-Lengths', () => head(get, host, ...content_length(0, 5)), 400],
        ['a list of Content-Lengths', () => head(get, host, ...content_length('5, 5')), 400],
        ['a negative Content-Length', () => head(get, host, ...content_length(-1)), 400],
        ['a signed Content-Length', () => head(get, host, ...content_length('+5')), 400],
        ['a Content-Length in hex', () => head(get, host, ...content_length('0x5')), 400],
        ['an empty Content-Length', () => head(get, host, ...content_length('')), 400],
        ['a Content-Length of 2^64', () =>
            head(get, host, ...content_length('18446744073709551616')), 400],
        ['Content-Length and Transfer-Encoding', () =>
            head(get, host, 'Content-Length: 5', 'Transfer-Encoding: chunked'), 400],
        ['Transfer-Encoding and Content-Length', () =>
            head(get, host, 'Transfer-Encoding: chunked', 'Content-Length: 5'), 400],
        ['a request line of 20 KB', () => head(`GET /${long(20_000)} HTTP/1.1`, host), 414],
        ['a request line of 100 KB', () => head(`GET /${long(100_000)} HTTP/1.1`, host), 414],
        ['a header of 100 KB', () => head(get, host, `X: ${long(100_000)}`), 431],
        ['a header name of 100 KB', () => head(get, host, `${long(100_000)}: x`), 431],
        ['100 KB of headers', () => head(get, host, ...Array(100).fill(`X: ${long(1000)}`)), 431],
        ['101 headers', () => head(get, host, ...many(100)), 431],
        ['1000 headers', () => head(get, host, ...many(1000)), 431],
        ['an upgrade with 101 headers', () => upgrade({}, ...many(96)), 431],
        ['an upgrade with 100 KB of headers', () =>
            upgrade({}, ...Array(100).fill(`X: ${long(1000)}`)), 431],
    ], { closes: true });
    for (const chop of [1, 1000]) {
        refusals([
            [`a folded header in pieces of ${chop}`, () => head(get, host, 'X: a', ' b'), 400],
            [`NUL in a value, in pieces of ${chop}`, () => head(get, host, 'X: a\0b'), 400],
            [`101 headers in pieces of ${chop}`, () => head(get, host, ...many(100)), 431],
        ], { closes: true, chop });
    }
    refusals([['100 KB of headers in pieces of 1000', () =>
        head(get, host, ...Array(100).fill(`X: ${long(1000)}`)), 431]],
             { closes: true, chop: 1000 });
    it('a good request before a bad one is answered', { timeout }, async () => {
        const socket = await open_http(server);
        socket.send(head(get, host), head(get, host, 'X : a'), head(get, host));
        await next_response(socket, 200);
        await next_response(socket, 400);
        await expect_end(socket);
        socket.destroy();
    });
    it('TLS to a plain port: refused, not waited for', { timeout }, async () => {
        const socket = await open_http(server);
        socket.send(Buffer.from('16030100a5010000a1030300', 'hex'), Buffer.alloc(160, 7));
        await next_response(socket, 400);
        await expect_end(socket);
        socket.destroy();
    });
});

describe('frames are refused by their close code', () => {
    const refused_frames = [
        ['an unmasked frame', () => text('hello', { key: null }), 1002],
        ['a length of 5 in two bytes', () => text('hello', { length_size: 2 }), 1002],
        ['a length of 5 in eight bytes', () => text('hello', { length_size: 8 }), 1002],
        ['a length of 300 in eight bytes', () => text(Buffer.alloc(300), { length_size: 8 }), 1002],
        ['a length with its top bit', () => binary('x', { claim: 1n << 63n }), [1002, 1009]],
        ['a ping of 127 bytes', () => ping(Buffer.alloc(127)), 1002],
        ['1001 bytes where 1000 may be', () => binary(Buffer.alloc(1001)), 1009],
        ['100 KB where 1000 bytes may be', () => binary(Buffer.alloc(100_000)), 1009],
        ['a claim of 1001 bytes', () => binary('', { claim: 1001 }), 1009],
        ['a claim of 2^40 bytes', () => binary('', { claim: 1n << 40n }), 1009],
        ['a claim of 2^63 - 1 bytes', () => binary('', { claim: (1n << 63n) - 1n }), 1009],
        ['1001 bytes in three fragments', () => Buffer.concat(
            fragments(2, [Buffer.alloc(500), Buffer.alloc(500), 'x'])), 1009],
        ['a continuation that claims too much', () => Buffer.concat(
            [binary('x', { fin: false }), continuation('', { claim: (1n << 63n) - 1n })]), 1009],
        ['text that is not UTF-8', () => text([0x68, 0x69, 0xff]), 1007],
    ];
    for (const [name, bytes, code] of refused_frames) {
        it(`${name}: ${[code].flat().join(' or ')}`, { timeout }, () =>
            run_case(server, { steps: [say(bytes()), closes(code)] }));
    }
    it('exactly 1000 bytes are accepted, whole or in fragments', { timeout }, () => {
        const bytes = Buffer.alloc(1000, 7);
        const pieces = fragments(2, [bytes.subarray(0, 1), bytes.subarray(1), '']);
        return run_case(server, { steps: [say(binary(bytes), ...pieces), hear_binary(bytes),
                                          hear_binary(bytes)] });
    });
});

describe('clients that take their time', { concurrency: 4 }, () => {
    const patience_ms = 5_000;  // The default for a handshake.
    const beginnings = {
        'says nothing': () => '',
        'stops inside a head': () => upgrade().subarray(0, 60),
        'stops before the last LF': () => upgrade().subarray(0, -1),
    };
    for (const [name, bytes] of Object.entries(beginnings)) {
        it(`one that ${name} is cut off in time`, { timeout }, async () => {
            const socket = await open_http(server);
            const began = performance.now();
            socket.send(bytes());
            let event = await socket.next('the end of the handshake', 2 * patience_ms);
            if (event.kind === 'response') {
                assert.equal(event.status, 408);
                event = await socket.next('the end of TCP');
            }
            const took_ms = performance.now() - began;
            assert.equal(event.kind, 'end');
            assert.ok(took_ms > 0.8 * patience_ms, `cut off after only ${took_ms} ms`);
            socket.destroy();
        });
    }
    it('one that sends a byte of its head now and then is cut off as well', { timeout },
       async () => {
           const socket = await open_http(server);
           const request = upgrade();
           let at = 0;
           const drip = setInterval(() => {
               if (at < 40) socket.socket.write(request.subarray(at, ++at));
           }, 250);
           try {
               const event = await socket.next('the end of the handshake', 2 * patience_ms);
               if (event.kind === 'response') assert.equal(event.status, 408);
           } finally {
               clearInterval(drip);
               socket.destroy();
           }
       });
    it('one that sends and never reads does not hold up the others', { timeout }, async () => {
        const deaf = await RawClient.connect(server);
        deaf.socket.pause();
        const bytes = Buffer.concat(Array.from({ length: 1000 },
                                               () => binary(Buffer.alloc(1000))));
        for (let i = 0; i < 16; ++i) deaf.send(bytes);
        for (let i = 0; i < 20; ++i) await still_serves();
        deaf.destroy();
    });
});

describe('clients that vanish', () => {
    const moments = {
        'before a head': () => '',
        'inside a head': () => upgrade().subarray(0, 60),
        'after a head': () => upgrade(),
        'inside a frame': () => Buffer.concat([upgrade(), binary('x', { claim: 900 })]),
        'inside a message': () => Buffer.concat([upgrade(), text('x', { fin: false })]),
        'after a message': () => Buffer.concat([upgrade(), text('x')]),
        'after a close': () => Buffer.concat([upgrade(), close(1000)]),
    };
    const ways = { 'a reset': (socket) => socket.resetAndDestroy(),
                   'an end': (socket) => socket.destroy(),
                   'half an end': (socket) => socket.end() };
    for (const [moment, bytes] of Object.entries(moments)) {
        for (const [way, leave] of Object.entries(ways)) {
            it(`by ${way} ${moment}`, { timeout }, async () => {
                const { socket } = await RawSocket.open(server);
                const closed = new Promise((resolve) => { socket.once('close', resolve); });
                await new Promise((resolve) => { socket.write(bytes(), resolve); });
                leave(socket);
                await closed;  // After half an end: that the server ends its half.
            });
        }
    }
});
