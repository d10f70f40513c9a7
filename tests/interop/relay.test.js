// Relays as processes, in front of each broker that they know: what browsers have of each other, and
// what becomes of it when the broker is killed.
'use strict';

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { Client } = require('@stomp/stompjs');
const { WebSocket } = require('ws');
const { free_ports } = require('./ports.js');
const { TcpPeer, WsPeer, start_broker } = require('./stomp.js');
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
async function until(what, is_so, limit_ms = long_ms) {
    const end = performance.now() + limit_ms;
    while (!is_so()) {
        assert.ok(performance.now() < end, `it was never so: ${what()}`);
        await pause(20);
    }
}

// A browser with @stomp/stompjs that never connects again: what it hears of a topic, in order, and
// "gap" where it may have missed something.
class Browser {
    heard = [];
    ends = [];

    async subscribe(node, destination) {
        this.client = new Client({
            webSocketFactory: () => new WebSocket(node.ws_url, ['v12.stomp']),
            reconnectDelay: 0, heartbeatIncoming: 1_000, heartbeatOutgoing: 1_000,
            onStompError: (frame) => this.ends.push(`ERROR ${frame.headers.message}`),
            onWebSocketClose: (event) => this.ends.push(`close ${event.code}`),
        });
        await new Promise((resolve) => {
            this.client.onConnect = () => {
                this.client.watchForReceipt('there', resolve);
                this.client.subscribe(destination, (message) => {
                    this.heard.push(message.headers.gap ? 'gap' : Number(message.body));
                }, { receipt: 'there', gap: 'true' });
            };
            this.client.activate();
        });
    }
    stop() { return this.client.deactivate(); }
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
