// Starts wsc, the client of the command line, for a test, and servers for it to talk to.
//
// EDGEWS_BIN names the folder of the programs.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const { WebSocketServer } = require('ws');

const wsc = path.join(path.resolve(process.env.EDGEWS_BIN ??
                                   path.join(__dirname, '../../build/programs')), 'wsc');
const run_timeout_ms = 55_000;
const report = /(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:|Assertion .* failed/;

// Starts wsc. `input`: what its stdin has, then it ends; null: it stays open; or a descriptor.
// `done` resolves to { status, out (a Buffer), text, err }.
function start(args, { input = '' } = {}) {
    const stdin = typeof input === 'number' ? input : 'pipe';
    const child = spawn(wsc, args, { stdio: [stdin, 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), run_timeout_ms);
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

// Waits for what will come soon, or else the test ends in its timeout.
async function until(condition) {
    while (!condition()) await new Promise((resolve) => { setTimeout(resolve, 5); });
}

// What --json printed.
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

module.exports = { events_of, run, start, until, with_server, wsc };
