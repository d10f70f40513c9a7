// Plays rows of the checklist to a broker: checklist_steps.js says what they are.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { peers } = require('./stomp.js');

const octets = (text) => Buffer.from(text, 'latin1');
let count = 0;

// What a step says of a frame: its command, the name that it gets, its lines, and its body unless
// that does not matter.
function wanted_of(text) {
    const blank = text.indexOf('\n\n');
    const [first, ...lines] = (blank < 0 ? text : text.slice(0, blank)).split('\n');
    const [command, name] = first.split(' as ');
    return { command, name, lines: lines.filter((line) => line !== ''),
             body: blank < 0 ? undefined : text.slice(blank + 2) };
}

class Play {
    #number = ++count;
    #peers = new Map();
    #frames = new Map();

    // `nodes`: { open, TCP, WebSocket }, of which the others want a login.
    constructor(nodes, transport, version) {
        Object.assign(this, { nodes, transport, version });
    }

    async play(steps) {
        for (const step of steps) {
            try {
                await this.#take(step);
            } catch (error) {
                error.message = `${this.version}, "${step.slice(0, 200)}": ${error.message}`;
                throw error;
            }
        }
    }
    end() { for (const { peer } of this.#peers.values()) peer.destroy(); }

    async #take(step) {
        const differ = /^(\w+) != (\w+) (\S+)$/.exec(step);
        if (differ) {
            const [one, other] = differ.slice(1, 3).map((name) => this.#line(name, differ[3]));
            return assert.notEqual(one, other);
        }
        const [, name, version = this.version, what, , text = ''] =
            /^([a-z]+)(1\.\d)? (>>|>1|>|<|x|end|ends)( ([^]*))?$/.exec(step);
        const speaker = await this.#speaker(name, version);
        if (what === '<') return this.#hear(speaker, this.#expand(text, speaker));
        if (what === 'ends') return this.#hear_any_end(speaker.peer);
        if (what === 'x') return speaker.peer.vanish();
        if (what === 'end') return this.#leave(speaker.peer);
        this.#say(speaker.peer, what, octets(this.#expand(text, speaker)));
    }
    #say(peer, what, bytes) {
        if (what === '>') bytes = Buffer.concat([bytes, Buffer.from([0])]);
        const pieces = what === '>1' ? Array.from(bytes, (byte) => Buffer.from([byte])) : [bytes];
        for (const piece of pieces) peer.send(piece, { binary: true });
    }
    // Whatever comes before it.
    async #hear_any_end(peer) {
        while ((await peer.next('the end')).kind !== 'end');
    }
    async #leave(peer) {
        if (this.transport === 'TCP') peer.socket.end();
        else peer.socket.close();
        await once(peer.socket, this.transport === 'TCP' ? 'end' : 'close');
    }

    async #speaker(name, version) {
        const key = name + version;
        if (!this.#peers.has(key)) {
            const node = this.nodes[name === 'guarded' ? this.transport : 'open'];
            const peer = await peers[this.transport].open(node);
            this.#peers.set(key, { peer, version });
            if (!['new', 'guarded'].includes(name)) {
                peer.send(octets(`CONNECT\naccept-version:${version}\nhost:h\n\n\0`));
                assert.equal((await peer.hear('CONNECTED')).headers.version, version);
            }
        }
        return this.#peers.get(key);
    }

    #expand(text, { version }) {
        return text.replaceAll('TOPIC', `/topic/check${this.#number}-`)
            .replaceAll('QUEUE', `/queue/check${this.#number}-`)
            .replaceAll('{V}', version)
            .replace(/\[(\w+)( (\S+))?\]/g, (_, name, __, header) => {
                if (header) return `${this.#line(name, header)}\n`;
                if (version === '1.2') return `id${this.#line(name, 'ack').slice(3)}\n`;
                const subscription = this.#line(name, 'subscription') ?? 'subscription:none';
                return `${this.#line(name, 'message-id')}\n` +
                       (version === '1.1' ? `${subscription}\n` : '');
            });
    }
    // As it was heard.
    #line(name, header) {
        return this.#frames.get(name).find((line) => line.startsWith(`${header}:`));
    }

    async #hear({ peer }, text) {
        if (text === 'end') return peer.hear_end();
        const { command, name, lines, body } = wanted_of(text);
        const frame = await peer.hear(command);
        const head = frame.head.toString('latin1');
        const heard = head.split('\n').slice(1);
        for (const line of lines) this.#check(line, heard, head);
        if (body !== undefined) assert.equal(frame.body.toString('latin1'), body, head);
        if (name) this.#frames.set(name, heard);
        if (command === 'ERROR') await peer.hear_end();
    }
    #check(line, heard, head) {
        if (line.startsWith('-')) {
            assert.ok(!head.includes(line.slice(1)), `${line.slice(1)} is in ${head}`);
            return;
        }
        const header = line.slice(line.startsWith('!') ? 1 : 0).split(':', 1)[0];
        const found = heard.find((one) => one.startsWith(`${header}:`));
        if (line.startsWith('!')) assert.equal(found, undefined, head);
        else if (line.endsWith(':*')) assert.ok(found?.length > line.length - 1, head);
        else assert.equal(found, line, head);
    }
}

async function play(nodes, transport, version, steps) {
    const one = new Play(nodes, transport, version);
    try {
        await one.play(steps);
    } finally {
        one.end();
    }
}

module.exports = { play };
