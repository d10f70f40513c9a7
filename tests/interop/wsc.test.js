// wsc, the client of the command line, as people and scripts use it: against the echo examples and
// servers of npm's `ws`. EDGEWS_BIN names the folder of the programs.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { createHash, randomBytes } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { WebSocketServer } = require('ws');
const { make_certificate } = require('./certificates.js');
const { start_server } = require('./server.js');

const timeout = 60_000;
const python = process.env.EDGEWS_PYTHON ?? '/usr/bin/python3';
const wsc = path.join(path.resolve(process.env.EDGEWS_BIN ??
                                   path.join(__dirname, '../../build/examples')), 'wsc');
const report = /(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:|Assertion .* failed/;

// Starts wsc. `input`: what its stdin has, then it ends; null: it stays open; or a descriptor.
// `done` resolves to { status, out (a Buffer), text, err }.
function start(args, { input = '', env = {} } = {}) {
    const stdin = typeof input === 'number' ? input : 'pipe';
    const child = spawn(wsc, args, { stdio: [stdin, 'pipe', 'pipe'],
                                     env: { ...process.env, ...env } });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout - 5_000);
    const chunks = [];
    const run = { child, err: '', printed: () => Buffer.concat(chunks).toString() };
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk) => { run.err += chunk; });
    run.done = once(child, 'close').then(([status, signal]) => {
        clearTimeout(timer);
        assert.equal(signal, null, `ended by ${signal}; it said: ${run.err}`);
        assert.doesNotMatch(run.err, report);
        const out = Buffer.concat(chunks);
        return { status, out, text: out.toString(), err: run.err };
    });
    if (stdin === 'pipe') {
        child.stdin.on('error', () => {});  // It may have heard enough.
        if (input !== null) child.stdin.end(input);
    }
    return run;
}

const run = (args, options) => start(args, options).done;

async function until(condition) {
    while (!condition()) await new Promise((resolve) => { setTimeout(resolve, 5); });
}

const events_of = (text) => text.trimEnd().split('\n').map((line) => JSON.parse(line));

// Runs test(url, server) with an HTTP(S) server on which each WebSocket is told to on_socket.
async function with_server({ on_socket = () => {}, on_request, tls, ...options }, test) {
    const server = tls ? https.createServer(tls, on_request) : http.createServer(on_request);
    const sockets = new WebSocketServer({ server, ...options });
    sockets.on('connection', (socket, request) => {
        socket.on('error', () => {});
        on_socket(socket, request);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
        const scheme = tls ? 'wss' : 'ws';
        await test(`${scheme}://127.0.0.1:${server.address().port}`, server, sockets);
    } finally {
        for (const socket of sockets.clients) socket.terminate();
        server.close();
        server.closeAllConnections();
    }
}

describe('wsc', () => {
    let folder;
    let server;
    let secure;
    let echo;
    before(async () => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edgews-wsc-'));
        make_certificate(folder, 'localhost');
        make_certificate(folder, 'other.example');
        server = await start_server('echo');
        secure = await start_server('secure_echo', [
            '--deflate', '--cert', `${folder}/localhost.pem`, '--key', `${folder}/localhost.key`]);
        echo = server.url('/echo');
    });
    after(async () => {
        await server?.stop();
        await secure?.stop();
        fs.rmSync(folder, { recursive: true });
    });
    const file = (name, content) => {
        fs.writeFileSync(`${folder}/${name}`, content);
        return `${folder}/${name}`;
    };

    describe('input and output', () => {
        it('a line is a message, a message a line', { timeout }, async () => {
            const input = 'one\n\nκόσμε 日本語 🦊\n\ttab and "quotes"\\\nno newline at the end';
            const { status, text, err } = await run([echo], { input });
            assert.equal(text, `${input}\n`);
            assert.equal(err, '');
            assert.equal(status, 0);
        });

        it('100,000 lines come back in order, from a pipe and from a file', { timeout },
           async () => {
               const input = Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`).join('');
               assert.equal((await run([echo], { input })).text, input);
               const fd = fs.openSync(file('lines', input));
               const from_file = await run([echo], { input: fd });
               fs.closeSync(fd);
               assert.equal(from_file.text, input);
               assert.equal(from_file.status, 0);
           });

        it('lines longer than any piece', { timeout }, async () => {
            const input = `${'x'.repeat(3_000_000)}\n${'é'.repeat(500_000)}\n`;
            assert.equal((await run([echo], { input })).text, input);
        });

        it('--binary passes bytes as they are', { timeout }, async () => {
            const input = randomBytes(5_000_000);
            const { out, status } = await run(['--binary', echo], { input });
            assert.ok(out.equals(input));
            assert.equal(status, 0);
        });

        it('--file is one binary message each, in place of the input', { timeout }, async () => {
            const big = randomBytes(5_000_000);
            const received = [];
            await with_server({
                on_socket: (socket) => socket.on('message', (data, is_binary) => {
                    received.push([data.length, createHash('md5').update(data).digest('hex'),
                                   is_binary]);
                }),
            }, async (url) => {
                const { status } = await run(
                    [url, '--wait', '0', '--file', file('big', big), '--file', file('empty', '')],
                    { input: null });
                assert.equal(status, 0);
            });
            assert.deepEqual(received, [big, Buffer.alloc(0)].map((content) => (
                [content.length, createHash('md5').update(content).digest('hex'), true])));
            const back = await run([echo, '--binary', '--file', `${folder}/big`]);
            assert.ok(back.out.equals(big));
        });

        it('binary messages are printed in hex', { timeout }, async () => {
            const path_of_file = file('small', Buffer.from([0, 1, 0xAB, 0xFF]));
            assert.equal((await run([echo, '--file', path_of_file])).text, '0001abff\n');
        });

        it('an input that is not UTF-8, or cannot be read: status 5', { timeout }, async () => {
            const bad = await run([echo], { input: Buffer.from('good\n\xFF\nlate\n', 'latin1') });
            assert.equal(bad.text, 'good\n');
            assert.match(bad.err, /line 2 is not UTF-8/);
            assert.equal(bad.status, 5);
            const fd = fs.openSync(folder);
            const unreadable = await run([echo], { input: fd });
            fs.closeSync(fd);
            assert.match(unreadable.err, /input: Is a directory/);
            assert.equal(unreadable.status, 5);
            const missing = await run([echo, '--file', `${folder}/missing`]);
            assert.match(missing.err, /missing: No such file or directory/);
            assert.equal(missing.status, 5);
        });

        it('whoever reads the output may stop', { timeout }, async () => {
            const { child, done } = start([echo], { input: null });
            child.stdin.write('first\n');
            await once(child.stdout, 'data');
            child.stdout.destroy();
            child.stdin.write('second\n');
            assert.equal((await done).status, 0);
        });

        it('input is not read faster than the server does', { timeout }, async () => {
            const input = 'x'.repeat(999).concat('\n').repeat(50_000);
            const fd = fs.openSync(file('much', input));
            let peer;
            let size = 0;
            await with_server({
                on_socket: (socket) => {
                    peer = socket;
                    socket.on('message', (data) => { size += data.length + 1; });
                    socket._socket.pause();
                },
            }, async (url) => {
                const { child, done } = start([url, '--wait', '0'], { input: fd });
                const position = () => Number(/pos:\s*(\d+)/.exec(
                    fs.readFileSync(`/proc/${child.pid}/fdinfo/0`, 'utf8'))[1]);
                let last = -1;
                while (last !== position() || last === 0) {  // Until it stands still.
                    last = position();
                    await new Promise((resolve) => { setTimeout(resolve, 300); });
                }
                assert.ok(last < 20_000_000, `${last} bytes were read`);
                peer._socket.resume();
                assert.equal((await done).status, 0);
            });
            fs.closeSync(fd);
            assert.equal(size, input.length);
        });
    });

    describe('the opening request', () => {
        it('has the headers, the origin and the protocols; one is chosen', { timeout },
           async () => {
               let seen;
               await with_server({
                   handleProtocols: (offered) => { seen = [...offered]; return 'b'; },
                   on_socket: (socket, request) => socket.send(JSON.stringify(request.headers)),
               }, async (url) => {
                   const { text, status } = await run(
                       [url, '-H', 'X-One: 1', '--header=Authorization: Bearer a=b', '-p', 'a',
                        '-p', 'b', '--origin', 'https://example.com', '--json', '--count', '1']);
                   const [open, message] = events_of(text);
                   assert.equal(open.protocol, 'b');
                   const headers = JSON.parse(message.text);
                   assert.equal(headers['x-one'], '1');
                   assert.equal(headers.authorization, 'Bearer a=b');
                   assert.equal(headers.origin, 'https://example.com');
                   assert.equal(status, 0);
               });
               assert.deepEqual(seen, ['a', 'b']);
           });

        it('--deflate is agreed on', { timeout }, async () => {
            const line = 'compressible '.repeat(1_000);
            let socket_extensions;
            await with_server({
                perMessageDeflate: { threshold: 0 },
                on_socket: (socket) => {
                    socket_extensions = socket.extensions;
                    socket.on('message', (data) => socket.send(data.toString()));
                },
            }, async (url) => {
                const { text } = await run([url, '--deflate', '--json'], { input: `${line}\n` });
                const [open, message] = events_of(text);
                assert.match(open.extensions, /^permessage-deflate/);
                assert.equal(message.text, line);
            });
            assert.match(socket_extensions, /permessage-deflate/);
        });

        it('a refusal is shown with its body', { timeout }, async () => {
            await with_server({
                verifyClient: (_, done) => done(false, 401, 'who are\nyou?\n\x1b[31m'),
            }, async (url) => {
                const { status, text, err } = await run([url]);
                assert.equal(status, 2);
                assert.equal(text, '');
                assert.match(err, /the server refuses: 401 Unauthorized\n {2}who are\n {2}you\?/);
                const [error] = events_of((await run([url, '--json'])).text);
                assert.equal(error.type, 'error');
                assert.equal(error.status, 401);
                assert.match(error.body, /^who are\nyou/);
            });
        });

        it('redirections are followed where --redirects allows it', { timeout }, async () => {
            const on_request = (_, response) => {
                response.writeHead(302, { Location: `http://127.0.0.1:${server.port}/echo` }).end();
            };
            const redirecting = http.createServer(on_request);
            redirecting.on('upgrade', (_, socket) => socket.end(
                `HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:${server.port}/echo\r\n` +
                'Content-Length: 0\r\n\r\n'));
            redirecting.listen(0, '127.0.0.1');
            await once(redirecting, 'listening');
            const url = `127.0.0.1:${redirecting.address().port}/`;
            assert.equal((await run([url], { input: 'x\n' })).status, 2);
            const followed = await run([url, '--redirects', '1'], { input: 'x\n' });
            assert.equal(followed.text, 'x\n');
            redirecting.close();
            redirecting.closeAllConnections();
        });

        it('through a proxy, with its password; to a Unix socket', { timeout }, async () => {
            let asked;
            const proxy = http.createServer();
            proxy.on('connect', (request, socket) => {
                asked = request;
                const peer = net.connect(server.port, server.host, () => {
                    socket.write('HTTP/1.1 200 OK\r\n\r\n');
                    socket.pipe(peer).pipe(socket);
                });
                for (const end of [peer, socket]) end.on('error', () => {});
            });
            proxy.listen(0, '127.0.0.1');
            await once(proxy, 'listening');
            const { text } = await run(
                ['ws://edgews.test/echo', '--proxy',
                 `http://me:secret@127.0.0.1:${proxy.address().port}`], { input: 'tunnel\n' });
            proxy.close();
            assert.equal(text, 'tunnel\n');
            assert.equal(asked.url, 'edgews.test:80');
            assert.equal(asked.headers['proxy-authorization'],
                         `Basic ${Buffer.from('me:secret').toString('base64')}`);

            const on_path = http.createServer();
            new WebSocketServer({ server: on_path }).on('connection', (socket) => {
                socket.on('message', (data) => socket.send(data.toString()));
            });
            on_path.listen(`${folder}/socket`);
            await once(on_path, 'listening');
            const unix = await run(['ws://any/', '--unix', `${folder}/socket`], { input: 'x\n' });
            on_path.close();
            assert.equal(unix.text, 'x\n');
        });
    });

    describe('TLS', () => {
        const url = () => secure.url('/echo', 'wss').replace('127.0.0.1', 'localhost');

        it('--ca and --insecure', { timeout }, async () => {
            const ca = await run([url(), '--ca', `${folder}/localhost.pem`, '--deflate', '--json'],
                                 { input: 'secret\n' });
            const [open, message] = events_of(ca.text);
            assert.match(open.extensions, /permessage-deflate/);
            assert.equal(message.text, 'secret');
            assert.equal(ca.status, 0);
            const insecure = await run([url(), '--insecure'], { input: 'secret\n' });
            assert.equal(insecure.text, 'secret\n');
        });

        it('a wrong certificate or name: status 2, and OpenSSL says why', { timeout }, async () => {
            const unknown = await run([url()]);
            assert.match(unknown.err, /self-signed certificate/);
            assert.equal(unknown.status, 2);
            const tls = { cert: fs.readFileSync(`${folder}/other.example.pem`),
                          key: fs.readFileSync(`${folder}/other.example.key`) };
            await with_server({ tls }, async (other) => {
                const { err, status } = await run([other.replace('127.0.0.1', 'localhost'), '--ca',
                                                   `${folder}/other.example.pem`]);
                assert.match(err, /hostname mismatch/);
                assert.equal(status, 2);
            });
        });

        it('a certificate of our own', { timeout }, async () => {
            const tls = { cert: fs.readFileSync(`${folder}/localhost.pem`),
                          key: fs.readFileSync(`${folder}/localhost.key`),
                          ca: fs.readFileSync(`${folder}/other.example.pem`), requestCert: true,
                          rejectUnauthorized: true };
            const on_socket = (socket, request) => {
                socket.send(request.socket.getPeerCertificate().subject.CN);
            };
            await with_server({ tls, on_socket }, async (secured) => {
                const args = [secured, '--ca', `${folder}/localhost.pem`, '--count', '1'];
                const known = await run([...args, '--cert', `${folder}/other.example.pem`, '--key',
                                         `${folder}/other.example.key`]);
                assert.equal(known.text, 'other.example\n');
                assert.notEqual((await run(args)).status, 0);
            });
        });

        it('files that are no certificates: status 1', { timeout }, async () => {
            const { status, err } = await run([url(), '--ca', file('no.pem', 'nothing')]);
            assert.equal(status, 1);
            assert.match(err, /no\.pem/);
        });
    });

    describe('its end', () => {
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
                          [[echo, '--json=yes'], /--json/], [[echo, '-H', 'Bad name: x'], /header/]];
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
            assert.ok(lines.length <= 48 && lines.every((line) => line.length <= 90));
            const makefile = fs.readFileSync(path.join(__dirname, '../../Makefile'), 'utf8');
            const version = /^VERSION := (.+)$/m.exec(makefile)[1];
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
    });

    it('--ping pings, and --json tells what came of it', { timeout }, async () => {
        const client = start([echo, '--ping', '20ms', '--json'], { input: null });
        await until(() => /"pong"/.test(client.printed()));
        client.child.stdin.end();
        const pong = events_of((await client.done).text).find(({ type }) => type === 'pong');
        assert.ok(pong.latency_us > 0);
    });

    it('--json has an object for each event', { timeout }, async () => {
        const input = '{"json":"in \\"json\\""}\n\u0001 control\n';
        const { text } = await run([echo, '--json'], { input });
        assert.deepEqual(events_of(text), [
            { type: 'open', url: echo, protocol: '', extensions: '' },
            { type: 'message', text: '{"json":"in \\"json\\""}' },
            { type: 'message', text: '\u0001 control' },
            { type: 'close', code: 1000, reason: '' }]);
        const binary = await run([echo, '--json', '--file', file('bytes', Buffer.from([255, 0]))]);
        assert.equal(events_of(binary.text)[1].base64, '/wA=');
    });

    it('--latency measures', { timeout }, async () => {
        const { text, status } = await run([echo, '--latency', '--count', '200', '--size', '64']);
        assert.equal(status, 0);
        const lines = text.trimEnd().split('\n');
        assert.equal(lines.shift(), '200 messages of 64 bytes, one at a time');
        const figures = lines.map((line) => /^(\S+) +([\d.]+) (µs|messages\/s)$/.exec(line));
        assert.deepEqual(figures.map((found) => found[1]),
                         ['min', 'p50', 'p90', 'p99', 'p99.9', 'max', 'mean', 'rate']);
        const values = figures.map((found) => Number(found[2]));
        for (let i = 1; i < 6; ++i) assert.ok(values[i] >= values[i - 1]);
        assert.ok(values[7] > 0);
        for (const size of ['0', '1', '100000']) {
            const json = await run([echo, '--latency', '--count=20', '--size', size, '--json',
                                    '--binary']);
            const result = events_of(json.text).find(({ type }) => type === 'latency');
            assert.equal(result.messages, 20);
            assert.ok(result.p50_us > 0 && result.max_us >= result.p99_9_us);
        }
        const cut = await run([echo, '--latency', '--count', '1000000000', '--timeout', '0.3']);
        assert.equal(cut.status, 0);
        assert.match(cut.text, /^\d+ messages/);
        const silent = await run([server.url('/sink'), '--latency', '--timeout', '0.3']);
        assert.equal(silent.status, 4);
        assert.equal(silent.text, '');
    });

    // What a terminal shows after typing: [keys, what to wait for]...
    async function type_on_terminal(steps, ...arguments_) {
        const program = `
import json, os, pty, sys
steps, arguments = json.loads(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0: os.execv(arguments[0], arguments)
seen = b""
for keys, wanted in steps:
    start = len(seen)
    os.write(terminal, keys.encode())
    while wanted.encode() not in seen[start:]: seen += os.read(terminal, 4096)
try:
    while True: seen += os.read(terminal, 4096)
except OSError: pass
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;
        const child = spawn(python, ['-c', program, JSON.stringify(steps), ...arguments_],
                            { stdio: ['ignore', 'pipe', 'inherit'],
                              env: { ...process.env, TERM: 'xterm', NO_COLOR: '' } });
        const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
        const chunks = child.stdout.setEncoding('utf8').toArray();
        const [status] = await once(child, 'exit');
        clearTimeout(timer);
        const text = (await chunks).join('');
        assert.equal(status, 0, text);
        return text;
    }

    it('on a terminal lines are edited', { timeout }, async () => {
        const ctrl = (letter) => String.fromCharCode(letter.charCodeAt(0) & 31);
        const [left, up, down, remove] = ['\x1b[D', '\x1b[A', '\x1b[B', '\x1b[3~'];
        const text = await type_on_terminal([
            ['', 'connected to'],
            [`helo${left}l\r`, '< hello\r\n'],
            ['日本é\x7f語\r', '< 日本語\r\n'],
            [`gone${ctrl('U')}two words${ctrl('W')}\r`, '< two \r\n'],
            [`xabc${ctrl('A')}${remove}${ctrl('E')}d\r`, '< abcd\r\n'],
            [`draft${up}${up}${down}${down}!\r`, '< draft!\r\n'],
            [`${up}${up}\r`, '< abcd\r\n'],
            [ctrl('D'), 'closed with 1000'],
        ], wsc, echo);
        assert.match(text, />(\x1b\[0m)? hello\r\n/);
    });

    it('what comes does not tear apart what is typed', { timeout }, async () => {
        const text = await type_on_terminal([
            ['', 'connected to'],
            ['hello\rpart', '< hello\r\n\x1b[32m>\x1b[0m part'],
            ['ial\r', '< partial\r\n'],
            [`${'long '.repeat(40)}end\r`, 'long end\r\n'],
            ['\x04', 'closed with 1000'],
        ], wsc, echo);
        // A long line is shown in part, on one row of 80 columns.
        for (const row of text.matchAll(/\r\x1b\[K\x1b\[32m>\x1b\[0m ([^\r]*)\r\x1b\[/g)) {
            assert.ok(row[1].length <= 78, row[1]);
        }
    });

    it('a terminal is put back as it was, and does not obey servers', { timeout }, async () => {
        const on_socket = (socket) => socket.send('\x1b[2Jwiped');
        await with_server({ on_socket }, async (url) => {
            const script = `trap : INT; before=$(stty -g); ${wsc} ${url}; ` +
                           'test "$before" = "$(stty -g)" && echo same $?; exit 0';
            const text = await type_on_terminal([
                ['', '< \\x1b[2Jwiped'], ['\x03', 'same 0']], '/bin/sh', '-c', script);
            assert.match(text, /closed with 1001/);
            const suspended = await type_on_terminal([
                ['', 'wiped'], ['\x1a', 'same 0'], ['abc', ' abc'], ['\x03', 'same 1']],
            '/bin/bash', '--norc', '-mc',
            `same() { test "$before" = "$(stty -g)" && echo same $1; }; before=$(stty -g); ` +
            `${wsc} ${url}; same 0; fg; same 1`);
            assert.match(suspended, /closed with 1001/);
        });
    });

    it('no colours with NO_COLOR, no prompt on a dumb terminal', { timeout }, async () => {
        const plain = await type_on_terminal([
            ['', 'connected to'], ['x\r', '< x\r\n'], ['\x04', 'closed']],
        '/usr/bin/env', 'NO_COLOR=1', wsc, echo);
        assert.match(plain, /> x\r\n/);
        assert.doesNotMatch(plain, /\x1b\[[0-9]+m/);
        const dumb = await type_on_terminal([
            ['', 'connected to'], ['x\n', 'x\r\nx\r\n'], ['\x04', 'closed']],
        '/usr/bin/env', 'TERM=dumb', wsc, echo);
        assert.doesNotMatch(dumb, /\x1b|>/);
    });
});
