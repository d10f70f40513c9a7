// The demo's page in Chromium: people chat, the ticker moves, the inspector tells, the page
// survives a restart of the server, a phone shows it. Screenshots stay in build/screenshots/.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, afterEach, before, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { launch_chromium } = require('./chromium.js');
const { start_server } = require('./server.js');

const timeout = 60_000;
const patience_ms = 15_000;
const screenshots = path.join(__dirname, '../../build/screenshots');
const desktop = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };

let browser;
let server;
let contexts = [];
let errors = [];

// Repeats `check` until it holds; at last lets its error pass.
async function eventually(check) {
    const deadline = Date.now() + patience_ms;
    for (;;) {
        try {
            return await check();
        } catch (error) {
            if (Date.now() > deadline) throw error;
            await pause(50);
        }
    }
}

// A page of its own visitor: nothing is shared with the others.
// `prepare` runs in it before its own scripts.
async function open_page(options = {}, prepare = () => {}) {
    const context = await browser.newContext({ viewport: desktop, ...options });
    contexts.push(context);
    const page = await context.newPage();
    await page.addInitScript(prepare);
    page.setDefaultTimeout(patience_ms);
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
        // That a server which is down cannot be reached is logged by the browser itself.
        const expected = /WebSocket connection to .* failed/.test(message.text());
        if (message.type() === 'error' && !expected) errors.push(message.text());
    });
    await page.goto(server.url('/', 'http'));
    await shows_status(page, 'Connected');
    return page;
}

const shows_status = (page, text) => page.getByRole('status').getByText(text).waitFor({
    state: 'attached' });  // It is there for screen readers, and out of sight.
const room = (page) => page.getByRole('log', { name: 'Messages' });
const people = (page) => page.getByRole('list', { name: 'Who is here' });
const ticker = (page) => page.getByRole('region', { name: 'Ticker' });

// What the inspector says beside a term.
function fact(page, term) {
    return page.getByRole('region', { name: 'Inspector' })
        .locator('dt', { hasText: new RegExp(`^${term}$`) }).first()
        .locator('xpath=following-sibling::dd[1]');
}

async function join(page, name) {
    await page.getByLabel('Your name').fill(name);
    await page.getByRole('button', { name: 'Join' }).click();
    await people(page).getByText(`${name} (you)`).waitFor();
}

async function say(page, text) {
    await page.getByRole('textbox', { name: 'Message' }).fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
}

async function hears(page, text) { await room(page).getByText(text).waitFor(); }

async function has_no_horizontal_scroll(page) {
    const { width } = page.viewportSize();  // innerWidth would grow with what it cannot hold.
    const content = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(content <= width, `the page is ${content} wide, the window ${width}`);
}

describe('the demo in Chromium', () => {
    before(async () => {
        server = await start_server('demo');
        browser = await launch_chromium();
    });
    after(async () => {
        await browser?.close();
        await server?.stop();
    });
    afterEach(async () => {
        await Promise.all(contexts.splice(0).map((context) => context.close()));
        assert.deepEqual(errors.splice(0), []);
    });

    it('two people see and hear each other', { timeout }, async () => {
        const [ada, grace] = await Promise.all([open_page(), open_page()]);
        await join(ada, 'Ada');
        await join(grace, 'Grace');
        await people(ada).getByText('Grace').waitFor();
        await people(grace).getByText('Ada').waitFor();
        await say(ada, 'Hello Grace, this is Ada.');
        await hears(grace, 'Hello Grace, this is Ada.');
        await hears(ada, 'Hello Grace, this is Ada.');
        await say(grace, 'Grüße, κόσμε & <b>no markup</b>');
        await hears(ada, 'Grüße, κόσμε & <b>no markup</b>');
        assert.equal(await room(ada).locator('b').count(), 0);
        for (let i = 0; i < 5; ++i) await say(i % 2 ? ada : grace, `line ${i}`);
        for (const page of [ada, grace]) await hears(page, 'line 4');
        const lines = await room(ada).getByText(/^line \d$/).allTextContents();
        assert.deepEqual(lines, ['line 0', 'line 1', 'line 2', 'line 3', 'line 4']);
        await eventually(async () => assert.match(await fact(ada, 'Latency').innerText(), /\d/));
        await ada.screenshot({ path: path.join(screenshots, 'desktop.png') });
        await ada.emulateMedia({ colorScheme: 'dark' });
        await ada.screenshot({ path: path.join(screenshots, 'desktop-dark.png') });
        await grace.close();
        await hears(ada, 'Grace left');
        await eventually(async () => assert.equal(await people(ada).getByText('Grace').count(), 0));
    });

    it('a name that is taken is refused, and another is not', { timeout }, async () => {
        const [first, second] = await Promise.all([open_page(), open_page()]);
        await join(first, 'Unique');
        await second.getByLabel('Your name').fill('Unique');
        await second.getByRole('button', { name: 'Join' }).click();
        await second.getByRole('alert').filter({ hasText: /\S/ }).waitFor();
        await join(second, 'Other');
        await people(first).getByText('Other').waitFor();
    });

    it('the ticker moves several times a second', { timeout }, async () => {
        const page = await open_page();
        const symbols = ticker(page).getByRole('list');
        await symbols.getByRole('button').first().waitFor();
        const took_ms = await symbols.evaluate((list) => new Promise((resolve) => {
            const began = performance.now();
            const seen = new Set();
            new MutationObserver(() => {
                if (seen.add(list.textContent).size === 10) resolve(performance.now() - began);
            }).observe(list, { subtree: true, childList: true, characterData: true });
        }));
        assert.ok(took_ms < 5_000, `ten changes took ${took_ms} ms`);
        const chart = ticker(page).getByRole('img');
        const drawn = await chart.innerHTML();
        await eventually(async () => assert.notEqual(await chart.innerHTML(), drawn));
        await symbols.getByRole('button').nth(1).click();
        const symbol = await symbols.getByRole('button').nth(1).locator('b').innerText();
        await ticker(page).getByRole('img', { name: symbol }).waitFor();
    });

    it('the inspector shows the connection', { timeout }, async () => {
        const page = await open_page();
        await eventually(async () => {
            assert.match(await fact(page, 'State').innerText(), /\bopen\b/);
            assert.match(await fact(page, 'Latency').innerText(), /^[\d.,]+\s?(ms|µs|s)$/);
            assert.match(await fact(page, 'Protocol').innerText(), /edgews-demo/);
            assert.match(await fact(page, 'Backlog').innerText(), /^\d/);
        });
        const received = async () => parseInt((await fact(page, 'In').innerText())
            .replaceAll(/[,.\s]/g, ''), 10);
        const before = await received();
        await eventually(async () => assert.ok(await received() > before));
        await page.getByRole('button', { name: /pings at once/ }).click();
        await page.getByText(/round trips/).waitFor();
    });

    it('a restart of the server is shown, and the page recovers', { timeout }, async () => {
        const [page, other] = await Promise.all([open_page(), open_page()]);
        await join(page, 'Survivor');
        await join(other, 'Companion');
        await people(page).getByText('Companion').waitFor();
        const { port } = server;
        await server.stop();
        for (const one of [page, other]) await shows_status(one, /Connection lost/);
        await page.getByText(/reconnecting/).waitFor();
        await eventually(async () =>
            assert.doesNotMatch(await fact(page, 'State').innerText(), /\bopen\b/));
        server = await start_server('demo', [], { port });
        for (const one of [page, other]) await shows_status(one, 'Connected');
        await people(page).getByText('Companion').waitFor();
        await people(other).getByText('Survivor').waitFor();
        await say(page, 'We are back.');
        await hears(other, 'We are back.');
        await eventually(async () => {
            assert.match(await fact(page, 'State').innerText(), /\bopen\b/);
        });
    });

    // The browser knows of the end before it tells the page.
    it('what is said while the connection closes is not lost', { timeout }, async () => {
        const page = await open_page({}, () => {
            globalThis.sockets = [];
            globalThis.WebSocket = class extends WebSocket {
                constructor(...args) {
                    super(...args);
                    globalThis.sockets.push(this);
                }
            };
        });
        await join(page, 'Latecomer');
        const message = page.getByRole('textbox', { name: 'Message' });
        await message.fill('Did you hear?');
        await message.evaluate((input) => {
            globalThis.sockets.at(-1).close();
            input.form.requestSubmit();
        });
        assert.equal(await message.inputValue(), 'Did you hear?');
    });

    it('a phone shows all of it, and need not scroll sideways', { timeout }, async () => {
        const page = await open_page({ viewport: phone, hasTouch: true, isMobile: true,
                                       deviceScaleFactor: 2 });
        await has_no_horizontal_scroll(page);
        await join(page, 'A name of 24 characters.');
        await say(page, `One${'veryLong'.repeat(20)}Word`);
        await hears(page, /veryLong/);
        await has_no_horizontal_scroll(page);
        await ticker(page).getByRole('list').getByRole('button').first().waitFor();
        await eventually(async () => assert.match(await fact(page, 'Latency').innerText(), /\d/));
        await has_no_horizontal_scroll(page);
        await page.screenshot({ path: path.join(screenshots, 'phone.png'), fullPage: true });
        await page.setViewportSize({ width: 320, height: 640 });
        await has_no_horizontal_scroll(page);
    });

    it('the keyboard alone is enough to join and chat', { timeout }, async () => {
        const page = await open_page();
        await page.getByLabel('Your name').focus();
        await page.keyboard.type('Keys');
        await page.keyboard.press('Enter');
        await people(page).getByText('Keys (you)').waitFor();
        await page.keyboard.type('typed 日本語 🦊, not clicked');
        await page.keyboard.press('Enter');
        await hears(page, 'typed 日本語 🦊, not clicked');
    });
});
