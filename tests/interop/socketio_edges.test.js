// The edges of Socket.IO and Engine.IO: packets and requests that no client of npm sends. All
// answers are those of npm's server, socket.io 4.8, but for the codes of the closing.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, describe, it } = require('node:test');
const { WebSocket } = require('ws');
const { start_server } = require('./server.js');

const timeout = 30_000;
const target = '/socket.io/?EIO=4&transport=';
const deep = (depth) => '['.repeat(depth) + ']'.repeat(depth);
const placeholder = (number) => `{"_placeholder":true,"num":${number}}`;
const bytes = Buffer.from([1, 2, 3]);
const same = (...args) => `42["message-back"${args.map((each) => `,${each}`).join('')}]`;
const ends = null;

// What is sent behind a CONNECT, and what comes back; or it ends the session.
const packets = [
    // Connecting.
    ['40', ends], ['40{"a":1}', ends], ['44', ends], ['44"x"', ends], ['44/custom,', ends],
    ['44{"message":"x"}', ends],
    ['40/custom,', '40/custom,{"sid":"?"}', '42/custom,["auth",{}]'],
    ['40/custom', '40/custom,{"sid":"?"}', '42/custom,["auth",{}]'],
    ['40/custom?x=1,{"y":2}', '44/custom?x=1,{"message":"Invalid namespace"}'],
    ['40/nope,', '44/nope,{"message":"Invalid namespace"}'],
    // Disconnecting.
    ['41{}', ends], ['41x', ends], ['41/custom,', ends], ['41/nope,', ends],
    // Events.
    ['42["message"]', same()], ['42["message",1]', same(1)], ['42["message",1] ', same(1)],
    ['42["message","\\u0000"]', same('"\\u0000"')], ['42["unknown",1]'], ['42[1]'], ['42[1,2]'],
    ['42[""]'], ['42[]', ends], ['42{}', ends], ['42null', ends], ['42"x"', ends],
    ['42[null]', ends], ['42[{}]', ends], ['42[[]]', ends], ['42[true]', ends],
    ...['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener',
    ].map((name) => [`42["${name}"]`, ends]),
    ['42["message",1]x', ends], ['42["message",01]', ends], ['42["message",NaN]', ends],
    ['42["message","\t"]', ends], ["42['message']", ends], ['42["message",]', ends],
    ['42["message"', ends], ['42,["message"]', ends], ['42/custom,["message"]', ends],
    ['42/nope,["message"]', ends], ['42/custom["message"]', ends],
    [`42["message",${deep(10)}]`, same(deep(10))], [`42["message",${deep(500)}]`, same(deep(500))],
    // Acknowledgements.
    ['421["echo",5]', '431[5]'], ['420["echo"]', '430[]'], ['42007["echo",1]', '437[1]'],
    ['424294967296["echo",1]', '434294967296[1]'], ['42-1["echo",1]', ends],
    ['421.5["echo",1]', ends], ['421e3["echo",1]', ends], ['431[]'], ['4300[]'], ['431{}', ends],
    ['43-1[]', ends],
    // Attachments.
    [`451-["message",${placeholder(0)}]`, bytes, `451-["message-back",${placeholder(0)}]`, bytes],
    [`451-["message",{"a":[${placeholder(0)}]}]`, bytes,
     `451-["message-back",{"a":[${placeholder(0)}]}]`, bytes],
    [`451-5["echo",${placeholder(0)}]`, bytes, `461-5[${placeholder(0)}]`, bytes],
    [`42["message",${placeholder(0)}]`, same(placeholder(0))],
    [`451-["message",${placeholder(1)}]`, bytes, ends],
    [`451-["message",${placeholder(-1)}]`, bytes, ends],
    [`451-["message",${placeholder('"0"')}]`, bytes, ends],
    ['451-["message",{"_placeholder":true}]', bytes, ends],
    [`451-["message",${placeholder(0)}]`, '42["message","x"]', ends], [bytes, ends],
    ['45["message"]', ends], ['45-["message"]', ends], ['45x-["message"]', ends],
    ['451["message"]', ends], ['450-', ends], ['450-{}', ends], ['46', ends],
    [`4511-["message",${Array.from({ length: 11 }, (_, i) => placeholder(i))}]`, ends],
    // Of other types.
    ['4', ends], ['47', ends], ['48', ends], ['4x', ends], ['4 ', ends],
    // Of Engine.IO.
    ['3'], ['3probe'], ['5'], ['6'], ['6x'], ['2', ends], ['2probe', ends], ['7', ends], ['', ends],
    ['x', ends],
];

// Requests of no session, and what is wrong with them.
const unknown_transport = '{"code":0,"message":"Transport unknown"}';
const unknown_session = '{"code":1,"message":"Session ID unknown"}';
const bad_method = '{"code":2,"message":"Bad handshake method"}';
const bad_request = '{"code":3,"message":"Bad request"}';
const unsupported = '{"code":5,"message":"Unsupported protocol version"}';
const polling = 'EIO=4&transport=polling';
const requests = [
    ...['3', '5', '', 'abc', '04', '4.0', '-4', '4%20'].map(
        (version) => ['GET', `transport=polling&EIO=${version}`, unsupported]),
    ['GET', 'transport=polling', unsupported], ['GET', 'transport=polling&eio=4', unsupported],
    ['GET', 'transport=polling&EIO=%34', /^0\{"sid"/],
    ...['foo', '', 'webtransport', 'POLLING', '__proto__', 'constructor', 'polling%00'].map(
        (transport) => ['GET', `EIO=4&transport=${transport}`, unknown_transport]),
    ['GET', 'EIO=4', unknown_transport], ['GET', '', unknown_transport],
    ['GET', 'EIO=4&transport=websocket', bad_request],
    ...['POST', 'PUT', 'DELETE', 'PATCH'].flatMap((method) => [
        [method, polling, bad_method], [method, `${polling}&sid=nope`, unknown_session]]),
    ['GET', `${polling}&sid=nope`, unknown_session], ['GET', `${polling}&sid=`, /^0\{"sid"/],
    ['GET', `${polling}&b64=1`, /^0\{"sid"/], ['GET', `${polling}&t=x`, /^0\{"sid"/],
];

describe('the edges of Socket.IO', { timeout }, () => {
    let server;
    before(async () => { server = await start_server('socketio_server'); });
    after(() => server?.stop());

    // What comes behind the answer to CONNECT, until an echo shows that the session is well.
    async function exchange(sent) {
        const socket = new WebSocket(server.url(`${target}websocket`));
        const heard = [];
        const closed = once(socket, 'close');
        const told = new Promise((resolve) => {
            socket.on('message', (data, is_binary) => {
                heard.push(is_binary ? data : String(data).replace(/"sid":"[^"]+"/, '"sid":"?"'));
                if (heard.at(-1) === same('"well"')) resolve();
                if (heard.length !== 3) return;
                for (const each of [...sent, '42["message","well"]']) socket.send(each);
            });
        });
        await once(socket, 'open');
        socket.send('40');
        await Promise.race([told, closed]);
        socket.close();
        await closed;
        return heard.slice(3);
    }

    for (const [first, ...others] of packets) {
        const sent = [first];
        // The attachments, or what comes in their place.
        while (String(first).startsWith('451-') && sent.length === 1) sent.push(others.shift());
        const answers = others[0] === ends ? [] : [...others, same('"well"')];
        const name = `${others[0] === ends ? 'ends by' : 'goes on behind'} `;
        it(name + JSON.stringify(sent.map(String)).slice(0, 80), async () => {
            assert.deepEqual(await exchange(sent), answers);
        });
    }

    for (const [method, query, wanted] of requests) {
        it(`${method} ?${query}`, async () => {
            const response = await fetch(server.url(`/socket.io/?${query}`, 'http'), { method });
            assert.equal(response.status, wanted instanceof RegExp ? 200 : 400);
            const body = await response.text();
            wanted instanceof RegExp ? assert.match(body, wanted) : assert.equal(body, wanted);
        });
    }
});
