// Our STOMP client with brokers that we did not write, RabbitMQ and ActiveMQ, and with our own:
// what they say to each other, and what is left when a broker is stopped or killed in the midst.
// EDGEWS_BIN names the folder of the programs, beside which the tests' programs are.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { after, before, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { Led } = require('./driver.js');
const { free_ports } = require('./ports.js');
const { start_upstream } = require('./upstreams.js');

const timeout = 120_000;
const patience_ms = 60_000;  // A broker takes its time to come back, on a busy machine.

// What a client has to say of itself.
const words = { rabbitmq: ['--login', 'guest', '--passcode', 'guest', '--host', '/'] };
const url_of = (upstream, way) =>
    way === 'ws' ? upstream.ws_url : `stomp://127.0.0.1:${upstream.port}`;
// Of queues whose messages have to survive.
const durable = ['persistent:true'];

const hex = (text) => Buffer.from(text).toString('hex') || '-';

class StompDriver extends Led {
    #passed = [];

    constructor(upstream, url, args = []) {
        super('stomp_driver', [...[url].flat(), ...(words[upstream.kind] ?? []), ...args]);
    }
    static async open(...args) {
        const driver = new StompDriver(...args);
        try {
            [driver.url, driver.version] = await driver.until('connected');
        } catch (error) {
            await driver.stop();
            throw error;
        }
        return driver;
    }

    // The fields of the next event of that kind that fits. What is passed over is in passed().
    async until(kind, fits = () => true) {
        for (;;) {
            const [found, ...fields] = await this.next(kind, patience_ms);
            if (found === kind && fits(...fields)) return fields;
            this.#passed.push([found, ...fields]);
        }
    }
    passed() { return this.#passed.splice(0); }

    async subscribe(destination, mode = 'auto', headers = []) {
        this.tell('subscribe', destination, mode, ...headers);
        return (await this.until('subscribed'))[0];
    }
    send(destination, text, { name = '-', transaction = 0, headers = [] } = {}) {
        this.tell('send', name, transaction, destination, hex(text), ...headers);
    }
    async message() {
        const [subscription, key, destination, body, redelivered] = await this.until('message');
        return { subscription, key, destination, redelivered: redelivered === 'true',
                 text: Buffer.from(body, 'hex').toString() };
    }
    async receipt(name) { return (await this.until('receipt', (found) => found === name))[1]; }
    // DISCONNECT, and its answer.
    async leave() {
        this.tell('disconnect');
        const [how] = await this.until('disconnected');
        await this.stop();
        return how;
    }
}

// By kind. Whoever is slow to start does so meanwhile.
const upstreams = {};
const started = {};
let count = 0;
before(() => {
    for (const kind of ['edgews', 'activemq', 'rabbitmq']) {
        started[kind] = start_upstream(kind).then((upstream) => { upstreams[kind] = upstream; });
        started[kind].catch(() => {});  // Told by whoever waits for it.
    }
});
after(async () => {
    await Promise.allSettled(Object.values(started));
    await Promise.all(Object.values(upstreams).map((upstream) => upstream.stop()));
});

// `test(driver, name)` with a client that is connected, and a name of its own.
function with_driver(name, way, test) {
    return async () => {
        const upstream = upstreams[name];
        const driver = await StompDriver.open(upstream, url_of(upstream, way));
        try {
            await test(driver, `test-${++count}`);
        } finally {
            await driver.stop();
        }
    };
}

function talks(broker, way) {
    const test = (name, run) => it(name, { timeout }, with_driver(broker, way, run));

    test('a topic: what is sent comes back, and is confirmed', async (driver, name) => {
        assert.equal(driver.version, '1.2');
        assert.equal(driver.url, url_of(upstreams[broker], way));
        const topic = `/topic/${name}`;
        const number = await driver.subscribe(topic);
        const texts = ['hello', '', 'κόσμε\n:\\ 🦊', 'x'.repeat(300_000)];
        for (const text of texts) driver.send(topic, text, { name: 'sent', headers: ['x:a:b\\c'] });
        const heard = [];
        for (let left = 2 * texts.length; left > 0; --left) {
            const [kind, ...fields] = await driver.next('a message or a receipt', patience_ms);
            if (kind === 'receipt') assert.deepEqual(fields, ['sent', 'confirmed']);
            else heard.push(Buffer.from(fields[3], 'hex').toString());
        }
        assert.deepEqual(heard, texts);
        driver.tell('unsubscribe', number, 'end');
        assert.equal(await driver.receipt('end'), 'confirmed');
        // RabbitMQ answers DISCONNECT over a WebSocket by going.
        const may_just_go = broker === 'rabbitmq' && way === 'ws';
        assert.ok((await driver.leave()) === 'orderly' || may_just_go);
    });

    test('a queue: messages are acknowledged one by one', async (driver, name) => {
        const queue = `/queue/${name}`;
        await driver.subscribe(queue, 'client-individual');
        for (const text of ['1', '2', '3']) driver.send(queue, text);
        const messages = [await driver.message(), await driver.message(), await driver.message()];
        assert.deepEqual(messages.map(({ text }) => text), ['1', '2', '3']);
        assert.ok(messages.every(({ redelivered }) => !redelivered));
        driver.tell('ack', 'one', 0, messages[1].key);
        assert.equal(await driver.receipt('one'), 'confirmed');
        assert.equal(await driver.leave(), broker === 'rabbitmq' && way === 'ws' ? 'lost'
                                                                                    : 'orderly');
        // What was not acknowledged is somebody else's now.
        const other = await StompDriver.open(upstreams[broker], url_of(upstreams[broker], way));
        await other.subscribe(queue, 'client');
        const rest = [await other.message(), await other.message()];
        assert.deepEqual(rest.map(({ text }) => text), ['1', '3']);
        assert.ok(rest.every(({ redelivered }) => redelivered));
        other.tell('ack', 'both', 0, rest[1].key);
        assert.equal(await other.receipt('both'), 'confirmed');
        await other.stop();
    });

    test('a queue: what is not accepted comes again, or is a dead letter', async (driver, name) => {
        const queue = `/queue/${name}`;
        const dead = '/queue/ActiveMQ.DLQ';
        await driver.subscribe(queue, 'client-individual');
        if (broker === 'activemq') await driver.subscribe(dead);
        driver.send(queue, name, { headers: ['persistent:true'] });
        driver.tell('nack', '-', 0, (await driver.message()).key);
        const again = await driver.message();
        assert.equal(again.text, name);
        assert.equal(again.subscription, broker === 'activemq' ? '2' : '1');
        if (broker === 'activemq') return;
        driver.tell('ack', 'end', 0, again.key);
        assert.equal(await driver.receipt('end'), 'confirmed');
    });

    test('transactions happen as a whole, or not at all', async (driver, name) => {
        const queue = `/queue/${name}`;
        await driver.subscribe(queue);
        driver.tell('begin');
        const [wrong] = await driver.until('transaction');
        driver.send(queue, 'wrong', { transaction: wrong });
        driver.tell('abort', 'aborted', wrong);
        assert.equal(await driver.receipt('aborted'), 'confirmed');
        driver.tell('begin');
        const [right] = await driver.until('transaction');
        driver.send(queue, 'in it', { transaction: right });
        driver.send(queue, 'beside it');
        assert.equal((await driver.message()).text, 'beside it');
        driver.send(queue, 'in it, too', { transaction: right });
        driver.tell('commit', 'committed', right);
        assert.equal((await driver.message()).text, 'in it');
        assert.equal((await driver.message()).text, 'in it, too');
        driver.tell('commit', '-', right);
        assert.deepEqual(await driver.until('refused'), ['commit', 'closed']);
    });

    test('a frame that is refused: it is told, and the client comes back', async (driver, name) => {
        await driver.subscribe(`/topic/${name}`);
        await driver.subscribe(`/queue/${name}`, 'client-individual');
        driver.send(`/queue/${name}`, 'once');
        const { key } = await driver.message();
        driver.tell('ack', 'right', 0, key);
        assert.equal(await driver.receipt('right'), 'confirmed');
        driver.tell('ack', 'wrong', 0, key);
        await driver.until('disconnected');
        const passed = driver.passed();
        assert.equal(passed.filter(([kind]) => kind === 'error').length, 1);
        // RabbitMQ confirms it before it looks.
        const [, , outcome] = passed.find(([kind, name]) => kind === 'receipt' && name === 'wrong');
        assert.match(outcome, broker === 'rabbitmq' ? /^(confirmed|lost)$/ : /^refused$/);
        await driver.until('connected');
        await driver.until('subscribed', (number) => number === '1');
        driver.send(`/topic/${name}`, 'back again');
        assert.equal((await driver.message()).text, 'back again');
    });
}

// Of all, in one go: a broker that stands still is found out by its heart-beats.
function stands_still(broker, ways) {
    it('silence is found out, and whoever beats is not silent', { timeout }, async () => {
        const upstream = upstreams[broker];
        const drivers = await Promise.all(ways.map((way) =>
            StompDriver.open(upstream, url_of(upstream, way), ['--heart-beat', '500', '--timeout', '5000'])));
        await pause(2_000);
        for (const driver of drivers) {
            driver.send('/topic/of-nobody', 'x', { name: 'there' });
            assert.equal(await driver.receipt('there'), 'confirmed');
            assert.deepEqual(driver.passed(), [], 'it is lost while it beats');
        }
        upstream.signal('SIGSTOP');
        try {
            await Promise.all(drivers.map((driver) => driver.until('disconnected')));
        } finally {
            upstream.signal('SIGCONT');
        }
        for (const driver of drivers) {
            assert.match(JSON.stringify(driver.passed()), /the broker is silent/);
            await driver.until('connected');
            await driver.stop();
        }
    });
}

// Somebody sends without an end, somebody takes, and in the midst the broker is killed.
function survives(broker, way) {
    it('killed in the midst: what was confirmed is there', { timeout }, async () => {
        const upstream = upstreams[broker];
        const queue = `/queue/survives-${broker}`;
        const taker = await StompDriver.open(upstream, url_of(upstream, way));
        await taker.subscribe(queue, 'client-individual', durable);
        const sender = await StompDriver.open(upstream, url_of(upstream, way), ['--keep', '10000000']);
        const confirmed = new Set();
        const outcomes = {};
        const total = 400;
        let sent = 0;
        let is_killed = false;
        const send = () => {
            sender.send(queue, `${++sent}`, { name: `${sent}`, headers: durable });
        };
        while (sent < 20) send();
        let told = 0;
        let restarted;
        while (told < total) {
            const [name, outcome] = await sender.until('receipt');
            ++told;
            outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
            if (outcome === 'confirmed') confirmed.add(name);
            if (sent < total) send();
            if (told < 100 || is_killed) continue;
            is_killed = true;
            await upstream.kill();
            restarted = upstream.start();
        }
        await restarted;
        assert.equal(outcomes.confirmed + (outcomes.lost ?? 0), total, JSON.stringify(outcomes));
        assert.ok(outcomes.confirmed >= 350, JSON.stringify(outcomes));
        const taken = new Set();
        const wanted = () => [...confirmed].filter((name) => !taken.has(name));
        while (wanted().length > 0) {
            const { key, text } = await taker.message();
            taken.add(text);
            taker.tell('ack', '-', 0, key);
        }
        const events = taker.passed().map(([kind]) => kind);
        assert.ok(events.includes('disconnected') && events.includes('subscribed'), events.join());
        await taker.stop();
        await sender.stop();
    });
}

// What our broker keeps is in its memory: the rest comes back.
function returns(broker, way) {
    it('killed in the midst: the client comes back, and its subscriptions', { timeout }, async () => {
        const upstream = upstreams[broker];
        const driver = await StompDriver.open(upstream, url_of(upstream, way), ['--keep', '100000']);
        await driver.subscribe('/queue/a');
        await upstream.kill();
        await driver.until('disconnected');
        driver.send('/queue/a', 'kept', { name: 'kept' });
        await upstream.start();
        await driver.until('connected');
        assert.deepEqual(driver.passed().filter(([kind]) => kind === 'refused'), []);
        assert.equal((await driver.message()).text, 'kept');
        await driver.stop();
    });
}

// A place whose queue is full, so that nobody is answered there.
async function make_black_hole() {
    const child = spawn('python3', ['-c', `
import socket, sys
place = socket.socket()
place.bind(("127.0.0.1", 0))
place.listen(0)
filler = socket.create_connection(place.getsockname())
print(place.getsockname()[1], flush=True)
sys.stdin.read()`], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    return { port: Number(line), stop: async () => {
        child.stdin.end();
        await once(child, 'close');
    } };
}

function passes_over(broker, way) {
    it('brokers that refuse, or are not heard of, are passed over', { timeout }, async () => {
        const upstream = upstreams[broker];
        const [nobody] = await free_ports(1);
        const hole = await make_black_hole();
        const places = [`stomp://127.0.0.1:${nobody}`, `stomp://127.0.0.1:${hole.port}`,
                        `ws://127.0.0.1:${nobody}/ws`, url_of(upstream, way)];
        for (let i = 0; i < 3; ++i) {
            const begin = Date.now();
            const driver = await StompDriver.open(upstream, places, ['--timeout', '300']);
            assert.equal(driver.url, url_of(upstream, way));
            assert.ok(Date.now() - begin < 10_000);
            await driver.stop();
        }
        await hole.stop();
    });
}

for (const [broker, ways] of [['edgews', ['tcp', 'ws']], ['activemq', ['tcp']],
                              ['rabbitmq', ['tcp', 'ws']]]) {
    describe(broker, () => {
        before(() => started[broker]);
        for (const way of ways) describe(way, () => talks(broker, way));
        stands_still(broker, ways);
        passes_over(broker, ways.at(-1));
        if (broker === 'edgews') returns(broker, 'ws');
        else survives(broker, 'tcp');
    });
}
