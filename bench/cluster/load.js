// Load for nodes that share topics: subscribers on each of them, and one who publishes on the first.
//
//     node bench/cluster/load.js websocket|socketio|stomp SUBSCRIBERS RATE SECONDS URL...
//
// It says "ready" when every subscriber has had a message, begins at a line on its input, publishes
// RATE messages of 100 octets in a second, and ends with a line of JSON: what came, what did not,
// what came twice or in another order, and how long it took.
'use strict';

const net = require('node:net');
const { once } = require('node:events');
const readline = require('node:readline');
const { setTimeout: pause } = require('node:timers/promises');

const message_size = 100;
const patience_ms = 60_000;
const opened_at_a_time = 50;

// Each opens to { publish(text) }, and calls `hear` with the text of each message.
const clients = {
    async websocket(url, hear) {
        const { WebSocket } = require('ws');
        const socket = new WebSocket(`${url}/t/bench`, { perMessageDeflate: false });
        socket.on('message', (data) => hear(data.toString('latin1')));
        await once(socket, 'open');
        return { publish: (text) => socket.send(text) };
    },

    async socketio(url, hear) {
        const { io } = require('socket.io-client');
        const socket = io(url, { transports: ['websocket'], forceNew: true });
        socket.on('message', hear);
        await new Promise((resolve) => socket.once('connect', resolve));
        return { publish: (text) => socket.emit('publish', text) };
    },

    // Bodies are text without NUL.
    async stomp(url, hear, is_subscriber) {
        const { hostname, port, username, password, pathname } = new URL(url);
        const host = decodeURIComponent(pathname.slice(1)) || hostname;
        const socket = net.connect(Number(port), hostname).setNoDelay();
        const login = username && `login:${username}\npasscode:${password}\n`;
        socket.write(`CONNECT\naccept-version:1.2\nhost:${host}\n${login}\n\0`);
        let input = '';
        const frames = (text) => {
            const parts = (input + text).split('\0');
            input = parts.pop();
            return parts;
        };
        const answer = (command) => new Promise((resolve) => {
            socket.on('data', function look(bytes) {
                for (const frame of frames(bytes.toString('latin1'))) {
                    if (!frame.trimStart().startsWith(command)) throw new Error(frame);
                    socket.off('data', look);
                    resolve();
                }
            });
        });
        await answer('CONNECTED');
        if (is_subscriber) {
            socket.write('SUBSCRIBE\nid:0\nreceipt:0\ndestination:/topic/bench\n\n\0');
            await answer('RECEIPT');
        }
        socket.on('data', (bytes) => {
            for (const frame of frames(bytes.toString('latin1'))) {
                hear(frame.slice(frame.indexOf('\n\n') + 2));
            }
        });
        return { publish: (text) => socket.write(`SEND\ndestination:/topic/bench\n\n${text}\0`) };
    },
};

class Subscriber {
    constructor(run) {
        this.run = run;
        this.is_warm = false;
        this.last = 0;
        this.seen = new Uint8Array(run.message_count + 1);
    }

    hear(text) {
        const number = Number.parseInt(text, 10);
        if (number === 0) {
            this.is_warm = true;
            return;
        }
        const { run } = this;
        run.latencies[run.heard++ % run.latencies.length] = performance.now() - run.sent_at[number];
        if (this.seen[number]) ++run.twice;
        else if (number < this.last) ++run.late;
        this.seen[number] = 1;
        this.last = Math.max(this.last, number);
    }

    get missed() { return this.run.message_count - this.seen.reduce((sum, one) => sum + one, 0); }
}

const message = (number) => String(number).padEnd(message_size, ' .');

async function open_all(open, urls, count, run) {
    const subscribers = Array.from({ length: count }, () => new Subscriber(run));
    for (let i = 0; i < count; i += opened_at_a_time) {
        await Promise.all(subscribers.slice(i, i + opened_at_a_time).map((subscriber, k) =>
            open(urls[(i + k) % urls.length], (text) => subscriber.hear(text), true)));
    }
    return subscribers;
}

async function until(is_so) {
    const end = performance.now() + patience_ms;
    while (!is_so() && performance.now() < end) await pause(50);
}

async function publish(publisher, rate, run) {
    const begin = performance.now();
    for (let number = 1; number <= run.message_count;) {
        const due = Math.min(run.message_count, (performance.now() - begin) * rate / 1_000);
        for (; number <= due; ++number) {
            run.sent_at[number] = performance.now();
            publisher.publish(message(number));
        }
        await pause(1);
    }
}

async function main([kind, count, rate, seconds, ...urls]) {
    const message_count = Number(rate) * Number(seconds);
    const run = { message_count, sent_at: new Float64Array(message_count + 1), heard: 0, twice: 0,
                  late: 0, latencies: new Float64Array(Math.min(message_count * count, 2_000_000)) };
    const publisher = await clients[kind](urls[0], () => {}, false);
    const subscribers = await open_all(clients[kind], urls, Number(count), run);
    await until(() => {
        publisher.publish(message(0));
        return subscribers.every(({ is_warm }) => is_warm);
    });
    console.log('ready');
    await once(readline.createInterface(process.stdin), 'line');
    await publish(publisher, Number(rate), run);
    await until(() => run.heard >= message_count * subscribers.length);
    const latencies = run.latencies.subarray(0, run.heard).sort();
    const at = (part) => latencies[Math.floor(latencies.length * part)];
    console.log(JSON.stringify({
        messages: message_count, deliveries: run.heard, twice: run.twice, late: run.late,
        lost: subscribers.reduce((sum, { missed }) => sum + missed, 0),
        p50_ms: at(0.5), p99_ms: at(0.99),
    }));
    process.exit(0);
}

main(process.argv.slice(2));
