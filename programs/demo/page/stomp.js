// The room by STOMP: what programs/demo/stomp.hpp serves, with @stomp/stompjs. A lost connection
// comes back by itself; an ERROR, which a wrong name or too many lines bring, ends the session.

import { byId, clockTime, element, setText } from "./dom.js";

const LOG_LIMIT = 300;
const RETRY_MS = 2000;

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
            client.subscribe("/topic/room", ({ body }) => show(JSON.parse(body)));
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

function show({ type, from, text, event, name, time }) {
    const words = type === "chat" ? element("span", "", element("b", "", from), ` ${text}`)
                                  : element("span", "muted", `${name} ${DID[event]}`);
    words.dir = "auto";
    const log = byId("log");
    log.append(element("p", "line", words, element("time", "muted", clockTime(time))));
    while (log.childElementCount > LOG_LIMIT) log.firstElementChild.remove();
    log.scrollTop = log.scrollHeight;
}

const DID = { join: "joined", leave: "left" };

function showState(state, text) {
    byId("state").dataset.state = state;
    setText(byId("state-text"), text);
}

function showRoom(isInside) {
    byId("join").hidden = isInside;
    byId("room").hidden = !isInside;
}
