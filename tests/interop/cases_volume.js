// Large messages, many fragments, many messages.
'use strict';

const { bytes_of, text_of } = require('./cases_frames.js');
const { binary, continuation, cut, fragments, opcodes, ping, text } = require('./frames.js');
const { closes, hear_binary, hear_pong, hear_text, say, say_chopped } = require('./steps.js');

const kib = 1024;
const mib = 1024 * kib;
const cases = [];
const kinds = [
    { kind: 'text', opcode: opcodes.text, send: text, hear: hear_text, payload_of: text_of },
    { kind: 'binary', opcode: opcodes.binary, send: binary, hear: hear_binary,
      payload_of: bytes_of },
];
const named = (size) => (size >= mib ? `${size / mib} MiB` : size >= kib ? `${size / kib} KiB`
                                                                        : `${size} bytes`);

for (const { kind, opcode, send, hear, payload_of } of kinds) {
    for (const size of [64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib]) {
        cases.push({ name: `${kind} of ${named(size)}`, steps: () => {
            const payload = payload_of(size);
            return [say(send(payload)), hear(payload)];
        } });
    }
    for (const size of [64, 256, kib, 4 * kib, 16 * kib, 64 * kib]) {
        cases.push({ name: `${kind} of 1 MiB in fragments of ${named(size)}`, steps: () => {
            const payload = payload_of(mib);
            return [say(...fragments(opcode, cut(payload, size))), hear(payload)];
        } });
    }
    for (const size of [64, 256, kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, mib, 4 * mib]) {
        cases.push({ name: `${kind} of 4 MiB in fragments of ${named(size)}`, steps: () => {
            const payload = payload_of(4 * mib);
            return [say(...fragments(opcode, cut(payload, size))), hear(payload)];
        } });
    }
    for (const size of [64, 128, 256, 512, kib, 2 * kib]) {
        cases.push({ name: `${kind} of 1 MiB in pieces of ${named(size)}`, steps: () => {
            const payload = payload_of(mib);
            return [say_chopped(size, send(payload)), hear(payload)];
        } });
    }
    for (const size of [0, 16, 64, 256, kib, 4 * kib]) {
        const payload = payload_of(size);
        cases.push({ name: `1000 messages of ${kind} of ${named(size)}, one after the other`,
                     steps: Array(1000).fill([say(send(payload)), hear(payload)]).flat() });
        cases.push({ name: `1000 messages of ${kind} of ${named(size)} at once`,
                     steps: () => [say(...Array(1000).fill(0).map(() => send(payload))),
                                   ...Array(1000).fill(hear(payload))] });
    }
    cases.push({ name: `${kind} of every size from 0 to 1400 at once`, steps: () => {
        const payloads = Array.from({ length: 1401 }, (_, size) => payload_of(size));
        return [say(...payloads.map((p) => send(p))), ...payloads.map((p) => hear(p))];
    } });
    cases.push({ name: `${kind} of 64 KiB in fragments of 1300`, steps: () => {
        const payload = payload_of(65536);
        return [say(...fragments(opcode, cut(payload, 1300))), hear(payload)];
    } });
}

cases.push({ name: '16 messages of 1 MiB before any echo is read: all come back, in order',
             steps: () => {
                 const payloads = Array.from({ length: 16 }, (_, i) => Buffer.alloc(mib, `${i}-`));
                 return [(client) => { client.socket.pause(); },
                         say(...payloads.map((p) => binary(p))),
                         (client) => { client.socket.resume(); }, ...payloads.map(hear_binary)];
             } });
cases.push({ name: 'a ping between the fragments of a large message is answered first',
             steps: () => {
                 const payload = bytes_of(2 * mib);
                 const frames = fragments(opcodes.binary, cut(payload, mib));
                 return [say(frames[0], ping('now'), frames[1]), hear_pong('now'),
                         hear_binary(payload)];
             } });
cases.push({ name: 'text of 1 MiB whose last byte is bad: 1007, no echo', steps: () => {
    const payload = text_of(mib);
    payload[mib - 1] = 0xff;
    return [say(text(payload)), closes(1007)];
} });
cases.push({ name: 'a message of 64 MiB and one byte is over the limit of 64 MiB: 1009',
             steps: [say(binary('', { claim: 64 * mib + 1 })), closes(1009)] });
cases.push({ name: 'fragments of 64 MiB and one byte are, too: 1009',
             steps: () => [say(binary(bytes_of(mib), { fin: false }),
                               continuation('', { claim: 63 * mib + 1 })), closes(1009)] });

module.exports = { cases, concurrency: 2 };
