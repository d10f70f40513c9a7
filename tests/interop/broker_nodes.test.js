// STOMP brokers as processes, whose topics are one by a backplane: what clients on one have of those
// on another, and what they are told when the place where the brokers meet is killed.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');
const { after, before, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { metric, until } = require('./nodes.js');
const { run_program } = require('./program.js');
const { TcpPeer, WsPeer, start_broker, state_of } = require('./stomp.js');
const { Tab } = require('./stomp_tab.js');
const { kinds, start_hub } = require('./upstreams.js');

const timeout = 180_000;
const numbers = (count) => Array.from({ length: count }, (_, i) => `${i}`);

const start_node = (hub, ...args) =>
    start_broker(['--backplane', hub.url, '--threads', '2', ...args]);
const connect = async (node, Kind = TcpPeer) => (await Kind.open(node)).connect();

// What it hears of a topic is "SENDER NUMBER", counted from 1, or that some are missing.
class Browser extends Tab {
    heard = new Map();  // Sender: the last number.
    lost = 0;           // Numbers that did not come, in front of those.
    told = 0;           // Of them, how many are told to be missing.

    hear({ headers, body }) {
        if (headers.gap) {
            assert.equal(body, '');
            this.told += Number(headers.missing ?? 0);
            return;
        }
        const [sender, word] = body.split(' ');
        const last = this.heard.get(sender) ?? 0;
        const number = Number(word);
        assert.ok(number > last, `${sender}: ${number} came after ${last}`);
        this.lost += number - last - 1;
        this.heard.set(sender, number);
    }
    // All that is missing, if each sender went on to `sent`.
    missing(sent) {
        let count = this.lost;
        for (const [sender, number] of sent) count += number - (this.heard.get(sender) ?? 0);
        return count;
    }
}

// Two brokers, each with a client that sends, and browsers that listen.
class Nodes {
    sent = new Map();
    browsers = [];
    senders = [];

    static async open(hub, args) {
        const all = new Nodes();
        all.nodes = [await start_node(hub, ...args), await start_node(hub, ...args)];
        for (const [i, node] of all.nodes.entries()) {
            all.senders.push(await connect(node));
            all.sent.set(`n${i}`, 0);
            for (let count = 0; count < 5; ++count) {
                all.browsers.push(new Browser());
                await all.browsers.at(-1).subscribe(node, '/topic/ticker');
            }
        }
        return all;
    }
    send() {
        for (const [i, sender] of this.senders.entries()) {
            const number = this.sent.get(`n${i}`) + 1;
            sender.say('SEND', { destination: '/topic/ticker' }, `n${i} ${number}`);
            this.sent.set(`n${i}`, number);
        }
    }
    async send_until(is_over, pause_ms) {
        while (!is_over()) {
            this.send();
            await pause(pause_ms);
        }
    }
    async expect_all_accounted_for() {
        for (const browser of this.browsers) {
            await until(() => `${browser.missing(this.sent)} are missing, ${browser.told} are told`,
                        () => browser.missing(this.sent) === browser.told);
            assert.deepEqual(browser.ends, []);
        }
    }
    async stop() {
        for (const browser of this.browsers) await browser.stop();
        for (const sender of this.senders) sender.destroy();
        for (const node of this.nodes) await node.stop();
    }
}

// So fast that it can follow.
const is_quick = (kind) => kind === 'edgews' || kind === 'redis';

for (const kind of [...kinds, 'redis']) {
    describe(`brokers that meet at ${kind}`, () => {
        let hub;
        let nodes;
        before(async () => {
            hub = await start_hub(kind);
            nodes = [await start_node(hub), await start_node(hub)];
        }, { timeout });
        after(async () => {
            for (const node of nodes ?? []) await node.stop();
            await hub?.stop();
        }, { timeout });

        it('a message goes to 50 subscribers of two nodes, with its headers', { timeout },
           async () => {
               const peers = [];
               for (let i = 0; i < 50; ++i) {
                   peers.push(await connect(nodes[i % 2], i % 3 === 0 ? TcpPeer : WsPeer));
                   await peers[i].subscribe('/topic/prices/eur.*~1');
               }
               for (const number of numbers(20)) {
                   const body = `ä${number}\0`;
                   peers[0].say('SEND', { destination: '/topic/prices/eur.*~1', unit: 'a:b\n',
                                          'content-type': 'text/plain',
                                          'content-length': Buffer.byteLength(body) }, body);
               }
               for (const peer of peers) {
                   for (const body of numbers(20)) {
                       const { text, headers } = await peer.hear('MESSAGE');
                       assert.equal(text, `ä${body}\0`);
                       assert.equal(headers.unit, 'a:b\n');
                       assert.equal(headers['content-type'], 'text/plain');
                       assert.equal(headers.destination, '/topic/prices/eur.*~1');
                   }
                   peer.destroy();
               }
               assert.equal(await metric(nodes[1], 'received_total'), 20);
           });

        it('what follows the receipt of a SUBSCRIBE is received', { timeout }, async () => {
            const joe = await connect(nodes[0]);
            const ann = await connect(nodes[1]);
            for (const i of numbers(is_quick(kind) ? 300 : 30)) {
                await joe.subscribe(`/topic/new.${i}`);
                ann.say('SEND', { destination: `/topic/new.${i}` }, i);
                assert.equal((await joe.hear('MESSAGE')).text, i);
            }
            joe.destroy();
            ann.destroy();
        });

        it('stomp.py hears what is sent elsewhere, and is heard', { timeout }, async () => {
            const python = spawn('/usr/bin/python3',
                                 [path.join(__dirname, 'stomp_talk.py'), nodes[0].host,
                                  nodes[0].tcp_port, '/topic/talk'],
                                 { stdio: ['pipe', 'pipe', 'inherit'] });
            const lines = readline.createInterface({ input: python.stdout })[Symbol.asyncIterator]();
            assert.equal((await lines.next()).value, 'ready');
            const ann = await connect(nodes[1], WsPeer);
            await ann.subscribe('/topic/talk');
            ann.say('SEND', { destination: '/topic/talk', by: 'ann' }, 'hello');
            assert.equal((await ann.hear('MESSAGE')).text, 'hello');
            const { headers, body } = JSON.parse((await lines.next()).value);
            assert.equal(body, 'hello');
            assert.equal(headers.by, 'ann');
            python.stdin.write('answer\n');
            const answer = await ann.hear('MESSAGE');
            assert.equal(answer.text, 'answer');
            assert.equal(answer.headers.by, 'python: 1');
            assert.equal(answer.headers['content-type'], 'text/plain');
            ann.destroy();
            python.stdin.end();
            await once(python, 'close');
        });
    });

    describe(`brokers that met at ${kind}, which is killed`, () => {
        for (const args of [[], ['--through', '--application', 'other']]) {
            it(`browsers stay, and what is lost lies in gaps: ${args}`, { timeout }, async () => {
                const hub = await start_hub(kind);
                const all = await Nodes.open(hub, args);
                const pause_ms = is_quick(kind) ? 1 : 20;
                for (let i = 0; i < 100; ++i) all.send();
                await all.expect_all_accounted_for();
                for (const browser of all.browsers) assert.equal(browser.told, 0);
                let is_over = false;
                const sending = all.send_until(() => is_over, pause_ms);
                await pause(200);
                await hub.kill();
                await pause(300);
                await hub.start();
                await pause(500);
                is_over = true;
                await sending;
                await all.expect_all_accounted_for();
                await all.stop();
                await hub.stop();
            });
        }
    });
}

describe('a broker without the place where it meets others', () => {
    const away = { url: 'stomp://127.0.0.1:1' };

    it('serves its own clients, and says what it cannot', { timeout }, async () => {
        const node = await start_node(away, '--backplane-prefix', '/topic/all.');
        const joe = await connect(node);
        await joe.subscribe('/topic/all.a');
        await joe.subscribe('/topic/*');  // Of other topics alone.
        const says_receipt = async () => {
            const ann = await connect(node);
            ann.say('SEND', { destination: '/topic/all.a', receipt: 'r' }, 'with');
            const { command } = await ann.next();
            ann.destroy();
            return command;
        };
        await until(() => 'it is refused', async () => await says_receipt() === 'ERROR');
        joe.say('SEND', { destination: '/topic/all.a' }, 'without');
        let text;
        do text = (await joe.hear('MESSAGE')).text; while (text === 'with');
        assert.equal(text, 'without');
        assert.equal((await state_of(node)).backplane.available, 0);
        assert.ok(await metric(node, 'refused_total') >= 1);
        joe.say('SUBSCRIBE', { id: '1', destination: '/topic/all.*' });
        await joe.hear_error(/by name only/);
        await node.stop();
    });

    it('options that do not go together are refused', async () => {
        for (const args of [['--backplane', 'http://x'], ['--backplane-prefix', '/queue/'],
                            ['--backplane', away.url, '--relay', away.url]]) {
            assert.equal((await run_program('stomp_broker', args)).code, 2);
        }
    });
});
