// What a client owes the server beside the frames: masks that nobody foresees (RFC 6455, 5.3), and
// that it lets the server end TCP (7.1.1).
'use strict';

const assert = require('node:assert/strict');
const { setTimeout: pause } = require('node:timers/promises');
const { binary, close, frame, ping, text } = require('./frames.js');
const { closes, hear_binary, hear_text, say, say_chopped } = require('./steps.js');

const patience_ms = 250;
const cases = [];

// Nothing more is heard, not even the end of TCP.
async function hear_nothing(peer) {
    await assert.rejects(peer.next('something', patience_ms), /in vain/);
}

async function hear_close(peer) {
    assert.equal((await peer.next('the answer to the close')).kind, 'close');
}

function is_ended_by_us(name, frames) {
    const end = [(peer) => peer.half_close(), async (peer) => {
        assert.equal((await peer.next('the end of TCP')).kind, 'end');
        peer.is_over = true;
    }];
    cases.push({ name: `after ${name}, the client waits for us to end TCP`,
                 steps: [say(...frames), hear_close, hear_nothing, ...end] });
    cases.push({ name: `after ${name}, what we still say does not reach it, nor resets us`,
                 steps: [say(...frames), hear_close, say(ping('late'), text('late'), frame(5)),
                         hear_nothing, ...end] });
}
is_ended_by_us('a close', [close(1000)]);
is_ended_by_us('a close without a code', [close()]);
is_ended_by_us('a close with a reason', [close(4000, 'because')]);
is_ended_by_us('a close behind half a message', [text('half', { fin: false }), close(1001)]);
cases.push({ name: 'a server that never ends TCP is left in the end',
             steps: [say(close(1000)), hear_close, async (peer) => {
                 assert.equal((await peer.next('the end of TCP')).kind, 'end');
                 peer.is_over = true;
             }] });

// Of a fault it tells, and lets us read that.
cases.push({ name: 'a client that fails does not reset the server that goes on talking',
             steps: [say(frame(3)), say_chopped(1000, binary(Buffer.alloc(100_000))),
                     closes(1002)] });

// Masks.
cases.push({ name: '500 messages have 500 masks', steps: [
    say(...Array(500).fill(text('masked'))),
    async (peer) => {
        const keys = new Set();
        for (let i = 0; i < 500; ++i) keys.add((await peer.next('an echo')).key.toString('hex'));
        // Of 2^32, two of 500 are the same once in 34,000 runs, and never two pairs.
        assert.ok(keys.size >= 499, `${keys.size} masks`);
        const bits = [...keys].reduce((sum, hex) => sum + Number(`0x${hex}`)
            .toString(2).replaceAll('0', '').length, 0);
        assert.ok(bits > 7000 && bits < 9000, `${bits} of 16,000 bits are set`);
    }] });
cases.push({ name: 'large messages are masked, too', steps: [
    say(binary(Buffer.alloc(300_000, 7))),
    async (peer) => {
        const { key, payload } = await peer.next('an echo');
        assert.ok(payload.equals(Buffer.alloc(300_000, 7)));
        assert.notEqual(key.toString('hex'), '00000000');
    }] });

// Both sides begin to close.
cases.push({ name: 'an echo on its way when the close comes is not waited for',
             steps: [say(text('a'), text('b')), hear_text('a'), hear_text('b'),
                     say(binary('c'), close(3999)), hear_binary('c'), closes(3999)] });

module.exports = { cases };
