// The Socket.IO clients of a test, which are sent away behind it.
'use strict';

class Clients {
    #sockets = [];

    // Of that server, each with these options.
    constructor(server, options) {
        this.server = server;
        this.options = options;
    }
    keep(socket) {
        this.#sockets.push(socket);
        return socket;
    }
    disconnect() {
        for (const socket of this.#sockets) socket.disconnect();
        this.#sockets = [];
    }
}

module.exports = { Clients };
