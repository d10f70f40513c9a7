// Requests that hide another one in themselves, for whoever reads their length otherwise than a
// proxy does. Byte for byte: [what is odd, the bytes].
'use strict';

const hidden = 'GET /echo/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n';
const size = hidden.length;
const chunk_size = size.toString(16);
const chunked = 'Transfer-Encoding: chunked';

const request = (lines, body, start = 'POST /echo/odd HTTP/1.1') =>
    `${start}\r\nHost: localhost\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`;

// Some take the body to be in chunks, others to be as long as it says.
const hidden_behind_last_chunk = `0\r\n\r\n${hidden}`;
const hidden_in_chunk = `${chunk_size}\r\n${hidden}\r\n0\r\n\r\n`;

const codings = [
    chunked, 'Transfer-Encoding:chunked', 'Transfer-Encoding:\tchunked', `${chunked}\t`,
    'TRANSFER-ENCODING: CHUNKED', 'Transfer-Encoding : chunked', 'Transfer-Encoding\t: chunked',
    ` ${chunked}`, `\t${chunked}`, `X: y\r\n ${chunked}`, `X: y\n${chunked}`, `X: y\r${chunked}`,
    `X: y\r\n\r${chunked}`, 'Transfer-Encoding:\r\n chunked', 'Transfer-Encoding:\n chunked',
    'Transfer-\r\nEncoding: chunked', 'Transfer-\rEncoding: chunked',
    'Transfer-Encoding\n: chunked',
    ...['\0', '\x01', '\x0B', '\x0C', '\r', '\x7F', '\x85', '\xA0', '\xAD', '\xFF'].flatMap((c) => [
        `Transfer-Encoding: ${c}chunked`, `${chunked}${c}`, `Transfer-Encoding${c}: chunked`,
        `${c}${chunked}`]),
    'Transfer_Encoding: chunked', 'Transfer Encoding: chunked', 'Transfer\\Encoding: chunked',
    'Transfer-%45ncoding: chunked', 'Transfer-Encoding x: chunked', 'Transf\x82r-Encoding: chunked',
    ':transfer-encoding: chunked', 'Transfer-Encoding', 'Transfer-Encoding chunked',
    ...['', '"chunked"', "'chunked'", 'xchunked', 'chunk', 'chunked;q=1', 'chunked x', 'identity',
        'gzip', 'gzip, chunked', 'chunked, identity', 'identity, chunked', 'chunked, chunked',
        ',chunked', 'chunked,', 'identity, chunked, identity', '=?UTF-8?B?Y2h1bmtlZA==?=',
    ].map((value) => `Transfer-Encoding: ${value}`),
    `${chunked}\r\n${chunked}`, `${chunked}\r\nTransfer-Encoding: identity`,
    `Transfer-Encoding: identity\r\n${chunked}`, `Transfer-Encoding: \r\n${chunked}`,
    `Connection: Transfer-Encoding\r\n${chunked}`, `Connection: Content-Length\r\n${chunked}`,
    'Content-Encoding: chunked', 'Trailer: Transfer-Encoding',
];

const lengths = [
    ...[`+${size}`, `-${size}`, `0${size}`, `0x${chunk_size}`, `${size} `, `\t${size}\t`,
        `${size}.0`, `${size}e0`, `"${size}"`, `${size}\0`, `\x0B${size}`, `${size}\xA0`,
        `${size}, ${size}`, `${size},0`, `0, ${size}`, `,${size}`, '', `0 ${size}`, `${size}_`,
        `${2n ** 64n + BigInt(size)}`, `\r\n ${size}`, `0\r\n ${size}`,
    ].map((value) => `Content-Length: ${value}`),
    ...['Content-Length : ', 'Content-Length\t: ', 'Content_Length: ', 'Content Length: ',
        'Content-Length\x85: ', 'Content-\rLength: ', ' Content-Length: ', 'X: y\nContent-Length: ',
        'X: y\r\n Content-Length: ', 'Connection: Content-Length\r\nContent-Length: ',
    ].map((name) => `${name}${size}`),
    `Content-Length: 0\r\nContent-Length: ${size}`, `Content-Length: ${size}\r\nContent-Length: 0`,
    `Content-Length: ${size}\r\nContent-Length: ${size}`,
    `Content-Length: \r\nContent-Length: ${size}`, `content-length: ${size}\r\nCONTENT-LENGTH: 0`,
];

const chunks = [
    ...[`0x${chunk_size}`, `+${chunk_size}`, `-${chunk_size}`, ` ${chunk_size}`, `${chunk_size} `,
        `${chunk_size}_`, `${chunk_size}\xA0`, `${chunk_size}\0`, `${chunk_size};`,
        `${chunk_size};a`, `${chunk_size} ; a = b`, `${chunk_size};a="\r\n0\r\n"`,
        `${chunk_size};a="\n0\r\n"`, `${chunk_size};\0`, `${chunk_size};a\r\r`,
        `${chunk_size}\r\r;a`, `${chunk_size}\n`, `${chunk_size};a\n`, `${chunk_size};a\nb`,
        `${chunk_size}\r`,
        `000000000000000000${chunk_size}`, `1${chunk_size.padStart(16, '0')}`,
        `f${'f'.repeat(15)}`, 'x', '', '0_2e', '0;', '0 ', '0\n', '0\r',
    ].map((line) => `${line}\r\n${hidden}\r\n0\r\n\r\n`),
    `${chunk_size}\n${hidden}\n0\n\n`, `${chunk_size}\r\n${hidden}\n0\r\n\r\n`,
    `${chunk_size}\r\n${hidden}0\r\n\r\n`, `${chunk_size}\r\n${hidden}XX0\r\n\r\n`,
    `${chunk_size}\r${hidden}\r\n0\r\n\r\n`, `5\r\nhello\r\n0\n\n${hidden}`,
    `0\r\n\n${hidden}`, `0\r\nX: y\n\r\n${hidden}`, `0\r\nX: y\r\r\n${hidden}`,
    `0\r\nX\r\n\r\n${hidden}`, `0\r\nX : y\r\n\r\n${hidden}`, `0\r\n X: y\r\n\r\n${hidden}`,
    `0\r\nContent-Length: ${size}\r\n\r\n${hidden}`, `0\r\n${chunked}\r\n\r\n${hidden_in_chunk}`,
    `0\r\nXX${hidden}`, `2\r\r;a\r\n02\r\n41\r\n0\r\n\r\n${hidden}`,
];

// What is asked of those that look at no body, with a body all the same, or with the next request
// behind an upgrade that is refused.
const starts = [
    'GET /echo/odd', 'HEAD /echo/odd', 'GET /', 'HEAD /none', 'GET /left', 'GET /numbers/3',
    'HEAD /numbers/3', 'GET /none', 'POST /none', 'POST /left', 'DELETE /echo/odd',
    'TRACE /echo/odd', 'OPTIONS /echo/odd', 'OPTIONS *', 'PROPFIND /left', 'get /echo/odd',
    'GET /socket', 'POST /socket',
];
const upgrade = 'Connection: Upgrade\r\nUpgrade: ';
const websocket = `${upgrade}websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==`;
const expectations = [
    [], ['Expect: 100-continue'], ['Expect: 100-continue, x'], ['Expect: x'],
    [`${upgrade}h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__`],
    [`${websocket}\r\nSec-WebSocket-Version: 8`],
    [`${websocket}\r\nSec-WebSocket-Version: 13`],
];

const smuggled_requests = [
    ...codings.flatMap((line) => [
        request([line, `Content-Length: ${hidden_behind_last_chunk.length}`],
                hidden_behind_last_chunk),
        request([`Content-Length: ${chunk_size.length + 2}`, line], hidden_in_chunk),
        request([line], hidden_in_chunk),
        request([line], hidden_in_chunk, 'POST /echo/odd HTTP/1.0'),
    ].map((bytes) => [line, bytes])),
    ...lengths.map((line) => [line, request([line], hidden)]),
    ...chunks.map((body) => [body, request([chunked], body)]),
    ...starts.flatMap((start) => expectations.flatMap((lines) => [
        request([...lines, `Content-Length: ${size}`], hidden, `${start} HTTP/1.1`),
        request([...lines, chunked], hidden_in_chunk, `${start} HTTP/1.1`),
        request([...lines, `Content-Length: ${2 * size}`], hidden, `${start} HTTP/1.1`),
        request(lines, hidden, `${start} HTTP/1.1`),
    ].map((bytes) => [[start, ...lines].join('; '), bytes]))),
];

module.exports = { smuggled_requests };
