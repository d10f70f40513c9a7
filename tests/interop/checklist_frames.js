// STOMP's conformance checklist, A to C: framing, encoding, bodies and connecting, as far as frames
// alone show it. Each row: the line's id, the versions, the steps (checklist_steps.js).
'use strict';

const { all, connect, newer, numbers, passes, refused, send, sends, subscribe, utf8 } =
    require('./checklist_steps.js');

const undefined_escape =
    'A header has a backslash that begins no escape sequence of this version.';
const no_utf8 = 'A header is not valid UTF-8.';
const no_number = 'The content-length is no number of octets.';
const no_destination = 'The destination header is missing.';
const unknown_command = 'This command is unknown.';
const is_connected = 'The session is connected already.';
const bad_beat = 'The heart-beat header must be two numbers with a comma between.';

const unicode = utf8('\u00e9\u20ac\u{1f600}');
const headers_of = (count) => numbers(count).map((i) => `k${i}:v\n`).join('');

const framing = [
    ['A1', all, 'joe > DISCONNECT\n\n', 'joe < end'],
    ['A1', all, ...passes('k:v\n', 'k:v\n')],
    ...['A2', 'A3'].map((line) => [
        line, line === 'A2' ? ['1.2'] : ['1.0', '1.1'],
        'new > CONNECT\r\naccept-version:{V}\r\n\r\n', 'new < CONNECTED\nversion:{V}\n-\r',
        'new > SUBSCRIBE\r\nid:1\r\ndestination:TOPIC\r\nreceipt:r\r\n\r\n',
        'new < RECEIPT\nreceipt-id:r\n-\r', 'ann > SEND\r\ndestination:TOPIC\r\nk:v\r\n\r\nx\r\n',
        'new < MESSAGE\nsubscription:1\ndestination:TOPIC\nk:v\n-\r\n\nx\r\n']),
    ['A4', all, 'new >> \n\r\nCONNECT\naccept-version:{V}\n\n\0\n\n\r\n', 'new < CONNECTED',
     'new >> \r\n\nSEND\ndestination:TOPIC\nreceipt:r\n\n\0\n\n', 'new < RECEIPT\nreceipt-id:r'],
    ['A5', all, ...refused('send\ndestination:TOPIC\n\nx', unknown_command)],
    ['A5', all, ...refused('SEND\nDestination:TOPIC\n\nx', no_destination)],
    ['A6', all, ...passes(`${unicode}:${unicode}\n`, `${unicode}:${unicode}\n`, unicode)],
    ...['k:\xff', '\xc3:v', 'k:\xed\xa0\x80', 'k:\xc0\x80'].map((bad) => [
        'A7', all, ...refused(`SEND\ndestination:TOPIC\n${bad}\n\nx`, no_utf8)]),
    ['A7', all, ...passes('content-type:application/octet-stream\n', '', '\xff\xc3')],
    ['A8', ['1.2'], ...passes('k\\cey:1\\r2\\n3\\c4\\\\5\n', 'k\\cey:1\\r2\\n3\\c4\\\\5\n')],
    ['A9', ['1.1'], ...passes('k\\cey:2\\n3\\c4\\\\5\\\\r\n', 'k\\cey:2\\n3\\c4\\\\5\\\\r\n')],
    ...['k:\\t', 'k:\\x', 'k:a\\', 'k\\:v', 'k:\\\\\\'].map((bad) => [
        'A10', newer, ...refused(`SEND\ndestination:TOPIC\nreceipt:r\n${bad}\n\nx`,
                                 undefined_escape, 'receipt-id:r\n')]),
    ['A11', ['1.1'], ...refused('SEND\ndestination:TOPIC\nk:a\\rb\n\nx', undefined_escape)],
    ['A12', newer,
     'joe > SUBSCRIBE\ndestination:TOPIC\\cb\nid:a\\cb\\\\c\\nd\nreceipt:\\c\\\\\\n\n\n',
     'joe < RECEIPT\nreceipt-id:\\c\\\\\\n',
     'ann > SEND\ndestination:TOPIC\\cb\n\\\\k\\c\\n:\\c\\\\\\n\n\nx',
     'joe < MESSAGE\nsubscription:a\\cb\\\\c\\nd\ndestination:TOPIC\\cb\n' +
     '\\\\k\\c\\n:\\c\\\\\\n\n\nx',
     'joe > ABORT\ntransaction:t\nreceipt:\\c\\\\\\n\n\n', 'joe < ERROR\nreceipt-id:\\c\\\\\\n'],
    ['A13', all, ...connect('accept-version:{V}\nlogin:a\\tb\\nc:d\\\n', 'version:{V}\n')],
    ['A14', ['1.0'], ...passes('k:a:b\\n\\c\\\\\\t\\\n', 'k:a:b\\n\\c\\\\\\t\\\n')],
    ['A14', newer, ...passes('k:a:b\\n\\\n', 'k:a\\cb\\\\n\\\\\n', 'x', 'ann1.0')],
    // By the receiver's version. What that cannot say is left out.
    ...[['1.2', 'k:a\\nb', '!k', 'k:a\\nb', 'k:a\\nb'], ['1.2', 'k:a\\rb', '!k', '!k', 'k:a\\rb'],
        ['1.2', 'k:a\\cb', 'k:a:b', 'k:a\\cb', 'k:a\\cb'],
        ['1.2', 'k:a\\\\b', 'k:a\\b', 'k:a\\\\b', 'k:a\\\\b'],
        ['1.2', 'k\\c:v', '!k', 'k\\c:v', 'k\\c:v'], ['1.2', 'k\\r:v', '-:v', '-:v', 'k\\r:v'],
        ['1.2', 'k:a\\nx\\cevil\\n\\n', '-evil', 'k:a\\nx\\cevil\\n\\n', 'k:a\\nx\\cevil\\n\\n'],
        ['1.1', 'k:a\rb', '!k', '!k', 'k:a\\rb'],
        ['1.0', 'k:a\\nb', 'k:a\\nb', 'k:a\\\\nb', 'k:a\\\\nb'],
    ].map(([from, line, ...lines]) => [
        'A15', [from], ...all.flatMap((version) => subscribe(`joe${version}`, 'TOPIC')),
        send('ann', 'TOPIC', 'x', `${line}\n`),
        ...all.map((version, i) => `joe${version} < MESSAGE\n${lines[i]}\n\nx`)]),
    ['A16', newer, ...passes(' k : a \nt:\t\n', ' k : a \nt:\t\n')],
    ['A17', ['1.0'], 'joe > SUBSCRIBE\ndestination: TOPIC \nack: auto\t\nreceipt: r \n\n',
     'joe < RECEIPT\nreceipt-id:r', 'ann > SEND\ndestination: TOPIC\nk: v w \n\nx',
     'joe < MESSAGE\ndestination:TOPIC\nk:v w\n\nx'],
    ['A18', all, ...refused('SEND\ndestination:TOPIC\nbad\n\nx', 'A header line has no colon.')],
    ['A18', all, ...refused('SEND\ndestination:TOPIC\n:bad\n\nx', 'A header has no name.')],
    ['A19', ['1.0'], ...passes('k:a:b::\n', 'k:a:b::\n')],
    ['A19', newer, ...passes('k:a:b::\n', 'k:a\\cb\\c\\c\n')],
    ['A20', all, ...passes('k:\n', 'k:\n')],
    ['A21', all, 'joe > SUBSCRIBE\nid:1\nid:2\ndestination:TOPIC\ndestination:TOPIC2\nack:auto\n' +
                 'ack:none\nreceipt:r\nreceipt:s\n\n', 'joe < RECEIPT\nreceipt-id:r\n-:s',
     'ann > SEND\ndestination:TOPIC\ndestination:TOPIC2\nk:first\nk:second\ncontent-length:1\n' +
     'content-length:7\n\nx',
     'joe < MESSAGE\nsubscription:1\ndestination:TOPIC\nk:first\n-TOPIC2\n\nx'],
    ['A22', all, ...passes('subscription:evil\nmessage-id:evil\nack:evil\nredelivered:evil\n' +
                           'receipt-id:evil\ndropped:evil\ngap:evil\ndestination:evil\n', 'message-id:*\n-evil\n')],
];

const bodies = [
    ['A23', all, ...passes('content-length:5\n', 'content-length:5\n', 'a\0\0b\0')],
    ['A23', all, ...passes('content-length:0\n', '', '')],
    ['A24', all, ...refused('SEND\ndestination:TOPIC\nreceipt:r\ncontent-length:2\n\nabc',
                            'No NUL follows the octets that content-length counts.',
                            'receipt-id:r\n')],
    ['A25', all, ...subscribe('joe', 'TOPIC'),
     'ann >> SEND\ndestination:TOPIC\n\none\0\n\nSEND\ndestination:TOPIC\n\ntwo\0',
     'joe < MESSAGE\n\none', 'joe < MESSAGE\n\ntwo'],
    ...['abc', '-1', '+3', '', '0x1', '1.0', '99999999999999999999'].map((bad) => [
        'A26', all, ...refused(`SEND\ndestination:TOPIC\ncontent-length:${bad}\n\nx`, no_number)]),
    ['A27', all, ...passes('content-length:3\n', 'content-length:3\n', '\0\0\0')],
    ['A28', all, ...passes('', 'content-length:3\n', utf8('\u20ac'))],
    ['A28', all, 'ann > SEND\n\nx', 'ann < ERROR\ncontent-length:5\n\nSEND\n'],
    ['A29', all, ...passes('content-type:text/html;charset=utf-16\n',
                           `content-type:text/html;charset=utf-16\n`)],
    ['A30', all, 'ann > SEND\n\nx', 'ann < ERROR\ncontent-type:text/plain'],
    ...['A31', 'A32'].map((line) => [
        line, line === 'A31' ? newer : ['1.0'],
        'new > CONNECT\naccept-version:{V}\n\nbody', 'new < CONNECTED\n\n',
        'new > SUBSCRIBE\nid:1\ndestination:TOPIC\nreceipt:1\ncontent-length:3\n\nb\0d',
        'new < RECEIPT\nreceipt-id:1\n\n', 'new > BEGIN\ntransaction:t\n\nSEND\n\nbody',
        'new > ABORT\ntransaction:t\n\nbody', 'new > UNSUBSCRIBE\nid:1\nreceipt:2\n\nbody',
        'new < RECEIPT\nreceipt-id:2\n\n', 'new > DISCONNECT\nreceipt:3\n\nbody',
        'new < RECEIPT\nreceipt-id:3\n\n', 'new < end']),
    ['A33', all, ...refused(`SEND\ndestination:TOPIC\n${headers_of(101)}\nx`,
                            'The frame has more headers than the limit.')],
    ['A33', all, ...refused(`SEND\ndestination:TOPIC\nk:${'v'.repeat(17_000)}\n\nx`,
                            'A header line is longer than the limit.')],
    ['A33', all, ...refused('SEND\ndestination:TOPIC\ncontent-length:16777216\n\nx',
                            'The body is larger than the limit.')],
    ['A33', all, ...passes(headers_of(97), headers_of(97))],
    ['A34', all, ...subscribe('joe', 'TOPIC'),
     `ann >1 \nSEND\ndestination:TOPIC\nk:${utf8('\u20ac')}\ncontent-length:3\n\na\0b\0\n`,
     `joe < MESSAGE\nk:${utf8('\u20ac')}\n\na\0b`],
    ['A34', all, ...subscribe('joe', 'TOPIC'),
     `ann >> ${numbers(100).map((i) => `SEND\ndestination:TOPIC\n\n${i}\0`).join('')}`,
     ...numbers(100).map((i) => `joe < MESSAGE\n\n${i}`)],
];

const connecting = [
    ['B1', all, 'new > STOMP\naccept-version:{V}\nhost:h\n\n', 'new < CONNECTED\nversion:{V}'],
    ['B1', all, 'ann > STOMP\naccept-version:{V}\n\n', `ann < ERROR\nmessage:${is_connected}`],
    ...[['1.0,1.1,1.2', '1.2'], ['1.0,1.1', '1.1'], ['1.0', '1.0']].map(([offer, version]) => [
        'B2', ['1.2'], ...connect(`accept-version:${offer}\n`, `version:${version}\n`)]),
    ...[['2.0,1.0,1.1', '1.1'], [' 1.2 , 1.0', '1.2'], [',1.1,,1.1,', '1.1'], ['x,1.1', '1.1'],
    ].map(([offer, version]) => [
        'B3', ['1.2'], ...connect(`accept-version:${offer}\n`, `version:${version}\n`)]),
    ['B4', ['1.0'], ...connect('login: joe\n', 'version:1.0\n'),
     'new > SUBSCRIBE\ndestination: TOPIC\nreceipt:r\n\n', 'new < RECEIPT',
     'new > SEND\ndestination:TOPIC\nk:a\\tb\n\nx', 'new < MESSAGE\nk:a\\tb\n!subscription\n\nx'],
    ...['1.3', '2.0,3.0', '', '1', '1.20'].map((offer) => [
        'B5', ['1.2'], `new > CONNECT\nhost:h\naccept-version:${offer}\n\n`,
        'new < ERROR\nversion:1.0,1.1,1.2\n' +
        'message:Supported protocol versions are 1.0, 1.1 and 1.2.']),
    ...['', 'host:who.knows\n', 'host:/\n'].map((host) => [
        'B6', newer, ...connect(`accept-version:{V}\n${host}`, 'version:{V}\n')]),
    ...['', 'login:joe\n', 'login:joe\npasscode:wrong\n'].map((login) => [
        'B7', all, `guarded > CONNECT\naccept-version:{V}\n${login}\n`,
        'guarded < ERROR\nmessage:Access was refused.\n-secret']),
    ['B7', all, 'guarded > CONNECT\naccept-version:{V}\nlogin:joe\npasscode:secret\n\n',
     'guarded < CONNECTED'],
    ['B8', all, 'guarded > CONNECT\naccept-version:{V}\nlogin:joe\npasscode:secret\n\n',
     'guarded < CONNECTED\n-secret', 'guarded > SUBSCRIBE\nid:1\ndestination:TOPIC\n\n',
     'guarded > SEND\ndestination:TOPIC\npasscode:secret\nlogin:secret\n\nx',
     'guarded < MESSAGE\n\nx', 'guarded > SEND\npasscode:secret\nk:v\n\n',
     'guarded < ERROR\n-secret\n\nSEND\nk:v\n'],
    ['B9', newer,
     ...connect('accept-version:{V}\n', 'session:*\nserver:*\nheart-beat:1000,1000\n')],
    ...['SEND', 'SUBSCRIBE', 'UNSUBSCRIBE', 'ACK', 'BEGIN', 'DISCONNECT'].map((command) => [
        'B10', ['1.2'], `new > ${command}\ndestination:TOPIC\nid:1\ntransaction:t\nreceipt:r\n\n`,
        'new < ERROR\nmessage:The first frame must be CONNECT.\nreceipt-id:r']),
    ['B11', all, ...subscribe('joe', 'QUEUE', 'ack:client\n'),
     'joe > CONNECT\naccept-version:1.2\nreceipt:r\n\n', `joe < ERROR\nmessage:${is_connected}`],
    ['B12', all, ...connect('accept-version:{V}\nreceipt:r\n', '!receipt-id\n'),
     ...sends('new', 'TOPIC', 'x')],
    ['B14', ['1.0'], ...connect('login: joe\n', 'session:*\n!heart-beat\n')],
    ...['', ',', '1', '1,', '1,2,3', 'a,b', '-1,0', '1, 2'].map((bad) => [
        'C1', newer, `new > CONNECT\naccept-version:{V}\nheart-beat:${bad}\n\n`,
        `new < ERROR\nmessage:${bad_beat}`]),
];

module.exports = [...framing, ...bodies, ...connecting];
