// The STOMP broker's page in Chromium, and the demo's room by STOMP: a page with @stomp/stompjs on
// one side, stomp.py over TCP on the other. Screenshots stay in build/screenshots/.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const readline = require('node:readline');
const { after, afterEach, before, describe, it } = require('node:test');
const { launch_chromium } = require('./chromium.js');
const { start_server } = require('./server.js');

const timeout = 240_000;
const patience_ms = 60_000;  // Of a machine that has much else to do.
const screenshots = path.join(__dirname, '../../build/screenshots');
const desktop = { width: 1280, height: 900 };
const phone = { width: 375, height: 812 };

let browser;
let contexts = [];
let gates = [];
let errors = [];
let expected_error = null;

before(async () => {
    browser = await launch_chromium();
});
after(() => browser?.close());
// Before their server goes: what they ask for then is an error of theirs.
const close_pages = () => Promise.all(contexts.splice(0).map((context) => context.close()));
afterEach(async () => {
    await close_pages();
    for (const gate of gates.splice(0)) gate.close();
    expected_error = null;
    assert.deepEqual(errors.splice(0), []);
});

// A page with nothing open yet; what goes wrong in it fails the test.
async function new_page(options = {}) {
    const context = await browser.newContext({ viewport: desktop, ...options });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(patience_ms);
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
        const is_expected = expected_error?.test(message.text()) ?? false;
        if (message.type() === 'error' && !is_expected) errors.push(message.text());
    });
    return page;
}

// A port that stays the same, whatever becomes of the broker behind it: connections to it go to
// `gate.target`, another port, or are broken off, when that is null.
async function open_gate(target) {
    const gate = { target };
    const sockets = new Set();
    const server = net.createServer((client) => {
        if (gate.target === null) return client.destroy();
        const other = net.connect(gate.target, '127.0.0.1');
        for (const [socket, peer] of [[client, other], [other, client]]) {
            sockets.add(socket);
            socket.pipe(peer);
            socket.on('error', () => {});
            socket.on('close', () => { sockets.delete(socket); peer.destroy(); });
        }
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    gate.url = `http://127.0.0.1:${server.address().port}/`;
    gate.close = () => {
        server.close();
        for (const socket of sockets) socket.destroy();
    };
    return gate;
}

async function has_no_horizontal_scroll(page) {
    const { width } = page.viewportSize();
    const content = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(content <= width, `the page is ${content} wide, the window ${width}`);
}

describe('the STOMP broker\'s page in Chromium', () => {
    let server;
    before(async () => { server = await start_server('stomp_broker', ['--tcp-port', 'none']); });
    after(() => server?.stop());

    async function open_page(options, url = server.url('/', 'http')) {
        const page = await new_page(options);
        await page.goto(url);
        await page.getByRole('status').getByText('live').waitFor();
        return page;
    }
    async function connect(page) {
        await page.getByRole('button', { name: 'Connect' }).click();
        await page.getByText('connected, STOMP 1.2').waitFor();
    }
    async function subscribe(page, destination, ack) {
        const form = page.locator('#subscribe-form');
        await form.getByLabel('Destination').fill(destination);
        await form.getByLabel('Acknowledge').selectOption(ack);
        await form.getByRole('button', { name: 'Subscribe', exact: true }).click();
        await page.getByRole('list', { name: 'Subscriptions' }).getByText(destination).waitFor();
    }
    async function send(page, destination, body, { headers = '', receipt = false } = {}) {
        const form = page.locator('#send-form');
        await form.getByLabel('Destination').fill(destination);
        await form.getByLabel('Headers').fill(headers);
        await form.getByLabel('Body').fill(body);
        await form.getByLabel('Ask for a receipt').setChecked(receipt);
        await form.getByRole('button', { name: 'Send' }).click();
    }
    const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
    const log = (page) => page.getByRole('log', { name: 'Messages' });
    const message = (page, text) => log(page).getByRole('article').filter({ hasText: text });
    // Waits until the table's row says so: depth, unacknowledged, consumers.
    const row_says = (page, destination, ...numbers) => page.waitForFunction(([name, wanted]) => {
        const rows = [...document.querySelectorAll('tbody tr')];
        const row = rows.find((one) => one.querySelector('th').textContent === name);
        return row?.querySelectorAll('td').length === 5 && wanted.every((number, i) =>
            row.querySelectorAll('td')[i + 2].textContent === number);
    }, [destination, numbers.map(String)]);

    it('it connects, subscribes, sends and hears', { timeout }, async () => {
        const page = await open_page();
        await connect(page);
        await subscribe(page, '/topic/page', 'auto');
        await send(page, '/topic/page', 'Grüße & <b>no markup</b>\nsecond line',
                   { headers: 'content-type:text/plain\nkey:a:b', receipt: true });
        await log(page).getByText(/^RECEIPT/).waitFor();
        const came = message(page, 'Grüße & <b>no markup</b>');
        await came.waitFor();
        assert.equal(await page.locator('#log b b, #log pre b').count(), 0);
        await came.getByText(/headers, text\/plain/).click();
        await came.getByText('a:b', { exact: true }).waitFor();
        await row_says(page, '/topic/page', '–', '–', 1);
        await subscribe(page, '/topic/any.*', 'auto');
        await send(page, '/topic/any.one', 'by a pattern');
        await message(page, 'by a pattern').waitFor();
        await row_says(page, '/topic/any.*', '–', '–', 1);
        const state = await (await fetch(server.url('/state.json', 'http'))).json();
        const pattern = state.destinations.find(({ name }) => name === '/topic/any.*');
        assert.deepEqual([pattern.received, pattern.consumed], [1, 1]);
        await press(page, 'Unsubscribe from /topic/page');
        await page.locator('tbody').getByText('/topic/page').waitFor({ state: 'detached' });
        await press(page, 'Disconnect');
        await page.getByText('not connected').waitFor();
    });

    it('a backplane\'s state is shown', { timeout }, async () => {
        const node = await start_server('stomp_broker', ['--tcp-port', 'none', '--backplane',
                                                         'stomp://127.0.0.1:1']);
        const page = await open_page({}, node.url('/', 'http'));
        const card = page.locator('#backplane');
        await card.getByText(/^node [0-9a-f]{16}, not connected$/).waitFor();
        await has_no_horizontal_scroll(page);
        await connect(page);
        await subscribe(page, '/topic/page', 'auto');
        const heard = page.locator('#backplane-subscriptions');
        await heard.filter({ hasText: /^1$/ }).waitFor();
        await close_pages();
        await node.stop();
    });

    it('a queue\'s depth, consumers and acknowledgements are shown', { timeout }, async () => {
        const page = await open_page();
        await connect(page);
        for (const body of ['one', 'two', 'three']) await send(page, '/queue/page', body);
        await row_says(page, '/queue/page', 3, 0, 0);
        await subscribe(page, '/queue/page', 'client-individual');
        await message(page, 'three').waitFor();
        await row_says(page, '/queue/page', 0, 3, 1);
        await message(page, 'two').getByRole('button', { name: 'ACK', exact: true }).click();
        await row_says(page, '/queue/page', 0, 2, 1);
        await message(page, 'one').getByRole('button', { name: 'NACK', exact: true }).click();
        // In words of the page: a header of that name is in both.
        await message(page, /one.*headers, redelivered/s).waitFor();
        await press(page, 'Unsubscribe from /queue/page');
        await message(page, 'three').getByText('given back').waitFor();
        await row_says(page, '/queue/page', 2, 0, 0);
        // In mode client, an ACK is one of all before it.
        await subscribe(page, '/queue/page', 'client');
        await message(page, 'three').nth(1).getByRole('button', { name: 'ACK', exact: true })
            .click();
        await row_says(page, '/queue/page', 0, 0, 1);
        assert.equal(await log(page).getByRole('button', { name: 'ACK', exact: true }).count(), 0);
    });

    it('a transaction happens at COMMIT, or not at all', { timeout }, async () => {
        const page = await open_page();
        await connect(page);
        await subscribe(page, '/queue/whole', 'client-individual');
        await press(page, 'Begin');
        await send(page, '/queue/whole', 'never', { receipt: true });
        await page.getByText('Open: 1 sent, 0 acknowledged.').waitFor();
        await press(page, 'Abort');
        await press(page, 'Begin');
        await send(page, '/queue/whole', 'at last', { receipt: true });
        assert.equal(await message(page, 'at last').count(), 0);
        await press(page, 'Commit');
        await message(page, 'at last').waitFor();
        // What was aborted is owed its RECEIPT, too.
        await log(page).getByText(/^RECEIPT/).nth(1).waitFor();
        assert.equal(await message(page, 'never').count(), 0);
        // An acknowledgement that is aborted is none.
        await press(page, 'Begin');
        await press(page, 'ACK');
        await page.getByText('Open: 0 sent, 1 acknowledged.').waitFor();
        await press(page, 'Abort');
        await row_says(page, '/queue/whole', 0, 1, 1);
        await press(page, 'ACK');
        await row_says(page, '/queue/whole', 0, 0, 1);
    });

    it('an ERROR is shown, and ends the session', { timeout }, async () => {
        const page = await open_page();
        await connect(page);
        await subscribe(page, '/topic/page', 'auto');
        await send(page, '/nowhere/at/all', 'x');
        await page.getByRole('alert').filter({ hasText: /\S/ }).waitFor();
        await log(page).getByText(/^ERROR: /).waitFor();
        await page.getByText('not connected').waitFor();
        await connect(page);
        assert.equal(await page.locator('#console-error').textContent(), '');
    });

    it('rates are shown, and a lost connection comes back', { timeout }, async () => {
        const gate = await open_gate(server.port);
        gates.push(gate);
        const page = await open_page({}, gate.url);
        await connect(page);
        await subscribe(page, '/topic/flood', 'auto');
        await page.evaluate(() => {
            const client = new StompJs.Client({
                brokerURL: `ws://${location.host}/ws`,
            });
            setInterval(() => {
                if (!client.connected) return;
                client.publish({ destination: '/topic/flood', body: 'x'.repeat(50) });
            }, 10);
            client.activate();
        });
        await page.waitForFunction(() => parseFloat(
            document.getElementById('delivered-rate').textContent.replaceAll(',', '')) > 0);
        await page.waitForFunction(() => parseInt(
            document.getElementById('message-count').textContent.replaceAll(',', ''), 10) > 200);
        assert.ok(await page.locator('#log > *').count() <= 200);
        expected_error = /net::ERR_|WebSocket (connection to .* failed|is already in CLOSING)/;
        gate.target = null;
        await server.stop();
        await page.getByRole('status').getByText('no answer').waitFor();
        server = await start_server('stomp_broker', ['--tcp-port', 'none']);
        gate.target = server.port;
        await page.getByRole('status').getByText('live').waitFor();
        await page.getByText('connected, STOMP 1.2').waitFor();
        await row_says(page, '/topic/flood', '–', '–', 1);
    });

    it('without @stomp/stompjs it says what to run, and the table works', { timeout }, async () => {
        const page = await new_page();
        // What make embeds where npm has not brought the client.
        const without = path.join(__dirname, '../../programs/stomp_broker/page/without');
        await page.route('**/stomp.umd.min.js', (route) =>
            route.fulfill({ path: path.join(without, 'stomp.umd.min.js') }));
        await page.goto(server.url('/', 'http'));
        await page.getByText('npm ci --prefix programs/stomp_broker && make').waitFor();
        assert.equal(await page.getByRole('button', { name: 'Connect' }).count(), 0);
        await page.waitForFunction(() =>
            /^[\d,]+$/.test(document.getElementById('received').textContent));
    });

    it('a phone shows all of it, dark mode too', { timeout }, async () => {
        const page = await open_page({ viewport: phone, hasTouch: true, isMobile: true,
                                       deviceScaleFactor: 2 });
        await connect(page);
        const long = `/queue/${'a.very.long.name/'.repeat(8)}end`;
        await subscribe(page, long, 'client');
        await send(page, long, `One${'veryLong'.repeat(30)}Word`,
                   { headers: `key:${'value'.repeat(40)}` });
        await message(page, /veryLong/).getByText(/headers/).click();
        await row_says(page, long, 0, 1, 1);
        await has_no_horizontal_scroll(page);
        await page.evaluate(() => scrollTo(0, 0));
        await page.screenshot({ path: path.join(screenshots, 'stomp-phone.png'), fullPage: true });
        await page.setViewportSize({ width: 320, height: 640 });
        await has_no_horizontal_scroll(page);
        await page.setViewportSize(desktop);
        await page.screenshot({ path: path.join(screenshots, 'stomp-desktop.png') });
        await page.emulateMedia({ colorScheme: 'dark' });
        await page.screenshot({ path: path.join(screenshots, 'stomp-dark.png') });
    });

    it('the keyboard alone is enough', { timeout }, async () => {
        const page = await open_page();
        await page.getByLabel('Passcode').focus();
        await page.keyboard.press('Enter');
        await page.getByText('connected, STOMP 1.2').waitFor();
        await page.locator('#subscribe-destination').focus();
        await page.keyboard.press('Enter');
        await page.locator('#send-destination').focus();
        for (let i = 0; i < 2; ++i) await page.keyboard.press('Tab');
        await page.keyboard.type('typed 日本語 🦊');
        for (let i = 0; i < 2; ++i) await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
        await message(page, 'typed 日本語 🦊').waitFor();
    });
});

describe('the STOMP broker\'s page, when it is not for everyone', () => {
    it('with --user it wants a login, and so does CONNECT', { timeout }, async () => {
        const server = await start_server('stomp_broker',
                                          ['--tcp-port', 'none', '--user', 'ada:pass:word']);
        try {
            for (const target of ['/', '/state.json', '/app.js']) {
                const { status } = await fetch(server.url(target, 'http'));
                assert.equal(status, 401, target);
            }
            const wrong = { authorization: `Basic ${btoa('ada:wrong')}` };
            const { status } = await fetch(server.url('/state.json', 'http'), { headers: wrong });
            assert.equal(status, 401);
            const page = await new_page({
                httpCredentials: { username: 'ada', password: 'pass:word' } });
            // Playwright gives the credentials after a refusal, which the browser may log.
            expected_error = /401/;
            await page.goto(server.url('/', 'http'));
            await page.getByRole('status').getByText('live').waitFor();
            await page.getByLabel('Login').fill('ada');
            await page.getByLabel('Passcode').fill('wrong');
            await page.getByRole('button', { name: 'Connect' }).click();
            await page.getByRole('alert').getByText('The login or the passcode is wrong.').waitFor();
            await page.getByText('not connected').waitFor();
            await page.getByLabel('Passcode').fill('pass:word');
            await page.getByRole('button', { name: 'Connect' }).click();
            await page.getByText('connected, STOMP 1.2').waitFor();
        } finally {
            await close_pages();
            await server.stop();
        }
    });

    it('with --no-page there is none', { timeout }, async () => {
        const server = await start_server('stomp_broker', ['--no-page', '--tcp-port', 'none']);
        try {
            for (const target of ['/', '/state.json', '/app.js']) {
                const { status } = await fetch(server.url(target, 'http'));
                assert.equal(status, 404, target);
            }
        } finally {
            await close_pages();
            await server.stop();
        }
    });

    it('session ids are not shown in the names of queues', { timeout }, async () => {
        const server = await start_server('stomp_broker', ['--tcp-port', 'none']);
        try {
            const page = await new_page();
            await page.goto(server.url('/', 'http'));
            const session = await page.evaluate(() => new Promise((resolve) => {
                const client = new StompJs.Client({
                    brokerURL: `ws://${location.host}/ws`,
                    onConnect: ({ headers }) => {
                        client.subscribe('/temp-queue/mine', () => {});
                        client.subscribe('/user/queue/mine', () => {});
                        client.watchForReceipt('r', () => resolve(headers.session));
                        client.publish({ destination: '/queue/r', headers: { receipt: 'r' } });
                    },
                });
                client.activate();
            }));
            const text = await (await fetch(server.url('/state.json', 'http'))).text();
            const names = JSON.parse(text).destinations.map(({ name }) => name);
            assert.equal(names.filter((name) => name.endsWith('mine')).length, 2, text);
            assert.ok(!text.includes(session), text);
        } finally {
            await close_pages();
            await server.stop();
        }
    });
});

describe('the demo\'s room by STOMP', () => {
    let server;
    let python;
    let lines;
    let heard = [];
    before(async () => {
        server = await start_server('demo', ['--stomp-port', '0']);
        const printed = /^STOMP over TCP on .*:(\d+)$/m;
        while (!printed.test(server.printed)) await once(server.child.stdout, 'data');
        const [, port] = printed.exec(server.printed);
        python = spawn('/usr/bin/python3', [path.join(__dirname, 'stomp_chat.py'), port, 'Python'],
                       { stdio: ['pipe', 'pipe', 'inherit'] });
        lines = readline.createInterface({ input: python.stdout });
        await once(lines, 'line');  // "ready".
        lines.on('line', (line) => heard.push(line));
    });
    after(async () => {
        python?.stdin.end();
        if (python?.exitCode === null) await once(python, 'exit');
        await server?.stop();
    });

    const python_hears = async (wanted) => {
        const deadline = Date.now() + patience_ms;
        while (!heard.some((line) => wanted.test(line))) {
            assert.ok(Date.now() < deadline, `${wanted} is not in\n${heard.join('\n')}`);
            await Promise.race([once(lines, 'line'),
                                new Promise((resolve) => { setTimeout(resolve, 200); })]);
        }
    };
    async function join_by_stomp(name) {
        const page = await new_page();
        await page.goto(server.url('/stomp.html', 'http'));
        await page.getByLabel('Your name').fill(name);
        await page.getByRole('button', { name: 'Join' }).click();
        await page.getByRole('status').getByText('connected', { exact: true }).waitFor();
        return page;
    }
    async function say(page, text) {
        await page.getByRole('textbox', { name: 'Message' }).fill(text);
        await page.getByRole('button', { name: 'Send' }).click();
    }
    const hears = (page, text) =>
        page.getByRole('log', { name: 'Messages' }).getByText(text).waitFor();

    it('a page, stomp.py and the demo\'s own page chat', { timeout }, async () => {
        const grace = await join_by_stomp('Grace');
        const ada = await new_page();
        await ada.goto(server.url('/', 'http'));
        await ada.getByLabel('Your name').fill('Ada');
        await ada.getByRole('button', { name: 'Join' }).click();
        await hears(grace, 'Ada joined');
        await python_hears(/^message application\/json .*"event":"join","name":"Ada"/);

        python.stdin.write('Hello from stomp.py: "quotes" & <b>no markup</b>\n');
        for (const page of [grace, ada]) {
            await hears(page, 'Hello from stomp.py: "quotes" & <b>no markup</b>');
            await hears(page, 'Python (STOMP)');
        }
        await say(grace, 'Grüße by STOMP 🦊');
        await hears(ada, 'Grüße by STOMP 🦊');
        await hears(ada, 'Grace (STOMP)');
        await python_hears(/"from":"Grace \(STOMP\)","text":"Grüße by STOMP 🦊"/);
        await say(ada, 'And by WebSocket.');
        await hears(grace, 'And by WebSocket.');
        await python_hears(/"from":"Ada","text":"And by WebSocket\."/);
        await grace.screenshot({ path: path.join(screenshots, 'stomp-room.png') });
        await ada.close();
        await hears(grace, 'Ada left');
    });

    it('the rules of the room hold, and are answered with ERROR', { timeout }, async () => {
        const page = await join_by_stomp('Rude');
        // All at once: what comes slowly is not against the rules.
        await page.evaluate(() => {
            for (let i = 0; i < 40; ++i) {
                document.getElementById('text').value = 'again';
                document.getElementById('compose').requestSubmit();
            }
        });
        await page.getByRole('alert').getByText('That was a lot at once.').waitFor();
        await page.getByRole('status').getByText('not connected').waitFor();
        const refused = (send) => page.evaluate(async ([destination, body]) => {
            const client = new StompJs.Client({ brokerURL: `ws://${location.host}/stomp`,
                                                connectHeaders: { login: 'X', passcode: '' } });
            const error = await new Promise((resolve) => {
                client.onConnect = () => client.publish({ destination, body });
                client.onStompError = ({ headers, body: text }) =>
                    resolve(`${headers.message} ${text}`);
                client.activate();
            });
            await client.deactivate();
            return error;
        }, send);
        assert.match(await refused(['/topic/room', '{"type":"chat","from":"Ada"}']), /\/topic\/room/);
        assert.match(await refused(['/app/chat', ' ']), /1 to 500 characters/);
        assert.match(await refused(['/app/chat', 'two\nlines']), /1 to 500 characters/);
        assert.match(await refused(['/app/chat', 'x'.repeat(501)]), /1 to 500 characters/);
    });
});
