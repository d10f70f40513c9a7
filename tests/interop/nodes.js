// What tests wait for, and ask of the nodes of a backplane.
'use strict';

const assert = require('node:assert/strict');
const { setTimeout: pause } = require('node:timers/promises');

const patience_ms = 60_000;  // Other brokers take long to begin.

// Until `is_so`, which may be asynchronous, says so. `what` tells what was waited for in vain.
async function until(what, is_so, limit_ms = patience_ms) {
    const end = performance.now() + limit_ms;
    while (!await is_so()) {
        assert.ok(performance.now() < end, `it was never so: ${what()}`);
        await pause(20);
    }
}

async function metric(node, name) {
    const text = await (await fetch(node.url('/metrics', 'http'))).text();
    return Number(new RegExp(`^edgews_backplane_${name} (\\d+)$`, 'm').exec(text)[1]);
}

module.exports = { metric, until };
