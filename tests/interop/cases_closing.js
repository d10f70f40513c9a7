// The closing handshake (RFC 6455, sections 5.5.1, 7.1 and 7.4).
'use strict';

const { binary, close, continuation, frame, opcodes, ping, plays_client, pong,
        text } = require('./frames.js');
const { closes, hear_binary, hear_pong, hear_text, say, say_chopped } = require('./steps.js');

const cases = [];
const body_of = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const code_1000 = [0x03, 0xe8];

function both_ways(name, bytes, heard) {
    cases.push({ name, steps: [say(bytes), ...heard] });
    cases.push({ name: `${name}, byte by byte`, steps: [say_chopped(1, bytes), ...heard] });
}

// What a close frame may bear.
cases.push({ name: 'a close without a body is answered by one without, or by 1000',
             steps: [say(close()), closes([undefined, 1000])] });
both_ways('a close with 1000', close(1000), [closes(1000)]);
both_ways('a close with a reason', close(1000, 'done for today'), [closes(1000)]);
both_ways('a close with a reason of 123 bytes', close(1000, 'x'.repeat(123)), [closes(1000)]);
both_ways('a close with a reason that is not ASCII', close(1001, 'αντίο, 再见 👋'), [closes(1001)]);
both_ways('a reason of 123 bytes that are not ASCII', close(1000, 'é'.repeat(61) + 'x'),
          [closes(1000)]);
both_ways('a close of one byte fails with 1002', frame(opcodes.close, [3]), [closes(1002)]);
both_ways('a reason of 124 bytes fails with 1002', close(1000, 'x'.repeat(124)), [closes(1002)]);
both_ways('a close of 602 bytes fails with 1002',
          frame(opcodes.close, body_of(code_1000, Buffer.alloc(600, 'x')), { length_size: 2 }),
          [closes(1002)]);

const bad_reasons = {
    'a stray continuation byte': [0x80],
    'a character cut short': [0x61, 0xe2, 0x82],
    'a surrogate': [0xed, 0xa0, 0x80],
    'an overlong slash': [0xc0, 0xaf],
    'a code point past U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
    'an impossible byte after text': [...Buffer.from('fine so far '), 0xff],
    'a bad byte as the last of 123': [...Buffer.alloc(122, 'x'), 0xfe],
};
for (const [name, bytes] of Object.entries(bad_reasons)) {
    both_ways(`a reason with ${name} fails with 1007`,
              frame(opcodes.close, body_of(code_1000, bytes)), [closes(1007)]);
}

// Which codes may be on the wire (7.4.1, 7.4.2, and IANA's registry).
const good_codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000,
                    3001, 3999, 4000, 4001, 4999];
const bad_codes = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 10000,
                   65535];
for (const code of good_codes) {
    cases.push({ name: `code ${code} is echoed`, steps: [say(close(code)), closes(code)] });
    cases.push({ name: `code ${code} with a reason is echoed`,
                 steps: [say(close(code, 'because')), closes(code)] });
}
for (const code of bad_codes) {
    cases.push({ name: `code ${code} fails with 1002`, steps: [say(close(code)), closes(1002)] });
    cases.push({ name: `code ${code} with a reason fails with 1002`,
                 steps: [say(close(code, 'because')), closes(1002)] });
}

// What follows a close frame is ignored (5.5.1), wrong or right.
const followers = {
    'a text': [text('late')],
    'a binary': [binary('late')],
    'a ping': [ping('late')],
    'a pong': [pong('late')],
    'a second close': [close(1001)],
    'two more closes': [close(1000), close(4000, 'again')],
    'a stray continuation': [continuation('late')],
    'a reserved opcode': [frame(5, 'late')],
    'a text that is not UTF-8': [text([0xff])],
    [plays_client() ? 'an unmasked text' : 'a masked text']: [text('late', { misfit: true })],
    'half a frame': [text('late').subarray(0, 4)],
};
for (const [name, frames] of Object.entries(followers)) {
    cases.push({ name: `${name} after the close, in one write, is ignored`,
                 steps: [say(close(1000), ...frames), closes(1000)] });
    cases.push({ name: `${name} after a message and a close is ignored`,
                 steps: [say(text('before'), close(3000), ...frames), hear_text('before'),
                         closes(3000)] });
}

// What came before it is not.
cases.push({ name: 'a message and a close in one write: echo, then the close',
             steps: [say(text('hello'), close(1000)), hear_text('hello'), closes(1000)] });
cases.push({ name: 'a ping and a close in one write: pong, then the close',
             steps: [say(ping('hello'), close(1000)), hear_pong('hello'), closes(1000)] });
cases.push({ name: 'a hundred messages and a close in one write: all are echoed',
             steps: () => {
                 const all = Array.from({ length: 100 }, (_, i) => `message ${i}`);
                 return [say(...all.map((m) => text(m)), close(1000)), ...all.map(hear_text),
                         closes(1000)];
             } });
for (const after of [[], [ping('late')]]) {
    cases.push({ name: `256 KiB, a close${after.length ? ', a ping' : ''}: the whole echo first`,
                 steps: () => {
                     const large = Buffer.alloc(262144, 'BAsd7&jh23');
                     return [say(binary(large), close(1000), ...after), hear_binary(large),
                             closes(1000)];
                 } });
}
cases.push({ name: 'a close in the middle of a fragmented message: no echo, but a close',
             steps: [say(text('never ended', { fin: false }), close(1000)), closes(1000)] });

// Who ends TCP without a close frame is let go.
cases.push({ name: 'TCP ended without a close frame: edgews ends it too',
             steps: [say(text('bye')), hear_text('bye'), (client) => client.half_close(),
                     async (client) => {
                         for (let event; event?.kind !== 'end'; ) {
                             event = await client.next('the end of TCP');
                             if (event.kind === 'error') throw new Error(`heard ${event.code}`);
                         }
                         client.is_over = true;
                     }] });

module.exports = { cases };
