// A node of Socket.IO with its Redis adapter, as its documentation has it: what one sends goes to
// all others in the room, on all nodes.
//
//     node bench/cluster/socketio_node.js PORT redis://127.0.0.1:6379
'use strict';

const { createAdapter } = require('@socket.io/redis-adapter');
const { createClient } = require('redis');
const { Server } = require('socket.io');

async function main([port, url]) {
    const publisher = createClient({ url });
    const subscriber = publisher.duplicate();
    await Promise.all([publisher.connect(), subscriber.connect()]);
    const io = new Server({ adapter: createAdapter(publisher, subscriber), transports: ['websocket'],
                            perMessageDeflate: false });
    io.on('connection', (socket) => {
        socket.join('bench');
        socket.on('publish', (text) => socket.broadcast.to('bench').emit('message', text));
    });
    io.listen(Number(port));
}

main(process.argv.slice(2));
