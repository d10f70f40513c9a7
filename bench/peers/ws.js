// Echo with ws, on Node. Its helper bufferutil, native code that masks, is installed beside it,
// as its documentation advises; without compression, with its check of UTF-8.
'use strict';
const { WebSocketServer } = require('ws');
const { portOption, printListening } = require('./port_option.js');

const server = new WebSocketServer({
    host: '127.0.0.1',
    port: portOption(),
    clientTracking: false,
    maxPayload: 64 * 1024 * 1024,
    perMessageDeflate: false,
    skipUTF8Validation: false,
});
server.on('listening', () => printListening(server.address().port));
server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('error', () => socket.terminate());
});
server.on('error', (error) => {
    console.error(`ws: ${error.message}`);
    process.exit(1);
});
