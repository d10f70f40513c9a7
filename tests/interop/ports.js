// Ports of loopback that nobody listens on.
'use strict';

const { once } = require('node:events');
const net = require('node:net');

async function free_ports(count) {
    const probes = Array.from({ length: count }, () => net.createServer());
    for (const probe of probes) await once(probe.listen(0, '127.0.0.1'), 'listening');
    const ports = probes.map((probe) => probe.address().port);
    for (const probe of probes) await once(probe.close(), 'close');
    return ports;
}

module.exports = { free_ports };
