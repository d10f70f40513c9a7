// The STOMP broker with @stomp/stompjs in Chromium, beside python3-stomp over TCP.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { after, before, describe, it } = require('node:test');
const { launch_chromium } = require('./chromium.js');
const { start_broker } = require('./stomp.js');

const timeout = 60_000;
const library = require.resolve('@stomp/stompjs');
const python = process.env.EDGEWS_PYTHON ?? '/usr/bin/python3';

// What the page has: open_client() connects; of a client, follow() subscribes and resolves when the
// broker has it, and hear() takes the next of what came.
function prepare_page(url) {
    window.open_client = (options) => new Promise((resolve, reject) => {
        const client = new window.StompJs.Client({
            brokerURL: url, reconnectDelay: 0, heartbeatIncoming: 1_000, heartbeatOutgoing: 1_000,
            onStompError: (frame) => client.heard({ error: frame.headers.message }),
            onWebSocketClose: (event) => client.heard({ code: event.code }),
            onWebSocketError: reject, onConnect: (frame) => {
                client.version = frame.headers.version;
                resolve(client);
            }, ...options });
        client.events = [];
        client.heard = (event) => {
            client.events.push(event);
            client.wake?.();
        };
        client.hear = async () => {
            while (client.events.length === 0) {
                await new Promise((wake) => { client.wake = wake; });
            }
            return client.events.shift();
        };
        client.follow = (destination, headers = {}) => new Promise((there) => {
            client.watchForReceipt(destination, there);
            client.subscribe(destination, (message) => client.heard({
                body: message.body, headers: message.headers, message }), { ...headers, receipt: destination });
        });
        client.activate();
    });
}

describe('@stomp/stompjs in Chromium', () => {
    let broker;
    let browser;
    let page;
    before(async () => {
        broker = await start_broker(['--threads', '2']);
        browser = await launch_chromium();
        page = await browser.newPage();
        page.setDefaultTimeout(15_000);
        await page.goto(broker.url('/state.json', 'http'));
        await page.addScriptTag({ path: library });
        await page.evaluate(prepare_page, broker.ws_url);
    });
    after(async () => {
        await browser?.close();
        await broker?.stop();
    });

    for (const forceBinaryWSFrames of [false, true]) {
        const kind = forceBinaryWSFrames ? 'binary' : 'text';

        it(`messages of ${kind}: headers, bodies, 900 KB, NUL`, { timeout }, async () => {
            const result = await page.evaluate(async (options) => {
                const client = await window.open_client(options);
                const destination = '/topic/browser';
                await client.follow(destination);
                const bodies = ['', 'Grüße 🦊', '0123456789'.repeat(90_000)];
                for (const body of bodies) {
                    client.publish({ destination, body, headers: { more: 'a:b\\ 🦊\n' } });
                }
                client.publish({ destination, binaryBody: new Uint8Array([0, 255, 0]) });
                const heard = [];
                for (const body of bodies) {
                    const event = await client.hear();
                    heard.push(event.headers.more === 'a:b\\ 🦊\n' && event.body === body);
                }
                heard.push([...(await client.hear()).message.binaryBody]);
                await client.deactivate();
                return { version: client.version, heard };
            }, { forceBinaryWSFrames });
            assert.deepEqual(result, { version: '1.2', heard: [true, true, true, [0, 255, 0]] });
        });

        it(`ack, nack and transactions in ${kind}`, { timeout }, async () => {
            const bodies = await page.evaluate(async (options) => {
                const client = await window.open_client(options);
                const destination = `/queue/browser-${options.forceBinaryWSFrames}`;
                await client.follow(destination, { ack: 'client-individual' });
                const transaction = client.begin();
                for (const body of ['a', 'b']) {
                    client.publish({ destination, body, headers: {
                        transaction: transaction.id } });
                }
                transaction.commit();
                const [a, b] = [await client.hear(), await client.hear()];
                a.message.ack();
                b.message.nack();
                const again = await client.hear();
                again.message.ack();
                await client.deactivate();
                return [a.body, b.body, again.body, again.headers.redelivered];
            }, { forceBinaryWSFrames });
            assert.deepEqual(bodies, ['a', 'b', 'b', 'true']);
        });
    }

    it('an ERROR comes before the close with its code', { timeout }, async () => {
        const events = await page.evaluate(async () => {
            const client = await window.open_client({});
            client.publish({ destination: '/queue/x', body: 'x'.repeat(5_000_000) });
            return [await client.hear(), await client.hear()];
        });
        assert.deepEqual(events, [{ error: 'The body is larger than the limit.' }, { code: 1009 }]);
    });

    it('a page and python3-stomp hear each other', { timeout }, async () => {
        const program = `
import stomp, threading
over = threading.Event()
class Listener(stomp.ConnectionListener):
    def on_receipt(self, frame):
        print("ready", flush=True)
    def on_message(self, frame):
        connection.send("/topic/to-page", "heard " + frame.body, headers={"name": "p:y 🦊"})
        over.set()
connection = stomp.Connection12([("${broker.host}", ${broker.tcp_port})])
connection.set_listener("", Listener())
connection.connect(wait=True)
connection.subscribe("/topic/to-python", id="1", headers={"receipt": "there"})
over.wait(20)
connection.disconnect()`;
        const child = execFile(python, ['-c', program], { timeout: 30_000 });
        const ended = new Promise((resolve) => { child.on('close', resolve); });
        await new Promise((resolve) => {
            child.stdout.on('data', resolve);
            child.on('close', resolve);
        });
        const heard = await page.evaluate(async () => {
            const client = await window.open_client({});
            await client.follow('/topic/to-page');
            client.publish({ destination: '/topic/to-python', body: 'Grüße 🦊' });
            const { body, headers } = await client.hear();
            await client.deactivate();
            return { body, name: headers.name };
        });
        assert.deepEqual(heard, { body: 'heard Grüße 🦊', name: 'p:y 🦊' });
        assert.equal(await ended, 0);
    });

    it('a page notices that the broker stands still', { timeout }, async () => {
        const lost = page.evaluate(async () => {
            const client = await window.open_client({ discardWebsocketOnCommFailure: true });
            const began = performance.now();
            await client.hear();
            return performance.now() - began;
        });
        await new Promise((resolve) => { setTimeout(resolve, 300); });
        broker.child.kill('SIGSTOP');
        const took_ms = await lost;
        broker.child.kill('SIGCONT');
        assert.ok(took_ms < 5_000, `${took_ms}`);
    });
});
