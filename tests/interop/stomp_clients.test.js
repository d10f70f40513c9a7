// The STOMP broker with browsers' libraries in Node: @stomp/stompjs, stompjs and webstomp-client.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, describe, it } = require('node:test');
const { Client } = require('@stomp/stompjs');
const OldStomp = require('stompjs');
const webstomp = require('webstomp-client');
const { WebSocket } = require('ws');
const { TcpPeer, WsPeer, frame, start_broker, state_of } = require('./stomp.js');

const timeout = 30_000;
const text = 'Grüße, κόσμε 🦊\n& a second line';
// All that has to be escaped. (@stomp/stompjs reads an escaped backslash before a c as a colon.)
const header = 'a:b\\ d\ne 🦊';

// Values that callbacks bring, for one who awaits them.
class Inbox {
    #values = [];
    #waiting = null;

    put = (value) => {
        if (this.#waiting) this.#waiting(value);
        else this.#values.push(value);
    };
    async next() {
        return this.#values.shift() ?? await new Promise((resolve, reject) => {
            const timer = setTimeout(reject, 10_000, new Error('waited in vain'));
            this.#waiting = (value) => {
                clearTimeout(timer);
                this.#waiting = null;
                resolve(value);
            };
        });
    }
    async take(count) {
        const taken = [];
        while (taken.length < count) taken.push(await this.next());
        return taken;
    }
    get is_empty() { return this.#values.length === 0; }
}

const clients = [];
after(() => Promise.all(clients.map((client) => client.deactivate({ force: true }))));

// A client of @stomp/stompjs that is connected: what befell it is in `events`.
async function connect(broker, options = {}) {
    const events = new Inbox();
    const client = new Client({
        brokerURL: broker.ws_url, webSocketFactory: () => new WebSocket(broker.ws_url, [
            'v12.stomp', 'v11.stomp', 'v10.stomp']),
        heartbeatIncoming: 0, heartbeatOutgoing: 0, reconnectDelay: 0,
        onConnect: (frame) => events.put({ kind: 'connected', frame }),
        onStompError: (frame) => events.put({ kind: 'error', frame }),
        onWebSocketClose: ({ code }) => events.put({ kind: 'close', code }), ...options });
    clients.push(client);
    client.activate();
    const { kind, frame } = await events.next();
    assert.equal(kind, 'connected', JSON.stringify(frame));
    return Object.assign(client, { events, connected_frame: frame });
}

// Resolves when the broker has done what was asked under that receipt.
function receipt(client, id) {
    return new Promise((resolve) => { client.watchForReceipt(id, resolve); });
}

async function subscribe(client, destination, headers = {}) {
    const inbox = new Inbox();
    const subscribed = receipt(client, `${destination} there`);
    client.subscribe(destination, inbox.put, { ...headers, receipt: `${destination} there` });
    await subscribed;
    return inbox;
}

function stompjs_tests(get_broker, threads, binary) {
    const open = (options) => connect(get_broker(), { forceBinaryWSFrames: binary, ...options });
    const name = (what) => `${what}-${threads}-${binary ? 'binary' : 'text'}`;

    it('a topic: headers and bodies arrive as they were sent', { timeout }, async () => {
        const [one, other] = [await open(), await open()];
        assert.equal(one.connected_frame.headers.version, '1.2');
        const destination = `/topic/${name('plain')}`;
        const heard = [await subscribe(one, destination), await subscribe(other, destination)];
        one.publish({ destination, body: text, headers: { more: header, 'content-type': 'a/b' } });
        const bytes = Buffer.from([0, 1, 255, 0, 10]);
        one.publish({ destination, binaryBody: bytes });
        for (const inbox of heard) {
            const [first, second] = await inbox.take(2);
            assert.equal(first.body, text);
            assert.equal(first.headers.more, header);
            assert.equal(first.headers['content-type'], 'a/b');
            assert.equal(first.headers.destination, destination);
            assert.deepEqual(Buffer.from(second.binaryBody), bytes);
        }
        await Promise.all([one.deactivate(), other.deactivate()]);
    });

    it('each ack mode: ACK, NACK, and what is left goes to another', { timeout }, async () => {
        const [producer, second] = [await open(), await open()];
        for (const ack of ['auto', 'client', 'client-individual']) {
            const first = await open();
            const destination = `/queue/${name(ack)}`;
            const inbox = await subscribe(first, destination, { ack });
            for (const body of '1234') producer.publish({ destination, body });
            const messages = await inbox.take(4);
            assert.deepEqual(messages.map((m) => m.body), [...'1234']);
            if (ack !== 'auto') messages[1].ack();
            if (ack === 'client-individual') {
                messages[2].nack();
                const [again] = await inbox.take(1);
                assert.equal(again.body, '3');
                assert.equal(again.headers.redelivered, 'true');
            }
            await first.deactivate();
            const left = { auto: [], client: ['3', '4'], 'client-individual': ['1', '3', '4'] }[ack];
            const rest = await subscribe(second, destination);
            assert.deepEqual((await rest.take(left.length)).map((m) => m.body), left);
            producer.publish({ destination, body: 'last' });
            assert.equal((await rest.next()).body, 'last');
        }
        await Promise.all([producer.deactivate(), second.deactivate()]);
    });

    it('transactions: COMMIT brings all of it, ABORT nothing', { timeout }, async () => {
        const client = await open();
        const destination = `/queue/${name('transaction')}`;
        const inbox = await subscribe(client, destination, { ack: 'client-individual' });
        const send = (body, transaction) =>
            client.publish({ destination, body, headers: { transaction: transaction.id } });
        const aborted = client.begin();
        send('never', aborted);
        aborted.abort();
        const committed = client.begin();
        for (const body of 'abc') send(body, committed);
        client.publish({ destination, body: 'before' });
        const [before] = await inbox.take(1);
        assert.equal(before.body, 'before');
        assert.ok(inbox.is_empty);
        const undone = client.begin();
        before.ack({ transaction: undone.id });
        undone.abort();
        before.ack();  // It may: the other one did not happen.
        committed.commit();
        assert.deepEqual((await inbox.take(3)).map((m) => m.body), [...'abc']);
        await client.deactivate();
    });

    it('bodies of 900 KB come back, in frames that are split or not', { timeout }, async () => {
        for (const splitLargeFrames of [false, true]) {
            const client = await open({ splitLargeFrames });
            const destination = `/queue/${name(`large-${splitLargeFrames}`)}`;
            const inbox = await subscribe(client, destination);
            const body = '0123456789'.repeat(90_000);
            client.publish({ destination, body });
            assert.equal((await inbox.next()).body, body);
            await client.deactivate();
        }
    });

    it('a body of 5 MB is refused: ERROR, then 1009', { timeout }, async () => {
        for (const splitLargeFrames of [false, true]) {
            const client = await open({ splitLargeFrames });
            client.publish({ destination: '/queue/x', body: 'x'.repeat(5_000_000) });
            const [error, close] = await client.events.take(2);
            assert.match(error.frame?.headers.message ?? error.kind, /body is larger/);
            assert.equal(close.code, 1009);
        }
    });

    it('an error arrives, and then the close with its code', { timeout }, async () => {
        for (const [destination, message, code] of [['nowhere', /no such destination/, 1008],
                                                    ['/topic/*', /can be sent/, 1008]]) {
            const client = await open();
            client.publish({ destination, body: 'x', headers: { receipt: 'r' } });
            const [error, close] = await client.events.take(2);
            assert.match(error.frame.headers.message, message);
            assert.equal(error.frame.headers['receipt-id'], 'r');
            assert.equal(close.code, code);
        }
    });

    it('/app/echo answers by reply-to, over a temporary queue', { timeout }, async () => {
        const client = await open();
        const answers = new Inbox();
        client.onUnhandledMessage = answers.put;
        client.publish({ destination: '/app/echo', body: text, headers: {
            'reply-to': '/temp-queue/answers', 'correlation-id': '7' } });
        const answer = await answers.next();
        assert.equal(answer.body, text);
        assert.equal(answer.headers['correlation-id'], '7');
        assert.equal(answer.headers.subscription, '/temp-queue/answers');
        await client.deactivate();
    });
}

for (const threads of [1, 2]) {
    describe(`@stomp/stompjs, ${threads} threads`, { concurrency: 4 }, () => {
        let broker;
        before(async () => { broker = await start_broker(['--threads', String(threads)]); });
        after(() => broker?.stop());
        for (const binary of [false, true]) {
            describe(binary ? 'binary' : 'text', { concurrency: 4 }, () => {
                stompjs_tests(() => broker, threads, binary);
            });
        }
    });
}

describe('@stomp/stompjs and what befalls a connection', { concurrency: true }, () => {
    for (const [count, size] of [[20_000, 1_024], [20, 1_000_000]]) {
        it(`a burst of 20 MB arrives whole: ${count} messages`, { timeout }, async () => {
            // On a busy machine it may take its time.
            const broker = await start_broker(['--threads', '2', '--slow-after-ms', '30000']);
            const client = await connect(broker);
            const inbox = await subscribe(client, '/topic/burst');
            const producer = await (await TcpPeer.open(broker)).connect();
            const bodies = Array.from({ length: count }, (_, i) => `${i} `.padEnd(size, 'x'));
            producer.send(Buffer.concat(bodies.map(
                (body) => frame('SEND', { destination: '/topic/burst' }, body))));
            const got = (await inbox.take(count)).map((message) => message.body);
            assert.ok(got.every((body, i) => body === bodies[i]));
            await client.deactivate();
            producer.destroy();
            await broker.stop();
        });
    }

    it('who loses messages is told how many, and stays', { timeout }, async () => {
        const broker = await start_broker(['--when-slow', 'drop-oldest']);
        const client = await connect(broker);
        const inbox = await subscribe(client, '/topic/burst');
        client.webSocket.pause();
        const producer = await (await TcpPeer.open(broker)).connect();
        const one = frame('SEND', { destination: '/topic/burst' }, 'x'.repeat(100_000));
        for (let i = 0; i < 50; ++i) {
            producer.send(Buffer.concat(Array(10).fill(one)));
            await producer.done();
        }
        client.webSocket.resume();
        let count = 0;
        let dropped = 0;
        while (count + dropped < 500) {
            const { headers } = await inbox.next();
            ++count;
            dropped += Number(headers.dropped ?? 0);
        }
        assert.equal(count + dropped, 500);
        assert.ok(dropped > 400, `${dropped} were dropped`);
        await client.deactivate();
        producer.destroy();
        await broker.stop();
    });

    it('a receipt in a transaction comes before COMMIT if it is asked to', { timeout }, async () => {
        for (const when of ['at-commit', 'at-once']) {
            const broker = await start_broker(['--receipt-in-transaction', when]);
            const peer = await (await WsPeer.open(broker)).connect();
            peer.say('BEGIN', { transaction: 't' });
            peer.say('SEND', { destination: '/queue/a', transaction: 't', receipt: 'inside' });
            peer.say('BEGIN', { transaction: 'u', receipt: 'outside' });
            const first = (await peer.hear('RECEIPT')).headers['receipt-id'];
            assert.equal(first, when === 'at-once' ? 'inside' : 'outside');
            peer.say('ABORT', { transaction: 't' });
            const second = (await peer.hear('RECEIPT')).headers['receipt-id'];
            assert.equal(second, when === 'at-once' ? 'outside' : 'inside');
            peer.destroy();
            await broker.stop();
        }
    });

    it('a queue that nobody uses goes when it was told so', { timeout }, async () => {
        const broker = await start_broker(['--unused-queue-timeout-ms', '300']);
        const peer = await (await WsPeer.open(broker)).connect();
        peer.say('SEND', { destination: '/queue/events-user-1', receipt: 'there' }, 'left behind');
        await peer.hear('RECEIPT');
        const is_there = async () => (await state_of(broker)).destinations.length > 0;
        while (await is_there()) await new Promise((resolve) => { setTimeout(resolve, 50); });
        peer.destroy();
        await broker.stop();
    });

    it('a wrong passcode is refused with ERROR, the right one is not', { timeout }, async () => {
        const broker = await start_broker(['--user', 'joe:secret']);
        const events = new Inbox();
        const refused = new Client({
            webSocketFactory: () => new WebSocket(broker.ws_url, ['v12.stomp']), reconnectDelay: 0,
            connectHeaders: { login: 'joe', passcode: 'guess' }, onConnect: assert.fail,
            onStompError: events.put, onWebSocketClose: events.put });
        refused.activate();
        const [error, close] = await events.take(2);
        assert.match(error.headers.message, /refused/);
        assert.doesNotMatch(error.body + JSON.stringify(error.headers), /guess|secret/);  // B8
        assert.equal(close.code, 1008);
        const client = await connect(broker, { connectHeaders: { login: 'joe',
                                                                 passcode: 'secret' } });
        const own = await subscribe(client, '/user/queue/mail');
        client.publish({ destination: '/user/joe/queue/mail', body: 'for joe' });
        assert.equal((await own.next()).body, 'for joe');
        await client.deactivate();
        await broker.stop();
    });

    it('heart-beats go both ways, and keep the session', { timeout }, async () => {
        const broker = await start_broker();
        const lines = [];
        const client = await connect(broker, { heartbeatIncoming: 1_000, heartbeatOutgoing: 1_000,
                                               heartbeatToleranceMultiplier: 1.2,
                                               debug: (line) => lines.push(line) });
        await new Promise((resolve) => { setTimeout(resolve, 3_500); });
        assert.ok(client.connected, lines.join('\n'));
        const count = (what) => lines.filter((line) => line === what).length;
        assert.ok(count('<<< PONG') >= 3, lines.join('\n'));
        assert.ok(count('>>> PING') >= 3, lines.join('\n'));
        await client.deactivate();
        await broker.stop();
    });

    it('a broker that stands still is noticed by the client', { timeout }, async () => {
        const broker = await start_broker();
        const client = await connect(broker, { heartbeatIncoming: 1_000, heartbeatOutgoing: 1_000,
                                               discardWebsocketOnCommFailure: true });
        const lost = new Promise((resolve) => { client.onWebSocketClose = resolve; });
        broker.child.kill('SIGSTOP');
        await lost;
        broker.child.kill('SIGCONT');
        await client.deactivate({ force: true });
        await broker.stop();
    });

    it('a client comes back after the broker did', { timeout }, async () => {
        let broker = await start_broker();
        const { port } = broker;
        const client = await connect(broker, { reconnectDelay: 100 });
        const connected = [];
        const inbox = new Inbox();
        client.onConnect = () => {
            connected.push(true);
            client.watchForReceipt('again', () =>
                client.publish({ destination: '/topic/news', body: 'back' }));
            client.subscribe('/topic/news', inbox.put, { receipt: 'again' });
        };
        await broker.stop();
        const [error, close] = await client.events.take(2);
        assert.match(error.frame.headers.message, /shutting down/);
        assert.equal(close.code, 1001);
        broker = await start_broker([], { port });
        assert.equal((await inbox.next()).body, 'back');
        assert.equal(connected.length, 1);
        await client.deactivate();
        await broker.stop();
    });
});

// What the older two have in common: `send` and `connect` differ.
function older_tests(library, version, connect_with, send) {
    describe(library, { concurrency: 4 }, () => {
        let broker;
        before(async () => {
            broker = await start_broker(['--user', 'joe:secret', '--threads', '2']);
        });
        after(() => broker?.stop());

        async function open() {
            const client = connect_with(broker.ws_url);
            client.debug = () => {};
            client.connected_frame = await new Promise((resolve, reject) => {
                client.connect({ login: 'joe', passcode: 'secret' }, resolve, reject);
            });
            return client;
        }

        it('a message goes through a topic as it is', { timeout }, async () => {
            const client = await open();
            assert.equal(client.connected_frame.headers.version, version);
            const inbox = new Inbox();
            const subscription = client.subscribe('/topic/a', inbox.put);
            send(client, '/topic/a', text, { more: 'value 🦊' });
            const message = await inbox.next();
            assert.equal(message.body, text);
            assert.equal(message.headers.more, 'value 🦊');
            assert.equal(message.headers.subscription, subscription.id);
            const body = '0123456789'.repeat(90_000);  // In messages of 16 KiB.
            send(client, '/topic/a', body);
            assert.equal((await inbox.next()).body, body);
            subscription.unsubscribe();
            client.disconnect();
        });

        it('ack, nack and transactions', { timeout }, async () => {
            const client = await open();
            const inbox = new Inbox();
            const destination = `/queue/of-${library}`;
            client.subscribe(destination, inbox.put, { ack: 'client-individual' });
            const transaction = client.begin();
            for (const body of 'ab') {
                send(client, destination, body, { transaction: transaction.id });
            }
            transaction.commit();
            const [a, b] = await inbox.take(2);
            assert.deepEqual([a.body, b.body], ['a', 'b']);
            a.ack();
            b.nack();
            const again = await inbox.next();
            assert.equal(again.body, 'b');
            assert.equal(again.headers.redelivered, 'true');
            const ending = client.begin();
            again.ack({ transaction: ending.id });
            ending.commit();
            const receipts = new Inbox();
            client.onreceipt = receipts.put;
            send(client, destination, 'c', { receipt: 'r-1' });
            assert.equal((await receipts.next()).headers['receipt-id'], 'r-1');
            assert.equal((await inbox.next()).body, 'c');
            client.disconnect();
        });

        it('an ERROR comes before the end', { timeout }, async () => {
            const client = connect_with(broker.ws_url);
            client.debug = () => {};
            const errors = new Inbox();
            client.connect({ login: 'joe', passcode: 'wrong' }, assert.fail, errors.put);
            const [error, end] = await errors.take(2);
            assert.equal(error.command, 'ERROR');
            assert.match(error.headers.message, /refused/);
            assert.ok(end.command === undefined);
        });
    });
}

OldStomp.WebSocketClass = WebSocket;
older_tests('stompjs 2.3.3', '1.1', (url) => OldStomp.client(url),
            (client, destination, body, headers = {}) => client.send(destination, headers, body));
older_tests('webstomp-client', '1.2',
            (url) => webstomp.over(new WebSocket(url, ['v12.stomp', 'v11.stomp', 'v10.stomp'])),
            (client, destination, body, headers = {}) => client.send(destination, body, headers));

describe('stompjs 2.3.3 over TCP', () => {
    it('talks to whoever came over WebSocket', { timeout }, async () => {
        const broker = await start_broker();
        const peer = await (await WsPeer.open(broker)).connect();
        await peer.subscribe('/topic/a');
        const client = OldStomp.overTCP(broker.host, broker.tcp_port);
        client.debug = () => {};
        await new Promise((resolve, reject) => { client.connect({}, resolve, reject); });
        client.send('/topic/a', {}, text);
        assert.equal((await peer.hear('MESSAGE')).text, text);
        client.disconnect();
        peer.destroy();
        await broker.stop();
    });
});
