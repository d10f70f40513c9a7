// The server of Socket.IO that programs/socketio_server is compared with: npm's, as its
// documentation has it, with bufferutil installed beside its ws.
//
//     node bench/socketio/peer.js --port 3000
'use strict';

const { createServer } = require('node:http');
const { Server } = require('socket.io');
const { portOption, printListening } = require('../peers/port_option.js');

const http = createServer();
const io = new Server(http, { serveClient: false });
io.on('connection', (socket) => {
    socket.emit('auth', socket.handshake.auth);
    socket.on('echo', (data, acknowledge) => acknowledge(data));
    socket.on('join', (room, acknowledge) => {
        socket.join(room);
        acknowledge();
    });
    socket.on('broadcast', (data) => io.to('room').emit('news', data));
});
http.listen(portOption(), '127.0.0.1', () => printListening(http.address().port));
