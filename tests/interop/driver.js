// Leads clients of ours whose every step is told, and whose events are awaited: client_driver, and
// others that take commands and print events in the same way.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { start_program } = require('./program.js');

const patience_ms = 15_000;

class Led {
    #lines = [];
    #waiting = null;
    #has_ended = false;
    #rest = '';
    #printed = '';

    constructor(program, args) {
        const child = this.child = start_program(`../tests/${program}`, args, { input: 'pipe' });
        this.ended = once(child, 'close');
        child.once('close', () => {
            this.#has_ended = true;
            this.#waiting?.();
        });
        child.stdin.on('error', () => {});  // Its end is told by `close`.
        child.stderr.setEncoding('utf8').on('data', (chunk) => { this.#printed += chunk; });
        child.stdout.setEncoding('latin1').on('data', (chunk) => {
            this.#rest += chunk;
            if (!chunk.includes('\n')) return;
            const lines = this.#rest.split('\n');
            this.#rest = lines.pop();
            this.#lines.push(...lines);
            this.#waiting?.();
        });
    }

    tell(command, ...words) { this.child.stdin.write(`${[command, ...words].join(' ')}\n`); }

    // The next event: its kind and its fields.
    async next(wanted, timeout_ms = patience_ms) {
        if (this.#lines.length === 0 && !this.#has_ended) {
            await new Promise((resolve) => {
                const timer = setTimeout(resolve, timeout_ms);
                this.#waiting = () => {
                    clearTimeout(timer);
                    resolve();
                };
            });
            this.#waiting = null;
        }
        const line = this.#lines.shift();
        assert.ok(line !== undefined, `waited in vain for ${wanted}; it printed: ${this.#printed}`);
        return line.split('\t');
    }

    // The fields of the next event, which must be of this kind.
    async hear(wanted) {
        const [kind, ...fields] = await this.next(wanted);
        const heard = `${kind} ${fields.join(' ').slice(0, 200)}`;
        assert.equal(kind, wanted, `wanted ${wanted}, heard ${heard}`);
        return fields;
    }

    // Has it end, with the connection if that is still open.
    async stop() {
        this.child.stdin.end();
        const [code, signal] = await this.ended;
        assert.equal(code ?? signal, 0, this.#printed);
    }
}

class Driver extends Led {
    constructor(url, args = []) { super('client_driver', [url, ...args]); }

    // A client that is open: { subprotocol, extensions }.
    static async open(url, args) {
        const driver = new Driver(url, args);
        try {
            [driver.subprotocol, driver.extensions] = await driver.hear('open');
        } catch (error) {
            await driver.stop();
            throw error;
        }
        return driver;
    }

    text(message) { this.tell('text', Buffer.from(message).toString('hex')); }
    binary(message) { this.tell('binary', message.toString('hex')); }
    fragment(which, text) { this.tell(which, Buffer.from(text).toString('hex')); }
    ping(payload) { this.tell('ping', Buffer.from(payload).toString('hex')); }
    close(code, reason = '') { this.tell('close', code, Buffer.from(reason).toString('hex')); }

    async hear_bytes(kind) { return Buffer.from((await this.hear(kind))[0] ?? '', 'hex'); }
    async hear_text() { return (await this.hear_bytes('text')).toString(); }

    // `passing`: the kind of events that may come before it.
    async hear_close({ passing } = {}) {
        let [kind, ...fields] = await this.next('close');
        while (kind === passing) [kind, ...fields] = await this.next('close');
        assert.equal(kind, 'close');
        const [code, reason, how] = fields;
        return { code: Number(code), reason: Buffer.from(reason, 'hex').toString(), how };
    }

    // Texts and buffers come back as they are.
    async echo(...messages) {
        for (const message of messages) {
            if (typeof message === 'string') this.text(message);
            else this.binary(message);
        }
        for (const message of messages) {
            const is_text = typeof message === 'string';
            const heard = await this.hear_bytes(is_text ? 'text' : 'binary');
            assert.ok(heard.equals(Buffer.from(message)), `of ${message.length}: ${heard.length}`);
        }
    }
}

module.exports = { Driver, Led };
