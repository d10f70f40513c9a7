// STOMP's conformance checklist with a relay in between: what a client of it says and hears, in
// front of each broker that it knows. checklist_frames.js and checklist_talk.js have what frames
// alone show; here is what takes time, comes and goes, or is WebSocket's.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { WebSocket } = require('ws');
const frames = require('./checklist_frames.js');
const { play } = require('./checklist_play.js');
const { all, begin, consumes, in_t, left, newer, numbers, send, settles } =
    require('./checklist_steps.js');
const talk = require('./checklist_talk.js');
const { until } = require('./nodes.js');
const { WsPeer, frame, peers, start_broker } = require('./stomp.js');
const { kinds, start_upstream } = require('./upstreams.js');

const timeout = 180_000;
const beat_ms = 1_000;  // What the server has; less is not agreed on.
const transports = ['TCP', 'WebSocket'];

// Lines that a broker does not hold, or holds in its own way, as docs/backbones.md tells: the rows
// of each, in place of the others.
const otherwise = {
    edgews: {},
    rabbitmq: {
        // What is in front of the SEND that cannot be is there, and what is behind it is not.
        G6: [['G6', newer, begin('joe'), send('joe', 'QUEUE', 'first', in_t),
              send('joe', '/exchange/nowhere/k', 'x', in_t), send('joe', 'QUEUE', 'last', in_t),
              'joe > COMMIT\ntransaction:t\nreceipt:c\n\n', 'joe ends', ...left('first')]],
        // Receipts come as it confirms: for one queue in order.
        H3: [['H3', all, ...numbers(50).map((i) => send('joe', 'QUEUE', i, `receipt:${i}\n`)),
              ...numbers(50).map((i) => `joe < RECEIPT\nreceipt-id:${i}`),
              'joe > SEND\nreceipt:bad\n\nx', 'joe < ERROR\nreceipt-id:bad',
              ...left(...numbers(50))]],
    },
    activemq: {
        // NACK is a dead letter.
        F6: [['F6', newer, ...consumes('client-individual', 3), ...settles('joe', 'NACK', '[m1]'),
              'joe x', ...left('0', '2')],
             ['F6', newer, ...consumes('client', 3), ...settles('joe', 'NACK', '[m1]'), 'joe x',
              ...left('2')],
             ['F6', newer, ...consumes('client-individual', 2),
              ...settles('joe', 'NACK', '[m0]', 'requeue:false\n'), 'joe x', ...left('1')]],
    },
};

// All events of `peer` for `ms`.
async function listen_for(peer, ms) {
    const end = performance.now() + ms;
    const events = [];
    for (;;) {
        const rest_ms = Math.max(1, end - performance.now());
        const event = await peer.next('nothing', rest_ms).catch(() => null);
        if (!event) return events;
        events.push(event);
    }
}

const connect = async (node, transport, headers) =>
    (await peers[transport].open(node)).connect(headers);

async function own_connections(node) {
    const text = await (await fetch(node.url('/metrics', 'http'))).text();
    return Number(/^edgews_relay_own_connections (\d+)$/m.exec(text)[1]);
}

// What takes more than frames: by the line's id.
const acts = {
    B13: async ({ open }, transport) => {
        const before = open.descriptor_count();
        for (let i = 0; i < 40; ++i) {
            const peer = await connect(open, transport);
            await peer.subscribe(`/topic/left-${i}`);
            await peer.subscribe(`/queue/left-${transport}-${i}`, { ack: 'client' });
            peer.say('BEGIN', { transaction: 't' });
            if (i % 2 === 0) {
                peer.vanish();
                continue;
            }
            peer.say('DISCONNECT');
            await peer.hear_end();
            peer.destroy();
        }
        await until(() => `${open.descriptor_count()} descriptors`,
                    async () => await own_connections(open) === 0 &&
                                open.descriptor_count() <= before + 3);
    },
    C2: async ({ open }, transport) => {
        const peer = await connect(open, transport);
        assert.deepEqual(await listen_for(peer, 2.3 * beat_ms), []);
        await peer.done();
        peer.destroy();
    },
    'C3, C4, C9': async ({ open }, transport) => {
        const peer = await connect(open, transport, { 'heart-beat': '0,400' });
        const events = await listen_for(peer, 4 * beat_ms);
        assert.ok(events.length >= 3, `${events.length} beats came`);
        for (const { kind } of events) assert.equal(kind, 'beat');  // And no ping.
        const pauses = events.slice(1).map(({ at_ms }, i) => at_ms - events[i].at_ms);
        assert.ok(Math.max(...pauses) <= beat_ms, `${pauses}`);
        peer.destroy();
    },
    'C5, C6': async ({ open }, transport) => {
        const peer = await connect(open, transport, { 'heart-beat': `${beat_ms},0` });
        const began = performance.now();
        await peer.hear_error(/Nothing was heard/);
        const took = performance.now() - began;
        assert.ok(took >= 1.5 * beat_ms, `after ${took} ms`);
        peer.destroy();
    },
    C7: async ({ open }, transport) => {
        const peer = await connect(open, transport, { 'heart-beat': `${beat_ms},0` });
        const bytes = frame('SEND', { destination: '/topic/of-nobody', receipt: 'whole' });
        for (let i = 0; i < 5; ++i) {
            peer.send(bytes.subarray(i, i + 1));
            await pause(beat_ms * 0.6);
        }
        peer.send(bytes.subarray(5));
        await peer.hear('RECEIPT');
        peer.destroy();
    },
    C8: async ({ open }, transport) => {
        const peer = await peers[transport].open(open);
        peer.say('CONNECT', { 'heart-beat': '200,200' });
        assert.equal((await peer.hear('CONNECTED')).headers['heart-beat'], undefined);
        assert.deepEqual(await listen_for(peer, 2.3 * beat_ms), []);
        peer.destroy();
    },
    H14: async ({ open }, transport) => {
        const peer = await connect(open, transport);
        const bytes = frame('SEND', { destination: '/queue/a' }, 'x'.repeat(8_000_000));
        for (let i = 0; i < bytes.length; i += 100_000) {
            if (peer.socket.readyState > 1) break;  // Of `ws`: closing.
            await peer.sent(bytes.subarray(i, i + 100_000));
        }
        const { end } = await peer.hear_error(/body is larger/);
        if (transport === 'TCP') assert.equal(end.error, undefined);
        peer.destroy();
    },
};

// Of WebSockets only.
const web_acts = {
    B15: async ({ open }) => {
        for (const [protocols, chosen, version] of [
            [['v10.stomp', 'v11.stomp', 'v12.stomp'], 'v12.stomp', '1.2'],
            [['v10.stomp', 'v11.stomp'], 'v11.stomp', '1.1'], [['v10.stomp'], 'v10.stomp', '1.0'],
            [['mqtt', 'v11.stomp'], 'v11.stomp', '1.1'], [[], '', '1.2']]) {
            const peer = await (await WsPeer.open(open, { protocols })).connect();
            assert.equal(peer.socket.protocol, chosen);
            assert.equal(peer.connected.headers.version, version);
            peer.destroy();
        }
        const [error] = await once(new WebSocket(open.ws_url, ['mqtt']), 'error');
        assert.match(error.message, /no subprotocol/);
    },
    H13: async ({ open }) => {
        for (const [bytes, code] of [[frame('NONSENSE'), 1002], [frame('SEND'), 1002],
                                     [frame('SEND', { destination: 'x' }), 1008],
                                     [frame('SEND', { 'content-length': 1 << 24 }), 1009]]) {
            const peer = await connect(open, 'WebSocket');
            peer.send(bytes);
            assert.equal((await peer.hear_error(/./)).end.code, code);
        }
    },
};

const rows = [...frames, ...talk];
const rows_of = (kind, line) => otherwise[kind][line] ?? rows.filter(([one]) => one === line);
const lines = [...new Set(rows.map(([line]) => line))];

it('all 115 lines of the checklist are here', () => {
    const count = { A: 34, B: 15, C: 9, D: 12, E: 13, F: 9, G: 9, H: 14 };
    const wanted = Object.entries(count).flatMap(([section, last]) =>
        Array.from({ length: last }, (_, i) => `${section}${i + 1}`));
    const acted = [...Object.keys(acts), ...Object.keys(web_acts)];
    const found = new Set([...lines, ...acted.flatMap((names) => names.split(', '))]);
    assert.deepEqual(wanted.filter((line) => !found.has(line)), []);
    assert.equal(found.size, wanted.length);
});

for (const kind of kinds) {
    describe(`the checklist, relayed to ${kind}`, () => {
        let upstream;
        let nodes;
        before(async () => {
            upstream = await start_upstream(kind);
            const args = ['--relay', upstream.url, '--upstream-kind', kind, '--threads', '2'];
            nodes = { open: await start_broker(args) };
            // Each bears a few logins that fail from one address.
            for (const transport of transports) {
                nodes[transport] = await start_broker([...args, '--user', 'joe:secret']);
            }
        }, { timeout });
        after(async () => {
            for (const node of Object.values(nodes ?? {})) await node.stop();
            await upstream?.stop();
        }, { timeout });

        for (const transport of transports) {
            describe(`over ${transport}`, { concurrency: 4 }, () => {
                for (const line of lines) {
                    it(line, { timeout }, async () => {
                        for (const [, versions, ...steps] of rows_of(kind, line)) {
                            for (const version of versions) {
                                await play(nodes, transport, version, steps);
                            }
                        }
                    });
                }
                const more = transport === 'WebSocket' ? { ...acts, ...web_acts } : acts;
                for (const [line, act] of Object.entries(more)) {
                    it(line, { timeout }, () => act(nodes, transport));
                }
            });
        }
    });
}
