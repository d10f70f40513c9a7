// Frames (RFC 6455, section 5.2), made as a test wants them, right or wrong, and read strictly.
//
// The tests play one end of a connection, and edgews is the other. Whichever they play: lengths
// must be minimal, reserved bits clear, control frames short and whole, text valid, and nothing
// may follow a close frame. Clients mask, servers do not (5.1).
'use strict';

const assert = require('node:assert/strict');
const { isUtf8 } = require('node:buffer');
const crypto = require('node:crypto');

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

// Which end the tests of this process play. Tables of cases are made of its frames, so it is
// chosen before they are loaded.
let role = 'client';
const play = (end) => { role = end; };
const plays_client = () => role === 'client';

function mask(bytes, key) {
    for (let i = 0; i < bytes.length; ++i) bytes[i] ^= key[i & 3];
}

// A frame of our end. `rsv`: the three reserved bits as a number, RSV1 being 4. `misfit`: a
// client's without a mask, a server's with one. `key`: the masking key, random unless given;
// null leaves the frame unmasked. `length_size`: bytes of the extended length (0, 2 or 8), the
// minimal number unless given. `claim`: a length to claim in place of the payload's own.
function frame(opcode, payload = '', options = {}) {
    const { fin = true, rsv = 0, misfit = false } = options;
    const { key = plays_client() !== misfit ? crypto.randomBytes(4) : null } = options;
    const body = Buffer.from(payload);
    const length = BigInt(options.claim ?? body.length);
    const length_size = options.length_size ?? (length < 126n ? 0 : length < 65536n ? 2 : 8);
    const header = Buffer.alloc(2 + length_size);
    header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
    header[1] = (key ? 0x80 : 0) | (length_size === 0 ? Number(length)
                                                     : length_size === 2 ? 126 : 127);
    if (length_size === 2) header.writeUInt16BE(Number(length), 2);
    if (length_size === 8) header.writeBigUInt64BE(length, 2);
    if (!key) return Buffer.concat([header, body]);
    mask(body, key);
    return Buffer.concat([header, key, body]);
}

const text = (payload, options) => frame(opcodes.text, payload, options);
const binary = (payload, options) => frame(opcodes.binary, payload, options);
const ping = (payload, options) => frame(opcodes.ping, payload, options);
const pong = (payload, options) => frame(opcodes.pong, payload, options);
const continuation = (payload, options) => frame(opcodes.continuation, payload, options);

// Without a code, the body is empty.
function close(code, reason = '', options) {
    if (code === undefined) return frame(opcodes.close, '', options);
    const body = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)]);
    body.writeUInt16BE(code);
    return frame(opcodes.close, body, options);
}

// A message in fragments: `pieces` is a list of payloads. `options` apply to every frame.
function fragments(opcode, pieces, options = {}) {
    return pieces.map((piece, i) => frame(i === 0 ? opcode : opcodes.continuation, piece,
                                          { ...options, fin: i === pieces.length - 1 }));
}

// Cuts into pieces of `size` bytes; the last may be shorter. Empty data is one empty piece.
function cut(data, size) {
    const bytes = Buffer.from(data);
    const pieces = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    return pieces.length > 0 ? pieces : [bytes];
}

// Bytes of the other end in, events out: text, binary, ping, pong, close. Throws at a broken rule.
class Decoder {
    #inflater;
    #chunks = [];
    #size = 0;
    #needed = 2;
    #message = null;  // { opcode, is_compressed, key, pieces } of a fragmented message.
    #closed = false;

    // `inflater`: what restores compressed messages, where that was agreed on (compression.js).
    constructor({ inflater = null } = {}) { this.#inflater = inflater; }

    *push(chunk) {
        this.#chunks.push(chunk);
        this.#size += chunk.length;
        if (this.#size < this.#needed) return;
        let input = Buffer.concat(this.#chunks);
        for (let header; (header = this.#parse_header(input)); ) {
            const end = header.size + header.length;
            const payload = input.subarray(header.size, end);
            if (header.key) mask(payload, header.key);
            const event = this.#take(header, payload);
            input = input.subarray(end);
            if (event) yield event;
        }
        this.#chunks = [input];
        this.#size = input.length;
    }

    // Null when the input lacks a part of the frame; #needed says how long it must become.
    #parse_header(input) {
        const short = input.length < 2 ? 2 : 2 + [0, 2, 8][Math.max(0, (input[1] & 127) - 125)];
        this.#needed = short;
        if (input.length < short) return null;
        const is_masked = (input[1] & 128) !== 0;
        assert.equal(is_masked, !plays_client(), 'clients mask, servers do not (RFC 6455, 5.1)');
        assert.equal(input[0] & (this.#inflater ? 0x30 : 0x70), 0, 'reserved bits are set (5.2)');
        let length = input[1] & 127;
        if (short === 4) {
            length = input.readUInt16BE(2);
            assert.ok(length > 125, 'a length is not minimal (5.2)');
        } else if (short === 10) {
            length = Number(input.readBigUInt64BE(2));
            assert.ok(length > 65535, 'a length is not minimal (5.2)');
        }
        const size = short + (is_masked ? 4 : 0);
        this.#needed = size + length;
        if (input.length < this.#needed) return null;
        this.#needed = 2;
        const key = is_masked ? Buffer.from(input.subarray(short, size)) : null;
        return { fin: input[0] >= 128, is_compressed: (input[0] & 0x40) !== 0,
                 opcode: input[0] & 15, key, size, length };
    }

    #take(header, payload) {
        const { fin, opcode, is_compressed } = header;
        assert.ok(!this.#closed, 'a frame follows the close frame (5.5.1)');
        assert.ok(!is_compressed || opcode === opcodes.text || opcode === opcodes.binary,
                  'RSV1 is set, but not on the first frame of a message (RFC 7692, 6)');
        if (opcode < 8) return this.#take_data(header, payload);
        assert.ok(fin, 'a control frame is fragmented (5.5)');
        assert.ok(payload.length <= 125, 'a control frame is longer than 125 bytes (5.5)');
        if (opcode === opcodes.ping) return { kind: 'ping', payload };
        if (opcode === opcodes.pong) return { kind: 'pong', payload };
        assert.equal(opcode, opcodes.close, 'an opcode is reserved (5.2)');
        assert.notEqual(payload.length, 1, 'a close frame bears half a code (5.5.1)');
        assert.ok(isUtf8(payload.subarray(2)), 'a close reason is not UTF-8 (5.5.1)');
        this.#closed = true;
        if (payload.length === 0) return { kind: 'close', code: undefined, reason: '' };
        const reason = payload.toString('utf8', 2);
        return { kind: 'close', code: payload.readUInt16BE(0), reason };
    }

    #take_data({ fin, opcode, is_compressed, key }, payload) {
        assert.ok(opcode <= 2, 'an opcode is reserved (5.2)');
        if (opcode === opcodes.continuation) {
            assert.ok(this.#message, 'a continuation continues nothing (5.4)');
        } else {
            assert.ok(!this.#message, 'a message begins inside another (5.4)');
            this.#message = { opcode, is_compressed, key, pieces: [] };
        }
        this.#message.pieces.push(payload);
        if (!fin) return null;
        const message = this.#message;
        this.#message = null;
        let whole = message.pieces.length === 1 ? payload : Buffer.concat(message.pieces);
        if (message.is_compressed) whole = this.#inflater.take(whole);
        const is_text = message.opcode === opcodes.text;
        assert.ok(!is_text || isUtf8(whole), 'a text message is not UTF-8 (8.1)');
        return { kind: is_text ? 'text' : 'binary', payload: whole,
                 is_compressed: message.is_compressed, key: message.key };
    }
}

module.exports = {
    Decoder, binary, close, continuation, cut, fragments, frame, opcodes, ping, play,
    plays_client, pong, text,
};
