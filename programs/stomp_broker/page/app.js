// The page of build/programs/stomp_broker: what the broker says of itself (state.json), and a
// session of our own.

import { Console } from "./console.js";
import { byId } from "./dom.js";
import { Messages } from "./messages.js";
import { State } from "./state.js";

// Without the client, the table works all the same.
const hasClient = globalThis.StompJs !== undefined;
byId("missing").hidden = hasClient;
byId("talk").hidden = byId("messages").hidden = !hasClient;

const session = hasClient ? new Console(new Messages()) : null;
const state = new State({
    onPath: (path) => session?.setUrl(webSocketUrl(path)),
    onChosen: (name) => session?.choose(name),
});
state.start();

function webSocketUrl(path) {
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    return url.href;
}
