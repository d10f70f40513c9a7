// wsc, the client of the command line, on a terminal: Python lends one.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { after, before, describe, it } = require('node:test');
const { start_server } = require('./server.js');
const { with_server, wsc } = require('./wsc.js');

const timeout = 60_000;
const python = process.env.EDGEWS_PYTHON ?? '/usr/bin/python3';

// Runs a program on a terminal: each step is [keys, what the terminal shows then]. Resolves to all
// that it showed.
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

describe('wsc on a terminal', () => {
    let server;
    let echo;
    before(async () => {
        server = await start_server('echo');
        echo = server.url('/echo');
    });
    after(() => server?.stop());

    it('lines are edited', { timeout }, async () => {
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

    it('it is put back as it was, and does not obey servers', { timeout }, async () => {
        const on_socket = (socket) => socket.send('\x1b[2J\x9b2J\xa0wiped');
        await with_server({ on_socket }, async (url) => {
            const script = `trap : INT; before=$(stty -g); ${wsc} ${url}; ` +
                           'test "$before" = "$(stty -g)" && echo same $?; exit 0';
            const text = await type_on_terminal([
                ['', '< \\x1b[2J\\x9b2J\xa0wiped'], ['\x03', 'same 0']], '/bin/sh', '-c', script);
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
