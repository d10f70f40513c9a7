// What the tests of Socket.IO's clients send, and how they compare what comes back.
'use strict';

// Text, objects and bytes, at some depth.
const odd_values = [1, 'two "2" \u2028 \u{1f600}', { three: [null, true] }, Buffer.from([1, 2, 3]),
                    { deep: [Buffer.alloc(70_000, 7)] }];

// Buffers as arrays, at any depth: what they are in differs.
function plain(value) {
    if (Buffer.isBuffer(value) || value instanceof ArrayBuffer || value instanceof Uint8Array) {
        return { bytes: [...Buffer.from(value)] };
    }
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

// 200 messages, while it may change its transport, come back one behind the other.
async function messages_in_order(socket) {
    const sent = Array.from({ length: 200 }, (_, i) => i);
    const back = [];
    const done = new Promise((resolve) => {
        socket.on('message-back', (number) => {
            if (back.push(number) === sent.length) resolve();
        });
    });
    for (const number of sent) {
        socket.emit('message', number);
        if (number % 20 === 19) await new Promise(setImmediate);
    }
    await done;
    return { sent, back };
}

module.exports = { messages_in_order, odd_values, plain };
