// Pages that have to do with Socket.IO, in Chromium.
//
// The demo's room: one page with socket.io-client, one with a WebSocket of its own. The connection
// goes on as a WebSocket, comes back when it was lost, and says so. And the server's page: what
// namespaces and rooms there are. And pages of other origins, which are let in, or are not.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const path = require('node:path');
const { after, afterEach, before, describe, it } = require('node:test');
const { io } = require('socket.io-client');
const { launch_chromium } = require('./chromium.js');
const { start_server } = require('./server.js');

const timeout = 240_000;
const patience_ms = 60_000;  // Of a machine that has much else to do.
const screenshots = path.join(__dirname, '../../build/screenshots');

const contexts = [], errors = [];
let browser;
before(async () => { browser = await launch_chromium(); });
after(() => browser?.close());
afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    assert.deepEqual(errors.splice(0), []);
});

// A page of its own, in which nothing may go wrong.
async function open_url(url, viewport = { width: 1280, height: 900 }) {
    const context = await browser.newContext({ viewport });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(patience_ms);
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(url);
    return page;
}

describe('the demo\'s room by Socket.IO in Chromium', () => {
    let server;
    before(async () => { server = await start_server('demo'); });
    after(() => server?.stop());

    const open_page = (name) => open_url(server.url(name, 'http'));
    async function join(page, name) {
        await page.getByLabel('Your name').fill(name);
        await page.getByRole('button', { name: 'Join' }).click();
    }
    async function join_by_socketio(name) {
        const page = await open_page('/socketio.html');
        await join(page, name);
        await page.getByRole('status').getByText('connected by websocket').waitFor();
        return page;
    }
    async function say(page, text) {
        await page.getByRole('textbox', { name: 'Message' }).fill(text);
        await page.getByRole('button', { name: 'Send' }).click();
    }
    const hears = (page, text) =>
        page.getByRole('log', { name: 'Messages' }).getByText(text).first().waitFor();

    it('a page and the demo\'s own page chat', { timeout }, async () => {
        const grace = await join_by_socketio('Grace');
        const ada = await open_page('/');
        await join(ada, 'Ada');
        await hears(grace, 'Ada joined');
        await say(grace, 'Grüße by Socket.IO 🦊 "quoted" & <b>no markup</b>');
        for (const page of [grace, ada]) {
            await hears(page, 'Grüße by Socket.IO 🦊 "quoted" & <b>no markup</b>');
            await hears(page, 'Grace (Socket.IO)');
        }
        await say(ada, 'And by WebSocket.');
        await hears(grace, 'And by WebSocket.');
        await grace.screenshot({ path: path.join(screenshots, 'socketio-room.png') });
        await ada.close();
        await hears(grace, 'Ada left');
    });

    it('a connection that is cut comes back, and the page says so', { timeout }, async () => {
        const grace = await join_by_socketio('Grace');
        const ada = await open_page('/');
        await join(ada, 'Ada');
        await hears(grace, 'Ada joined');
        await grace.getByRole('button', { name: 'Cut the connection' }).click();
        await grace.getByRole('status').getByText('reconnecting').waitFor();
        await say(ada, 'Is Grace away?');
        await hears(grace, /^Back after \d+ s: what was said meanwhile follows\.$/);
        await hears(grace, 'Is Grace away?');
        await grace.getByRole('status').getByText('connected by websocket').waitFor();
        await say(grace, 'Here again.');
        await hears(grace, 'Here again.');
    });

    it('the rules of the room hold, and the page says which was broken', { timeout }, async () => {
        const page = await open_page('/socketio.html');
        // What the page's own field would not let through.
        await page.evaluate(() => document.getElementById('name').removeAttribute('maxlength'));
        await join(page, 'x'.repeat(25));
        await page.getByRole('alert').getByText('A name has 1 to 24 visible characters.').waitFor();
        await join(page, 'Rude');
        await page.getByRole('status').getByText('connected by websocket').waitFor();
        // All at once: what comes slowly is not against the rules.
        await page.evaluate(() => {
            for (let i = 0; i < 40; ++i) {
                document.getElementById('text').value = 'again';
                document.getElementById('compose').requestSubmit();
            }
        });
        await hears(page, 'That was a lot at once.');
        await hears(page, 'again');
    });
});

describe('the Socket.IO server\'s page in Chromium', () => {
    let server;
    const sockets = [];
    before(async () => { server = await start_server('socketio_server',
                                                      ['--threads', '2', '--recovery', '60000']); });
    after(async () => {
        for (const socket of sockets) socket.disconnect();
        await server?.stop();
    });

    async function connect(namespace) {
        const socket = io(server.url(namespace, 'http'),
                          { forceNew: true, transports: ['websocket'] });
        sockets.push(socket);
        await once(socket, 'connect');
        return socket;
    }
    const cell = (page, row, column) =>
        page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: row, exact: true }) })
            .getByRole('cell').nth(column);

    it('shows namespaces, rooms and rates', { timeout }, async () => {
        const page = await open_url(server.url('/', 'http'));
        await page.getByText('No namespace has sockets.').waitFor();
        const [ada, grace] = [await connect('/'), await connect('/'), await connect('/custom')];
        await ada.emitWithAck('join', 'room');
        await grace.emitWithAck('join', 'room');
        await ada.emitWithAck('join', '<b>another</b>');
        await cell(page, '<b>another</b>', 1).getByText('1', { exact: true }).waitFor();
        await cell(page, 'room', 1).getByText('2', { exact: true }).waitFor();
        await cell(page, '/', 2).getByText('2', { exact: true }).waitFor();
        await cell(page, '/', 3).getByText('2', { exact: true }).waitFor();
        await cell(page, '/custom', 2).getByText('1', { exact: true }).waitFor();
        const say = setInterval(() => ada.emit('message', 'x'), 10);
        await cell(page, '/', 0).getByText(/^[1-9]\d*$/).waitFor();
        await cell(page, '/', 1).getByText(/^[1-9]\d*$/).waitFor();
        clearInterval(say);
        grace.io.reconnection(false);
        grace.io.engine.close();
        await page.locator('#absent').getByText('1', { exact: true }).waitFor();
        await cell(page, '/', 2).getByText('1', { exact: true }).waitFor();
        await page.screenshot({ path: path.join(screenshots, 'socketio-server.png') });
        await server.stop();
        await page.getByRole('status').getByText('no answer').waitFor();
        errors.length = 0;  // What the page asked for since then.
    });
});

describe('a page of another origin in Chromium', () => {
    const script = readFileSync(path.join(__dirname,
                                          'node_modules/socket.io-client/dist/socket.io.min.js'));
    const pages = createServer((request, response) => {
        const is_script = request.url === '/socket.io.js';
        response.setHeader('Content-Type', is_script ? 'text/javascript' : 'text/html');
        response.end(is_script ? script
                     : '<!doctype html><link rel="icon" href="data:,"><script src="/socket.io.js"></script>');
    });
    let server;
    before(async () => {
        pages.listen(0, '127.0.0.1');
        await once(pages, 'listening');
        server = await start_server('socketio_server',
                                    ['--threads', '4', '--cors', page_url('127.0.0.1')]);
    });
    after(async () => {
        pages.closeAllConnections();
        pages.close();
        await server?.stop();
    });
    const page_url = (host) => `http://${host}:${pages.address().port}`;

    // What comes back of text and of bytes, and by which transport; or why nothing does.
    const talk = (page, transports) => page.evaluate(async ([url, used]) => {
        const socket = io(url, { transports: used, reconnection: false });
        try {
            await new Promise((resolve, reject) => {
                socket.once('connect', resolve);
                socket.once('connect_error', reject);
            });
            const { engine } = socket.io;
            if (used.length === 2 && engine.transport.name === 'polling') {
                await new Promise((resolve) => { engine.once('upgrade', resolve); });
            }
            const back = await socket.emitWithAck('echo', { text: 'Grüße 🦊', bytes: new Uint8Array([0, 255]) });
            return [engine.transport.name, back.text, [...new Uint8Array(back.bytes)]];
        } catch (error) {
            return error.message;
        } finally {
            socket.disconnect();
        }
    }, [server.url('/', 'http'), transports]);

    it('is let in where it is listed, by each transport', { timeout }, async () => {
        const page = await open_url(page_url('127.0.0.1'));
        for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
            assert.deepEqual(await talk(page, transports),
                             [transports.at(-1), 'Grüße 🦊', [0, 255]]);
        }
    });

    it('is not let in where it is not', { timeout }, async () => {
        const page = await open_url(page_url('localhost'));
        assert.equal(await talk(page, ['polling']), 'xhr poll error');
        assert.equal(await talk(page, ['websocket']), 'websocket error');
        errors.length = 0;  // The browser tells of what it was refused.
    });
});
