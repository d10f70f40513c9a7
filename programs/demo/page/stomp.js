// The room by STOMP: what programs/demo/stomp.hpp serves, with @stomp/stompjs. A lost connection
// comes back by itself; an ERROR, which a wrong name or too many lines bring, ends the session.

import { byId, setText } from "./dom.js";
import { RETRY_MS, showMessage, showRoom, showState } from "./room.js";

const url = new URL("stomp", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";

const hasClient = globalThis.StompJs !== undefined;
byId("missing").hidden = hasClient;
byId("join").hidden = !hasClient;

let client = null;

byId("join").addEventListener("submit", (event) => {
    event.preventDefault();
    client = new StompJs.Client({
        brokerURL: url.href,
        connectHeaders: { login: byId("name").value.trim(), passcode: "" },
        reconnectDelay: RETRY_MS,
        onConnect: () => {
            client.subscribe("/topic/room", ({ body }) => showMessage(JSON.parse(body)));
            showState("open", "connected");
            showRoom(true);
            byId("text").focus();
        },
        onStompError: ({ headers, body }) => {
            client.deactivate();
            showRoom(false);
            setText(byId("error"), body.split("\n", 1)[0] || headers.message);
        },
        onWebSocketClose: () => client.active ? showState("waiting", "reconnecting")
                                              : showState("stopped", "not connected"),
    });
    setText(byId("error"), "");
    client.activate();
});

byId("compose").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("text").value.trim();
    if (!text || !client.connected) return;
    client.publish({ destination: "/app/chat", body: text });
    byId("text").value = "";
});
