// npm's server with the handlers of build/programs/socketio_server, in this process: for what has
// to be the same with both.
'use strict';

const { once } = require('node:events');
const http = require('node:http');
const { Server } = require('socket.io');

async function start_npm_server(options) {
    const server = http.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const io = new Server(server, options);
    const greet = (socket) => socket.emit('auth', socket.handshake.auth);
    io.of('/custom').on('connection', greet);
    io.of('/members').on('connection', greet).use(({ handshake: { auth } }, next) => {
        next(auth.token === 'member' ? undefined : new Error('for members only'));
    });
    io.on('connection', (socket) => {
        greet(socket);
        const acknowledge = (...args) => args.pop()(...args);
        socket.on('message', (...args) => socket.emit('message-back', ...args));
        socket.on('message-with-ack', acknowledge);
        socket.on('echo', acknowledge);
        socket.on('ask', (...args) => {
            const ack = args.pop();
            socket.timeout(5000).emit('question', ...args, (_, ...answers) => ack(...answers));
        });
        socket.on('join', (room, ack) => {
            socket.join(room);
            ack();
        });
        socket.on('broadcast', (...args) => io.to('room').emit('news', ...args));
        socket.on('bye', (...args) => socket.disconnect(args.length > 0));
    });
    return {
        url: (target = '/', scheme = 'ws') =>
            `${scheme}://127.0.0.1:${server.address().port}${target}`,
        stop: () => io.close(),
    };
}

module.exports = { start_npm_server };
