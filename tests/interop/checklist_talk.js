// STOMP's conformance checklist, D to H: messages, subscriptions, acknowledging, transactions,
// receipts and errors, as far as frames alone show it. Each row: the line's id, the versions, the
// steps (checklist_steps.js).
'use strict';

const { abort, all, begin, commit, consumes, in_t, left, newer, numbers, passes, refused, send,
        sends, settles, subscribe, unsubscribe, utf8 } = require('./checklist_steps.js');

const is_without = (header) => `The ${header} header is missing.`;
const impossible = 'There can be no such destination.';
const not_for_send = 'Nothing can be sent to this destination.';
const not_for_subscribe = 'This destination cannot be subscribed to.';
const too_long = 'A destination has at most 1024 octets, and a pattern 32 segments.';
const no_subscription = 'There is no such subscription.';
const has_subscription = 'A subscription with this id exists.';
const has_transaction = 'A transaction with this id exists.';
const no_transaction = 'There is no such transaction.';
const no_message = 'No such message waits to be acknowledged.';
const bad_mode = 'The ack header names no mode of this version.';
const long_name = 'x'.repeat(1024);
const unicode = utf8('\u00e9\u20ac\u{1f600}');

const sending = [
    ['D1', all, ...refused('SEND\nreceipt:r\n\nx', is_without('destination'), 'receipt-id:r\n')],
    ...[['destination:', impossible], ['destination:a', impossible],
        ['destination:/topic/', impossible], ['destination:/nowhere/a', impossible],
        ['destination:/topic/*', not_for_send], ['destination:QUEUE.#', not_for_send],
        [`destination:/queue/${long_name}`, too_long],
        ['destination:TOPIC\ntransaction:t', no_transaction],
        ['destination:QUEUE\nexpires:soon', 'The expires header is no number.'],
    ].map(([headers, message]) => [
        'D2', all, ...refused(`SEND\n${headers}\nreceipt:r\n\nx`, message, 'receipt-id:r\n')]),
    ...[`foo:bar\nX-Y_z.1:${unicode}\n`, 'priority:9\n', 'persistent:true\n',
        'correlation-id:7\n', 'type:t\n', 'amqp-message-id:7\n', 'selector:a = \'b\'\n',
    ].map((headers) => ['D3', all, ...passes(headers, headers)]),
    ['D4', all, ...subscribe('joe', 'TOPIC', '', 'sub-7'),
     send('ann', 'TOPIC', 'x'),
     'joe < MESSAGE as m0\nsubscription:sub-7\ndestination:TOPIC\nmessage-id:*\n\nx',
     send('ann', 'TOPIC', 'y'), 'joe < MESSAGE as m1\n\ny', 'm0 != m1 message-id'],
    ...['TOPIC.a', 'TOPIC a', `TOPIC${unicode}`, 'TOPIC/a', 'TOPIC%a', 'TOPIC;a', 'TOPIC-_~+&=',
        'QUEUE.a', 'QUEUE a', `QUEUE${unicode}`, 'QUEUE/a', 'QUEUE%a', 'QUEUE;a',
    ].map((name) => ['D5', all, ...subscribe('joe', name), send('ann', name, 'x'),
                     `joe < MESSAGE\ndestination:${name}\n\nx`]),
    ['D5', newer, ...subscribe('joe', 'TOPIC.*'), send('ann', 'TOPIC.a', 'x'),
     'joe < MESSAGE\ndestination:TOPIC.a\n\nx'],
    ...['client', 'client-individual'].flatMap((mode) => ['TOPIC', 'QUEUE'].map((name) => [
        'D6', ['1.2'], ...subscribe('joe', name, `ack:${mode}\n`),
        send('ann', name, 'x'), 'joe < MESSAGE as m0\nack:*\n\nx',
        send('ann', name, 'y'), 'joe < MESSAGE as m1\nack:*\n\ny', 'm0 != m1 ack',
        ...settles('joe', 'ACK', '[m0]'), ...settles('joe', 'ACK', '[m1]')])),
    ['D6', ['1.2'], ...passes('', '!ack\n')],
    ['D7', ['1.0', '1.1'], ...subscribe('joe', 'QUEUE', 'ack:client\n'), send('ann', 'QUEUE', 'x'),
     'joe < MESSAGE as m\n!ack\n\nx', ...settles('joe', 'ACK', '[m]'), 'joe x', ...left()],
    ['D8', ['1.0'], 'joe > SUBSCRIBE\ndestination:TOPIC\nreceipt:r\n\n', 'joe < RECEIPT',
     ...subscribe('ann', 'TOPIC', '', '7'), send('sue', 'TOPIC', 'x'),
     'joe < MESSAGE\n!subscription\n\nx', 'ann < MESSAGE\nsubscription:7\n\nx'],
    ['D8', newer, ...subscribe('joe', 'TOPIC', '', ' a\\c\\\\\\n'), send('sue', 'TOPIC', 'x'),
     'joe < MESSAGE\nsubscription: a\\c\\\\\\n\n\nx'],
    // Their order is nobody's business.
    ['D9', all, ...subscribe('joe', 'TOPIC.a', '', 'a'), ...subscribe('joe', 'TOPIC.a', '', 'b'),
     send('sue', 'TOPIC.a', 'x'), 'joe < MESSAGE as m0\nsubscription:*\n\nx',
     'joe < MESSAGE as m1\nsubscription:*\n\nx', 'm0 != m1 subscription',
     send('sue', 'TOPIC.a', 'y'), 'joe < MESSAGE\n\ny'],
    ['D9', all, ...subscribe('joe', 'TOPIC.a', '', 'a'), ...subscribe('joe', 'TOPIC.*', '', 'b'),
     send('sue', 'TOPIC.a', 'x'), 'joe < MESSAGE as m0\nsubscription:*\n\nx',
     'joe < MESSAGE as m1\nsubscription:*\n\nx', 'm0 != m1 subscription'],
    ['D10', all, ...subscribe('joe', 'QUEUE', 'ack:client\n'), send('ann', 'QUEUE', 'x'),
     'joe < MESSAGE\nredelivered:false\n\nx', 'joe x', ...subscribe('sue', 'QUEUE'),
     'sue < MESSAGE\nredelivered:true\n\nx'],
    ['D11', all, ...subscribe('joe', 'TOPIC'), begin('ann'),
     send('ann', 'TOPIC', 'x', `${in_t}receipt:r\n`), 'ann > COMMIT\ntransaction:t\n\n',
     'joe < MESSAGE\n!receipt\n!transaction\n\nx', send('ann', 'TOPIC', 'y', 'receipt:s\n'),
     'joe < MESSAGE\n!receipt\n!receipt-id\n\ny'],
    ...['TOPIC', 'QUEUE'].map((name) => [
        'D12', all, ...subscribe('joe', name), ...numbers(100).map((i) => send('ann', name, i)),
        ...numbers(100).map((i) => `joe < MESSAGE\n\n${i}`)]),
];

const subscribing = [
    ['E1', all, 'joe > SUBSCRIBE\nid:1\nreceipt:r\n\n',
     `joe < ERROR\nmessage:${is_without('destination')}\nreceipt-id:r`],
    ...['TOPIC', 'QUEUE'].map((name) => [
        'E2', newer, `joe > SUBSCRIBE\ndestination:${name}\nreceipt:r\n\n`,
        `joe < ERROR\nmessage:${is_without('id')}\nreceipt-id:r`]),
    ['E2', ['1.0'], 'joe > SUBSCRIBE\ndestination:QUEUE\nreceipt:r\n\n', 'joe < RECEIPT'],
    ['E3', all, ...subscribe('joe', 'TOPIC'),
     'joe > SUBSCRIBE\nid:1\ndestination:QUEUE\nreceipt:r\n\n',
     `joe < ERROR\nmessage:${has_subscription}\nreceipt-id:r`],
    ['E3', all, ...subscribe('joe', 'TOPIC'), ...subscribe('ann', 'TOPIC'), ...unsubscribe('joe'),
     ...subscribe('joe', 'TOPIC2'), send('ann', 'TOPIC', 'a'), send('ann', 'TOPIC2', 'b'),
     'joe < MESSAGE\n\nb', 'ann < MESSAGE\n\na'],
    ...['auto', 'client', 'client-individual'].map((mode) => [
        'E4', mode === 'client-individual' ? newer : all,
        ...subscribe('joe', 'QUEUE', `ack:${mode}\n`)]),
    ...['', 'none', 'Auto', 'CLIENT'].map((mode) => [
        'E4', all, `joe > SUBSCRIBE\nid:1\ndestination:QUEUE\nack:${mode}\n\n`,
        `joe < ERROR\nmessage:${bad_mode}`]),
    ['E4', ['1.0'], 'joe > SUBSCRIBE\nid:1\ndestination:QUEUE\nack:client-individual\n\n',
     `joe < ERROR\nmessage:${bad_mode}`],
    ['E4', all, ...subscribe('joe', 'QUEUE'), send('joe', 'QUEUE', 'x'),
     'joe < MESSAGE\n!ack\n\nx', 'joe x', ...left()],
    ...[['destination:', impossible], ['destination:a', impossible],
        ['destination:/queue/', impossible], ['destination:QUEUE.*', not_for_subscribe],
        ['destination:/app/a', not_for_subscribe],
        ['destination:/topic/#.a',
         'A wildcard for many segments must be the destination\'s last segment.'],
        [`destination:/topic/${long_name}`, too_long],
        ['destination:QUEUE\nprefetch-count:many', 'The prefetch-count is no number.'],
    ].map(([headers, message]) => [
        'E5', all, `joe > SUBSCRIBE\nid:1\nreceipt:r\n${headers}\n\n`,
        `joe < ERROR\nmessage:${message}\nreceipt-id:r`]),
    ['E6', all, ...subscribe('joe', 'QUEUE', 'ack:auto\n'), send('ann', 'QUEUE', 'x'),
     'joe < MESSAGE\n\nx', 'joe x', ...left()],
    ['E7', all, ...consumes('client', 4), ...settles('joe', 'ACK', '[m2]'), 'joe x', ...left('3')],
    ['E7', all, ...consumes('client', 2), ...subscribe('joe', 'QUEUE2', 'ack:client\n', '2'),
     send('sam', 'QUEUE2', 'x'), 'joe < MESSAGE as other\n\nx', ...settles('joe', 'ACK', '[other]'),
     'joe x', ...left('0', '1')],
    ['E8', newer, ...consumes('client-individual', 4), ...settles('joe', 'ACK', '[m2]'),
     ...settles('joe', 'ACK', '[m0]'), 'joe x', ...left('1', '3')],
    ['E9', all, ...consumes('client', 3), 'joe x', ...left('0', '1', '2')],
    ['E9', all, ...consumes('client', 3), ...unsubscribe('joe'), 'joe > DISCONNECT\n\n',
     'joe < end', ...left('0', '1', '2')],
    ['E10', all, ...subscribe('joe', 'TOPIC'), ...subscribe('joe', 'QUEUE', '', '2'),
     ...unsubscribe('joe'), ...unsubscribe('joe', 'id:2'), ...sends('ann', 'TOPIC', 'x'),
     ...sends('ann', 'QUEUE', 'y'), ...subscribe('joe', 'TOPIC2'), send('ann', 'TOPIC2', 'z'),
     'joe < MESSAGE\n\nz', ...left('y')],
    ...[['', is_without('id')], ['id:2\n', no_subscription], ['id:\n', no_subscription],
        ['ID:1\n', is_without('id')]].map(([headers, message]) => [
        'E11', all, ...subscribe('joe', 'TOPIC'), `joe > UNSUBSCRIBE\nreceipt:r\n${headers}\n`,
        `joe < ERROR\nmessage:${message}\nreceipt-id:r`]),
    ['E11', newer, ...subscribe('joe', 'TOPIC'), 'joe > UNSUBSCRIBE\ndestination:TOPIC\n\n',
     `joe < ERROR\nmessage:${is_without('id')}`],
    ['E12', ['1.0'], 'joe > SUBSCRIBE\ndestination:TOPIC\nreceipt:r\n\n', 'joe < RECEIPT',
     ...subscribe('joe', 'TOPIC2', '', '7'), ...unsubscribe('joe', 'destination: TOPIC'),
     ...unsubscribe('joe', 'id:7'), ...sends('ann', 'TOPIC', 'x'), ...sends('ann', 'TOPIC2', 'y'),
     ...sends('joe', 'TOPIC', 'z')],
    ['E13', all, ...subscribe('joe', 'QUEUE', 'ack:client\nprefetch-count:1\n'),
     ...sends('ann', 'QUEUE', 'x'), ...sends('ann', 'QUEUE', 'y'), 'joe < MESSAGE as m\n\nx',
     ...sends('joe', 'TOPIC', 'z'), ...settles('joe', 'ACK', '[m]'), 'joe < MESSAGE\n\ny'],
];

const named = { '1.0': 'message-id', 1.1: 'message-id', 1.2: 'id' };

const acknowledging = [
    ['F1', ['1.2'], ...consumes('client', 1),
     'joe > ACK\nreceipt:r\nmessage-id:1\nsubscription:1\n\n',
     `joe < ERROR\nmessage:${is_without('id')}\nreceipt-id:r`, ...left('0')],
    ['F1', ['1.2'], ...consumes('client', 1), ...settles('joe', 'ACK', '[m0]'), 'joe x', ...left()],
    ...['ACK', 'NACK'].flatMap((command) => [
        ['F2', ['1.1'], ...consumes('client', 1), `joe > ${command}\nsubscription:1\nreceipt:r\n\n`,
         `joe < ERROR\nmessage:${is_without('message-id')}\nreceipt-id:r`, ...left('0')],
        ['F2', ['1.1'], ...consumes('client', 1), `joe > ${command}\nmessage-id:1\nreceipt:r\n\n`,
         `joe < ERROR\nmessage:${is_without('subscription')}\nreceipt-id:r`, ...left('0')]]),
    ['F2', ['1.1'], ...consumes('client', 1), ...settles('joe', 'ACK', '[m0]'), 'joe x', ...left()],
    ['F3', ['1.0'], ...consumes('client', 2), ...settles('joe', 'ACK', '[m0]'),
     ...settles('joe', 'ACK', 'subscription:1\n[m1]'), 'joe x', ...left()],
    ['F4', ['1.0'], ...consumes('client', 1), 'joe > NACK\n[m0]\n',
     'joe < ERROR\nmessage:Version 1.0 has no NACK.', ...left('0')],
    ...all.flatMap((version) => ['', 'x', '1', '1-', '0-0', '999-1'].map((id) => [
        'F5', [version], ...consumes('client', 1),
        `joe > ACK\nsubscription:1\nreceipt:r\n${named[version]}:${id}\n\n`,
        `joe < ERROR\nmessage:${no_message}\nreceipt-id:r`, ...left('0')])),
    ['F5', all, ...consumes('client', 2), ...settles('joe', 'ACK', '[m1]'), 'joe > ACK\n[m0]\n',
     `joe < ERROR\nmessage:${no_message}`, ...left()],
    ['F6', newer, ...consumes('client-individual', 3), 'joe > NACK\n[m1]\n',
     'joe < MESSAGE as again\nredelivered:true\n\n1', ...settles('joe', 'ACK', '[again]'),
     'joe x', ...left('0', '2')],
    ['F6', newer, ...consumes('client', 3), 'joe > NACK\n[m1]\n', 'joe < MESSAGE\n\n0',
     'joe < MESSAGE as again\n\n1', ...settles('joe', 'ACK', '[again]'), 'joe x', ...left()],
    ['F6', newer, ...consumes('client-individual', 2),
     ...settles('joe', 'NACK', '[m0]', 'requeue:false\n'), 'joe x', ...left('1')],
    ['F7', all, ...consumes('client', 3), begin('joe'), 'joe > ACK\ntransaction:t\n[m1]\n',
     ...commit('joe'), 'joe x', ...left('2')],
    ['F7', all, ...consumes('client', 3), begin('joe'), 'joe > ACK\ntransaction:t\n[m2]\n',
     ...abort('joe'), ...settles('joe', 'ACK', '[m1]'), 'joe x', ...left('2')],
    ['F8', ['1.0', '1.1'], ...subscribe('joe', 'QUEUE'), send('ann', 'QUEUE', 'x'),
     'joe < MESSAGE as m\n\nx', ...settles('joe', 'ACK', '[m]'), ...sends('joe', 'TOPIC', 'x')],
    ['F9', all, ...consumes('client', 2), ...subscribe('ann', 'QUEUE2', 'ack:client\n'),
     send('sam', 'QUEUE2', 'x'), 'ann < MESSAGE\n\nx', 'ann > ACK\n[m1]\n',
     `ann < ERROR\nmessage:${no_message}`, ...settles('joe', 'ACK', '[m0]'), 'joe x', ...left('1')],
    ['F9', ['1.1'], ...consumes('client', 1), ...subscribe('joe', 'QUEUE2', 'ack:client\n', '2'),
     'joe > ACK\nsubscription:2\n[m0 message-id]\n', `joe < ERROR\nmessage:${no_message}`,
     ...left('0')],
];

const transactions = [
    ...['BEGIN', 'COMMIT', 'ABORT'].map((command) => [
        'G1', all, `joe > ${command}\nreceipt:r\n\n`,
        `joe < ERROR\nmessage:${is_without('transaction')}\nreceipt-id:r`]),
    ['G2', all, begin('ann'), send('ann', 'QUEUE', 'x', in_t), begin('ann'),
     `ann < ERROR\nmessage:${has_transaction}`, ...left()],
    ['G2', all, begin('joe'), begin('ann'), send('joe', 'QUEUE', 'x', in_t),
     send('ann', 'QUEUE', 'y', in_t), ...abort('ann'), ...commit('joe'), begin('ann'), begin('joe'),
     ...commit('joe'), ...left('x')],
    ...['COMMIT', 'ABORT'].flatMap((command) => ['', 'COMMIT', 'ABORT'].map((before) => [
        'G3', all, begin('ann'), begin('joe', 'T'),
        ...(before ? [begin('joe'), `joe > ${before}\ntransaction:t\n\n`] : []),
        `joe > ${command}\ntransaction:t\nreceipt:r\n\n`,
        `joe < ERROR\nmessage:${no_transaction}\nreceipt-id:r`])),
    ['G4', all, begin('ann'), ...refused('SEND\ndestination:TOPIC\ntransaction:u\n\nx',
                                         no_transaction)],
    ...['ACK', 'NACK'].map((command) => [
        'G4', command === 'ACK' ? all : newer, ...consumes('client', 1), begin('joe'),
        `joe > ${command}\ntransaction:u\n[m0]\n`, `joe < ERROR\nmessage:${no_transaction}`,
        ...left('0')]),
    ...['TOPIC', 'QUEUE'].map((name) => [
        'G5', all, ...subscribe('joe', name), begin('ann'), begin('ann', 'u'),
        ...numbers(20).flatMap((i) => [send('ann', name, i, in_t),
                                       send('ann', name, 'never', 'transaction:u\n')]),
        ...abort('ann', 'u'), ...sends('sue', name, 'before'), 'joe < MESSAGE\n\nbefore',
        ...commit('ann'), ...numbers(20).map((i) => `joe < MESSAGE\n\n${i}`)]),
    ['G6', all, ...consumes('client', 1), begin('joe'), send('joe', 'QUEUE', 'never', in_t),
     'joe > ACK\ntransaction:t\n[m0]\n', 'joe > ACK\ntransaction:t\n[m0]\n',
     `joe < ERROR\nmessage:${no_message}`, ...left('0')],
    ...[['joe > DISCONNECT\nreceipt:r\n\n', 'joe < RECEIPT\nreceipt-id:r', 'joe < end'],
        ['joe x']].map((end) => [
        'G7', all, ...consumes('client', 1), begin('joe'), send('joe', 'QUEUE2', 'never', in_t),
        'joe > ACK\ntransaction:t\n[m0]\n', ...end, ...left('0'),
        ...subscribe('ann', 'QUEUE2'), send('ann', 'QUEUE2', 'next'), 'ann < MESSAGE\n\nnext']),
    ['G8', all, begin('joe'), ...subscribe('joe', 'TOPIC', in_t), send('ann', 'TOPIC', 'x'),
     'joe < MESSAGE\n\nx', ...abort('joe'), send('ann', 'TOPIC', 'y'), 'joe < MESSAGE\n\ny',
     ...unsubscribe('joe', 'id:1\ntransaction:none'), ...sends('ann', 'TOPIC', 'z'),
     ...sends('joe', 'TOPIC', 'z')],
    ['G9', all, 'joe > BEGIN\ntransaction:t\nreceipt:0\n\n', 'joe < RECEIPT\nreceipt-id:0',
     send('joe', 'QUEUE', 'x', `${in_t}receipt:1\n`),
     send('joe', 'QUEUE', 'y', `${in_t}receipt:2\n`),
     ...sends('joe', 'QUEUE', 'first'), 'joe > COMMIT\ntransaction:t\nreceipt:5\n\n',
     ...['1', '2', '5'].map((id) => `joe < RECEIPT\nreceipt-id:${id}`), ...left('first', 'x', 'y')],
    ['G9', all, begin('joe'), send('joe', 'QUEUE', 'x', `${in_t}receipt:1\n`),
     'joe > ABORT\ntransaction:t\nreceipt:5\n\n',
     ...['1', '5'].map((id) => `joe < RECEIPT\nreceipt-id:${id}`), ...left()],
];

const receipts = [
    ['H1', all, ...subscribe('joe', 'QUEUE', 'ack:client\n'), ...sends('joe', 'TOPIC', 'x'),
     'joe > BEGIN\ntransaction:t\nreceipt:1\n\n', 'joe < RECEIPT\nreceipt-id:1', ...commit('joe'),
     begin('joe'), ...abort('joe'), ...sends('ann', 'QUEUE', 'x'), 'joe < MESSAGE as m\n\nx',
     ...settles('joe', 'ACK', '[m]'), ...unsubscribe('joe'), 'joe > DISCONNECT\nreceipt:2\n\n',
     'joe < RECEIPT\nreceipt-id:2', 'joe < end'],
    ['H1', newer, ...consumes('client', 1), ...settles('joe', 'NACK', '[m0]', 'requeue:false\n')],
    ...[['1.2', ''], ['1.2', 'a\\cb\\\\c\\nd\\re'], ['1.2', ' a '], ['1.2', unicode],
        ['1.1', 'a\\cb\\\\c\\nd'], ['1.1', 'a\rb'], ['1.0', 'a:b\\n\\'], ['1.0', '']].map(
        ([version, id]) => [
            'H2', [version], send('joe', 'TOPIC', 'x', `receipt:${id}\n`),
            `joe < RECEIPT\nreceipt-id:${id}`, `joe > SEND\nreceipt:${id}\n\nx`,
            `joe < ERROR\nreceipt-id:${id}`]),
    ['H3', all,
     ...numbers(50).map((i) => send('joe', i % 2 ? 'TOPIC' : 'QUEUE', i, `receipt:${i}\n`)),
     ...numbers(50).map((i) => `joe < RECEIPT\nreceipt-id:${i}`), 'joe > SEND\nreceipt:bad\n\nx',
     'joe < ERROR\nreceipt-id:bad', ...left(...numbers(50).filter((i) => i % 2 === 0))],
    ['H4', all, send('joe', 'QUEUE', 'body', 'receipt:r\n'),
     'joe < RECEIPT\nreceipt-id:r\n-length\n\n'],
    ['H5', all, ...subscribe('joe', 'QUEUE'),
     `new >> CONNECT\naccept-version:{V}\n\n\0${numbers(20).map((i) =>
         `SEND\ndestination:QUEUE\n\n${i}\0`).join('')}SEND\ndestination:QUEUE\n\nhal`,
     'new end', ...numbers(20).map((i) => `joe < MESSAGE\n\n${i}`)],
    ['H6', all, ...consumes('client', 1), 'joe > DISCONNECT\nreceipt:77\n\n',
     'joe < RECEIPT\nreceipt-id:77', 'joe < end', ...left('0')],
    ['H7', all, ...subscribe('ann', 'TOPIC'),
     'joe >> DISCONNECT\n\n\0SEND\ndestination:TOPIC\nreceipt:r\n\nlate\0NONSENSE\0', 'joe < end',
     send('ann', 'TOPIC', 'next'), 'ann < MESSAGE\n\nnext'],
    ['H8', all, ...subscribe('ann', 'TOPIC'),
     `joe >> ACK\nid:none\nmessage-id:none\nsubscription:1\n\n\0SEND\ndestination:TOPIC\n\nlate\0`,
     `joe < ERROR\nmessage:${no_message}`, send('ann', 'TOPIC', 'next'), 'ann < MESSAGE\n\nnext'],
    ['H9', all, 'joe > SEND\ndestined:QUEUE\nk:v\n\nsecret body',
     `joe < ERROR\nmessage:${is_without('destination')}\n\nSEND\ndestined:QUEUE\nk:v\n`],
    ['H10', all, ...sends('joe', 'TOPIC', 'x'), 'joe > SEND\n\nx', 'joe < ERROR\n!receipt-id'],
    ['H10', all, 'joe > SEND\nreceipt:r\nbad\n\nx', 'joe < ERROR\nreceipt-id:r'],
    ['H11', all, `joe > SEND\nk:${utf8('\u00e9')}\n\n`,
     `joe < ERROR\ncontent-length:10\ncontent-type:text/plain\n\nSEND\nk:${utf8('\u00e9')}\n`],
    ...['HELLO', 'send', 'MESSAGE', 'RECEIPT', 'SEND ', 'SENDING'].map((command) => [
        'H12', all, ...refused(`${command}\ndestination:TOPIC\nreceipt:r\n\nx`,
                               'This command is unknown.', 'receipt-id:r\n')]),
];

module.exports = [...sending, ...subscribing, ...acknowledging, ...transactions, ...receipts];
