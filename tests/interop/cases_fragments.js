// Fragments and control frames (RFC 6455, sections 5.4 and 5.5).
'use strict';

const { binary, close, continuation, cut, fragments, frame, opcodes, ping, pong,
        text } = require('./frames.js');
const { closes, hear_binary, hear_pong, hear_text, say, say_chopped } = require('./steps.js');

const open_end = { fin: false };
const cases = [];

// Runs the same frames in one write, frame by frame and byte by byte.
function in_every_way(name, frames, heard) {
    cases.push({ name: `${name}, in one write`, steps: [say(...frames), ...heard] });
    cases.push({ name: `${name}, a write per frame`,
                 steps: [...frames.map((one) => say_chopped(one.length, one)), ...heard] });
    cases.push({ name: `${name}, byte by byte`, steps: [say_chopped(1, ...frames), ...heard] });
}

// Pings and pongs (5.5.2, 5.5.3).
const all_bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
for (const size of [0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 63, 64, 100, 124, 125]) {
    const payload = all_bytes.subarray(131, 131 + size);
    cases.push({ name: `a ping of ${size} bytes`,
                 steps: [say(ping(payload)), hear_pong(payload)] });
    cases.push({ name: `a pong of ${size} bytes that nobody asked for, then a ping`,
                 steps: [say(pong(payload), ping(payload)), hear_pong(payload)] });
}
cases.push({
    name: 'pings of every size from 0 to 125, one after the other',
    steps: Array.from({ length: 126 }, (_, size) => all_bytes.subarray(0, size))
        .flatMap((payload) => [say(ping(payload)), hear_pong(payload)]),
});
in_every_way('a ping of binary', [ping(Buffer.from('00fffefd01c0', 'hex'))],
             [hear_pong(Buffer.from('00fffefd01c0', 'hex'))]);
in_every_way('a ping of 125 bytes', [ping(Buffer.alloc(125, 0xfe))],
             [hear_pong(Buffer.alloc(125, 0xfe))]);
in_every_way('a pong, a ping, a pong', [pong('a'), ping('b'), pong('c')], [hear_pong('b')]);

const ten = Array.from({ length: 10 }, (_, i) => `ping ${i}`);
in_every_way('ten pings are answered in order', ten.map((payload) => ping(payload)),
             ten.map((payload) => hear_pong(payload)));

for (const [kind, opcode] of [['ping', 9], ['pong', 10], ['close', 8]]) {
    const body = Buffer.concat([Buffer.from([3, 232]), Buffer.alloc(300, 'x')]);
    for (const size of [126, 127, 128, 302]) {
        cases.push({ name: `a ${kind} of ${size} bytes fails with 1002`,
                     steps: [say(frame(opcode, body.subarray(0, size))), closes(1002)] });
    }
    cases.push({ name: `a ${kind} of 126 bytes, byte by byte, fails with 1002`,
                 steps: [say_chopped(1, frame(opcode, body.subarray(0, 126))), closes(1002)] });
    in_every_way(`a ${kind} without FIN fails with 1002`,
                 [frame(opcode, body.subarray(0, 5), open_end)], [closes(1002)]);
    in_every_way(`a ${kind} in two fragments fails with 1002`,
                 [frame(opcode, body.subarray(0, 5), open_end), continuation('rest')],
                 [closes(1002)]);
    cases.push({ name: `a ${kind} without FIN inside a message fails with 1002`,
                 steps: [say(text('a', open_end), frame(opcode, '', open_end)), closes(1002)] });
}

// Messages in fragments (5.4).
for (const [kind, opcode, hear] of [['text', 1, hear_text], ['binary', 2, hear_binary]]) {
    in_every_way(`${kind} in two fragments`, fragments(opcode, ['fragment1', 'fragment2']),
                 [hear('fragment1fragment2')]);
    in_every_way(`${kind} in three empty fragments`, fragments(opcode, ['', '', '']), [hear('')]);
    in_every_way(`${kind} with only its middle fragment not empty`,
                 fragments(opcode, ['', 'middle', '']), [hear('middle')]);
    in_every_way(`${kind} ended by an empty fragment`, fragments(opcode, ['all of it', '']),
                 [hear('all of it')]);
    in_every_way(`${kind} in fragments of one byte`, fragments(opcode, cut('one byte each', 1)),
                 [hear('one byte each')]);
    in_every_way(`two messages of ${kind} in fragments, and one whole`,
                 [...fragments(opcode, ['a', 'b', 'c']), ...fragments(opcode, ['d', 'e']),
                  frame(opcode, 'f')],
                 [hear('abc'), hear('de'), hear('f')]);

    // Control frames between fragments.
    const [first, last] = fragments(opcode, ['first', 'last']);
    in_every_way(`a ping between fragments of ${kind} is answered at once`,
                 [first, ping('now'), last], [hear_pong('now'), hear('firstlast')]);
    in_every_way(`a pong between fragments of ${kind}`, [first, pong('now'), last],
                 [hear('firstlast')]);
    in_every_way(`pings between five fragments of ${kind}`,
                 fragments(opcode, ['a', 'b', 'c', 'd', 'e'])
                     .flatMap((one, i) => (i === 0 ? [one] : [ping(`ping ${i}`), one])),
                 [...[1, 2, 3, 4].map((i) => hear_pong(`ping ${i}`)), hear('abcde')]);
    cases.push({ name: `a ping is answered before the rest of ${kind} is sent`,
                 steps: [say(first, ping('now')), hear_pong('now'), say(last),
                         hear('firstlast')] });
    cases.push({ name: `a close between fragments of ${kind} ends the connection`,
                 steps: [say(first, close(1000), last), closes(1000)] });
    const sizes = [1, 100, 126, 3000, 0, 70000];
    const large = Buffer.alloc(sizes.reduce((a, b) => a + b), 'large');
    let at = 0;
    const pieces = sizes.map((size) => large.subarray(at, (at += size)));
    cases.push({ name: `${kind} in fragments of many sizes, in pieces of 997`,
                 steps: [say_chopped(997, ...fragments(opcode, pieces)), hear(large)] });
}

// Continuations of nothing.
for (const fin of [true, false]) {
    const stray = continuation('nothing to continue', { fin });
    const name = fin ? 'a final continuation' : 'a continuation that is not final';
    in_every_way(`${name} without a start fails with 1002`, [stray, text('hello')],
                 [closes(1002)]);
    in_every_way(`${name} after a whole message fails with 1002`, [text('a'), stray, text('b')],
                 [hear_text('a'), closes(1002)]);
    in_every_way(`${name} after a fragmented message fails with 1002`,
                 [...fragments(opcodes.text, ['a', 'b']), stray, text('c')],
                 [hear_text('ab'), closes(1002)]);
    cases.push({ name: `${name}, empty, without a start fails with 1002`,
                 steps: [say(continuation('', { fin })), closes(1002)] });
    in_every_way(`${name} after a ping fails with 1002`, [ping('p'), stray],
                 [hear_pong('p'), closes(1002)]);
}

// New messages inside a fragmented one.
for (const [kind, send] of [['text', text], ['binary', binary]]) {
    for (const fin of [true, false]) {
        in_every_way(`a ${kind} (FIN ${fin}) inside a fragmented text fails with 1002`,
                     [text('a', open_end), send('b', { fin })], [closes(1002)]);
        in_every_way(`a ${kind} (FIN ${fin}) after two fragments of binary fails with 1002`,
                     [binary('a', open_end), continuation('b', open_end), send('c', { fin })],
                     [closes(1002)]);
    }
}
cases.push({ name: 'a new text inside a fragmented one, and its continuation: 1002, no echo',
             steps: [say(text('a', open_end), text('b'), continuation('c')), closes(1002)] });

// Text whose characters are cut by frames and by writes at once.
const mixed = Buffer.from('κόσμε 𝄞 日本語 – plain, Ünïcödé \u0000 end');
for (const size of [1, 2, 3, 5, 8]) {
    const frames = fragments(opcodes.text, cut(mixed, size));
    cases.push({ name: `text with characters cut into fragments of ${size}`,
                 steps: [say(...frames), hear_text(mixed)] });
    for (const chop of [1, 2, 7]) {
        cases.push({ name: `the same in fragments of ${size}, in pieces of ${chop}`,
                     steps: [say_chopped(chop, ...frames), hear_text(mixed)] });
    }
}

module.exports = { cases };
