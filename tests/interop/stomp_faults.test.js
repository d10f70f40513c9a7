// The STOMP broker and what goes wrong: consumers that die, that do not read, queues that are full,
// the broker's own end.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { TcpPeer, WsPeer, frame, peers, resident_size, start_broker, state_of } =
    require('./stomp.js');

const timeout = 60_000;
const transports = ['TCP', 'WebSocket'];
const numbers = (count) => Array.from({ length: count }, (_, i) => `${i}`);

const start = (...args) => start_broker(args);

// A peer of that kind, connected.
const connect = async (broker, transport = 'TCP', headers = {}, options = {}) =>
    (await peers[transport].open(broker, options)).connect(headers);

const sends = (destination, bodies) =>
    Buffer.concat(bodies.map((body) => frame('SEND', { destination }, body)));

async function destination_of(broker, name) {
    return (await state_of(broker)).destinations.find((one) => one.name === name);
}
async function until(what, is_so) {
    const end = performance.now() + 10_000;
    while (!await is_so()) {
        assert.ok(performance.now() < end, `it was never so: ${what}`);
        await pause(10);
    }
}

// A process that subscribes to a queue, and acknowledges nothing; resolves when it has got `count`.
async function doomed_consumer(broker, destination, count) {
    const program = `
        const { TcpPeer } = require('./stomp.js');
        (async () => {
            const peer = await (await TcpPeer.open(${JSON.stringify({ host: broker.host,
                tcp_port: broker.tcp_port })})).connect();
            await peer.subscribe('${destination}', { ack: 'client-individual' });
            await peer.hear_bodies(${count});
            console.log('has them');
        })();`;
    const child = spawn(process.execPath, ['-e', program],
                        { cwd: __dirname, stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve, reject) => {
        child.stdout.once('data', resolve);
        child.once('close', reject);
    });
    return child;
}

describe('a consumer that dies with 1000 messages', { concurrency: true }, () => {
    async function all_come_again(broker, destination) {
        const heir = await connect(broker);
        await heir.subscribe(destination, { ack: 'client' });
        for (const body of numbers(1_000)) {
            const message = await heir.hear('MESSAGE');
            assert.equal(message.text, body);
            assert.equal(message.headers.redelivered, 'true');
            heir.last = message.headers.ack;
        }
        heir.say('ACK', { id: heir.last });
        await heir.done();
        assert.equal((await destination_of(broker, destination)).unacknowledged, 0);
        heir.destroy();
    }

    it('its process was killed', { timeout }, async () => {
        const broker = await start('--threads', '2');
        const producer = await connect(broker, 'WebSocket');
        producer.send(sends('/queue/a', numbers(1_000)));
        await producer.done();
        const child = await doomed_consumer(broker, '/queue/a', 1_000);
        assert.equal((await destination_of(broker, '/queue/a')).unacknowledged, 1_000);
        child.kill('SIGKILL');
        await all_come_again(broker, '/queue/a');
        producer.destroy();
        await broker.stop();
    });

    for (const transport of transports) {
        for (const way of ['destroy', 'vanish']) {
            it(`its ${transport} connection was ${way === 'vanish' ? 'reset' : 'dropped'}`,
               { timeout }, async () => {
                   const broker = await start('--threads', '2');
                   const producer = await connect(broker);
                   producer.send(sends('/queue/a', numbers(1_000)));
                   await producer.done();
                   const consumer = await connect(broker, transport);
                   await consumer.subscribe('/queue/a', { ack: 'client-individual' });
                   await consumer.hear_bodies(1_000);
                   consumer[way]();
                   await all_come_again(broker, '/queue/a');
                   producer.destroy();
                   await broker.stop();
               });
        }
    }
});

describe('topics and how fast their subscribers are', () => {
    it('a burst of messages is no reason to call a subscriber slow', { timeout }, async () => {
        for (const threads of ['1', '2']) {
            const broker = await start('--threads', threads);
            for (const transport of transports) {
                const subscriber = await connect(broker, transport);
                await subscriber.subscribe('/topic/a');
                const producer = await connect(broker, transport);
                producer.send(sends('/topic/a', numbers(5_000)));
                assert.deepEqual(await subscriber.hear_bodies(5_000), numbers(5_000));
                producer.destroy();
                subscriber.destroy();
            }
            await broker.stop();
        }
    });

    // Which gets no further than what fits into the sockets, and the broker's cap for a burst.
    for (const transport of transports) {
        it(`one that stops reading (${transport}) is ended, and others get all of 200 MB`,
           { timeout }, async () => {
               const broker = await start('--threads', '2');
               const stuck = await connect(broker, transport);
               await stuck.subscribe('/topic/a');
               stuck.stop_reading();
               const others = [await connect(broker, 'TCP'), await connect(broker, 'WebSocket')];
               for (const other of others) await other.subscribe('/topic/a');
               const producer = await connect(broker);
               const size_before = resident_size(broker.pid);
               let size_max = 0;
               const body = 'x'.repeat(100_000);
               const round = sends('/topic/a', Array(5).fill(body));
               for (let sent = 0; sent < 2_000; sent += 5) {
                   producer.send(round);
                   for (const other of others) {
                       for (const got of await other.hear_bodies(5)) assert.equal(got, body);
                   }
                   size_max = Math.max(size_max, resident_size(broker.pid));
               }
               const grown = size_max - size_before;
               assert.ok(grown < 48 * 1024 * 1024, `the broker grew by ${grown} bytes`);
               await until('it is out', async () => (await state_of(broker)).sessions === 3);
               stuck.socket.resume();
               let event;
               do event = await stuck.next('the end'); while (event.command === 'MESSAGE');
               if (event.command === 'ERROR') {
                   assert.match(event.headers.message, /More messages wait/);
                   event = await stuck.hear_end();
               }
               assert.equal(event.kind, 'end');
               for (const peer of [producer, stuck, ...others]) peer.destroy();
               await broker.stop();
           });
    }

    it('one that stops reading, and soon goes on, gets ERROR behind its messages', { timeout },
       async () => {
           const broker = await start();
           for (const transport of transports) {
               const stuck = await connect(broker, transport);
               await stuck.subscribe('/topic/a');
               stuck.stop_reading();
               const producer = await connect(broker);
               const body = 'x'.repeat(100_000);
               for (let i = 0; i < 50; ++i) {
                   producer.send(sends('/topic/a', Array(10).fill(body)));
                   await producer.done();
               }
               stuck.socket.resume();
               let event;
               do event = await stuck.next('ERROR'); while (event.command === 'MESSAGE');
               assert.match(event.headers.message, /More messages wait/);
               const end = await stuck.hear_end();
               if (transport === 'WebSocket') assert.equal(end.code, 1013);
               else assert.equal(end.error, undefined);
               stuck.destroy();
               producer.destroy();
           }
           await broker.stop();
       });
});

describe('a queue that is full', { concurrency: true }, () => {
    for (const transport of transports) {
        it(`refuse: its producer gets ERROR (${transport})`, { timeout }, async () => {
            const broker = await start('--max-queue', '10');
            const producer = await connect(broker, transport);
            producer.send(sends('/queue/a', numbers(10)));
            await producer.done();
            producer.say('SEND', { destination: '/queue/a', receipt: 'no' }, 'one too many');
            const { error, end } = await producer.hear_error(/queue is full/);
            assert.equal(error.headers['receipt-id'], 'no');
            if (transport === 'WebSocket') assert.equal(end.code, 1013);
            const consumer = await connect(broker);
            await consumer.subscribe('/queue/a');
            assert.deepEqual(await consumer.hear_bodies(10), numbers(10));
            consumer.destroy();
            producer.destroy();
            await broker.stop();
        });

        it(`drop: the oldest make room (${transport})`, { timeout }, async () => {
            const broker = await start('--max-queue', '10', '--when-full', 'drop');
            const producer = await connect(broker, transport);
            producer.send(sends('/queue/a', numbers(1_000)));
            await producer.done();
            const consumer = await connect(broker);
            await consumer.subscribe('/queue/a');
            assert.deepEqual(await consumer.hear_bodies(10), numbers(1_000).slice(990));
            consumer.destroy();
            producer.destroy();
            await broker.stop();
        });

        it(`block: producers wait, in their order, and none is cut (${transport})`, { timeout },
           async () => {
               const broker = await start('--max-queue', '10', '--when-full', 'block',
                                          '--threads', '2');
               const producers = [];
               for (const name of 'abc') {
                   const producer = await connect(broker, transport, { 'heart-beat': '500,1000' });
                   producer.send(sends('/queue/a', numbers(500).map((body) => name + body)));
                   producer.say('SEND', { destination: '/topic/x', receipt: 'done' });
                   producers.push(producer);
               }
               // So long that whoever says nothing would be cut; and the broker's beats come.
               await pause(2_200);
               for (const producer of producers) {
                   assert.equal((await producer.next('a beat')).kind, 'beat');
               }
               const full = await destination_of(broker, '/queue/a');
               assert.equal(full.waiting, 10);
               const consumer = await connect(broker);
               await consumer.subscribe('/queue/a', { ack: 'client-individual' });
               const heard = [];
               while (heard.length < 1_500) {
                   const message = await consumer.hear('MESSAGE');
                   heard.push(message.text);
                   consumer.say('ACK', { id: message.headers.ack });
               }
               for (const name of 'abc') {
                   const mine = heard.filter((body) => body[0] === name);
                   assert.deepEqual(mine, numbers(500).map((body) => name + body));
               }
               for (const producer of producers) {
                   assert.equal((await producer.hear('RECEIPT')).headers['receipt-id'], 'done');
                   producer.destroy();
               }
               consumer.destroy();
               await broker.stop();
           });

        it(`block: a producer that gives up is forgotten (${transport})`, { timeout }, async () => {
            const broker = await start('--max-queue', '10', '--when-full', 'block');
            for (const way of ['destroy', 'vanish']) {
                const producer = await connect(broker, transport);
                producer.send(sends('/queue/a', numbers(100)));
                await until('it is full', async () =>
                    (await destination_of(broker, '/queue/a'))?.waiting === 10);
                producer[way]();
            }
            const consumer = await connect(broker);
            await consumer.subscribe('/queue/a');
            await consumer.hear_bodies(10);
            await until('they are gone', async () => (await state_of(broker)).sessions === 1);
            consumer.destroy();
            await broker.stop();
        });
    }
});

describe('two loops', () => {
    // Of which connections get one or the other: so many that both have some.
    it('each producer\'s messages keep their order for each subscriber', { timeout }, async () => {
        const broker = await start('--threads', '2');
        const subscribers = [];
        for (let i = 0; i < 4; ++i) {
            const subscriber = await connect(broker, transports[i % 2]);
            await subscriber.subscribe('/topic/a');
            subscribers.push(subscriber);
        }
        const producers = [];
        for (let i = 0; i < 4; ++i) producers.push(await connect(broker, transports[i % 2]));
        const queued = await connect(broker);
        await queued.subscribe('/queue/a');
        const count = 12_500;
        const seen = subscribers.map(() => new Map());
        const check = (map, body) => {
            const [name, number] = body.split(' ');
            assert.equal(Number(number), map.get(name) ?? 0, body);
            map.set(name, Number(number) + 1);
        };
        const of_queue = new Map();
        for (let from = 0; from < count; from += 500) {
            const bodies = (name) => Array.from({ length: 500 }, (_, i) => `${name} ${from + i}`);
            producers.forEach((producer, i) => {
                producer.send(sends(i < 2 ? '/topic/a' : '/queue/a', bodies(i)));
            });
            for (const body of await queued.hear_bodies(1_000)) check(of_queue, body);
            for (const [i, subscriber] of subscribers.entries()) {
                for (const body of await subscriber.hear_bodies(1_000)) check(seen[i], body);
            }
        }
        for (const peer of [...producers, ...subscribers, queued]) peer.destroy();
        await broker.stop();
    });

    it('nothing is missed that is sent after the RECEIPT of a SUBSCRIBE', { timeout }, async () => {
        const broker = await start('--threads', '2');
        const producers = [];
        for (let i = 0; i < 4; ++i) producers.push(await connect(broker, transports[i % 2]));
        // Others publish all the while.
        for (let i = 0; i < 200; ++i) {
            const subscriber = await connect(broker, transports[i % 2]);
            for (const producer of producers) {
                producer.send(sends('/topic/a', numbers(5).map(() => 'noise')));
            }
            await subscriber.subscribe('/topic/a');
            producers[i % 4].send(sends('/topic/a', [`${i}`]));
            let body;
            do body = (await subscriber.hear('MESSAGE')).text; while (body === 'noise');
            assert.equal(body, `${i}`);
            subscriber.destroy();
        }
        for (const peer of producers) peer.destroy();
        await broker.stop();
    });
});

describe('SIGTERM', () => {
    for (const threads of ['1', '2']) {
        it(`all get ERROR, then the end, within a second (${threads} threads)`, { timeout },
           async () => {
               const broker = await start('--threads', threads);
               const all = [];
               for (let i = 0; i < 20; ++i) all.push(await connect(broker, transports[i % 2]));
               await all[0].subscribe('/topic/a');
               const silent = await TcpPeer.open(broker);  // Without CONNECT.
               const began = performance.now();
               const stopped = broker.stop();
               for (const peer of [...all, silent]) {
                   const { end } = await peer.hear_error(/shutting down/);
                   if (peer instanceof WsPeer) assert.equal(end.code, 1001);
                   else assert.equal(end.error, undefined);
                   peer.socket.end?.();
               }
               await stopped;
               const took = performance.now() - began;
               assert.ok(took < 1_000, `it took ${took} ms`);
           });
    }
});
