// The steps of which rows of STOMP's conformance checklist are made: what is said, and heard.
//
//     'joe > SEND\n…'     joe says this frame; NUL is put behind it.
//     'joe >> …'          these octets as they are. 'joe >1 …': each octet on its own.
//     'joe < MESSAGE\n…'  the next frame that joe hears: its command and, in any order, header
//                         lines exactly as they stand there, each the first of its name. "name:*"
//                         has any value, "!name" is not there, "-text" stands nowhere in command
//                         and headers. What is behind a blank line is the body. "MESSAGE as m" is
//                         known as m from then on: "[m]" are the headers of an ACK of it, and
//                         "[m ack]" is that line.
//     'joe < ERROR\n…'    that, and then the session's end, in every row.
//     'joe < end'         the end, and nothing before it. 'joe ends': whatever comes before it.
//     'joe x'             joe's connection is reset. 'joe end': joe closes it.
//     'm0 != m1 ack'      these two messages differ in that header.
//
// Texts are octets, of Latin-1: utf8() makes them of others. A name that ends in a version has that
// one, others have the row's, {V}; "new" has not connected, nor has "guarded", whose server wants a
// login. TOPIC and QUEUE are the row's own.
'use strict';

const all = ['1.0', '1.1', '1.2'];
const newer = ['1.1', '1.2'];

const numbers = (count) => Array.from({ length: count }, (_, i) => `${i}`);
const utf8 = (text) => Buffer.from(text).toString('latin1');
const send = (who, destination, body, headers = '') =>
    `${who} > SEND\ndestination:${destination}\n${headers}\n${body}`;
const subscribe = (who, destination, headers = '', id = '1') => [
    `${who} > SUBSCRIBE\nid:${id}\ndestination:${destination}\nreceipt:there\n${headers}\n`,
    `${who} < RECEIPT\nreceipt-id:there`,
];
const unsubscribe = (who, by = 'id:1') => [`${who} > UNSUBSCRIBE\n${by}\nreceipt:gone\n\n`,
                                          `${who} < RECEIPT\nreceipt-id:gone`];
// A SEND that is confirmed, and one of a consumer's frames that is.
const sends = (who, destination, body, headers = '') => [
    send(who, destination, body, `receipt:sent\n${headers}`), `${who} < RECEIPT\nreceipt-id:sent`];
const settles = (who, command, name, headers = '') => [
    `${who} > ${command}\n${name}receipt:settled\n${headers}\n`,
    `${who} < RECEIPT\nreceipt-id:settled`];
// What joe hears of a SEND of ann's with these headers.
const passes = (headers, lines, body = 'x', who = 'ann') => [
    ...subscribe('joe', 'TOPIC'), send(who, 'TOPIC', body, headers),
    `joe < MESSAGE\nsubscription:1\ndestination:TOPIC\n${lines}\n${body}`];
// ann is refused, and nothing that joe could hear comes of it.
const refused = (frame, message, headers = '') => [
    ...subscribe('joe', 'TOPIC'), `ann > ${frame}`, `ann < ERROR\nmessage:${message}\n${headers}`,
    send('sue', 'TOPIC', 'next'), 'joe < MESSAGE\n\nnext'];
const connect = (headers, lines) => [`new > CONNECT\n${headers}\n`, `new < CONNECTED\n${lines}`];
// joe consumes QUEUE, and has messages "0", "1", …, as m0, m1, …, of which none is settled.
const consumes = (mode, count, who = 'joe') => [
    ...subscribe(who, 'QUEUE', `ack:${mode}\n`),
    ...numbers(count).flatMap((i) => [send('sam', 'QUEUE', i),
                                      `${who} < MESSAGE as m${i}\n\n${i}`])];
// What is left in QUEUE, as who comes then sees it.
const left = (...bodies) => [...subscribe('eve1.2', 'QUEUE'),
                             ...bodies.map((body) => `eve1.2 < MESSAGE\n\n${body}`),
                             ...sends('zoe1.2', 'QUEUE', 'next'), 'eve1.2 < MESSAGE\n\nnext'];
const begin = (who, name = 't') => `${who} > BEGIN\ntransaction:${name}\n\n`;
const commit = (who, name = 't') => [
    `${who} > COMMIT\ntransaction:${name}\nreceipt:done\n\n`, `${who} < RECEIPT\nreceipt-id:done`];
const abort = (who, name = 't') => [
    `${who} > ABORT\ntransaction:${name}\nreceipt:undone\n\n`,
    `${who} < RECEIPT\nreceipt-id:undone`];
const in_t = 'transaction:t\n';

module.exports = { abort, all, begin, commit, connect, consumes, in_t, left, newer, numbers, passes,
                   refused, send, sends, settles, subscribe, unsubscribe, utf8 };
