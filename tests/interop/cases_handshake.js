// What a client makes of the answer to its opening handshake (RFC 6455, section 4.1).
'use strict';

const { accept_of } = require('./raw_client.js');
const { ping, text } = require('./frames.js');
const { closes, hear_pong, hear_text, say } = require('./steps.js');

const cases = [];
const echo = [say(text('hello')), hear_text('hello')];

// `change` makes the answer of the correct one, and of the request.
const opens = (name, change) => cases.push({ name: `${name}: it opens`, answer: change,
                                             steps: echo });
const fails = (name, change) => cases.push({ name: `${name}: it fails`, answer: change,
                                             refused: true });
const put = (header) => (response) => response.replace('\r\n\r\n', `\r\n${header}\r\n\r\n`);
const replace = (...pair) => (response) => response.replace(...pair);

// Its keys and offers are checked in every case. What is right, though it looks different:
opens('a plain answer', (response) => response);
opens('no reason phrase', replace('Switching Protocols', ''));
opens('another reason phrase', replace('Switching Protocols', 'Fine by me'));
opens('names in lower case', (response) => response.replace(/^[A-Z][\w-]+:/gm,
                                                            (name) => name.toLowerCase()));
opens('NAMES IN UPPER CASE', (response) => response.replace(/^[A-Z][\w-]+:/gm,
                                                            (name) => name.toUpperCase()));
opens('Upgrade: WebSocket', replace('Upgrade: websocket', 'Upgrade: WebSocket'));
opens('Connection: upgrade', replace('Connection: Upgrade', 'Connection: upgrade'));
opens('Connection: keep-alive, Upgrade',
      replace('Connection: Upgrade', 'Connection: keep-alive, Upgrade'));
opens('Connection in two headers',
      replace('Connection: Upgrade', 'Connection: keep-alive\r\nConnection: Upgrade'));
opens('values without a blank before them', (response) => response.replace(/: /g, ':'));
opens('values with blanks around them', (response) => response.replace(/: (.*)\r\n/g,
                                                                       ': \t $1 \t \r\n'));
opens('headers that nobody knows', put('Server: tests/1.0\r\nX-Empty:\r\nVary: *'));
opens('a header of 7 KiB', put(`X-Large: ${'x'.repeat(7168)}`));
opens('extensions of an empty list', put('Sec-WebSocket-Extensions: '));
for (const status of ['100 Continue', '102 Processing', '103 Early Hints']) {
    opens(`${status} before it`, (response) => `HTTP/1.1 ${status}\r\n\r\n${response}`);
    opens(`${status}, with headers, before it, apart`,
          (response) => [`HTTP/1.1 ${status}\r\nLink: </a>\r\n\r\n`, response]);
}
opens('byte by byte', (response) => [...response]);
for (const size of [2, 7, 16]) {
    opens(`in pieces of ${size}`,
          (response) => response.match(new RegExp(`[^]{1,${size}}`, 'g')));
}
cases.push({ name: 'a message in the same write is heard',
             answer: (response) => Buffer.concat([Buffer.from(response), text('early')]),
             steps: [hear_text('early'), ...echo] });
cases.push({ name: 'half a message in the same write is heard with the rest',
             answer: (response) => Buffer.concat([Buffer.from(response),
                                                  text('early').subarray(0, 4)]),
             steps: [say(text('early').subarray(4)), hear_text('early')] });
cases.push({ name: 'a ping, the last of it in the write of the head, is answered',
             answer: (response) => [response.slice(0, -1),
                                    Buffer.concat([Buffer.from('\n'), ping('early')])],
             steps: [hear_pong('early')] });
cases.push({ name: 'what is wrong in the same write fails with 1002',
             answer: (response) => Buffer.concat([Buffer.from(response), Buffer.from([0x83, 0])]),
             steps: [closes(1002)] });

// Statuses.
for (const status of ['200 OK', '201 Created', '204 No Content', '301 Moved Permanently',
                      '302 Found', '307 Temporary Redirect', '308 Permanent Redirect',
                      '400 Bad Request', '401 Unauthorized', '403 Forbidden', '404 Not Found',
                      '407 Proxy Authentication Required', '426 Upgrade Required',
                      '429 Too Many Requests', '500 Internal Server Error',
                      '503 Service Unavailable', '999 Unheard Of']) {
    fails(status, (response) => response.replace('101 Switching Protocols', status)
        .replace('\r\n\r\n', '\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n'));
    fails(`${status} with a body`,
          () => `HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\nsorry`);
}
fails('103 and then 403', () => 'HTTP/1.1 103 Early Hints\r\n\r\n' +
                                'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
fails('a body in chunks',
      () => 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsorry\r\n0\r\n\r\n');

// Heads that are none.
fails('HTTP/2.0', replace('HTTP/1.1', 'HTTP/2.0'));
fails('another protocol', replace('HTTP/1.1', 'ICY'));
fails('a status of two digits', replace('101', '10'));
fails('a status of four digits', replace('101', '1010'));
fails('a status that is no number', replace('101', '1o1'));
fails('no blank before the status', replace(' 101', '101'));
fails('a line that is no header', put('no header'));
fails('a blank before the colon', replace('Upgrade:', 'Upgrade :'));
fails('a header without a name', put(': nameless'));
fails('a header that goes on in the next line', put('X-Long: one\r\n two'));
fails('NUL in a value', put('X-Odd: a\0b'));
fails('a bare CR in a value', put('X-Odd: a\rb'));
fails('garbage', () => 'garbage\r\n\r\n');
fails('the banner of SSH', () => 'SSH-2.0-OpenSSH_9.2\r\n');
fails('an alert of TLS', () => Buffer.from('15030100020246', 'hex'));
fails('frames without a head', () => text('hello'));
fails('a head of 20 KiB', put(`X-A: ${'x'.repeat(7000)}\r\n`.repeat(3).slice(0, -2)));
fails('a line of 9 KiB', put(`X-A: ${'x'.repeat(9216)}`));
fails('two hundred headers', put(Array(200).fill('X: y').join('\r\n')));

// What a 101 must have, one thing at a time.
fails('no Upgrade', replace('Upgrade: websocket\r\n', ''));
fails('an empty Upgrade', replace('Upgrade: websocket', 'Upgrade:'));
fails('Upgrade to another protocol', replace('Upgrade: websocket', 'Upgrade: h2c'));
fails('Upgrade to two protocols', replace('Upgrade: websocket', 'Upgrade: websocket, h2c'));
fails('Upgrade twice',
      replace('Upgrade: websocket', 'Upgrade: websocket\r\nUpgrade: h2c'));
fails('Upgrade: websockets', replace('Upgrade: websocket', 'Upgrade: websockets'));
fails('no Connection', replace('Connection: Upgrade\r\n', ''));
fails('Connection: close', replace('Connection: Upgrade', 'Connection: close'));
fails('Connection: Upgraded', replace('Connection: Upgrade', 'Connection: Upgraded'));
fails('no Sec-WebSocket-Accept', (response) => response.replace(/Sec-WebSocket-Accept.*\r\n/, ''));

const accept = (change) => (response, request) => {
    const right = accept_of(request);
    return response.replace(right, () => change(right, request));
};
fails('an empty Sec-WebSocket-Accept', accept(() => ''));
fails('the key as Sec-WebSocket-Accept',
      accept((_, request) => /^sec-websocket-key: (\S+)/im.exec(request)[1]));
fails('that of the RFC\'s example', accept(() => 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='));
fails('one in lower case', accept((right) => right.toLowerCase()));
fails('one without its last character', accept((right) => right.slice(0, -1)));
fails('one with a character more', accept((right) => `${right}=`));
fails('one with another first character',
      accept((right) => (right[0] === 'A' ? 'B' : 'A') + right.slice(1)));
fails('one with another last character', accept((right) => `${right.slice(0, -2)}_=`));
fails('one in quotes', accept((right) => `"${right}"`));
fails('one and another', accept((right) => `${right}, ${right}`));
fails('the right one twice', (response, request) =>
    put(`Sec-WebSocket-Accept: ${accept_of(request)}`)(response));
fails('a wrong one, then the right one', (response, request) => response.replace(
    'Sec-WebSocket-Accept', `Sec-WebSocket-Accept: x${accept_of(request)}\r\n$&`));

// What was not offered.
fails('a subprotocol', put('Sec-WebSocket-Protocol: chat'));
fails('an empty subprotocol', put('Sec-WebSocket-Protocol: '));
for (const value of ['x-webkit-deflate-frame', 'permessage-bzip2', 'permessage-deflat',
                     'x-permessage-deflate', 'permessage-deflate, x-other',
                     'x-other, permessage-deflate', 'permessage-deflate, permessage-deflate']) {
    fails(`Sec-WebSocket-Extensions: ${value}`, put(`Sec-WebSocket-Extensions: ${value}`));
}
fails('Sec-WebSocket-Extensions in two headers', put(
    'Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Extensions: x-other'));

// What an answer to permessage-deflate may not say (RFC 7692, section 7.1).
for (const parameter of [
    'unknown', 'unknown=1', 'server_max_window_bits', 'client_max_window_bits',
    'server_no_context_takeover=1', 'client_no_context_takeover=true',
    'server_max_window_bits=7', 'server_max_window_bits=16', 'server_max_window_bits=0',
    'server_max_window_bits=010', 'server_max_window_bits=+10', 'server_max_window_bits=-10',
    'server_max_window_bits=ten', 'server_max_window_bits=', 'server_max_window_bits=""',
    'client_max_window_bits=7', 'client_max_window_bits=16', 'client_max_window_bits=08',
    'client_max_window_bits=1e1', 'client_max_window_bits=100000000000000000009',
    'server_no_context_takeover; server_no_context_takeover',
    'client_no_context_takeover; client_no_context_takeover',
    'server_max_window_bits=10; server_max_window_bits=10',
    'client_max_window_bits=10; client_max_window_bits=12', ';', '; x', '=', ' "quoted"',
]) {
    fails(`permessage-deflate; ${parameter}`,
          put(`Sec-WebSocket-Extensions: permessage-deflate; ${parameter}`));
}

// What follows a wrong answer is not looked at.
const wrong = accept(() => 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
for (const [name, frames] of [['a text', text('hello')], ['a ping', ping('hello')],
                              ['a reserved opcode', Buffer.from([0x83, 0])]]) {
    fails(`${name} behind a wrong answer`, (response, request) =>
        Buffer.concat([Buffer.from(wrong(response, request)), frames]));
}

module.exports = { cases };
