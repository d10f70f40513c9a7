// Relays as processes, in front of each broker that they know: what browsers have of each other, and
// what becomes of it when the broker is killed.
'use strict';

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { until } = require('./nodes.js');
const { free_ports } = require('./ports.js');
const { TcpPeer, WsPeer, start_broker } = require('./stomp.js');
const { Tab } = require('./stomp_tab.js');
const { kinds, start_upstream } = require('./upstreams.js');

const timeout = 180_000;
const long_ms = 60_000;
const numbers = (count) => Array.from({ length: count }, (_, i) => `${i}`);

const start_node = (upstream, url = upstream.url) =>
    start_broker(['--relay', url, '--upstream-kind', upstream.kind, '--threads', '2']);
const connect = async (node, Kind = TcpPeer) => (await Kind.open(node)).connect();

// Frames of `peer` until it ends: each is given to `take`.
async function follow(peer, take) {
    for (;;) {
        const event = await peer.next('more', 10 * long_ms);
        if (event.kind === 'end') return;
        if (event.kind === 'frame') take(event);
    }
}

// What it hears of a topic, in order, and "gap" where it may have missed something.
class Browser extends Tab {
    heard = [];

    hear({ headers, body }) { this.heard.push(headers.gap ? 'gap' : Number(body)); }
}

// Sends numbers one after another, from 0, each when the last one's RECEIPT has come. One whose
// RECEIPT does not come may have arrived or not, and is not sent again; another session goes on.
class Producer {
    confirmed = [];
    sent = 0;

    constructor(node, destination, headers = {}) {
        this.is_over = false;
        this.done = (async () => {
            while (!this.is_over) {
                const peer = await connect(node);
                try {
                    while (!this.is_over) await this.send_one(peer, destination, headers);
                } catch {
                    await pause(50);
                }
                peer.destroy();
            }
        })();
    }
    async send_one(peer, destination, headers) {
        const number = this.sent++;
        peer.say('SEND', { destination, receipt: `${number}`, ...headers }, `${number}`);
        const { headers: { 'receipt-id': id } } = await peer.hear('RECEIPT');
        assert.equal(id, `${number}`);
        this.confirmed.push(number);
        await pause(2);
    }
    stop() {
        this.is_over = true;
        return this.done;
    }
}

// Takes what is in a queue and acknowledges each; where its session ends, another goes on.
class Consumer {
    times = new Map();  // Of each body: how often it came without `redelivered`.

    constructor(node, queue) {
        this.is_over = false;
        this.done = this.run(node, queue);
    }
    async run(node, queue) {
        while (!this.is_over) {
            this.peer = await connect(node, WsPeer);
            this.peer.say('SUBSCRIBE', { id: 'q', destination: queue, ack: 'client-individual' });
            await follow(this.peer, (frame) => this.take(frame)).catch(() => {});
            await pause(50);
        }
    }
    take({ command, headers, text }) {
        if (command !== 'MESSAGE') return;
        const number = Number(text);
        const is_anew = headers.redelivered !== 'true';
        this.times.set(number, (this.times.get(number) ?? 0) + (is_anew ? 1 : 0));
        this.peer.say('ACK', { id: headers.ack });
    }
    stop() {
        this.is_over = true;
        this.peer.destroy();
    }
}

// Reads a stream and acknowledges each message, in one session: the numbers that it got, in order.
class Reader {
    heard = [];
    gaps = 0;
    is_over = false;

    async subscribe(node, headers) {
        this.peer = await connect(node, WsPeer);
        await this.peer.subscribe('/queue/log', { 'x-queue-type': 'stream', gap: 'true',
                                                  'prefetch-count': '50', ...headers });
        this.done = follow(this.peer, (frame) => this.take(frame)).then(() => {
            this.is_over = true;
        });
        return this;
    }
    take({ command, headers, text }) {
        if (command !== 'MESSAGE') return;
        if (headers.gap) ++this.gaps;
        else this.heard.push(Number(text));
        if (headers.ack) this.peer.say('ACK', { id: headers.ack });
    }
    stop() {
        this.peer.destroy();
        return this.done;
    }
}

// What is missing between two that were heard lies where a gap was told.
function check_gaps(heard) {
    let last = -1;
    let is_gap = false;
    for (const one of heard) {
        if (one === 'gap') {
            is_gap = true;
            continue;
        }
        assert.ok(one > last, `${one} came after ${last}`);
        if (one > last + 1) assert.ok(is_gap, `${last + 1} to ${one - 1} were lost in silence`);
        last = one;
        is_gap = false;
    }
}

for (const kind of kinds) {
    describe(`relays to ${kind}`, () => {
        let upstream;
        let nodes;
        before(async () => {
            upstream = await start_upstream(kind);
            nodes = [await start_node(upstream), await start_node(upstream)];
        }, { timeout });
        after(async () => {
            for (const node of nodes ?? []) await node.stop();
            await upstream?.stop();
        }, { timeout });

        it('a message goes to 50 subscribers of two nodes', { timeout }, async () => {
            const peers = [];
            for (let i = 0; i < 50; ++i) {
                peers.push(await connect(nodes[i % 2], i % 3 === 0 ? TcpPeer : WsPeer));
                await peers[i].subscribe('/topic/prices/eur');
            }
            for (const body of numbers(20)) {
                peers[0].say('SEND', { destination: '/topic/prices/eur', unit: 'a:b' }, body);
            }
            for (const peer of peers) {
                for (const body of numbers(20)) {
                    const message = await peer.hear('MESSAGE');
                    assert.equal(message.text, body);
                    assert.equal(message.headers.unit, 'a:b');
                    assert.equal(message.headers.destination, '/topic/prices/eur');
                }
                peer.destroy();
            }
        });

        it('what follows the receipt of a SUBSCRIBE is received, 300 times', { timeout },
           async () => {
               const joe = await connect(nodes[0]);
               const ann = await connect(nodes[1]);
               for (const i of numbers(300)) {
                   await joe.subscribe(`/topic/new.${i}`);
                   ann.say('SEND', { destination: `/topic/new.${i}` }, i);
                   assert.equal((await joe.hear('MESSAGE')).text, i);
               }
               joe.destroy();
               ann.destroy();
           });

        it('what a consumer leaves goes to another', { timeout }, async () => {
            const joe = await connect(nodes[0]);
            const ann = await connect(nodes[1]);
            await joe.subscribe('/queue/left', { ack: 'client-individual' });
            for (const i of numbers(100)) ann.say('SEND', { destination: '/queue/left' }, i);
            const messages = [];
            for (const i of numbers(100)) {
                messages.push(await joe.hear('MESSAGE'));
                assert.equal(messages[i].text, i);
            }
            joe.say('ACK', { id: messages[0].headers.ack, receipt: 'acked' });
            await joe.hear('RECEIPT');
            joe.vanish();
            await ann.subscribe('/queue/left', { ack: 'client' });
            for (const i of numbers(100).slice(1)) {
                const message = await ann.hear('MESSAGE');
                assert.equal(message.text, i);
                assert.equal(message.headers.redelivered, 'true');
                if (i === '99') ann.say('ACK', { id: message.headers.ack, receipt: 'all' });
            }
            await ann.hear('RECEIPT');
            ann.destroy();
        });

        it('one client says what the broker refuses, and no other hears of it', { timeout },
           async () => {
               const ann = await connect(nodes[0]);
               await ann.subscribe('/topic/peace', { gap: 'true' });
               const long = 'x'.repeat(300);
               for (const headers of [{ expiration: 'soon' }, { priority: 'x' }, { expires: 'x' },
                                      { 'user-id': 'root' }, { 'reply-to': '/temp-queue/a' },
                                      { 'reply-to': '/queue/' }, { 'reply-to': '/foo/x' },
                                      { 'reply-to': 'queue://?' }, { 'message-id': 'x' },
                                      { persistent: 'x' }, { timestamp: 'x' },
                                      { 'correlation-id': long }, { [long]: 'x' },
                                      { destination: `/topic/${long}` },
                                      { destination: '/queue/a', 'x-queue-type': 'none' }]) {
                   const joe = await connect(nodes[0]);
                   joe.say('SEND', { destination: '/topic/war', receipt: 'r', ...headers }, 'x');
                   const { command } = await joe.next();
                   assert.ok(['RECEIPT', 'ERROR'].includes(command), command);
                   joe.destroy();
               }
               ann.say('SEND', { destination: '/topic/peace' }, 'still');
               const heard = await ann.hear('MESSAGE');
               assert.equal(heard.headers.gap, undefined);
               assert.equal(heard.text, 'still');
               ann.destroy();
           });

        it('the next of its brokers is tried', { timeout }, async () => {
            const [port] = await free_ports(1);
            const node = await start_node(upstream, `stomp://127.0.0.1:${port},${upstream.url}`);
            const peer = await connect(node);
            await peer.subscribe('/topic/next');
            peer.say('SEND', { destination: '/topic/next' }, 'x');
            assert.equal((await peer.hear('MESSAGE')).text, 'x');
            peer.destroy();
            await node.stop();
        });

        it('kill -9: browsers stay, gaps are told, and nothing that was confirmed is lost',
           { timeout }, async () => {
               const browsers = [];
               for (let i = 0; i < 20; ++i) {
                   browsers.push(new Browser());
                   await browsers[i].subscribe(nodes[i % 2], '/topic/ticker');
               }
               const ticker = new Producer(nodes[0], '/topic/ticker');
               const work = new Producer(nodes[1], '/queue/work', { persistent: 'true' });
               const consumers = nodes.map((node) => new Consumer(node, '/queue/work'));
               await until(() => `${ticker.confirmed.length}`, () => ticker.confirmed.length > 300);
               await upstream.kill();
               await pause(500);
               await upstream.start();
               const since = [ticker.sent, work.sent];
               await until(() => `${browsers.map(({ heard }) => heard.at(-1))} of ${since}`, () =>
                   browsers.every(({ heard }) => heard.at(-1) > since[0] + 100) &&
                   work.confirmed.at(-1) > since[1] + 100, 2 * long_ms);
               await ticker.stop();
               await work.stop();
               for (const browser of browsers) {
                   assert.deepEqual(browser.ends, []);
                   check_gaps(browser.heard);
                   assert.equal(browser.heard.filter((one) => one === 'gap').length, 1);
               }
               if (upstream.has_store) {
                   const has = (number) => consumers.some(({ times }) => times.has(number));
                   const missing = () => work.confirmed.filter((number) => !has(number));
                   await until(() => `lost ${missing()}`, () => missing().length === 0);
               }
               for (const number of work.confirmed) {
                   const times = consumers.reduce((sum, one) => sum + (one.times.get(number) ?? 0), 0);
                   assert.ok(times <= 1, `${number} came ${times} times as if for the first time`);
               }
               for (const consumer of consumers) consumer.stop();
               for (const browser of browsers) await browser.stop();
           });
    });
}

if (kinds.includes('rabbitmq')) {
    describe('what is RabbitMQ\'s alone', () => {
        let upstream;
        let nodes;
        before(async () => {
            upstream = await start_upstream('rabbitmq');
            nodes = [await start_node(upstream), await start_node(upstream)];
        }, { timeout });
        after(async () => {
            for (const node of nodes ?? []) await node.stop();
            await upstream?.stop();
        }, { timeout });

        // A key or name as the client says it, and what a topic with it is called.
        const keys = [['eur'], ['eur%2Fusd', 'eur/usd'], ['\u00e9\u20ac'], ['a b:c'], ['100%'],
                      ['a%41'], ['x'.repeat(255)]];

        it('an exchange brings what is sent to it, with the key that was said', { timeout },
           async () => {
               const ann = await connect(nodes[1]);
               for (const [key] of keys) {
                   const joe = await connect(nodes[0]);
                   const destination = `/exchange/amq.direct/${key}`;
                   await joe.subscribe(destination);
                   ann.say('SEND', { destination: `${destination.slice(0, -1)}?` }, 'another');
                   ann.say('SEND', { destination, receipt: 'r' }, 'x');
                   await ann.hear('RECEIPT');
                   const { headers, text } = await joe.hear('MESSAGE');
                   assert.deepEqual([headers.destination, text], [destination, 'x']);
                   joe.destroy();
               }
               ann.destroy();
           });

        it('the exchange of topics has those, and a key may be a pattern', { timeout }, async () => {
            const joe = await connect(nodes[0]);
            const ann = await connect(nodes[1]);
            await joe.subscribe('/exchange/amq.topic/prices.#.x');
            await joe.subscribe('/exchange/amq.fanout');
            for (const [destination, heard] of [['/topic/prices.a/b.c.x', '/topic/prices.a/b.c.x'],
                                                ['/exchange/amq.topic/prices.x', '/topic/prices.x'],
                                                ['/exchange/amq.fanout', '/exchange/amq.fanout'],
                                                ['/exchange/amq.fanout/k', '/exchange/amq.fanout/k']]) {
                ann.say('SEND', { destination }, destination);
                const { headers, text } = await joe.hear('MESSAGE');
                assert.deepEqual([headers.destination, text], [heard, destination]);
            }
            joe.destroy();
            ann.destroy();
        });

        it('a queue that is there is consumed from and sent to by either name', { timeout },
           async () => {
               const ann = await connect(nodes[1]);
               for (const [name, plain = name] of keys) {
                   const joe = await connect(nodes[0]);
                   ann.say('SEND', { destination: `/queue/${plain}`, receipt: 'r' }, 'first');
                   await ann.hear('RECEIPT');
                   const destination = `/amq/queue/${name}`;
                   await joe.subscribe(destination, { ack: 'client' });
                   ann.say('SEND', { destination, receipt: 'r' }, 'second');
                   await ann.hear('RECEIPT');
                   for (const text of ['first', 'second']) {
                       const message = await joe.hear('MESSAGE');
                       assert.deepEqual([message.headers.destination, message.text],
                                        [destination, text]);
                       joe.say('ACK', { id: message.headers.ack });
                   }
                   joe.destroy();
               }
               ann.destroy();
           });

        it('what is not there is an ERROR, which costs others little', { timeout }, async () => {
            const ann = await connect(nodes[0]);
            await ann.subscribe('/topic/peace', { gap: 'true' });
            const refused = async (command, headers) => {
                const joe = await connect(nodes[0]);
                joe.say(command, { id: '1', receipt: 'r', ...headers }, 'x');
                const error = await joe.hear('ERROR');
                joe.destroy();
                return error;
            };
            const texts = [];
            for (let i = 0; i < 5; ++i) {
                texts.push((await refused('SUBSCRIBE', { destination: '/exchange/nowhere' })).text);
                assert.equal(texts[i], texts[0]);
            }
            await refused('SUBSCRIBE', { destination: '/amq/queue/nowhere' });
            await refused('SEND', { destination: '/exchange/a/b/c' });
            const sue = await connect(nodes[0]);
            sue.say('SEND', { destination: '/exchange/nowhere/x', receipt: 'r' }, 'x');
            await sue.hear('ERROR');
            sue.destroy();
            let gaps = 0;
            // What is sent before its subscription is there again is lost.
            const sending = setInterval(() => {
                ann.say('SEND', { destination: '/topic/peace' }, 'still');
            }, 100);
            for (;;) {
                const { headers, text } = await ann.hear('MESSAGE');
                if (text === 'still') break;
                assert.equal(headers.gap, 'true');
                ++gaps;
            }
            clearInterval(sending);
            // It was refused once, and once more when it was tried alone.
            assert.ok(gaps <= 2, `${gaps} gaps`);
            ann.destroy();
        });

        it('kill -9: streams go on, and none of a stream is lost or comes twice', { timeout },
           async () => {
               const headers = { ack: 'client-individual' };
               const readers = [
                   await new Reader().subscribe(nodes[0], { ...headers, 'x-stream-offset': 'first' }),
                   await new Reader().subscribe(nodes[1], { ack: 'client',
                                                            'x-stream-offset': 'offset=0' }),
                   await new Reader().subscribe(nodes[1], { 'x-stream-offset': 'next' }),
               ];
               const log = new Producer(nodes[0], '/amq/queue/log');
               const last = (reader) => reader.heard.at(-1) ?? -1;
               const all_have = (number) =>
                   until(() => `${readers.map(last)} of ${number}`,
                         () => readers.every((reader) => last(reader) >= number), 2 * long_ms);
               await all_have(200);
               await pause(3_000);  // It is not at once on its disk that there are streams at all.
               const at_kill = log.sent;
               await upstream.kill();
               await pause(500);
               await upstream.start();
               await all_have(log.sent + 100);
               await log.stop();
               await all_have(log.confirmed.at(-1));
               // What is in the stream, as somebody sees it who was not there.
               const witness = await new Reader().subscribe(nodes[0], { ...headers,
                                                                        'x-stream-offset': 'first' });
               await until(() => `${last(witness)} of ${readers.map(last)}`,
                           () => readers.every((reader) => last(witness) >= last(reader)));
               for (const number of log.confirmed) {
                   assert.ok(witness.heard.includes(number),
                             `${number} was confirmed, and is lost: ${log.sent} were sent, and ` +
                                 `${at_kill} before the kill`);
               }
               for (const { heard, gaps, is_over } of readers) {
                   assert.equal(is_over, false);
                   assert.equal(gaps, 0);
                   assert.deepEqual(heard, witness.heard);
               }
               for (const reader of [...readers, witness]) await reader.stop();
           });
    });
}
