// The one option of the peers' servers, as in port_option.hpp.
'use strict';
const { parseArgs } = require('node:util');

// What --port says: a number up to 65535, 0 for any free port; 9001 without it. Anything else
// ends the process with status 2 and a message.
function portOption() {
    try {
        const { values } = parseArgs({ options: { port: { type: 'string', default: '9001' } } });
        const port = Number(values.port);
        if (/^\d+$/.test(values.port) && port <= 65535) return port;
        console.error(`--port: not a port: ${values.port}`);
    } catch (error) {
        console.error(`${error.message}: the only option is --port NUMBER`);
    }
    process.exit(2);
}

// Tells whoever waits for it that connections are welcome.
function printListening(port) {
    console.log(`listening on 127.0.0.1:${port}`);
}

module.exports = { portOption, printListening };
