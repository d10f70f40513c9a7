// Echo with Bun's own server, a fork of uWebSockets: run it by the program of the npm package
// @oven/bun-linux-x64. Without compression, pings and idle timeouts.
'use strict';
const { portOption, printListening } = require('./port_option.js');

const sizeMax = 64 * 1024 * 1024;
const server = Bun.serve({
    hostname: '127.0.0.1',
    port: portOption(),
    fetch(request, server) {
        if (server.upgrade(request)) return undefined;
        return new Response('WebSocket only\n', { status: 426 });
    },
    websocket: {
        message(socket, message) {
            socket.send(message); // A string as text, a buffer as binary.
        },
        backpressureLimit: sizeMax,
        idleTimeout: 0,
        maxPayloadLength: sizeMax,
        perMessageDeflate: false,
        sendPings: false,
    },
});
printListening(server.port);
