// permessage-deflate (RFC 7692), with a client that offers it.
'use strict';

const assert = require('node:assert/strict');
const { constants, deflateRawSync } = require('node:zlib');
const { binary, close, continuation, cut, fragments, frame, opcodes, ping, pong,
        text } = require('./frames.js');
const { closes, hear, hear_binary, hear_pong, hear_text, say, say_chopped } = require('./steps.js');

const plain = 'permessage-deflate';
const cases = [];
const compressed = { rsv: 4 };
const add = (name, steps, extensions = plain) => cases.push({ name, steps, extensions });
const bytes_of_hex = (hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

// A compressed message in `piece_size`d fragments, or whole.
const frames_of = (opcode, payload, piece_size = Infinity) =>
    fragments(opcode, cut(payload, Math.min(piece_size, payload.length)))
        .map((one, i) => (i === 0 ? Buffer.concat([Buffer.from([one[0] | 0x40]), one.subarray(1)])
                                  : one));

// Compresses when it is said, after what was said before.
function say_compressed(opcode, message, { piece_size, chop } = {}) {
    return (peer) => {
        const frames = frames_of(opcode, peer.deflater.compress(message), piece_size);
        return (chop ? say_chopped(chop, ...frames) : say(...frames))(peer);
    };
}
const echo = (message, options) =>
    (typeof message === 'string'
        ? [say_compressed(opcodes.text, message, options), hear_text(message)]
        : [say_compressed(opcodes.binary, message, options), hear_binary(message)]);

// The echo must be compressed, too.
function hear_compressed(message) {
    return async (peer) => {
        const event = await peer.next('a compressed text');
        assert.equal(event.kind, 'text');
        assert.ok(event.is_compressed, 'it is not compressed');
        assert.equal(event.payload.toString(), message);
    };
}

// The RFC's examples (7.2.3): a message that says "Hello" in each way.
const examples = {
    '7.2.3.1': ['f248 cdc9 c907 00'],
    '7.2.3.2, the second of them': ['f248 cdc9 c907 00', 'f200 1100 00'],
    '7.2.3.3, not compressed': ['00 0500 faff 4865 6c6c 6f 00'],
    '7.2.3.4, with BFINAL': ['f348 cdc9 c907 00 00'],
    '7.2.3.5, two blocks': ['f248 0500 0000 ffff cac9 c907 00'],
    '7.2.3.4, twice': ['f348 cdc9 c907 00 00', 'f348 cdc9 c907 00 00'],
};
for (const [section, payloads] of Object.entries(examples)) {
    const messages = payloads.map(bytes_of_hex);
    for (const piece_size of [Infinity, 3, 1]) {
        const size = piece_size === Infinity ? '' : `, in fragments of ${piece_size}`;
        const frames = messages.flatMap((m) => frames_of(opcodes.text, m, piece_size));
        const heard = messages.map(() => hear_text('Hello'));
        add(`the example of ${section}${size}`, [say(...frames), ...heard]);
        add(`the example of ${section}${size}, byte by byte`,
            [say_chopped(1, ...frames), ...heard]);
    }
}
const [first, last] = fragments(opcodes.text, ['Hel', 'lo']);
add('uncompressed messages, where compression was agreed on',
    [say(text('Hello'), binary('Hello'), first, ping('p'), last), hear_text('Hello'),
     hear_binary('Hello'), hear_pong('p'), hear_text('Hello')]);
add('compressed and uncompressed in turns',
    [...echo('Hello'), say(text('Hello')), hear_text('Hello'), ...echo('Hello'),
     say(binary('Hello')), hear_binary('Hello'), ...echo(Buffer.from('Hello'))]);

// Every variant of an answer.
const lines = Array.from({ length: 60 },
                         (_, i) => `{"id":${i},"price":${100 + i * 31 % 97}} κόσμε`);
const json = lines.join('\n');
const noise = Buffer.alloc(5000);  // Does not compress, and repeats nothing.
for (let i = 0, state = 1; i < noise.length; ++i) {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    noise[i] = state >>> 24;
}
const variants = [`${plain};client_max_window_bits="9" ; server_max_window_bits=8`];
for (const server of ['', '; server_no_context_takeover']) {
    for (const client of ['', '; client_no_context_takeover']) {
        variants.push(plain + server + client);
        for (const bits of [8, 9, 10, 12, 15]) {
            for (const side of ['client', 'server']) {
                variants.push(`${plain}${server}${client}; ${side}_max_window_bits=${bits}`);
            }
        }
    }
}
for (const extensions of variants) {
    const after = extensions.slice(plain.length) || ', no parameters';
    const messages = ['', 'Hello', json, json, noise, json.slice(0, 100), '', json, noise];
    add(`all kinds of messages${after}`, messages.flatMap((m) => echo(m)), extensions);
    add(`the same at once${after}`,
        [...messages.map((m) => echo(m)[0]), ...messages.map((m) => echo(m)[1])], extensions);
    add(`fragments and pieces${after}`,
        [...echo(json, { piece_size: 10 }), ...echo(json, { chop: 7 }),
         ...echo(noise, { piece_size: 100, chop: 33 }), ...echo('', { chop: 1 })], extensions);
    add(`what is large comes back compressed${after}`,
        [say_compressed(opcodes.text, json), hear_compressed(json), say(text(json)),
         (peer) => { peer.deflater.remember(''); }, hear_compressed(json)], extensions);
}

// Fragments (6.1) and control frames between them.
for (const [kind, message] of [['text', json], ['binary', noise]]) {
    for (const piece_size of [1, 2, 100, 1000]) {
        add(`compressed ${kind} in fragments of ${piece_size}`, echo(message, { piece_size }));
    }
    add(`compressed ${kind}, byte by byte`, echo(message, { chop: 1 }));
}
add('a ping and a pong between compressed fragments',
    [(peer) => {
        const frames = frames_of(opcodes.text, peer.deflater.compress(json), 50);
        peer.send(...frames.flatMap((one, i) => [one, ping(`${i}`), pong('x')].slice(0, i < 3 ? 3
                                                                                             : 1)));
    }, hear_pong('0'), hear_pong('1'), hear_pong('2'), hear_text(json)]);
add('the last fragment is empty',
    [(peer) => {
        const payload = peer.deflater.compress('Hello');
        peer.send(frame(opcodes.text, payload, { fin: false, ...compressed }), continuation(''));
    }, hear_text('Hello')]);
add('the first fragment is empty',
    [(peer) => {
        const payload = peer.deflater.compress('Hello');
        peer.send(frame(opcodes.text, '', { fin: false, ...compressed }), continuation(payload));
    }, hear_text('Hello')]);
add('an empty message in every form', [
    ...['00', '02 00', '03 00', '01 00 00 ff ff'].flatMap((hex) => [
        say(text(bytes_of_hex(hex), compressed)), hear_text(''),
        say(...frames_of(opcodes.binary, bytes_of_hex(hex), 1)), hear_binary(''),
    ])]);

// Text is UTF-8 once it is restored.
add('text that is not UTF-8 once it is restored: 1007',
    [say_compressed(opcodes.text, Buffer.from([0x61, 0xff])), closes(1007)]);
add('text that ends inside a character: 1007',
    [say_compressed(opcodes.text, Buffer.from('Hello €').subarray(0, -1)), closes(1007)]);
add('text whose bad byte comes after a megabyte: 1007',
    [say_compressed(opcodes.text, Buffer.concat([Buffer.alloc(1 << 20, 'a'), Buffer.from([0xc0])])),
     closes(1007)]);
add('a good text, then a bad one: echo, then 1007',
    [...echo('Hello'), say_compressed(opcodes.text, Buffer.from([0x80])), closes(1007)]);
add('what was compressed need not be UTF-8 itself',
    [say_compressed(opcodes.text, 'κόσμε'), hear_text('κόσμε')]);
add('binary need not be UTF-8', echo(Buffer.from([0xff, 0xfe, 0x80, 0xc0])));

// RSV1 where it does not belong (6.1), and the other bits.
const hello = bytes_of_hex('f248 cdc9 c907 00');
for (const rsv of [4, 5, 6, 7, 1, 2, 3]) {
    const bits = `RSV ${rsv.toString(2).padStart(3, '0')}`;
    for (const [kind, opcode] of [['ping', opcodes.ping], ['pong', opcodes.pong],
                                  ['close', opcodes.close]]) {
        add(`a ${kind} with ${bits} fails with 1002`, [say(frame(opcode, '', { rsv })),
                                                       closes(1002)]);
    }
    add(`a continuation of compressed text with ${bits} fails with 1002`,
        [say(frame(opcodes.text, hello.subarray(0, 3), { fin: false, ...compressed }),
             continuation(hello.subarray(3), { rsv })), closes(1002)]);
    add(`a continuation of plain text with ${bits} fails with 1002`,
        [say(text('Hel', { fin: false }), continuation('lo', { rsv })), closes(1002)]);
    if (rsv === 4) continue;
    add(`a text with ${bits} fails with 1002`, [say(text(hello, { rsv })), closes(1002)]);
    add(`a text with ${bits} after an echo fails with 1002`,
        [...echo('Hello'), say(text(hello, { rsv })), closes(1002)]);
}
for (const [kind, send] of [['text', text], ['binary', binary]]) {
    cases.push({ name: `a compressed ${kind} that was not agreed on fails with 1002`,
                 steps: [say(send(hello, compressed)), closes(1002)] });
}

// Streams that are broken.
const broken = {
    'a block of the reserved type': '06 00',
    'a length that is not its complement': '00 05 00 05 00 48 65 6c 6c 6f 00',
    'a distance to before the first message': 'f2 00 11 00 00',
    'a stored block cut short': '00 05 00 fa ff 48 65',
    'bytes of noise': 'ff ff ff ff ff ff',
    'a tree that is none': '05 e0 81 91 24 cb b2 2c 49 e2 0f 2e',
};
for (const [name, hex] of Object.entries(broken)) {
    for (const [kind, opcode] of [['text', opcodes.text], ['binary', opcodes.binary]]) {
        const payload = bytes_of_hex(hex);
        add(`${kind}: ${name} fails`, [say(...frames_of(opcode, payload)), closes([1002, 1007])]);
        add(`${kind}: ${name}, in fragments, fails`,
            [say(...frames_of(opcode, payload, 1)), closes([1002, 1007])]);
        add(`${kind}: ${name}, after an echo and before another message, fails`,
            [...(name.startsWith('a distance') ? [say(text('Hello')), hear_text('Hello')]
                                               : echo('Hello')),
             say(...frames_of(opcode, payload), text('late')), closes([1002, 1007])]);
    }
}
add('a reference across messages, where the server promised none, fails',
    [say(...frames_of(opcodes.text, hello)), hear_text('Hello'),
     say(...frames_of(opcodes.text, bytes_of_hex('f200 1100 00'))), closes([1002, 1007])],
    `${plain}; server_no_context_takeover`);
add('a close in the middle of a compressed message',
    [say(frame(opcodes.text, hello.subarray(0, 3), { fin: false, ...compressed }), close(1000)),
     closes(1000)]);
add('a compressed message behind the close is ignored',
    [say(close(1000), text(hello, compressed)), closes(1000)]);

// Volume, and ratios.
const mib = 1 << 20;
for (const size of [mib, 4 * mib, 16 * mib]) {
    cases.push({ name: `${size / mib} MiB of one letter`, extensions: plain,
                 steps: () => echo(Buffer.alloc(size, 'a')) });
    cases.push({ name: `${size / mib} MiB of text`, extensions: plain,
                 steps: () => echo(json.repeat(Math.floor(size / Buffer.byteLength(json)))) });
}
const bomb = deflateRawSync(Buffer.alloc(65 * mib), { finishFlush: constants.Z_SYNC_FLUSH })
    .subarray(0, -4);
add('65 MiB of zeros, where the limit is 64: 1009',
    [say(...frames_of(opcodes.binary, bomb)), closes(1009)]);
add('65 MiB of zeros in fragments: 1009',
    [say(...frames_of(opcodes.binary, bomb, 1000)), closes(1009)]);
cases.push({ name: '1000 messages at once, each like the others', extensions: plain,
             steps: () => {
                 const messages = Array.from({ length: 1000 }, (_, i) => `${lines[i % 60]} ${i}`);
                 return [...messages.map((m) => say_compressed(opcodes.text, m)),
                         ...messages.map((m) => hear('text', m))];
             } });
cases.push({ name: 'messages of every size from 0 to 600', extensions: plain,
             steps: () => Array.from({ length: 601 }, (_, size) => json.slice(0, size))
                 .flatMap((m) => echo(m)) });

module.exports = { cases };
