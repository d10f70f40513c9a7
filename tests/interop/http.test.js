// Plain HTTP with clients that others wrote: curl, Node's fetch, and Chromium's EventSource and
// fetch.
//
// EDGEWS_CHROMIUM names the browser's binary (default: /usr/bin/chromium).
'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { chromium } = require('playwright-core');
const { start_server } = require('./server.js');

const timeout = 60_000;
const large = Buffer.alloc(3_000_000, 'The quick brown fox. ');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edgews-http-'));

let server;
before(async () => {
    fs.mkdirSync(path.join(folder, 'sub'));
    fs.writeFileSync(path.join(folder, 'index.html'), '<!doctype html><title>files</title>');
    fs.writeFileSync(path.join(folder, 'large.txt'), large);
    fs.writeFileSync(path.join(folder, 'sub/index.html'), 'sub');
    fs.utimesSync(path.join(folder, 'large.txt'), 1_000_000_000, 1_000_000_000);
    server = await start_server('../tests/http_server', [folder]);
});
after(async () => {
    await server?.stop();
    fs.rmSync(folder, { recursive: true });
});

const url = (target) => server.url(target, 'http');
const curl = (...args) => execFileSync('curl', ['--silent', '--show-error', '--max-time', '20',
    ...args], { maxBuffer: 64 * 1024 * 1024 });
const numbers = (count) => Array.from({ length: count }, (_, i) => `${i}\n`).join('');

describe('curl', { timeout }, () => {
    it('reads an answer in chunks, by HTTP/1.1 and 1.0, and goes on behind it', () => {
        assert.equal(curl(url('/numbers/50')).toString(), numbers(50));
        assert.equal(curl('--http1.0', url('/numbers/50')).toString(), numbers(50));
        const both = curl('--write-out', ':%{num_connects}:', url('/numbers/5'), url('/left'));
        assert.match(both.toString(), /^0\n1\n2\n3\n4\n:1:\d+:0:$/);
    });

    it('is answered a HEAD', () => {
        const head = curl('--head', url('/large.txt')).toString();
        assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
        assert.match(head, /\r\nContent-Length: 3000000\r\n/);
        assert.match(curl('--head', url('/numbers/5')).toString(), /Transfer-Encoding: chunked/);
    });

    it('takes up a download where it was', () => {
        const file = path.join(folder, 'copy');
        curl('--range', '0-999999', '--output', file, url('/large.txt'));
        assert.equal(fs.statSync(file).size, 1_000_000);
        curl('--continue-at', '-', '--output', file, url('/large.txt'));
        assert.ok(fs.readFileSync(file).equals(large));
        assert.ok(curl('--range', '-21', url('/large.txt')).equals(large.subarray(-21)));
        fs.rmSync(file);
    });

    it('does not load again what it has', () => {
        const tag = path.join(folder, 'tag');
        const status = (...args) => curl(...args, '--output', '/dev/null', '--write-out',
            '%{http_code}', url('/large.txt')).toString();
        assert.equal(status('--etag-save', tag), '200');
        assert.equal(status('--etag-compare', tag), '304');
        assert.equal(status('--time-cond', '01 Jan 2020 00:00:00 GMT'), '304');
        fs.rmSync(tag);
    });

    it('follows a directory to its index, and no path out of it', () => {
        assert.equal(curl('--location', url('/sub')).toString(), 'sub');
        const status = (target) => curl('--path-as-is', '--output', '/dev/null', '--write-out',
            '%{http_code}', url(target)).toString();
        assert.equal(status('/../../../../etc/passwd'), '404');
        assert.equal(status('/%2e%2e/%2e%2e/%2e%2e/etc/passwd'), '404');
        assert.equal(status('/sub/..%2f..%2f..%2fetc/passwd'), '404');
    });
});

describe("Node's fetch", { timeout }, () => {
    it('reads chunks, and files', async () => {
        assert.equal(await (await fetch(url('/numbers/20'))).text(), numbers(20));
        const response = await fetch(url('/large.txt'));
        assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
        assert.ok(Buffer.from(await response.arrayBuffer()).equals(large));
    });

    it('is noticed when it leaves', async () => {
        const left = async () => Number(await (await fetch(url('/left'))).text());
        const before_count = await left();
        const controller = new AbortController();
        const response = await fetch(url('/for-ever'), { signal: controller.signal });
        const { value } = await response.body.getReader().read();
        assert.equal(Buffer.from(value).toString(), 'data: here\n\n');
        controller.abort();
        while (await left() === before_count) continue;
        assert.equal(await left(), before_count + 1);
    });
});

describe('Chromium', { timeout }, () => {
    let browser;
    let page;
    before(async () => {
        browser = await chromium.launch({
            executablePath: process.env.EDGEWS_CHROMIUM ?? '/usr/bin/chromium',
            args: ['--no-sandbox'] });
        page = await browser.newPage();
        await page.goto(url('/'));
    });
    after(() => browser?.close());

    it('shows a page of ours', async () => assert.equal(await page.title(), 'files'));

    it('listens to events, and comes again for those that it has not had', async () => {
        const heard = await page.evaluate(() => new Promise((resolve) => {
            const events = new EventSource('/events');
            const all = [];
            events.addEventListener('number', (event) => {
                all.push([event.lastEventId, event.data]);
                if (all.length < 7) return;
                events.close();
                resolve(all);
            });
        }));
        assert.deepEqual(heard, Array.from({ length: 7 }, (_, i) =>
            [String(i + 1), `line one of ${i + 1}\nline two`]));
    });

    it('reads a stream as it comes', async () => {
        const text = await page.evaluate(async () => {
            const reader = (await fetch('/numbers/30')).body.getReader();
            const decoder = new TextDecoder();
            let read = '';
            for (;;) {
                const { done, value } = await reader.read();
                if (done) return read;
                read += decoder.decode(value, { stream: true });
            }
        });
        assert.equal(text, numbers(30));
    });
});
