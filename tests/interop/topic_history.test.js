// Histories that a real Redis keeps, by our script: subscribers who go on at another node, nodes
// that are killed, and a Redis that is killed, with and without a file.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { WebSocket } = require('ws');
const { metric, until } = require('./nodes.js');
const { Redis } = require('./redis.js');
const { start_server } = require('./server.js');

const timeout = 120_000;

const owned = [];
after(async () => { for (const each of owned.reverse()) await each.stop(); });

async function start_redis(options) {
    const redis = new Redis(options);
    await redis.start();
    owned.push(redis);
    return redis;
}

const runs = ({ child }) => child.exitCode === null && child.signalCode === null;

async function start_node(redis, ...args) {
    const node = await start_server('topic_node', ['--backplane', redis.url, '--history', '10000',
                                                   ...args]);
    owned.push({ stop: () => (runs(node) ? node.stop() : undefined) });
    return node;
}

async function until_back(node, connects) {
    await until(() => 'it is back', async () => await metric(node, 'connects_total') >= connects &&
                                                await metric(node, 'unconfirmed') === 0);
}

// A WebSocket to a topic, which counts where it is.
class Listener {
    heard = [];
    gaps = [];

    static async open(node, topic, from = '') {
        const listener = new Listener();
        listener.socket = new WebSocket(node.url(`/t/${topic}${from && `?from=${from}`}`));
        listener.socket.on('error', () => {});
        listener.socket.on('message', (data) => listener.hear(data.toString()));
        await once(listener.socket, 'open');
        await until(() => 'it is told its place', () => listener.epoch !== undefined);
        return listener;
    }
    hear(text) {
        if (text[0] !== '{') {
            this.heard.push(text);
            ++this.offset;
            return;
        }
        const said = JSON.parse(text);
        if (said.gap) this.gaps.push(said.gap);
        const place = said.gap ?? said;
        if (place.epoch === undefined) return;
        this.epoch = place.epoch;
        this.offset = place.offset;
        this.recovered ??= said.recovered;
    }
    get place() { return `${this.epoch}:${this.offset}`; }
    async await_last(text) {
        await until(() => `${text} came behind ${this.heard.slice(-3)}`,
                    () => this.heard.at(-1) === text);
    }
}

for (const args of [[], ['--threads', '2'], ['--sharded']]) {
    describe(`a history in Redis: ${args}`, () => {
        it('whoever was at a node that is killed goes on at another one', { timeout }, async () => {
            const redis = await start_redis();
            const nodes = [];
            for (let i = 0; i < 3; ++i) nodes.push(await start_node(redis, ...args));
            const [a, b, c] = nodes;
            const stays = await Listener.open(c, 'a');
            assert.equal(stays.recovered, false);
            assert.equal(stays.offset, 0);
            const publishers = await Promise.all([b, c].map((node) => Listener.open(node, 'a')));
            let wanderer = await Listener.open(a, 'a', stays.place);
            assert.equal(wanderer.recovered, true);
            let is_over = false;
            let count = 0;
            const publishing = (async () => {
                while (!is_over) {
                    ++count;
                    publishers.forEach(({ socket }, i) => socket.send(`p${i} ${count}`));
                    if (count % 10 === 0) await pause(5);
                }
            })();
            const heard = [];
            for (const [node, next] of [[a, b], [b, c], [c, b]]) {
                await until(() => 'it hears', () => wanderer.heard.length > 50);
                if (node === a) {
                    a.child.kill('SIGKILL');
                } else {
                    wanderer.socket.terminate();
                }
                if (wanderer.socket.readyState !== WebSocket.CLOSED) {
                    await once(wanderer.socket, 'close');
                }
                const { place } = wanderer;
                heard.push(...wanderer.heard);
                await pause(100);
                wanderer = await Listener.open(next, 'a', place);
                assert.equal(wanderer.recovered, true);
            }
            is_over = true;
            await publishing;
            await until(() => 'all came', () => stays.heard.length === 2 * count);
            await until(() => 'all came', () => wanderer.offset === stays.offset);
            heard.push(...wanderer.heard);
            assert.deepEqual(heard, stays.heard);
            for (const i of [0, 1]) {
                const own = stays.heard.filter((text) => text.startsWith(`p${i}`));
                assert.deepEqual(own, own.map((_, index) => `p${i} ${index + 1}`));
                // Its own do not come back to a publisher.
                assert.deepEqual(publishers[i].heard,
                                 stays.heard.filter((text) => !text.startsWith(`p${i}`)));
            }
            assert.deepEqual([stays.gaps, wanderer.gaps], [[], []]);
        });
    });
}

describe('a history in Redis', () => {
    for (const has_file of [false, true]) {
        it(`it is killed, and begins again ${has_file ? 'with' : 'without'} a file`, { timeout },
           async () => {
               const redis = await start_redis({ has_file, args: ['--appendfsync', 'always'] });
               const [a, b] = [await start_node(redis), await start_node(redis)];
               const stays = await Listener.open(b, 'a');
               const publisher = await Listener.open(a, 'a');
               for (let i = 1; i <= 20; ++i) publisher.socket.send(`${i}`);
               await stays.await_last('20');
               const { epoch } = stays;

               await redis.kill();
               await until(() => 'it is away', async () => await metric(a, 'available') === 0);
               await redis.start();
               await until_back(a, 2);
               await until_back(b, 2);
               await until(() => 'it is told', () => stays.epoch !== epoch);
               assert.equal(stays.offset, has_file ? 20 : 0);
               publisher.socket.send('21');
               await stays.await_last('21');
               assert.deepEqual(stays.heard, Array.from({ length: 21 }, (_, i) => `${i + 1}`));

               const old = await Listener.open(a, 'a', `${epoch}:18`);
               assert.equal(old.recovered, has_file);
               if (has_file) {
                   await old.await_last('21');
                   assert.deepEqual(old.heard, ['19', '20', '21']);
               }
               assert.equal(old.place, stays.place);
               const told = await Listener.open(a, 'a', `${stays.epoch}:${stays.offset - 1}`);
               assert.equal(told.recovered, true);
               await told.await_last('21');
           });
    }

    it('what a server has forgotten is nobody\'s place', { timeout }, async () => {
        const redis = await start_redis();
        const [a, b] = [await start_node(redis), await start_node(redis)];
        const stays = await Listener.open(b, 'a');
        const publisher = await Listener.open(a, 'a');
        const say = async (text) => {
            publisher.socket.send(text);
            await stays.await_last(text);
        };
        for (const text of ['1', '2', '3']) await say(text);
        assert.equal(redis.cli('SAVE'), 'OK');
        for (const text of ['forgotten 4', 'forgotten 5']) await say(text);
        const { epoch } = stays;
        await redis.kill();
        await redis.start();
        await until_back(a, 2);
        await until_back(b, 2);
        await until(() => 'it is told', () => stays.epoch !== epoch);
        assert.equal(stays.offset, 3);
        for (const text of ['4', '5', '6']) await say(text);
        assert.equal(stays.offset, 6);
        for (const [offset, missed] of [[2, ['3', '4', '5', '6']], [3, ['4', '5', '6']]]) {
            const knew = await Listener.open(a, 'a', `${epoch}:${offset}`);
            assert.equal(knew.recovered, true);
            await knew.await_last('6');
            assert.deepEqual(knew.heard, missed);
            assert.equal(knew.place, stays.place);
        }
        for (const offset of [4, 5]) {
            const knew_more = await Listener.open(a, 'a', `${epoch}:${offset}`);
            assert.equal(knew_more.recovered, false);
            assert.equal(knew_more.place, stays.place);
        }
    });

    it('keeps no more than it is to', { timeout }, async () => {
        const redis = await start_redis();
        const few = await start_node(redis, '--history', '5', '--application', 'few');
        const brief = await start_node(redis, '--history', '5', '--history-ms', '200',
                                       '--application', 'brief');
        for (const node of [few, brief]) {
            const listener = await Listener.open(node, 'a');
            const begin = listener.place;
            const publisher = await Listener.open(node, 'a');
            for (let i = 1; i <= 8; ++i) publisher.socket.send(`${i}`);
            await listener.await_last('8');
            assert.equal((await Listener.open(node, 'a', begin)).recovered, false);
            if (node === few) {
                const last = await Listener.open(node, 'a', `${listener.epoch}:3`);
                assert.equal(last.recovered, true);
                await last.await_last('8');
                assert.equal(redis.cli('XLEN', '{few}:t:t/a'), '5');
            } else {
                await until(() => 'it has expired',
                            () => redis.cli('EXISTS', '{brief}:t:t/a') === '0');
                // What has gone with the stream counts no more.
                publisher.socket.send('9');
                await listener.await_last('9');
                assert.equal(redis.cli('HGET', '{brief}:p:t/a', 'size'), '27');
                assert.equal((await Listener.open(node, 'a', `${listener.epoch}:3`)).recovered,
                             false);
                assert.equal((await Listener.open(node, 'a', listener.place)).recovered, true);
                assert.ok(Number(redis.cli('PTTL', '{brief}:p:t/a')) > 86_000_000);
            }
        }
    });

    it('drops each message when its time is over, while others come', { timeout }, async () => {
        const redis = await start_redis();
        const node = await start_node(redis, '--history-ms', '300');
        const listener = await Listener.open(node, 'a');
        const publisher = await Listener.open(node, 'a');
        let published = 0;
        await until(() => 'the first has gone', () => {
            publisher.socket.send(`${++published}`);
            const first = redis.cli('XRANGE', '{edgews}:t:t/a', '-', '+', 'COUNT', '1');
            return Number(first.split('-')[0]) > 1;
        });
        await listener.await_last(`${published}`);
        assert.ok(published > 1);
        const { epoch } = listener;
        assert.equal((await Listener.open(node, 'a', `${epoch}:0`)).recovered, false);
    });

    it('begins anew where the place is lost, and the messages are not', { timeout }, async () => {
        const redis = await start_redis();
        const node = await start_node(redis);
        const listener = await Listener.open(node, 'a');
        const publisher = await Listener.open(node, 'a');
        publisher.socket.send('1');
        publisher.socket.send('2');
        await listener.await_last('2');
        const { epoch } = listener;
        assert.equal(redis.cli('DEL', '{edgews}:p:t/a'), '1');
        publisher.socket.send('3');
        await listener.await_last('3');
        assert.notEqual(listener.epoch, epoch);
        assert.equal(listener.offset, 1);
        assert.equal(redis.cli('XLEN', '{edgews}:t:t/a'), '1');
        assert.equal(await metric(node, 'unsent_total'), 0);
    });

    // It knows an epoch that Redis does not: of the present one it has heard nothing yet.
    it('a node that was away for two of its ends hears what is new', { timeout }, async () => {
        const redis = await start_redis({ has_file: true, args: ['--appendfsync', 'always'] });
        const [a, b] = [await start_node(redis), await start_node(redis)];
        const [here, there] = [await Listener.open(a, 'a'), await Listener.open(b, 'a')];
        const publisher = await Listener.open(a, 'a');
        const say = async (text) => {
            publisher.socket.send(text);
            await here.await_last(text);
        };
        await say('1');
        await there.await_last('1');
        b.child.kill('SIGSTOP');
        for (const [connects, text] of [[2, '2'], [3, '3']]) {
            await redis.kill();
            await until(() => 'it is away', async () => await metric(a, 'available') === 0);
            await redis.start();
            await until_back(a, connects);
            await say(text);
        }
        b.child.kill('SIGCONT');
        await there.await_last('3');
        assert.deepEqual(there.heard, ['1', '3']);
        assert.equal(there.place, here.place);
        assert.equal(there.gaps.reduce((sum, { count }) => sum + count, 0), 1);
    });

    // By bytes, as TopicHistory::size_max is 1 MiB.
    it('keeps no more bytes than it is to', { timeout }, async () => {
        const redis = await start_redis();
        const node = await start_node(redis);
        const listener = await Listener.open(node, 'a');
        const publisher = await Listener.open(node, 'a');
        for (let i = 0; i < 5; ++i) publisher.socket.send(`${i}${'x'.repeat(300_000)}`);
        await until(() => 'all came', () => listener.heard.length === 5);
        assert.equal(redis.cli('XLEN', '{edgews}:t:t/a'), '3');
        assert.equal(Number(redis.cli('HGET', '{edgews}:p:t/a', 'size')), 3 * (300_001 + 26));
        assert.equal((await Listener.open(node, 'a', `${listener.epoch}:1`)).recovered, false);
        const last = await Listener.open(node, 'a', `${listener.epoch}:2`);
        assert.equal(last.recovered, true);
        await until(() => 'all came', () => last.heard.length === 3);
        publisher.socket.send('y'.repeat(1_047_500));
        await until(() => 'it came', () => listener.heard.length === 6);
        publisher.socket.send('z'.repeat(2_000));
        await until(() => 'it came', () => listener.heard.length === 7);
        assert.equal(redis.cli('XLEN', '{edgews}:t:t/a'), '1');
    });

    it('goes on when all is flushed, the script is, or there is no room', { timeout }, async () => {
        const redis = await start_redis();
        const node = await start_node(redis);
        const listener = await Listener.open(node, 'a');
        const publisher = await Listener.open(node, 'a');
        const say = async (text) => {
            publisher.socket.send(text);
            await listener.await_last(text);
        };
        await say('1');
        const { epoch } = listener;
        redis.cli('FLUSHALL');
        await say('2');
        assert.notEqual(listener.epoch, epoch);
        assert.equal(listener.offset, 1);

        redis.cli('SCRIPT', 'FLUSH');
        publisher.socket.send('lost');
        await until_back(node, 2);
        await say('3');
        assert.deepEqual(listener.gaps.at(-1).count, 1);

        redis.cli('CONFIG', 'SET', 'maxmemory', '1');
        publisher.socket.send('lost');
        await until(() => 'it is refused', async () => await metric(node, 'unsent_total') === 1);
        redis.cli('CONFIG', 'SET', 'maxmemory', '0');
        await say('4');
        assert.deepEqual(listener.gaps.at(-1).count, 1);
        const again = await Listener.open(node, 'a', `${listener.epoch}:0`);
        await again.await_last('4');
        assert.deepEqual(again.heard, ['2', '3', '4']);
    });

    it('leaves a replica, and says which permissions it lacks', { timeout }, async () => {
        const redis = await start_redis();
        const node = await start_node(redis);
        const listener = await Listener.open(node, 'a');
        redis.cli('REPLICAOF', '127.0.0.1', '1');
        listener.socket.send('lost');
        await until(() => 'it is away', () => /is away: .*READONLY/.test(node.printed));
        redis.cli('REPLICAOF', 'NO', 'ONE');
        await until(() => 'it is back', async () => await metric(node, 'available') === 1);

        const needed = ['hello', 'auth', 'ping', 'info', 'evalsha', 'script|load', 'subscribe',
                        'unsubscribe', 'publish', 'time', 'hmget', 'hset', 'pexpire', 'del',
                        'xadd', 'xrange', 'xdel'].map((name) => `+${name}`);
        const set_user = (...rules) => redis.cli('ACL', 'SETUSER', 'node', 'reset', 'on', '>secret',
                                                 '~{edgews}:*', '&{edgews}:*', ...rules);
        assert.equal(set_user(...needed.filter((name) => name !== '+info')), 'OK');
        const other = await start_node({ url: redis.url.replace('//', '//node:secret@') });
        await until(() => 'it says why', () => /is away: .*NOPERM.*info/.test(other.printed));
        set_user(...needed);
        await until(() => 'it is back', async () => await metric(other, 'available') === 1);
        const there = await Listener.open(other, 'b');
        const publisher = await Listener.open(other, 'b');
        publisher.socket.send('hello');
        await there.await_last('hello');
        assert.equal(await metric(other, 'unsent_total'), 0);
    });
});
