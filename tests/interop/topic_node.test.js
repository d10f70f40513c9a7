// Nodes of a backplane as processes of their own, and their hub that is killed: what is lost lies in
// gaps that are told, and nothing else is.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { WebSocket } = require('ws');
const { metric, until } = require('./nodes.js');
const { run_program } = require('./program.js');
const { start_server } = require('./server.js');
const { kinds, start_hub } = require('./upstreams.js');

const timeout = 180_000;

const nodes = [];
const runs = ({ child }) => child.exitCode === null && child.signalCode === null;
after(() => Promise.all(nodes.filter(runs).map((node) => node.stop())));

async function start_node(...args) {
    const node = await start_server('topic_node', args);
    nodes.push(node);
    return node;
}

// A connection to one topic. What it hears is "PUBLISHER NUMBER", counted from 1, or a gap.
class Listener {
    static async open(node, topic) {
        const listener = new Listener();
        listener.socket = new WebSocket(node.url(`/t/${topic}`));
        listener.socket.on('message', (data) => listener.hear(data.toString()));
        await once(listener.socket, 'open');
        return listener;
    }

    constructor() {
        this.heard = new Map();    // Publisher: the last number.
        this.missing = new Map();  // Publisher: numbers that did not come, in front of that.
        this.gaps = new Map();     // Node: numbers that are told to be missing.
        this.published = 0;
    }

    hear(text) {
        if (text[0] === '{') {
            const { node, first, last, count } = JSON.parse(text).gap;
            assert.equal(count, node === '' ? 0 : last - first + 1);
            const numbers = this.gaps.get(node) ?? [];
            for (let number = first; node !== '' && number <= last; ++number) numbers.push(number);
            if (numbers.length > 0) this.gaps.set(node, numbers);
            return;
        }
        const [publisher, word] = text.split(' ');
        this.advance(publisher, Number(word));
    }

    advance(publisher, number) {
        const last = this.heard.get(publisher) ?? 0;
        assert.ok(number > last, `${publisher}: ${number} came after ${last}`);
        const missing = this.missing.get(publisher) ?? [];
        for (let each = last + 1; each < number; ++each) missing.push(each);
        if (missing.length > 0) this.missing.set(publisher, missing);
        this.heard.set(publisher, number);
    }

    publish(name) { this.socket.send(`${name} ${++this.published}`); }

    // What is missing of each publisher, if it went on to `published`; and what is told.
    lost(published) {
        const lists = [];
        for (const [publisher, count] of published) {
            const all = [...this.missing.get(publisher) ?? []];
            for (let each = (this.heard.get(publisher) ?? 0) + 1; each <= count; ++each) {
                all.push(each);
            }
            if (all.length > 0) lists.push(all.join());
        }
        return lists.sort();
    }
    told() { return [...this.gaps.values()].map((numbers) => numbers.join()).sort(); }
}

// Every node has a connection for each topic, which listens and publishes.
class Cluster {
    static async open(url, { node_count = 3, topics = ['a', 'b%2Fc'], args = [] } = {}) {
        const cluster = new Cluster();
        cluster.is_through = args.includes('--through');
        for (let i = 0; i < node_count; ++i) {
            const node = await start_node('--backplane', url, ...args);
            cluster.nodes.push(node);
            for (const topic of topics) {
                cluster.members.push({ name: `n${i}`, node, topic,
                                       publisher: await Listener.open(node, topic),
                                       listener: await Listener.open(node, topic) });
            }
        }
        return cluster;
    }

    constructor() {
        this.nodes = [];
        this.members = [];
    }

    publish() { for (const { publisher, name } of this.members) publisher.publish(name); }

    async publish_until(is_over, { burst, pause_ms }) {
        while (!is_over()) {
            for (let i = 0; i < burst; ++i) this.publish();
            await pause(pause_ms);
        }
    }
    async publish_for(duration_ms, pace) {
        const end = performance.now() + duration_ms;
        await this.publish_until(() => performance.now() >= end, pace);
    }

    // That each listener knows of each message: it has come, or is told to be missing.
    async expect_all_accounted_for() {
        const all_of = (topic) => this.members.filter((each) => each.topic === topic)
            .map(({ publisher, name }) => [name, publisher.published]);
        for (const { listener, publisher, topic, name } of this.members) {
            const others = all_of(topic).filter(([other]) => other !== name);
            await until(() => `${JSON.stringify(listener.lost(all_of(topic)))} are told, not ` +
                              JSON.stringify(listener.told()),
                        () => listener.lost(all_of(topic)).join('|') === listener.told().join('|'));
            // A publisher's own do not come back to it, and so it cannot say which are missing.
            if (this.is_through) continue;
            await until(() => 'a publisher knows what it missed of others',
                        () => publisher.lost(others).join('|') === publisher.told().join('|'));
        }
    }

    async stop() {
        for (const { listener, publisher } of this.members) {
            listener.socket.terminate();
            publisher.socket.terminate();
        }
        for (const node of this.nodes) await node.stop();
    }
}

// So fast that it can follow.
const is_quick = (kind) => kind === 'edgews' || kind === 'redis';

for (const kind of [...kinds, 'redis']) {
    describe(`nodes that meet at ${kind}`, () => {
        const pace = is_quick(kind) ? { burst: 5, pause_ms: 1 } : { burst: 1, pause_ms: 10 };
        for (const args of [['--threads', '2'], ['--through']]) {
            it(`nothing is lost, doubled or out of order, and a kill is told: ${args}`,
               { timeout }, async () => {
                   const hub = await start_hub(kind);
                   const cluster = await Cluster.open(hub.url, { args });
                   await cluster.publish_for(500, pace);
                   await cluster.expect_all_accounted_for();
                   for (const { listener } of cluster.members) {
                       assert.deepEqual(listener.told(), []);
                   }
                   for (const away_ms of is_quick(kind) ? [0, 300] : [0]) {
                       let is_over = false;
                       const publishing = cluster.publish_until(() => is_over, pace);
                       await pause(200);
                       await hub.kill();
                       await pause(away_ms);
                       await hub.start();
                       await pause(200);
                       is_over = true;
                       await publishing;
                       await cluster.expect_all_accounted_for();
                   }
                   await cluster.stop();
                   await hub.stop();
               });
        }

        it('whoever is open has missed nothing that is published from then on', { timeout },
           async () => {
               const hub = await start_hub(kind);
               const [a, b] = [await start_node('--backplane', hub.url),
                               await start_node('--backplane', hub.url)];
               for (let i = 0; i < (is_quick(kind) ? 200 : 20); ++i) {
                   const listener = await Listener.open(a, `topic%2F*.${i}`);
                   const publisher = await Listener.open(b, `topic%2F*.${i}`);
                   publisher.publish('b');
                   await until(() => `message ${i} came`, () => listener.heard.get('b') === 1);
                   listener.socket.terminate();
                   publisher.socket.terminate();
               }
               assert.equal(await metric(a, 'gaps_total'), 0);
               await a.stop();
               await b.stop();
               await hub.stop();
           });
    });
}

describe('topic_node', () => {
    it('is of use without a hub, and says so', { timeout }, async () => {
        const node = await start_node('--backplane', 'stomp://127.0.0.1:1');
        const [one, other] = [await Listener.open(node, 'a'), await Listener.open(node, 'a')];
        one.publish('one');
        await until(() => 'it came', () => other.heard.get('one') === 1);
        assert.equal(await metric(node, 'available'), 0);
        assert.match(node.printed, /stomp:\/\/127\.0\.0\.1:1 is away: /);
        await node.stop();
    });

    it('recovers what was missed, from a place that it told', { timeout }, async () => {
        const hub = await start_hub('edgews');
        const node = await start_node('--backplane', hub.url, '--history', '100', '--threads', '2');
        const texts = (target) => new Promise((resolve, reject) => {
            const heard = [];
            const socket = new WebSocket(node.url(target));
            socket.on('error', reject);
            socket.on('message', (data) => heard.push(data.toString()));
            socket.on('open', () => resolve({ socket, heard }));
        });
        const listener = await texts('/t/a');
        await until(() => 'it is told its place', () => listener.heard.length === 1);
        const place = JSON.parse(listener.heard[0]);
        assert.deepEqual(place, { recovered: false, epoch: place.epoch, offset: 0 });
        const publisher = await texts('/t/a');
        for (let i = 1; i <= 10; ++i) publisher.socket.send(`${i}`);
        await until(() => 'all have come', () => listener.heard.length === 11);
        listener.socket.terminate();

        const again = await texts(`/t/a?from=${place.epoch}:7`);
        await until(() => 'the rest has come', () => again.heard.length === 4);
        assert.deepEqual(JSON.parse(again.heard[0]), { ...place, recovered: true, offset: 7 });
        assert.deepEqual(again.heard.slice(1), ['8', '9', '10']);
        for (const from of [`${place.epoch}:11`, '0123:7', 'x:7', '7', '']) {
            const stranger = await texts(`/t/a?from=${from}`);
            await until(() => 'it is told its place', () => stranger.heard.length === 1);
            assert.deepEqual(JSON.parse(stranger.heard[0]), { ...place, offset: 10 });
            stranger.socket.terminate();
        }
        again.socket.terminate();
        publisher.socket.terminate();
        await node.stop();
        await hub.stop();
    });

    it('refuses options that it does not understand', async () => {
        for (const args of [[], ['--backplane', 'http://x'], ['--backplane'], ['--nonsense']]) {
            const { code, printed } = await run_program('topic_node', args);
            assert.equal(code, 2);
            assert.match(printed, /usage: topic_node /);
        }
    });
});
