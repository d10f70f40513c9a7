// HTTP/1.1 by hand: requests byte for byte, responses read strictly.
'use strict';

const assert = require('node:assert/strict');
const { RawSocket } = require('./raw_client.js');

const end_timeout_ms = 4_000;

// Whether the server announces that it will close (RFC 9112, section 9.6).
function says_close({ headers }) {
    return /(^|,)[ \t]*close[ \t]*(,|$)/i.test(headers.connection ?? '');
}

// Bytes in, responses out: { status, headers (names in lower case), body }. `methods`: those of
// the requests, in order, where not all are GET: the response to HEAD has no body.
class ResponseReader {
    #input = Buffer.alloc(0);
    #methods;

    constructor(methods = []) { this.#methods = [...methods]; }

    *push(chunk) {
        this.#input = Buffer.concat([this.#input, chunk]);
        for (let end; (end = this.#input.indexOf('\r\n\r\n')) >= 0; ) {
            const [first, ...lines] = this.#input.toString('latin1', 0, end).split('\r\n');
            const status = /^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(first)?.[1];
            assert.ok(status, `not a status line: ${first}`);
            if (status === '101') {  // Upgraded: what follows is not HTTP.
                yield { kind: 'head', text: this.#input.toString('latin1', 0, end + 2),
                        rest: this.#input.subarray(end + 4) };
                return;
            }
            const headers = {};
            for (const line of lines) {
                const [, name, value] = /^([!#-'*+.0-9A-Z^-z|~-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ??
                    assert.fail(`not a header: ${line}`);
                assert.ok(!(name.toLowerCase() in headers), `repeated: ${line}`);
                headers[name.toLowerCase()] = value;
            }
            const length = this.#methods.shift() === 'HEAD' ? 0 : this.#body_length(headers);
            if (this.#input.length < end + 4 + length) {
                this.#methods.unshift(undefined);
                return;
            }
            const body = this.#input.toString('utf8', end + 4, end + 4 + length);
            this.#input = this.#input.subarray(end + 4 + length);
            yield { kind: 'response', status: Number(status), headers, body };
        }
    }

    // Without a Content-Length the body ends with the connection, and is not looked at.
    #body_length(headers) {
        if (!('content-length' in headers)) {
            assert.ok(says_close({ headers }), 'a body without an end');
            return 0;
        }
        assert.match(headers['content-length'], /^\d+$/);
        return Number(headers['content-length']);
    }
}

// A connection to `server` on which `methods` will be requested.
async function open_http(server, methods) {
    const socket = await RawSocket.open(server);
    socket.read_with(new ResponseReader(methods));
    return socket;
}

async function next_response(socket, status) {
    const event = await socket.next(`a response of ${status}`);
    assert.equal(event.kind, 'response', `wanted ${status}, got ${event.kind} ${event.code ?? ''}`);
    assert.equal(event.status, status, `wanted ${status}, got ${event.status}: ${event.body}`);
    return event;
}

async function expect_end(socket) {
    const event = await socket.next('the end of TCP', end_timeout_ms);
    assert.equal(event.kind, 'end', `wanted the end of TCP, got ${event.kind} ${event.code ?? ''}`);
}

// Sends `request`, which must be answered by `status`. After that the server closes, if it says
// so or if `closes`; otherwise the connection must be good for another request.
async function refused(server, request, status, { closes = false, chop } = {}) {
    const socket = await open_http(server, [/^[A-Z]*/.exec(request.toString('latin1'))[0]]);
    try {
        if (chop) await socket.send_chopped(chop, request);
        else socket.send(request);
        const response = await next_response(socket, status);
        if (closes) assert.ok(says_close(response), 'it does not say that it closes');
        if (says_close(response)) {
            await expect_end(socket);
        } else {
            socket.send(`GET /healthz HTTP/1.1\r\nHost: ${server.host}:${server.port}\r\n\r\n`);
            assert.equal((await next_response(socket, 200)).body, 'ok');
        }
        return response;
    } finally {
        socket.destroy();
    }
}

module.exports = { ResponseReader, expect_end, next_response, open_http, refused, says_close };
