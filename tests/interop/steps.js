// The language of the conformance cases: what our end says, what it must then hear. Ours is the
// client, unless frames.js was told otherwise.
//
// A case is { name, steps }; `steps` is a list, or a function that makes one (for large
// payloads). A case that does not end in a failure ends with a clean closing handshake, which
// shows that the connection was still in order and that nothing else was said.
'use strict';

const assert = require('node:assert/strict');
const { close, plays_client } = require('./frames.js');
const { RawClient } = require('./raw_client.js');

// A server that breaks a connection off closes TCP at once; 5 s would be the patience it has
// for a peer's close frame (RFC 6455, section 7.1.7: the frame is sent, TCP is closed). So does a
// client when the server has ended TCP.
const end_timeout_ms = 4_000;

function shown(bytes) {
    const head = bytes.subarray(0, 24).toString('latin1');
    return bytes.length > 24 ? `${JSON.stringify(head)}… (${bytes.length} bytes)`
                             : JSON.stringify(head);
}

function described(event) {
    if (event.payload) return `${event.kind} of ${shown(event.payload)}`;
    if (event.kind === 'close') return `close ${event.code} "${event.reason}"`;
    return event.code ? `${event.kind} ${event.code}` : event.kind;
}

// Sends the frames, all in one write.
const say = (...frames) => (client) => client.send(...frames);

// Sends the frames' bytes in pieces of `size`, one write each.
const say_chopped = (size, ...frames) => (client) => client.send_chopped(size, ...frames);

function hear(kind, payload) {
    const wanted = Buffer.from(payload);
    return async (client) => {
        const event = await client.next(`${kind} of ${shown(wanted)}`);
        assert.equal(event.kind, kind,
                     `wanted ${kind} of ${shown(wanted)}, heard ${described(event)}`);
        assert.ok(event.payload.equals(wanted),
                  `wanted ${kind} of ${shown(wanted)}, heard ${described(event)}`);
    };
}

const hear_text = (payload) => hear('text', payload);
const hear_binary = (payload) => hear('binary', payload);
const hear_pong = (payload) => hear('pong', payload);

// A close frame with this code (undefined: an empty one; a list: any of them), then the end of
// the TCP stream, which the server begins. `reason`, where given, must match too.
function closes(code, reason) {
    const codes = [code].flat();
    return async (client) => {
        const wanted = `close ${codes.join(' or ')}`;
        const event = await client.next(wanted);
        assert.equal(event.kind, 'close', `wanted ${wanted}, heard ${described(event)}`);
        assert.ok(codes.includes(event.code), `wanted ${wanted}, heard ${described(event)}`);
        if (reason !== undefined) assert.equal(event.reason, reason);
        if (!plays_client()) client.half_close();
        const end = await client.next('the end of TCP after the close frame', end_timeout_ms);
        assert.equal(end.kind, 'end', `wanted the end of TCP, heard ${described(end)}`);
        client.is_over = true;
    };
}

async function run_steps(client, { steps }) {
    try {
        for (const step of typeof steps === 'function' ? steps() : steps) await step(client);
        if (!client.is_over) {
            client.send(close(1000));
            await closes(1000)(client);
        }
    } finally {
        client.destroy();
    }
}

async function run_case(server, one) {
    await run_steps(await RawClient.connect(server), one);
}

module.exports = {
    closes, hear, hear_binary, hear_pong, hear_text, run_case, run_steps, say, say_chopped,
};
