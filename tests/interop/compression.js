// permessage-deflate (RFC 7692) in one direction, message by message, by Node's zlib.
'use strict';

const assert = require('node:assert/strict');
const { constants, deflateRawSync, inflateRawSync } = require('node:zlib');

const tail = Buffer.from([0, 0, 0xff, 0xff]);  // Taken off and put back (7.2.1, 7.2.2).
const size_max = 1 << 28;

class Direction {
    #has_takeover;
    #bits;
    #window = Buffer.alloc(0);

    // `has_takeover`: messages may refer to those before. `bits`: at most 2^bits bytes back.
    constructor({ has_takeover = true, bits = 15 } = {}) {
        this.#has_takeover = has_takeover;
        this.#bits = bits;
    }

    // The payload of a message's frames.
    compress(message) {
        const bytes = deflateRawSync(message, this.#options());
        assert.ok(bytes.subarray(-4).equals(tail));
        this.remember(message);
        return bytes.subarray(0, -4);
    }

    // The message. Throws where the payload refers to what is too far back.
    take(payload) {
        // zlib sees that only where it needs its window: at the ends of what it puts out at once.
        const options = this.#bits < 15 ? { chunkSize: 64 } : {};
        const message = inflateRawSync(Buffer.concat([payload, tail]),
                                       { ...this.#options(), ...options });
        this.remember(message);
        return message;
    }

    // A message that went in another way than through here.
    remember(message) {
        if (!this.#has_takeover) return;
        const all = Buffer.concat([this.#window, Buffer.from(message)]);
        this.#window = all.subarray(-(2 ** this.#bits));
    }

    // Each call is a stream of its own to zlib; what came before is its dictionary.
    #options() {
        const dictionary = this.#window.length > 0 ? this.#window : undefined;
        return { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: size_max,
                 windowBits: this.#bits, dictionary };
    }
}

// What the value of a response's Sec-WebSocket-Extensions says of the two directions: options of
// Direction, for `client` and `server`.
function directions_of(answer) {
    const direction = (side) => {
        const bits = new RegExp(`${side}_max_window_bits="?(\\d+)`).exec(answer)?.[1];
        return { has_takeover: !answer.includes(`${side}_no_context_takeover`),
                 bits: Number(bits ?? 15) };
    };
    return { client: direction('client'), server: direction('server') };
}

module.exports = { Direction, directions_of };
