// The STOMP broker's side of the sockets, with clients that say exactly what they are told. The
// names begin with what the specifications' rules are called in the conformance checklist.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { before, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { WebSocket } = require('ws');
const { TcpPeer, WsPeer, frame, peers, resident_size, start_broker, state_of } =
    require('./stomp.js');

const timeout = 30_000;
const beat_ms = 1_000;

let broker;
before(async () => { broker = await start_broker(['--threads', '2']); });

const connect_frame = frame('CONNECT', { 'accept-version': '1.2', host: 'x' });
const open = (transport) => peers[transport].open(broker);
const connect = async (transport, headers) => (await open(transport)).connect(headers);

// The beats' times and what else came, for so long.
async function listen_for(peer, ms) {
    const events = [];
    const end = performance.now() + ms;
    for (;;) {
        const left = end - performance.now();
        const event = left > 0 ? await peer.next('', left).catch(() => null) : null;
        if (!event) return events;
        events.push(event);
        if (event.kind === 'end') return events;
    }
}

for (const transport of ['TCP', 'WebSocket']) {
    describe(`over ${transport}`, { concurrency: true }, () => {
        it('A4: EOLs between frames are skipped', { timeout }, async () => {
            const peer = await open(transport);
            peer.send(Buffer.concat([Buffer.from('\n\r\n'), connect_frame, Buffer.from('\n\n\r\n')]));
            await peer.hear('CONNECTED');
            peer.send(Buffer.from('\r\n\n'));
            await peer.done();
            peer.destroy();
        });

        it('A34: a frame comes octet by octet, and many come at once', { timeout }, async () => {
            const peer = await connect(transport);
            const destination = `/queue/split-${transport}`;
            await peer.subscribe(destination);
            for (const byte of frame('SEND', { destination, more: 'κ:\n' }, 'Grüße')) {
                peer.send(Buffer.from([byte]), { binary: true });
            }
            const message = await peer.hear('MESSAGE');
            assert.equal(message.text, 'Grüße');
            assert.equal(message.headers.more, 'κ:\n');
            const bodies = Array.from({ length: 500 }, (_, i) => `${i}`);
            const frames = bodies.map((body) => frame('SEND', { destination }, body));
            peer.send(Buffer.concat(frames));
            assert.deepEqual(await peer.hear_bodies(500), bodies);
            const cut = Buffer.concat(frames);  // In the middle of a frame, with others around.
            peer.send(cut.subarray(0, 12_345));
            await pause(20);
            peer.send(cut.subarray(12_345));
            assert.deepEqual(await peer.hear_bodies(500), bodies);
            peer.destroy();
        });

        it('B5: no common version: ERROR that lists ours, and the end', { timeout }, async () => {
            const peer = await open(transport);
            peer.say('CONNECT', { 'accept-version': '2.0,3.1', host: 'x', receipt: 'r' });
            const { error, end } = await peer.hear_error(/1\.0, 1\.1 and 1\.2/);
            assert.equal(error.headers.version, '1.0,1.1,1.2');
            if (transport === 'WebSocket') assert.equal(end.code, 1002);
        });

        it('B10: the first frame must be CONNECT', { timeout }, async () => {
            for (const command of ['SEND', 'SUBSCRIBE', 'DISCONNECT']) {
                const peer = await open(transport);
                peer.say(command, { destination: '/topic/a', id: '1', receipt: '1' });
                const { end } = await peer.hear_error(/first frame must be CONNECT/);
                if (transport === 'WebSocket') assert.equal(end.code, 1002);
            }
        });

        it('B11: a second CONNECT is a fault', { timeout }, async () => {
            const peer = await connect(transport);
            peer.send(connect_frame);
            const { end } = await peer.hear_error(/connected already/);
            if (transport === 'WebSocket') assert.equal(end.code, 1002);
        });

        it('B12: CONNECT gets no RECEIPT', { timeout }, async () => {
            const peer = await connect(transport, { receipt: 'no' });
            await peer.done();
            peer.destroy();
        });

        // Half as long again is no reason, and twice as long is not reached.
        it('C5, C6: a client that says nothing is cut between 1.5 and 2 times the interval',
           { timeout }, async () => {
               const peer = await connect(transport, { 'heart-beat': `${beat_ms},0` });
               const began = performance.now();
               const { end } = await peer.hear_error(/Nothing was heard/);
               const took = performance.now() - began;
               assert.ok(took >= 1.5 * beat_ms && took <= 2 * beat_ms, `after ${took} ms`);
               if (transport === 'WebSocket') assert.equal(end.code, 1002);
           });

        it('C7: a part of a frame is a sign of life', { timeout }, async () => {
            const peer = await connect(transport, { 'heart-beat': `${beat_ms},0` });
            const bytes = frame('SEND', { destination: '/topic/of-nobody', receipt: 'whole' });
            for (let i = 0; i < 5; ++i) {
                peer.send(bytes.subarray(i, i + 1));
                await pause(beat_ms * 0.6);
            }
            peer.send(bytes.subarray(5));
            await peer.hear('RECEIPT');
            peer.destroy();
        });

        it('C4, C9: no pause of the broker is longer than the interval', { timeout }, async () => {
            const peer = await connect(transport, { 'heart-beat': `0,${beat_ms}` });
            assert.equal(peer.connected.headers['heart-beat'], '1000,1000');
            await peer.next('a beat');
            await pause(20);
            const times = [performance.now()];
            await peer.done();  // So soon after a beat the next one may be thought superfluous.
            const events = await listen_for(peer, 3 * beat_ms);
            assert.ok(events.length >= 3, `${events.length} beats came`);
            for (const event of events) assert.equal(event.kind, 'beat');  // And no ping.
            times.push(...events.map((event) => event.at_ms));
            const pauses = times.slice(1).map((time, i) => time - times[i]);
            assert.ok(Math.max(...pauses) <= 0.95 * beat_ms, `${pauses}`);
            peer.destroy();
        });

        it('C8: 1.0 has no heart-beats', { timeout }, async () => {
            const peer = await open(transport);
            peer.say('CONNECT', { 'heart-beat': '200,200' });
            const { headers } = await peer.hear('CONNECTED');
            assert.equal(headers['heart-beat'], undefined);
            assert.deepEqual(await listen_for(peer, 2.3 * beat_ms), []);
            await peer.done();
            peer.destroy();
        });

        it('H5: what was sent before the connection ended is not lost', { timeout }, async () => {
            const destination = `/queue/last-words-${transport}`;
            for (let i = 0; i < 20; ++i) {
                const peer = await open(transport);
                peer.send(Buffer.concat([connect_frame,
                                         frame('SEND', { destination }, `${i}`)]));
                if (transport === 'TCP') peer.socket.end();
                else peer.socket.close();
                await once(peer.socket, 'close');
            }
            const peer = await connect(transport);
            await peer.subscribe(destination);
            const bodies = await peer.hear_bodies(20);
            assert.deepEqual(bodies, Array.from({ length: 20 }, (_, i) => `${i}`));
            peer.destroy();
        });

        it('H6: the RECEIPT of DISCONNECT comes before the end', { timeout }, async () => {
            for (let i = 0; i < 20; ++i) {
                const peer = await connect(transport);
                peer.say('DISCONNECT', { receipt: 'bye' });
                assert.equal((await peer.hear('RECEIPT')).headers['receipt-id'], 'bye');
                const end = await peer.hear_end();
                if (transport === 'WebSocket') assert.equal(end.code, 1000);
                else assert.equal(end.error, undefined);
                peer.destroy();
            }
        });

        it('H7: DISCONNECT ends it, and frames behind it are ignored', { timeout }, async () => {
            const other = await connect(transport);
            await other.subscribe(`/topic/after-${transport}`);
            const peer = await connect(transport);
            peer.send(Buffer.concat([frame('DISCONNECT'),
                                     frame('SEND', { destination: `/topic/after-${transport}` },
                                           'late'), Buffer.from('nonsense\0')]));
            const end = await peer.hear_end();
            if (transport === 'WebSocket') assert.equal(end.code, 1000);
            await other.done();
            other.destroy();
            peer.destroy();
        });

        it('H8, H13: any ERROR is the last frame, and the close has its code', { timeout },
           async () => {
               const rows = [
                   [Buffer.from('NONSENSE\n\n\0'), /unknown/, 1002],
                   [Buffer.from('SEND\ndestination\n\n\0'), /no colon/, 1002],
                   [Buffer.from('SEND\ndestination:/topic/a\\t\n\n\0'), /backslash/, 1002],
                   [Buffer.from('SEND\ncontent-length:x\n\n\0'), /content-length/, 1002],
                   [Buffer.from('SEND\ndestination:/topic/a\n\0'), /blank line/, 1002],
                   [frame('SEND'), /destination header is missing/, 1002],
                   [frame('SUBSCRIBE', { destination: '/topic/a' }), /id header/, 1002],
                   [frame('ACK', { id: '1-1' }), /No such message/, 1002],
                   [frame('COMMIT', { transaction: 't' }), /no such transaction/, 1002],
                   [frame('UNSUBSCRIBE', { id: 't' }), /no such subscription/, 1002],
                   [frame('SEND', { destination: 'x' }), /no such destination/, 1008],
                   [frame('SUBSCRIBE', { id: '1', destination: '/app/x' }), /subscribed to/, 1008],
                   [frame('SEND', Array.from({ length: 101 }, () => ['a', 'b'])), /more headers/,
                    1008],
                   [frame('SEND', { 'content-length': 1 << 24 }), /body is larger/, 1009],
                   [frame('SEND', { long: 'x'.repeat(17_000) }), /line is longer/, 1009],
               ];
               for (const [bytes, message, code] of rows) {
                   const peer = await connect(transport);
                   peer.send(Buffer.concat([bytes, frame('SEND', { destination: '/topic/a',
                                                                   receipt: 'no' })]));
                   const { error, end } = await peer.hear_error(message);
                   if (error.text) assert.equal(error.headers['content-type'], 'text/plain');
                   if (transport === 'WebSocket') assert.equal(end.code, code, `${message}`);
                   else assert.equal(end.error, undefined);
                   peer.destroy();
               }
           });

        it('H14: ERROR reaches a client that goes on sending', { timeout }, async () => {
            for (const content_length of [undefined, 8_000_000]) {
                const peer = await connect(transport);
                const bytes = frame('SEND', { destination: '/queue/a', ...(content_length && {
                    'content-length': content_length }) }, 'x'.repeat(8_000_000));
                for (let i = 0; i < bytes.length; i += 100_000) {
                    if (peer.socket.readyState > 1) break;  // Of `ws`: closing.
                    await peer.sent(bytes.subarray(i, i + 100_000));
                }
                const { end } = await peer.hear_error(/body is larger/);
                if (transport === 'WebSocket') assert.equal(end.code, 1009);
                else assert.equal(end.error, undefined);
                peer.destroy();
            }
        });
    });
}

describe('what only WebSocket has', () => {
    it('B15: the highest subprotocol is chosen; none, or another, is no reason', { timeout },
       async () => {
           const rows = [
               [['v10.stomp', 'v11.stomp', 'v12.stomp'], 'v12.stomp'],
               [['v10.stomp', 'v11.stomp'], 'v11.stomp'], [['v10.stomp'], 'v10.stomp'],
               [['mqtt', 'v11.stomp'], 'v11.stomp'], [[], ''],
           ];
           for (const [protocols, chosen] of rows) {
               const peer = await WsPeer.open(broker, { protocols });
               assert.equal(peer.socket.protocol, chosen, `${protocols}`);
               const { connected } = await peer.connect();
               const version = chosen ? `1.${chosen[2]}` : '1.2';  // "v11.stomp" is 1.1.
               assert.equal(connected.headers.version, version, `${protocols}`);
               peer.destroy();
           }
           // `ws` ends what does not choose: a browser would, too.
           const socket = new WebSocket(broker.ws_url, ['mqtt']);
           const [error] = await once(socket, 'error');
           assert.match(error.message, /no subprotocol/);
       });

    it('a client gets the kind of messages that it sends, and binary what is no text',
       { timeout }, async () => {
           for (const binary of [false, true]) {
               const peer = await WsPeer.open(broker);
               peer.send(connect_frame, { binary });
               await peer.hear('CONNECTED');
               assert.equal(peer.message_was_binary, binary);
               peer.send(frame('SUBSCRIBE', { id: '1', destination: '/topic/kinds' }), { binary });
               peer.send(frame('SEND', { destination: '/topic/kinds' }, 'text'), { binary });
               assert.equal((await peer.hear('MESSAGE')).text, 'text');
               assert.equal(peer.message_was_binary, binary);
               const body = Buffer.from([0xFF, 0]);
               const headers = { destination: '/topic/kinds', 'content-length': 2 };
               peer.send(frame('SEND', headers, body), { binary: true });
               assert.deepEqual((await peer.hear('MESSAGE')).body, body);
               assert.ok(peer.message_was_binary);
               peer.destroy();
           }
       });
});

describe('connections that come and go', () => {
    it('B7: who is refused gets ERROR, and then the end', { timeout }, async () => {
        const own = await start_broker(['--user', 'joe:secret']);
        for (const transport of ['TCP', 'WebSocket']) {
            for (const headers of [{}, { login: 'joe' }, { login: 'joe', passcode: 'wrong' }]) {
                const peer = await peers[transport].open(own);
                peer.say('CONNECT', { 'accept-version': '1.2', host: 'x', ...headers });
                const { end } = await peer.hear_error(/refused/);
                if (transport === 'WebSocket') assert.equal(end.code, 1008);
                peer.destroy();
            }
        }
        await own.stop();
    });

    it('B13: 2000 that come and go leave nothing behind', { timeout: 60_000 }, async () => {
        const own = await start_broker(['--threads', '2']);
        async function come_and_go(transport, i) {
            const peer = await peers[transport].open(own);
            await peer.connect();
            const destination = `/queue/of-${i}`;
            await peer.subscribe(destination, { ack: 'client' });
            peer.say('SEND', { destination }, 'x'.repeat(1_000));
            const { headers } = await peer.hear('MESSAGE');
            peer.say('ACK', { id: headers.ack });
            if (i % 3 === 0) return peer.vanish();  // A reset.
            peer.say('DISCONNECT');
            await peer.hear_end();
            peer.destroy();
        }
        async function churn(count, first) {
            let i = first;
            await Promise.all(Array.from({ length: 20 }, async () => {
                while (i < first + count) {
                    const mine = i++;
                    await come_and_go(mine % 2 ? 'TCP' : 'WebSocket', mine);
                }
            }));
        }
        await churn(600, 0);
        const size_before = resident_size(own.pid);
        await churn(2_000, 600);
        const grown = resident_size(own.pid) - size_before;
        assert.ok(grown < 1024 * 1024, `it grew by ${grown} bytes`);
        const drained = async () => {
            const { sessions, destinations } = await state_of(own);
            return sessions === 0 && destinations.every(({ unacknowledged }) => !unacknowledged);
        };
        while (!await drained()) await pause(20);
        assert.equal(own.descriptor_count() < 40, true);
        await own.stop();
    });
});
