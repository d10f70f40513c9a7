// How wsc, the client of the command line, ends: exit statuses, signals, and what it waits for.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { start_server } = require('./server.js');
const { events_of, run, start, until, with_server } = require('./wsc.js');

const timeout = 60_000;

describe('the end of wsc', () => {
    let server;
    let echo;
    before(async () => {
        server = await start_server('echo');
        echo = server.url('/echo');
    });
    after(() => server?.stop());

    const statuses = [[1000, 0], [1001, 0], [1002, 3], [1008, 3], [1011, 3], [3000, 3],
                      [4999, 3], [1005, 0]];
    for (const [code, expected] of statuses) {
        it(`close ${code} is status ${expected}`, { timeout }, async () => {
            const on_socket = (socket) => (code === 1005 ? socket.close()
                                                         : socket.close(code, 'bye'));
            await with_server({ on_socket }, async (url) => {
                const { status, text, err } = await run([url, '--json'], { input: null });
                assert.equal(status, expected);
                assert.equal(err, expected === 0 ? '' : `wsc: closed with ${code}: bye\n`);
                const close = events_of(text).at(-1);
                assert.deepEqual(close, { type: 'close', code,
                                          reason: code === 1005 ? '' : 'bye' });
            });
        });
    }

    it('a connection that is lost is status 3', { timeout }, async () => {
        await with_server({ on_socket: (socket) => socket.terminate() }, async (url) => {
            const { status, err } = await run([url], { input: null });
            assert.equal(status, 3);
            assert.match(err, /^wsc: ws:.*: the connection was lost\n$/);
            const quiet = await run([url, '--quiet'], { input: null });
            assert.equal(quiet.status, 3);
            assert.equal(quiet.err, '');
        });
    });

    it('nobody there is status 2', { timeout }, async () => {
        const nobody = net.createServer().listen(0, '127.0.0.1');
        await once(nobody, 'listening');
        const { port } = nobody.address();
        nobody.close();
        await once(nobody, 'close');
        const { status, err } = await run([`ws://127.0.0.1:${port}/`], { input: null });
        assert.equal(status, 2);
        assert.match(err, /^wsc: open ws:\/\/127.0.0.1:\d+\/: .*Connection refused/);
    });

    it('wrong usage is status 1, and says what is wrong', { timeout }, async () => {
        const rows = [[[], /a URL is needed/], [['--no'], /--no: there is no such option/],
                      [[echo, '-H'], /-H .*value is missing/], [[echo, '-H', 'x'], /not "x"/],
                      [[echo, echo], /one URL is enough/], [['ftp://x'], /does not begin/],
                      [[echo, '--ping', '5x'], /--ping TIME: not "5x"/],
                      [[echo, '--timeout', '0'], /--timeout/],
                      [[echo, '--cert', 'x'], /--cert and --key go together/],
                      [[echo, '--json=yes'], /--json/],
                      [[echo, '-H', 'Bad name: x'], /header/]];
        for (const [args, reason] of rows) {
            const { status, err, text } = await run(args);
            assert.match(err, reason);
            assert.equal(status, 1, err);
            assert.equal(text.split('\n').filter((l) => l.includes('"open"')).length, 0);
        }
    });

    it('--help fits a screen, --version is that of the library', { timeout }, async () => {
        const { text, status } = await run(['--help']);
        assert.equal(status, 0);
        const lines = text.split('\n');
        assert.ok(lines.length <= 48 && lines.every((line) => line.length <= 80));
        const header = fs.readFileSync(path.join(__dirname, '../../include/edgews/version.hpp'), 'utf8');
        const version = /version = "(.+)";/.exec(header)[1];
        assert.ok((await run(['--version'])).text.startsWith(`wsc ${version}`));
    });

    it('--timeout is status 4', { timeout }, async () => {
        const silent = await run([server.url('/sink'), '--timeout', '200ms'], { input: null });
        assert.equal(silent.status, 4);
        assert.match(silent.err, /timed out/);
        const deaf = net.createServer().listen(0, '127.0.0.1');  // Never says a word.
        await once(deaf, 'listening');
        const url = `127.0.0.1:${deaf.address().port}`;
        assert.equal((await run([url, '--timeout', '0.2'], { input: null })).status, 4);
        deaf.close();
    });

    it('--timeout does not wait for a server that does not say goodbye', { timeout }, async () => {
        const on_socket = (socket) => socket._socket.pause();
        await with_server({ on_socket }, async (url) => {
            const begin_ms = Date.now();
            const { status } = await run([url, '--timeout', '300ms'], { input: null });
            assert.equal(status, 4);
            assert.ok(Date.now() - begin_ms < 3_000, `${Date.now() - begin_ms} ms`);
        });
    });

    it('--count ends it, --wait waits for what comes late', { timeout }, async () => {
        const late = (socket) => {
            socket.on('message', () => setTimeout(() => {
                for (const word of ['a', 'b', 'c', 'd']) socket.send(word);
            }, 300));
        };
        await with_server({ on_socket: late }, async (url) => {
            const counted = await run([url, '--count', '3'], { input: 'x\n' });
            assert.equal(counted.text, 'a\nb\nc\n');
            assert.equal(counted.status, 0);
            const none = await run([url, '--wait', '10ms'], { input: 'x\n' });
            assert.equal(none.text, '');
            assert.match((await run([url], { input: 'x\n' })).text, /^a\n/);
            const all = await run([url, '--wait', 'forever', '--timeout', '1s'],
                                  { input: 'x\n' });
            assert.equal(all.text, 'a\nb\nc\nd\n');
            assert.equal(all.status, 4);
        });
    });

    it('a server that is slow to read gets all, and is not hurried', { timeout }, async () => {
        const input = 'x'.repeat(999).concat('\n').repeat(300);
        let size = 0;
        let code;
        const on_socket = (socket) => {
            socket.on('message', (data) => { size += data.length + 1; });
            socket.on('close', (with_code) => { code = with_code; });
            socket._socket.pause();
            setTimeout(() => socket._socket.resume(), 1_500);
        };
        await with_server({ on_socket }, async (url) => {
            assert.equal((await run([url, '--wait', '0'], { input })).status, 0);
            await until(() => code !== undefined);
        });
        assert.equal(size, input.length);
        assert.equal(code, 1000);
    });

    it('a reason that is not UTF-8 does no harm', { timeout }, async () => {
        const refusing = net.createServer((socket) => {
            socket.on('error', () => {});
            const head = 'HTTP/1.1 403 N\xE9\r\nContent-Length: 2\r\n\r\n';
            socket.end(Buffer.from(`${head}\xFF!`, 'latin1'));
        }).listen(0, '127.0.0.1');
        await once(refusing, 'listening');
        const { text, status } = await run([`127.0.0.1:${refusing.address().port}`, '--json']);
        const [error] = events_of(text);
        assert.match(error.message, /403 N\?$/);
        assert.equal(error.body, '?!');
        assert.equal(status, 2);
        refusing.close();
    });

    it('what was greeted with is not taken for the answer', { timeout }, async () => {
        await with_server({
            on_socket: (socket) => {
                socket.send('welcome');
                socket.on('message', (data) => socket.send(data.toString()));
            },
        }, async (url) => {
            assert.equal((await run([url], { input: 'x\n' })).text, 'welcome\nx\n');
        });
    });

    it('SIGINT says goodbye, SIGTERM too', { timeout }, async () => {
        for (const signal of ['SIGINT', 'SIGTERM']) {
            let code;
            const on_socket = (socket) => {
                socket.send('ready');
                socket.on('close', (with_code) => { code = with_code; });
            };
            await with_server({ on_socket }, async (url) => {
                const { child, done } = start([url], { input: null });
                await once(child.stdout, 'data');
                child.kill(signal);
                assert.equal((await done).status, 0);
                await until(() => code !== undefined);
                assert.equal(code, 1001);
            });
        }
    });

    it('the second SIGINT does not wait; nor one before it is open', { timeout }, async () => {
        let deaf;
        const on_socket = (socket) => {
            deaf = socket._socket;
            socket.send('ready');
        };
        await with_server({ on_socket }, async (url) => {
            const { child, done } = start([url], { input: null });
            await once(child.stdout, 'data');
            deaf.pause();
            child.kill('SIGINT');
            await new Promise((resolve) => { setTimeout(resolve, 200); });
            assert.equal(child.exitCode, null);
            child.kill('SIGINT');
            assert.equal((await done).status, 130);
        });
        let is_asked = false;
        const silent = net.createServer((socket) => {
            socket.on('data', () => { is_asked = true; }).on('error', () => {});
        }).listen(0, '127.0.0.1');
        await once(silent, 'listening');
        const { child, done } = start([`127.0.0.1:${silent.address().port}`], { input: null });
        await until(() => is_asked);
        child.kill('SIGINT');
        assert.equal((await done).status, 130);
        silent.close();
    });

    it('--reconnect goes on where it was', { timeout }, async () => {
        let connections = 0;
        const on_socket = (socket) => {
            const number = ++connections;
            socket.on('message', (data) => {
                socket.send(`${number}: ${data}`);
                if (data.toString() === 'again') socket.close(1012);
            });
        };
        await with_server({ on_socket }, async (url) => {
            const client = start([url, '--reconnect', '--json'], { input: null });
            client.child.stdin.write('again\n');
            await until(() => /"reconnect"(.|\n)*"open"/.test(client.printed()));
            client.child.stdin.end('on\n');
            const { status, text } = await client.done;
            const types = events_of(text).map(({ type }) => type);
            assert.deepEqual(types, ['open', 'message', 'close', 'reconnect', 'open',
                                     'message', 'close']);
            assert.equal(events_of(text)[5].text, '2: on');
            assert.equal(status, 0);
        });
    });

    it('a server that closes and then keeps TCP is not hurried', { timeout }, async () => {
        const on_socket = (socket) => {
            const tcp = socket._socket;
            tcp.end = () => setTimeout(() => tcp.destroy(), 1_000);
            socket.on('ping', () => setTimeout(() => socket.close(1000), 50));
        };
        await with_server({ on_socket }, async (url) => {
            const { status, text } = await run([url, '--wait', '300ms', '--json'],
                                               { input: 'line\n' });
            assert.deepEqual(events_of(text).at(-1), { type: 'close', code: 1000, reason: '' });
            assert.equal(status, 0);
        });
    });

    it('--reconnect ends after its input, whatever the server does', { timeout }, async () => {
        // Nobody says that the line was read: it gets 10 seconds.
        const on_socket = (socket) => {
            socket._socket.pause();
            setTimeout(() => socket.terminate(), 50);
        };
        await with_server({ on_socket }, async (url) => {
            const { status } = await run([url, '--reconnect', '--wait', '300ms'],
                                         { input: 'line\n' });
            assert.equal(status, 3);
        });
    });

    it('--reconnect ends where another try is in vain', { timeout }, async () => {
        const options = { verifyClient: (info, done) => done(false, 401) };
        await with_server(options, async (url) => {
            const { status, err } = await run([url, '--reconnect'], { input: null });
            assert.match(err, /401/);
            assert.equal(status, 2);
        });
    });
});
