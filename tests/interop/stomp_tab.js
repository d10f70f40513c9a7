// A browser's page with @stomp/stompjs that never connects again: what it hears goes to hear().
'use strict';

const { Client } = require('@stomp/stompjs');
const { WebSocket } = require('ws');

class Tab {
    ends = [];

    // Resolves when the RECEIPT has come. It wants to be told of gaps.
    async subscribe(node, destination) {
        this.client = new Client({
            webSocketFactory: () => new WebSocket(node.ws_url, ['v12.stomp']),
            reconnectDelay: 0, heartbeatIncoming: 1_000, heartbeatOutgoing: 1_000,
            onStompError: (frame) => this.ends.push(`ERROR ${frame.headers.message}`),
            onWebSocketClose: (event) => this.ends.push(`close ${event.code}`),
        });
        await new Promise((resolve) => {
            this.client.onConnect = () => {
                this.client.watchForReceipt('there', resolve);
                this.client.subscribe(destination, (message) => this.hear(message),
                                      { receipt: 'there', gap: 'true' });
            };
            this.client.activate();
        });
    }
    stop() { return this.client.deactivate(); }
}

module.exports = { Tab };
