// Text is UTF-8, and what is not fails at its first bad byte (RFC 6455, section 8.1; RFC 3629).
//
// The sequences are made from the rule: the ends of every range of code points, every kind of
// byte where it does not belong, forms too long, surrogates. For each that is bad, a reference
// (first_bad) says which byte is the first that no valid text could have there, and edgews
// must accept all before that byte and refuse with it: neither sooner nor later.
'use strict';

const assert = require('node:assert/strict');
const { isUtf8 } = require('node:buffer');
const { binary, continuation, cut, fragments, opcodes, ping, text } = require('./frames.js');
const { closes, hear_binary, hear_pong, hear_text, say, say_chopped } = require('./steps.js');

const cases = [];
const open_end = { fin: false };
const bytes_of = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const hex = (value) => value.toString(16).toUpperCase().padStart(2, '0');

// What may follow a lead byte (RFC 3629, section 4): one [low, high] per byte; null for a byte
// that leads nothing.
function tails_of(lead) {
    const any = [0x80, 0xbf];
    if (lead < 0x80) return [];
    if (lead < 0xc2 || lead > 0xf4) return null;
    if (lead < 0xe0) return [any];
    const special = { 0xe0: [0xa0, 0xbf], 0xed: [0x80, 0x9f],   // Overlong forms, surrogates.
                      0xf0: [0x90, 0xbf], 0xf4: [0x80, 0x8f] };  // Overlong, past U+10FFFF.
    return [special[lead] ?? any, any, ...(lead < 0xf0 ? [] : [any])];
}

// The index of the first byte that is wrong; the size, if a character lacks its end; else -1.
function first_bad(bytes) {
    let expected = [];
    for (let i = 0; i < bytes.length; ++i) {
        if (expected.length === 0) {
            expected = tails_of(bytes[i]);
            if (!expected) return i;
        } else {
            const [low, high] = expected[0];
            if (bytes[i] < low || bytes[i] > high) return i;
            expected = expected.slice(1);
        }
    }
    return expected.length > 0 ? bytes.length : -1;
}

// A code point in the form of `size` bytes (1 to 6), allowed or not.
function encoded(code_point, size) {
    if (size === 1) return Buffer.from([code_point]);
    const bytes = Buffer.alloc(size);
    for (let i = size - 1; i > 0; --i, code_point >>>= 6) bytes[i] = 0x80 | (code_point & 0x3f);
    bytes[0] = (0xff00 >> size & 0xff) | code_point;
    return bytes;
}

function valid(name, bytes) {
    assert.ok(isUtf8(bytes) && first_bad(bytes) === -1, `not valid: ${name}`);
    const characters = bytes.length > 0 ? [...bytes.toString('utf8')] : [''];
    const heard = hear_text(bytes);
    cases.push({ name: `valid: ${name}`, steps: [say(text(bytes)), heard] });
    cases.push({ name: `valid: ${name}, a fragment per character`,
                 steps: [say(...fragments(opcodes.text, characters)), heard] });
    cases.push({ name: `valid: ${name}, a fragment per byte, a ping after each`,
                 steps: [...fragments(opcodes.text, cut(bytes, 1)).flatMap((one, i, all) =>
                             (i < all.length - 1 ? [say(one, ping()), hear_pong('')] : [say(one)])),
                         heard] });
    cases.push({ name: `valid: ${name}, byte by byte`,
                 steps: [say_chopped(1, text(bytes)), heard] });
}

function invalid(name, bytes) {
    const bad = first_bad(bytes);
    assert.ok(!isUtf8(bytes) && bad !== -1, `valid after all: ${name}`);
    const good_part = bytes.subarray(0, bad);
    const bad_part = bytes.subarray(bad, bad + 1);  // Empty when a character lacks its end.
    const fails = closes(1007);
    cases.push({ name: `invalid: ${name}`, steps: [say(text(bytes)), fails] });
    cases.push({ name: `invalid: ${name}, a fragment per byte`,
                 steps: [say(...fragments(opcodes.text, cut(bytes, 1))), fails] });
    cases.push({ name: `invalid: ${name}, all before the bad byte is accepted`,
                 steps: [say(text(good_part, open_end), ping('so far')), hear_pong('so far'),
                         say(continuation(bad_part, { fin: bad === bytes.length })), fails] });
    if (bad === bytes.length) return;
    const unfinished = text(bytes.subarray(0, bad + 1), { claim: bytes.length + 1000 });
    cases.push({ name: `invalid: ${name}, refused inside an unfinished frame`,
                 steps: [say(unfinished), fails] });
    cases.push({ name: `invalid: ${name}, the same byte by byte`,
                 steps: [say_chopped(1, unfinished), fails] });
}

// Plain text, and the ends of every range.
valid('empty', Buffer.from(''));
valid('ASCII', Buffer.from('Hello, world'));
valid('all of ASCII', Buffer.from(range(0, 127)));
valid('Greek', Buffer.from('κόσμε'));
valid('many scripts', Buffer.from('äöü Привет こんにちは 안녕 नमस्ते مرحبا ñandú 🦊🌍'));
valid('combined and joined', Buffer.from('e\u0301 👩‍👩‍👧 \ufeff'));
const ends = [0, 1, 0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0x1000, 0xcfff, 0xd000, 0xd7ff, 0xe000, 0xfffd,
              0xffff, 0x10000, 0x3ffff, 0x40000, 0xfffff, 0x100000, 0x10ffff];
for (const end of ends) valid(`U+${hex(end)}`, Buffer.from(String.fromCodePoint(end)));
for (const plane of range(0, 16)) {  // Noncharacters may be sent (RFC 3629 allows them).
    const pair = [0xfffe, 0xffff].map((low) => String.fromCodePoint(plane * 0x10000 + low));
    valid(`the noncharacters of plane ${plane}`, Buffer.from(pair.join('')));
}
valid('the noncharacters U+FDD0 to U+FDEF',
      Buffer.from(String.fromCodePoint(...range(0xfdd0, 0xfdef))));
valid('every two-byte lead', bytes_of(...range(0xc2, 0xdf).map((lead) => [lead, 0x80])));
valid('every three-byte lead',
      bytes_of(...range(0xe0, 0xef).map((lead) => [lead, lead === 0xe0 ? 0xa0 : 0x80, 0xbf])));
valid('every four-byte lead',
      bytes_of(...range(0xf0, 0xf4).map((lead) => [lead, lead === 0xf0 ? 0x90 : 0x80, 0x80,
                                                   0x80])));

// Code points that are none: too large for four bytes, or beyond Unicode.
for (const [code_point, size] of [[0x110000, 4], [0x13ffff, 4], [0x140000, 4], [0x1fffff, 4],
                                  [0x200000, 5], [0x3ffffff, 5], [0x4000000, 6], [0x7fffffff, 6]]) {
    invalid(`U+${hex(code_point)} in ${size} bytes`, encoded(code_point, size));
}

// Surrogates, alone and in pairs.
for (const half of [0xd800, 0xdb7f, 0xdb80, 0xdbff, 0xdc00, 0xdf80, 0xdfff]) {
    invalid(`the surrogate U+${hex(half)}`, encoded(half, 3));
}
for (const high of [0xd800, 0xdb7f, 0xdb80, 0xdbff]) {
    for (const low of [0xdc00, 0xdfff]) {
        invalid(`the surrogates U+${hex(high)} U+${hex(low)}`,
                bytes_of(encoded(high, 3), encoded(low, 3)));
    }
}

// Forms longer than needed: a slash, NUL, and the largest of each size.
for (const size of [2, 3, 4, 5, 6]) {
    invalid(`a slash in ${size} bytes`, encoded(0x2f, size));
    invalid(`NUL in ${size} bytes`, encoded(0, size));
    const largest = [0x7f, 0x7ff, 0xffff, 0x1fffff, 0x3ffffff][size - 2];
    invalid(`U+${hex(largest)} in ${size} bytes`, encoded(largest, size));
}

// Continuation bytes with nothing to continue.
for (const count of range(1, 7)) {
    const stray = Buffer.from(range(1, count).map((i) => (i % 2 ? 0x80 : 0xbf)));
    invalid(`${count} stray continuation bytes`, stray);
}
invalid('the last continuation byte alone', Buffer.from([0xbf]));
invalid('all continuation bytes', Buffer.from(range(0x80, 0xbf)));
invalid('a stray continuation byte after text', bytes_of('fine κόσμε', [0x80], 'rest'));

// Lead bytes with nothing, or too little, that follows.
for (const lead of [...range(0xc0, 0xfd)]) {
    invalid(`lead ${hex(lead)} and a space`, bytes_of([lead], ' '));
    invalid(`lead ${hex(lead)} at the end`, Buffer.from([lead]));
}
const short_forms = [encoded(0, 2), encoded(0x7ff, 2), encoded(0x800, 3), encoded(0xffff, 3),
                     encoded(0x10000, 4), encoded(0x10ffff, 4), encoded(0x3ffffff, 5),
                     encoded(0x7fffffff, 6)].map((form) => form.subarray(0, -1));
for (const form of short_forms) {
    const name = `${[...form].map(hex).join(' ')}, a character without its last byte`;
    invalid(name, form);
    invalid(`${name}, before text`, bytes_of(form, 'text'));
    invalid(`${name}, before another lead`, bytes_of(form, 'é'));
}
invalid('all characters without their last bytes in a row', bytes_of(...short_forms));
invalid('a four-byte character of two bytes', Buffer.from([0xf0, 0x9d]));
invalid('a lead in place of the last byte', Buffer.from([0xf0, 0x9d, 0x84, 0xf0]));

// Bytes that are never part of UTF-8.
for (const byte of [0xfe, 0xff]) invalid(`byte ${hex(byte)}`, Buffer.from([byte]));
invalid('FE FE FF FF', Buffer.from([0xfe, 0xfe, 0xff, 0xff]));
invalid('Latin-1', Buffer.from('naïve café', 'latin1'));
invalid('UTF-16 with its mark', Buffer.from('\ufeffab', 'utf16le'));

// A bad byte at any place of text that a vector kernel takes in blocks.
const fillers = { 'ASCII': 'plain text ', 'Cyrillic': 'привет', 'CJK': '日本語', 'emoji': '🦊🌍' };
const places = [0, 1, 7, 14, 15, 16, 17, 30, 31, 32, 33, 47, 62, 63, 64, 65, 127, 128, 129, 191,
                255];
for (const [script, filler] of Object.entries(fillers)) {
    const characters = [...filler.repeat(100)];
    for (const place of places) {
        let before = '';  // Whole characters up to `place` bytes, then spaces.
        while (Buffer.byteLength(before + characters[0]) <= place) before += characters.shift();
        before = bytes_of(before, ' '.repeat(place - Buffer.byteLength(before)));
        const rest = filler.repeat(20);
        cases.push({ name: `a stray 80 at byte ${place} of ${script}`,
                     steps: [say(text(bytes_of(before, [0x80], rest))), closes(1007)] });
        cases.push({ name: `a character cut short at byte ${place} of ${script}`,
                     steps: [say(text(bytes_of(before, [0xe2, 0x82], rest))), closes(1007)] });
        cases.push({ name: `an unfinished frame with a surrogate at byte ${place} of ${script}`,
                     steps: [say(text(bytes_of(before, [0xed, 0xa0]), { claim: 5000 })),
                             closes(1007)] });
    }
}
cases.push({ name: 'a bad byte after 64 KiB of a 16 MiB frame is refused at once',
             steps: () => [say(text(bytes_of('κό '.repeat(13107), [0xff]), { claim: 1 << 24 })),
                           closes(1007)] });
cases.push({ name: 'a good message, then a bad one: echo, then 1007',
             steps: [say(text('good'), text([0xff]), text('late')), hear_text('good'),
                     closes(1007)] });
cases.push({ name: 'a character cut short does not leak into the next message',
             steps: [say(text([0xe2, 0x82]), text([0xac])), closes(1007)] });
cases.push({ name: 'binary is not looked at, in one frame or many',
             steps: [say(binary([0xff, 0xc0, 0x80]),
                         ...fragments(opcodes.binary, [[0xff], [0xfe]])),
                     hear_binary([0xff, 0xc0, 0x80]), hear_binary([0xff, 0xfe])] });

module.exports = { cases, concurrency: 16 };
