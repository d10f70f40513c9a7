// wsc, the client of the command line, as people and scripts use it: against the echo programs and
// servers of npm's `ws`.
'use strict';

const assert = require('node:assert/strict');
const { createHash, randomBytes } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { WebSocketServer } = require('ws');
const { make_certificate } = require('./certificates.js');
const { start_server } = require('./server.js');
const { events_of, run, start, until, with_server } = require('./wsc.js');

const timeout = 60_000;

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

        it('a line of more than 64 MiB: status 5', { timeout }, async () => {
            const input = Buffer.concat([Buffer.from('good\n'), Buffer.alloc((64 << 20) + 1, 'x')]);
            const { text, err, status } = await run([echo], { input });
            assert.equal(text, 'good\n');
            assert.match(err, /line 2 is longer than 64 MiB; --binary/);
            assert.equal(status, 5);
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
            const unfollowed = await run([url], { input: 'x\n' });
            assert.equal(unfollowed.status, 2);
            assert.match(unfollowed.err, /302 Found \(not followed: .*redirect_count_max is 0\)/);
            const followed = await run([url, '--redirects', '1'], { input: 'x\n' });
            assert.equal(followed.text, 'x\n');
            redirecting.close();
            redirecting.closeAllConnections();
        });

        it('a header line over 8 KiB is taken where --max-head allows it', { timeout }, async () => {
            await with_server({}, async (url, _, sockets) => {
                sockets.on('headers', (lines) => lines.push(`X-Long: ${'x'.repeat(30_000)}`));
                const { status, err } = await run([url], { input: 'x\n' });
                assert.equal(status, 2);
                assert.match(err, /a header line is too long/);
                const taken = await run([url, '--max-head', '40000', '--wait', '0'],
                                        { input: 'x\n' });
                assert.equal(taken.status, 0);
                assert.equal((await run([url, '--max-head', '65536'])).status, 1);
            });
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

    it('--ping pings, and --json tells what came of it', { timeout }, async () => {
        const client = start([echo, '--ping', '20ms', '--json'], { input: null });
        await until(() => /"pong"/.test(client.printed()));
        client.child.stdin.end();
        const pong = events_of((await client.done).text).find(({ type }) => type === 'pong');
        assert.ok(pong.latency_us > 0);
    });

    it('--json has an object for each event', { timeout }, async () => {
        const input = '{"json":"in \\"json\\""}\n\u0001 control\n';
        const { text } = await run([echo.replace('//', '//me:secret@'), '--json'], { input });
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
});
