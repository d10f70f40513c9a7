// One WebSocket, three parts of the page on it. The messages are described in demo.cpp.

import { Chat } from "./chat.js";
import { Connection } from "./connection.js";
import { byId, setText } from "./dom.js";
import { Inspector } from "./inspector.js";
import { Ticker } from "./ticker.js";

const url = new URL("live", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
url.search = url.hash = "";

const connection = new Connection(url.href, "edgews-demo");
const parts = [new Chat(connection), new Ticker(), new Inspector(connection, url.href)];

connection.addEventListener("message", ({ detail }) => {
    for (const part of parts) part.receive(detail);
});

// The badge counts down; a screen reader hears each new state once.
const SPOKEN = {
    connecting: "Connecting",
    open: "Connected",
    waiting: "Connection lost. Reconnecting soon.",
    stopped: "Disconnected",
};
let spoken = "";

function showState() {
    const { state, attempt, retryAt } = connection;
    byId("state").dataset.state = state;
    byId("retry").hidden = state !== "waiting" && state !== "stopped";
    setText(byId("state-text"), stateText(state, attempt, retryAt));
    // While attempts fail one after the other, once is enough.
    if (state === spoken || (state === "connecting" && spoken === "waiting")) return;
    spoken = state;
    setText(byId("state-live"), SPOKEN[state]);
}

function stateText(state, attempt, retryAt) {
    switch (state) {
    case "open": return "connected";
    case "connecting": return attempt > 0 ? `reconnecting, try ${attempt}` : "connecting";
    case "waiting": {
        const seconds = Math.max(0, (retryAt - performance.now()) / 1000);
        return `reconnecting in ${seconds.toFixed(seconds < 3 ? 1 : 0)} s`;
    }
    default: return "disconnected";
    }
}

connection.addEventListener("state", showState);
setInterval(() => { if (connection.state === "waiting") showState(); }, 100);
byId("retry").addEventListener("click", () => connection.retryNow());

connection.open();
