// Frames (RFC 6455, sections 5.2 and 5.3): sizes, masks, reserved bits and opcodes, lengths.
'use strict';

const { binary, close, continuation, frame, ping, plays_client, pong,
        text } = require('./frames.js');
const { closes, hear_binary, hear_pong, hear_text, say, say_chopped } = require('./steps.js');

const sizes = [0, 1, 125, 126, 127, 128, 65535, 65536];
const cases = [];

// Bytes that differ from their neighbours at every distance that a cut could shift them by.
function bytes_of(size) {
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; ++i) bytes[i] = (i * 7 + (i >> 8)) & 255;
    return bytes;
}

// The same in printable ASCII.
function text_of(size) {
    return bytes_of(size).map((byte) => 32 + byte % 95);
}

for (const size of sizes) {
    const kinds = [['text', text, hear_text, text_of(size)],
                   ['binary', binary, hear_binary, bytes_of(size)]];
    for (const [kind, send, hear, payload] of kinds) {
        cases.push({ name: `${kind} of ${size} bytes in one write`,
                     steps: [say(send(payload)), hear(payload)] });
        cases.push({ name: `${kind} of ${size} bytes in pieces of 997`,
                     steps: [say_chopped(997, send(payload)), hear(payload)] });
        if (size <= 128) {
            cases.push({ name: `${kind} of ${size} bytes, byte by byte`,
                         steps: [say_chopped(1, send(payload)), hear(payload)] });
        }
    }
}

// Masks (5.1). A server has none.
const keys = ['00000000', 'ffffffff', '00ff00ff', '80808080', '01020304', '61616161', 'fe000000',
              '000000c0'];
for (const hex of keys) {
    const key = Buffer.from(hex, 'hex');
    for (const size of [1, 3, 4, 5, 64, 257]) {
        const heard = plays_client() ? hear_text('a'.repeat(size)) : closes(1002);
        cases.push({ name: `text of ${size} bytes masked by ${hex}`,
                     steps: [say(text('a'.repeat(size), { key })), heard] });
    }
}
cases.push({
    name: 'binary of every size from 0 to 300, in one write',
    steps: () => {
        const payloads = Array.from({ length: 301 }, (_, size) => bytes_of(size));
        return [say(...payloads.map((payload) => binary(payload))), ...payloads.map(hear_binary)];
    },
});
for (const size of [2, 3, 5, 7, 11, 13]) {
    const payload = bytes_of(300);
    cases.push({ name: `binary of 300 bytes in pieces of ${size}: the mask keeps its phase`,
                 steps: [say_chopped(size, binary(payload)), hear_binary(payload)] });
}

// A client's frame without a mask, a server's with one (5.1).
const misfit = { misfit: true };
const how = plays_client() ? 'without a mask' : 'with a mask';
const misfits = {
    'an empty text': text('', misfit),
    'a text': text('hello', misfit),
    'a binary': binary('hello', misfit),
    'a binary of 126 bytes': binary(bytes_of(126), misfit),
    'a ping': ping('hello', misfit),
    'a pong': pong('hello', misfit),
    'a close': close(1000, '', misfit),
};
for (const [name, bytes] of Object.entries(misfits)) {
    cases.push({ name: `${name} ${how} fails with 1002`, steps: [say(bytes), closes(1002)] });
    cases.push({ name: `${name} ${how}, after a message, fails with 1002`,
                 steps: [say(text('first'), bytes), hear_text('first'), closes(1002)] });
}
cases.push({ name: `a continuation ${how} fails with 1002`,
             steps: [say(text('a', { fin: false }), continuation('b', misfit)), closes(1002)] });

// Reserved bits, with no extension negotiated (5.2).
for (let rsv = 1; rsv < 8; ++rsv) {
    const bits = `RSV ${rsv.toString(2).padStart(3, '0')}`;
    const frames = {
        'an empty text': text('', { rsv }),
        'a text': text('hello', { rsv }),
        'a binary': binary(bytes_of(126), { rsv }),
        'a ping': ping('', { rsv }),
        'a pong': pong('hello', { rsv }),
        'a close': close(1000, '', { rsv }),
        'a first fragment': text('hello', { rsv, fin: false }),
    };
    for (const [name, bytes] of Object.entries(frames)) {
        cases.push({ name: `${name} with ${bits} fails with 1002`,
                     steps: [say(bytes), closes(1002)] });
    }
    cases.push({ name: `a continuation with ${bits} fails with 1002`,
                 steps: [say(text('a', { fin: false }), continuation('b', { rsv })),
                         closes(1002)] });
    cases.push({ name: `a text with ${bits} after a message, before a ping: echo, then 1002`,
                 steps: [say(text('first'), text('second', { rsv }), ping()), hear_text('first'),
                         closes(1002)] });
    cases.push({ name: `the same with ${bits}, byte by byte`,
                 steps: [say_chopped(1, text('first'), text('second', { rsv })),
                         hear_text('first'), closes(1002)] });
}

// Reserved opcodes (5.2).
for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
    const fails = [closes(1002)];
    const after_echo = [hear_text('first'), closes(1002)];
    cases.push(
        { name: `opcode ${opcode}, empty, fails with 1002`,
          steps: [say(frame(opcode)), ...fails] },
        { name: `opcode ${opcode} with a payload fails with 1002`,
          steps: [say(frame(opcode, 'payload')), ...fails] },
        { name: `opcode ${opcode}, not final, fails with 1002`,
          steps: [say(frame(opcode, 'payload', { fin: false })), ...fails] },
        { name: `opcode ${opcode} after a message, before a ping: echo, then 1002`,
          steps: [say(text('first'), frame(opcode, 'x'), ping()), ...after_echo] },
        { name: `opcode ${opcode} after a message, byte by byte: echo, then 1002`,
          steps: [say_chopped(1, text('first'), frame(opcode, 'x')), ...after_echo] },
        { name: `opcode ${opcode} inside a fragmented message fails with 1002`,
          steps: [say(text('a', { fin: false }), frame(opcode, 'x')), ...fails] });
}

// Lengths (5.2): the fewest bytes, and the top bit is 0.
const bad_lengths = [[2, 0], [2, 1], [2, 125], [8, 0], [8, 125], [8, 126], [8, 65535]];
for (const [length_size, size] of bad_lengths) {
    for (const [kind, send] of [['text', text], ['binary', binary]]) {
        cases.push({ name: `${kind} of ${size} bytes whose length takes ${length_size}: 1002`,
                     steps: [say(send(text_of(size), { length_size })), closes(1002)] });
    }
}
const kinds_of_control = [['ping', ping], ['pong', pong], ['close', (p, o) => frame(8, p, o)]];
for (const [kind, send] of kinds_of_control) {
    for (const [length_size, size] of [[2, 2], [2, 125], [8, 2], [8, 125]]) {
        cases.push({ name: `${kind} of ${size} bytes whose length takes ${length_size}: 1002`,
                     steps: [say(send(Buffer.alloc(size, 3), { length_size })), closes(1002)] });
    }
}
const top_bit = { 'the top bit alone': 1n << 63n, 'the top bit and 5': (1n << 63n) + 5n,
                  'all bits': (1n << 64n) - 1n };
for (const [name, claim] of Object.entries(top_bit)) {
    for (const [kind, send] of [['text', text], ['binary', binary]]) {
        cases.push({ name: `a ${kind} whose length has ${name} fails`,
                     steps: [say(send('hello', { claim })), closes([1002, 1009])] });
    }
}
cases.push({ name: 'a length of 2^62 is too big: 1009',
             steps: [say(binary('hello', { claim: 1n << 62n })), closes(1009)] });

// A fault is told by its header: the payload need not have come.
const headers_alone = {
    [`a text ${how}`]: text('', { claim: 5, misfit: true }),
    'a reserved bit': text('', { claim: 100, rsv: 2 }),
    'a reserved opcode': frame(5, '', { claim: 100 }),
    'a ping of 126 bytes': ping('', { claim: 126 }),
    'a ping without FIN': ping('', { claim: 5, fin: false }),
    'a continuation of nothing': continuation('', { claim: 5 }),
    'a length that is not minimal': text('', { claim: 5, length_size: 2 }),
};
for (const [name, bytes] of Object.entries(headers_alone)) {
    cases.push({ name: `${name}: 1002 on the header alone`, steps: [say(bytes), closes(1002)] });
}

// A header cut at every byte.
const masked = plays_client() ? { key: Buffer.from('a1b2c3d4', 'hex') } : {};
for (const size of [5, 126, 65536]) {
    const payload = bytes_of(size);
    const bytes = binary(payload, masked);
    const header_size = bytes.length - size;
    for (let at = 1; at <= header_size + 1; ++at) {
        cases.push({ name: `binary of ${size} bytes cut after byte ${at}`,
                     steps: [say_chopped(at, bytes.subarray(0, at)), say(bytes.subarray(at)),
                             hear_binary(payload)] });
    }
}
cases.push({ name: 'a ping between two messages in one write keeps its place',
             steps: [say(text('a'), ping('b'), text('c')), hear_text('a'), hear_pong('b'),
                     hear_text('c')] });

module.exports = { cases, bytes_of, text_of };
