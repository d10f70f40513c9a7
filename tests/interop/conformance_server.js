// The server of a conformance suite, over raw sockets: it says what its cases tell it to say, and
// judges what the client under test does.
//
// The convention is that of the Autobahn Testsuite: /getCaseCount, /runCase?case=N&agent=NAME, and
// /updateReports?agent=NAME at the end. Cases are those of steps.js, with three fields more:
//
//     extensions  the value of a Sec-WebSocket-Extensions to agree on
//     answer      makes of the correct response, and the request, what is sent (a list: one write
//                 each)
//     refused     to that answer the client must say nothing, but end the connection
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { Direction, directions_of } = require('./compression.js');
const { Decoder, close, text } = require('./frames.js');
const { RawSocket, UpgradeReader, accept_of } = require('./raw_client.js');
const { closes, run_steps } = require('./steps.js');

const end_timeout_ms = 4_000;

// What a client must send (RFC 6455, section 4.1), of which our clients need nothing else.
function check_request(head, host) {
    const [first, ...lines] = head.split('\r\n').slice(0, -1);
    assert.match(first, /^GET \/[!-~]* HTTP\/1\.1$/);
    const headers = {};
    for (const line of lines) {
        const [, name, value] = /^([A-Za-z-]+): ([!-~]+(?: [!-~]+)*)$/.exec(line) ?? [];
        assert.ok(name, `not a header: ${line}`);
        assert.ok(!(name.toLowerCase() in headers), `repeated: ${line}`);
        headers[name.toLowerCase()] = value;
    }
    const { 'sec-websocket-key': key, 'sec-websocket-extensions': extensions, ...others } = headers;
    assert.deepEqual(others, { host, upgrade: 'websocket', connection: 'Upgrade',
                               'sec-websocket-version': '13' });
    assert.match(key, /^[A-Za-z0-9+/]{21}[AQgw]==$/, 'the key is not 16 bytes');
    return { target: first.split(' ')[1], key, extensions };
}

// The response to `request`, as it should be.
function response_to(request, extensions) {
    const line = extensions ? `Sec-WebSocket-Extensions: ${extensions}\r\n` : '';
    return 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept_of(request)}\r\n${line}\r\n`;
}

// Nothing but the end of TCP is heard, which may be a reset where we had said more.
async function expect_refusal(peer) {
    peer.read_with({ *push(chunk) { assert.fail(`it says ${chunk.toString('latin1')}`); } });
    const event = await peer.next('the end of TCP', end_timeout_ms);
    assert.ok(['end', 'error'].includes(event.kind), `heard ${event.kind}`);
}

class Outcome {
    constructor() {
        this.promise = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
        this.promise.catch(() => {});  // Whoever asks is told.
    }
}

class ConformanceServer {
    host = '127.0.0.1';
    agents = new Set();
    keys = new Set();
    #server = net.createServer({ allowHalfOpen: true, noDelay: true },
                               (socket) => { this.#serve(new RawSocket(socket)); });

    constructor(cases) {
        this.cases = cases;
        this.outcomes = cases.map(() => new Outcome());
        this.reports = new Outcome();  // Of whether they were asked for.
    }

    async start() {
        this.#server.listen(0, this.host);
        await once(this.#server, 'listening');
        this.port = this.#server.address().port;
    }

    get url() { return `ws://${this.host}:${this.port}`; }

    // Whatever has no outcome yet has this one.
    give_up(error) {
        for (const outcome of [...this.outcomes, this.reports]) outcome.reject(error);
    }

    stop() { this.#server.close(); }

    async #serve(peer) {
        let outcome = null;
        try {
            peer.read_with(new UpgradeReader());
            const event = await peer.next('an opening request');
            assert.equal(event.kind, 'head');
            const request = event.text;
            const { target, key, extensions } = check_request(request, `${this.host}:${this.port}`);
            assert.ok(!this.keys.has(key), 'a key is used again');
            this.keys.add(key);
            const { pathname, searchParams } = new URL(target, this.url);
            if (pathname === '/runCase') {
                const number = Number(searchParams.get('case'));
                outcome = this.outcomes[number - 1];
                this.agents.add(searchParams.get('agent'));
                await this.#run_case(peer, this.cases[number - 1], request, extensions);
                outcome.resolve();
            } else {
                await this.#tell(peer, pathname, request);
            }
        } catch (error) {
            if (outcome) outcome.reject(error);
            else this.give_up(error);
        } finally {
            peer.destroy();
        }
    }

    async #tell(peer, pathname, request) {
        peer.send(response_to(request));
        peer.read_with(new Decoder());
        if (pathname === '/getCaseCount') {
            peer.send(text(String(this.cases.length)), close(1000));
            await closes(1000)(peer);
        } else {
            assert.equal(pathname, '/updateReports');
            peer.send(close(1000));
            const event = await peer.next('the answer to the close');  // And then it may go.
            assert.equal(event.kind, 'close');
            this.reports.resolve();
        }
    }

    async #run_case(peer, one, request, offer) {
        assert.match(offer, /^permessage-deflate(;|$)/);
        peer.request = request;
        const response = response_to(request, one.extensions);
        const answer = one.answer ? one.answer(response, request) : response;
        for (const part of [answer].flat()) await peer.send_chopped(part.length, part);
        if (one.refused) return expect_refusal(peer);
        let inflater = null;
        if (one.extensions) {
            const { client, server } = directions_of(one.extensions);
            inflater = new Direction(client);
            peer.deflater = new Direction(server);
        }
        peer.read_with(new Decoder({ inflater }));
        await run_steps(peer, one);
    }
}

module.exports = { ConformanceServer };
